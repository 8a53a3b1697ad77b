"""Addresses: those in running text, without the punctuation of their sentence, and those of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\[\]|]{1,490}")
_IMAGE = re.compile(r"!\[[^\[\]]{0,1000}\]\(\s{0,9}(?:<([^<>\n]{1,500})>|([^\s()<>\[\]]{1,500}))")
_TAG = re.compile(r"<img\b[^<>]{0,1000}?\bsrc\s{0,9}=\s{0,9}[\"']([^\"'<>\n]{1,500})", re.IGNORECASE)
_TARGET = re.compile(r"^ {0,3}\[[^\[\]\n]{1,300}\]:[ \t]{0,9}<?([^\s<>]{1,500})", re.MULTILINE)
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
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


def file_names(address: str) -> tuple[str, ...]:
    """The names by which a file may have come that an image's address means; none of an address elsewhere."""
    if "://" in address or address.startswith(("data:", "//", "#")):
        return ()
    names = (address, unquote(address))
    return tuple(dict.fromkeys(short for name in names for short in (name, name.removeprefix("./")) if short))


def pictured(text: str) -> tuple[str, ...]:
    """The files that the images of a markdown document are in, by their paths from it, each once.

    They are found by their looks, before anybody reads the document: it may be more than are shown.
    """
    found = [match[1] or match[2] for match in _IMAGE.finditer(text)]
    found += (match[1] for match in _TAG.finditer(text))
    found += (match[1] for match in _TARGET.finditer(text) if match[1].lower().endswith(_ENDINGS))
    return tuple(dict.fromkeys(names[-1] for address in found if (names := file_names(address))))


def _balanced(address: str) -> str:
    """An address up to the first closing bracket that it did not open."""
    depth = 0
    for at, sign in enumerate(address):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return address[:at]
    return address
