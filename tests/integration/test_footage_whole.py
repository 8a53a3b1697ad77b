"""A document with an image becomes a video whose scene goes on over several clips of a tiny model."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from PIL import Image

from orchestrator.cli import pictures, source
from orchestrator.client import Storyreel
from orchestrator.embedded import storyreel
from orchestrator.settings import OrchestratorSettings
from services.artifacts import wire
from services.media import probe
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2
from storyreel.media.v1 import clip_pb2
from tests.contract.test_footage_service import Kept
from tests.unit.generation.wan.conftest import Studio, damaged, started, studio, tiny_models

__all__ = ["damaged", "started", "studio", "tiny_models"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """# The fjord

```footage
prompt: a fjord between steep mountains
image: pictures/fjord.png
steps: 15
```

The fjord is very long and very deep, and the mountains on both of its sides are so steep that in the
winter the sun is not seen from the farms at the water for almost three whole months of the year.
"""


@pytest.fixture
def document(tmp_path: Path) -> source.Document:
    """A document beside its image."""
    (tmp_path / "book" / "pictures").mkdir(parents=True)
    image = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(image, "PNG")
    (tmp_path / "book" / "pictures" / "fjord.png").write_bytes(image.getvalue())
    (tmp_path / "book" / "fjord.md").write_text(TEXT)
    return source.read(str(tmp_path / "book" / "fjord.md"))


async def made(reel: Storyreel, document: source.Document) -> job_pb2.Job:
    """A job on a document, at its end."""
    stored = await reel.artifacts.put_bytes(document.data, media_type="text/markdown")
    files = await pictures.stored(document, reel.artifacts)
    job = job_pb2.Job(
        source=job_pb2.Source(artifact=wire.to_proto(stored), name=document.name, files=files),
        settings=job_pb2.Settings(
            picture=clip_pb2.Picture(width=320, height=240, rate_numerator=30, rate_denominator=1)
        ),
    )
    created = await reel.jobs.create(job)
    return [change async for change in reel.jobs.watch(created.name)][-1]


async def test_a_scene_longer_than_a_clip_is_one_scene_of_several_and_is_not_made_twice(
    studio: Studio, document: source.Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOME", str(tmp_path / "home")), ("TTS_ENGINES", "espeak")):
        monkeypatch.setenv(f"STORYREEL_{name}", value)
    monkeypatch.setattr("services.generation.servicer.generators", lambda *_: [Kept(studio.backend)])
    async with storyreel(OrchestratorSettings(pools="ti2v"), work=True) as reel:
        monkeypatch.setattr(studio.backend, "_store", reel.artifacts)

        job = await made(reel, document)
        asked = len(studio.processes)
        again = await made(reel, document)

        text = await reel.artifacts.read(wire.from_proto(job.outputs.manifest))
        await reel.artifacts.fetch(wire.from_proto(job.outputs.video.mp4), tmp_path / "video.mp4")
    scenes = Parse(text, job_pb2.Manifest()).scenes
    scene = next(scene for scene in scenes if scene.HasField("making"))
    clips = [scene.making, *(clip.making for clip in scene.continued)]
    assert (job.state, list(job.degradations), list(job.warnings)) == (job_pb2.STATE_SUCCEEDED, [], [])
    assert 302 < scene.frames <= 450
    assert len(clips) == 3
    assert {clip.plan.mode for clip in clips} == {footage_pb2.MODE_TI2V}
    assert len({clip.clip_sha256 for clip in scene.continued} | {scene.clip_sha256}) == 3
    assert probe.video(tmp_path / "video.mp4").end > 0
    assert job.outputs.video.measurements.frames == sum(scene.frames for scene in scenes)
    assert job.outputs.video.measurements.scene_key_frames == len(scenes)
    assert (len(studio.processes), again.outputs.video) == (asked, job.outputs.video)
