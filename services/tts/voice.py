"""Voices: which one is wanted, which engine has it, and what an engine must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from services.chassis.errors import Change, Suggestion, UnknownVoice
from services.story.narration import Word

DEFAULT_ROLE = "male"

ROLES = ("male", "male_warm", "female", "female_friendly", "british", "australian", "indian")
"""What a user asks for; every engine maps a role to the nearest voice it has."""

FEMALE_ROLES = frozenset({"female", "female_friendly"})

REGIONS = {"british": "en-GB", "australian": "en-AU", "indian": "en-IN"}
"""Roles that name the accent of an English text; in other languages they are like `male`."""

# Languages that people also call by the name of the group they belong to.
_MACRO = {"cmn": "zh", "yue": "zh", "nb": "no", "nn": "no"}

_SUGGESTED = 3
_LISTED = 400


@dataclass(frozen=True, slots=True)
class VoiceId:
    """One voice of one engine: the engine's own name for it, and the language it speaks (BCP 47)."""

    engine: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice, the role it plays ("" when none), and whether its text leaves the machine."""

    voice: VoiceId
    role: str
    online: bool


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an engine can speak now; `why` is one sentence when it cannot."""

    able: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """What was spoken: its length at 48 kHz, its loudest sample (0 to 32768), and its words."""

    samples: int
    peak: int
    words: tuple[Word, ...]


class Backend(Protocol):
    """An engine that speaks."""

    engine: str
    online: bool
    """True when the text leaves the machine."""
    made_by: str
    """The engine, its version and everything that changes its bytes without being asked for."""

    async def start(self) -> None:
        """Warm up; an engine that cannot tells so by its health, not here."""
        ...

    async def close(self) -> None:
        """End what was started."""
        ...

    async def health(self) -> Health:
        """Tell whether the engine can speak; quick, and remembered for a while."""
        ...

    async def voices(self) -> Sequence[VoiceInfo]:
        """The voices it can speak with now; none when it is not able."""
        ...

    async def owns(self, name: str) -> bool:
        """Tell whether a name is one of this engine's own, whatever its health."""
        ...

    async def named(self, name: str) -> VoiceId:
        """The voice of a name.

        Raises:
            UnknownVoice: There is none.
        """
        ...

    async def playing(self, role: str, language: str) -> VoiceId:
        """The voice that plays a role in a language.

        Raises:
            UnknownVoice: The engine does not speak the language.
        """
        ...

    def notice(self, voice: VoiceId) -> str:
        """What a person should know before a voice of this engine speaks; "" when there is nothing."""
        ...

    async def speak(self, text: str, voice: VoiceId, *, speed_percent: int, to: Path) -> Speech:
        """Speak a text into a new FLAC file.

        Args:
            text: Plain text with something speakable, at most 20,000 characters.
            voice: One of this engine's.
            speed_percent: 50 to 200, of the voice's own pace.
            to: Where the file goes; 48 kHz, mono, 16 bit.

        Raises:
            UnknownVoice: The engine has no such voice.
            VoiceUnavailable: The engine is down, or its answer cannot be used.
            InvalidRequest: The text takes longer to speak than an hour.
        """
        ...


def unknown(
    name: str, known: Sequence[str], *, field: str = "voice", fallback: str = DEFAULT_ROLE
) -> UnknownVoice:
    """The error for a voice nobody has, with the nearest names first and what always works last."""
    folded = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(name.casefold(), list(folded)[:_LISTED], n=_SUGGESTED, cutoff=0.6)
    names = [folded[match] for match in near]
    if fallback not in names:
        names.append(fallback)
    return UnknownVoice(
        f"There is no voice {name!r}.",
        suggestions=[Suggestion(f"Use the voice {n}.", [Change(field, name, n)]) for n in names],
    )


def without_language(language: str, known: Sequence[str], *, engine: str) -> UnknownVoice:
    """The error for a language an engine does not speak, with the nearest tags."""
    near = get_close_matches(language.casefold(), known[:_LISTED], n=_SUGGESTED, cutoff=0.5)
    return UnknownVoice(
        f"{engine} has no voice for the language {language!r}.",
        suggestions=[
            Suggestion(f"Have it read as {tag}.", [Change("language", language, tag)])
            for tag in dict.fromkeys([*near, "en"])
        ],
    )


def speaks(tag: str, wanted: str) -> bool:
    """Tell whether a tag falls under another, subtag by subtag: `en-GB` under `en`, `cmn` under `zh`."""
    own, prefix = tag.casefold().split("-"), wanted.casefold().split("-")
    wider = [_MACRO.get(own[0], own[0]), *own[1:]]
    return prefix in (own[: len(prefix)], wider[: len(prefix)])
