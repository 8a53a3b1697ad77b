"""Checks of this machine."""

from __future__ import annotations

import pytest

from orchestrator.cli.doctor import CHECKS, _run
from services.chassis.errors import Configuration, Suggestion


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("error", [Configuration("It is broken."), OSError(13, "Permission denied", "/x")])
async def test_whatever_is_broken_has_a_remedy_that_names_what_to_do(check: str, error: Exception) -> None:
    async def broken() -> tuple[str, str]:
        raise error

    finding = await _run(check, broken)

    assert any(word in finding.remedy for word in ("Install", "Set", "Make room", "Use"))
    assert "message" not in finding.remedy


async def test_the_ways_out_that_an_error_names_come_first() -> None:
    async def broken() -> tuple[str, str]:
        raise Configuration("It is broken.", suggestions=[Suggestion("Turn it."), Suggestion("Shake it.")])

    assert (await _run("store", broken)).remedy == "Turn it. Shake it."
