"""HTTP to one video server: bounded answers, patience while it is busy, no way to any other host."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from services.artifacts import disk
from services.chassis.errors import DeviceFault, GenerationFailed, Overloaded, StoryreelError
from services.generation.video_api.faults import refused, spoken
from services.generation.video_api.reaching import lost, misled, retry_after, trusted
from services.generation.video_api.request import IMAGES, Body
from services.generation.video_api.settings import MIB, VideoServerSettings, wrong

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

ATTEMPTS = 5
"""How often a call is sent while the server is busy or cannot be reached."""

FIRST_PAUSE = 1.0
"""Seconds before the second attempt; doubled before each later one."""

LONGEST_PAUSE = timedelta(seconds=60)
"""A server that asks to wait longer than this is left to the caller, with what it asked for."""

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""How long a connection may take, and how long a server may send nothing."""

ANSWER_SECONDS = 120.0
"""How long an answer about a job may take in all: a server that sends a byte now and then is never silent."""

JOB_BYTES = 1 << 20
"""The largest answer about a job; some repeat the request in it."""

_BUSY = (429, 503)
_PASSING = (500, 502, 504)
_VIDEO = ("video/mp4", "application/mp4", "application/octet-stream", "binary/octet-stream")
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: HTTP's status, and its body as text, cut when it is too long."""

    status: int
    text: str

    @property
    def page(self) -> bool:
        """It is a page for a browser."""
        return self.text.lstrip()[:1] == "<"

    @property
    def data(self) -> dict[str, Any]:
        """The body as an object of JSON.

        Raises:
            DeviceFault: It is none.
        """
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise DeviceFault("The video server's answer is not a JSON object.")
        return found


