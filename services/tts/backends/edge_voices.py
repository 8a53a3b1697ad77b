"""The voices of Microsoft Edge's speech service, and which of them plays a role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from services.tts.voice import FEMALE_ROLES, REGIONS, ROLES

NAME = re.compile(r"(?P<locale>[a-z]{2,3}-(?:[A-Z][a-z]{3}-)?[A-Z]{2})(?:-[a-z]{2,20})?-[A-Za-z]{2,40}Neural")
"""What the service's voice names look like: `en-US-AriaNeural`, `zh-CN-liaoning-XiaobeiNeural`."""

# The roles in English, the preferred voice first; one that the service has withdrawn is passed over.
_ENGLISH = {
    "male": ("en-US-AndrewMultilingualNeural", "en-US-AndrewNeural", "en-US-GuyNeural"),
    "male_warm": ("en-US-BrandonMultilingualNeural", "en-US-BrianMultilingualNeural", "en-US-BrianNeural"),
    "female": ("en-US-AriaNeural", "en-US-JennyNeural"),
    "female_friendly": ("en-US-AvaMultilingualNeural", "en-US-AvaNeural", "en-US-EmmaMultilingualNeural"),
    "british": ("en-GB-RyanNeural", "en-GB-SoniaNeural"),
    "australian": ("en-AU-WilliamMultilingualNeural", "en-AU-WilliamNeural", "en-AU-NatashaNeural"),
    "indian": ("en-IN-PrabhatNeural", "en-IN-NeerjaNeural"),
}

# The region meant by a language that several regions speak, where it is not the language's own name.
_HOME = {"en": "US", "zh": "CN", "ar": "EG", "pt": "BR", "bn": "BD", "sw": "KE", "ta": "IN", "ur": "PK"}

_SAME = {"no": "nb", "nn": "nb", "cmn": "zh", "yue": "zh-HK", "tl": "fil", "iw": "he", "in": "id"}


@dataclass(frozen=True, slots=True)
class EdgeVoice:
    """A voice as the service lists it; `locale` is its language (BCP 47)."""

    name: str
    locale: str
    female: bool


def listed(answer: Iterable[object]) -> tuple[EdgeVoice, ...]:
    """The voices in the service's answer, sorted by name; what does not look like one is left out."""
    voices = []
    for entry in answer:
        if isinstance(entry, dict) and NAME.fullmatch(name := str(entry.get("ShortName", ""))):
            voices.append(EdgeVoice(name, locale(name), entry.get("Gender") == "Female"))
    return tuple(sorted(voices, key=lambda voice: voice.name))


def locale(name: str) -> str:
    """The language of a voice's name; the name must match NAME."""
    match = NAME.fullmatch(name)
    if not match:
        raise ValueError(f"{name!r} is not the name of a voice")
    return match["locale"]


def playing(role: str, language: str, voices: Sequence[EdgeVoice]) -> EdgeVoice | None:
    """The voice that plays a role in a language, None when nobody speaks it."""
    primary, region = _parts(language)
    known = {voice.name: voice for voice in voices}
    if primary == "en" and (role in REGIONS or region in ("", "US")):
        for name in _ENGLISH[role]:
            if name in known:
                return known[name]
    if primary == "en" and role in REGIONS:
        region = REGIONS[role].partition("-")[2]
    speakers = [voice for voice in voices if voice.locale.partition("-")[0] == primary]
    if not speakers:
        return None
    wanted = (region, _HOME.get(primary, primary.upper()))
    speakers.sort(key=lambda voice: _rank(voice.locale.rpartition("-")[2], wanted))
    nearest = [voice for voice in speakers if voice.locale == speakers[0].locale]
    fitting = [voice for voice in nearest if voice.female == (role in FEMALE_ROLES)] or nearest
    # A second voice, where there is one, tells the warm and the friendly role from the plain one.
    return fitting[min(len(fitting) - 1, 1 if role in ("male_warm", "female_friendly") else 0)]


def roles(voices: Sequence[EdgeVoice]) -> dict[str, str]:
    """The role of each voice that plays one in its own language, by name."""
    found: dict[str, str] = {}
    tags = dict.fromkeys(chain(["en-US"], (voice.locale for voice in voices)))
    for tag in tags:
        for role in ROLES:
            if role in REGIONS and tag != REGIONS[role]:
                continue
            if (voice := playing(role, tag, voices)) is not None:
                found.setdefault(voice.name, role)
    return found


def _rank(region: str, wanted: Sequence[str]) -> int:
    return wanted.index(region) if region in wanted else len(wanted)


def _parts(language: str) -> tuple[str, str]:
    """A tag's language and region, the region "" when it names none."""
    subtags = language.split("-")
    subtags[:1] = _SAME.get(subtags[0].lower(), subtags[0].lower()).split("-")
    regions = [subtag.upper() for subtag in subtags[1:] if len(subtag) == 2]
    return subtags[0], regions[0] if regions else ""
