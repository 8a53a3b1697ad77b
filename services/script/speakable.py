"""Text as it stands in a document becomes text as it is spoken."""

from __future__ import annotations

import re
import unicodedata

from services.script.english import spell_out

_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}\)")
_MARKUP = re.compile(r"\*\*|~~|`+|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|^\s{0,3}#{1,6}\s+", re.MULTILINE)
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
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ARROWS = re.compile(r" ?(?:[←-⇿⟵-⟿➔-➾]|(?<![-<=])(?:-{1,9}|={1,9})>|<-{1,9}(?![->=])) ?")
_DASHES = re.compile(r"\s+[-–—]{1,3}\s+|(?<=\w)--+(?=\w)")
_REPEATED = re.compile(r"([!?,;:。！？、，؟،؛])(?:\s{0,3}[!?,;:。！？、，؟،؛])+")
_DOTS = re.compile(r"\.(?:\s?\.){1,}|…{2,}")
_SPACE_BEFORE = re.compile(r" +([,.;:!?…](?: |$)|[。！？、，：；）」』】》])")
_LEADING = re.compile(r"^(?:[\s,.;:!?–—•·|/\\_=+*~>…]|-(?!\d))+(?=\S)")
_EMPTY = re.compile(r"\(\s{0,5}\)|\[\s{0,5}\]|\{\s{0,5}\}|\"\s{0,5}\"|“\s{0,5}”")

_ENDS = ".!?…:;。！？：；।؟۔።։"
_CLOSERS = "\"'”’»)]}）」』】》"

LONGEST = 5000
"""Characters of a segment in the contract."""


def is_english(language: str) -> bool:
    """Tell whether a tag (BCP 47) is English of any region."""
    return language.partition("-")[0].casefold() == "en"


def speakable(text: str, *, language: str) -> str:
    """A text as a voice should read it; "" when it holds nothing that can be said.

    In English abbreviations, addresses, units and symbols become words; in other languages what cannot
    be said is taken out. Letters and digits are never lost, except those of an address behind its host
    and of a link's target.
    """
    if not any(map(str.isalnum, text)):
        return ""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = "".join(" " if unicodedata.category(sign) == "Cc" and sign != "\n" else sign for sign in text)
    text = _MARKUP.sub("", _LINK.sub(r"\1", _TASK.sub("", text)))
    text, english = " ".join(text.split()), is_english(language)
    text = _ADDRESS.sub(lambda match: _host(match.group(), english=english), text)
    text = _ARROWS.sub(" to " if english else " – ", text)
    text = _PICTURES.sub(" ", text)
    text = _DASHES.sub(" — ", text)
    text = spell_out(text) if english else text.replace("_", " ").replace("|", ", ")
    return _tidy(text)


def ended(text: str) -> str:
    """A text with a mark at its end that makes a voice pause."""
    body = text.rstrip().rstrip(",—–-/").rstrip()
    if not body or body.rstrip(_CLOSERS)[-1:] in _ENDS:
        return body
    return body + ("。" if unicodedata.east_asian_width(body[-1]) in ("W", "F") else ".")


def pieces(text: str) -> list[str]:
    """A text in parts of at most 5,000 characters, cut at spaces where there are some."""
    found = []
    while len(text) > LONGEST:
        cut = text.rfind(" ", 1, LONGEST + 1)
        cut = cut if cut > 0 else LONGEST
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in (*found, text) if part]


def _host(address: str, *, english: bool) -> str:
    """The host of an address, and the punctuation that follows the address in its sentence."""
    bare = address.rstrip(_TRAILING)
    host = re.split(r"[/?#]", bare.partition("://")[2] or bare, maxsplit=1)[0].rpartition("@")[2]
    host = host.removeprefix("www.").partition(":")[0]
    return (host.replace(".", " dot ") if english else host) + address[len(bare) :]


def _tidy(text: str) -> str:
    text = _EMPTY.sub(" ", " ".join(text.split()))
    text = _DOTS.sub(lambda match: "." if match.group() == ".." else "…", _REPEATED.sub(_strongest, text))
    text = _SPACE_BEFORE.sub(r"\1", " ".join(text.split()))
    text = _LEADING.sub("", text).strip()
    return text if any(map(str.isalnum, text)) else ""


def _strongest(match: re.Match[str]) -> str:
    """Of repeated marks the one a voice should follow."""
    marks = match.group()
    return next((mark for mark in "?？؟!！。:;" if mark in marks), match[1])
