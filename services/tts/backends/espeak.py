"""The offline voice: espeak-ng in a process of its own, with exact word times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from services.chassis.child import Child, ChildLimits
from services.chassis.errors import ChildDied, VoiceUnavailable
from services.tts import audio
from services.tts.backends.espeak_languages import own_name, tag
from services.tts.voice import REGIONS, ROLES, Health, Speech, VoiceId, VoiceInfo, unknown, without_language
from services.tts.words import Event, timed

WORDS_PER_MINUTE = 165
"""The pace at 100 percent: below the library's 175, easier to follow beside a picture."""

VARIANTS = {
    "male": "m3",
    "male_warm": "m7",
    "female": "f3",
    "female_friendly": "f2",
    "british": "m1",
    "australian": "m2",
    "indian": "m4",
}
"""The variant that plays a role. espeak-ng has no Australian and no Indian English: both read British."""

NOTICES = {
    "ja": "espeak-ng speaks: it reads Japanese kana, and says “Chinese letter” for every kanji. "
    "The online voice (edge) reads both; offline, write the text in kana.",
}
"""Languages that it lists and cannot read as they are written; Chinese, Cantonese and Korean it can."""

_LIMITS = ChildLimits(address_space=4 << 30, cpu_seconds=300, file_bytes=1 << 30)


@dataclass(frozen=True, slots=True)
class _Inventory:
    languages: tuple[str, ...]
    variants: tuple[str, ...]


class EspeakBackend:
    """espeak-ng through espeakng-loader.

    Args:
        timeout: How long one text may take.
    """

    engine = "espeak"
    online = False
    made_by = f"espeakng-loader {version('espeakng-loader')}, {WORDS_PER_MINUTE} wpm, {audio.MADE_BY}"

    def __init__(self, *, timeout: timedelta) -> None:
        self._timeout = timeout
        self._child = Child("services.tts.backends.espeak_worker", limits=_LIMITS)
        self._inventory: _Inventory | None = None
        self._looking = asyncio.Lock()

    async def start(self) -> None:
        """Start the process, in the background."""
        self._child.warm_up()

    async def close(self) -> None:
        """End the process."""
        await self._child.close()

    def notice(self, voice: VoiceId) -> str:
        """What the language loses when espeak-ng reads it."""
        return NOTICES.get(voice.language.split("-")[0], "")

    async def health(self) -> Health:
        """Tell whether the process can be started; remembered once it could."""
        try:
            await self._voices()
        except VoiceUnavailable as error:
            return Health(False, error.message)
        return Health(True)

    async def voices(self) -> Sequence[VoiceInfo]:
        """Each language with the roles that are not an accent; accents in English."""
        if not (await self.health()).able:
            return []
        known = await self._voices()
        found = []
        for name in known.languages:
            for role in ROLES:
                if role not in REGIONS or own_name(REGIONS[role], known.languages) == name:
                    found.append(VoiceInfo(self._voice(name, VARIANTS[role]), role, self.online))
        return found

    async def owns(self, name: str) -> bool:
        """Tell whether a name is a language of espeak-ng, alone or with a variant."""
        if not (await self.health()).able:
            return False
        known = await self._voices()
        language, plus, variant = name.partition("+")
        return language.casefold() in known.languages and (not plus or variant in known.variants)

    async def named(self, name: str) -> VoiceId:
        """The voice of a name such as `en-us+m3`."""
        known = await self._voices()
        language, plus, variant = name.partition("+")
        if await self.owns(name):
            return self._voice(language.casefold(), variant)
        if plus and language.casefold() in known.languages:
            near = [f"{language.casefold()}+{other}" for other in known.variants]
            raise unknown(name, near, field="voice.name", fallback=near[0])
        raise unknown(name, known.languages, field="voice.name", fallback=f"en-us+{VARIANTS['male']}")

    async def playing(self, role: str, language: str) -> VoiceId:
        """The voice that plays a role; an accent is one of English."""
        known = await self._voices()
        spoken = own_name(language, known.languages)
        if not spoken:
            raise without_language(language, known.languages, engine=self.engine)
        if role in REGIONS and spoken.split("-")[0] == "en":
            spoken = own_name(REGIONS[role], known.languages)
        return self._voice(spoken, VARIANTS[role])

    async def speak(self, text: str, voice: VoiceId, *, speed_percent: int, to: Path) -> Speech:
        """Speak a text into a new FLAC file; the same text gives the same bytes."""
        name = (await self.named(voice.name)).name
        request = {
            "do": "speak",
            "text": text,
            "voice": name,
            "words_per_minute": WORDS_PER_MINUTE * speed_percent // 100,
            "to": str(to),
        }
        reply = await self._ask(request)
        sound = audio.Sound(reply["samples"], reply["peak"])
        audio.check(sound, engine=self.engine)
        events = [Event(*event) for event in reply["events"]]
        words = await asyncio.to_thread(timed, text, events, samples=sound.samples)
        return Speech(sound.samples, sound.peak, words)

    def _voice(self, language: str, variant: str) -> VoiceId:
        return VoiceId(self.engine, f"{language}+{variant}" if variant else language, tag(language))

    async def _voices(self) -> _Inventory:
        async with self._looking:
            if self._inventory is None:
                reply = await self._ask({"do": "list"})
                self._inventory = _Inventory(tuple(reply["languages"]), tuple(reply["variants"]))
            return self._inventory

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The process's answer. A text cannot end the process, so one that died is worth a second try."""
        payload = json.dumps(request).encode()
        try:
            answer = await self._child.call(payload, timeout=self._timeout)
        except ChildDied:
            try:
                answer = await self._child.call(payload, timeout=self._timeout)
            except ChildDied as died:
                how = died.metadata.get("exit", "unknown")
                raise VoiceUnavailable(
                    f"espeak-ng's process ended ({how}).", metadata=died.metadata
                ) from died
        reply: dict[str, Any] = json.loads(answer)
        return reply
