"""Signs that other dialects of markdown know: ==highlights==, H~2~O and x^2^, or HTML's <sub> and <sup>."""

from __future__ import annotations

import re

from services.story.text import Text, joined

_HIGHLIGHT = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,200})(?<=[^\s=])==(?![=\w])")
_LOWERED = re.compile(r"(?<=[\w)\]])~([0-9+-]{1,8})~(?!~)")
_RAISED = re.compile(r"(?<=[\w)\]])\^([0-9+-]{1,8})\^(?!\^)")

_DIGITS = re.compile(r"[0-9+-]{1,8}")
_SUBSCRIPTS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


def plain_signs(text: Text) -> Text:
    """A text with these signs as a reader sees them; what it highlights is strong.

    Only numbers are lowered and raised: letters have no such signs in Unicode.
    """
    if not any(sign in text.text for sign in "=~^"):
        return text
    parts: list[Text] = []
    done = 0
    for match in _HIGHLIGHT.finditer(text.text):
        parts += (text[done : match.start()], text[slice(*match.span(1))].within(("strong", "")))
        done = match.end()
    text = joined([*parts, text[done:]], "")
    text = text.sub(_LOWERED, lambda match: match[1].translate(_SUBSCRIPTS))
    return text.sub(_RAISED, lambda match: match[1].translate(_SUPERSCRIPTS))


def shifted(text: str, tag: str) -> str:
    """A text in <sup> or <sub> as x^2^ and H~2~O are shown; what is not a number or letter stays as it is."""
    if _DIGITS.fullmatch(text):
        return text.translate(_SUPERSCRIPTS if tag == "sup" else _SUBSCRIPTS)
    sign = "^" if tag == "sup" else "~"
    return f"{sign}{text}{sign}" if len(text) == 1 and text.isalpha() else text
