"""Numbers as they are said in English: dates, versions, ranges, fractions, powers, money and units."""

from __future__ import annotations

import re

from services.script.reading import Said

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
_SCALES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mio": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
}
"""Behind a price; in lower case."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_FRACTIONS = {
    "1/2": "one half",
    "1/3": "one third",
    "2/3": "two thirds",
    "1/4": "one quarter",
    "3/4": "three quarters",
    "1/5": "one fifth",
    "1/8": "one eighth",
    "1/10": "one tenth",
}
_DRAWN = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8", "⅒": "1/10"}
_LENGTHS = {"mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer"}

_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_NUMBER = r"\d{1,20}(?:,\d{2,3}){0,6}(?:\.\d{1,9})?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_SHORT_NUMBER = r"\d{1,9}(?:\.\d{1,6})?"


def alternatives(words: dict[str, str]) -> str:
    """A pattern of any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _unit(match: re.Match[str]) -> str:
    number, unit, per = match["number"], _UNITS[match["unit"]], match["per"]
    if not unit.endswith(_UNCHANGED) and number != "1":
        first, space, rest = unit.partition(" ")
        unit = f"{first}s{space}{rest}"
    return f"{number} {unit}" + (f" per {_PER[per]}" if per else "")


def _area(match: re.Match[str]) -> str:
    square = "square" if match[3] in "²2" else "cubic"
    return f"{match[1]} {square} {_LENGTHS[match[2]]}" + ("" if match[1] == "1" else "s")


def _coins(sign: str, number: str, *, scale: str = "") -> str:
    name, scale = _MONEY[sign], _SCALES.get(scale.casefold(), scale)
    scale = f" {scale}" if scale else ""
    return f"{number}{scale} {name if number == '1' and not scale else name + 's'}"


def _date(match: re.Match[str]) -> str:
    found = match.groupdict()
    year, month, day = found["year"], _MONTHS[int(found["month"]) - 1], found.get("day")
    said = f"{month} {int(day)}, {year}" if day else f"{month} {year}"
    return f"{said} at " if found.get("time") else said


def _fraction(match: re.Match[str]) -> str:
    """A fraction by its name; the whole number before it is added."""
    written = _DRAWN.get(match[2], match[2])
    said = _FRACTIONS[written.replace(" ", "")]
    return f"{match[1].strip()} and {said}" if match[1] else said


def _power(match: re.Match[str]) -> str:
    exponent = next(group for group in match.groups() if group).translate(_RAISED)
    named = {"2": " squared", "3": " cubed"}.get(exponent)
    return (named or f" to the power of {exponent.replace('-', 'minus ').replace('+', '')}") + (
        " " if match.string[match.end() : match.end() + 1].isalnum() else ""
    )


def _speed(match: re.Match[str]) -> str:
    return f"{match[1]} meter{'' if match[1] == '1' else 's'} per second"


def _share(match: re.Match[str]) -> str:
    """Two numbers with a slash between: parts of a hundred are named side by side, others divided."""
    halves = int(match[1]) + int(match[2]) == 100
    return f"{match[1]} {match[2]}" if halves else f"{match[1]} over {match[2]}"


def _digits(match: re.Match[str]) -> str:
    """A telephone number, digit by digit, with a pause where it is written apart."""
    groups = re.findall(r"\d+", match.group())
    return ("plus " if match.group().lstrip("(").startswith("+") else "") + ", ".join(map(" ".join, groups))


def _candidate(match: re.Match[str]) -> str:
    """A version that is not out yet."""
    return f"{match[1].replace('.', ' point ')} {match[2]}" + (f" {match[3]}" if match[3] else "")


def _dotted(match: re.Match[str]) -> str:
    return match.group().replace(".", " point ")


