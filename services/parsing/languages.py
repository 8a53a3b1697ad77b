"""A cheap guess of the language of a text, for those who forgot to say that it is not English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

FEWEST_WORDS = 40
"""Below it a text is too short to tell its language by."""

_MOST_WORDS = 5000
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{1,40}")

_SCRIPTS = (
    ("Russian", "ru", "\u0400-\u052f"),
    ("Greek", "el", "\u0370-\u03ff\u1f00-\u1fff"),
    ("Hebrew", "he", "\u0590-\u05ff"),
    ("Arabic", "ar", "\u0600-\u06ff\u0750-\u077f"),
    ("Hindi", "hi", "\u0900-\u097f"),
    ("Thai", "th", "\u0e00-\u0e7f"),
    ("Korean", "ko", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"),
    ("Japanese", "ja", "\u3040-\u30ff"),
    ("Chinese", "zh", "\u3400-\u9fff\uf900-\ufaff"),
)
"""Scripts by the language that most texts in them are in, and its tag."""

_PATTERNS = {tag: re.compile(f"[{letters}]") for _, tag, letters in _SCRIPTS}
_NAMES = {tag: name for name, tag, _ in _SCRIPTS}
_NAMES |= {"uk": "Ukrainian", "fa": "Persian"}
_NAMES |= {
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
}

_FREQUENT = {
    "en": "the of and to a in is it that for on with as are be this by or from you not have an at which",
    "de": "der die das und ist nicht ein eine den dem mit von zu auf für im sich des wird auch als sind ich",
    "fr": "le la les des et est un une du dans que qui pour pas sur au avec ce il en par sont plus vous nous",
    "es": "el la los las de y es un una que en no por con para se del al lo como más su son está pero",
    "it": "il la di e è un una che in non per con si del della le i sono da come più anche gli nel lo",
    "pt": "o a os as de e é um uma que em não por com para se do da no na como mais são dos ao",
    "nl": "de het een en van is niet dat op te zijn met voor er in aan die ook als om maar door bij wordt ik",
}
"""The commonest words of a language; they are a third to a half of any running text."""

_WORDS = {tag: frozenset(words.split()) for tag, words in _FREQUENT.items()}
_CLEAR_SHARE = 0.2
_CLEAR_LEAD = 1.5


def other_than_english(texts: Iterable[str], *, language: str) -> tuple[str, ...]:
    """The sentence that names the language a text looks to be in; none in a job that is not in English.

    Args:
        texts: What is told; the first 5,000 words are looked at.
        language: The job's (BCP 47); "" is English.
    """
    if language.partition("-")[0].casefold() not in ("", "en"):
        return ()
    words = list(islice((word for text in texts for word in _WORD.findall(text.casefold())), _MOST_WORDS))
    tag = _by_script("".join(words)) or _by_words(words)
    return (f"The text looks {_NAMES[tag]}; `--language {tag}` chooses a voice for it.",) if tag else ()


def _by_script(letters: str) -> str:
    """The language of the script that most letters are of; "" for Latin ones, and for few."""
    counts = {tag: len(pattern.findall(letters)) for tag, pattern in _PATTERNS.items()}
    # Japanese mixes two scripts, and Chinese uses one of them alone.
    if counts["ja"] * 10 > counts["zh"]:
        counts["ja"] += counts.pop("zh")
    tag = max(counts, key=counts.__getitem__)
    # Chinese and Japanese need two letters for a word, and spaced scripts about five.
    if counts[tag] < FEWEST_WORDS * (2 if tag in ("zh", "ja", "ko") else 4):
        return ""
    if counts[tag] * 10 < 6 * len(_LETTER.findall(letters)):
        return ""
    return _near("uk" if tag == "ru" else "fa" if tag == "ar" else tag, tag, letters)


def _near(near: str, tag: str, letters: str) -> str:
    """The language that shares a script with `tag` when its own letters are frequent, else `tag`."""
    own = {"uk": "іїєґ", "fa": "پچژگ"}.get(near, "")
    return near if own and sum(map(letters.count, own)) * 40 > len(letters) else tag


def _by_words(words: list[str]) -> str:
    """The language whose commonest words a text in Latin letters is made of; "" for English and any doubt."""
    if len(words) < FEWEST_WORDS:
        return ""
    counts = Counter(words)
    shares = {tag: sum(counts[word] for word in own) / len(words) for tag, own in _WORDS.items()}
    first, second, *_ = sorted(shares, key=shares.__getitem__, reverse=True)
    clear = shares[first] >= _CLEAR_SHARE and shares[first] >= _CLEAR_LEAD * shares[second]
    return first if clear and first != "en" else ""
