"""The online voice: Microsoft Edge's speech service through edge-tts. The text leaves the machine."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import aiohttp
import edge_tts
from edge_tts.exceptions import EdgeTTSException, NoAudioReceived
from edge_tts.typing import TTSChunk

from services.chassis.errors import Change, Suggestion, VoiceUnavailable
from services.media.clock import SAMPLE_RATE
from services.tts import audio
from services.tts.backends.edge_resolver import connector
from services.tts.backends.edge_voices import NAME, EdgeVoice, listed, locale, playing, roles
from services.tts.breaker import Breaker
from services.tts.pace import expected_samples
from services.tts.voice import DEFAULT_ROLE, Health, Speech, VoiceId, VoiceInfo, unknown, without_language
from services.tts.words import Event, timed

TICKS = 10_000_000
"""The service counts time in units of 100 ns."""

_BUSY = (429, 503)
_FAILURES = (aiohttp.ClientError, EdgeTTSException, TimeoutError, OSError, ValueError, KeyError)
_MOST_BYTES = 6000 * 3600  # an hour of the service's 48 kbit/s
_SEARCHED = 400

Mark = tuple[float, float, str]
"""A word of the service: offset and duration in ticks, and its text."""


class EdgeBackend:
    """Microsoft's service.

    Args:
        probe: How long the question whether it is there may take.
        connect: How long a connection may take.
        silence: How long it may send nothing.
        total: How long one text may take once it is its turn, all attempts together.
        remembered: How long the answer to the probe counts.
        attempts: How often a text is sent while the service says it is busy.
        pause: The first pause between attempts; it doubles, give or take a half.
        breaker: Leaves a service that keeps failing alone.
    """

    engine = "edge"
    online = True
    made_by = f"edge-tts {version('edge-tts')}, {audio.MADE_BY}"

    def __init__(
        self,
        *,
        probe: timedelta = timedelta(seconds=2),
        connect: timedelta = timedelta(seconds=4),
        silence: timedelta = timedelta(seconds=15),
        total: timedelta = timedelta(seconds=55),
        remembered: timedelta = timedelta(seconds=60),
        attempts: int = 3,
        pause: timedelta = timedelta(seconds=1),
        breaker: Breaker | None = None,
    ) -> None:
        self._probe = probe
        self._connect = connect
        self._silence = silence
        self._total = total
        self._remembered = remembered
        self._attempts = attempts
        self._pause = pause
        self._breaker = breaker or Breaker(failures=4, rest=timedelta(seconds=60))
        # More connections at once get an address refused for minutes.
        self._turns = asyncio.Semaphore(4)
        self._asking = asyncio.Lock()
        self._asked = float("-inf")
        self._health = Health(False, "It was not asked yet.")
        self._voices: tuple[EdgeVoice, ...] = ()

    async def start(self) -> None:
        """Nothing to warm up: whether the service is there is asked when somebody wants it."""

    async def close(self) -> None:
        """Nothing to end: connections live as long as a text."""

    def notice(self, voice: VoiceId) -> str:
        """Where the text goes."""
        return (
            "edge-tts speaks: the text goes to Microsoft's speech service. "
            "STORYREEL_TTS_ONLINE=0 keeps it on this machine."
        )

    async def health(self) -> Health:
        """Ask the service for its voices; the answer, good or bad, counts for a while."""
        if resting := self._breaker.resting:
            return Health(
                False, f"It failed repeatedly and is left alone for {resting.total_seconds():.0f} s."
            )
        async with self._asking:
            if time.monotonic() - self._asked > self._remembered.total_seconds():
                self._health = await self._look()
                self._asked = time.monotonic()
            return self._health

    async def voices(self) -> Sequence[VoiceInfo]:
        """What the service lists."""
        if not (await self.health()).able:
            return []
        played = roles(self._voices)
        return [
            VoiceInfo(self._voice(voice.name), played.get(voice.name, ""), self.online)
            for voice in self._voices
        ]

    async def owns(self, name: str) -> bool:
        """Tell whether a name looks like one of the service's, without asking it."""
        return bool(NAME.fullmatch(name))

    async def named(self, name: str) -> VoiceId:
        """The voice of a name; checked against the service's list when that is known."""
        known = [voice.name for voice in self._voices]
        if not NAME.fullmatch(name) or (known and name not in known):
            preferred = playing(DEFAULT_ROLE, "en", self._voices)
            fallback = preferred.name if preferred else "en-US-AndrewMultilingualNeural"
            raise unknown(name, known, field="voice.name", fallback=fallback)
        return self._voice(name)

    async def playing(self, role: str, language: str) -> VoiceId:
        """The voice that plays a role, from the service's list."""
        health = await self.health()
        if not health.able:
            raise VoiceUnavailable(f"The online voices cannot be used. {health.why}")
        voice = playing(role, language, self._voices)
        if voice is None:
            raise without_language(
                language, sorted({voice.locale for voice in self._voices}), engine=self.engine
            )
        return self._voice(voice.name)

    async def speak(self, text: str, voice: VoiceId, *, speed_percent: int, to: Path) -> Speech:
        """Have the service speak a text into a new FLAC file."""
        name = (await self.named(voice.name)).name
        if resting := self._breaker.resting:
            raise VoiceUnavailable(
                f"The online voice failed repeatedly and is left alone for {resting.total_seconds():.0f} s.",
                retry_after=resting,
            )
        async with self._turns:
            try:
                async with asyncio.timeout(self._total.total_seconds()):
                    data, marks = await self._ask(text, name, speed_percent)
                sound = await asyncio.to_thread(audio.from_mp3, data, to=to)
                expected = expected_samples(text, speed_percent=speed_percent)
                audio.check(sound, engine="The online voice", expected=expected)
            except (VoiceUnavailable, TimeoutError) as failure:
                self._breaker.failed()
                error = failure if isinstance(failure, VoiceUnavailable) else self._slow()
                error.suggestions = error.suggestions or [
                    Suggestion("Use the offline voice.", [Change("voice.engine", self.engine, "espeak")])
                ]
                raise error from failure
        self._breaker.succeeded()
        words = await asyncio.to_thread(timed, text, events(text, marks), samples=sound.samples)
        return Speech(sound.samples, sound.peak, words)

    def _slow(self) -> VoiceUnavailable:
        return VoiceUnavailable(
            f"The online voice took longer than {self._total.total_seconds():g} s for one text."
        )

    async def _look(self) -> Health:
        try:
            async with asyncio.timeout(self._probe.total_seconds()):
                async with connector() as connections:
                    self._voices = listed(await edge_tts.list_voices(connector=connections))
        except _FAILURES as error:
            return Health(False, _why(error))
        return Health(True) if self._voices else Health(False, "It listed no voices.")

    async def _ask(self, text: str, name: str, speed_percent: int) -> tuple[bytes, list[Mark]]:
        """The service's MP3 and its words; while it is busy, again."""
        for attempt in range(1, self._attempts + 1):
            try:
                return await self._once(text, name, speed_percent)
            except _FAILURES as error:
                busy = isinstance(error, NoAudioReceived) or getattr(error, "status", 0) in _BUSY
                if not busy or attempt == self._attempts:
                    raise VoiceUnavailable(f"The online voice did not answer. {_why(error)}") from error
            # Not for secrets: many clients must not come back at the same moment.
            pause = self._pause.total_seconds() * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, text: str, name: str, speed_percent: int) -> tuple[bytes, list[Mark]]:
        sound, marks = bytearray(), []
        async with connector() as connections:
            communicate = edge_tts.Communicate(
                text,
                name,
                rate=f"{speed_percent - 100:+d}%",
                boundary="WordBoundary",
                connector=connections,
                connect_timeout=max(1, round(self._connect.total_seconds())),
                receive_timeout=max(1, round(self._silence.total_seconds())),
            )
            async with aclosing(self._messages(communicate)) as messages:
                async for message in messages:
                    if message["type"] == "audio":
                        sound += message["data"]
                    else:
                        marks.append((message["offset"], message["duration"], message["text"]))
                    if len(sound) > _MOST_BYTES:
                        raise audio.too_long(text)
        # Only turns that ended as they should are counted; a cut connection looks like an end otherwise.
        if communicate.state["cumulative_audio_bytes"] != len(sound):
            raise VoiceUnavailable(f"The online voice's answer broke off after {len(sound)} bytes.")
        return bytes(sound), marks

    async def _messages(self, communicate: edge_tts.Communicate) -> AsyncGenerator[TTSChunk, None]:
        """The service's messages; edge-tts itself waits for ever for the next one."""
        allowed = self._connect.total_seconds() + self._silence.total_seconds()
        async with aclosing(communicate.stream()) as stream:
            while True:
                try:
                    async with asyncio.timeout(allowed):
                        message = await anext(stream)
                except StopAsyncIteration:
                    return
                allowed = self._silence.total_seconds()
                yield message

    def _voice(self, name: str) -> VoiceId:
        return VoiceId(self.engine, name, locale(name))


def events(text: str, marks: Sequence[Mark]) -> list[Event]:
    """The service's words as events: each is looked for a little way after the one before it."""
    found, cursor = [], 0
    for offset, duration, word in marks:
        at = text.find(word, cursor, cursor + len(word) + _SEARCHED) if word else -1
        if at < 0:
            continue
        cursor = at + len(word)
        start, end = (round(ticks * SAMPLE_RATE / TICKS) for ticks in (offset, offset + duration))
        found.append(Event(at, start, end))
    return found


def _why(error: Exception) -> str:
    """A failure in one sentence, without text from outside."""
    match error:
        case TimeoutError():
            return "It did not answer in time."
        case aiohttp.ClientResponseError():
            return f"It refused with status {error.status}."
        case NoAudioReceived():
            return "It sent no audio."
        case aiohttp.ClientConnectionError() | OSError():
            return "It cannot be reached from here."
        case _:
            return "Its answer was not understood."
