"""Pre-flight on this machine: its models, its limits, and what earlier clips have shown of memory."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from services.chassis.errors import StoryreelError
from services.generation.backends.diffusers.described import described
from services.generation.clip import Picture
from services.generation.footage import correction, fit
from services.generation.footage.architecture import Architecture
from services.generation.footage.forecast import forecast
from services.generation.footage.making import Device, Forecast, NativePlan, Report
from services.generation.footage.preflight import Facts, Limits, preflight
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.rates import rates_of
from services.generation.models.files import ModelFiles
from services.story.footage import Footage


class Preflight(Protocol):
    """Looks at a wish before it is made, and learns from clips that were made.

    `auto_optimise` tells whether the optimiser may change what is not pinned.
    """

    auto_optimise: bool

    def look(
        self,
        footage: Footage,
        *,
        frames: int,
        picture: Picture,
        device: Device,
        loaded: Collection[str] = (),
    ) -> Report:
        """What a wish comes to, what it needs, and what keeps it from being made.

        Args:
            footage: The wish.
            frames: The clip's length on the video's grid.
            picture: The video's size and rate.
            device: As it is now.
            loaded: The models that are in memory.
        """
        ...

    def least(self, plan: NativePlan, device: Device) -> Forecast:
        """What a plan needs with the placement that needs the least memory."""
        ...

    def learn(self, plan: NativePlan, placement: tuple[str, ...], peak_bytes: int, device: Device) -> None:
        """Take note of the device memory that a clip took; 0 says nothing."""
        ...


class Preflights:
    """The pre-flight of this machine.

    Args:
        models: The models.
        limits: What a clip may take.
        peaks: The file that measured peaks are kept in; it need not exist.
        scratch: The folder that clips are made in.
    """

    def __init__(self, models: ModelFiles, limits: Limits, *, peaks: Path, scratch: Path) -> None:
        self._models, self._limits, self._file, self._scratch = models, limits, peaks, scratch
        self.auto_optimise = limits.auto_optimise
        self._peaks = correction.read(peaks)
        self._learning = threading.Lock()

    def look(
        self,
        footage: Footage,
        *,
        frames: int,
        picture: Picture,
        device: Device,
        loaded: Collection[str] = (),
    ) -> Report:
        """What a wish comes to, what it needs, and what keeps it from being made."""
        place = next(path for path in (self._scratch, *self._scratch.parents) if path.exists())
        return preflight(
            footage,
            frames=frames,
            rate=picture.rate,
            picture_size=(picture.width, picture.height),
            device=device,
            models=self._models,
            limits=self._limits,
            facts=Facts(
                peaks=self._peaks,
                architectures={model: self._architecture(model, device) for model in ARCHITECTURES},
                loaded=loaded,
                disk_free_bytes=shutil.disk_usage(place).free,
            ),
        )

    def least(self, plan: NativePlan, device: Device) -> Forecast:
        """What a plan needs with the placement that needs the least memory."""
        model = self._architecture(plan.model, device)
        return fit.least(plan, device, peaks=self._peaks, architecture=model)[1]

    def learn(self, plan: NativePlan, placement: tuple[str, ...], peak_bytes: int, device: Device) -> None:
        """Take note of the device memory that a clip took; 0 says nothing."""
        model = self._architecture(plan.model, device)
        raw = forecast(plan, placement=placement, rates=rates_of(device), architecture=model)
        with self._learning:
            peaks = correction.measured(
                self._peaks,
                plan,
                placement=placement,
                forecast=raw,
                peak_bytes=peak_bytes,
                architecture=model,
            )
            if peaks != self._peaks:
                self._peaks = peaks
                # What cannot be kept is learnt again; no clip fails for it.
                with suppress(OSError, StoryreelError):
                    correction.write(self._file, peaks)

    def _architecture(self, model: str, device: Device) -> Architecture:
        """A model's own numbers, or the published ones, as it is run on a device."""
        found = described(self._models.path(model)) or ARCHITECTURES[model]
        return found.held_in(4) if device.kind == "cpu" else found
