"""What travels between the parsing service and its child, and from there into the contract."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

from services.artifacts.store import Artifact
from services.parsing.outline import Visual
from services.parsing.storyboard import Block, Placement, SceneDraft, Storyboard
from services.story import wire as story
from services.story.footage_wire import footage_to_proto
from services.story.scene import Card
from storyreel.generation.v1 import footage_pb2
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
    "table": storyboard_pb2.SCENE_TYPE_TABLE,
}
"""The contract's name of each card."""

VISUALS: dict[Visual | None, storyboard_pb2.Visual.ValueType] = {
    None: storyboard_pb2.VISUAL_UNSPECIFIED,
    "template": storyboard_pb2.VISUAL_TEMPLATE,
    "footage": storyboard_pb2.VISUAL_FOOTAGE,
    "auto": storyboard_pb2.VISUAL_AUTO,
}
"""The contract's name of what a picture is to be."""


@dataclass(frozen=True, slots=True)
class Task:
    """A document to read, and the files that came with it, by the names it gives them."""

    document: bytes
    name: str
    language: str
    files: Mapping[str, Artifact] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes of the task."""
        files = {name: [*astuple(file)] for name, file in self.files.items()}
        return _pack([json.dumps([self.name, self.language, files]).encode(), self.document])

    @classmethod
    def decode(cls, data: bytes) -> Task:
        """The task of bytes."""
        head, document = _unpack(data)
        name, language, files = json.loads(head)
        return cls(document, name, language, {key: Artifact(*file) for key, file in files.items()})


@dataclass(frozen=True, slots=True)
class Reading:
    """A storyboard in the contract's messages: scenes with chapters, visuals and footage; the coverage.

    `visuals` are numbers of the contract, `lines` those of the source that the wishes start on; the footage
    of a scene that wishes none is empty, and its line 0.
    """

    title: str
    warnings: tuple[str, ...]
    chapters: tuple[str, ...]
    visuals: tuple[int, ...]
    lines: tuple[int, ...]
    scenes: tuple[bytes, ...]
    footage: tuple[bytes, ...]
    coverage: bytes

    @classmethod
    def of(cls, board: Storyboard, *, warnings: tuple[str, ...]) -> Reading:
        """The messages of a storyboard."""
        blocks = (_block(number, block) for number, block in enumerate(board.blocks, start=1))
        return cls(
            board.title,
            (*warnings, *board.warnings),
            tuple(draft.chapter for draft in board.scenes),
            tuple(VISUALS[draft.visual] for draft in board.scenes),
            tuple(draft.line for draft in board.scenes),
            tuple(story.encode(story.scene_to_proto(draft.card)) for draft in board.scenes),
            tuple(map(_footage, board.scenes)),
            story.encode(storyboard_pb2.Coverage(blocks=blocks)),
        )

    def encode(self) -> bytes:
        """The bytes of the reading."""
        head = json.dumps([self.title, self.warnings, self.chapters, self.visuals, self.lines]).encode()
        return _pack([head, self.coverage, *self.scenes, *self.footage])

    @classmethod
    def decode(cls, data: bytes) -> Reading:
        """The reading of bytes."""
        head, coverage, *parts = _unpack(data)
        title, warnings, chapters, visuals, lines = json.loads(head)
        scenes, footage = parts[: len(chapters)], parts[len(chapters) :]
        return cls(
            title,
            tuple(warnings),
            tuple(chapters),
            tuple(visuals),
            tuple(lines),
            tuple(scenes),
            tuple(footage),
            coverage,
        )


def scene_id(index: int) -> str:
    """The id of a scene, counted from 0: `s001` is the first."""
    return f"s{index + 1:03d}"


def checked(scene: bytes) -> Card:
    """The card of a stored scene, checked against the contract."""
    return story.scene_from_proto(story.decode(scene, storyboard_pb2.Scene))


def wished(footage: bytes) -> footage_pb2.Footage | None:
    """The footage a scene wishes for, checked against the contract; None when it wishes none."""
    return story.decode(footage, footage_pb2.Footage) if footage else None


def _footage(draft: SceneDraft) -> bytes:
    return story.encode(footage_to_proto(draft.footage)) if draft.footage else b""


def _block(number: int, block: Block) -> storyboard_pb2.Block:
    return storyboard_pb2.Block(
        id=f"b{number:04d}",
        kind=block.kind,
        text=block.text,
        line=block.line,
        placements=map(_placement, block.placements),
        drop_reason=block.drop_reason,
        note=block.note,
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
            block.note,
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
