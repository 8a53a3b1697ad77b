"""Text as it stands in a document becomes text as it is spoken, and knows how it was written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from services.script.english import Rule, spell_out
from services.script.formulas import told
from services.script.reading import Reading
from services.story.spelling import Spelling
from services.story.text import Edit, Text

_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}\)")
_MARKUP = re.compile(r"\*\*|~~|`+|(?<!\w)\*(?=[^\s.])|(?<=[^\s/])\*(?!\w)|^\s{0,3}#{1,6}\s+", re.MULTILINE)
_TASK = re.compile(r"^\s{0,8}(?:[-*+•·▪◦]\s+)?(?:\[[ xX]\]\s+)?")
_ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"'`|]{1,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}…\"'»”’"

# Pictures, their modifiers and the marks that join them; symbols that are drawn, not said.
_PICTURES = re.compile(
    "["
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2500-\u25ff"
    "\ufe0e\ufe0f\u20e3\U000e0000-\U000e007f\u3030\u303d\u3297\u3299™®©"
    "]+\u200d?"
)
# Behind a name these signs are drawn only; where they stand for themselves they are said.
_OWNED = re.compile(r"(?<![^\s(\[\"'“‘])([™®©])")
_OWNERS = {"™": "trademark", "®": "registered", "©": "copyright"}
_INDEX = re.compile(r"(?<=\w)\[(\d{1,3})\]")
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ARROWS = re.compile(r" ?(?:[←-⇿⟵-⟿➔-➾]|<[-=]{1,9}>|(?<![-<=])(?:-{1,9}|={1,9})>|<-{1,9}(?![->=])) ?")
_DASHES = re.compile(r"\s+[-–—]{1,3}\s+|(?<=\w)--+(?=\w)")
_REPEATED = re.compile(r"([!?,;:。！？、，؟،؛])(?:\s{0,3}[!?,;:。！？、，؟،؛])+")
_DOTS = re.compile(r"\.(?:\s?\.){1,}|…{2,}")
_SPACE_BEFORE = re.compile(r" +([,.;:!?…](?: |$)|[。！？、，：；）」』】》])")
_LEADING = re.compile(r"^(?:[\s,.;:!?–—•·|/\\_=+*~>…]|-(?!\d))+(?=\S)")
_UP_DOWN = {"↑": "up", "⇑": "up", "↓": "down", "⇓": "down", "↕": "up and down"}
_SPACES = re.compile(r"\s+")
_OUTER = re.compile("^ | $")
_UNSAID = re.compile("_")
_BARS = re.compile(r"\|")
_EMPTY = re.compile(r"\(\s{0,5}\)|\[\s{0,5}\]|\{\s{0,5}\}|\"\s{0,5}\"|“\s{0,5}”")

_TRAILING_MARKS = ",—–-/"
_ENDS = ".!?…:;。！？：；।؟۔።։"
_CLOSERS = "\"'”’»)]}）」』】》"

LONGEST = 5000
"""Characters of a segment in the contract."""


def is_english(language: str) -> bool:
    """Tell whether a tag (BCP 47) is English of any region."""
    return language.partition("-")[0].casefold() == "en"


def speakable(text: Text, *, language: str, before: Sequence[Rule] = ()) -> Reading:
    """A text as a voice should read it; its text is "" when it holds nothing that can be said.

    What is struck out is left out. Formulas are told, code is said as code, and the rules in `before` are
    kept. Then in English abbreviations, addresses, units and symbols become words; in other languages what
    cannot be said is taken out. Letters and digits are never lost, except those of an address behind its host
    and of a link's target. What is written is the text without its markup.
    """
    plain, english = _plain(text), is_english(language)
    reading = Reading.of(plain.text)
    if not _audible(reading.text):
        return Reading.of("")
    reading = reading.edited(_by_kind(plain, language))
    for pattern, said in before:
        reading = reading.sub(pattern, said)
    reading = reading.sub(_ADDRESS, lambda match: _host(match.group(), english=english))
    reading = reading.sub(_ARROWS, _arrow if english else " – ")
    if english:
        reading = reading.sub(_OWNED, _owner)
    reading = reading.sub(_PICTURES, " ")
    reading = reading.sub(_DASHES, " — ")
    reading = spell_out(reading) if english else reading.sub(_UNSAID, " ").sub(_BARS, ", ")
    reading = _tidy(reading)
    return reading if _audible(reading.text) else Reading.of("")


def ended(reading: Reading) -> Reading:
    """A reading with a mark at its end that makes a voice pause."""
    body = reading.text.rstrip().rstrip(_TRAILING_MARKS).rstrip()
    if body and body.rstrip(_CLOSERS)[-1:] not in _ENDS:
        body += "。" if unicodedata.east_asian_width(body[-1]) in ("W", "F") else "."
    return reading.ended(body, _TRAILING_MARKS)


def pieces(text: str, spellings: tuple[Spelling, ...] = ()) -> list[tuple[str, tuple[Spelling, ...]]]:
    """A text in parts of at most 5,000 characters, cut at spaces where there are some, with their spellings.

    A spelling that a cut goes through is left out.
    """
    found, done = [], 0
    while len(text) - done > LONGEST:
        cut = text.rfind(" ", done + 1, done + LONGEST + 1)
        cut = cut if cut > 0 else done + LONGEST
        found.append((done, cut))
        done = cut + len(text[cut:]) - len(text[cut:].lstrip())
    found.append((done, len(text)))
    return [
        (
            text[start:end].rstrip(),
            tuple(
                spelling.moved(-start)
                for spelling in spellings
                if start <= spelling.char_start and spelling.char_end <= end
            ),
        )
        for start, end in found
        if text[start:end].strip()
    ]


def _plain(text: Text) -> Text:
    """A text in one line, without markup and without characters that are neither seen nor heard."""
    text = text.without("struck_out").normalized().sub(_INVISIBLE, "").sub(_CONTROLS, " ")
    return text.sub(_TASK, "").sub(_LINK, r"\1").sub(_MARKUP, "").collapsed()


def _by_kind(text: Text, language: str) -> Iterator[Edit]:
    """What is said of formulas, and of the indices of code: `a[1]` does not cite a source."""
    for span in text.of_kind("formula", "code"):
        if span.kind == "formula" and (said := told(span.value, language=language)):
            yield span.start, span.end, said
        elif span.kind == "code":
            for index in _INDEX.finditer(text.text, span.start, span.end):
                yield *index.span(), f" {index[1]}"


def _arrow(match: re.Match[str]) -> str:
    """An arrow by where it points; one in front of a line is a bullet."""
    arrow = match.group().strip()
    if match.start() == 0 and arrow not in _UP_DOWN:
        return ""
    if arrow in _UP_DOWN:
        return f" {_UP_DOWN[arrow]} "
    both = arrow in "↔⇔⟷⟺" or (arrow[0] == "<" and arrow[-1] == ">")
    return " to and from " if both else " from " if arrow[0] in "←⇐⟵⟸<" else " to "


def _owner(match: re.Match[str]) -> str:
    return _OWNERS[match[1]] + (" " if match.string[match.end() : match.end() + 1].isalnum() else "")


def _audible(text: str) -> bool:
    return any(map(str.isalnum, text))


def _host(address: str, *, english: bool) -> str:
    """The host of an address, and the punctuation that follows the address in its sentence."""
    bare = address.rstrip(_TRAILING)
    host = re.split(r"[/?#]", bare.partition("://")[2] or bare, maxsplit=1)[0].rpartition("@")[2]
    host = host.removeprefix("www.").partition(":")[0]
    return (host.replace(".", " dot ") if english else host) + address[len(bare) :]


def _tidy(reading: Reading) -> Reading:
    reading = _spaced(reading).sub(_EMPTY, " ")
    reading = reading.sub(_REPEATED, _strongest).sub(_DOTS, lambda m: "." if m.group() == ".." else "…")
    return _spaced(_spaced(reading).sub(_SPACE_BEFORE, r"\1")).sub(_LEADING, "")


def _spaced(reading: Reading) -> Reading:
    """The reading with words apart by single spaces."""
    return reading.sub(_SPACES, " ").sub(_OUTER, "")


def _strongest(match: re.Match[str]) -> str:
    """Of repeated marks the one a voice should follow."""
    marks = match.group()
    return next((mark for mark in "?？؟!！。:;" if mark in marks), match[1])
