"""Who writes narrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.chassis.errors import Change, Suggestion, UnknownBackend
from services.story.narration import Narration
from services.story.scene import Card

DEFAULT = "template"


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a scene, and how it is to be told.

    Args:
        title: The document's.
        headings: Those above the scene, the outermost first, without the title.
        before: What the scene before shows, in short; at most 500 characters.
        after: The same of the scene after.
        budget: How long speaking may take; None: as long as it takes.
        tone: How it is to sound; "" is plain.
    """

    title: str = ""
    headings: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    budget: timedelta | None = None
    tone: str = ""


class Backend(Protocol):
    """Writes narrations."""

    name: str
    made_by: str
    """The backend and everything that changes its words without being asked for."""
    reads: frozenset[str]
    """The fields of Context that its words depend on; the others are not given to it."""

    async def write(self, card: Card, context: Context, *, language: str) -> Narration:
        """The narration of one scene; `language` (BCP 47) is the scene's own."""
        ...


class Writers:
    """The backends of this server, by name."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = {backend.name: backend for backend in backends}

    def named(self, name: str) -> Backend:
        """The backend of a name, "" for the default.

        Raises:
            UnknownBackend: There is none; the suggestions name those there are.
        """
        if backend := self._backends.get(name or DEFAULT):
            return backend
        known = sorted(self._backends)
        raise UnknownBackend(
            f"There is no backend {name!r} here; there is {', '.join(known)}.",
            suggestions=[Suggestion(f"Use {other}.", [Change("backend", name, other)]) for other in known],
            metadata={"backends": ",".join(known)},
        )
