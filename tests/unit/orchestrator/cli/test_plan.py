"""A plan for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from orchestrator.cli.plan import show
from services.cards.typesetting import faces


@pytest.mark.parametrize("text", ["Paths [/etc] here", "a [/x] b", "[bold] stays", ":smile: too"])
def test_what_looks_like_markup_is_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    block = {"place": {"line": 3}, "kind": "BLOCK_KIND_HTML", "outcome": "OUTCOME_DROPPED", "reason": text}
    scene = {"id": "s001", "type": "SCENE_TYPE_TITLE", "narration": text, "estimated_duration": "2s"}

    show(json.dumps({"title": text, "scenes": [scene], "coverage": {"blocks": [block]}}))

    out = capsys.readouterr().out
    assert out.count(text) == 3
    assert "  line 3: html dropped: " in out


def test_no_escape_sequence_of_a_document_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    scene = {"id": "s001", "type": "SCENE_TYPE_TITLE", "narration": "x\x1b[2Jy", "estimated_duration": "2s"}

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
    kept = {
        "place": {"line": 1},
        "kind": "BLOCK_KIND_PARAGRAPH",
        "text": "日本 hello",
        "outcome": "OUTCOME_NARRATED",
        "scene_ids": ["s001"],
    }
    dropped = {
        "place": {"line": 2},
        "kind": "BLOCK_KIND_HTML",
        "text": "ไทย",
        "outcome": "OUTCOME_DROPPED",
        "reason": "why",
    }

    show(json.dumps({"title": "t", "coverage": {"blocks": [kept, dropped]}}))

    out = " ".join(capsys.readouterr().out.split())
    assert "fonts: 2 characters have no font on this machine (Chinese: 日 本); install fonts-noto-cjk" in out
    assert out.endswith("or any font with them (in s001)")
    assert "Thai" not in out


@pytest.mark.usefixtures("_bare_machine")
def test_of_a_servers_fonts_nothing_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_ADDRESS", "storyreel.example.org:50050")
    block = {
        "place": {"line": 1},
        "kind": "BLOCK_KIND_PARAGRAPH",
        "text": "日本",
        "outcome": "OUTCOME_NARRATED",
    }

    show(json.dumps({"title": "t", "coverage": {"blocks": [block]}}))

    assert "fonts:" not in capsys.readouterr().out


@pytest.mark.usefixtures("_bare_machine")
def test_notes_on_fonts_are_in_the_order_of_the_scenes_and_keep_scripts_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = ("plain", "கதை", "你好", "こんにちは漢字", "你好", "再见")
    blocks = [
        {
            "place": {"line": n},
            "kind": "BLOCK_KIND_PARAGRAPH",
            "text": text,
            "outcome": "OUTCOME_SHOWN",
            "scene_ids": [f"s{n:03d}"],
        }
        for n, text in enumerate(texts)
    ]

    show(json.dumps({"title": "t", "coverage": {"blocks": [*reversed(blocks)]}}))

    tamil, han = " ".join(capsys.readouterr().out.split()).split("fonts: ")[1:]
    assert "(Tamil: " in tamil
    assert "Chinese: 再 见 你 …" in han
    assert "Japanese: こ ん に …" in han
    assert han.endswith("(in 4 scenes: s002, s003, s004 …)")
    assert "(in s001)" in tamil


@pytest.mark.parametrize("columns", ["24", "50", "80"])
def test_text_without_spaces_is_shown_to_its_end(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    long = "".join(f"{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(200))
    scene = {"id": "s001", "type": "paragraph", "narration": long, "estimated_duration": "2s"}

    show(json.dumps({"title": long, "scenes": [scene]}))

    out = capsys.readouterr().out.partition("Blocks")[0]
    assert "".join(re.findall("[A-Z]", out)) == long + long


def test_one_scene_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    scene = {"id": "s001", "type": "SCENE_TYPE_TITLE", "narration": "Hi.", "estimated_duration": "2s"}

    show(json.dumps({"title": "t", "scenes": [scene]}))

    assert "\n1 scene, about" in capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, in one line."""
    return " ".join(capsys.readouterr().out.split())


