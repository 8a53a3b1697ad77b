"""Which requests a field of a job's settings or a scene's record reaches: no other result is made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from orchestrator import requests
from orchestrator.footage import routing
from orchestrator.job import with_defaults
from services.artifacts.local import LocalStore
from services.artifacts.results import Results
from services.story.look import builtins
from services.story.look_wire import look_to_proto
from storyreel.generation.v1.generation_service_pb2 import FootageSpec
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.tts.v1 import speech_pb2

NARRATION, SPEECH, CARD, FOOTAGE = "WriteNarration", "Synthesize", "CardSpec", "FootageSpec"

REACHES: dict[str, set[str]] = {
    "settings.voice": set(),
    "settings.language": {NARRATION},
    "settings.picture": {CARD, FOOTAGE},
    "settings.look": {CARD},
    "settings.offline": set(),
    "settings.script_backend": {NARRATION},
    "settings.speed_percent": {SPEECH},
    "settings.pools": {FOOTAGE},
    "settings.footage_backend": {FOOTAGE},
    "settings.frame_timing": {CARD, FOOTAGE},
    "settings.heartbeat_timeout": set(),
    "settings.call_attempts": set(),
    "scene.ref.id": set(),
    "scene.ref.type": set(),
    "scene.ref.scene": {NARRATION, CARD},
    "scene.ref.chapter": set(),
    "scene.ref.footage": {FOOTAGE},
    "scene.ref.visual": set(),
    "scene.ref.visual_place": set(),
    "scene.ref.headings": {NARRATION},
    "scene.ref.summary": set(),
    "scene.narration.language": {CARD},
    "scene.narration.segments": {SPEECH, CARD},
    "scene.narration.segments.element": {CARD},
    "scene.narration.segments.spellings": {CARD},
    "scene.estimated_duration": set(),
    "scene.speech.audio": set(),
    "scene.speech.timing": {CARD},
    "scene.speech.samples": {CARD, FOOTAGE},
    "scene.speech.voice": set(),
    "scene.card": set(),
    "scene.stored_narration": set(),
    "scene.attempts": set(),
    "scene.plan_footage": set(),
    "scene.footage": set(),
}
"""What another value of a field changes; a field stands for all that is in it and is not listed itself.

The language and the voice of a video reach its speech through the voice that is chosen once for all scenes.
"""


def settings() -> job_pb2.Settings:
    """The settings of a job with one pool."""
    whole = with_defaults(job_pb2.Settings())
    whole.pools.append("ti2v")
    return whole


def scene() -> record_pb2.SceneRecord:
    """A spoken scene that wishes for footage."""
    record = record_pb2.SceneRecord(speech=speech_pb2.Speech(samples=480_000))
    record.narration.segments.add(text="A lamp shines.", element="text/0")
    record.ref.footage.prompt = "a lamp"
    return record


def asked(settings: job_pb2.Settings, scene: record_pb2.SceneRecord) -> dict[str, Message]:
    """The requests for a scene, of footage the one for its first clip."""
    voice = speech_pb2.Voice(engine="espeak", name="en", language="en")
    return {
        NARRATION: requests.narrate(scene, settings, requests.contexts("A lamp", [scene])[scene.ref.id]),
        SPEECH: requests.speak(scene, voice, settings),
        CARD: requests.draw(scene, settings).spec,
        FOOTAGE: footage_spec(settings, scene),
    }


def footage_spec(settings: job_pb2.Settings, scene: record_pb2.SceneRecord) -> FootageSpec:
    """What the workflow asks for the first clip of a scene."""
    wish = routing.suited(scene.ref.footage, settings.pools)
    early = bool(routing.successor(wish, settings.pools))
    frames = requests.frames(scene, settings)
    return requests.footage(settings, wish, frames=frames, early=early, continues=False).spec


def fields(kind: Descriptor, path: str) -> Iterator[str]:
    """The paths of all fields within a message, and of those within a repeated one that is looked into."""
    for field in kind.fields:
        inner = f"{path}.{field.name}"
        if field.message_type is None or (field.is_repeated and field.name != "segments"):
            yield inner
        else:
            if field.is_repeated:
                yield inner
            yield from fields(field.message_type, inner)


def change(message: Any, path: str) -> None:
    """Give a field another value."""
    name, _, rest = path.partition(".")
    field: FieldDescriptor = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if rest:
        change(value[0] if field.is_repeated else value, rest)
    elif field.is_repeated:
        if len(value):
            message.ClearField(name)
        elif field.message_type:
            value.add()
        else:
            value.append("other")
    elif field.enum_type:
        last = field.enum_type.values[-1].number
        setattr(message, name, 0 if value == last else last)
    else:
        others: dict[type, Callable[[Any], Any]] = {
            str: lambda text: f"other{text}",
            bytes: lambda data: data + b"x",
            bool: lambda truth: not truth,
            int: lambda number: number + number // 2 + 1,
            float: lambda number: number + 1,
        }
        setattr(message, name, others[type(value)](value))


PATHS = [
    *fields(job_pb2.Settings.DESCRIPTOR, "settings"),
    *fields(record_pb2.SceneRecord.DESCRIPTOR, "scene"),
]


def listed(path: str) -> str:
    """The entry that a field belongs to: its own, or that of what it is in; empty without one."""
    while path and path not in REACHES:
        path = path.rpartition(".")[0]
    return path


@pytest.mark.parametrize("path", PATHS)
def test_another_value_of_a_field_changes_the_requests_that_depend_on_it_and_no_other(path: str) -> None:
    values: dict[str, Any] = {"settings": settings(), "scene": scene()}
    before = asked(**values)

    holder, _, inner = path.partition(".")
    change(values[holder], inner)
    after = asked(**values)

    assert {name for name in before if before[name] != after[name]} == REACHES[listed(path)]


def test_every_entry_of_the_list_is_a_field() -> None:
    assert REACHES.keys() == {entry for path in PATHS for entry in [listed(path)]}


def test_another_theme_text_or_narration_leaves_the_digest_of_footage_as_it_was(store: LocalStore) -> None:
    looks = [look_to_proto(look) for _, _, look in builtins()]
    themes = [settings() for _ in looks]
    for theme, look in zip(themes, looks, strict=True):
        theme.look.CopyFrom(look)
    edited = scene()
    edited.ref.scene.sha256 = "e" * 64
    edited.narration.segments[0].text = "A lamp glows."
    cases = [*((theme, scene()) for theme in themes), (settings(), edited)]

    results = Results(store, stage="generation")
    footage = {results.digest(footage_spec(*case), made_by="") for case in cases}
    cards = {results.digest(requests.draw(record, given).spec, made_by="") for given, record in cases}

    assert len(footage) == 1
    assert len(cards) == len(cases) > 2
