"""Makes the video of a plan, as the muxing service would."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from services.chassis.progress import Progress
from services.muxing import wire
from services.muxing.assembly import assemble
from services.muxing.mastering import master, record
from services.muxing.studio import Studio
from services.muxing.video import Video
from services.story import wire as story
from storyreel.muxing.v1 import timeline_pb2
from storyreel.tts.v1 import speech_pb2
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take

SPOKEN = [Take(reel.click(1 + 0.37 * (n % 4)), chapter=f"Part {n // 2}") for n in range(4)]


async def make(studio: Studio, plan: timeline_pb2.MuxPlan, told: list[Progress] | None = None) -> Video:
    """The video of a plan, whose sound is made first when it has none."""
    if not plan.HasField("sound"):
        score = wire.score_from_proto(reel.sound_plan(plan))
        sound = await master(studio, score, partial(record, studio), report=lambda progress: None)
        plan.sound.CopyFrom(wire.sound_to_proto(sound))
    timeline = wire.timeline_from_proto(plan)
    stored = [await studio.store.read(scene.planned.timing) for scene in timeline.scenes]
    timings = [story.timing_from_proto(story.decode(data, speech_pb2.SpeechTiming)) for data in stored]
    report = (told if told is not None else []).append
    return await assemble(studio, timeline, timings, report=report)


async def film(studio: Studio, video: Video, tmp_path: Path) -> Path:
    """The finished file."""
    path = tmp_path / "finished.mp4"
    await studio.store.fetch(video.mp4, path)
    return path
