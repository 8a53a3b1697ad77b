"""One clip in the making: its phases in order, and what is tried when memory runs out in one of them."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from typing import TypeVar

import torch
from PIL import Image

from services.chassis.errors import DeviceMemory, StoryreelError
from services.generation import checks
from services.generation.wan import decode, denoise, faults, images, loras, placement
from services.generation.wan import device as devices
from services.generation.wan.cancellation import Gates
from services.generation.wan.clip_writer import Reel
from services.generation.wan.models import Library, Model, Pipeline
from services.generation.wan.progress import Telling
from services.generation.wan.ranks.group import Lone, Ranks
from services.generation.wan.wire import Answer, Task
from services.media.conform import Frame

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Take:
    """Makes one clip.

    When memory runs out in a phase, the next placement that helps this phase is taken and the phase is done
    again, from what the phases before it made: a decoder that does not fit costs no denoising.

    Args:
        task: The clip.
        library: Where its model comes from.
        device: What it is generated on.
        gates: Where it may be stopped.
        telling: Told how far it is.
        ranks: The processes that share it; each but the leader is done when the steps are.
    """

    def __init__(
        self,
        task: Task,
        library: Library,
        device: torch.device,
        gates: Gates,
        telling: Telling,
        ranks: Ranks | None = None,
    ) -> None:
        self._task = task
        self._plan = task.plan
        self._library = library
        self._device = device
        self._gates = gates
        self._telling = telling
        self._ranks: Ranks = ranks or Lone()
        self._rows = [row for row in placement.ordered(task.placement) if row not in self._ranks.unsupported]
        self._seconds: dict[str, float] = {}
        self._model: Model | None = None
        self._pipeline: Pipeline | None = None
        self._arranged = False

    def make(self) -> Answer:
        """Make the clip and check it.

        Raises:
            Stopped: It is no longer wanted.
            InvalidRequest: An image or a LoRA cannot be used.
            ModelUnavailable: A file of the model is missing or damaged.
            DeviceMemory: No placement brings it into the device.
            GenerationFailed: The pipeline failed, or its picture did not pass a check.
            DeviceFault: The device failed; this process is of no more use.
            StoreFull: The disk is full.
        """
        devices.start_measuring(self._device)
        try:
            self._telling.begin("load")
            first, last = self._image("image"), self._image("last_image")
            self._phase("load", self._ready)
            self._telling.begin("encode_text")
            text = self._phase("encode_text", self._read)
            self._telling.begin("denoise")
            made = self._phase("denoise", lambda: self._denoise(text, first, last))
            self._ranks.part()
            if not self._ranks.leads:
                return Answer(peak_bytes=devices.peak_bytes(self._device), seconds=self._seconds)
            self._telling.begin("decode")
            found = self._phase("decode", lambda: self._decode(made, first))
            peak = devices.peak_bytes(self._device)
            self._telling.begin("checks")
            found += checks.finished(self._task.path, self._task.picture, frames=self._task.frames)
        finally:
            self._leave()
        return Answer(
            placement=placement.ordered(self._rows),
            peak_bytes=peak,
            seconds=self._seconds,
            checks=("latents finite", *found),
        )

    def _image(self, field: images.Field) -> Image.Image | None:
        path = self._task.image if field == "image" else self._task.last_image
        if path is None:
            return None
        return images.fitted(path, field, width=self._plan.width, height=self._plan.height)

    def _ready(self) -> Pipeline:
        """The pipeline with its model as the placement wants it, and its LoRAs."""
        if self._pipeline is None:
            self._gates.look()
            model = self._model = self._library.get(
                self._task.folder,
                self._plan.quantization,
                needs_bytes=self._task.needs_bytes,
                straight=placement.all_stay(self._rows),
            )
            stays = "weights_on_host" in self._rows and loras.has(model, self._plan.loras)
            if model.offloaded and not stays:
                self._model = None
                self._library.forget(model)
                del model  # nothing holds it now: its weights go before they are read again
                devices.give_back(self._device)
                return self._ready()
            loras.put(model, self._plan.loras, self._task.loras)
            self._pipeline = model.pipeline(self._plan, image=self._task.image is not None)
        return self._pipeline

    def _in_place(self) -> Pipeline:
        """The same, its parts where the placement wants them for denoising and decoding."""
        pipeline = self._ready()
        if not self._arranged and self._model is not None:
            placement.arrange(self._model, self._rows, self._device)
            self._arranged = True
        return pipeline

    def _read(self) -> denoise.Text:
        pipeline = self._ready()
        self._gates.look()
        if placement.encoder_rests(self._rows) and self._model is not None:
            placement.step_aside(self._model, self._device)
        return denoise.read(pipeline, self._plan, self._device, rows=self._rows)

    def _denoise(
        self, text: denoise.Text, first: Image.Image | None, last: Image.Image | None
    ) -> torch.Tensor:
        return denoise.latents(
            self._in_place(),
            self._plan,
            text,
            image=first,
            last_image=last,
            tiled="tiled_decode" in self._rows,
            gates=self._gates,
            tell=lambda done, of: self._telling.tell("denoise", done, of),
        )

    def _decode(self, made: torch.Tensor, first: Image.Image | None) -> tuple[str, ...]:
        """Decode frames into the clip; what was checked on the way. Done again, it writes the clip anew."""
        pipeline, telling = self._in_place(), self._telling
        with Reel(self._task, first) as reel:
            taken = 0

            def take(frame: Frame) -> None:
                nonlocal taken
                self._gates.look()
                telling.spent("decode")
                self._timed("encode", lambda: reel.take(frame))
                taken += 1
                telling.tell("encode", taken, reel.needed)

            decode.stream(
                pipeline.vae,
                made,
                take,
                frames=reel.needed,
                tiled="tiled_decode" in self._rows,
                gates=self._gates,
                tell=lambda done, of: telling.tell("decode", done, of),
            )
            return reel.verdict()

    def _phase(self, phase: str, work: Callable[[], Result]) -> Result:
        """Do a phase, again with another placement while memory runs out."""
        while True:
            try:
                return self._timed(phase, lambda: self._ranks.together(phase, work))
            except DeviceMemory as error:
                if error.metadata.get("phase") != phase:
                    raise  # of a phase within it, which no placement helps
                self._take_next_row(phase)

    def _timed(self, phase: str, work: Callable[[], Result]) -> Result:
        """Do work that counts as a phase; what phases within it take is theirs alone."""
        began, others = time.monotonic(), sum(self._seconds.values())
        try:
            return work()
        except StoryreelError:
            raise
        except Exception as error:
            traceback.clear_frames(error.__traceback__)  # they hold the activations
            _log.warning("%s failed: %s", phase, "".join(traceback.format_exception_only(error))[:2000])
            if faults.is_memory(error):
                raise self._no_memory(phase) from None
            raise faults.of(error, phase) from None
        finally:
            within = sum(self._seconds.values()) - others
            self._seconds[phase] = self._seconds.get(phase, 0.0) + time.monotonic() - began - within

    def _no_memory(self, phase: str) -> DeviceMemory:
        tried = ", ".join(placement.ordered(self._rows)) or "none"
        return DeviceMemory(
            f"The device's memory was used up during {phase}; placements in use: {tried}.",
            metadata={
                "phase": phase,
                "placement": ",".join(placement.ordered(self._rows)),
                "predicted_bytes": str(self._task.needs_bytes),
            },
        )

    def _take_next_row(self, phase: str) -> None:
        """Make room: other models leave first, then the next row is taken.

        Raises:
            DeviceMemory: There is none left.
        """
        if not self._ranks.anyone(self._library.leave_only(self._model)):
            row = placement.next_row(phase, (*self._rows, *self._ranks.unsupported))
            if row is None:
                raise self._no_memory(phase)
            _log.warning("memory was used up during %s: %s", phase, row)
            self._rows.append(row)
        self._rest()
        devices.give_back(self._device)

    def _rest(self) -> None:
        """Forget the pipeline, so that it is arranged anew."""
        pipeline, self._pipeline, self._arranged = self._pipeline, None, False
        model = self._model
        if pipeline is None or model is None:
            return
        denoise.settle_down(pipeline, model)
        if placement.encoder_rests(self._rows):
            model.parts["text_encoder"].to("cpu")

    def _leave(self) -> None:
        """Leave the model as it was found, whatever happened."""
        try:
            self._rest()
        except Exception:
            _log.exception("the model is dropped: it could not be left as it was found")
            if self._model is not None:
                self._library.forget(self._model)
