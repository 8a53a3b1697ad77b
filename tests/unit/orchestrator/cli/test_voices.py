"""The voices that can speak now."""

from __future__ import annotations

import asyncio
import json

import pytest

from orchestrator.cli.voices import check_voice, voices
from services.chassis.errors import UnknownVoice
from services.tts.voice import ROLES


async def test_the_roles_and_the_voices_of_a_language_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code = await voices("en", as_json=False)

    roles, *lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert all(role in roles for role in ROLES)
    assert any(line.startswith("en-us+f3 ") for line in lines)


async def test_a_machine_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    await voices("de", as_json=True)

    (line,) = capsys.readouterr().out.splitlines()
    listed = json.loads(line)["voices"]
    assert {voice["language"] for voice in listed} == {"de"}
    assert {"name": "de+m3", "language": "de", "engine": "espeak", "role": "male", "online": False} in listed


async def test_a_language_nobody_speaks_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = await voices("xx", as_json=False)

    assert code == 3
    assert "No voice speaks 'xx'" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["", "de"])
async def test_a_voice_that_nobody_has_is_refused(language: str) -> None:
    with pytest.raises(UnknownVoice, match="nobody") as caught:
        await check_voice("nobody", language)

    assert "`storyreel voices`" in caught.value.suggestions[-1].description


@pytest.mark.parametrize("voice", ["", "female", "en-us+f3"])
async def test_a_voice_that_somebody_has_is_taken(voice: str) -> None:
    refused = await asyncio.gather(check_voice(voice, "en"), return_exceptions=True)

    assert list(refused) == [None]
