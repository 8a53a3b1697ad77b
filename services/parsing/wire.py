"""A storyboard in the contract's messages, as a child hands it to the parsing service."""

from __future__ import annotations

from collections.abc import Iterable

from services.parsing.outline import Visual
from services.parsing.storyboard import Block, Placement, SceneDraft, Storyboard
from services.story import wire as story
from services.story.footage_wire import footage_to_proto
from services.story.scene import Card, elements
from services.story.source_place import SourceWarning, place_to_proto, warning_to_proto
from services.story.text import joined
from storyreel.parsing.v1 import reading_pb2, storyboard_pb2

LONGEST_SUMMARY = 200
"""Characters of what a scene shows in short, in the contract."""

Task = reading_pb2.ReadingTask
"""What a child is asked for: a document, and the files it names."""

VISUALS: dict[Visual | None, storyboard_pb2.Visual.ValueType] = {
    None: storyboard_pb2.VISUAL_UNSPECIFIED,
    "template": storyboard_pb2.VISUAL_TEMPLATE,
    "footage": storyboard_pb2.VISUAL_FOOTAGE,
    "auto": storyboard_pb2.VISUAL_AUTO,
}
"""The contract's name of what a picture is to be."""


def task_of(payload: bytes) -> Task:
    """The task of a child, from the bytes that it was sent."""
    return Task.FromString(payload)


def reading(board: Storyboard, *, warnings: Iterable[SourceWarning] = ()) -> reading_pb2.Reading:
    """The messages of a storyboard; `warnings` come before its own."""
    return reading_pb2.Reading(
        title=board.title,
        warnings=map(warning_to_proto, (*warnings, *board.warnings)),
        scenes=(_scene(index, draft) for index, draft in enumerate(board.scenes)),
        coverage=storyboard_pb2.Coverage(
            blocks=(_block(number, block) for number, block in enumerate(board.blocks, start=1))
        ),
    )


def scene_id(index: int) -> str:
    """The id of a scene, counted from 0: `s001` is the first."""
    return f"s{index + 1:03d}"


def summary(card: Card) -> str:
    """What a card shows, in one line of at most 200 characters."""
    texts = (text for element, text in elements(card) if element != "header")
    whole = joined(texts).standing()
    if len(whole) <= LONGEST_SUMMARY:
        return whole
    return whole[: LONGEST_SUMMARY - 1].rpartition(" ")[0].rstrip() + "…"


def _scene(index: int, draft: SceneDraft) -> reading_pb2.ReadScene:
    ref = storyboard_pb2.SceneRef(
        id=scene_id(index),
        type=storyboard_pb2.SceneType.Value(f"SCENE_TYPE_{draft.card.type}".upper()),
        chapter=draft.chapter,
        footage=footage_to_proto(draft.footage) if draft.footage else None,
        visual=VISUALS[draft.visual],
        visual_place=place_to_proto(draft.place) if draft.place else None,
        headings=draft.headings,
        summary=summary(draft.card),
    )
    return reading_pb2.ReadScene(scene=story.scene_to_proto(draft.card), ref=ref)


def _block(number: int, block: Block) -> storyboard_pb2.Block:
    return storyboard_pb2.Block(
        id=f"b{number:04d}",
        kind=storyboard_pb2.BlockKind.Value(f"BLOCK_KIND_{block.kind}".upper()),
        text=block.text,
        place=place_to_proto(block.place),
        placements=map(_placement, block.placements),
        drop_reason=block.drop_reason,
        note=block.note,
    )


def _placement(placement: Placement) -> storyboard_pb2.Placement:
    return storyboard_pb2.Placement(scene_id=scene_id(placement.scene), element=placement.element)
