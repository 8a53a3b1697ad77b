"""Where in a document something stands, and what is to be said of it there; to and from the contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from storyreel.parsing.v1 import source_place_pb2


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A place in a document, counted from 1; what is 0 or None is not known, or its kind does not have it.

    Args:
        line: Of the part or the page, else of the document.
        page: Of what is printed.
        part: A file of a book, a slide, the cell of a notebook.
        start: Since the start of a recording.
    """

    line: int = 0
    page: int = 0
    part: int = 0
    start: timedelta | None = None

    @property
    def order(self) -> tuple[int, int, timedelta, int]:
        """What places are sorted by."""
        return self.part, self.page, self.start or timedelta(), self.line

    def __str__(self) -> str:
        named = (("part", self.part), ("page", self.page), ("line", self.line))
        told = [f"{name} {number}" for name, number in named if number]
        return ", ".join([*told, *([f"{self.start.total_seconds():g} s"] if self.start is not None else [])])


@dataclass(frozen=True, slots=True)
class SourceWarning:
    """Something a person should know of a document: a sentence, and its place where it has one."""

    message: str
    place: SourcePlace | None = None


def place_to_proto(place: SourcePlace) -> source_place_pb2.SourcePlace:
    """The contract's form of a place."""
    message = source_place_pb2.SourcePlace(line=place.line, page=place.page, part=place.part)
    if place.start is not None:
        message.start.FromTimedelta(place.start)
    return message


def place_from_proto(message: source_place_pb2.SourcePlace) -> SourcePlace:
    """The place of a message."""
    start = message.start.ToTimedelta() if message.HasField("start") else None
    return SourcePlace(message.line, message.page, message.part, start)


def warning_to_proto(warning: SourceWarning) -> source_place_pb2.Warning:
    """The contract's form of a warning."""
    place = place_to_proto(warning.place) if warning.place else None
    return source_place_pb2.Warning(message=warning.message, place=place)


def warning_from_proto(message: source_place_pb2.Warning) -> SourceWarning:
    """The warning of a message."""
    place = place_from_proto(message.place) if message.HasField("place") else None
    return SourceWarning(message.message, place)
