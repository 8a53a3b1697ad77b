"""What the service and the process that opens a server's files say to each other, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from services.media.clock import Rate
from services.media.picture import Picture


@dataclass(frozen=True, slots=True)
class Shoot:
    """Check a video and write it as a clip.

    Args:
        source: The video's path.
        path: The clip's path.
        picture: The clip's size and rate.
        frames: The clip's length.
        least_frames: With fewer frames the video is of no use.
        image: The path of the image it was made from; empty without one.
        sparse: Leave frames out that repeat the one before.
        threads: The encoder's.
    """

    source: str
    path: str
    picture: Picture
    frames: int
    least_frames: int
    image: str = ""
    sparse: bool = False
    threads: int = 1

    def packed(self) -> bytes:
        """As a request."""
        return json.dumps({"task": "shoot"} | asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Fit:
    """Write an image as PNG that covers a size.

    Args:
        source: The image's path.
        path: The path of the PNG.
        width: Pixels.
        height: Pixels.
    """

    source: str
    path: str
    width: int
    height: int

    def packed(self) -> bytes:
        """As a request."""
        return json.dumps({"task": "fit"} | asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Made:
    """A video as it was found: its size, frames and rate, and what was checked, in words."""

    width: int
    height: int
    frames: int
    rate: Rate
    checks: tuple[str, ...]

    def packed(self) -> bytes:
        """As a reply."""
        return json.dumps(asdict(self)).encode()


def read(payload: bytes) -> Shoot | Fit:
    """A request."""
    found: dict[str, Any] = json.loads(payload)
    if found.pop("task") == "fit":
        return Fit(**found)
    picture = found.pop("picture")
    return Shoot(picture=Picture(picture["width"], picture["height"], Rate(**picture["rate"])), **found)


def made(reply: bytes) -> Made:
    """A reply."""
    found: dict[str, Any] = json.loads(reply)
    rate, told = Rate(**found.pop("rate")), tuple(found.pop("checks"))
    return Made(rate=rate, checks=told, **found)
