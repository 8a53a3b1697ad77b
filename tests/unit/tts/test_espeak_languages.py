"""Language tags and espeak-ng's names."""

from __future__ import annotations

import pytest

from services.tts.backends.espeak_languages import own_name, tag

KNOWN = ("cmn", "de", "en", "en-gb-x-rp", "en-us", "es", "es-419", "fr", "he", "nb", "pt", "pt-br", "yue")


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "en-us"),
        ("en-CA", "en-us"),
        ("en-GB", "en-gb-x-rp"),
        ("en-AU", "en-gb-x-rp"),
        ("zh", "cmn"),
        ("zh-Hans-CN", "cmn"),
        ("zh-Hant-HK", "yue"),
        ("es-MX", "es-419"),
        ("pt-BR", "pt-br"),
        ("pt-PT", "pt"),
        ("fr-FR", "fr"),
        ("fr-CA", "fr"),
        ("nn", "nb"),
        ("iw", "he"),
        ("DE-at", "de"),
        ("xx", ""),
    ],
)
def test_a_tag_leads_to_the_most_specific_name(language: str, name: str) -> None:
    assert own_name(language, KNOWN) == name


@pytest.mark.parametrize(
    ("name", "written"),
    [("en-us", "en-US"), ("en-gb-x-rp", "en-GB-x-rp"), ("fa-latn", "fa-Latn"), ("cmn", "cmn")],
)
def test_a_name_is_written_as_a_tag(name: str, written: str) -> None:
    assert tag(name) == written
