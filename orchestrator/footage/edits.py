"""What a person writes in the document so that its footage can be made: line, key and value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storyreel.error.v1 import recovery_pb2

KEYS = frozenset({"mode", "model", "resolution", "steps", "guidance", "seed"})
"""What a service proposes to change and a document can say."""


def edit(changes: Sequence[recovery_pb2.Change], line: int) -> str:
    """Changes as they are made in a document: `on line 14 write resolution: 720p`; empty where it cannot.

    Args:
        changes: As a service proposes them.
        line: The line that the footage block starts on; 0 where nobody knows.
    """
    fields = [change.field.removeprefix("footage.") for change in changes]
    if not changes or not KEYS.issuperset(fields):
        return ""
    last = dict(zip(fields, (change.to for change in changes), strict=True))
    written = [f"`{field}: {value}`" for field, value in last.items() if value]
    parts = [f"write {_and(written)}"] if written else []
    if left_out := [f"`{field}`" for field, value in last.items() if not value]:
        parts.append(f"leave out {_and(left_out)}")
    return f"in the footage block{_on(line)} {' and '.join(parts)}"


def first_edit(ways: Iterable[recovery_pb2.Suggestion], line: int) -> str:
    """The first way out that a document can take, as a sentence; empty without one."""
    told = next(filter(None, (edit(way.changes, line) for way in ways)), "")
    return f"{told[:1].upper()}{told[1:]}; then render again." if told else ""


def another_wish(line: int) -> str:
    """What to write where no change is known that helps."""
    block = f"the footage block{_on(line)}"
    return f"Word the prompt otherwise, or name another model, in {block}; then render again."


def _on(line: int) -> str:
    return f" on line {line}" if line else ""


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
