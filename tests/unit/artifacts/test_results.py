"""Each request is computed once: looked up, joined, made, stored."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.artifacts.results import Results, artifacts
from services.chassis.errors import StoreUnavailable
from storyreel.artifact.v1 import artifact_pb2
from storyreel.cards.v1 import card_service_pb2
from storyreel.media.v1 import clip_pb2
from storyreel.parsing.v1 import parsing_service_pb2, storyboard_pb2
from tests.unit.artifacts.desk import MADE_BY, REQUEST, Desk, Reply, begun, once


class TestOnce:
    """Look up, join, compute, store."""

    async def test_a_repeat_finds_the_stored_reply(
        self, results: Results, desk: Desk, told: list[str]
    ) -> None:
        desk.go_on.set()

        first = await once(results, desk)
        second = await once(results, desk)

        assert (first.reused, second.reused) == (False, True)
        assert first.reply == second.reply
        assert desk.begun == 1
        assert told == ["result.computed", "result.reused"]

    async def test_another_process_finds_it_too(
        self, results: Results, store: LocalStore, desk: Desk
    ) -> None:
        desk.go_on.set()
        await once(results, desk)

        found = await once(Results(store, stage="tts"), desk)

        assert found.reused

    async def test_another_maker_or_stage_finds_nothing(
        self, results: Results, store: LocalStore, desk: Desk
    ) -> None:
        desk.go_on.set()
        await once(results, desk)

        newer = await once(results, desk, made_by="espeak 1.53")
        elsewhere = await once(Results(store, stage="muxing"), desk)

        assert not newer.reused
        assert not elsewhere.reused

    async def test_many_at_once_compute_once(self, results: Results, desk: Desk, told: list[str]) -> None:
        calls = [asyncio.create_task(once(results, desk)) for _ in range(50)]
        await begun(desk)
        desk.go_on.set()

        outcomes = await asyncio.gather(*calls)

        assert desk.begun == 1
        assert told == ["result.computed"]
        assert len({outcome.reply.speech.audio.sha256 for outcome in outcomes}) == 1

    async def test_one_caller_leaving_does_not_break_the_others(self, results: Results, desk: Desk) -> None:
        first, second = (asyncio.create_task(once(results, desk)) for _ in range(2))
        await begun(desk)
        first.cancel()
        desk.go_on.set()

        outcome = await second

        assert outcome.reply.speech.audio.size_bytes == len(b"the voice")
        assert desk.begun == 1

    async def test_work_whose_only_caller_left_is_joined_by_the_next(
        self, results: Results, desk: Desk
    ) -> None:
        gone = asyncio.create_task(once(results, desk))
        await begun(desk)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        desk.go_on.set()

        outcome = await once(results, desk)

        assert outcome.reply.speech.HasField("audio")
        assert desk.begun == 1

    async def test_a_reply_whose_artifact_is_gone_is_computed_again(
        self, results: Results, store: LocalStore, desk: Desk, told: list[str]
    ) -> None:
        desk.go_on.set()
        first = await once(results, desk)
        audio = wire.from_proto(first.reply.speech.audio)
        await store.delete(audio)

        second = await once(results, desk)

        assert not second.reused
        assert await store.exists(audio)
        assert told == ["result.computed", "result.computed"]

    @pytest.mark.parametrize(
        "record",
        [b"\xff\xff no message", Reply(speech={"audio": {"uri": "artifact://../x"}}).SerializeToString()],
    )
    async def test_a_record_that_makes_no_sense_is_no_hit(
        self, results: Results, store: LocalStore, desk: Desk, record: bytes
    ) -> None:
        await store.put_result("tts", results.digest(REQUEST, made_by=MADE_BY), record)
        desk.go_on.set()

        outcome = await once(results, desk)

        assert not outcome.reused
        assert (await once(results, desk)).reused

    async def test_an_error_reaches_all_callers_and_is_not_stored(
        self, results: Results, desk: Desk, told: list[str]
    ) -> None:
        async def fails() -> Reply:
            await desk.go_on.wait()
            raise StoreUnavailable("No disk today.")

        calls = [asyncio.create_task(results.once(REQUEST, Reply, fails, made_by=MADE_BY)) for _ in range(5)]
        await asyncio.sleep(0.01)
        desk.go_on.set()
        errors = await asyncio.gather(*calls, return_exceptions=True)
        after = await once(results, desk)

        assert {type(error) for error in errors} == {StoreUnavailable}
        assert not after.reused
        assert told == ["result.failed", "result.computed"]

    async def test_a_store_that_cannot_be_read_is_told(self, tmp_path: Path, desk: Desk) -> None:
        (tmp_path / "file").touch()
        results = Results(LocalStore(tmp_path / "file"), stage="tts")

        with pytest.raises(StoreUnavailable):
            await once(results, desk)

        assert desk.begun == 0


class TestArtifacts:
    """Which artifacts a reply references."""

    def test_all_are_found_at_any_depth(self) -> None:
        def artifact(name: str) -> artifact_pb2.Artifact:
            return artifact_pb2.Artifact(uri=name)

        reply = parsing_service_pb2.ParseDocumentResponse(
            title="A tale",
            scenes=[
                storyboard_pb2.SceneRef(scene=artifact("a")),
                storyboard_pb2.SceneRef(scene=artifact("b")),
            ],
            coverage=artifact("c"),
        )

        assert [found.uri for found in artifacts(reply)] == ["a", "b", "c"]

    def test_a_reply_without_artifacts_has_none(self) -> None:
        reply = card_service_pb2.DrawnCard(clip=clip_pb2.Clip(frames=3))

        assert list(artifacts(reply)) == []
