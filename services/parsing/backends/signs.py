"""Signs that other dialects of markdown know: ==highlights==, H~2~O and x^2^."""

from __future__ import annotations

import re

_HIGHLIGHT = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,200})(?<=[^\s=])==(?![=\w])")
_LOWERED = re.compile(r"(?<=[\w)\]])~([0-9+-]{1,8})~(?!~)")
_RAISED = re.compile(r"(?<=[\w)\]])\^([0-9+-]{1,8})\^(?!\^)")

_SUBSCRIPTS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


def plain_signs(text: str) -> tuple[str, list[str]]:
    """A text with these signs as a reader sees them, and what it highlights.

    Only numbers are lowered and raised: letters have no such signs in Unicode.
    """
    highlighted = _HIGHLIGHT.findall(text)
    text = _HIGHLIGHT.sub(r"\1", text)
    text = _LOWERED.sub(lambda match: match[1].translate(_SUBSCRIPTS), text)
    return _RAISED.sub(lambda match: match[1].translate(_SUPERSCRIPTS), text), highlighted
