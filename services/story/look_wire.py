"""Looks to and from the contract."""

from __future__ import annotations

from dataclasses import asdict, fields

from services.artifacts import wire as artifacts
from services.story.look import Fonts, Logo, Look, Palette, builtin
from storyreel.cards.v1 import look_pb2


def look_to_proto(look: Look) -> look_pb2.Look:
    """The contract's form of a look."""
    message = look_pb2.Look(palette=look_pb2.Palette(**asdict(look.palette)))
    for field in fields(Fonts):
        font = getattr(look.fonts, field.name)
        if font is not None:
            getattr(message.fonts, field.name).CopyFrom(artifacts.to_proto(font))
    if look.logo is not None:
        corner = look_pb2.Corner.Value(f"CORNER_{look.logo.corner}".upper())
        message.logo.CopyFrom(look_pb2.Logo(image=artifacts.to_proto(look.logo.image), corner=corner))
    return message


def look_from_proto(message: look_pb2.Look) -> Look:
    """The look of a valid message; what it leaves open is that of the built-in theme dark and blue."""
    return Look(
        palette=_palette(message.palette) if message.HasField("palette") else builtin().palette,
        fonts=Fonts(
            **{
                field.name: artifacts.from_proto(getattr(message.fonts, field.name))
                for field in fields(Fonts)
                if message.fonts.HasField(field.name)  # type: ignore[arg-type]
            }
        ),
        logo=_logo(message.logo) if message.HasField("logo") else None,
    )


def _palette(message: look_pb2.Palette) -> Palette:
    return Palette(**{field.name: getattr(message, field.name) for field in fields(Palette)})


def _logo(message: look_pb2.Logo) -> Logo:
    start = message.corner == look_pb2.CORNER_TOP_START
    return Logo(artifacts.from_proto(message.image), "top_start" if start else "top_end")
