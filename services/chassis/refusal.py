"""Why a setting's value is refused, in words: what is allowed, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

MEANT = "meant"
"""The key in a field's `json_schema_extra` of words that people write, each with the one that it means."""

_LONGEST = 200
"""Characters of a value that are looked at."""

_NEAR = 0.6
"""How alike a word must be to one that is allowed, of 1; `t3v` and `t2v` are alike by 0.67."""

_NAMED = re.compile(r"`([^`]+)`")
_SENTENCE = re.compile(r"\.\s")
_BETWEEN = re.compile(r"[,\s]+")


def refusal(problem: Mapping[str, Any], field: FieldInfo | None) -> str:
    """What is wrong with a value, as one clause that never holds the value: it may be a secret.

    Args:
        problem: What pydantic found, its `input` included.
        field: The setting; None where nobody knows which it is.
    """
    said, more = str(problem["msg"]), ""
    if field is None:
        return said
    match problem["type"]:
        case "string_pattern_mismatch":
            said, more = "this is not one of its values", _SENTENCE.split(field.description or "")[0]
        case "bool_parsing" | "bool_type":
            said = "Input should be 1 or 0"
    near = _near(str(problem.get("input", "")), field)
    told = f"{said}; did you mean {near}?" if near else said
    return f"{told.rstrip('.')}{'' if near else '.'} {more.rstrip('.')}" if more else told


def _near(value: str, field: FieldInfo) -> str:
    """The allowed word that a wrong one in a value looks like, or is known to mean; "" without one."""
    allowed = _allowed(field)
    if not allowed or SecretStr in (field.annotation, *get_args(field.annotation)):
        return ""
    extra = field.json_schema_extra
    meant = extra.get(MEANT) if isinstance(extra, dict) else None
    known = {word.lower(): word for word in allowed} | (meant if isinstance(meant, dict) else {})
    for word in _BETWEEN.split(value[:_LONGEST].strip()):
        if word in allowed:
            continue
        near = get_close_matches(word.lower(), known, n=1, cutoff=_NEAR)
        if near:
            return str(known[word.lower()] if word.lower() in known else known[near[0]])
    return ""


def _allowed(field: FieldInfo) -> list[str]:
    """The words that a setting can be: those of its type, and those in backticks in its description."""
    of_type = [word for word in get_args(field.annotation) if isinstance(word, str)]
    return of_type or [word for word in _NAMED.findall(field.description or "") if not _BETWEEN.search(word)]
