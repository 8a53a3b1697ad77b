"""Layers and canvases refuse what cannot be shown."""

from __future__ import annotations

import pytest
from PIL import Image

from services.cards.drawing.layers import Canvas, Cues, Layer
from services.media.clock import Rate
from services.story.look import builtin


def test_a_layer_needs_an_alpha_channel() -> None:
    with pytest.raises(ValueError, match="not RGB"):
        Layer(Image.new("RGB", (2, 2)), 0, 0)


def test_a_layer_does_not_enter_before_the_scene() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Layer(Image.new("RGBA", (2, 2)), 0, 0, enter=-1)


def test_a_name_the_card_does_not_have_comes_in_with_the_first_frame() -> None:
    cues = Cues({"title": 7})

    assert (cues.enter("title"), cues.enter("links")) == (7, 0)


@pytest.mark.parametrize(("rate", "frames"), [(Rate(30), 15), (Rate(30000, 1001), 15), (Rate(24), 12)])
def test_milliseconds_become_frames_of_the_rate(rate: Rate, frames: int) -> None:
    canvas = Canvas(320, 240, rate, 100, Cues({}), builtin().palette)

    assert canvas.frames_in(500) == frames
    assert canvas.frames_in(1) == 1
