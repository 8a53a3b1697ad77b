"""How far the reading and writing of many bytes is, as people and machines are told."""

from __future__ import annotations

import io
import json

import pytest

from orchestrator.cli.byte_progress import Bar, Lines, Plain, advance
from orchestrator.cli.terminal import Terminal
from services.chassis.progress import Progress

GB = 10**9


def events(step: str, count: int) -> list[Progress]:
    return [Progress(step, n / count, n * GB // count, GB, "bytes") for n in range(count + 1)]


def test_a_machine_gets_at_most_a_line_for_each_hundredth(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()

    for event in events("download", 5000):
        shown.show(event)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 101
    assert lines[-1] == {
        "event": "progress",
        "step": "download",
        "fraction": 1.0,
        "done_bytes": GB,
        "total_bytes": GB,
    }


def test_a_log_gets_a_line_for_each_tenth_of_each_step() -> None:
    console = Terminal(stderr=True)
    console.file = io.StringIO()
    shown = Plain(console)

    for event in (*events("copy", 100), *events("verify", 100)):
        shown.show(event)

    lines = console.file.getvalue().splitlines()
    assert len(lines) == 22
    assert lines[0] == "copying: 0 %, 0.0 of 1.0 GB"
    assert lines[-1] == "comparing: 100 %, 1.0 of 1.0 GB"


def test_a_terminal_gets_a_bar_that_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console = Terminal(stderr=True)
    console.file = io.StringIO()
    shown = Bar(console)

    for event in (*events("download", 10), *events("verify", 10)):
        shown.show(event)
    shown.pause()
    shown.close()

    text = console.file.getvalue()
    assert isinstance(advance(as_json=False), Bar)
    assert "downloading" in text
    assert "comparing" in text
    assert "1.0/1.0 GB" in text


def test_what_is_shown_fits_who_looks() -> None:
    assert isinstance(advance(as_json=True), Lines)
    assert isinstance(advance(as_json=False), Plain)
