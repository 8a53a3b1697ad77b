"""The inside of a markdown block: its text line by line, and what the source set off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from services.parsing.backends import formulas
from services.parsing.backends.addresses import addresses
from services.parsing.backends.signs import plain_signs, shifted
from services.parsing.backends.silent import hushed
from services.parsing.backends.tags import attribute, is_badge, known
from services.parsing.sentences import goes_on, sentences

LONGEST_PHRASE = 200
"""Characters of a key phrase in the contract."""

_UNSPACED = "\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_JOIN = re.compile(rf"(?<=[{_UNSPACED}])\n(?=[{_UNSPACED}])")
_WORDS = re.compile(r"[^\W_]")
_SHIFT = re.compile(r"<(/?)(su[bp])\b")
_PLAIN_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: the text it stands for, whether it is a badge, and whether a sentence says that text."""

    alt: str
    badge: bool = False
    said: bool = False


@dataclass(slots=True)
class Line:
    """A line; `lead` is the bold text, code or link it starts with, `hard` tells that a break ends it.

    `tagged` tells that the break is HTML's, which may stand within a sentence.
    """

    lead: str = ""
    rest: str = ""
    hard: bool = False
    tagged: bool = False
    leading: bool = True

    @property
    def text(self) -> str:
        """The line without markup."""
        return " ".join((self.lead + self.rest).split())


@dataclass(slots=True)
class Inline:
    """What a block says."""

    lines: list[Line] = field(default_factory=lambda: [Line()])
    phrases: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
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
    def text(self) -> str:
        """Everything as one line."""
        return " ".join(" ".join(self.flows()).split())

    @property
    def code(self) -> tuple[str, ...]:
        """The phrases set as code; no plain words that the text uses as words, too."""
        text = Counter(_PLAIN_WORD.findall(self.text))
        return tuple(code for code, times in self.codes.items() if text[code] <= times)

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

    def flows(self) -> list[str]:
        """The text between hard breaks; other line ends are joined as the script wants it."""
        flows, open_lines = [], []
        for line, after in zip(self.lines, [*self.lines[1:], Line()], strict=False):
            open_lines.append(line.text)
            if line.hard and not (line.tagged and goes_on(line.text, after.text)):
                flows.append(_joined(open_lines))
                open_lines = []
        flows.append(_joined(open_lines))
        return [flow for flow in flows if flow]

    def sentences(self) -> tuple[str, ...]:
        """The sentences; a hard break ends one."""
        return tuple(sentence for flow in self.flows() for sentence in sentences(flow))


def _joined(lines: Sequence[str]) -> str:
    return " ".join(_JOIN.sub("", "\n".join(line for line in lines if line)).split())


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
        self._strong = 0
        self._hrefs: list[str] = []
        self._phrase: list[str] | None = None
        self._shift = ""  # the tag, sup or sub, that is open

    def read(self, tokens: Sequence[Token]) -> Inline:
        for token in tokens:
            self._take(token)
        return self._into

    def _take(self, token: Token) -> None:
        match token.type:
            case "text" | "text_special":
                if self._shift:
                    self._say(shifted(token.content, self._shift))
                else:
                    self._say(self._unmarked(token.content))
            case "code_inline":
                self._say(token.content, lead=True)
                self._note_phrase(token.content)
                self._note_code(" ".join(token.content.split()))
            case "softbreak" | "hardbreak":
                self._break(hard=token.type == "hardbreak")
            case "strong_open":
                self._strong += 1
                self._phrase = [] if self._phrase is None else self._phrase
            case "strong_close":
                self._strong -= 1
                self._end_phrase()
            case "link_open":
                self._open_link(str(token.attrs.get("href", "")))
            case "link_close":
                self._hrefs.pop()
                self._end_phrase()
            case "image":
                self._picture(read(token.children or ()).text, str(token.attrs.get("src", "")))
            case formulas.KIND:
                formula = formulas.shown(token.content)
                self._say(formula)
                self._note_code(formula)
            case "html_inline" if known(token.content):
                self._tag(token.content)
            case "html_inline":  # `Vec<T>` is no HTML
                self._say(token.content)
            case "footnote_ref":
                self._into.notes.append(str(token.meta["label"]))

    def _say(self, text: str, *, lead: bool = False) -> None:
        line, words = self._into.lines[-1], sum(map(str.isalnum, text))
        if self._phrase is not None:
            self._phrase.append(text)
        self._into.spoken += words
        self._into.strong += words if self._strong else 0
        self._into.plain += 0 if self._strong else words
        self._into.anchored += words if self._hrefs and self._hrefs[-1].startswith("#") else 0
        self._into.links += addresses(text)
        # A lead is bold, code or a link; a mark such as an emoji may stand before it.
        lead = lead or self._strong > 0 or bool(self._hrefs)
        if line.leading and (lead or (not words and not line.lead.strip())):
            line.lead += text
        else:
            if line.leading and not any(map(str.isalnum, line.lead)):
                line.rest, line.lead = line.lead, ""
            line.leading = False
            line.rest += text

    def _unmarked(self, text: str) -> str:
        """A text without the marks of other dialects; what they highlight is a key phrase."""
        text, highlighted = plain_signs(text)
        for phrase in highlighted:
            self._note_phrase(phrase)
        return text

    def _break(self, *, hard: bool, tagged: bool = False) -> None:
        self._into.lines[-1].hard, self._into.lines[-1].tagged = hard, tagged
        self._into.lines.append(Line())

    def _open_link(self, href: str) -> None:
        self._hrefs.append(href)
        self._phrase = [] if self._phrase is None else self._phrase
        if href.startswith(("http://", "https://")):
            self._into.links.append(href)

    def _end_phrase(self) -> None:
        if not self._strong and not self._hrefs and self._phrase is not None:
            self._note_phrase("".join(self._phrase))
            self._phrase = None

    def _note_phrase(self, text: str) -> None:
        phrase = " ".join(text.split()).strip(" :,;")
        if 1 < len(phrase) <= LONGEST_PHRASE and not phrase.startswith("http"):
            self._into.phrases.append(phrase)

    def _note_code(self, code: str) -> None:
        if 1 < len(code) <= LONGEST_PHRASE:
            self._into.codes[code] += 1

    def _picture(self, alt: str, source: str) -> None:
        badge = is_badge(source, linked=bool(self._hrefs))
        if self._pictures or badge or not alt:
            self._into.pictures.append(Picture(alt, badge))
        else:
            self._say(alt)
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
            self._picture(attribute(html, "alt"), attribute(html, "src"))
