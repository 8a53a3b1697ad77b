"""What a video server's refusals and failures mean, in our errors."""

from __future__ import annotations

import json
import unicodedata

from services.chassis.errors import (
    DeviceFault,
    DeviceMemory,
    GenerationFailed,
    InvalidRequest,
    ModelUnavailable,
    StoryreelError,
    Suggestion,
    Violation,
)
from services.generation.video_api.settings import PREFIX, wrong

TEXT_MOST = 300
"""Characters of a server's text that are shown."""

_READ_MOST = 20_000

_MEMORY = (
    "out of memory",
    "outofmemory",
    "out_of_memory",
    "not enough memory",
    "insufficient memory",
    "alloc_failed",
    "memory allocation fail",
)
_DEVICE = (
    "cuda error",
    "cudaerror",
    "illegal memory access",
    "device-side assert",
    "nccl",
    "uncorrectable ecc",
    "enginedead",
    "engine is dead",
    "engine core",
    "worker died",
    "scheduler died",
)
_REFUSALS = {"400", "422", "bad_request", "invalid_request", "invalid_request_error", "moderation_blocked"}
"""Codes of failed jobs that say the request is at fault."""


def cleaned(text: str) -> str:
    """A server's text as one line of at most 300 characters that print."""
    kept = (
        " " if char.isspace() else char
        for char in text[:_READ_MOST]
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= TEXT_MOST else line[: TEXT_MOST - 1] + "…"


def spoken(text: str) -> str:
    """What an answer that refuses says, without the JSON around it; a page for a browser says nothing."""
    if text.lstrip()[:1] == "<":
        return ""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for _ in range(2):
        if not isinstance(found, dict):
            break
        found = found.get("error") or found.get("message") or found.get("detail") or text
    return found if isinstance(found, str) else json.dumps(found)


def failed(text: str, *, code: str = "") -> StoryreelError:
    """The error of a job that the server calls failed.

    Args:
        text: What the server says.
        code: Its code for it.
    """
    said = _said(text)
    if _any_of(_MEMORY, text):
        return DeviceMemory(f"The video server ran out of device memory.{said}")
    if _any_of(_DEVICE, text):
        return DeviceFault(f"The video server's device failed.{said}")
    if code.lower() in _REFUSALS:
        return _invalid(text)
    return GenerationFailed(f"The video server could not make the clip.{said}")


def refused(status: int, text: str) -> StoryreelError:
    """The error of an answer that is not one of 2xx, 429 and 503.

    Args:
        status: HTTP's.
        text: What the server says.
    """
    said, lower = _said(text), text[:_READ_MOST].lower()
    match status:
        case 401 | 403:
            return wrong("KEY", f"The video server refuses it with status {status}.")
        case 404 if "model" in lower:
            return ModelUnavailable(
                f"The video server has no such model.{said}",
                suggestions=[
                    Suggestion(f"Start the server with the model, or correct {PREFIX}MODELS."),
                ],
            )
        case 404 | 405 | 501:
            return wrong("URL", f"There is no /v1/videos there: status {status}.{said}")
        case _ if 300 <= status < 400:
            return wrong("URL", f"The server sends elsewhere with status {status}, which is not followed.")
        case 507:
            return DeviceMemory(f"The video server has no room for the clip.{said}")
        case _ if _any_of(_MEMORY, text):
            return DeviceMemory(f"The video server ran out of device memory.{said}")
        case _ if 400 <= status < 500:
            return _invalid(text)
        case _:
            return DeviceFault(f"The video server failed with status {status}.{said}")


def _invalid(text: str) -> InvalidRequest:
    said = cleaned(text) or "It does not say why."
    return InvalidRequest(
        "The video server refuses the request.", violations=[Violation("footage", f"The server says: {said}")]
    )


def _said(text: str) -> str:
    line = cleaned(text)
    return f" It says: {line}" if line else ""


def _any_of(words: tuple[str, ...], text: str) -> bool:
    lower = text[:_READ_MOST].lower()
    return any(word in lower for word in words)
