"""Formulas in markdown: what stands between dollars is TeX, in which no sign is markup."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from services.story.formula import FORMULA
from services.story.text import Span, Text

KIND = "formula"
"""The type of the inline token; its content is the TeX."""

_DISPLAYED = re.compile(r"\$\$([^$]{1,1000})\$\$")
_MOST_LINES = 40


def formulas_plugin(parser: MarkdownIt) -> None:
    """Have a parser read `$x$` and `$$x$$` within lines, and `$$` on lines of their own as a paragraph."""
    parser.inline.ruler.before("escape", KIND, _inline)
    parser.block.ruler.before(
        "fence", KIND, _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def shown(tex: str) -> Text:
    """A formula as it stands on the screen, in one line."""
    line = " ".join(tex.split())
    return Text.of(f"${line}$", ("formula", line))


def marked(text: str) -> Text:
    """A text that is not markdown, with the formulas in it."""
    return Text(text, tuple(Span(*match.span(), "formula", match[1]) for match in FORMULA.finditer(text)))


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$":
        return False
    found = _DISPLAYED.match(state.src, state.pos) or FORMULA.match(state.src, state.pos)
    if found is None or found.end() > state.posMax or not found[1].strip():
        return False
    if not silent:
        state.push(KIND, "", 0).content = found[1]
    state.pos = found.end()
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines from one that starts with two dollars to one that ends with them; a blank line ends them, too."""
    if state.is_code_block(start) or not _line(state, start).startswith("$$"):
        return False
    last = start
    while (last == start and _line(state, last) == "$$") or not _line(state, last).endswith("$$"):
        last += 1
        if (
            last >= min(end, start + _MOST_LINES)
            or state.isEmpty(last)
            or state.sCount[last] < state.blkIndent
        ):
            return False
    text = "\n".join(_line(state, line) for line in range(start, last + 1))
    if not _DISPLAYED.fullmatch(text) or not text.strip("$").strip():
        return False
    if silent:
        return True
    state.line = last + 1
    state.push("paragraph_open", "p", 1).map = [start, state.line]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = text, [start, state.line], []
    state.push("paragraph_close", "p", -1)
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
