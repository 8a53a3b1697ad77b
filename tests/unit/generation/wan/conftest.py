"""One generating process with three tiny models, for all tests of the backend that generates."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.progress import Progress
from services.generation.clip import Shot
from services.generation.footage import modes, native
from services.generation.footage.forecast import forecast
from services.generation.footage.plan import (
    Category,
    Device,
    Finding,
    Forecast,
    Making,
    NativePlan,
    Report,
)
from services.generation.footage.throughput import rates_of
from services.generation.wan.backend import DiffusersBackend
from services.generation.wan.wire import Machine
from services.media.clip import FrameTiming, Picture
from services.media.clock import Rate
from services.models.catalogue import MODELS
from services.models.files import ModelFiles
from services.models.import_folder import take
from services.story.footage import Footage

if find_spec("torch") is None or find_spec("diffusers") is None:
    # The extra `diffusers` is not installed: nothing here can run without it.
    collect_ignore_glob = ["test_*.py"]

ROOT = Path(__file__).parents[4]
PICTURE = Picture(320, 240, Rate(30))
WISH = Footage(prompt="a lighthouse", negative_prompt="flicker", seed=5, steps=30)
SMALLER = 2000
"""Forecasts of the real models, divided by this, fit a small machine."""


class Small:
    """A pre-flight that plans as the real one does, in the size of the tiny models."""

    def __init__(self) -> None:
        self.auto_optimise = True
        self.learnt: list[tuple[str, int]] = []
        self.needs: dict[NativePlan, Forecast] = {}

    def look(
        self,
        footage: Footage,
        *,
        frames: int,
        picture: Picture,
        device: Device,
        loaded: Collection[str] = (),
        continues: bool = False,
    ) -> Report:
        """What the wish comes to."""
        if broken := modes.check(footage):
            return Report(None, findings=(Finding(Category.INPUT_VALIDATION, broken[0].description),))
        plan, adjustments = native.plan(footage, frames=frames, rate=picture.rate, continues=continues)
        needs = forecast(plan, placement=(), rates=rates_of(device))
        less = replace(
            needs,
            denoise_bytes=needs.denoise_bytes // SMALLER,
            decode_bytes=needs.decode_bytes // SMALLER,
        )
        shrunk = replace(plan, width=64, height=32, frames=9, steps=6)
        self.needs[shrunk] = less
        return Report(shrunk, adjustments, less)

    def least(self, plan: NativePlan, device: Device) -> Forecast:
        """What a plan needs, in the size of a small machine, as large as it was before it was shrunk."""
        return self.needs[plan]

    def learn(
        self,
        plan: NativePlan,
        placement: tuple[str, ...],
        peak_bytes: int,
        device: Device,
        *,
        seconds: Mapping[str, float],
        loaded: bool,
    ) -> None:
        """Take note."""
        self.learnt.append((plan.model, peak_bytes))


def shot(frames: int = 20, *, picture: Picture = PICTURE, frame_timing: FrameTiming = "constant") -> Shot:
    """A scene's shot."""
    return Shot(frames, picture, frame_timing)


