"""How formulas are said: the simple ones in English words, all others by what they are."""

from __future__ import annotations

from services.story.formula import spoken

_NAMED = {
    "en": "a formula",
    "de": "eine Formel",
    "fr": "une formule",
    "es": "una fórmula",
    "it": "una formula",
    "pt": "uma fórmula",
    "nl": "een formule",
}


def told(tex: str, *, language: str) -> str:
    """What is said of a formula; "" in a language (BCP 47) without a word for it, where it stays."""
    primary = language.partition("-")[0].casefold()
    return (spoken(tex) if primary == "en" else "") or _NAMED.get(primary, "")
