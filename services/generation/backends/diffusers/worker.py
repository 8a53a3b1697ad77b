"""The process that owns the device: one clip at a time. Run by `services.chassis.inside`."""

from __future__ import annotations

import gc
import logging
import os
import traceback

# Before the libraries are imported: nothing is fetched, and no threads are started for words.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from services.chassis.progress import Report
from services.generation.backends.diffusers import device as devices
from services.generation.backends.diffusers import wire
from services.generation.backends.diffusers.gates import Gates, Stopped
from services.generation.backends.diffusers.models import Library
from services.generation.backends.diffusers.take import Take
from services.generation.backends.diffusers.telling import Telling

for _library in (diffusers_logging, transformers_logging):
    _library.set_verbosity_error()
    _library.disable_progress_bar()
logging.basicConfig(level=logging.WARNING)
gc.freeze()  # a look for garbage need not go through all that was imported


class Studio:
    """A machine set up for generating, with the models it has loaded."""

    def __init__(self, machine: wire.Machine) -> None:
        self.machine = machine
        self.device = devices.chosen(machine)
        self.gates = Gates(self.device)
        self.library = Library(
            self.device,
            devices.precision(machine, self.device),
            self.gates,
            lambda: devices.free_bytes(machine, self.device),
        )

    def make(self, task: wire.Task, report: Report) -> wire.Answer:
        """Make a clip, or stop where it is no longer wanted."""
        try:
            with self.gates.of(task.cancel):
                return Take(task, self.library, self.device, self.gates, Telling(report)).make()
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold the activations
            devices.give_back(self.device)
            task.path.unlink(missing_ok=True)
            if isinstance(error, Stopped):
                return wire.Answer(cancelled=True)
            raise


_studio: Studio | None = None


def studio(machine: wire.Machine) -> Studio:
    """The machine's studio; another machine than before gets a new one, without models."""
    global _studio
    if _studio is None or _studio.machine != machine:
        _studio = Studio(machine)
    return _studio


def answer(payload: bytes, report: Report) -> bytes:
    """Tell what the device is, or make a clip; the errors are those of `Take.make`.

    Raises:
        Configuration: There is no such device here.
    """
    request = wire.unpack(payload)
    here = studio(request.machine)
    match request:
        case wire.Task():
            made = here.make(request, report)
        case wire.Look():
            made = wire.Answer(device=devices.facts(here.machine, here.device), loaded=here.library.names)
    return wire.pack_answer(made)
