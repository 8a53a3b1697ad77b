"""ScriptService over a real socket: what it writes, what is reused, and every error it documents."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import grpc
import protovalidate
import pytest

from services.artifacts import wire as artifacts
from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.channel import connect
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, Change, InvalidRequest, UnknownBackend
from services.chassis.server import Server
from services.script.client import ScriptClient
from services.script.servicer import ScriptServicer, room
from services.script.settings import ScriptSettings
from services.script.writer import Context, Writers
from services.story import wire as story
from services.story.narration import Narration, Segment
from services.story.scene import Card, ParagraphCard, TitleCard
from services.story.text import Text
from storyreel.script.v1 import narration_pb2, script_service_pb2, script_service_pb2_grpc


@dataclass
class Service:
    """A running service and its store."""

    client: ScriptClient
    channel: grpc.aio.Channel
    store: LocalStore

    async def scene(self, card: Card) -> Artifact:
        """A stored scene."""
        return await self.store.put_bytes(story.encode(story.scene_to_proto(card)), media_type=story.PROTOBUF)


@pytest.fixture
async def script(store: LocalStore) -> AsyncIterator[Service]:
    """The service on a unix socket."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server([room(ScriptSettings(), store)], f"unix:{folder}/script.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield Service(ScriptClient(channel), channel, store)
        await server.stop(0)


async def test_a_scene_comes_back_as_its_narration(script: Service) -> None:
    scene = await script.scene(TitleCard(Text("Storyreel"), Text("Documents into videos")))

    written = await script.client.write_narration(scene, language="en")

    assert written.narration.segments == (
        Segment("Storyreel.", "title"),
        Segment("Documents into videos.", "subtitle"),
    )
    assert written.narration.language == "en"
    assert written.estimated_duration.total_seconds() == pytest.approx(4 * 60 / 165, abs=0.01)


async def test_the_narration_is_stored_with_what_the_document_writes(script: Service) -> None:
    scene = await script.scene(TitleCard(Text("Watch guide.mp4")))

    written = await script.client.write_narration(scene, language="en")

    stored = story.decode(await script.store.read(written.stored), narration_pb2.Narration)
    assert story.narration_from_proto(stored) == written.narration
    assert written.narration.written == "Watch guide.mp4."


async def test_a_repeat_is_answered_from_the_cache_whether_the_default_is_named_or_not(
    script: Service,
) -> None:
    scene = artifacts.to_proto(await script.scene(TitleCard(Text("Storyreel"))))
    stub = script_service_pb2_grpc.ScriptServiceStub(script.channel)

    calls = []
    for backend in ("", "template"):
        call = stub.WriteNarration(
            script_service_pb2.WriteNarrationRequest(scene=scene, language="en", backend=backend)
        )
        calls.append((await call, dict(await call.trailing_metadata())["storyreel-reused"]))

    assert [reused for _, reused in calls] == ["0", "1"]
    assert calls[0][0] == calls[1][0]


async def test_an_unknown_backend_says_what_there_is(script: Service) -> None:
    scene = await script.scene(TitleCard(Text("Storyreel")))

    with pytest.raises(UnknownBackend) as caught:
        await script.client.write_narration(scene, language="en", backend="poet")

    assert list(caught.value.suggestions[0].changes) == [Change("backend", "poet", "template")]


async def test_a_scene_that_is_not_in_the_store_is_missing(script: Service) -> None:
    scene = Artifact.of("local", "0" * 64, size_bytes=10, media_type=story.PROTOBUF)

    with pytest.raises(ArtifactMissing):
        await script.client.write_narration(scene, language="en")


async def test_bytes_that_are_no_scene_are_corrupt(script: Service) -> None:
    scene = await script.store.put_bytes(b"not a scene", media_type=story.PROTOBUF)

    with pytest.raises(ArtifactCorrupt):
        await script.client.write_narration(scene, language="en")


async def test_a_scene_with_too_much_text_is_refused(script: Service) -> None:
    scene = await script.scene(ParagraphCard(Text(""), tuple(Text("word " * 799 + "end.") for _ in range(6))))

    with pytest.raises(InvalidRequest) as caught:
        await script.client.write_narration(scene, language="en")

    assert [violation.field for violation in caught.value.violations] == ["scene"]


async def test_a_language_that_is_no_tag_is_refused(script: Service) -> None:
    scene = await script.scene(TitleCard(Text("Storyreel")))

    with pytest.raises(InvalidRequest) as caught:
        await script.client.write_narration(scene, language="English!")

    assert [violation.field for violation in caught.value.violations] == ["language"]


@dataclass
class Teller:
    """A backend that reads a part of what it could know, and remembers what it was told."""

    name: str = "teller"
    made_by: str = "teller 1"
    reads: frozenset[str] = frozenset({"title", "budget"})
    told: list[Context] = field(default_factory=list)

    async def write(self, card: Card, context: Context, *, language: str) -> Narration:
        """The title of the document."""
        self.told.append(context)
        return Narration(language, (Segment(context.title, "title"),))


@pytest.fixture
async def telling(store: LocalStore) -> AsyncIterator[tuple[Service, Teller]]:
    """The service with a backend that reads some of the context."""
    teller = Teller()
    servicer = ScriptServicer(Writers([teller]), store)
    rooms = [
        replace(
            room(ScriptSettings(), store),
            add=partial(script_service_pb2_grpc.add_ScriptServiceServicer_to_server, servicer),
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(rooms, f"unix:{folder}/script.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield Service(ScriptClient(channel), channel, store), teller
        await server.stop(0)


CONTEXT = Context("The Lamp", ("Oil",), "before", "after", timedelta(seconds=9), "for children")


async def test_a_backend_is_given_what_it_reads_and_only_that_is_in_the_results_key(
    telling: tuple[Service, Teller],
) -> None:
    service, teller = telling
    scene = await service.scene(TitleCard(Text("Storyreel")))

    for context in (CONTEXT, replace(CONTEXT, before="else", headings=()), replace(CONTEXT, title="Else")):
        await service.client.write_narration(scene, language="en", backend="teller", context=context)

    assert teller.told == [
        Context("The Lamp", budget=timedelta(seconds=9)),
        Context("Else", budget=timedelta(seconds=9)),
    ]


async def test_another_neighbour_does_not_write_a_sentence_again(script: Service) -> None:
    scene = artifacts.to_proto(await script.scene(TitleCard(Text("Storyreel"))))
    stub = script_service_pb2_grpc.ScriptServiceStub(script.channel)
    reused = []

    for before in ("one", "other"):
        context = script_service_pb2.NarrationContext(before=before, title=before)
        call = stub.WriteNarration(
            script_service_pb2.WriteNarrationRequest(scene=scene, language="en", context=context)
        )
        protovalidate.validate(await call)
        reused.append(dict(await call.trailing_metadata())["storyreel-reused"])

    assert reused == ["0", "1"]
