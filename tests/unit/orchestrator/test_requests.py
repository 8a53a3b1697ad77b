"""What a stage is asked depends on what its result depends on, and on nothing else."""

from __future__ import annotations

from orchestrator import requests
from orchestrator.job import with_defaults
from storyreel.artifact.v1 import artifact_pb2
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.muxing.v1 import timeline_pb2
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
