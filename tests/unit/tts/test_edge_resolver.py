"""Lookups of names that hold nobody up."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from services.tts.backends.edge_resolver import DetachedResolver


async def test_a_host_is_found() -> None:
    found = await DetachedResolver().resolve("localhost", 80, socket.AF_INET)

    assert {(one["host"], one["port"]) for one in found} == {("127.0.0.1", 80)}


async def test_what_the_system_cannot_find_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    with pytest.raises(OSError):
        await DetachedResolver().resolve("nowhere.invalid", 80)


def test_a_lookup_that_hangs_keeps_neither_the_caller_nor_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait() and [])

    async def ask() -> str:
        try:
            async with asyncio.timeout(0.05):
                await DetachedResolver().resolve("slow.invalid", 80)
        except TimeoutError:
            return "gave up"
        return "found"

    outcome = asyncio.run(ask())
    threads = [thread for thread in threading.enumerate() if thread.name == "edge-resolver"]
    released.set()
    for thread in threads:
        thread.join(5)

    assert outcome == "gave up"
    assert threads
    assert all(thread.daemon and not thread.is_alive() for thread in threads)
