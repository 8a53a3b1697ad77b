"""Front matter: the lines before a document's text that are for programs, and the title among them."""

from __future__ import annotations

import re
import tomllib

_FENCE = "+++"
_YAML_TITLE = re.compile(r"title\s*:\s*(\S.*)", re.IGNORECASE)
_TOML_TITLE = re.compile(r"[\"']?title[\"']?\s*=", re.IGNORECASE)


def cut_toml(text: str) -> tuple[str, str]:
    """TOML between two lines `+++` at the start of a text, and the text with empty lines in its place.

    The lines of the text keep their numbers. A text without closed TOML is left whole, with "" before it.
    """
    first, *rest = text.split("\n")
    if first.rstrip() != _FENCE:
        return "", text
    end = next((n for n, line in enumerate(rest) if line.rstrip() == _FENCE), None)
    if end is None:
        return "", text
    return "\n".join(rest[:end]), "\n" * (end + 2) + "\n".join(rest[end + 1 :])


def yaml_title(line: str) -> str:
    """The title that a line of YAML gives, not indented; "" when it gives none."""
    found = _YAML_TITLE.fullmatch(line.rstrip())
    return " ".join(found.group(1).split()).strip("\"'") if found else ""


def toml_title(line: str) -> str:
    """The title that a line of TOML gives; "" when it gives none, or not as text in one line."""
    if not _TOML_TITLE.match(line.strip()):
        return ""
    try:
        (value,) = tomllib.loads(line.strip()).values()
    except (ValueError, RecursionError):
        return ""
    return " ".join(value.split()) if isinstance(value, str) else ""
