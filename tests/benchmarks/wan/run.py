"""One run: its device and budget, its rows as they come, and what becomes of errors."""

from __future__ import annotations

import json
import statistics
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch

from services.generation.footage.throughput import Rates, rates_of
from services.generation.wan import device as devices
from services.generation.wan import faults
from services.generation.wan.wire import Machine

Row: TypeAlias = dict[str, Any]
"""A case by its name, with figures; or with `skipped`, or `failed` and `message`, which say why not."""
WITHOUT = {"failed", "skipped"}
"""What a row without figures has one of."""
MESSAGE = 300
"""Characters of an error that are kept."""


class Run:
    """What was measured so far, and whether there is time for more.

    Args:
        device: What is measured.
        budget: Seconds from now on; what would take longer is not begun.
        out: Where the results go, written anew after each row; None keeps them here.
        tiny: Toys are run, to see that everything runs: nothing is judged.
    """

    def __init__(
        self, device: torch.device, *, budget: float, out: Path | None = None, tiny: bool = False
    ) -> None:
        self.device, self.tiny = device, tiny
        self.rates: Rates = rates_of(devices.facts(Machine(device=str(device)), device))
        self.rows: list[Row] = []
        self.results: dict[str, Any] = {"rows": self.rows}
        self._out = out
        self._ends = time.monotonic() + budget
        self._lost = ""

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self._ends - time.monotonic()

    def attempt(self, case: str, work: Callable[[], Row], *, needs: float = 0.0) -> bool:
        """Run one case and keep its row; an error is a row too.

        Args:
            case: Its name.
            work: Measures, and returns its figures.
            needs: The seconds it is expected to take; with less left it is skipped.

        Returns:
            Whether it has figures.
        """
        figures: Row
        devices.give_back(self.device)
        if self._lost:
            figures = {"skipped": f"the device failed in {self._lost}"}
        elif self.left < needs:
            figures = {"skipped": f"{max(0.0, self.left):.0f} s are left, it takes {needs:.0f}"}
        else:
            figures = self._outcome(case, work)
        self.rows.append({"case": case} | figures)
        self.write()
        told = ", ".join(f"{name} {value}" for name, value in figures.items() if value is not None)
        print(f"{case}: {told}", flush=True)
        return not WITHOUT & figures.keys()

    def row(self, case: str) -> Row:
        """The last row of a case that has figures; an empty one when there is none."""
        found = [row for row in self.rows if row["case"] == case and not WITHOUT & row.keys()]
        return found[-1] if found else {}

    def write(self) -> None:
        """Write what there is; whoever reads meanwhile finds the whole of the last time."""
        if self._out is not None:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            part = self._out.with_name(self._out.name + ".part")
            part.write_text(json.dumps(self.results, indent=1) + "\n")
            part.replace(self._out)

    def _outcome(self, case: str, work: Callable[[], Row]) -> Row:
        try:
            return work()
        except Exception as error:
            traceback.print_exception(error)
            # The frames hold the tensors that there was no room for more beside.
            traceback.clear_frames(error.__traceback__)
            if faults.is_sticky(error):
                self._lost = case
            kind = "out of memory" if faults.is_memory(error) else type(error).__name__
            return {"failed": kind, "message": " ".join(str(error).split())[:MESSAGE]}


class Stamp:
    """A point in the device's time: when it has done what was asked of it before."""

    def __init__(self, device: torch.device) -> None:
        self._event: Any = torch.cuda.Event(enable_timing=True) if device.type == "cuda" else None
        if self._event is None:
            self._at = time.perf_counter()
        else:
            self._event.record()

    def seconds_since(self, earlier: Stamp) -> float:
        """Seconds between two points; waits for the later one."""
        if self._event is None:
            return self._at - earlier._at
        self._event.synchronize()
        milliseconds: float = earlier._event.elapsed_time(self._event)
        return milliseconds / 1000


def median_seconds(work: Callable[[], object], device: torch.device, *, times: int, warm: int = 2) -> float:
    """The median of some runs, after some that do not count."""
    for _ in range(warm):
        work()
    took = []
    for _ in range(times):
        begins = Stamp(device)
        work()
        took.append(Stamp(device).seconds_since(begins))
    return statistics.median(took)


def memory(device: torch.device) -> Row:
    """Peaks of device memory since they were last forgotten, in GB: what lived, what the allocator held."""
    if device.type != "cuda":
        return {"peak_gb": None, "reserved_gb": None}
    reserved = torch.cuda.max_memory_reserved(device)
    return {"peak_gb": gb(devices.peak_bytes(device)), "reserved_gb": gb(reserved)}


def gb(count: float) -> float:
    """Bytes in GB."""
    return round(count / 1e9, 2)


def relative(made: torch.Tensor, expected: torch.Tensor) -> float:
    """How far a result is from the expected one, as a share of it."""
    expected = expected.float()
    return float(f"{((made.float() - expected).norm() / expected.norm()).item():.3g}")
