"""What engines share about voices."""

from __future__ import annotations

import pytest

from services.tts.voice import speaks


@pytest.mark.parametrize(
    ("tag", "wanted", "falls"),
    [
        ("en-GB", "en", True),
        ("en-GB-x-rp", "en-gb", True),
        ("en", "en-GB", False),
        ("eng", "en", False),
        ("cmn", "zh", True),
        ("yue", "yue", True),
        ("zh-CN", "zh", True),
    ],
)
def test_a_language_falls_under_its_prefixes(tag: str, wanted: str, falls: bool) -> None:
    assert speaks(tag, wanted) is falls
