"""What the command line prints."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from orchestrator.cli.terminal import NobodyReadsError, clean, emit, tell, write


def test_no_control_character_passes_and_a_line_stays_one_line() -> None:
    text = clean("a\x1b[31mb\x9b0mc\nd\te\u2028f\x7f é 題名")

    assert text == "a�[31mb�0mc d e f� é 題名"


def test_json_says_control_characters_in_escapes_and_the_rest_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit({"title": "é\x1b\x9b\n"})

    out = capsys.readouterr().out
    assert out == '{"title": "é\\u001b\\u009b\\n"}\n'
    assert json.loads(out) == {"title": "é\x1b\x9b\n"}


def test_a_closed_output_is_said_once_and_a_closed_stderr_never(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        reading, writing = os.pipe()
        os.close(reading)
        monkeypatch.setattr(sys, name, os.fdopen(writing, "w"))

    with pytest.raises(NobodyReadsError):
        write("lost")
    write("lost too")
    tell("lost")

    for stream in (sys.stdout, sys.stderr):
        assert os.path.samestat(os.fstat(stream.fileno()), Path(os.devnull).stat())
        stream.close()


def test_nothing_of_a_document_changes_the_order_of_what_is_shown() -> None:
    assert clean("report\u202efdp.exe \u2066x\u2069 \u200fשלום") == "report�fdp.exe �x� \u200fשלום"