def test_what_footage_needs_and_what_was_found_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    report = {
        "plan": {"mode": "MODE_T2V", "model": "t2v-A14B", "width": 1280, "height": 720, "frames": 81}
        | {"rate": 16, "steps": 40},
        "forecast": {"duration": "1320s", "denoise_bytes": "39000000000", "decode_bytes": "19000000000"},
        "adjustments": [{"field": "steps", "before": "10", "after": "30", "reason": "fewer look bad"}],
        "findings": [{"message": "Too much [/x].", "suggestions": [{"description": "Ask for 480p."}]}],
    }
    footage = {
        "pool": "t2v",
        "outlook": "The pool t2v will generate it.",
        "report": report,
        "place": {"line": 12},
    }
    footage |= {"clips": 1, "estimated_duration": "1320s"}
    scene = {
        "id": "s001",
        "type": "SCENE_TYPE_TITLE",
        "narration": "x",
        "estimated_duration": "2s",
        "footage": footage,
    }

    show(json.dumps({"title": "t", "scenes": [scene, {"id": "s002"}], "footage_duration": "1320s"}))

    out = told(capsys)
    assert "s001 (line 12): The pool t2v will generate it. t2v by t2v-A14B, 1280 x 720, 81 frames" in out
    assert "40 steps about 22 min; 39.0 GB of device memory" in out
    assert "steps 10 → 30: fewer look bad" in out
    assert "! Too much [/x]. → Ask for 480p." in out
    assert "Footage of 1 scene takes about 22 min of a device in all." in out
    assert "s002:" not in out


def test_a_refusal_is_said_once_with_every_way_out_as_it_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ways = [
        {
            "description": "Take 720p.",
            "changes": [{"field": "resolution", "before": "1080p", "after": "720p"}],
        },
        {
            "description": "Take the mode t2v with t2v-A14B.",
            "changes": [{"field": "model", "after": "t2v-A14B"}],
        },
    ]
    finding = {"message": "The 5B makes no 1080p.", "blocking": True, "suggestions": ways}
    footage = {"pool": "ti2v", "outlook": "The pool ti2v will refuse it as it is.", "place": {"line": 20}}
    scene = {"id": "s006", "footage": footage | {"report": {"findings": [finding]}}}

    show(json.dumps({"title": "t", "scenes": [scene]}))

    out = told(capsys)
    assert out.count("The 5B makes no 1080p.") == 1
    assert "→ Take 720p: in the footage block on line 20 write `resolution: 720p`." in out
    assert (
        "→ Take the mode t2v with t2v-A14B: in the footage block on line 20 write `model: t2v-A14B`." in out
    )
    assert "of a device in all" not in out


def test_of_footage_in_several_clips_each_and_all_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"mode": "MODE_T2V", "model": "ti2v-5B", "width": 1280, "height": 704, "frames": 121}
    report = {"plan": plan, "forecast": {"duration": "90s", "denoise_bytes": "9000000000"}}
    long = {
        "pool": "ti2v",
        "outlook": "In 3 clips.",
        "report": report,
        "clips": 3,
        "estimated_duration": "270s",
    }
    scenes = [
        {"id": "s001", "footage": long},
        {"id": "s002", "footage": {"pool": "i2v", "outlook": "A card."}},
    ]

    show(json.dumps({"title": "t", "scenes": scenes, "footage_duration": "270s"}))

    out = told(capsys)
    assert "about 2 min a clip, about 4 min for all 3; 9.0 GB" in out
    assert "Footage of 1 scene takes about 4 min of a device in all; the other 1 scene not counted." in out


def test_what_nobody_has_forecast_is_not_told_in_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"mode": "MODE_T2V", "model": "t2v-A14B", "width": 1280, "height": 720, "frames": 81}
    footage = {"pool": "t2v", "outlook": "The pool t2v will generate it.", "report": {"plan": plan}}
    scene = {"id": "s001", "type": "SCENE_TYPE_TITLE", "narration": "x", "footage": footage}

    show(json.dumps({"title": "t", "scenes": [scene]}))

    out = " ".join(capsys.readouterr().out.split())
    assert "what it needs is not known here" in out
    assert "GB" not in out


def test_footage_that_stays_a_card_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    scene = {
        "id": "s001",
        "type": "SCENE_TYPE_TITLE",
        "footage": {"pool": "i2v", "outlook": "A card will be shown."},
    }

    show(json.dumps({"title": "t", "scenes": [scene]}))

    out = capsys.readouterr().out
    assert "s001: A card will be shown." in out
    assert "frames" not in out
