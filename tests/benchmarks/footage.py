"""How soon a clip in the making stops, and whether its server hears others meanwhile; on tiny models."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from services.artifacts.local import LocalStore
from services.chassis.progress import Progress
from services.generation.wan.backend import DiffusersBackend
from services.generation.wan.wire import Machine
from services.models.catalogue import MODELS
from services.models.files import ModelFiles
from services.models.import_folder import take
from tests.benchmarks.measure import say
from tests.unit.generation.wan import tiny
from tests.unit.generation.wan.conftest import WISH, Small, shot

CANCEL_SECONDS, LAG_SECONDS = 0.5, 0.05
STEPS = ("preflight", "prepare", "generate", "postprocess")
TICK = 0.005


async def cancelled(backend: DiffusersBackend, path: Path, step: str) -> float:
    """Seconds from a cancel in a step until the backend has stopped and is free."""
    reached = asyncio.Event()

    def report(progress: Progress) -> None:
        if progress.step == step:
            reached.set()

    making = asyncio.ensure_future(backend.make(shot(), WISH, path, report))
    await reached.wait()
    began = time.monotonic()
    making.cancel()
    with suppress(asyncio.CancelledError):
        await making
    return time.monotonic() - began


async def lagging(work: Callable[[], Awaitable[object]]) -> float:
    """The longest that the event loop was late while some work was done, in seconds."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            worst = max(worst, time.monotonic() - due)

    ticking = asyncio.ensure_future(tick())
    await work()
    ticking.cancel()
    return worst


async def measure(folder: Path) -> None:
    """Print both figures beside their limits."""
    models = folder / "models"
    tiny.build(models)
    for name, known in MODELS.items():
        take(models, known, models / name)
    backend = DiffusersBackend(
        LocalStore(folder / "store"),
        ModelFiles(models),
        Small(),
        machine=Machine(device="cpu", threads=1),
        threads=1,
        clip_time=timedelta(minutes=2),
    )
    await backend.start()
    path = folder / "clip.mp4"
    await backend.make(shot(), WISH, path, lambda progress: None)
    took = {}
    for step in STEPS:
        path.unlink(missing_ok=True)
        took[step] = await cancelled(backend, path, step)
    slowest = max(took, key=lambda step: took[step])
    print(
        f"      from cancel to free, by step: {', '.join(f'{s} {t * 1000:.0f} ms' for s, t in took.items())}"
    )
    say(
        "the slowest cancel of the tiny model",
        f"{took[slowest]:.2f} s",
        f"{CANCEL_SECONDS} s",
        ok=took[slowest] <= CANCEL_SECONDS,
    )
    path.unlink(missing_ok=True)
    lag = await lagging(lambda: backend.make(shot(200), WISH, path, lambda progress: None))
    say(
        "the event loop's longest lag while generating",
        f"{lag * 1000:.0f} ms",
        f"{LAG_SECONDS * 1000:.0f} ms",
        ok=lag <= LAG_SECONDS,
    )
    await backend.close()


def main() -> None:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))


if __name__ == "__main__":
    main()
