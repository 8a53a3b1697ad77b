"""The voices that can speak now, as `--voice` takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from orchestrator import remote
from orchestrator.cli.terminal import clean, emit, tell, write
from orchestrator.settings import CommandSettings
from services.chassis.errors import Suggestion, UnknownVoice, VoiceUnavailable
from services.chassis.settings import load
from services.tts.client import TtsClient
from services.tts.voice import ROLES, VoiceInfo

OK, NONE = 0, 3


@asynccontextmanager
async def tts() -> AsyncIterator[TtsClient]:
    """The tts service behind STORYREEL_ADDRESS, or one of this machine's own."""
    if address := load(CommandSettings).address:
        async with remote.connected(address) as connection:
            yield TtsClient(connection)
    else:
        from orchestrator.embedded import voices  # a client of another machine does without all of it

        async with voices() as client:
            yield client


async def voices(language: str, *, as_json: bool) -> int:
    """List the voices; the exit code is 3 when no voice speaks the language."""
    async with tts() as client:
        found = await client.list_voices(language=language)
    if as_json:
        emit({"voices": [_data(info) for info in found]})
    else:
        write(f"Roles, for any engine: {', '.join(ROLES)}\n")
        for info in found:
            role = f"plays {info.role}" if info.role else ""
            where = "online, the text leaves the machine" if info.online else ""
            told = ", ".join(filter(None, (role, where)))
            write(
                clean(f"{info.voice.name:<32} {info.voice.language:<14} {info.voice.engine:<7} {told}") + "\n"
            )
    if not found:
        tell(f"No voice speaks {clean(repr(language))}. `storyreel voices --language ''` lists them all.\n")
    return OK if found else NONE


async def check_voice(name: str, language: str) -> None:
    """Refuse a voice that no engine has, before there is a job.

    Args:
        name: As `--voice` takes it; a role is always played by somebody.
        language: BCP 47; "" is English.

    Raises:
        UnknownVoice: Nobody has it, or it does not speak the language.
    """
    if not name or name in ROLES:
        return
    async with tts() as client:
        try:
            with suppress(VoiceUnavailable):  # it may be back when the job comes to it
                await client.choose_voice(name, language=language or "en")
        except UnknownVoice as error:
            error.suggestions = [*error.suggestions, Suggestion("`storyreel voices` lists the others.")]
            raise


def _data(info: VoiceInfo) -> dict[str, object]:
    return {
        "name": info.voice.name,
        "language": info.voice.language,
        "engine": info.voice.engine,
        "role": info.role,
        "online": info.online,
    }
