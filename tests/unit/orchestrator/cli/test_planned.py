"""A plan for people."""

from __future__ import annotations

import json

import pytest

from orchestrator.cli.planned import show


@pytest.mark.parametrize("text", ["Paths [/etc] here", "a [/x] b", "[bold] stays", ":smile: too"])
def test_what_looks_like_markup_is_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    block = {"line": 3, "kind": text, "outcome": "dropped", "reason": text}
    scene = {"id": "s001", "type": "title", "narration": text, "estimated_seconds": 2}

    show(json.dumps({"title": text, "scenes": [scene], "coverage": {"blocks": [block]}}))

    assert capsys.readouterr().out.count(text) == 4


def test_no_escape_sequence_of_a_document_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    scene = {"id": "s001", "type": "title", "narration": "x\x1b[2Jy", "estimated_seconds": 2}

    show(json.dumps({"title": "t\x1b]0;me\x07", "scenes": [scene]}))

    out = capsys.readouterr().out
    assert "x�[2Jy" in out
    assert "t�]0;me�" in out
