"""The engines of this server, and the choice of one voice for a whole video."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import Change, Suggestion, UnknownVoice, UnspeakableText, VoiceUnavailable
from services.tts.voice import (
    DEFAULT_ROLE,
    REGIONS,
    ROLES,
    Backend,
    Speech,
    VoiceId,
    VoiceInfo,
    speaks,
    unknown,
)
from services.tts.words import speakable


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An engine that comes before the chosen one and could not be used, and why, in a sentence."""

    engine: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The voice for a whole video, and what a person should know before it speaks ("" when nothing)."""

    voice: VoiceId
    passed_over: tuple[PassedOver, ...]
    notice: str = ""


class Engines:
    """The engines, the preferred one first.

    Args:
        backends: Those in use.
        off: Names of engines that exist but are turned off by settings.
    """

    def __init__(self, backends: Sequence[Backend], *, off: Collection[str] = ()) -> None:
        self._backends = {backend.engine: backend for backend in backends}
        self._off = frozenset(off) - set(self._backends)

    async def start(self) -> None:
        """Warm all engines up."""
        await asyncio.gather(*(backend.start() for backend in self._backends.values()))

    async def close(self) -> None:
        """End what the engines started."""
        await asyncio.gather(*(backend.close() for backend in self._backends.values()))

    async def voices(self, language: str = "") -> list[VoiceInfo]:
        """The voices that can be used now, those of the preferred engine first."""
        lists = await asyncio.gather(*(backend.voices() for backend in self._backends.values()))
        return [
            info for infos in lists for info in infos if not language or speaks(info.voice.language, language)
        ]

    async def choose(
        self, wanted: str, *, language: str, excluded: Collection[str] = (), offline: bool = False
    ) -> Choice:
        """Find one voice for a whole video, and ask its engine whether it is there.

        Args:
            wanted: A role, or an engine's own name, which leaves only that engine; "" is `male`.
            language: The language to speak (BCP 47).
            excluded: Engines that have failed in this job.
            offline: Ask no engine that sends the text elsewhere.

        Raises:
            UnknownVoice: Nobody has the voice, or nobody speaks the language.
            VoiceUnavailable: Who has it cannot be used now.
        """
        wanted = wanted or DEFAULT_ROLE
        candidates = list(self._backends.values())
        if wanted not in ROLES:
            candidates = await self._owners(wanted)
        candidates = [backend for backend in candidates if not (offline and backend.online)]
        passed: list[PassedOver] = []
        refusals: list[UnknownVoice] = []
        for backend in candidates:
            if backend.engine in excluded:
                passed.append(PassedOver(backend.engine, "It failed earlier in this job."))
                continue
            health = await backend.health()
            if not health.able:
                passed.append(PassedOver(backend.engine, health.why))
                continue
            try:
                if wanted in ROLES:
                    voice = await backend.playing(wanted, language)
                else:
                    voice = await backend.named(wanted)
            except UnknownVoice as refusal:
                refusals.append(refusal)
                passed.append(PassedOver(backend.engine, refusal.message))
                continue
            notice = " ".join(filter(None, (_other_accent(wanted, voice), backend.notice(voice))))
            return Choice(voice, tuple(passed), notice)
        raise _nobody(wanted, language, passed, refusals)

    async def speak(self, text: str, voice: VoiceId, *, speed_percent: int, to: Path) -> Speech:
        """Speak a text into a new FLAC file; see `Backend.speak`.

        Raises:
            UnspeakableText: The text holds no letter and no digit.
        """
        if not speakable(text):
            raise UnspeakableText(
                f"The text of {len(text)} characters holds no letter and no digit; there is nothing to say.",
                suggestions=[Suggestion("Leave the text out, or say in words what it shows.")],
            )
        return await self.of(voice).speak(text, voice, speed_percent=speed_percent, to=to)

    def of(self, voice: VoiceId) -> Backend:
        """The engine of a voice.

        Raises:
            UnknownVoice: There is no such engine.
            VoiceUnavailable: It is turned off.
        """
        if voice.engine in self._backends:
            return self._backends[voice.engine]
        ways = [
            Suggestion(f"Use {engine}.", [Change("voice.engine", voice.engine, engine)])
            for engine in self._backends
        ]
        if voice.engine in self._off:
            raise VoiceUnavailable(f"The engine {voice.engine} is turned off here.", suggestions=ways)
        raise UnknownVoice(f"There is no engine {voice.engine!r} here.", suggestions=ways)

    async def _owners(self, name: str) -> list[Backend]:
        """The engines that know a name as their own.

        Raises:
            UnknownVoice: None does.
        """
        owners = [backend for backend in self._backends.values() if await backend.owns(name)]
        if owners:
            return owners
        names = [*ROLES, *(info.voice.name for info in await self.voices())]
        raise unknown(name, names)


def _other_accent(wanted: str, voice: VoiceId) -> str:
    """What to say of an English voice that has not the accent its role is named after."""
    region = REGIONS.get(wanted, "")
    if not region or not speaks(voice.language, "en") or speaks(voice.language, region):
        return ""
    return f"{voice.engine} has no {wanted} voice: {voice.name} ({voice.language}) speaks instead."


def _nobody(
    wanted: str, language: str, passed: Sequence[PassedOver], refusals: Sequence[UnknownVoice]
) -> UnknownVoice | VoiceUnavailable:
    """Why there is no voice: those that can be asked have none, or nobody can be asked."""
    reasons = " ".join(f"{one.engine}: {one.why}" for one in passed) or "No engine is turned on."
    message = f"No engine can speak {wanted!r} in {language!r} now. {reasons}"
    if refusals:
        return UnknownVoice(message, suggestions=refusals[-1].suggestions)
    suggestions = [Suggestion("Try again later, or turn another engine on (STORYREEL_TTS_ENGINES).")]
    if wanted not in ROLES:
        change = Change("voice", wanted, DEFAULT_ROLE)
        suggestions.insert(0, Suggestion("Let any engine speak.", [change]))
    return VoiceUnavailable(message, suggestions=suggestions)
