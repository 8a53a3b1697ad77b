"""A fake of Microsoft Edge's speech service: its websocket protocol without TLS, misbehaving on demand.

It stands in for the real host, which tests must not contact: `serving` points edge-tts's own URL constants
at it. What it says is a tone, a quarter of a second for each word.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import unescape

import av
import edge_tts.communicate
import edge_tts.voices
import numpy as np
import pytest
from aiohttp import web

RATE = 24_000
WORD = RATE // 4
TICKS = 10_000_000

VOICES = {
    "en-US-AndrewMultilingualNeural": "Male",
    "en-US-AriaNeural": "Female",
    "en-US-BrianMultilingualNeural": "Male",
    "en-GB-RyanNeural": "Male",
    "de-AT-JonasNeural": "Male",
    "de-DE-ConradNeural": "Male",
    "de-DE-KatjaNeural": "Female",
    "zh-CN-XiaoxiaoNeural": "Female",
}


@dataclass
class FakeEdge:
    """What the fake does: `speech` and `listing` are taken one by one, the last one for good.

    `speak`, `silence`, `no_audio`, `no_words`, `garbage`, `short`, `cut`, `hang`, or a status such as `503`.
    """

    speech: list[str] = field(default_factory=lambda: ["speak"])
    listing: list[str] = field(default_factory=lambda: ["list"])
    asked: list[str] = field(default_factory=list)
    rates: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The voices."""
        self.asked.append("list")
        mode = take(self.listing)
        if mode.isdigit():
            return web.Response(status=int(mode))
        if mode == "hang":
            await self.released.wait()
        if mode == "garbage":
            return web.Response(text="<html>")
        return web.json_response(
            [
                {"ShortName": name, "Gender": gender, "Locale": name[:5], "Name": name}
                for name, gender in VOICES.items()
            ]
        )

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """One text."""
        mode = take(self.speech)
        self.asked.append(mode)
        if mode.isdigit():
            return web.Response(status=int(mode))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await socket.receive_str()
            ssml = await socket.receive_str()
            self.rates += re.findall(r"rate='([^']*)'", ssml)
            await self.answer(socket, unescape(ssml.split(">", 3)[3].split("</prosody>")[0]), mode)
        finally:
            self.in_flight -= 1
        await socket.close()
        return socket

    async def answer(self, socket: web.WebSocketResponse, text: str, mode: str) -> None:
        """The messages for a text."""
        await socket.send_str("X-RequestId:1\r\nPath:turn.start\r\n\r\n{}")
        if mode == "hang":
            await self.released.wait()
        words = text.split()
        if mode != "no_words":
            for index, word in enumerate(words):
                await socket.send_str(metadata(word, index))
        count = 1 if mode == "short" else len(words)
        data = b"not an mp3 " * 50
        if mode != "garbage":
            data = await asyncio.to_thread(mp3, count, loud=mode != "silence")
        if mode == "cut":
            data = data[: len(data) // 2]
        if mode != "no_audio":
            for start in range(0, len(data), 1000):
                head = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
                await socket.send_bytes(len(head).to_bytes(2, "big") + head + data[start : start + 1000])
        if mode != "cut":
            await socket.send_str("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}")


def take(modes: list[str]) -> str:
    """The next mode; the last one stays."""
    return modes.pop(0) if len(modes) > 1 else modes[0]


def metadata(word: str, index: int) -> str:
    """A word's boundary."""
    data = {
        "Offset": index * TICKS // 4,
        "Duration": TICKS // 5,
        "text": {"Text": word, "Length": len(word), "BoundaryType": "WordBoundary"},
    }
    body = json.dumps({"Metadata": [{"Type": "WordBoundary", "Data": data}]})
    return f"X-RequestId:1\r\nContent-Type:application/json\r\nPath:audio.metadata\r\n\r\n{body}"


@cache
def mp3(words: int, *, loud: bool) -> bytes:
    """A tone of a quarter of a second a word, as the service encodes: 24 kHz, mono, 48 kbit/s."""
    time = np.arange(words * WORD) / RATE
    tone = (np.sin(time * 440 * 2 * np.pi) * (8000 if loud else 0)).astype(np.int16)
    target = io.BytesIO()
    bare = {"write_xing": "0", "id3v2_version": "0"}
    with av.open(target, "w", format="mp3", options=bare) as container:
        stream = container.add_stream("libmp3lame", rate=RATE)
        stream.codec_context.layout, stream.codec_context.bit_rate = "mono", 48_000
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


@asynccontextmanager
async def serving(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEdge]:
    """A fake that edge-tts talks to instead of the real service."""
    fake = FakeEdge()
    app = web.Application()
    app.add_routes([web.get("/list", fake.list), web.get("/speak", fake.speak)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", f"ws://{host}:{port}/speak?fake=1")
    monkeypatch.setattr(edge_tts.voices, "VOICE_LIST", f"http://{host}:{port}/list?fake=1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    try:
        yield fake
    finally:
        fake.released.set()
        await runner.cleanup()


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point edge-tts at a port of this machine where nobody listens."""
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", "ws://127.0.0.1:1/speak?fake=1")
    monkeypatch.setattr(edge_tts.voices, "VOICE_LIST", "http://127.0.0.1:1/list?fake=1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
