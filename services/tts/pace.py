"""How long a text is to speak, roughly: the measure for an engine's answer that is much too short or long."""

from __future__ import annotations

import unicodedata

from services.media.clock import SAMPLE_RATE

# Characters a voice speaks in a second. 165 words a minute are 14 letters a second at five letters a word;
# Han and kana 4.5 (three to four syllables a second and a little for pauses); a digit is a word of its own.
_LETTERS, _IDEOGRAPHS, _DIGITS = 14, 4.5, 3


def expected_samples(text: str, *, speed_percent: int) -> int:
    """The samples at 48 kHz that speaking takes, within a factor of three."""
    seconds = 0.0
    for character in text:
        match unicodedata.category(character):
            case "Lo" if _is_wide(character):
                seconds += 1 / _IDEOGRAPHS
            case "Ll" | "Lu" | "Lt" | "Lm" | "Lo":
                seconds += 1 / _LETTERS
            case "Nd" | "Nl" | "No":
                seconds += 1 / _DIGITS
    return round(seconds * SAMPLE_RATE * 100 / speed_percent)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")
