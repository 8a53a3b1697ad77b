"""The inside of a markdown block: its text line by line, and what the source set off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from services.parsing.backends import formulas
from services.parsing.backends.addresses import addresses
from services.parsing.backends.html_styles import paired, styles
from services.parsing.backends.signs import plain_signs, shifted
from services.parsing.backends.silent import hushed
from services.parsing.backends.tags import attribute, is_badge, known
from services.parsing.sentences import goes_on, sentences
from services.story.text import Kind, Text, joined

LONGEST_ADDRESS = 2000
"""Characters of a link's address in the contract; text that links farther is not a link on a card."""

Style = tuple[Kind, str]
"""What is open around a text: its kind, and an address where it is a link."""

_UNSPACED = "\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_JOIN = re.compile(rf"(?<=[{_UNSPACED}])\n(?=[{_UNSPACED}])")
_WORDS = re.compile(r"[^\W_]")
_SHIFT = re.compile(r"<(/?)(su[bp])\b")
_KINDS: dict[str, Kind] = {"strong": "strong", "em": "emphasis", "s": "struck_out"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: the text it stands for, whether it is a badge, and whether a sentence says that text.

    `address` is where it lies, as the document writes it, `title` what it is called there.
    """

    alt: str
    badge: bool = False
    said: bool = False
    address: str = ""
    title: str = ""


@dataclass(slots=True)
class Line:
    """A line; `hard` tells that a break ends it, `around` what goes on beyond its end.

    `tagged` tells that the break is HTML's, which may stand within a sentence.
    """

    hard: bool = False
    tagged: bool = False
    around: tuple[Style, ...] = ()
    _lead: list[Text] = field(default_factory=list)
    _rest: list[Text] = field(default_factory=list)
    _leading: bool = True
    _blank: bool = True  # the lead has nothing to see
    _named: bool = False  # the lead has words

    def say(self, text: Text, *, leads: bool) -> None:
        """Append a text; `leads` tells that a line which starts with it is set off by it."""
        words = any(map(str.isalnum, text.text))
        if self._leading and (leads or (not words and self._blank)):
            self._lead.append(text)
            self._blank = self._blank and not text.text.strip()
            self._named = self._named or words
            return
        if self._leading and not self._named:
            self._lead, self._rest = [], self._lead
        self._leading = False
        self._rest.append(text)

    @property
    def lead(self) -> Text:
        """The bold text, code or link the line starts with."""
        return joined(self._lead, "")

    @property
    def text(self) -> Text:
        """The line without markup."""
        return joined((*self._lead, *self._rest), "").collapsed()


@dataclass(slots=True)
class Inline:
    """What a block says."""

    lines: list[Line] = field(default_factory=lambda: [Line()])
    links: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchored: int = 0
    plain: int = 0
    strong: int = 0
    spoken: int = 0

    @property
    def text(self) -> Text:
        """Everything as one line."""
        return joined(self.flows()).collapsed()

    @property
    def headline(self) -> bool:
        """Tell whether all words are bold."""
        return self.strong > 0 and self.plain == 0

    @property
    def anchors(self) -> bool:
        """Tell whether all words are links into the document itself."""
        return self.anchored > 0 and self.anchored == self.spoken

    @property
    def gallery(self) -> bool:
        """Tell whether there is nothing but images."""
        return bool(self.pictures) and self.spoken == 0

    def flows(self) -> list[Text]:
        """The text between hard breaks; other line ends are joined as the script wants it."""
        flows: list[Text] = []
        parts: list[Text] = []
        for line, after in zip(self.lines, [*self.lines[1:], Line()], strict=False):
            text = line.text
            parts += (text, Text.of("\n", *line.around)) if text else ()
            if line.hard and not (line.tagged and goes_on(text.text, after.text.text)):
                flows.append(_flow(parts))
                parts = []
        flows.append(_flow(parts))
        return [flow for flow in flows if flow]

    def sentences(self) -> tuple[Text, ...]:
        """The sentences; a hard break ends one."""
        return tuple(sentence for flow in self.flows() for sentence in sentences(flow))


def _flow(parts: Sequence[Text]) -> Text:
    return joined(parts, "").strip().sub(_JOIN, "").collapsed()


def read(tokens: Sequence[Token]) -> Inline:
    """Read the children of an inline token."""
    tokens, silent = hushed(tokens)
    spoken = any(token.type in ("text", "code_inline") and _WORDS.search(token.content) for token in tokens)
    inline = _Reader(pictures=not spoken).read(tokens)
    inline.silent = silent
    return inline


class _Reader:
    """Walks over inline tokens; images stand alone when `pictures`, else for their text."""

    def __init__(self, *, pictures: bool) -> None:
        self._into = Inline()
        self._pictures = pictures
        self._open: list[Style] = []
        self._hrefs: list[str] = []
        self._shift = ""  # the tag, sup or sub, that is open

    def read(self, tokens: Sequence[Token]) -> Inline:
        closing = paired(tokens)
        opened: dict[int, int] = {}  # how many styles a closing tag ends
        for index, token in enumerate(tokens):
            found = styles(token.content) if index in closing else ()
            self._open += found
            opened[closing.get(index, -1)] = len(found)
            for _ in range(opened.get(index, 0)):
                self._open.pop()
            self._take(token)
        return self._into

    def _take(self, token: Token) -> None:
        match token.type:
            case "text" | "text_special":
                shift = self._shift
                self._say(Text(shifted(token.content, shift)) if shift else plain_signs(Text(token.content)))
            case "code_inline":
                self._say(Text.of(token.content, ("code", "")), leads=True)
            case "softbreak" | "hardbreak":
                self._break(hard=token.type == "hardbreak")
            case "strong_open" | "em_open" | "s_open":
                self._open.append((_KINDS[token.type.removesuffix("_open")], ""))
            case "strong_close" | "em_close" | "s_close":
                self._open.pop()
            case "link_open":
                self._open_link(str(token.attrs.get("href", "")))
            case "link_close":
                self._hrefs.pop()
                self._open.pop()
            case "image":
                alt = read(token.children or ()).text.text
                attributes = token.attrs
                self._picture(alt, str(attributes.get("src", "")), str(attributes.get("title", "")))
            case formulas.KIND:
                self._say(formulas.shown(token.content))
            case "html_inline" if known(token.content):
                self._tag(token.content)
            case "html_inline":  # `Vec<T>` is no HTML
                self._say(Text(token.content))
            case "footnote_ref":
                self._into.notes.append(str(token.meta["label"]))

    def _say(self, text: Text, *, leads: bool = False) -> None:
        words = sum(map(str.isalnum, text.text))
        strong = any(kind == "strong" for kind, _ in self._open)
        self._into.spoken += words
        self._into.strong += words if strong else 0
        self._into.plain += 0 if strong else words
        self._into.anchored += words if self._hrefs and self._hrefs[-1].startswith("#") else 0
        self._into.links += addresses(text.text)
        # A lead is bold, code or a link; a mark such as an emoji may stand before it.
        leads = leads or strong or bool(self._hrefs)
        self._into.lines[-1].say(text.within(*filter(_shown, self._open)), leads=leads)

    def _break(self, *, hard: bool, tagged: bool = False) -> None:
        line = self._into.lines[-1]
        line.hard, line.tagged = hard, tagged
        line.around = tuple(filter(_shown, self._open))
        self._into.lines.append(Line())

    def _open_link(self, href: str) -> None:
        self._hrefs.append(href)
        self._open.append(("link", href))
        if href.startswith(("http://", "https://")):
            self._into.links.append(href)

    def _picture(self, alt: str, source: str, title: str = "") -> None:
        badge = is_badge(source, linked=bool(self._hrefs))
        if self._pictures or badge or not alt:
            self._into.pictures.append(Picture(alt, badge, address=source, title=" ".join(title.split())))
        else:
            self._say(Text(alt))
            self._into.pictures.append(Picture(alt, said=True))
        if badge and self._hrefs:
            href = self._hrefs[-1]
            self._into.links = [link for link in self._into.links if link != href]

    def _tag(self, html: str) -> None:
        lower = html[:12].lower()
        if lower.startswith("<!--"):
            self._into.comments.append(html.removeprefix("<!--").removesuffix("-->").strip())
        elif lower.startswith("<br"):
            self._break(hard=True, tagged=True)
        elif shift := _SHIFT.match(lower):
            self._shift = "" if shift[1] else shift[2]
        elif lower.startswith("<img"):
            self._picture(attribute(html, "alt"), attribute(html, "src"), attribute(html, "title"))


def _shown(style: Style) -> bool:
    """Tell whether a card can hold a style: its address is there, and not too long."""
    return style[0] != "link" or 0 < len(style[1]) <= LONGEST_ADDRESS
