"""Addresses that stand in running text, without the punctuation of their sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\[\]|]{1,490}")
_TRAILING = ".,;:!?…*_~”’»。，、！？；："


def addresses(text: str) -> Iterator[str]:
    """The web addresses of a text, in order, each at most 498 characters.

    A full stop, comma or closing bracket that ends the address belongs to the sentence around it; brackets
    that the address opens itself stay.
    """
    for match in _ADDRESS.finditer(text):
        address = _balanced(match.group()).rstrip(_TRAILING)
        if not address.endswith("//"):
            yield address


def _balanced(address: str) -> str:
    """An address up to the first closing bracket that it did not open."""
    depth = 0
    for at, sign in enumerate(address):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return address[:at]
    return address
