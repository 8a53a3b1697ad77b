"""How long a narration takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.script.pace import estimated_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("word " * 165, 60), ("视频由文字生成然后合", 10 / 4.5), ("— …", 0), ("", 0)]
)
def test_words_and_ideographs_take_their_time(text: str, seconds: float) -> None:
    assert estimated_duration(text) == timedelta(milliseconds=round(seconds * 1000))
