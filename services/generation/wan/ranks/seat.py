"""A process's seat among the ranks that share a clip, and how they meet: in a file of the leader's."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from services.chassis.errors import Configuration, Suggestion
from services.generation.footage.published import ARCHITECTURES
from services.generation.wan.wire import Machine

PATIENCE = timedelta(minutes=5)
"""How long a rank waits for another that lives: one may read a model from disk, or compile, so much longer.
One that has died is noticed at once, for its connections close."""

MOST = 8
"""More ranks than a machine has GPUs that reach each other's memory."""

_distributed: Any = dist
_MEETING = "STORYREEL_RANKS_MEETING"
_LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Seat:
    """A process's place among the ranks.

    Args:
        rank: From 0, which leads.
        count: How many ranks there are.
        meeting: The file in which they meet. No port is opened for it that others could speak to.
    """

    rank: int
    count: int
    meeting: Path

    @property
    def environment(self) -> dict[str, str]:
        """What tells a process its seat; the names of ranks and their number are those of torchrun."""
        rank = str(self.rank)
        return {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": str(self.count),
            _MEETING: str(self.meeting),
        }

    def machine(self, machine: Machine) -> Machine:
        """A machine with the device of this seat: the GPUs are numbered on from that of the leader."""
        name = machine.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if not name.startswith("cuda"):
            return replace(machine, device=name)
        return replace(machine, device=f"cuda:{_first(name) + self.rank}")

    def meet(self, check: Callable[[], None], *, on_gpu: bool) -> None:
        """Wait for the other ranks and join them.

        Args:
            check: Called while waiting; what it raises ends that.
            on_gpu: They share a model on GPUs.

        Raises:
            TimeoutError: They did not come.
            RuntimeError: They could not be joined.
        """
        if _LOOPBACK in (name for _, name in socket.if_nameindex()):
            # What they say stays on this machine, whatever its name resolves to.
            os.environ.setdefault("GLOO_SOCKET_IFNAME", _LOOPBACK)
        store = _distributed.FileStore(str(self.meeting), self.count)
        store.set(f"seat{self.rank}", "taken")
        seats = [f"seat{rank}" for rank in range(self.count)]
        ends = time.monotonic() + PATIENCE.total_seconds()
        while not store.check(seats):
            check()
            if time.monotonic() > ends:
                raise TimeoutError
            time.sleep(0.02)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
            store=store,
            rank=self.rank,
            world_size=self.count,
            timeout=PATIENCE,
        )


def taken(environment: Mapping[str, str], count: int) -> tuple[Seat | None, list[Seat]]:
    """This process's seat, and those of the processes it starts: the leader starts all, the others none.

    Args:
        environment: What the process was started with; who finds no seat in it leads.
        count: How many ranks there are; with one there are no seats.
    """
    if count == 1:
        return None, []
    if _MEETING in environment:
        seat = Seat(int(environment["RANK"]), int(environment["WORLD_SIZE"]), Path(environment[_MEETING]))
        return seat, []
    meeting = Path(tempfile.mkdtemp(prefix="ranks-")) / "meeting"
    first, *others = (Seat(rank, count, meeting) for rank in range(count))
    return first, others


def check(machine: Machine) -> None:
    """See whether a machine's devices can share a clip.

    Raises:
        Configuration: There are fewer, or a model cannot be divided among so many.
    """
    count = machine.devices
    if count == 1:
        return
    divisors = {
        name: [ranks for ranks in range(2, MOST + 1) if net.transformer.heads % ranks == 0]
        for name, net in ARCHITECTURES.items()
    }
    if not all(count in possible for possible in divisors.values()):
        each = "; ".join(f"{name}: {', '.join(map(str, possible))}" for name, possible in divisors.items())
        every = set[int].intersection(*map(set, divisors.values()))
        raise _wrong(
            count,
            f"{count} devices cannot divide the attention heads of all models among them ({each}).",
            f"Set 1, or {', '.join(map(str, sorted(every)))}, which suit all models.",
        )
    name = Seat(0, count, Path()).machine(machine).device
    if name != "cpu" and (here := torch.cuda.device_count()) < (needed := _first(name) + count):
        raise _wrong(
            count,
            f"{count} devices from {name} on need {needed} GPUs; here {'is' if here == 1 else 'are'} {here}.",
            f"Set at most {max(1, here - _first(name))}.",
        )


def _first(name: str) -> int:
    return int(name.partition(":")[2] or 0)


def _wrong(count: int, what: str, way: str) -> Configuration:
    return Configuration(
        what, suggestions=[Suggestion(way)], metadata={"setting": "devices", "value": str(count)}
    )
