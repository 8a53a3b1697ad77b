"""Signs that other dialects of markdown know: ==highlights==, H~2~O and x^2^, or HTML's <sub> and <sup>."""

from __future__ import annotations

import re

_HIGHLIGHT = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,200})(?<=[^\s=])==(?![=\w])")
_LOWERED = re.compile(r"(?<=[\w)\]])~([0-9+-]{1,8})~(?!~)")
_RAISED = re.compile(r"(?<=[\w)\]])\^([0-9+-]{1,8})\^(?!\^)")

_DIGITS = re.compile(r"[0-9+-]{1,8}")
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


def shifted(text: str, tag: str) -> str:
    """A text in <sup> or <sub> as x^2^ and H~2~O are shown; what is no number or letter stays as it is."""
    if _DIGITS.fullmatch(text):
        return text.translate(_SUPERSCRIPTS if tag == "sup" else _SUBSCRIPTS)
    sign = "^" if tag == "sup" else "~"
    return f"{sign}{text}{sign}" if len(text) == 1 and text.isalpha() else text