NUMBERS: tuple[tuple[re.Pattern[str], Said], ...] = (
    (
        re.compile(
            r"(?<![\w.,/(-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}(?![\w/-]|\.\d)"
            r"|(?<![\w.,/(-])\+\d{1,3}(?:[ .-]\d{2,4}){2,4}(?![\w/-]|\.\d)"
        ),
        _digits,
    ),
    (re.compile(rf"(?<![\w/.])(?P<year>\d{{4}})/(?P<month>0?[1-9]|1[0-2])/{_DAY}(?![\w/])"), _date),
    (re.compile(r"(?<![\w/.])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])"), r"\1 \2 \3"),
    (
        re.compile(
            r"(?<![\w-])(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"
            r"(?:(?P<time>T)(?=\d)|(?![\w-]))"
        ),
        _date,
    ),
    (re.compile(r"(?<![\w-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?![\w-]|\.\d)"), _date),
    (re.compile(r"(?<=\d:\d\d)Z(?!\w)"), " UTC"),
    (re.compile(r"\b([Vv]ersions?) v(?=\d)"), r"\1 "),
    (re.compile(r"(?<!\w)v(?=\d{1,6}(?:\.(?:\d{1,6}|x)){0,5}(?!\w))"), "version "),
    (
        re.compile(
            r"(?<![\w.,])(\d{1,6}(?:\.\d{1,6}){1,4})-(alpha|beta|rc|dev|pre|preview)[.-]?(\d{0,6})(?![\w-]|\.\d)"
        ),
        _candidate,
    ),
    (
        re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w.]*\d)"),
        r"\1 dot \2 dot \3 dot \4",
    ),
    (re.compile(r"\b(localhost|\d{1,3}(?: dot \d{1,3}){3}):(\d{2,5})\b"), r"\1 port \2"),
    (re.compile(r"(?<![\w.,])\d{1,6}(?:\.\d{1,6}){2,5}(?!\w|\.\d)"), _dotted),
    (re.compile(r"\bUS(?=\$\d)"), ""),
    (
        re.compile(
            rf"([$€£])({_NUMBER})({alternatives(_SCALES)})?\s?[–-]\s?\1?({_NUMBER})"
            rf"({alternatives(_SCALES)})?(?![\w-])",
            re.IGNORECASE,
        ),
        lambda m: " ".join(
            filter(
                None, (m[2], _SCALES.get((m[3] or "").casefold()), "to", _coins(m[1], m[4], scale=m[5] or ""))
            )
        ),
    ),
    (
        re.compile(
            rf"([$€£])({_NUMBER})(?:\s?(thousand|million|billion|trillion)\b|({alternatives(_SCALES)})\b)?",
            re.IGNORECASE,
        ),
        lambda m: _coins(m[1], m[2], scale=m[3] or m[4] or ""),
    ),
    (re.compile(rf"(?<![\w.,])({_NUMBER})\s?([$€£])(?!\w)"), lambda m: _coins(m[2], m[1])),
    (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), " by "),
    (re.compile(r"(?<=\d)\s?[x×](?!\w)"), " times"),
    (re.compile(rf"(?<![\w.,-])({_SHORT_NUMBER})[–-](?={_SHORT_NUMBER}(?![\w-]))"), r"\1 to "),
    (re.compile(rf"(?<=\d%)[–-](?={_SHORT_NUMBER}\s?%)"), " to "),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?)\s?(mm|cm|km|m)([²³]|\^[23]\b)"), _area),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?)\s?m/s(?=[²^]|(?!\w))"), _speed),
    (
        re.compile(
            rf"(?<![\w.])(?P<number>{_NUMBER})[\s-]?(?P<unit>{alternatives(_UNITS)})"
            rf"(?:/(?P<per>{alternatives(_PER)}))?(?![\w°])"
        ),
        _unit,
    ),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) s(?!\w)"), r"\1 seconds"),
    (re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) h(?!\w)"), r"\1 hours"),
    (re.compile(r"\b1 (second|hour)s\b"), r"1 \1"),
    (re.compile(rf"(?<=\w)/({alternatives(_PER)})(?![\w/])"), lambda m: f" per {_PER[m[1]]}"),
    (re.compile(r"\b24/7\b"), "24 7"),
    (
        re.compile(
            r"\b([Ss]tep|[Pp]age|[Pp]art|[Cc]hapter|[Ss]lide|[Pp]hase|[Rr]ound)\s?(\d{1,6})\s?/\s?(\d{1,6})(?![\w/])"
        ),
        r"\1 \2 of \3",
    ),
    (re.compile(rf"(?<![\w/.])(\d{{1,9}} )?({alternatives(_FRACTIONS)})(?![\w/.%-]|\.\d)"), _fraction),
    (re.compile(rf"(?<![^\W\d])(\d{{1,9}} ?)?({alternatives(_DRAWN)})(?!\w)"), _fraction),
    (re.compile(r"(?<![\w/.])(\d{1,9})\s?/\s?(\d{1,9})(?![\w/])"), _share),
    (re.compile(r"(?<=\w)~(\w{1,20})~(?=(\w?))"), lambda m: f" {m[1]}" + (" " if m[2] else "")),
    (
        re.compile(r"(?<=\w)([₀-₉₊₋]{1,20})(?=(\w?))"),
        lambda m: f" {m[1].translate(_LOWERED)}" + (" " if m[2] else ""),
    ),
    (re.compile(r"(?<=[\w)])(?:\^([+-]?\w{1,8})\^|\^\{?([+-]?\w{1,8})\}?|([⁰¹²³⁴-⁹⁺⁻ⁿ]{1,20}))"), _power),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), " times "),
    (re.compile(r"(?<=\w)\s?−\s(?=[\w(])"), " minus "),
    (re.compile(r"−\s?(?=\d)"), "minus "),
    (re.compile(r"\b([Aa]bout|[Aa]round|[Rr]oughly|[Aa]pproximately) [≈~]\s?(?=\d)"), r"\1 "),
    (re.compile(r"(?:≈|~)\s?(?=\d)"), "about "),
)
"""In this order: dates before ranges, prices before units. All repetition is bounded."""
