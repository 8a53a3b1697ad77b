"""Scripts and style sheets inside a line of markdown, which no reader sees."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

_TAG = re.compile(r"<(/?)(script|style|template)\b", re.IGNORECASE)


def hushed(tokens: Sequence[Token]) -> tuple[list[Token], list[str]]:
    """Inline tokens without those from `<script>`, `<style>` or `<template>` to its end, and their texts.

    A tag that nothing closes hides nothing: its paragraph speaks of it.
    """
    marks = [_mark(token) for token in tokens]
    closing = {name: at for at, (name, closes) in enumerate(marks) if closes}
    kept: list[Token] = []
    silent: list[str] = []
    inside = ""
    for at, (token, (name, closes)) in enumerate(zip(tokens, marks, strict=True)):
        if not inside and name and not closes and closing.get(name, -1) > at:
            inside = name
            silent.append("")
        elif inside and closes and name == inside:
            inside = ""
        elif inside:
            silent[-1] += token.content or " "
        else:
            kept.append(token)
    return kept, [" ".join(text.split()) for text in silent]


def _mark(token: Token) -> tuple[str, bool]:
    """The name of a tag that hides text, "" for other tokens, and whether it closes."""
    found = _TAG.match(token.content) if token.type == "html_inline" else None
    return (found[2].lower(), found[1] == "/") if found else ("", False)
