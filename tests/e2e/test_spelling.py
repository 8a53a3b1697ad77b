"""Captions and transcript show what the document writes, not how it is read out."""

from __future__ import annotations

from pathlib import Path

import av

from tests.e2e.command import Home

DOCUMENT = """# Spelling

Watch guide.mp4 first. About 40% of it is at https://example.org/a-b today.

Since v1.2.3 the call GET /items answers.
"""
SPELLINGS = ("guide.mp4", "40%", "https://example.org/a-b", "v1.2.3", "GET /items")


def test_captions_keep_the_spelling_of_the_document(tmp_path: Path) -> None:
    source, out = tmp_path / "spelling.md", tmp_path / "spelling.mp4"
    source.write_text(DOCUMENT)

    ran = Home(tmp_path / "home").run("render", str(source), "-o", str(out), "--size", "720p")

    assert ran.code == 0, ran.err
    with av.open(str(out)) as video:
        packets = [bytes(packet) for packet in video.demux(subtitles=0)]
    tracks = {
        "captions": out.with_suffix(".srt").read_text(),
        "transcript": out.with_suffix(".txt").read_text(),
        "inside the video": b" ".join(packet[2:] for packet in packets).decode(),
    }
    for name, text in tracks.items():
        flat = " ".join(text.split())
        assert [spelling for spelling in SPELLINGS if spelling not in flat] == [], name
        assert " dot " not in flat, name
        assert "percent" not in flat, name
