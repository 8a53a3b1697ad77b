"""A model that is warmed up is loaded and has run before the service says that it is ready."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.artifacts.local import LocalStore
from services.chassis.errors import Configuration
from services.chassis.server import MethodLimits, Room, Server
from services.generation.footage.native import plan
from services.generation.servicer import GenerationServicer
from services.generation.wan.backend import DiffusersBackend
from services.generation.wan.warming import shortened
from services.generation.wan.wire import Machine
from services.media.clock import Rate
from services.models.files import ModelFiles
from services.story.footage import Footage
from storyreel.generation.v1 import generation_service_pb2_grpc
from tests.unit.generation.wan.conftest import ROOT, Small

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "storyreel.generation.v1.GenerationService"
METHODS = ("GenerateFootage", "CancelFootage", "EstimateFootage", "GetCapabilities")


@asynccontextmanager
async def opened(
    models: Path, folder: Path, *warm: str
) -> AsyncIterator[tuple[DiffusersBackend, Small, Server, LocalStore]]:
    """A backend with models to warm up, and a real server around it; neither is started."""
    store, look = LocalStore(folder / "store"), Small()
    backend = DiffusersBackend(
        store,
        ModelFiles(models),
        look,
        machine=Machine(device="cpu", threads=1),
        threads=1,
        clip_time=timedelta(seconds=120),
        warm=warm,
        worker="tests.unit.generation.wan.faulty",
    )
    servicer = GenerationServicer([backend], store, scratch=folder / "scratch")
    room = Room(
        service=NAME,
        add=partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer),
        limits=dict.fromkeys(METHODS, MethodLimits(60, 4)),
        start=servicer.start,
        close=servicer.close,
    )
    server = Server([room], f"unix:{folder}/a.sock", health_address=f"unix:{folder}/health.sock")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [before])])
    try:
        yield backend, look, server, store
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
        await backend.close()


async def health(folder: Path) -> str:
    """What the server's health says now; `unreachable` while nobody listens."""
    async with grpc.aio.insecure_channel(f"unix:{folder}/health.sock") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service="ready"), timeout=10)
        except grpc.aio.AioRpcError:
            return "unreachable"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


async def test_a_service_is_ready_when_its_models_have_run(tiny_models: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    async with opened(tiny_models, tmp_path, "t2v-A14B", "i2v-A14B", "ti2v-5B") as (backend, look, server, _):
        learn = look.learn

        def watched(*args: object, **kwargs: object) -> None:
            learn(*args, **kwargs)  # type: ignore[arg-type]
            seen.append(asyncio.run_coroutine_threadsafe(health(tmp_path), loop).result())

        loop, look.learn = asyncio.get_running_loop(), watched  # type: ignore[method-assign]
        await server.start()
        ready = await health(tmp_path)
        device, loaded = await backend._facts()
        await server.stop(0)

    assert seen
    assert set(seen) <= {"NOT_SERVING", "unreachable"}
    assert ready == "SERVING"
    assert set(loaded) == {"t2v-A14B", "i2v-A14B", "ti2v-5B"}
    assert [model for model, _ in look.learnt] == ["t2v-A14B", "i2v-A14B", "ti2v-5B"]
    assert device.rates is not None


async def test_a_name_that_no_model_has_is_refused_with_those_there_are(
    tiny_models: Path, tmp_path: Path
) -> None:
    async with opened(tiny_models, tmp_path, "t2v-14B") as (_, _, server, _):
        with pytest.raises(Configuration) as caught:
            await server.start()

    assert "STORYREEL_GENERATION_WARM" in caught.value.message
    assert "t2v-14B" in caught.value.message
    assert "t2v-A14B, i2v-A14B, ti2v-5B" in caught.value.message


async def test_a_model_that_is_not_there_is_refused_with_what_fetches_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "none", tmp_path, "ti2v-5B") as (_, _, server, _):
        with pytest.raises(Configuration) as caught:
            await server.start()

    assert "STORYREEL_GENERATION_WARM" in caught.value.message
    assert "storyreel models fetch ti2v-5B" in caught.value.message
    assert caught.value.suggestions[0].description == "Run `storyreel models fetch ti2v-5B`."


async def test_a_model_that_fails_is_told_with_the_setting(tiny_models: Path, tmp_path: Path) -> None:
    (tiny_models / "faults.json").write_text('{"where": "denoise", "what": "bug", "times": 9}')
    try:
        async with opened(tiny_models, tmp_path, "ti2v-5B") as (_, _, server, _):
            with pytest.raises(Configuration) as caught:
                await server.start()
    finally:
        (tiny_models / "faults.json").unlink(missing_ok=True)

    assert "STORYREEL_GENERATION_WARM names ti2v-5B, which could not be run" in caught.value.message


@pytest.mark.parametrize("model", ["t2v-A14B", "ti2v-5B"])
async def test_two_steps_use_all_that_a_model_has(model: str) -> None:
    whole, _ = plan(Footage(prompt="Sea.", model=model), frames=150, rate=Rate(30))

    short = shortened(whole)

    assert short.steps == 2
    noise = short.flow_shift * 0.5 / (1 + (short.flow_shift - 1) * 0.5)  # where the second step begins
    assert (short.boundary is None) == (model == "ti2v-5B")
    assert short.boundary is None or noise < short.boundary < 1.0
