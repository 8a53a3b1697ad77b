"""What a job writes down at its end."""

from __future__ import annotations

import json
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from orchestrator.publication import manifest_of, plain, plan_of, publish, versions
from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.story.wire import PROTOBUF, encode
from storyreel.error.v1 import category_pb2
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.parsing.v1 import source_place_pb2, storyboard_pb2


def scene(number: int, *segments: tuple[str, str], frames: int = 30) -> record_pb2.SceneRecord:
    record = record_pb2.SceneRecord(estimated_duration=Duration(seconds=1))
    record.ref.id, record.ref.type = f"s{number:03d}", storyboard_pb2.SCENE_TYPE_CODE
    record.card.clip.frames = frames
    for text, element in segments:
        record.narration.segments.add(text=text, element=element)
    return record


def covered(
    kind: storyboard_pb2.BlockKind.ValueType, text: str, element: str, said: str
) -> job_pb2.CoveredBlock:
    coverage = storyboard_pb2.Coverage()
    block = coverage.blocks.add(id="b0001", kind=kind, text=text)
    block.placements.add(scene_id="s001", element=element)
    plan = plan_of(job_pb2.Job(), [scene(1, (said, "code"))], coverage)
    return plan.coverage.blocks[0]


def test_a_listing_that_is_told_but_not_read_out_is_shown() -> None:
    assert (
        covered(
            storyboard_pb2.BLOCK_KIND_CODE, "def eat(fruit): return fruit", "code", "One line defines eat."
        ).outcome
        == job_pb2.OUTCOME_SHOWN
    )


def test_a_command_that_is_read_out_is_narrated() -> None:
    assert (
        covered(storyboard_pb2.BLOCK_KIND_CODE, "make run", "code", "make run.").outcome
        == job_pb2.OUTCOME_NARRATED
    )


def test_what_no_voice_says_is_shown_and_what_has_no_place_is_dropped_with_its_reason() -> None:
    assert (
        covered(storyboard_pb2.BLOCK_KIND_HEADING, "Part", "header", "One line defines eat.").outcome
        == job_pb2.OUTCOME_SHOWN
    )
    coverage = storyboard_pb2.Coverage()
    coverage.blocks.add(id="b0001", kind=storyboard_pb2.BLOCK_KIND_RULE, drop_reason="A rule says nothing.")

    (block,) = plan_of(job_pb2.Job(), [scene(1, ("Hello.", "text/0"))], coverage).coverage.blocks

    assert (block.outcome, block.reason) == (job_pb2.OUTCOME_DROPPED, "A rule says nothing.")


def test_a_plan_counts_the_declared_pauses() -> None:
    plan = plan_of(
        job_pb2.Job(title="T"),
        [scene(1, ("A.", "code")), scene(2, ("B.", "code"))],
        storyboard_pb2.Coverage(),
    )

    assert plan.scenes[0].estimated_duration.ToTimedelta() == timedelta(seconds=1.6)
    assert plan.estimated_duration.ToTimedelta() == timedelta(seconds=3.2)


def test_the_manifest_places_every_scene_and_names_the_versions() -> None:
    job = job_pb2.Job()
    job.settings.picture.rate_numerator, job.settings.picture.rate_denominator = 30, 1
    scenes = [scene(1, ("A.", "code"), frames=40), scene(2, ("B.", "code"), frames=50)]

    manifest = manifest_of(job, scenes, plan_of(job, scenes, storyboard_pb2.Coverage()))

    assert [(s.start_frame, s.frames, s.voice_frame) for s in manifest.scenes] == [(0, 40, 6), (40, 50, 46)]
    assert manifest.versions["storyreel"] == versions()["storyreel"]


def test_whole_numbers_are_numbers_and_times_are_texts() -> None:
    manifest = job_pb2.Manifest()
    manifest.scenes.add(start_frame=2**40)
    manifest.job.source.artifact.size_bytes = 12
    manifest.job.outputs.video.measurements.video_duration.seconds = 3

    data = plain(manifest)

    assert data["scenes"][0]["start_frame"] == 2**40
    assert data["scenes"][0]["voice_frame"] == 0
    assert data["job"]["source"]["artifact"]["size_bytes"] == 12
    assert data["job"]["outputs"]["video"]["measurements"]["video_duration"] == "3s"


def test_the_manifest_lists_what_was_dropped_with_its_reason() -> None:
    coverage = storyboard_pb2.Coverage()
    coverage.blocks.add(
        id="b0001",
        kind=storyboard_pb2.BLOCK_KIND_RULE,
        drop_reason="A rule says nothing.",
        place=source_place_pb2.SourcePlace(line=7),
    )
    kept = coverage.blocks.add(id="b0002", kind=storyboard_pb2.BLOCK_KIND_PARAGRAPH)
    kept.placements.add(scene_id="s001", element="code")
    job = job_pb2.Job()
    job.settings.picture.rate_numerator, job.settings.picture.rate_denominator = 30, 1
    scenes = [scene(1, ("A.", "code"))]

    manifest = manifest_of(job, scenes, plan_of(job, scenes, coverage))

    assert [(b.id, b.place.line, b.reason) for b in manifest.dropped] == [
        ("b0001", 7, "A rule says nothing.")
    ]
    assert manifest.coverage == job_pb2.CoverageCounts(narrated=1, dropped=1)


