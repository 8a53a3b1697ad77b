"""storyreel apart: each service a process of its own on TCP, with an S3 server and a Temporal server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import urllib3
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from minio import Minio

from orchestrator.local_engine import LocalEngine
from services.chassis.channel import connect
from tests.integration import swift

ROOT = Path(__file__).parents[2]
STAGES = ("parsing", "script", "tts", "cards", "generation", "muxing")
BUCKET = "storyreel"
READY = {"server.started", "orchestrator.working", "orchestrator.serving"}
READY_SECONDS = 60
ANSWER_SECONDS = 30


@dataclass
class NotStarted(Exception):
    """A process ended before it was ready."""

    code: int
    said: str


@dataclass(slots=True)
class Service:
    """A long-lived process: `python -m` what, with which settings; its log and complaints lie in a folder."""

    command: tuple[str, ...]
    settings: dict[str, str]
    folder: Path
    starts: int = 0
    process: subprocess.Popen[bytes] = field(init=False)

    async def start(self) -> dict[str, Any]:
        """Start the process, again when it has ended; the event that says that it is ready."""
        self.starts += 1
        with self._file("log").open("wb") as log, self._file("stderr").open("wb") as complaints:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                cwd=ROOT,
                env=clean_environment() | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=complaints,
            )
        async with asyncio.timeout(READY_SECONDS):
            while not (ready := [line for line in self.log() if line["event"] in READY]):
                if self.process.poll() is not None:
                    raise NotStarted(self.process.returncode, self.complaints())
                await asyncio.sleep(0.05)
        return ready[0]

    async def ended(self) -> int:
        """Wait for the end; the exit code."""
        return await asyncio.to_thread(self.process.wait, READY_SECONDS)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.starts:
            self.process.kill()
            self.process.wait()

    def log(self, start: int = 0) -> list[dict[str, Any]]:
        """What it has logged since its last start, or since start number `start` (from 1).

        Every line is JSON; a half-written one is left out.
        """
        text = self._file("log", start).read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def complaints(self) -> str:
        """Its standard error."""
        return self._file("stderr").read_text()

    def _file(self, ending: str, start: int = 0) -> Path:
        return self.folder / f"{'-'.join(self.command)}.{start or self.starts}.{ending}"


@dataclass(slots=True)
class Apart:
    """A cluster: its stages by name, a worker, JobService, and what a client of it has to set."""

    settings: dict[str, str]
    stages: dict[str, Service]
    worker: Service
    jobs: Service

    @property
    def everything(self) -> list[Service]:
        """All processes, those that others call first."""
        return [*self.stages.values(), self.worker, self.jobs]

    @property
    def home(self) -> Path:
        """The home of all processes."""
        return Path(self.settings["STORYREEL_HOME"])

    @property
    def jobs_address(self) -> str:
        """Where JobService is."""
        return self.jobs.settings["STORYREEL_ORCHESTRATOR_ADDRESS"]

    def address(self, stage: str) -> str:
        """Where a stage is."""
        return self.stages[stage].settings[address_setting(stage)]

    async def start(self) -> None:
        """Start all processes; they keep the ports that the first start finds."""
        stages = await asyncio.gather(*(service.start() for service in self.stages.values()))
        for stage, ready in zip(self.stages, stages, strict=True):
            self.stages[stage].settings[address_setting(stage)] = ready["address"]
            self.worker.settings[f"STORYREEL_ORCHESTRATOR_{stage.upper()}"] = ready["address"]
        self.jobs.settings["STORYREEL_ORCHESTRATOR_TTS"] = self.address("tts")
        serving = (await asyncio.gather(self.jobs.start(), self.worker.start()))[0]
        self.jobs.settings["STORYREEL_ORCHESTRATOR_ADDRESS"] = serving["address"]

    def kill(self) -> None:
        """End what runs."""
        for service in self.everything:
            service.kill()


@asynccontextmanager
async def running(folder: Path, **more: str) -> AsyncIterator[Apart]:
    """The cluster, with `more` settings, for the length of the block; its logs lie in the folder."""
    with swift.running() as s3:
        make_bucket(s3)
        async with LocalEngine(folder / "engine").use() as temporal:
            settings = s3_settings(s3) | more
            settings["STORYREEL_HOME"] = str(folder / "home")
            settings["STORYREEL_TEMPORAL_ADDRESS"] = temporal
            settings["STORYREEL_TTS_ONLINE"] = "0"
            settings["TMPDIR"] = str(folder / "tmp")  # what is killed leaves its scratch folder behind
            (folder / "tmp").mkdir()
            any_port = {"STORYREEL_ORCHESTRATOR_ADDRESS": "127.0.0.1:0"}
            apart = Apart(
                settings,
                {stage: of_stage(stage, settings, folder) for stage in STAGES},
                Service(("orchestrator", "worker"), dict(settings), folder),
                Service(("orchestrator", "serve"), settings | any_port, folder),
            )
            try:
                await apart.start()
                yield apart
            finally:
                apart.kill()


def of_stage(stage: str, settings: dict[str, str], folder: Path) -> Service:
    """One stage's server on a free port."""
    return Service((f"services.{stage}",), settings | {address_setting(stage): "127.0.0.1:0"}, folder)


def address_setting(stage: str) -> str:
    """The variable that says where a stage is served."""
    return f"STORYREEL_{stage.upper()}_ADDRESS"


def s3_settings(s3: swift.Swift) -> dict[str, str]:
    """The store's settings."""
    return {
        "STORYREEL_STORE": "s3",
        "STORYREEL_S3_ENDPOINT": s3.endpoint,
        "STORYREEL_S3_ACCESS_KEY": s3.access_key,
        "STORYREEL_S3_SECRET_KEY": s3.secret_key,
        "STORYREEL_S3_SECURE": "0",
        "STORYREEL_S3_BUCKET": BUCKET,
    }


def make_bucket(s3: swift.Swift) -> None:
    """What an administrator does once."""
    with urllib3.PoolManager() as http:
        Minio(
            s3.endpoint,
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            secure=False,
            region="us-east-1",
            http_client=http,
        ).make_bucket(BUCKET)


def clean_environment() -> dict[str, str]:
    """The environment without anybody's settings for us."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("STORYREEL_", "OTEL_"))}


async def ready(address: str) -> int:
    """What a readiness probe is told."""
    async with connect(address) as channel:
        request = health_pb2.HealthCheckRequest(service="ready")
        reply = await health_pb2_grpc.HealthStub(channel).Check(request)  # type: ignore[no-untyped-call]
    status: int = reply.status
    return status


async def listed(address: str) -> set[str]:
    """The services that reflection tells of."""
    async with connect(address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[no-untyped-call]
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        [reply] = [reply async for reply in stub.ServerReflectionInfo(asked)]
    return {service.name for service in reply.list_services_response.service}


async def refusal(address: str) -> grpc.StatusCode:
    """How a server without reflection ends a call of it, before anything is asked.

    gRPC reports a request that meets the end of its call as INTERNAL, whatever the server said; so none is
    sent. A server that has reflection waits for one, and the call ends with DEADLINE_EXCEEDED.
    """
    async with connect(address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[no-untyped-call]
        code: grpc.StatusCode = await stub.ServerReflectionInfo(timeout=ANSWER_SECONDS).code()
    return code
