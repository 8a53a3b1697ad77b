"""What a stage is asked depends on what its result depends on, and on nothing else."""

from __future__ import annotations

from orchestrator import requests
from orchestrator.job import with_defaults
from storyreel.artifact.v1 import artifact_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.muxing.v1 import timeline_pb2
from storyreel.script.v1 import script_service_pb2
from storyreel.tts.v1 import speech_pb2

JOB = job_pb2.Job(settings=with_defaults(job_pb2.Settings()))


def scene(written: str) -> record_pb2.SceneRecord:
    """A scene that says `40 percent`, and writes it in some way."""
    record = record_pb2.SceneRecord(speech=speech_pb2.Speech(samples=48_000))
    segment = record.narration.segments.add(text="40 percent", element="text/0")
    if written:
        segment.spellings.add(char_start=0, char_end=10, written=written)
        record.stored_narration.CopyFrom(artifact_pb2.Artifact(uri=f"local:{written}"))
    return record


def test_another_spelling_of_the_same_words_needs_no_new_speech_and_no_new_sound() -> None:
    one, other = scene("40%"), scene("40 %")
    voice = speech_pb2.Voice(engine="espeak", name="en", language="en")

    spoken = [requests.speak(record, voice, JOB.settings) for record in (one, other)]
    mastered = [requests.master([record], JOB.settings) for record in (one, other)]

    assert spoken[0] == spoken[1]
    assert mastered[0] == mastered[1]


def test_the_video_is_told_how_its_scenes_are_written() -> None:
    plan = requests.mux(JOB, [scene("40%"), scene("")], timeline_pb2.Sound())

    assert plan.scenes[0].narration.uri == "local:40%"
    assert not plan.scenes[1].HasField("narration")


def test_a_writer_is_told_what_stands_around_its_scene() -> None:
    records = [scene("") for _ in range(3)]
    for number, record in enumerate(records):
        record.ref.id, record.ref.summary = f"s{number}", f"summary {number}"
    records[1].ref.headings.extend(["Part", "Section"])

    contexts = requests.contexts("Title", records)
    asked = requests.narrate(records[1], JOB.settings, contexts["s1"])

    assert asked.backend == "template"
    assert asked.context == script_service_pb2.NarrationContext(
        title="Title", headings=["Part", "Section"], before="summary 0", after="summary 2"
    )
    assert (contexts["s0"].before, contexts["s2"].after) == ("", "")


def test_footage_is_asked_for_with_what_its_picture_depends_on() -> None:
    wish = footage_pb2.Footage(prompt="a lamp", steps=40)
    settings = job_pb2.Settings()
    settings.CopyFrom(JOB.settings)
    settings.footage_backend = "openai_videos"

    request = requests.footage(settings, wish, frames=48, early=False, continues=False)

    assert (request.spec.backend, request.spec.footage, request.spec.frames) == ("openai_videos", wish, 48)
    assert request.spec.picture == settings.picture
    assert request.watch.keep_running.seconds == 120


def test_a_plan_asks_for_footage_as_long_as_its_speech_will_be_about() -> None:
    record = scene("")
    record.ref.footage.prompt = "a lamp"
    record.estimated_duration.FromSeconds(1)

    spec = requests.estimate(record, JOB.settings, record.ref.footage, early=True).spec

    assert (spec.footage.prompt, spec.frames) == ("a lamp", requests.draw(record, JOB.settings).spec.frames)
    assert spec.may_end_early


def test_a_clip_that_goes_on_has_what_is_left_of_the_scene() -> None:
    wish = footage_pb2.Footage(prompt="a lamp", extension=footage_pb2.EXTENSION_CONTINUE)

    spec = requests.footage(JOB.settings, wish, frames=12, early=True, continues=True).spec

    assert (spec.frames, spec.may_end_early, spec.continues) == (12, True, True)
    assert spec.footage == footage_pb2.Footage(prompt="a lamp")


def test_the_video_is_told_the_card_of_a_scene_or_all_clips_of_its_footage() -> None:
    drawn, generated = scene(""), scene("")
    drawn.card.clip.frames = 20
    for frames in (20, 15, 10):
        generated.footage.add().clip.frames = frames

    plan = requests.mux(JOB, [drawn, generated], timeline_pb2.Sound())

    shown = [[each.clip.frames, *(clip.frames for clip in each.continued)] for each in plan.scenes]
    assert shown == [[20], [20, 15, 10]]


def test_a_document_is_read_with_the_files_it_names() -> None:
    job = job_pb2.Job(source=job_pb2.Source(name="fjord.md"))
    job.source.files.add(name="pictures/fjord.png", file=artifact_pb2.Artifact(uri="local:fjord"))

    assert requests.parse(job).files == job.source.files
