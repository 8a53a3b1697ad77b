"""What a job writes down at its end: the plan with every block's fate, the manifest, the whole record."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from orchestrator import requests
from services.artifacts import wire
from services.artifacts.store import Store
from services.media import clock
from services.story.wire import decode
from storyreel.artifact.v1 import artifact_pb2
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.parsing.v1 import storyboard_pb2

JSON = "application/json"
COVERAGE_LIMIT = 64 << 20

PACKAGES = (
    "storyreel",
    "temporalio",
    "grpcio",
    "av",
    "pillow",
    "numpy",
    "imageio-ffmpeg",
    "espeakng-loader",
    "edge-tts",
)
"""Distributions whose versions the manifest names."""


async def publish(store: Store, publication: record_pb2.Publication) -> job_pb2.Outputs:
    """Store the plan, and for a made video its manifest; keep the whole record under the job's name."""
    job = publication.job
    covered = await store.read(wire.from_proto(publication.coverage), limit=COVERAGE_LIMIT)
    scenes = [scene for part in publication.scenes for scene in await _scenes(store, part)]
    plan = plan_of(job, scenes, decode(covered, storyboard_pb2.Coverage))
    if publication.HasField("voice"):
        plan.voice = f"{publication.voice.engine}:{publication.voice.name}"
    job.outputs.plan.CopyFrom(await _put(store, plan))
    if not job.plan_only:
        job.outputs.manifest.CopyFrom(await _put(store, manifest_of(job, scenes, plan)))
    await store.put_result("jobs", record_key(job.name), job.SerializeToString(deterministic=True))
    return job.outputs


def record_key(name: str) -> str:
    """Where a job's whole record lies; it outlives the engine's memory of the job."""
    return hashlib.sha256(name.encode()).hexdigest()


def plan_of(
    job: job_pb2.Job, scenes: Iterable[record_pb2.SceneRecord], coverage: storyboard_pb2.Coverage
) -> job_pb2.Plan:
    """The plan: every scene with its narration, and where every block of the source went."""
    plan = job_pb2.Plan(title=job.title)
    pauses = timedelta(seconds=sum(n / d for n, d in (clock.LEAD_SECONDS, clock.TAIL_SECONDS)))
    spoken: dict[tuple[str, str], str] = {}
    for scene in scenes:
        text = " ".join(segment.text for segment in scene.narration.segments)
        spoken |= {(scene.ref.id, segment.element): segment.text for segment in scene.narration.segments}
        plan.scenes.add(
            id=scene.ref.id,
            type=scene.ref.type,
            narration=text,
            estimated_duration=_duration(scene.estimated_duration.ToTimedelta() + pauses),
            chapter=scene.ref.chapter,
            footage=scene.plan_footage if scene.HasField("plan_footage") else None,
        )
    footage = (scene.footage.estimated_duration.ToTimedelta() for scene in plan.scenes)
    plan.footage_duration.FromTimedelta(sum(footage, timedelta()))
    whole = (scene.estimated_duration.ToTimedelta() for scene in plan.scenes)
    plan.estimated_duration.FromTimedelta(sum(whole, timedelta()))
    plan.coverage.blocks.extend(_covered(block, spoken) for block in coverage.blocks)
    return plan


