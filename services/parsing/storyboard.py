"""What parsing makes of a document: scenes in order, and an account of every block of the source."""

from __future__ import annotations

from dataclasses import dataclass

from services.parsing.outline import BlockKind, Visual
from services.story.footage import Footage
from services.story.scene import Card
from services.story.source_place import SourcePlace, SourceWarning

MOST_SCENES = 500
"""How many scenes one job may have (settled for the whole system)."""


@dataclass(frozen=True, slots=True)
class SceneDraft:
    """A scene to be stored, the chapter it belongs to, and the footage wished for in its card's place.

    `place` is where the block with that wish starts; `headings` are those above, the outermost first.
    """

    card: Card
    chapter: str
    footage: Footage | None = None
    visual: Visual | None = None
    place: SourcePlace | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a block went: a scene, counted from 0, and the name of an element of its card."""

    scene: int
    element: str


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the source and what became of it: placements, or the reason why it was dropped.

    `text` is without markup; `note` says why it is only shown, where that is not plain.
    """

    kind: BlockKind
    text: str
    place: SourcePlace
    placements: tuple[Placement, ...] = ()
    drop_reason: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if bool(self.placements) == bool(self.drop_reason):
            raise ValueError(f"the {self.kind} of {self.place} must be either placed or dropped")


@dataclass(frozen=True, slots=True)
class Storyboard:
    """The document as scenes; the title is never empty."""

    title: str
    scenes: tuple[SceneDraft, ...]
    blocks: tuple[Block, ...]
    warnings: tuple[SourceWarning, ...] = ()

    def __post_init__(self) -> None:
        if not self.title:
            raise ValueError("a storyboard needs a title")
        if not 1 <= len(self.scenes) <= MOST_SCENES:
            raise ValueError(f"{len(self.scenes)} scenes are not 1 to {MOST_SCENES}")
