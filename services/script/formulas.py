"""How formulas are said: the simple ones in English words, all others by what they are."""

from __future__ import annotations

from services.script.reading import Reading
from services.story.formula import FORMULA, spoken

_NAMED = {
    "en": "a formula",
    "de": "eine Formel",
    "fr": "une formule",
    "es": "una fórmula",
    "it": "una formula",
    "pt": "uma fórmula",
    "nl": "een formule",
}


def told(reading: Reading, *, language: str) -> Reading:
    """The reading with its formulas told; in a language (BCP 47) without a word for them they stay."""
    primary = language.partition("-")[0].casefold()
    named = _NAMED.get(primary)
    if named is None:
        return reading
    return reading.sub(FORMULA, lambda match: (spoken(match[1]) if primary == "en" else "") or named)
