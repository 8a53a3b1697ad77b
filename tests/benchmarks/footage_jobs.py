"""Ten thousand jobs with footage in a scripted world: how many end well, and what placement saves.

The rules are the real ones: limits, plans, forecasts, placements and the ladder. The world is made up: who
asks for what, on which device, how far forecasts are off, and what makes a pipeline fail. Its rates are
below; none of it says how good a picture is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from services.artifacts.store import Artifact
from services.generation.footage.changes import apply, effective
from services.generation.footage.fit import as_run, on, placements, usable_bytes
from services.generation.footage.forecast import forecast
from services.generation.footage.ladder import next_attempt
from services.generation.footage.modes import check, step_range
from services.generation.footage.native import default_guidance, plan
from services.generation.footage.plan import Category, Device, Forecast, NativePlan
from services.generation.footage.throughput import rates_of
from services.media.clock import Rate
from services.story.footage import Floor, Footage, Lora
from tests.benchmarks.measure import say

JOBS, SEED = 10_000, 7
GB = 10**9
MACHINES = {
    "ti2v-5B": ((16, 64), (24, 32), (24, 64), (32, 64), (40, 64), (48, 128), (80, 128)),
    "t2v-A14B": ((24, 128), (32, 128), (40, 128), (48, 256), (80, 64), (80, 256), (96, 256), (141, 256)),
}
"""Gigabytes of device and of host memory in the pools of a model; the large models share theirs."""
TOO_SMALL = (12, 32)
"""A machine that neither model fits; pre-flight has to see it."""
MISLED = 0.05
"""The share of jobs that are sent to it."""
INVALID = 0.12
"""The share of wishes that break a rule."""
FORECAST_ERROR = 0.04
"""The standard deviation of what is really needed around what was forecast, which says within 10 %."""
NEIGHBOUR = 0.06
"""The share of jobs during which another program takes up to 40 % of the device, after pre-flight."""
FAULT = 0.04
"""The chance of each run that the device fails, and is well again after a restart."""
RUNS_MOST = 3
"""How often the same attempt is run, when it is only the device that fails."""
FLAWED = 0.12
"""The share of jobs whose pipeline fails for as long as one value is as it was asked for."""
FLAWS = ("guidance", "fp8", "steps", "loras", "seed")
GOOD_LEAST, RECOVERED_LEAST, SAVED_LEAST = 0.99, 0.95, 0.20

IMAGE = Artifact.of("local", "a" * 64, size_bytes=200_000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=600_000_000, media_type="application/octet-stream"))

End = Literal["done", "failed", "refused", "invalid"]
Outcome = Literal["done", "memory", "pipeline", "picture", "fault"]
RETRY: dict[Outcome, Category] = {
    "memory": Category.VRAM_MEMORY,
    "pipeline": Category.GENERATION_PIPELINE,
    "picture": Category.GENERATION_PIPELINE,
}


@dataclass(frozen=True, slots=True)
class Job:
    """A wish, the device it meets, and what goes wrong with it."""

    wish: Footage
    frames: int
    device: Device
    needs_more: float
    neighbour: float
    flaw: str
    valid: bool


@dataclass
class Tally:
    """How jobs ended."""

    ends: Counter[End] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    unplaced_bytes: int = 0
    placed_bytes: int = 0
    wrong: list[Job] = field(default_factory=list)

    @property
    def good(self) -> float:
        """The share of valid jobs that ended well, of those that a device could hold."""
        return self.ends["done"] / (self.ends["done"] + self.ends["failed"])

    @property
    def mended(self) -> float:
        """The share of the jobs with errors that are retried that ended well all the same."""
        return self.recovered["any"] / self.met["any"]

    @property
    def saved(self) -> float:
        """The share of device memory that placement saved."""
        return 1 - self.placed_bytes / self.unplaced_bytes


def jobs(count: int, seed: int) -> Iterator[Job]:
    """Jobs of a scripted world; the same for the same seed."""
    random = Random(seed)
    for _ in range(count):
        wish = _wish(random)
        valid = random.random() >= INVALID
        pool = MACHINES["ti2v-5B" if wish.prompt and wish.image else "t2v-A14B"]
        device_gb, host_gb = random.choice(pool) if random.random() >= MISLED else TOO_SMALL
        device = Device(
            name="H100" if device_gb >= 80 else "L40S",
            kind="cuda",
            total_bytes=device_gb * GB,
            free_bytes=int(device_gb * GB * random.uniform(0.9, 0.99)),
            capability=(9, 0),
            host_free_bytes=int(host_gb * GB * random.uniform(0.7, 0.9)),
        )
        flaw = random.choice(FLAWS) if random.random() < FLAWED else ""
        yield Job(
            wish if valid else _broken(wish, random),
            frames=random.randrange(30, 400),
            device=device,
            needs_more=random.gauss(1.0, FORECAST_ERROR),
            neighbour=random.uniform(0.05, 0.4) if random.random() < NEIGHBOUR else 0.0,
            flaw=flaw,
            valid=valid,
        )


def _wish(random: Random) -> Footage:
    kind = random.choices(("t2v", "i2v", "ti2v"), (50, 25, 25))[0]
    larger = kind != "ti2v"
    return Footage(
        prompt="" if kind == "i2v" else "Boats leave a harbour at dawn.",
        image=None if kind == "t2v" else IMAGE,
        resolution=random.choice((None, "480p", "720p", "1080p") if larger else (None, "480p", "720p")),
        steps=random.choice((0, 0, 0, {"t2v": 20, "i2v": 20, "ti2v": 15}[kind], 60)),
        guidance=random.choice((0.0, 0.0, 0.0, 3.0, 6.0, 9.5)),
        loras=(LORA,) if larger and random.random() < 0.3 else (),
        quantization="fp8" if random.random() < 0.1 else "none",
        allow_approximate=random.random() < 0.5,
        floor=random.choice((Floor(),) * 8 + (Floor(resolution="720p"), Floor(keep_loras=True))),
    )


def _broken(wish: Footage, random: Random) -> Footage:
    return random.choice(
        (
            replace(wish, prompt="", image=None),
            replace(wish, mode="i2v", image=None, prompt="Sea."),
            replace(wish, steps=500),
            replace(wish, guidance=40.0),
            replace(wish, prompt="x" * 600),
            replace(wish, prompt="Sea.", image=IMAGE, resolution="1080p"),
            replace(wish, prompt="Sea.", image=IMAGE, loras=(LORA,)),
            replace(wish, profile="distilled", loras=()),
        )
    )


def run(job: Job, tally: Tally, random: Random) -> End:
    """Route, plan and fit a job, and make it, with as many attempts as the ladder has."""
    if check(job.wish):
        return "invalid"
    wish, seen, met, ran, refused = job.wish, job.device, set[str](), False, False
    taken = int(job.neighbour * job.device.total_bytes)
    now = replace(job.device, free_bytes=job.device.free_bytes - taken)
    while True:
        ways = [way for way in _ways(wish, job) if way.peak_bytes <= usable_bytes(seen)]
        outcome, used = _attempt(wish, ways, now, job, met, random) if ways else ("memory", 0)
        if outcome == "done":
            tally.unplaced_bytes += forecast(_planned(wish, job)).peak_bytes
            tally.placed_bytes += used
            break
        if outcome == "fault":
            break
        if ways:
            ran, seen = True, now
            met.add(RETRY[outcome].value)
        else:
            refused = True
        changes = next_attempt(
            wish,
            RETRY[outcome],
            forecast_of=lambda footage: _least(footage, job),
            free_bytes=usable_bytes(seen),
            picture_failed=outcome == "picture",
        )
        if not changes:
            break
        wish = apply(wish, RETRY[outcome], changes)
    for name in {*met, *({"any"} if met else ()), *({"refused by pre-flight at first"} if refused else ())}:
        tally.met[name] += 1
        tally.recovered[name] += outcome == "done"
    return "done" if outcome == "done" else "failed" if ran or met else "refused"


def _attempt(
    wish: Footage, ways: list[Forecast], now: Device, job: Job, met: set[str], random: Random
) -> tuple[Outcome, int]:
    """Make a clip with the least placement that fits by its forecast, and if that is not so with less.

    Returns:
        What came of it, and the device memory it took by forecast.
    """
    for _ in range(RUNS_MOST):
        if random.random() >= FAULT:
            break
        met.add("SYSTEM_RESOURCE")
    else:
        return "fault", 0
    first, rest = ways[0], sorted(ways[1:], key=lambda way: -way.peak_bytes)
    for way in (first, *(way for way in rest if way.peak_bytes < first.peak_bytes)):
        if way.peak_bytes * job.needs_more <= now.free_bytes:
            return _outcome(wish, job), way.peak_bytes
        met.add("out of memory, within an attempt")
    return "memory", 0


def _planned(wish: Footage, job: Job) -> NativePlan:
    return plan(wish, frames=job.frames, rate=Rate(30))[0]


def _ways(wish: Footage, job: Job) -> Iterator[Forecast]:
    """What a wish needs with each placement that the host's memory can take, the cheapest first."""
    planned = _planned(wish, job)
    model = as_run(on(planned, job.device), planned)
    for placement in placements(model, kind="cuda"):
        needs = forecast(planned, placement=placement, rates=rates_of(job.device), architecture=model)
        if needs.host_bytes <= job.device.host_free_bytes:
            yield needs


