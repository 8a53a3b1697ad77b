"""Which scene a described picture belongs to: that of the next block, at a section's end the scene before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from services.parsing.backends.footage import told
from services.parsing.outline import Marked, Passage
from services.parsing.storyboard import SceneDraft
from services.story.source_place import SourceWarning

ELEMENT = "footage"
"""The element of a scene that a describing block goes to: its picture."""

NOTE = "it describes the scene's picture"

MOST_WARNINGS = 12
"""Of all blocks of a document; the rest are counted."""


@dataclass(slots=True)
class Marks:
    """The pictures of a document's scenes.

    Args:
        scenes: The scenes in the making; a marked one is replaced.
        place: Notes that a passage is in an element of a scene, by the scene's index.
        drop: Notes why a passage is in none.
    """

    scenes: list[SceneDraft]
    place: Callable[[Passage, int, str], None]
    drop: Callable[[Passage, str], None]
    warnings: list[SourceWarning] = field(default_factory=list)
    _waiting: Marked | None = None

    @property
    def waiting(self) -> bool:
        """Whether a picture waits for the next block."""
        return self._waiting is not None

    def take(self, mark: Marked) -> None:
        """Keep a picture for the next block; one that still waits has none."""
        self.warnings += mark.warnings
        if mark.footage is None:
            self.drop(mark.source, "it describes a picture without a prompt or an image")
            return
        if self._waiting:
            self._unused(self._waiting, "another one follows it at once")
        self._waiting = mark

    def give(self, first: int) -> None:
        """Give the picture that waits to the scenes made since there were `first`; to the first of them."""
        mark, made = self._waiting, len(self.scenes) - first
        if mark is None or made < 1:
            return
        if made > 1:
            self._warn(mark, f"the block after it makes {made} scenes, and only the first has the picture")
        self._give(mark, first)

    def give_back(self) -> None:
        """Give the picture that waits to the last scene: nothing follows it in its section."""
        mark = self._waiting
        if mark is None:
            return
        if self.scenes[-1].footage is not None:
            self._unused(mark, "the scene before it has a picture, and its section ends")
        else:
            self._give(mark, len(self.scenes) - 1)

    def told(self) -> tuple[SourceWarning, ...]:
        """The warnings, as many as a record takes."""
        if len(self.warnings) <= MOST_WARNINGS:
            return tuple(self.warnings)
        more = len(self.warnings) - MOST_WARNINGS
        rest = SourceWarning(f"Footage: warnings that are not listed: {more}.")
        return (*self.warnings[:MOST_WARNINGS], rest)

    def _give(self, mark: Marked, scene: int) -> None:
        self._waiting = None
        self.scenes[scene] = replace(
            self.scenes[scene], footage=mark.footage, visual=mark.visual, place=mark.source.place
        )
        self.place(mark.source, scene, ELEMENT)

    def _unused(self, mark: Marked, why: str) -> None:
        self._waiting = None
        self._warn(mark, f"the block is not used: {why}")
        self.drop(mark.source, f"{why}, so its picture has no scene")

    def _warn(self, mark: Marked, what: str) -> None:
        self.warnings.append(told(what, mark.source.place))
