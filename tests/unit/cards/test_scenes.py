"""Cards are laid out whole, inside the picture, and in step with the voice."""

from __future__ import annotations

import dataclasses

import pytest

from services.cards.drawing.layers import Layer
from services.cards.scenes import draw
from services.story.scene import (
    CodeCard,
    ListCard,
    ListItem,
    ParagraphCard,
)
from services.story.text import Text
from tests.unit.cards.cards import CARDS, canvas


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (540, 960), (540, 540), (320, 240)])
def test_everything_rests_inside_the_picture(name: str, size: tuple[int, int]) -> None:
    card = CARDS[name]

    drawing = draw(card, canvas(card, width=size[0], height=size[1]))

    shadow = 0.06 * size[0]
    assert drawing.background.shape == (size[1], size[0], 3)
    assert not drawing.unshown
    for layer in drawing.layers:
        assert layer.x >= -shadow
        assert layer.y >= -shadow
        assert layer.x + layer.image.width <= size[0] + shadow
        assert layer.y + layer.image.height <= size[1] + shadow


@pytest.mark.parametrize("name", CARDS)
def test_the_same_card_gives_the_same_layers(name: str) -> None:
    card = CARDS[name]

    first, second = (draw(card, canvas(card)) for _ in range(2))

    def facts(layer: Layer) -> list[object]:
        values = [getattr(layer, part.name) for part in dataclasses.fields(layer) if part.name != "image"]
        return [*values, layer.image.tobytes()]

    assert list(map(facts, first.layers)) == list(map(facts, second.layers))


@pytest.mark.parametrize("name", CARDS)
def test_images_are_cut_to_what_they_show(name: str) -> None:
    card = CARDS[name]

    drawing = draw(card, canvas(card))

    area = sum(layer.image.width * layer.image.height for layer in drawing.layers)
    assert area < 4 * 640 * 360
    assert all(layer.image.getbbox() for layer in drawing.layers)


@pytest.mark.parametrize("name", CARDS)
def test_light_and_dark_differ_in_colour_only(name: str) -> None:
    card = CARDS[name]

    dark, light = (draw(card, canvas(card, theme=theme)) for theme in ("dark", "light"))

    assert len(dark.layers) == len(light.layers)
    assert dark.background.mean() < 80 < 200 < light.background.mean()


def test_a_list_item_comes_in_with_its_word_and_calms_with_the_next() -> None:
    card = ListCard(
        Text(""), (ListItem(text=Text("One")), ListItem(text=Text("Two")), ListItem(text=Text("Three")))
    )
    scene = canvas(card)

    drawing = draw(card, scene)

    cues = [scene.cues.enter(f"item/{n}") for n in range(3)]
    arriving = [layer for layer in drawing.layers if layer.enter in cues and layer.dy]
    staying = [layer for layer in arriving if layer.leave is None]
    bright = [layer for layer in arriving if layer.leave is not None]
    assert [layer.enter for layer in bright] == cues[:2]
    assert all(
        b.leave is not None and b.leave - b.leave_frames == c for b, c in zip(bright, cues[1:], strict=True)
    )
    assert sorted(layer.enter for layer in staying) == [*cues, cues[2]]  # the last one stays bright


def test_what_stays_lies_below_what_goes() -> None:
    drawing = draw(CARDS["list"], canvas(CARDS["list"]))

    going = [layer.leave is not None for layer in drawing.layers]

    assert True in going
    assert not any(going[: going.index(True)])


def test_the_whole_paragraph_is_there_before_its_second_sentence() -> None:
    card = CARDS["paragraph"]
    scene = canvas(card)

    drawing = draw(card, scene)

    calm = [
        layer for layer in drawing.layers if layer.leave is None and layer.enter < scene.cues.enter("text/1")
    ]
    assert max(layer.image.height for layer in calm) > 0.2 * scene.height


def test_only_the_spoken_sentence_is_bright() -> None:
    card = ParagraphCard(Text(""), (Text("First of all."), Text("Second of all."), Text("Third of all.")))
    scene = canvas(card)

    drawing = draw(card, scene)

    calm, *bright = drawing.layers
    assert calm.leave is None
    for n, layer in enumerate(bright[:-1]):
        assert layer.leave == scene.cues.enter(f"text/{n + 1}") + layer.leave_frames
    assert bright[-1].leave is None


def test_a_header_the_voice_does_not_introduce_stands_from_the_first_frame() -> None:
    card = CARDS["code"]

    drawing = draw(card, canvas(card))

    assert sum(layer.enter == 0 and layer.enter_frames == 0 for layer in drawing.layers) == 2


def test_a_header_the_voice_introduces_comes_in_with_it() -> None:
    card = CodeCard(Text("Retries"), "python", "x = 1", introduces_header=True)
    scene = canvas(card)

    drawing = draw(card, scene)

    assert [layer.enter for layer in drawing.layers[:2]] == [scene.cues.enter("header")] * 2
