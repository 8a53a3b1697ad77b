"""What is done at once ends together."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis.errors import GateRefused
from services.muxing.studio import both, together


async def after(turns: int, result: int, ended: list[int]) -> int:
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        return result
    finally:
        ended.append(result)


async def refuse() -> int:
    await asyncio.sleep(0)
    raise GateRefused("It is not as planned.")


async def test_results_come_in_the_order_of_the_work() -> None:
    ended: list[int] = []

    assert await together(after(9 - n, n, ended) for n in range(3)) == [0, 1, 2]
    assert await both(after(2, 7, ended), after(1, 8, ended)) == (7, 8)
    assert ended == [2, 1, 0, 8, 7]


async def test_a_failure_is_raised_as_it_is_once_the_rest_has_stopped() -> None:
    ended: list[int] = []

    with pytest.raises(GateRefused):
        await together([after(1000, 1, ended), refuse()])
    with pytest.raises(GateRefused):
        await both(refuse(), after(1000, 2, ended))

    assert ended == [1, 2]
