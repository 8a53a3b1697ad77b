"""Looks come back from the contract as they went in, and what they leave open takes the default."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import ArtifactCorrupt
from services.story import wire
from services.story.look import Corner, Fonts, Logo, Look, Palette, builtin, builtins
from services.story.look_wire import look_from_proto, look_to_proto
from storyreel.cards.v1 import look_pb2

FONT = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="font/otf")
IMAGE = Artifact.of("local", "cd" * 32, size_bytes=7, media_type="image/png")


def again(look: Look) -> Look:
    """A look that was sent, checked and received."""
    return look_from_proto(wire.decode(wire.encode(look_to_proto(look)), look_pb2.Look))


@pytest.mark.parametrize(
    "look", [pytest.param(look, id=f"{theme}-{accent}") for theme, accent, look in builtins()]
)
def test_every_built_in_theme_survives(look: Look) -> None:
    assert again(look) == look


@pytest.mark.parametrize("name", [field.name for field in fields(Fonts)])
def test_a_font_stays_that_of_its_kind_of_text(name: str) -> None:
    look = replace(builtin(), fonts=Fonts(**{name: FONT}))

    assert again(look) == look


@pytest.mark.parametrize("corner", ["top_start", "top_end"])
def test_a_logo_stays_in_its_corner(corner: Corner) -> None:
    look = replace(builtin(), logo=Logo(IMAGE, corner))

    assert again(look) == look


def test_a_look_that_says_nothing_is_dark_and_blue() -> None:
    assert look_from_proto(look_pb2.Look()) == builtin("dark", "blue")


def test_a_logo_without_a_corner_stands_at_the_end_of_the_line() -> None:
    message = look_to_proto(replace(builtin(), logo=Logo(IMAGE, "top_start")))
    message.logo.ClearField("corner")

    assert look_from_proto(message).logo == Logo(IMAGE, "top_end")


@pytest.mark.parametrize("name", [field.name for field in fields(Palette)])
@pytest.mark.parametrize("code", ["", "#fff", "0b1120", "#0B1120", "red", "#0b1120\n"])
def test_what_is_not_a_colour_breaks_the_contract(name: str, code: str) -> None:
    message = look_to_proto(builtin())
    setattr(message.palette, name, code)

    with pytest.raises(ArtifactCorrupt):
        wire.decode(wire.encode(message), look_pb2.Look)
