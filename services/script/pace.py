"""How long a text takes to speak, about."""

from __future__ import annotations

import re
from datetime import timedelta

WORDS_PER_MINUTE = 165
"""Narration at an easy pace; recorded books are read at 150 to 160, conversation is faster."""

IDEOGRAPHS_PER_SECOND = 4.5
"""Han and kana, a syllable each: Mandarin is spoken at 5.2 syllables a second (Pellegrino, Coupé and
Marsico, Language 87, 2011); an eighth less leaves room for pauses between clauses."""

_IDEOGRAPH = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def estimated_duration(text: str) -> timedelta:
    """The time a voice takes, from the number of words, and of characters where they are not spaced."""
    rest, ideographs = _IDEOGRAPH.subn(" ", text)
    words = sum(any(map(str.isalnum, token)) for token in rest.split())
    return timedelta(
        milliseconds=round(words * 60_000 / WORDS_PER_MINUTE + ideographs * 1000 / IDEOGRAPHS_PER_SECOND)
    )
