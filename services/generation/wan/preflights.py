"""Pre-flight on this machine: its models, its limits, and what earlier clips have shown of memory."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from services.chassis.errors import StoryreelError
from services.generation.footage import correction, fit, pace
from services.generation.footage.architecture import Architecture
from services.generation.footage.forecast import forecast
from services.generation.footage.plan import Device, Forecast, NativePlan, Report
from services.generation.footage.preflight import Facts, Limits, preflight
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.throughput import rates_of
from services.generation.wan.described import described
from services.media.clip import Picture
from services.models.files import ModelFiles
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
        continues: bool = False,
    ) -> Report:
        """What a wish comes to, what it needs, and what keeps it from being made.

        Args:
            footage: The wish.
            frames: The clip's length on the video's grid.
            picture: The video's size and rate.
            device: As it is now.
            loaded: The models that are in memory.
            continues: The image is the last frame of the clip before.
        """
        ...

    def least(self, plan: NativePlan, device: Device) -> Forecast:
        """What a plan needs with the placement that needs the least memory."""
        ...

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
        """Take note of what a clip took.

        Args:
            plan: What the model was run with.
            placement: As it ended.
            peak_bytes: Device memory; 0 says nothing.
            device: What it was generated on.
            seconds: By phase; empty where they say nothing, since the placement changed on the way.
            loaded: The model was in memory before.
        """
        ...


class Preflights:
    """The pre-flight of this machine.

    Args:
        models: The models.
        limits: What a clip may take.
        learnt: The folder that measured peaks and paces are kept in; it need not exist.
        scratch: The folder that clips are made in.
        setup: The settings, beside the device, that a clip's time depends on.
    """

    def __init__(
        self, models: ModelFiles, limits: Limits, *, learnt: Path, scratch: Path, setup: str = ""
    ) -> None:
        self._models = models
        self._limits = limits
        self._scratch = scratch
        self._setup = setup
        self._peaks_file = learnt / "peaks.json"
        self._paces_file = learnt / "paces.json"
        self.auto_optimise = limits.auto_optimise
        self._peaks = correction.read(self._peaks_file)
        self._paces = pace.read(self._paces_file)
        self._learning = threading.Lock()

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
                paces=self._paces,
                setup=self._on(device),
                architectures={model: self._architecture(model, device) for model in ARCHITECTURES},
                loaded=loaded,
                disk_free_bytes=shutil.disk_usage(place).free,
            ),
            continues=continues,
        )

    def least(self, plan: NativePlan, device: Device) -> Forecast:
        """What a plan needs with the placement that needs the least memory."""
        model = self._architecture(plan.model, device)
        return fit.least(
            plan,
            device,
            peaks=self._peaks,
            paces=self._paces,
            setup=self._on(device),
            architecture=model,
        )[1]

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
        """Take note of what a clip took."""
        model = fit.as_run(self._architecture(plan.model, device), plan)
        raw = forecast(plan, placement=placement, rates=rates_of(device), architecture=model, loaded=loaded)
        with self._learning:
            before = self._peaks, self._paces
            self._peaks = correction.measured(
                self._peaks,
                plan,
                placement=placement,
                forecast=raw,
                peak_bytes=peak_bytes,
                architecture=model,
            )
            self._paces = pace.taken(
                self._paces,
                plan,
                placement=placement,
                setup=self._on(device),
                forecast=raw,
                seconds=seconds,
                architecture=model,
            )
            # What cannot be kept is learnt again; no clip fails for it.
            with suppress(OSError, StoryreelError):
                if self._peaks != before[0]:
                    correction.write(self._peaks_file, self._peaks)
                if self._paces != before[1]:
                    pace.write(self._paces_file, self._paces)

    def _on(self, device: Device) -> str:
        """The device and the settings, as paces know them."""
        return f"{device.name[:120]} {self._setup[:120]}"

    def _architecture(self, model: str, device: Device) -> Architecture:
        """A model's own numbers, or the published ones, as it is run on a device."""
        found = described(self._models.path(model)) or ARCHITECTURES[model]
        return fit.held_on(found, device)
