"""A call's id is read as it was written."""

from __future__ import annotations

import pytest

from orchestrator.call_id import CallId


@pytest.mark.parametrize(
    ("call", "written"), [(CallId("tts", "s012", 7), "tts/s012/7"), (CallId("muxing", "", 9), "muxing/all/9")]
)
def test_an_id_is_read_as_it_was_written(call: CallId, written: str) -> None:
    assert str(call) == written
    assert CallId.parse(written) == call


@pytest.mark.parametrize("text", ["", "tts", "tts/", "tts/s001", "tts/s001/x"])
def test_parts_that_a_text_lacks_are_empty(text: str) -> None:
    call = CallId.parse(text)

    assert call.number == 0
    assert text.startswith(call.stage)
