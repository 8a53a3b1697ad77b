"""A fake video server that speaks as one of the engines does, strictly, and fails on demand."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Any]

_FIELDS = {
    "prompt", "negative_prompt", "model", "size", "num_frames", "seconds", "fps", "num_inference_steps",
    "guidance_scale", "seed", "extra_params", "image_reference", "input_reference", "format",
    "response_format",
}  # fmt: skip
_SIZES = {"1280x720", "720x1280", "1792x1024", "1024x1792"}
_WORKING = {
    "sglang": ["queued", "queued"],
    "vllm_omni": ["queued", "in_progress"],
    "trtllm": ["queued", "generating", "postprocessing"],
    "openai": ["queued", "in_progress", "in_progress"],
}


@dataclass
class Seen:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    kind: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)


@dataclass
class Fault:
    """What is answered in the place of the real answer; `text` may hold bytes of any kind."""

    status: int = 500
    text: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)


class FakeEngine:
    """One job at a time, enough for a test; faults queue up under POST, GET, DELETE and content.

    A fault is a `Fault`, or the word `drop`: the connection is broken off.
    """

    def __init__(self, dialect: str, video: bytes) -> None:
        self.dialect, self.video = dialect, video
        self.seen: list[Seen] = []
        self.faults: dict[str, deque[Fault | str]] = {
            n: deque() for n in ("POST", "GET", "DELETE", "content")
        }
        self.script = deque(_WORKING.get(dialect, []))
        self.progress: deque[Any] = deque()
        self.ends: dict[str, Any] = {"status": "completed"}
        self.job: dict[str, Any] | None = None
        self.working = False
        self.deaf = False
        """Deleting is answered and does nothing."""
        self.key = ""
        self.on_request: Callable[[Seen], None] = lambda seen: None
        self.app = web.Application(client_max_size=64 << 20)
        self.app.router.add_route("*", "/{tail:.*}", self._any)

    def calls(self, method: str) -> list[Seen]:
        """The requests of a method."""
        return [seen for seen in self.seen if seen.method == method]

    async def _any(self, request: web.Request) -> web.StreamResponse:
        seen = await _read(request)
        self.seen.append(seen)
        self.on_request(seen)
        place = "content" if request.path.endswith("/content") else request.method
        if self.faults[place]:
            return await self._fail(request, self.faults[place].popleft())
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided: sk-no")
        if request.path == "/v1/videos" and request.method == "POST":
            return self._create(seen)
        if self.dialect == "dynamo" or self.job is None or self.job["id"] not in request.path:
            return _error(404, "Video not found")
        if request.method == "DELETE":
            return self._delete()
        return self._content() if place == "content" else self._look()

    async def _fail(self, request: web.Request, fault: Fault | str) -> web.StreamResponse:
        if isinstance(fault, Fault):
            body = fault.text if isinstance(fault.text, bytes) else fault.text.encode()
            kind = {"Content-Type": "application/json"} | fault.headers
            return web.Response(status=fault.status, body=body, headers=kind)
        response = web.StreamResponse(headers={"Content-Length": "100000", "Content-Type": "video/mp4"})
        await response.prepare(request)
        await response.write(self.video[:500])
        assert request.transport is not None
        request.transport.abort()
        return response

    def _create(self, seen: Seen) -> web.Response:
        if refusal := self._refusal(seen):
            return refusal
        if self.dialect == "dynamo":
            data = [{"b64_json": base64.b64encode(self.video).decode(), "output_format": "mp4"}]
            return web.json_response({"id": "v-1", "status": "completed", "progress": 100, "data": data})
        self.job = {"id": "video_1", "object": "video", "model": "Wan-AI/Wan2.2", "prompt": "p"}
        self.working = True
        self._step()
        return web.json_response(self.job, status=202 if self.dialect == "trtllm" else 200)

    def _refusal(self, seen: Seen) -> web.Response | None:
        """What the engine's own checks refuse."""
        values = seen.values
        if self.dialect in ("vllm_omni", "openai") and seen.kind != "multipart/form-data":
            return _error(422, "form fields are required")
        if self.dialect in ("dynamo", "trtllm") and seen.kind != "application/json":
            return _error(422, f"Unsupported content-type: {seen.kind}")
        if self.dialect in ("dynamo", "openai") and "model" not in values:
            return _error(400, "model is required")
        if self.dialect == "trtllm" and (extra := set(values) - _FIELDS):
            return _error(422, f"Extra inputs are not permitted: {sorted(extra)}")
        if self.dialect == "openai" and (
            values["seconds"] not in ("4", "8", "12") or values["size"] not in _SIZES
        ):
            return _error(400, "Invalid value")
        return None

    def _step(self) -> None:
        assert self.job is not None
        if self.script:
            self.job["status"] = self.script.popleft()
        else:
            self.job |= self.ends
            self.working = False
        if self.progress:
            self.job["progress"] = self.progress.popleft()
        elif self.dialect == "trtllm":
            self.job["progress"] = None
        else:
            self.job["progress"] = 100 if self.job["status"] == "completed" else 0

    def _look(self) -> web.Response:
        self._step()
        return web.json_response(self.job)

    def _delete(self) -> web.Response:
        if not self.deaf:
            self.job = None
            self.working = self.working and self.dialect == "sglang"
        return web.json_response({"deleted": True})

    def _content(self) -> web.Response:
        return web.Response(body=self.video, content_type="video/mp4")


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": {"message": text}}, status=status)


async def _read(request: web.Request) -> Seen:
    seen = Seen(request.method, request.path, dict(request.headers), request.content_type)
    if seen.kind == "application/json" and request.can_read_body:
        seen.values = json.loads(await request.read())
    elif seen.kind == "multipart/form-data":
        async for part in await request.multipart():
            data = bytes(await part.read())
            if part.filename:
                seen.files[part.name] = (part.filename, part.headers["Content-Type"], data)
            else:
                seen.values[part.name] = data.decode()
    else:
        seen.kind = ""
    return seen