@dataclass
class Studio:
    """A backend with its models and its store, and what its clips told."""

    backend: DiffusersBackend
    models: Path
    store: LocalStore
    folder: Path
    told: list[Progress] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where clips go."""
        return self.folder / "clip.mp4"

    async def make(
        self,
        footage: Footage = WISH,
        *,
        of: Shot | None = None,
        report: Callable[[Progress], None] | None = None,
    ) -> Making:
        """Make a clip; what it tells is kept."""
        self.told.clear()

        def tell(progress: Progress) -> None:
            self.told.append(progress)
            if report is not None:
                report(progress)

        self.path.unlink(missing_ok=True)
        return await self.backend.make(of or shot(), footage, self.path, tell)

    async def bytes_of(self, footage: Footage = WISH) -> str:
        """The digest of a clip's file, made now."""
        await self.make(footage)
        return self.digest

    @property
    def digest(self) -> str:
        """The digest of the clip that was made last."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    async def cancelled(
        self,
        when: Callable[[Progress], bool],
        *,
        footage: Footage = WISH,
        after: float = 0.0,
        times: int = 1,
    ) -> None:
        """Make a clip and cancel it when something is told, so many seconds later; raises what it raised."""
        reached = asyncio.Event()

        def report(progress: Progress) -> None:
            if when(progress):
                reached.set()

        making = asyncio.ensure_future(self.make(footage, report=report))
        waiting = asyncio.ensure_future(reached.wait())
        await asyncio.wait([making, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for _ in range(times):
            await asyncio.sleep(after)
            making.cancel()
        await making

    def fault(self, where: str, what: str, **more: int) -> None:
        """Have something fail in the next clip."""
        (self.models / "faults.json").write_text(json.dumps({"where": where, "what": what, **more}))

    def no_fault(self) -> int:
        """Take the fault away; tell how often it could still have happened."""
        file = self.models / "faults.json"
        left: int = json.loads(file.read_text())["times"] if file.exists() else 0
        file.unlink(missing_ok=True)
        return left

    @property
    def processes(self) -> list[int]:
        """The process that was asked for each clip so far."""
        return [int(line) for line in (self.models / "processes").read_text().split()]

    def steps_done(self) -> list[int]:
        """The denoising steps that the last clip told of."""
        return [progress.done for progress in self.told if progress.unit == "steps"]

    async def image(self, seed: int = 1) -> Artifact:
        """A stored PNG."""
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        return await self.store.put_bytes(file.getvalue(), media_type="image/png")

    async def lora(self, **kind: Any) -> Artifact:
        """A stored LoRA."""
        from tests.unit.generation.wan import tiny

        path = tiny.lora(self.folder / "lora.safetensors", **kind)
        return await self.store.put_file(path, media_type="application/x-safetensors")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three models, each with its manifest."""
    from tests.unit.generation.wan import tiny

    root = tmp_path_factory.mktemp("models")
    tiny.build(root)
    for name, known in MODELS.items():
        take(root, known, root / name)
    return root


def _backend(models: Path, store: LocalStore, machine: Machine) -> DiffusersBackend:
    return DiffusersBackend(
        store,
        ModelFiles(models),
        Small(),
        machine=machine,
        threads=1,
        clip_time=timedelta(seconds=120),
        worker="tests.unit.generation.wan.faulty",
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started(
    tiny_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Studio, str]]:
    """A started backend, and what it says its bytes depend on."""
    machine = Machine(device="cpu", threads=1)
    async with running(tiny_models, tmp_path_factory.mktemp("clips"), machine) as running_now:
        yield running_now


@asynccontextmanager
async def running(models: Path, folder: Path, machine: Machine) -> AsyncIterator[tuple[Studio, str]]:
    """A backend that is started on a machine, and what it says its bytes depend on."""
    store = LocalStore(folder / "store")
    studio = Studio(_backend(models, store, machine), models, store, folder)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [before])])
    try:
        made_by = await studio.backend.start()
        yield studio, made_by
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
        await studio.backend.close()


@pytest.fixture
def studio(started: tuple[Studio, str]) -> Studio:
    """The one generating process, with no fault ahead."""
    started[0].no_fault()
    return started[0]


@pytest.fixture
def damaged(studio: Studio) -> Any:
    """Changes one file of a model for a test; it is as it was afterwards."""
    kept: list[tuple[Path, bytes]] = []

    def damage(name: str, change: Callable[[bytes], bytes | None]) -> Path:
        path = studio.models / name
        whole = path.read_bytes()
        kept.append((path, whole))
        changed = change(whole)
        path.unlink()
        if changed is not None:
            path.write_bytes(changed)
        return path

    yield damage
    for path, whole in kept:
        path.write_bytes(whole)
