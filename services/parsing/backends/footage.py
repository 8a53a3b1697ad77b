"""Reads a block that describes a scene's picture: `key: value` lines; nothing in it is lost silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from services.artifacts.store import Artifact
from services.parsing.outline import Visual
from services.story.footage import Footage
from services.story.source_place import SourcePlace, SourceWarning

INFO = "footage"
"""The info string of the fence."""

FILES = ("image", "last_image")
"""Keys whose values name files."""

LONGEST_PROMPT = 4000
"""Characters of a prompt in the contract; the models take fewer, which they say themselves."""

_LONGEST_SHOWN = 60
_KEYED = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]{0,40})[ \t]*:(.*)")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*(.*)")
_NOT_GIVEN = (
    "which did not come with the document, so the picture stays a card: it must be a PNG, JPEG or WebP file "
    "of at most 20 MiB and 64 megapixels in the document's own folder, or below it"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A picture as a block describes it; without prompt and image there is no footage: it wishes nothing."""

    footage: Footage | None
    visual: Visual
    warnings: tuple[SourceWarning, ...]


def told(what: str, place: SourcePlace) -> SourceWarning:
    """What a person should know of the description of a picture."""
    return SourceWarning(f"Footage, {place}: {what}.", place)


def named_files(text: str) -> tuple[str, ...]:
    """The files that the blocks of a document name, as they write them, each once.

    They are found line by line, before anybody reads the document: of blocks at odd places it may find more
    than are read.
    """
    found: dict[str, None] = {}
    fence, inside = "", False
    for line in text.split("\n"):
        mark = _FENCE.fullmatch(line.rstrip("\r"))
        if not fence and mark:
            fence, inside = mark[1], mark[2].lower().split() == [INFO]
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        elif fence and inside:
            keyed = _KEYED.fullmatch(line.lstrip("> \t").rstrip("\r"))
            if keyed and _key(keyed[1]) in FILES:
                found[keyed[2].strip()] = None
    return tuple(filter(None, found))


def read_wish(content: str, line: int, files: Mapping[str, Artifact] | None = None) -> Wish:
    """Read a block.

    Args:
        content: What stands between the fences.
        line: The line of the source that the opening fence is on, from 1.
        files: The files that came with the document, by the names it gives them.
    """
    reader = _Reader(files or {})
    for number, text in enumerate(content.split("\n"), start=line + 1):
        if text.strip():
            reader.take(text, number)
    values = dict(reader.values)
    visual: Visual = values.pop("visual", "footage")
    prompt = reader.text(" ".join(reader.prompt), "prompt", line)
    negative = reader.text(values.pop("negative_prompt", ""), "negative_prompt", line)
    if "image" not in values and values.pop("last_image", None):
        reader.warn(line, "`last_image` ends what an `image` begins, so it is not used without one")
    if reader.lacks:  # something else would be made of what is left, at the same cost
        return Wish(None, visual, tuple(reader.warnings))
    if not prompt and "image" not in values:
        reader.warn(line, "there is no `prompt:` and no `image:`, so the picture stays a card")
        return Wish(None, visual, tuple(reader.warnings))
    return Wish(Footage(prompt=prompt, negative_prompt=negative, **values), visual, tuple(reader.warnings))


@dataclass(slots=True)
class _Reader:
    """What the lines so far have said."""

    files: Mapping[str, Artifact]
    prompt: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    warnings: list[SourceWarning] = field(default_factory=list)
    lacks: bool = False
    _given: set[str] = field(default_factory=set)

    def warn(self, line: int, what: str) -> None:
        """Say what of a line is not used, and why."""
        self.warnings.append(told(what, SourcePlace(line)))

    def take(self, text: str, line: int) -> None:
        """Read one line; one without a key continues the prompt."""
        keyed = _KEYED.fullmatch(text)
        key = _key(keyed[1]) if keyed else ""
        value = keyed[2].strip() if keyed else text.strip()
        known_key = key in _VALUES or key in FILES or key == "prompt"
        if keyed and not known_key and not keyed[2][:1].strip():
            known = ", ".join(["prompt", *FILES, *_VALUES])
            self.warn(line, f"`{key}` is not one of {known}, so {_quoted(value)} is not used")
        elif key in self._given:
            self.warn(line, f"`{key}` is given twice, so {_quoted(value)} is not used")
        elif key in _VALUES:
            self._given.add(key)
            self._value(key, value, line)
        elif key in FILES:
            self._given.add(key)
            self._file(key, value, line)
        elif key == "prompt":
            self._given.add(key)
            self.prompt.append(value)
        else:  # a web address has a colon too
            self.prompt.append(text.strip())

    def text(self, text: str, key: str, line: int) -> str:
        """A prompt, of a length that the contract takes."""
        text = " ".join(text.split())
        if len(text) > LONGEST_PROMPT:
            more = len(text) - LONGEST_PROMPT
            self.warn(line, f"`{key}` is cut: {more:,} of its characters, the last, are not used")
        return text[:LONGEST_PROMPT].strip()

    def _file(self, key: str, name: str, line: int) -> None:
        if name in self.files:
            self.values[key] = self.files[name]
        else:
            self.lacks = True
            self.warn(line, f"`{key}` names {_quoted(name)}, {_NOT_GIVEN}")

    def _value(self, key: str, value: str, line: int) -> None:
        parse, rule = _VALUES[key]
        try:
            self.values[key] = parse(value)
        except ValueError:
            self.warn(line, f"`{key}` must be {rule}, so {_quoted(value)} is not used")


def _one_of(*choices: str) -> tuple[Callable[[str], str], str]:
    known = {choice.lower(): choice for choice in choices}

    def parse(value: str) -> str:
        if value.lower() not in known:
            raise ValueError
        return known[value.lower()]

    return parse, f"one of {', '.join(choices)}"


def _whole(least: int, most: int) -> tuple[Callable[[str], int], str]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) <= 12 and least <= int(value) <= most):
            raise ValueError
        return int(value)

    return parse, f"a whole number from {least} to {most:,}"


def _number(least: int, most: int) -> tuple[Callable[[str], float], str]:
    def parse(value: str) -> float:
        number = float(value[:32])
        if not (isfinite(number) and least <= number <= most):
            raise ValueError
        return number

    return parse, f"a number from {least} to {most}"


# The contract's ranges; a mode's own are known to whoever generates.
_VALUES: dict[str, tuple[Callable[[str], Any], str]] = {
    "negative_prompt": (str, "a text"),
    "mode": _one_of("t2v", "i2v", "ti2v"),
    "model": _one_of("t2v-A14B", "i2v-A14B", "ti2v-5B"),
    "resolution": _one_of("480p", "720p", "1080p"),
    "steps": _whole(1, 1000),
    "guidance": _number(1, 20),
    "seed": _whole(0, 2**32 - 1),
    "extension": _one_of("continue", "loop"),
    "visual": _one_of("footage", "auto", "template"),
}


def _key(text: str) -> str:
    return text.lower().replace("-", "_")


def _quoted(value: str) -> str:
    shown = value if len(value) <= _LONGEST_SHOWN else f"{value[: _LONGEST_SHOWN - 1]}…"
    return f"“{shown}”"
