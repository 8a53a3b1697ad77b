"""A plan for people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from orchestrator.cli.planned import show
from services.generation.backends.template import faces


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


@pytest.fixture
def _bare_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any fonts but the vendored ones."""
    monkeypatch.setattr(faces, "installed", lambda: ())
    faces.face_of.cache_clear()
    yield
    faces.face_of.cache_clear()


@pytest.mark.usefixtures("_bare_machine")
def test_what_no_font_has_is_said_before_it_is_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    kept = {"line": 1, "kind": "paragraph", "text": "日本 hello", "outcome": "narrated"}
    dropped = {"line": 2, "kind": "html", "text": "ไทย", "outcome": "dropped", "reason": "why"}

    show(json.dumps({"title": "t", "coverage": {"blocks": [kept, dropped]}}))

    out = " ".join(capsys.readouterr().out.split())
    assert "fonts: 2 characters have no font on this machine (Chinese: 日 本); install fonts-noto-cjk" in out
    assert "Thai" not in out


@pytest.mark.usefixtures("_bare_machine")
def test_of_a_clusters_fonts_nothing_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_TEMPORAL_ADDRESS", "temporal.example.org:7233")
    block = {"line": 1, "kind": "paragraph", "text": "日本", "outcome": "narrated"}

    show(json.dumps({"title": "t", "coverage": {"blocks": [block]}}))

    assert "fonts:" not in capsys.readouterr().out
