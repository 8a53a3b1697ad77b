"""Writing systems: which one a character belongs to, and what a person installs to see it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from PIL import features

CHINESE, JAPANESE, KOREAN = "Chinese", "Japanese", "Korean"
SIGNS, PRIVATE, UNKNOWN = "emoji and signs", "private", "unknown"

SAMPLES: Mapping[str, str] = {
    "Latin": "Aéłşđ",
    "Greek": "Ωάθ",
    "Cyrillic": "Яжї",
    CHINESE: "汉漢字",
    JAPANESE: "あア語",
    KOREAN: "한글",
    "Arabic": "عربي",
    "Hebrew": "עברית",
    "Devanagari": "कहि",
    "Bengali": "বা",
    "Tamil": "தமி",
    "Telugu": "తెలు",
    "Thai": "ไทย",
    "Georgian": "ქარ",
    "Armenian": "Հայ",
    "Ethiopic": "አማ",
    SIGNS: "🚀📦✨",
}
"""Characters without which a script cannot be read; who has these has the script."""

CJK, CORE, SYMBOLS, SHAPING = "cjk", "core", "symbols", "shaping"

SHAPES = bool(features.check("raqm"))
"""Text can be shaped: Pillow brings raqm and HarfBuzz along, and takes libfribidi from the system."""

UNSHAPED = frozenset(
    {"Latin", "Greek", "Cyrillic", "Georgian", "Armenian", "Ethiopic", CHINESE, JAPANESE, KOREAN}
)
"""Scripts whose letters stand one beside the other, from left to right."""

INSTALL: Mapping[str, str] = {
    CJK: "fonts-noto-cjk (Debian, Ubuntu), google-noto-sans-cjk-fonts (Fedora), noto-fonts-cjk (Arch) or "
    "font-noto-cjk (Alpine)",
    CORE: "fonts-noto-core (Debian, Ubuntu), google-noto-fonts-all (Fedora), noto-fonts (Arch) or "
    "font-noto-all (Alpine)",
    SYMBOLS: "fonts-symbola (Debian, Ubuntu), gdouros-symbola-fonts (Fedora)",
    SHAPING: "libfribidi0 (Debian, Ubuntu) or fribidi (Fedora, Arch, Alpine)",
}
"""The packages of fonts, and of the library that shapes text, by system."""

STAND_INS: Mapping[str, str] = {
    "✅": "✓", "✔": "✓", "☑": "✓", "🗸": "✓",
    "❌": "✗", "✖": "✗", "✘": "✗", "❎": "✗",
    "⭐": "★", "🌟": "★", "➜": "→", "➡": "→", "➔": "→", "⬅": "←", "⚫": "●", "⚪": "○", "☐": "□",
}  # fmt: skip
"""Signs that say the same in a shape the vendored faces have; drawn where no font has the sign itself."""

PLACEHOLDER = "□"
"""Drawn, once for each, in the place of letters that no font has."""

_RANGES = (
    (0x1100, 0x11FF, KOREAN),
    (0x2E80, 0x303F, CHINESE),
    (0x3040, 0x30FF, JAPANESE),
    (0x3100, 0x312F, CHINESE),
    (0x3130, 0x318F, KOREAN),
    (0x3190, 0x31EF, CHINESE),
    (0x31F0, 0x31FF, JAPANESE),
    (0x3200, 0x9FFF, CHINESE),
    (0xA960, 0xA97F, KOREAN),
    (0xAC00, 0xD7FF, KOREAN),
    (0xF900, 0xFAFF, CHINESE),
    (0xFE30, 0xFE4F, CHINESE),
    (0xFF00, 0xFFEF, CHINESE),
    (0x20000, 0x3FFFF, CHINESE),
)
# The words of a character's name that say what it is, after those that say which script it is of.
_KINDS = frozenset(
    {
        "LETTER", "SYLLABLE", "SYLLABICS", "VOWEL", "CONSONANT", "SIGN", "DIGIT", "NUMBER", "CAPITAL",
        "SMALL", "MARK", "INDEPENDENT", "DEPENDENT", "SUBJOINED", "HIEROGLYPH", "IDEOGRAPH", "SYMBOL", "TONE",
        "LIGATURE", "COMBINING", "POINT", "ACCENT", "PUNCTUATION",
    }
)  # fmt: skip
_NAMED_MOST = 3


def script_of(char: str) -> str:
    """The writing system of a character, in people's words: `Arabic`, `Chinese`, `emoji and signs`."""
    category = unicodedata.category(char)
    if category in ("Co", "Cn", "Cs"):
        return PRIVATE if category == "Co" else UNKNOWN
    for first, last, script in _RANGES:
        if first <= ord(char) <= last:
            return script
    if category[0] in "SZC" or category == "No" or 0x2000 <= ord(char) <= 0x2BFF:
        return SIGNS
    words = unicodedata.name(char, "").split(" ")
    own = next((words[:n] for n, word in enumerate(words) if word in _KINDS), words[:1])
    return " ".join(own).capitalize() or UNKNOWN


def is_cjk(char: str) -> bool:
    """Whether a character is of Chinese, Japanese or Korean type."""
    return script_of(char) in (CHINESE, JAPANESE, KOREAN)


def needs_shaping(char: str) -> bool:
    """Whether a character is a letter that joins, stacks or runs to the left."""
    return unicodedata.category(char)[0] == "L" and char > "\u02ff" and script_of(char) not in UNSHAPED


def package_for(char: str) -> str:
    """Which group of INSTALL brings a character; empty where none is known to help."""
    if not SHAPES and needs_shaping(char):
        return SHAPING
    if is_cjk(char):
        return CJK
    script = script_of(char)
    if script in (PRIVATE, UNKNOWN):
        return ""
    return SYMBOLS if script == SIGNS else CORE


def lacking(*missing: Iterable[str]) -> list[str]:
    """One sentence for each package that would bring characters which no font has.

    Args:
        missing: The different characters of each text, in the order in which they were met. Kana in a
            text tell that its Han characters are Japanese.
    """
    by_package: dict[str, dict[str, str]] = {}
    for chars in missing:
        found = {char: script_of(char) for char in chars}
        japanese = JAPANESE in found.values()
        for char, script in found.items():
            own = JAPANESE if japanese and script == CHINESE else script
            by_package.setdefault(package_for(char), {}).setdefault(char, own)
    return [_sentence(package, scripts) for package, scripts in by_package.items()]


def _sentence(package: str, scripts: Mapping[str, str]) -> str:
    """What lacks from a package, given the script of each character."""
    by_script: dict[str, list[str]] = {}
    for char, script in scripts.items():
        by_script.setdefault(script, []).append(char)
    said = [f"{script}: {_some(chars)}" for script, chars in by_script.items()][:_NAMED_MOST]
    named = "; ".join(said) + ("; and others" if len(by_script) > _NAMED_MOST else "")
    if package == SHAPING:
        return f"this machine cannot shape text ({named}); install {INSTALL[SHAPING]}"
    count = "1 character has" if len(scripts) == 1 else f"{len(scripts)} characters have"
    remedy = f"{INSTALL[package]}, or any font with them" if package else "a font with them"
    return f"{count} no font on this machine ({named}); install {remedy}"


def _some(chars: list[str]) -> str:
    return " ".join(map(_shown, chars[:_NAMED_MOST])) + (" …" if len(chars) > _NAMED_MOST else "")


def _shown(char: str) -> str:
    """A character as a report may show it; its number where it would not stand alone."""
    alone = unicodedata.category(char)[0] in "LNSP"
    return char if alone else f"U+{ord(char):04X}"
