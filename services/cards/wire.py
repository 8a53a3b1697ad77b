"""What the service and its drawing processes say to each other: a shot going in, its leftovers coming out."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from services.generation.clip import Look, Shot
from services.media.clock import Rate
from services.media.picture import Picture
from services.story import wire
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.script.v1 import narration_pb2
from storyreel.tts.v1 import speech_pb2

_SIZES = struct.Struct(">4I")


def pack(shot: Shot, path: Path, *, threads: int, image: Path | None = None) -> bytes:
    """A request: the sizes of the four parts; a JSON header; scene, narration and timing as messages."""
    picture, look = shot.picture, shot.look
    header: dict[str, Any] = {
        "path": str(path),
        "image": str(image or ""),
        "threads": threads,
        "frames": shot.frames,
        "lead_frames": shot.lead_frames,
        "picture": [picture.width, picture.height, picture.rate.numerator, picture.rate.denominator],
        "look": [look.theme, look.accent, look.timing],
    }
    parts = (
        json.dumps(header).encode(),
        wire.encode(wire.scene_to_proto(shot.card)),
        wire.encode(wire.narration_to_proto(shot.narration)),
        wire.encode(wire.timing_to_proto(shot.timing)),
    )
    return _SIZES.pack(*map(len, parts)) + b"".join(parts)


def unpack(payload: bytes) -> tuple[Shot, Path, int, Path | None]:
    """The shot of a request, the file it goes to, the encoder's threads, and the file of the card's image."""
    parts, start = [], _SIZES.size
    for size in _SIZES.unpack_from(payload):
        parts.append(payload[start : start + size])
        start += size
    header = json.loads(parts[0])
    width, height, numerator, denominator = header["picture"]
    # The service has checked the messages; the first use of the checker costs 20 MB.
    shot = Shot(
        card=wire.scene_from_proto(storyboard_pb2.Scene.FromString(parts[1])),
        narration=wire.narration_from_proto(narration_pb2.Narration.FromString(parts[2])),
        timing=wire.timing_from_proto(speech_pb2.SpeechTiming.FromString(parts[3])),
        frames=header["frames"],
        lead_frames=header["lead_frames"],
        picture=Picture(width, height, Rate(numerator, denominator)),
        look=Look(*header["look"]),
    )
    image = Path(header["image"]) if header["image"] else None
    return shot, Path(header["path"]), header["threads"], image
