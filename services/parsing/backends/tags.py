"""HTML inside markdown: the tags go, the text stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from services.parsing.backends.signs import shifted
from services.parsing.sentences import goes_on

_BREAKING = frozenset(
    {"p", "div", "br", "li", "tr", "dt", "dd", "summary", "details", "section", "article", "header", "footer"}
    | {"ul", "ol", "table", "thead", "tbody", "caption", "figure", "figcaption", "center", "blockquote", "hr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "pre", "nav", "aside", "main", "form", "address", "option"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BADGE = re.compile(r"shields\.io|badge|travis-ci|codecov|coveralls|circleci|/workflows/", re.IGNORECASE)
_SILENT = {"script": "a script", "style": "a style sheet", "template": "a template"}

_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr acronym area audio b bdi bdo big body button canvas cite code col colgroup data del dfn em "
        "embed font head html i iframe img input ins kbd label link map mark meta meter object output path "
        "picture progress q s samp script select small source span strike strong style sub sup svg td "
        "template textarea tfoot th time title tt u var video wbr",
    )
)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a block of HTML.

    Args:
        kind: `heading`, `text`, `row` (cells joined by semicolons), `item`, `image`, `comment` or `silent`.
        text: What it says; for `silent`, what is not said.
        line: How many lines below the block's first it starts.
        level: Of a heading.
        badge: Of an image: it is a status badge.
        address: Of an image: where it lies.
        title: Of an image: what it is called.
    """

    kind: str
    text: str
    line: int
    level: int = 0
    badge: bool = False
    address: str = ""
    title: str = ""


def pieces(html: str) -> list[Piece]:
    """The parts of a block of HTML, which may be a fragment: tags may be open, or closed elsewhere."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finish()


def known(tag: str) -> bool:
    """Tell whether a tag is one of HTML's, or no tag at all (a comment, a declaration)."""
    named = _TAG.match(tag)
    return named is None or named[1].lower() in _BREAKING | _INLINE


def is_badge(source: str, *, linked: bool) -> bool:
    """Tell whether an image's address is that of a status badge, which says nothing about the subject."""
    address = source[:500]
    return bool(_BADGE.search(address)) or (linked and address.partition("?")[0].endswith(".svg"))


def attribute(tag: str, name: str) -> str:
    """The value of a tag's attribute; empty when it has none."""
    found: list[str] = []

    class Tag(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for key, value in attrs if key == name)

    Tag().feed(tag)
    return found[0] if found else ""


class _Reader(HTMLParser):
    """Collects text between the tags that break it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[Piece] = []
        self._text: list[str] = []
        self._kind = "text"
        self._level = 0
        self._line = 0
        self._silent = ""
        self._links = 0
        self._broken = False  # a <br> stands before what comes
        self._shift = ""

    def finish(self) -> list[Piece]:
        """The pieces; what is still open ends here."""
        # An unfinished tag at the end of a fragment is text to a reader who sees it.
        if self.rawdata:
            self.handle_data(self.rawdata)
        self._flush()
        return self._pieces

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._flush()
            self._silent = tag
        elif tag in ("td", "th"):
            if any(text.strip() for text in self._text):
                self._text.append("; ")
        elif tag == "br" and self._level:
            self._text.append(" ")
        elif tag == "br":
            self._broken = True
        elif tag in _BREAKING:
            self._flush()
            self._level = _HEADINGS.get(tag, 0)
            self._kind = "heading" if self._level else {"tr": "row", "li": "item"}.get(tag, "text")
        elif tag in ("sup", "sub"):
            self._shift = tag
        elif tag == "a":
            self._links += 1
        elif tag == "img":
            self._image(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == "br":  # it breaks where it starts
            return
        if tag in _SILENT or tag in _BREAKING:
            self._flush()
            self._silent = ""
            self._kind = "text"
            self._level = 0
        elif tag == self._shift:
            self._shift = ""
        elif tag == "a":
            self._links = max(0, self._links - 1)

    def handle_data(self, data: str) -> None:
        if self._broken and data.strip():
            self._broken = False
            if goes_on("".join(self._text).rstrip(), data.lstrip()):
                self._text.append(" ")
            else:
                self._end()
        data = shifted(data, self._shift) if self._shift else data
        if not any(text.strip() for text in self._text):
            self._line = self.getpos()[0] - 1 + data[: len(data) - len(data.lstrip())].count("\n")
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self._flush()
        self._pieces.append(Piece("comment", " ".join(data.split()), self.getpos()[0] - 1))

    def handle_decl(self, decl: str) -> None:
        self._pieces.append(Piece("comment", decl, self.getpos()[0] - 1))

    def handle_pi(self, data: str) -> None:
        self._pieces.append(Piece("comment", data, self.getpos()[0] - 1))

    def unknown_decl(self, data: str) -> None:
        self._pieces.append(Piece("comment", data, self.getpos()[0] - 1))

    def _image(self, attrs: dict[str, str | None]) -> None:
        alt, source = " ".join((attrs.get("alt") or "").split()), attrs.get("src") or ""
        if self._level:
            self._text.append(f" {alt} ")
            return
        if self._broken:
            self._broken = False
            self._end()
        badge = is_badge(source, linked=self._links > 0)
        title = " ".join((attrs.get("title") or "").split())
        line = self.getpos()[0] - 1
        self._pieces.append(Piece("image", alt, line, badge=badge, address=source, title=title))

    def _flush(self) -> None:
        """End the text so far, at the edge of a block."""
        self._broken = False
        self._shift = ""
        self._end()

    def _end(self) -> None:
        text = " ".join("".join(self._text).split()).strip("; ")
        self._text = []
        if text:
            kind = "silent" if self._silent else self._kind
            self._pieces.append(Piece(kind, text, self._line, self._level))
