"""A film becomes a file that shows it, with progress on the way."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest

from services.cards import render as module
from services.cards.card import CardSpec
from services.cards.drawing.layers import Drawing
from services.cards.film import Film, Ground
from services.cards.render import canvas, encoding, render
from services.chassis.progress import Progress
from services.media.clip import Picture
from services.media.clock import Rate
from services.media.encode import Encoding
from services.story.look import builtin
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import TitleCard
from services.story.text import Text

SPEC = CardSpec(
    TitleCard(Text("Hello")),
    Narration("fr", (Segment("Hello", "title"),)),
    SpeechTiming("Hello", (Word("Hello", 0, 5, 4_800, 9_600, WordSource.EVENT),)),
    frames=60,
    lead_frames=6,
    picture=Picture(320, 240, Rate(30)),
    look=builtin("light", "cyan"),
    frame_timing="sparse",
)


def film(drawing: Drawing) -> Film:
    return Film(drawing, Ground().of(drawing))


def even(drawing: Drawing) -> Drawing:
    """The drawing on a size whose quarter the encoder need not pad."""
    return Drawing(np.ascontiguousarray(drawing.background[:, :320]), drawing.layers)


def test_the_decoded_frames_are_the_films(drawing: Callable[[], Drawing], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    render(film(even(drawing())), path, Encoding(Rate(30), 60, crf=4), report=lambda _: None)

    again = film(even(drawing()))
    with av.open(str(path)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            again.show(number)
            error = np.abs(frame.to_ndarray().astype(int) - again.picture.buffer).mean()
            assert error < 2, f"frame {number}"


def test_progress_counts_frames(
    drawing: Callable[[], Drawing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    monkeypatch.setattr(module, "REPORT_SECONDS", 0.0)

    render(film(even(drawing())), tmp_path / "clip.mp4", Encoding(Rate(30), 20), report=told.append)

    assert told == [
        Progress("draw", n / 20, n, 20, "frames") for n, _ in zip(count(1), range(20), strict=False)
    ]


def test_a_spec_says_what_it_is_drawn_on() -> None:
    drawn_on = canvas(SPEC)

    assert (drawn_on.width, drawn_on.height, drawn_on.rate, drawn_on.frames) == (320, 240, Rate(30), 60)
    assert (drawn_on.palette, drawn_on.language) == (builtin("light", "cyan").palette, "fr")
    assert drawn_on.cues.enter("title") == 9


def test_a_spec_says_how_it_is_encoded() -> None:
    assert encoding(SPEC, threads=2) == Encoding(Rate(30), 60, sparse=True, threads=2)
