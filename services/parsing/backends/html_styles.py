"""Tags of HTML inside a line of markdown that set their text off: `<del>`, `<code>`, `<i lang="fr">`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from services.parsing.backends.tags import attribute
from services.story.text import Kind

_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*?(/?)>")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_LONGEST_LANGUAGE = 35
_VOID = frozenset({"area", "br", "col", "embed", "img", "input", "link", "meta", "source", "wbr"})
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("em", "i"), "emphasis"),
    **dict.fromkeys(("b", "mark", "strong"), "strong"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
    **dict.fromkeys(("del", "s", "strike"), "struck_out"),
}


def styles(tag: str) -> tuple[tuple[Kind, str], ...]:
    """What an opening tag makes of its text, each kind with its value; nothing for other tags."""
    found = _NAME.match(tag)
    if found is None or found[1]:
        return ()
    kind = _KINDS.get(found[2].lower())
    language = attribute(tag, "lang") if "lang" in tag.lower() else ""
    made: list[tuple[Kind, str]] = []
    if len(language) <= _LONGEST_LANGUAGE and _LANGUAGE.fullmatch(language):
        made.append(("foreign", language))
    if kind:
        made.append((kind, ""))
    return tuple(made)


def paired(tokens: Sequence[Token]) -> dict[int, int]:
    """The inline tokens that are opening tags, each with the one that closes it within the same markup.

    A tag that nothing closes, or that is closed outside of the markup it stands in, is not among them.
    """
    pairs: dict[int, int] = {}
    around: list[list[tuple[str, int]]] = [[]]  # the open tags, by the markup they are in
    for index, token in enumerate(tokens):
        if token.nesting == 1:
            around.append([])
        elif token.nesting == -1 and len(around) > 1:
            around.pop()
        elif token.type == "html_inline" and (found := _NAME.match(token.content)):
            name, opened = found[2].lower(), around[-1]
            if found[1]:
                last = next((n for n in range(len(opened) - 1, -1, -1) if opened[n][0] == name), None)
                if last is not None:
                    pairs[opened[last][1]] = index
                    del opened[last:]
            elif not found[3] and name not in _VOID:
                opened.append((name, index))
    return pairs