def _duration(length: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(timedelta(milliseconds=round(length / timedelta(milliseconds=1))))
    return duration


def _covered(block: storyboard_pb2.Block, spoken: dict[tuple[str, str], str]) -> job_pb2.CoveredBlock:
    """One block's fate: narrated when a voice says it, shown when it is only on the screen."""
    places = [(placement.scene_id, placement.element) for placement in block.placements]
    said = " ".join(spoken[place] for place in places if place in spoken)
    # A listing may be spoken of without being read out.
    read_out = said and (block.kind != storyboard_pb2.BLOCK_KIND_CODE or _words(block.text) <= _words(said))
    outcome = job_pb2.OUTCOME_SHOWN if places else job_pb2.OUTCOME_DROPPED
    return job_pb2.CoveredBlock(
        id=block.id,
        kind=block.kind,
        text=block.text,
        outcome=job_pb2.OUTCOME_NARRATED if read_out else outcome,
        reason=block.drop_reason or block.note,
        place=block.place if block.HasField("place") else None,
        scene_ids=list(dict.fromkeys(scene for scene, _ in places)),
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def manifest_of(
    job: job_pb2.Job, scenes: Iterable[record_pb2.SceneRecord], plan: job_pb2.Plan
) -> job_pb2.Manifest:
    """The manifest: the job, its scenes with digests and places, the versions, the coverage in numbers."""
    manifest = job_pb2.Manifest(job=job, versions=versions())
    scenes = list(scenes)
    picture = job.settings.picture
    lead = clock.lead_frames(clock.Rate(picture.rate_numerator, picture.rate_denominator))
    spans = clock.timeline([(_frames(scene), lead) for scene in scenes])
    for scene, span, planned in zip(scenes, spans, plan.scenes, strict=True):
        manifest.scenes.add(
            id=scene.ref.id,
            type=planned.type,
            chapter=scene.ref.chapter,
            start_frame=span.start,
            frames=span.frames,
            voice_frame=span.voice,
            voice=f"{scene.speech.voice.engine}:{scene.speech.voice.name}",
            scene_sha256=scene.ref.scene.sha256,
            speech_sha256=scene.speech.audio.sha256,
            clip_sha256=requests.clips(scene)[0].video.sha256,
            timing_sha256=scene.speech.timing.sha256,
            attempts=scene.attempts,
            making=scene.footage[0].making if scene.footage else None,
            continued=[
                job_pb2.ManifestClip(
                    clip_sha256=made.clip.video.sha256, frames=made.clip.frames, making=made.making
                )
                for made in scene.footage[1:]
            ],
        )
    _add_versions(manifest)
    manifest.coverage.CopyFrom(coverage_counts(plan.coverage.blocks))
    dropped = (block for block in plan.coverage.blocks if block.outcome == job_pb2.OUTCOME_DROPPED)
    manifest.dropped.extend(dropped)
    return manifest


def coverage_counts(blocks: Iterable[job_pb2.CoveredBlock]) -> job_pb2.CoverageCounts:
    """How many blocks came to what."""
    counts = Counter(block.outcome for block in blocks)
    return job_pb2.CoverageCounts(
        narrated=counts[job_pb2.OUTCOME_NARRATED],
        shown=counts[job_pb2.OUTCOME_SHOWN],
        dropped=counts[job_pb2.OUTCOME_DROPPED],
    )


def _add_versions(manifest: job_pb2.Manifest) -> None:
    """Add the versions of what generated footage; several of one library stand side by side."""
    found: dict[str, set[str]] = {}
    for scene in manifest.scenes:
        for making in (scene.making, *(clip.making for clip in scene.continued)):
            for name, number in making.versions.items():
                found.setdefault(name, set()).add(number)
    for name, numbers in found.items():
        here = {manifest.versions[name]} if name in manifest.versions else set()
        manifest.versions[name] = ", ".join(sorted(numbers | here))


def _frames(scene: record_pb2.SceneRecord) -> int:
    return sum(clip.frames for clip in requests.clips(scene))


def versions() -> dict[str, str]:
    """The versions of what makes a video, by distribution; what is not installed is left out."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


async def _scenes(store: Store, part: artifact_pb2.Artifact) -> Iterable[record_pb2.SceneRecord]:
    return decode(await store.read(wire.from_proto(part)), record_pb2.SceneRecords).scenes


async def _put(store: Store, message: Message) -> artifact_pb2.Artifact:
    text = json.dumps(plain(message), ensure_ascii=False, indent=2)
    artifact = await store.put_bytes(text.encode(), media_type=JSON)
    return wire.to_proto(artifact)


def plain(message: Message) -> dict[str, Any]:
    """A message as JSON writes it, but with whole numbers as numbers: those of 64 bits would be texts."""
    data: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    _numbers(message.DESCRIPTOR.fields, data)
    return data


def _numbers(fields: Iterable[Any], data: dict[str, Any]) -> None:
    for field in fields:
        value = data.get(field.name)
        each = value if isinstance(value, list) else [value]
        if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64) and value:
            data[field.name] = [int(v) for v in value] if isinstance(value, list) else int(value)
        elif field.message_type is not None:  # times and durations are texts, and stay so
            for inner in each:
                if isinstance(inner, dict):
                    _numbers(field.message_type.fields, inner)
