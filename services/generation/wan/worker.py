"""The process that owns the device: one clip at a time. Run by `services.chassis.inside`."""

from __future__ import annotations

import gc
import logging
import os
import traceback

# Before the libraries are imported: nothing is fetched, and no threads are started for words.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
if "PYTORCH_CUDA_ALLOC_CONF" not in os.environ:
    # Else weights that wait on the host take up to twice their bytes: they are rounded up to powers of two.
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "pinned_max_round_threshold_mb:1")

from services.chassis.settings import home

# Compiled graphs outlive the process, whose own temporary folder does not.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(home() / "footage" / "compiled"))

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from services.chassis.progress import Progress, Report
from services.generation.footage.plan import Device
from services.generation.wan import device as devices
from services.generation.wan import faults, wire
from services.generation.wan.cancellation import Gates, Stopped
from services.generation.wan.forms import choice
from services.generation.wan.models import Library
from services.generation.wan.progress import Telling
from services.generation.wan.ranks import seat as seats
from services.generation.wan.ranks.group import Group, Lone, Ranks
from services.generation.wan.ranks.peers import Elsewhere, Peers
from services.generation.wan.run import Take

for _library in (diffusers_logging, transformers_logging):
    _library.set_verbosity_error()
    _library.disable_progress_bar()
logging.basicConfig(level=logging.WARNING)
gc.freeze()  # a look for garbage need not go through all that was imported


PEER = __name__
"""The module that is run by the processes beside this one, when several devices share a clip."""


class Studio:
    """A machine set up for generating, with the models it has loaded."""

    def __init__(self, machine: wire.Machine) -> None:
        seats.check(machine)
        seat, others = seats.taken(os.environ, machine.devices)
        self.machine = machine
        self.device = devices.chosen(seat.machine(machine) if seat else machine)
        self.group = Group(seat, self.device) if seat else None
        self.ranks: Ranks = self.group or Lone()
        self.gates = Gates(self.device, self.ranks.agree)
        self.library = Library(
            self.device,
            devices.precision(machine, self.device),
            self.gates,
            lambda: devices.free_bytes(machine, self.device),
            choice.chosen(machine, self.device),
            self.ranks.share,
        )
        self.peers = Peers(PEER, others)  # last: what fails before leaves no process behind

    def answer(self, request: wire.Request, report: Report) -> wire.Answer:
        """Answer, and meet the other ranks before, if there are any."""
        if self.group is not None:
            self.group.meet(self.peers.check)
        match request:
            case wire.Task():
                return self.make(request, report if self.ranks.leads else _unheard)
            case wire.Look():
                facts = self._facts()
                return wire.Answer(device=facts, loaded=self.library.names)

    def _facts(self) -> Device:
        try:
            return devices.facts(self.machine, self.device, waiting_bytes=self.library.waiting_bytes)
        except Exception as error:
            if faults.is_sticky(error):
                raise faults.of(error, "a look at it") from error
            raise

    def make(self, task: wire.Task, report: Report) -> wire.Answer:
        """Make a clip, or stop where it is no longer wanted."""
        try:
            with self.gates.of(task.cancel), self.ranks.clip():
                compiled = task.machine.compiled and self.device.type == "cuda"
                telling = Telling(report, task.phases, compiled=compiled)
                return Take(task, self.library, self.device, self.gates, telling, self.ranks).make()
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold the activations
            devices.give_back(self.device)
            for path in filter(None, (task.path, task.last_frame)):
                if self.ranks.leads:
                    path.unlink(missing_ok=True)
            if isinstance(error, Stopped):
                return wire.Answer(cancelled=True)
            if isinstance(error, Elsewhere) and not self.ranks.leads:
                return wire.Answer()  # whose error it is tells it
            raise


def _unheard(_: Progress) -> None:
    """Progress of a rank that does not lead is nobody's."""


_studio: Studio | None = None


def studio(machine: wire.Machine) -> Studio:
    """The machine's studio; another machine than before gets a new one, without models."""
    global _studio
    if _studio is None or _studio.machine != machine:
        if _studio is not None:
            _studio.peers.close()
        _studio = Studio(machine)
    return _studio


def answer(payload: bytes, report: Report) -> bytes:
    """Tell what the device is, or make a clip; the errors are those of `Take.make`.

    Raises:
        Configuration: There is no such device here, or not so many.
    """
    request = wire.unpack(payload)
    here = studio(request.machine)
    return wire.pack_answer(here.peers.answer(payload, lambda: here.answer(request, report)))
