"""What is written short in English and said in full: abbreviations, units, symbols, names of files."""

from __future__ import annotations

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

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

_UNITS = {
    "ns": "nanosecond",
    "µs": "microsecond",
    "μs": "microsecond",
    "ms": "millisecond",
    "min": "minute",
    "kB": "kilobyte",
    "KB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "KiB": "kibibyte",
    "MiB": "mebibyte",
    "GiB": "gibibyte",
    "TiB": "tebibyte",
    "kbit": "kilobit",
    "Mbit": "megabit",
    "Gbit": "gigabit",
    "dB": "decibel",
    "px": "pixel",
    "mm": "millimeter",
    "cm": "centimeter",
    "km": "kilometer",
    "kg": "kilogram",
    "fps": "frame per second",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "°": "degree",
    "%": "percent",
}
_UNCHANGED = ("hertz", "percent")
"""How the names end that have no plural."""
_PER = {"s": "second", "min": "minute", "h": "hour", "d": "day"}
_MONEY = {"$": "dollar", "€": "euro", "£": "pound"}

_EXTENSIONS = (
    "py|pyi|ipynb|md|rst|txt|toml|yaml|yml|json|jsonl|js|jsx|ts|tsx|mjs|css|html|htm|xml|svg|sh|bash|c|h|cc|cpp|hpp|"
    "cs|rs|go|rb|php|java|kt|swift|sql|proto|lock|cfg|conf|ini|env|csv|tsv|pdf|doc|docx|png|jpg|jpeg|gif|webp|mp3|"
    "mp4|wav|flac|mkv|webm|zip|tar|gz|whl|log|db|exe|bin|so|dll|tf|ipa|apk"
)
_DOMAINS = "com|org|net|io|dev|ai|edu|gov|app|co\\.uk"


