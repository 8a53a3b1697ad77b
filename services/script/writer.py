"""Who writes narrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.chassis.errors import Change, Suggestion, UnknownBackend
from services.story.narration import Narration
from services.story.scene import Card

DEFAULT = "template"


class Backend(Protocol):
    """Writes narrations."""

    name: str
    made_by: str
    """The backend and everything that changes its words without being asked for."""

    async def write(self, card: Card, *, language: str) -> Narration:
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
