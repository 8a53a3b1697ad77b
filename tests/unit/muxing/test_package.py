"""Titles stay titles."""

from __future__ import annotations

import pytest

from services.artifacts.store import Artifact
from services.media.clip import Clip, Picture
from services.media.clock import Rate
from services.muxing.loudness import Loudness
from services.muxing.package import chapter_title, file_title, metadata
from services.muxing.sound import Sound
from services.muxing.timeline import Planned, lay

FILM = Picture(320, 240, Rate(30000, 1001))
ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="video/mp4")
SOUND = Sound(ANY, FILM.rate.sample_at(60), Loudness(-16, -2), (0.0,))


def test_values_are_escaped_and_stay_on_their_line() -> None:
    scenes = [Planned((Clip(ANY, 60, FILM),), 6, ANY, ANY, 1, "a=b;c#d\\e\nSTART=9")]
    timeline = lay(scenes, FILM, SOUND, title="\r\n[CHAPTER]")

    text = metadata(timeline, chapters=True)

    assert text == (
        ";FFMETADATA1\ntitle=[CHAPTER]\n[CHAPTER]\nTIMEBASE=1001/30000\nSTART=0\nEND=60\n"
        "title=a\\=b\\;c\\#d\\\\e START\\=9\n"
    )


def test_without_chapters_the_title_stays() -> None:
    timeline = lay([Planned((Clip(ANY, 60, FILM),), 6, ANY, ANY, 1, "One")], FILM, SOUND, title="Reel")

    assert metadata(timeline, chapters=False) == ";FFMETADATA1\ntitle=Reel\n"


def test_a_last_backslash_does_not_reach_the_next_line() -> None:
    assert file_title("a\\") == "a\\\u2060"


@pytest.mark.parametrize("title", ["é" * 500, "😀" * 500, "x" * 251, "日本" * 200])
def test_a_long_title_is_cut_between_characters(title: str) -> None:
    cut = chapter_title(title)

    assert len(cut.encode()) <= 250
    assert cut.endswith("…")
    assert title.startswith(cut[:-1])
    assert len(cut.encode()) > 240