class _Again(Exception):
    """The call may be sent again: when the server wants, and what is raised when it is not."""

    def __init__(self, error: StoryreelError, after: timedelta | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


class Connection:
    """Calls of one server, whose URL and key are set.

    Args:
        settings: Which server.
        sleep: Waits so many seconds.
    """

    def __init__(self, settings: VideoServerSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        settings.check()
        self._most_bytes = settings.most_mib * MIB
        self._sleep = sleep
        self._url = settings.base + "/v1/videos"
        key, header = settings.key.get_secret_value(), settings.key_header
        # Nothing is unpacked: a bound on what comes in is then a bound on what it comes to.
        headers = {"Accept-Encoding": "identity", "User-Agent": "storyreel"}
        if key:
            if not key.isascii() or not key.isprintable():
                raise wrong("KEY", "It has characters that no header may have.")
            headers[header] = f"Bearer {key}" if header.lower() == "authorization" else key
        self._client = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
            verify=trusted(settings.ca),
            follow_redirects=False,
            # No proxy, no password of a .netrc: the server that is set, and nobody else.
            trust_env=False,
        )

    async def post(self, body: Body, *, silent: timedelta | None = None) -> Answer:
        """Ask for a video. What was sent and not answered is not sent again: it may be in the making.

        Args:
            body: What is asked for.
            silent: How long the server may say nothing; by default a minute.
        """
        given: dict[str, Any] = {"json": body.values}
        if body.form == "multipart":
            # Without a file each value is a part all the same: a form in the URL's way is not read by all.
            parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in body.values.items()]
            if body.image is not None:
                kind = body.image.media_type
                parts.append((body.image_field, (IMAGES[kind], body.image.data, kind)))
            given = {"files": parts}
        timeout = httpx2.Timeout(
            silent.total_seconds() if silent else SILENT_SECONDS, connect=CONNECT_SECONDS
        )
        most = JOB_BYTES if silent is None else JOB_BYTES + self._most_bytes * 4 // 3

        async def send() -> Answer:
            in_all = None if silent else ANSWER_SECONDS
            return await self._answer("POST", "", most, passing=(), in_all=in_all, timeout=timeout, **given)

        return await self._patiently(send, repeatable=False)

    async def get(self, path: str, *, missing: bool = False) -> Answer:
        """Ask for a job; `missing` lets a 404 through."""
        return await self._repeatable("GET", path, missing=missing)

    async def delete(self, path: str) -> Answer:
        """Delete a job; one that is not there is no error, and 409, not yet, is one that passes."""
        return await self._repeatable("DELETE", path, missing=True)

    async def download(self, path: str, to: Path) -> int:
        """Download a video to a file; its size in bytes.

        Raises:
            GenerationFailed: It is larger than may be, or empty.
            DeviceFault: It is no video, or broke off again and again.
            StoreFull: The disk is full.
        """

        async def send() -> int:
            request = self._client.build_request("GET", self._url + path)
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    await self._refuse(response, passing=(*_PASSING, 404))
                return await self._save(response, to)
            finally:
                await response.aclose()

        return await self._patiently(send, repeatable=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _repeatable(self, method: str, path: str, *, missing: bool) -> Answer:
        passing = (*_PASSING, 409) if method == "DELETE" else _PASSING

        async def send() -> Answer:
            return await self._answer(method, path, JOB_BYTES, passing=passing, missing=missing)

        return await self._patiently(send, repeatable=True)

    async def _answer(
        self,
        method: str,
        path: str,
        most: int,
        *,
        passing: tuple[int, ...],
        missing: bool = False,
        in_all: float | None = ANSWER_SECONDS,
        **given: Any,
    ) -> Answer:
        """An answer that was read whole, its status one that is wanted, within so many seconds in all."""
        try:
            async with asyncio.timeout(in_all):
                return await self._read(method, path, most, passing=passing, missing=missing, **given)
        except TimeoutError as error:
            raise httpx2.ReadTimeout("The answer took too long.") from error

    async def _read(
        self, method: str, path: str, most: int, *, passing: tuple[int, ...], missing: bool, **given: Any
    ) -> Answer:
        request = self._client.build_request(method, self._url + path, **given)
        response = await self._client.send(request, stream=True)
        try:
            if not (200 <= response.status_code < 300 or (missing and response.status_code == 404)):
                await self._refuse(response, passing=passing)
            text, whole = await _text(response, most)
            if not whole:
                raise DeviceFault(f"The video server's answer is larger than {most >> 20} MiB.")
            return Answer(response.status_code, text)
        finally:
            await response.aclose()

    async def _refuse(self, response: httpx2.Response, *, passing: tuple[int, ...]) -> None:
        """Raise what a status means."""
        status = response.status_code
        text, _ = await _text(response, JOB_BYTES)
        if status in _BUSY:
            after = retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))
            error: StoryreelError = Overloaded(
                f"The video server is busy: status {status}.", retry_after=after or LONGEST_PAUSE
            )
            raise _Again(error, after)
        error = refused(status, spoken(text))
        if status in passing:
            raise _Again(error)
        raise error

    async def _save(self, response: httpx2.Response, to: Path) -> int:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in _VIDEO:
            raise DeviceFault(
                "What the video server sent in the place of the video is none: its type is another."
            )
        size = 0
        with disk.errors(to.parent), to.open("wb") as file:
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > self._most_bytes:
                    raise GenerationFailed(f"The video is larger than {self._most_bytes >> 20} MiB.")
                file.write(piece)
        if not size:
            raise _Again(DeviceFault("The video server sent an empty video."))
        return size

    async def _patiently(self, send: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """Send until it is answered, or has been sent so often that it will not be."""
        pause = FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await send()
            except _Again as again:
                after = again.after
                if attempt == ATTEMPTS or (after is not None and after > LONGEST_PAUSE):
                    raise again.error from None
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
                raise wrong("URL", "It cannot be used as it is.") from error
            except httpx2.HTTPError as error:
                after = None
                if setting := misled(error):
                    raise setting from error
                if attempt == ATTEMPTS or not (repeatable or isinstance(error, _UNSENT)):
                    raise lost(error) from error
            # Not for secrets: many clients must not come back at the same moment.
            waited = pause * random.uniform(0.75, 1.25)  # noqa: S311
            await self._sleep(after.total_seconds() if after is not None else waited)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")


async def _text(response: httpx2.Response, most: int) -> tuple[str, bool]:
    """An answer's body as text, and whether that is all of it."""
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > most:
            return bytes(data[:most]).decode(errors="replace"), False
    return data.decode(errors="replace"), True