def _alternatives(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _unit(match: re.Match[str]) -> str:
    number, unit, per = match["number"], _UNITS[match["unit"]], match["per"]
    if not unit.endswith(_UNCHANGED) and number != "1":
        first, space, rest = unit.partition(" ")
        unit = f"{first}s{space}{rest}"
    return f"{number} {unit}" + (f" per {_PER[per]}" if per else "")


def _money(match: re.Match[str]) -> str:
    name = _MONEY[match[1]]
    scale = f" {match[3]}" if match[3] else ""
    return f"{match[2]}{scale} {name if match[2] == '1' and not scale else name + 's'}"


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


def _path(match: re.Match[str]) -> str:
    """A path is said with its slashes, two words between which one may choose are not."""
    text: str = match.group()
    parts = [part for part in text.split("/") if part]
    said = " slash " if len(parts) > 2 or text[0] in "/.~" or text.endswith("/") or "_" in text else " "
    return said.join(parts)


_RULES: tuple[Rule, ...] = (
    (re.compile(r"\[\d{1,3}\]"), ""),
    (re.compile(r"\b([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,4})\b"), r"\1 at \2"),
    (re.compile(rf"\b(?:[\w-]{{1,63}}\.){{1,4}}(?:{_DOMAINS})\b(?!\.\w)(?:/[^\s,;)\]]{{0,500}})?"), _domain),
    (re.compile(rf"\b({_alternatives(_TITLES)})\.(?=\s)"), lambda m: _TITLES[m[1]]),
    (re.compile(rf"(?<![\w.])({_alternatives(_SHORT)})\.(?!\w)", re.IGNORECASE), _short),
    (re.compile(r"\bvs\b"), "versus"),
    (re.compile(r"\bNo\.(?=\s?\d)"), "Number"),
    (re.compile(r"(?<!\w)w/o\b"), "without"),
    (re.compile(r"(?<!\w)w/(?=\s?\w)"), "with "),
    (re.compile(r"\bC\+\+"), "C plus plus"),
    (re.compile(r"\b([CF])#"), r"\1 sharp"),
    (re.compile(r"(?<!\w)v(\d{1,6}(?:\.\d{1,6}){0,5})(?!\w)"), r"version \1"),
    (
        re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w.]*\d)"),
        r"\1 dot \2 dot \3 dot \4",
    ),
    (re.compile(r"\b(localhost|\d{1,3}(?: dot \d{1,3}){3}):(\d{2,5})\b"), r"\1 port \2"),
    (re.compile(r"([$€£])(\d[\d,]{0,20}(?:\.\d{1,6})?)(?:\s?(million|billion|trillion)\b)?"), _money),
    (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), " by "),
    (re.compile(r"(?<=\d)\s?[x×](?!\w)"), " times"),
    (re.compile(r"(?<![\w.,-])(\d{1,9}(?:\.\d{1,6})?)[–-](?=\d{1,9}(?:\.\d{1,6})?(?![\w-]))"), r"\1 to "),
    (
        re.compile(
            rf"(?<![\w.])(?P<number>\d[\d,]{{0,20}}(?:\.\d{{1,9}})?)[\s-]?(?P<unit>{_alternatives(_UNITS)})"
            rf"(?:/(?P<per>{_alternatives(_PER)}))?(?![\w°])"
        ),
        _unit,
    ),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) s(?!\w)"), r"\1 seconds"),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) h(?!\w)"), r"\1 hours"),
    (re.compile(r"\b1 (second|hour)s\b"), r"1 \1"),
    (re.compile(rf"(?<=\w)/({_alternatives(_PER)})(?![\w/])"), lambda m: f" per {_PER[m[1]]}"),
    (re.compile(r"\b24/7\b"), "24 7"),
    (re.compile(r"(?<![\w/.])(\d{1,9})\s?/\s?(\d{1,9})(?![\w/])"), r"\1 over \2"),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), " times "),
    (re.compile(r"~/"), "home/"),
    (
        re.compile(
            r"(?<![\w/])(?:\.{0,2}/)?[\w.@+-]{1,80}(?:/[\w.@+-]{1,80}){1,12}/?|(?<![\w/])/[\w.-]{1,80}"
        ),
        _path,
    ),
    (re.compile(rf"(?<=\w)\.(?=(?:{_EXTENSIONS})\b(?!\())"), " dot "),
    (re.compile(r"(?<![\w.])\.(?=[A-Za-z]\w{1,40}\b)"), "dot "),
    (re.compile(r"(?<=[A-Za-z_])\.(?=[A-Za-z_])(?!\w\.)"), " dot "),
    (re.compile(r"(?<![\w-])--(?=[A-Za-z])"), "dash dash "),
    (re.compile(r"(?<!\S)-(?=[A-Za-z]\b)"), "dash "),
    (re.compile(r" / "), ", "),
    (re.compile(r"(?<=\w)\(\)"), ""),
    (re.compile(r"<([A-Za-z][\w .:-]{0,60})/?>"), r" \1 "),
    (re.compile(r"\s?(?:≥|>=)\s?"), " at least "),
    (re.compile(r"\s?(?:≤|<=)\s?"), " at most "),
    (re.compile(r"\s?(?:≠|!=)\s?"), " is not "),
    (re.compile(r"\s?={1,3}\s?"), " equals "),
    (re.compile(r"(?:≈|~)\s?(?=\d)"), "about "),
    (re.compile(r"±\s?"), "plus or minus "),
    (re.compile(r"\s?÷\s?"), " divided by "),
    (re.compile(r"\s?&{1,2}\s?"), " and "),
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"\s?%"), " percent"),
    (re.compile(r"(?<!\w)\+(?=\d)"), "plus "),
    (re.compile(r"(?<=\w) \+ (?=\w)|(?<=\w)\+(?=\w)"), " plus "),
    (re.compile(r"(?<=\d)\+(?!\w)"), " or more"),
    (re.compile(r"(?<!\w)< ?(?=\d)|(?<=\w) < ?(?=\w)"), " less than "),
    (re.compile(r"(?<!\w)> ?(?=\d)|(?<=\w) > ?(?=\w)"), " more than "),
    (re.compile(r"(?<=\w)\[([\w, .-]{0,60})\]"), r" \1"),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
    (re.compile(r"\s?\|\s?"), ", "),
    (re.compile(r"[_\\{}\[\]<>*^~`@#$=]+"), " "),
)
"""In this order: what is longest first, single signs last. All repetition is bounded."""


def spell_out(text: str) -> str:
    """An English text with what is written short said in full."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
