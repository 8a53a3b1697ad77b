"""What travels between the parsing service and its child, and from there into the contract."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

from services.parsing.storyboard import Block, Placement, Storyboard
from services.story import wire as story
from services.story.scene import Card
from storyreel.parsing.v1 import storyboard_pb2

_HEAD = struct.Struct(">I")

TYPES = {
    "title": storyboard_pb2.SCENE_TYPE_TITLE,
    "section": storyboard_pb2.SCENE_TYPE_SECTION,
    "paragraph": storyboard_pb2.SCENE_TYPE_PARAGRAPH,
    "list": storyboard_pb2.SCENE_TYPE_LIST,
    "code": storyboard_pb2.SCENE_TYPE_CODE,
    "quote": storyboard_pb2.SCENE_TYPE_QUOTE,
    "outro": storyboard_pb2.SCENE_TYPE_OUTRO,
}
"""The contract's name of each card."""


@dataclass(frozen=True, slots=True)
class Task:
    """A document to read."""

    document: bytes
    name: str
    language: str

    def encode(self) -> bytes:
        """The bytes of the task."""
        return _pack([json.dumps([self.name, self.language]).encode(), self.document])

    @classmethod
    def decode(cls, data: bytes) -> Task:
        """The task of bytes."""
        head, document = _unpack(data)
        name, language = json.loads(head)
        return cls(document, name, language)


@dataclass(frozen=True, slots=True)
class Reading:
    """A storyboard in the contract's messages: scenes with their chapters, and the coverage."""

    title: str
    warnings: tuple[str, ...]
    chapters: tuple[str, ...]
    scenes: tuple[bytes, ...]
    coverage: bytes

    @classmethod
    def of(cls, board: Storyboard, *, warnings: tuple[str, ...]) -> Reading:
        """The messages of a storyboard."""
        blocks = (_block(number, block) for number, block in enumerate(board.blocks, start=1))
        return cls(
            board.title,
            (*warnings, *board.warnings),
            tuple(draft.chapter for draft in board.scenes),
            tuple(story.encode(story.scene_to_proto(draft.card)) for draft in board.scenes),
            story.encode(storyboard_pb2.Coverage(blocks=blocks)),
        )

    def encode(self) -> bytes:
        """The bytes of the reading."""
        head = json.dumps([self.title, self.warnings, self.chapters]).encode()
        return _pack([head, self.coverage, *self.scenes])

    @classmethod
    def decode(cls, data: bytes) -> Reading:
        """The reading of bytes."""
        head, coverage, *scenes = _unpack(data)
        title, warnings, chapters = json.loads(head)
        return cls(title, tuple(warnings), tuple(chapters), tuple(scenes), coverage)


def scene_id(index: int) -> str:
    """The id of a scene, counted from 0: `s001` is the first."""
    return f"s{index + 1:03d}"


def checked(scene: bytes) -> Card:
    """The card of a stored scene, checked against the contract."""
    return story.scene_from_proto(story.decode(scene, storyboard_pb2.Scene))


def _block(number: int, block: Block) -> storyboard_pb2.Block:
    return storyboard_pb2.Block(
        id=f"b{number:04d}",
        kind=block.kind,
        text=block.text,
        line=block.line,
        placements=map(_placement, block.placements),
        drop_reason=block.drop_reason,
    )


def _placement(placement: Placement) -> storyboard_pb2.Placement:
    return storyboard_pb2.Placement(scene_id=scene_id(placement.scene), element=placement.element)


def blocks_of(coverage: storyboard_pb2.Coverage) -> tuple[Block, ...]:
    """The blocks of a Coverage."""
    return tuple(
        Block(
            block.kind,
            block.text,
            block.line,
            tuple(Placement(int(p.scene_id.removeprefix("s")) - 1, p.element) for p in block.placements),
            block.drop_reason,
        )
        for block in coverage.blocks
    )


def _pack(parts: list[bytes]) -> bytes:
    return b"".join(_HEAD.pack(len(part)) + part for part in parts)


def _unpack(data: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(data):
        (size,) = _HEAD.unpack_from(data, at)
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return parts
