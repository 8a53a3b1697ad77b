"""What is written short in English and said in full: abbreviations, addresses, numbers and signs."""

from __future__ import annotations

import re

from services.script.numbers import NUMBERS, alternatives
from services.script.reading import Reading, Said
from services.script.signs import SIGNS

Rule = tuple[re.Pattern[str], Said]

_TITLES = {
    "Dr": "Doctor",
    "Mr": "Mister",
    "Mrs": "Missus",
    "Prof": "Professor",
    "Fig": "Figure",
    "Eq": "Equation",
    "Sec": "Section",
    "Vol": "Volume",
    "Jr": "Junior",
    "Sr": "Senior",
}

_SHORT = {
    "e.g": "for example",
    "i.e": "that is",
    "cf": "compare",
    "vs": "versus",
    "approx": "approximately",
    "a.k.a": "also known as",
    "resp": "respectively",
    "incl": "including",
    "etc": "et cetera",
}

_DOMAINS = "com|org|net|io|dev|ai|edu|gov|app|co\\.uk"


def _short(match: re.Match[str]) -> str:
    word = _SHORT[match[1].casefold()]
    word = word.capitalize() if match[1][0].isupper() else word
    ends = match.end() == len(match.string) or (
        match[1].casefold() == "etc" and match.string[match.end() :].lstrip()[:1].isupper()
    )
    return f"{word}." if ends else word


def _domain(match: re.Match[str]) -> str:
    """A host without a scheme, and the full stop of its sentence."""
    address: str = match.group()
    host = address.partition("/")[0]
    return host.replace(".", " dot ") + ("." if "/" in address and address.endswith(".") else "")


_RULES: tuple[Rule, ...] = (
    # The number of a source; a code's index of 0 is none.
    (re.compile(r"(?<=\w)\[0\]"), " 0"),
    (re.compile(r"\[\d{1,3}\]"), ""),
    (re.compile(r"\b([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,4})\b"), r"\1 at \2"),
    (re.compile(rf"\b(?:[\w-]{{1,63}}\.){{1,4}}(?:{_DOMAINS})\b(?!\.\w)(?:/[^\s,;)\]]{{0,500}})?"), _domain),
    (re.compile(rf"\b({alternatives(_TITLES)})\.(?=\s)"), lambda m: _TITLES[m[1]]),
    (re.compile(rf"(?<![\w.])({alternatives(_SHORT)})\.(?!\w)", re.IGNORECASE), _short),
    (re.compile(r"\bvs\b"), "versus"),
    (re.compile(r"\bNo\.(?=\s?\d)"), "Number"),
    (re.compile(r"(?<!\w)w/o\b"), "without"),
    (re.compile(r"(?<!\w)w/(?=\s?\w)"), "with "),
    (re.compile(r"\bC\+\+"), "C plus plus"),
    (re.compile(r"\b([CF])#"), r"\1 sharp"),
    (re.compile(r"(?<=\w)\+\+(?!\w)"), " plus plus"),
    (re.compile(r"(?<=\w)--(?=[;,)\s]|$)"), " minus minus"),
    *NUMBERS,
    *SIGNS,
)
"""Words first, then numbers, then signs. All repetition is bounded."""


def spell_out(reading: Reading) -> Reading:
    """An English text with what is written short said in full."""
    for pattern, said in _RULES:
        reading = reading.sub(pattern, said)
    return reading