def _least(wish: Footage, job: Job) -> Forecast:
    """What a wish needs with the placement that needs the least; where the host has no room, too much."""
    return min(_ways(wish, job), key=lambda way: way.peak_bytes, default=Forecast(0.0, 10**15, 0, 10**15, 0))


def _outcome(wish: Footage, job: Job) -> Outcome:
    """What a pipeline comes to: with a flaw it fails as long as what it stumbles over is as it was."""
    now, asked = effective(wish), effective(job.wish)
    stumbles = {
        "": False,
        "guidance": now.guidance == asked.guidance or now.guidance > 1.3 * default_guidance(now.model),
        "fp8": now.quantization == "fp8",
        "steps": now.steps == asked.steps > step_range(now.model, now).least,
        "loras": bool(now.loras) and now.guidance == asked.guidance,
        "seed": now.seed == asked.seed,
    }
    if not stumbles[job.flaw]:
        return "done"
    return "picture" if job.flaw in ("seed", "loras") else "pipeline"


def simulate(count: int, *, seed: int = SEED) -> Tally:
    """Run a scripted world's jobs."""
    tally, random = Tally(), Random(seed + 1)
    for job in jobs(count, seed):
        end = run(job, tally, random)
        tally.ends[end] += 1
        if (end == "invalid") == job.valid:
            tally.wrong.append(job)
    return tally


def main() -> None:
    """Run them, and hold what comes of them against what was promised."""
    tally = simulate(JOBS)
    ends = ", ".join(f"{tally.ends[end]} {end}" for end in ("done", "failed", "refused", "invalid"))
    print(f"      {JOBS} jobs: {ends}; refused is what pre-flight told to fit no device of its pool")
    limit = f"{GOOD_LEAST:.0%}"
    say("valid jobs that end well", f"{tally.good:.1%}", limit, ok=tally.good >= GOOD_LEAST)
    limit = f"{RECOVERED_LEAST:.0%}"
    say(
        "jobs with retried errors that end well",
        f"{tally.mended:.1%}",
        limit,
        ok=tally.mended >= RECOVERED_LEAST,
    )
    for name, count in sorted(tally.met.items()):
        print(f"      {name}: {tally.recovered[name]} of {count}")
    limit = f"{SAVED_LEAST:.0%}"
    say("device memory saved by placement", f"{tally.saved:.1%}", limit, ok=tally.saved >= SAVED_LEAST)


if __name__ == "__main__":
    main()
