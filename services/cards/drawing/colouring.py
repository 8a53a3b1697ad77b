"""Code in colours: Pygments' tokens, in a palette for a dark window where names stay quiet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Token,
    _TokenType,
)
from pygments.util import ClassNotFound

from services.cards.drawing.ink import Colour
from services.cards.drawing.theme import rgb

WINDOW, TITLE_BAR, RULE = rgb("0f1729"), rgb("151f36"), rgb("24304a")
NUMBERS, LABEL = rgb("7b8aa1"), rgb("a3b1c6")
DOTS = (rgb("ff5f57"), rgb("febc2e"), rgb("28c840"))

PLAIN = rgb("dbe4f0")

COLOURS: dict[_TokenType, Colour] = {
    Token: PLAIN,
    Comment: rgb("8593aa"),
    Comment.Preproc: rgb("c792ea"),
    Error: PLAIN,
    Keyword: rgb("c792ea"),
    Keyword.Constant: rgb("f0a46c"),
    Keyword.Type: rgb("ecc57c"),
    Name: PLAIN,
    Name.Attribute: rgb("ecc57c"),
    Name.Builtin: rgb("5cc8d7"),
    Name.Builtin.Pseudo: rgb("a9b9d6"),
    Name.Class: rgb("ecc57c"),
    Name.Constant: rgb("f0a46c"),
    Name.Decorator: rgb("6fb3f7"),
    Name.Exception: rgb("ecc57c"),
    Name.Function: rgb("6fb3f7"),
    Name.Function.Magic: rgb("6fb3f7"),
    Name.Namespace: rgb("dbe4f0"),
    Name.Tag: rgb("f2858f"),
    Literal: rgb("f0a46c"),
    Number: rgb("f0a46c"),
    String: rgb("a5d67f"),
    String.Doc: rgb("8fbf7a"),
    String.Escape: rgb("5cc8d7"),
    String.Interpol: rgb("5cc8d7"),
    Operator: rgb("7fc4e8"),
    Operator.Word: rgb("c792ea"),
    Punctuation: rgb("a9b9d6"),
    Generic.Deleted: rgb("f2858f"),
    Generic.Inserted: rgb("a5d67f"),
    Generic.Heading: rgb("6fb3f7"),
    Generic.Subheading: rgb("c792ea"),
    Generic.Prompt: rgb("5cc8d7"),
    Generic.Output: rgb("a9b9d6"),
}
"""The colour of a kind of token; kinds not named take that of the kind they belong to."""

BOLD = frozenset({Keyword, Name.Class, Name.Function, Generic.Heading})

CHARACTERS_MOST = 20_000
"""A longer listing stays plain, so that no lexer has long to work."""


@cache
def colour_of(kind: _TokenType) -> Colour:
    """A token's colour."""
    while kind not in COLOURS:
        kind = kind.parent or Token
    return COLOURS[kind]


def lexer(language: str) -> Lexer:
    """The lexer of a language by its name, for example `python`; plain text where there is none."""
    name = language.strip().lower()
    try:
        found: Lexer = get_lexer_by_name(name, stripnl=False)
    except ClassNotFound:
        found = TextLexer(stripnl=False)
    return found


def label(language: str) -> str:
    """A language as people write it: `Python` for `python`; what stands there where it is unknown."""
    found = lexer(language)
    return language.strip() if isinstance(found, TextLexer) else str(found.name)


def lines(code: str, language: str) -> Iterator[list[tuple[str, Colour, bool]]]:
    """Each line of a listing as (text, colour, bold), without its line break."""
    found = lexer(language if len(code) <= CHARACTERS_MOST else "text")
    line: list[tuple[str, Colour, bool]] = []
    body = code.removesuffix("\n") + "\n"  # many lexers know a comment's end by the line break
    for kind, value in found.get_tokens(body):
        for n, part in enumerate(value.split("\n")):
            if n:
                yield line
                line = []
            if part:
                line.append((part, colour_of(kind), kind in BOLD))