async def test_a_plan_names_the_voice_that_would_speak(store: LocalStore) -> None:
    coverage = storyboard_pb2.Coverage()
    coverage.blocks.add(id="b0001", kind=storyboard_pb2.BLOCK_KIND_RULE, drop_reason="It says nothing.")
    publication = record_pb2.Publication(job=job_pb2.Job(name="jobs/abcdefgh", plan_only=True))
    stored = await store.put_bytes(encode(coverage), media_type=PROTOBUF)
    publication.coverage.CopyFrom(wire.to_proto(stored))
    publication.voice.engine, publication.voice.name = "espeak", "en-us+m3"

    outputs = await publish(store, publication)

    plan = json.loads(await store.read(wire.from_proto(outputs.plan)))
    assert plan["voice"] == "espeak:en-us+m3"
    assert [block["outcome"] for block in plan["coverage"]["blocks"]] == ["OUTCOME_DROPPED"]


def test_a_block_that_describes_a_picture_is_shown_and_says_why() -> None:
    coverage = storyboard_pb2.Coverage()
    block = coverage.blocks.add(
        id="b0001", kind=storyboard_pb2.BLOCK_KIND_FOOTAGE, text="a lamp", note="it describes a picture"
    )
    block.placements.add(scene_id="s001", element="footage")

    (told,) = plan_of(job_pb2.Job(), [scene(1, ("Hello.", "text/0"))], coverage).coverage.blocks

    assert (told.outcome, told.reason, list(told.scene_ids)) == (
        job_pb2.OUTCOME_SHOWN,
        "it describes a picture",
        ["s001"],
    )


def test_the_manifest_says_how_footage_was_generated_and_what_failed_before() -> None:
    job = job_pb2.Job()
    job.settings.picture.rate_numerator, job.settings.picture.rate_denominator = 30, 1
    drawn, generated = scene(1, ("A.", "code")), scene(2, ("B.", "code"))
    generated.attempts.add(number=1, category=category_pb2.CATEGORY_VRAM_MEMORY, message="Too little.")
    generated.footage.add().making.plan.seed = 7

    first, second = manifest_of(
        job, [drawn, generated], plan_of(job, [drawn, generated], storyboard_pb2.Coverage())
    ).scenes

    assert not first.HasField("making")
    assert not second.continued
    assert (second.making.plan.seed, second.attempts[0].category) == (7, category_pb2.CATEGORY_VRAM_MEMORY)


def test_the_manifest_names_what_generated_footage_on_whatever_machines() -> None:
    job = job_pb2.Job()
    job.settings.picture.rate_numerator, job.settings.picture.rate_denominator = 30, 1
    first, second = scene(1, ("A.", "code")), scene(2, ("B.", "code"))
    making = first.footage.add().making
    making.versions.update({"torch": "2.13.0", "numpy": "0.0.1"})
    making.device = "NVIDIA H200"
    second.footage.add().making.versions.update({"torch": "2.12.1"})
    second.footage.add().making.versions.update({"diffusers": "0.42.1"})

    manifest = manifest_of(job, [first, second], plan_of(job, [first, second], storyboard_pb2.Coverage()))

    assert (manifest.versions["torch"], manifest.versions["diffusers"]) == ("2.12.1, 2.13.0", "0.42.1")
    assert manifest.versions["numpy"] == f"0.0.1, {versions()['numpy']}"
    assert manifest.scenes[0].making.device == "NVIDIA H200"


def test_a_plan_adds_up_what_devices_take_for_footage() -> None:
    first, second = scene(1, ("A.", "code")), scene(2, ("B.", "code"))
    first.plan_footage.estimated_duration.FromMilliseconds(80_250)
    second.plan_footage.estimated_duration.FromSeconds(30)

    plan = plan_of(job_pb2.Job(), [first, second, scene(3, ("C.", "code"))], storyboard_pb2.Coverage())

    assert plan.footage_duration.ToTimedelta() == timedelta(seconds=110.25)


def test_the_manifest_lists_all_clips_of_a_scene_with_their_making() -> None:
    job = job_pb2.Job()
    job.settings.picture.rate_numerator, job.settings.picture.rate_denominator = 30, 1
    long, after = scene(1, ("A.", "code")), scene(2, ("B.", "code"))
    for frames in (20, 15, 10):
        made = long.footage.add()
        made.clip.frames, made.clip.video.sha256 = frames, str(frames) * 32
        made.making.plan.frames = frames + 2

    first, second = manifest_of(
        job, [long, after], plan_of(job, [long, after], storyboard_pb2.Coverage())
    ).scenes

    assert (first.frames, second.start_frame) == (45, 45)
    assert [(clip.frames, clip.making.plan.frames) for clip in first.continued] == [(15, 17), (10, 12)]
    assert first.continued[0].clip_sha256 == "15" * 32
