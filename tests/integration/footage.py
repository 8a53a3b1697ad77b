"""What the tests of footage in the workflow share: a wish, and a service that fails when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import Parse
from temporalio.client import Client

from services.chassis.errors import (
    Change,
    DeviceMemory,
    GenerationFailed,
    Proposal,
    StoryreelError,
    Suggestion,
)
from services.chassis.status import changes_to_proto, proposal_from_proto
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2
from tests.integration.noop_reel import Reel, engine, running

SCENES = 3
VRAM, PIPELINE = category_pb2.CATEGORY_VRAM_MEMORY, category_pb2.CATEGORY_GENERATION_PIPELINE
TRIES = [
    (
        footage_pb2.RetryValues(steps=40, resolution=footage_pb2.RESOLUTION_720P),
        (Change("steps", "50", "40"), Change("resolution", "1080p", "720p")),
    ),
    (
        footage_pb2.RetryValues(steps=30, guidance=3.5),
        (Change("steps", "40", "30"), Change("guidance", "4", "3.5")),
    ),
    (footage_pb2.RetryValues(steps=20), (Change("steps", "30", "20"),)),
]
"""What each attempt after the first changes."""
MEMORY = "The device has 24 GB and 30 are needed."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with engine() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def reel(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reel]:
    monkeypatch.setattr("orchestrator.recovery.FIRST_PAUSE", timedelta(milliseconds=50))
    async with running(client, tmp_path, scenes=SCENES, pools=["t2v", "ti2v"]) as reel:
        yield reel


def fails(reel: Reel, *errors: StoryreelError) -> None:
    """Have the first attempts at footage fail."""
    left = list(errors)

    def fault(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage" and left:
            raise left.pop(0)

    reel.noop.fault = fault


def proposed(attempt: int, category: category_pb2.Category.ValueType) -> Proposal:
    """What a service proposes after an attempt, counted from 1."""
    values, changes = TRIES[attempt - 1]
    packed = Packed()
    packed.Pack(
        footage_pb2.Retry(category=category, values=values, changes=changes_to_proto(changes)),
        deterministic=True,
    )
    return proposal_from_proto(packed)


def short_of_memory(attempt: int) -> DeviceMemory:
    """The error of an attempt, counted from 1, with the proposal for the next one."""
    _, changes = TRIES[attempt - 1]
    free = Suggestion("Close other programs that use the device.")
    return DeviceMemory(
        MEMORY,
        suggestions=[free, Suggestion("Make it smaller.", changes)],
        metadata={"category": "VRAM_MEMORY"},
        proposal=proposed(attempt, VRAM),
    )


def black(attempt: int) -> GenerationFailed:
    """The error of an attempt whose picture is black, with the proposal for the next one."""
    return GenerationFailed(
        "It was black.",
        metadata={"category": "GENERATION_PIPELINE"},
        proposal=proposed(attempt, PIPELINE),
    )


async def footage_job(reel: Reel) -> job_pb2.Job:
    """A job in which the second scene wishes for footage, at its end."""
    reel.noop.wish(2, "a lamp", steps=50, resolution=footage_pb2.RESOLUTION_1080P)
    return (await reel.run(reel.job(pools=["t2v"])))[-1]


async def scene_of(reel: Reel, job: job_pb2.Job) -> job_pb2.ManifestScene:
    """The scene that wished for footage, in the manifest."""
    return Parse(await reel.manifest(job), job_pb2.Manifest()).scenes[1]
