"""What tests of delegated clips share: a shot, a video, and a server with the backend that speaks to it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from PIL import Image

from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.progress import Progress
from services.generation.clip import Shot
from services.generation.footage.plan import Making
from services.generation.video_api.backend import OpenAIVideosBackend
from services.media.clip import Picture
from services.media.clock import Rate
from services.story.footage import Footage
from tests.unit.generation.video_api.engine import FakeEngine

SHOT = Shot(24, Picture(320, 180, Rate(30)))


def video(
    frames: int = 13, *, rate: int = 16, width: int = 96, height: int = 64, black: bool = False
) -> bytes:
    """An MP4 in which a bar wanders over a gradient."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(frames):
                picture = np.zeros((height, width, 3), np.uint8)
                if not black:
                    picture[:] = np.linspace(20, 130, width, dtype=np.uint8)[None, :, None]
                    picture[:, number * 4 : number * 4 + 12] = (240, 200, 40)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return path.read_bytes()


@dataclass
class Set:
    """An engine, the backend that speaks to it, and what was seen of both."""

    engine: FakeEngine
    backend: OpenAIVideosBackend
    store: LocalStore
    folder: Path
    told: list[Progress] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    url: str = ""

    async def make(self, footage: Footage | None = None, *, shot: Shot = SHOT) -> Making:
        """Have the backend make a clip at `clip`."""
        wish = footage or Footage(prompt="A lake at dawn", seed=7)
        return await self.backend.make(shot, wish, self.clip, self.told.append)

    @property
    def clip(self) -> Path:
        return self.folder / "clip.mp4"

    async def image(self, width: int = 64, height: int = 48) -> Artifact:
        """A PNG in the store."""
        data = io.BytesIO()
        Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(data, format="PNG")
        return await self.store.put_bytes(data.getvalue(), media_type="image/png")


Opens = Callable[..., Awaitable[Set]]
