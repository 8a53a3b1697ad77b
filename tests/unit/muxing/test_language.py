"""Languages as MP4 names them."""

from __future__ import annotations

import pytest

from services.muxing.language import three_letters


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "eng"),
        ("en-US", "eng"),
        ("DE-ch", "deu"),
        ("zh-Hans", "zho"),
        ("fra", "fra"),
        ("pt-BR", "por"),
        ("cmn", "und"),
        ("x", "und"),
        ("", "und"),
    ],
)
def test_a_tag_gives_the_code_of_its_language(tag: str, code: str) -> None:
    assert three_letters(tag) == code
