"""The diffusers backend: one clip at a time on this machine's device, in a process that is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from services.artifacts.store import Artifact, Store
from services.chassis import telemetry
from services.chassis.child import Child, ChildLimits
from services.chassis.errors import Cancelled, DeviceFault, Internal, Overloaded
from services.chassis.progress import Progress
from services.chassis.progress import Report as Tell
from services.generation.clip import Capability, Shot
from services.generation.footage.plan import Device, Making, NativePlan, Report
from services.generation.wan import identity, warming, wire
from services.generation.wan.errors import Trouble
from services.generation.wan.preflights import Preflight
from services.media.clip import Picture
from services.models.files import ModelFiles
from services.story.footage import Footage

WORKER = "services.generation.wan.worker"

_LIMITS = ChildLimits(open_files=4096)  # weights are mapped, one descriptor each
_LOOK = timedelta(seconds=120)
_SOON = timedelta(seconds=5)


class DiffusersBackend:
    """Generates clips with the models of a folder.

    The process that generates is kept: a cancel stops it at its next gate, and its models stay loaded. It is
    replaced when it died or its device failed. There is no queue; whoever comes second is told when to
    come back.

    Args:
        store: Where images and LoRAs come from.
        models: The models.
        preflight: Asked before every clip, and told after it.
        machine: The device, and how much of it may be used.
        threads: Of the encoder; another number gives other bytes.
        clip_time: How long one clip may take.
        warm: The models that are loaded and run once before it is ready.
        worker: The module that generates.
    """

    name = "diffusers"
    chains = True

    def __init__(
        self,
        store: Store,
        models: ModelFiles,
        preflight: Preflight,
        *,
        machine: wire.Machine,
        threads: int,
        clip_time: timedelta,
        warm: Sequence[str] = (),
        worker: str = WORKER,
    ) -> None:
        self._store = store
        self._models = models
        self._preflight = preflight
        self._machine = machine
        self._threads = threads
        self._clip_time = clip_time
        self._warm = warm
        self._worker = worker
        self._child = Child(worker, limits=_LIMITS)
        self._busy = False
        self._free_at = 0.0
        self._device: Device | None = None
        self._loaded: tuple[str, ...] = ()

    async def start(self) -> str:
        """Start the process, look at the device, warm up; tell what beside shot and wish the bytes depend on.

        Raises:
            Configuration: The libraries are not installed, there is no such device, or a model that is to be
                warmed up is unknown, not there, or cannot be run.
            ChildDied: The process does not start.
        """
        libraries = " ".join(f"{name}={version}" for name, version in identity.versions().items())
        warm = warming.named(self._warm)
        await self._child.start()
        device = await self._look()
        for model in warm:
            telemetry.log.info("generation.warming", model=model, device=device.name)
            await warming.warm_up(
                model, self._models, self._preflight, self._machine, look=self._facts, run=self._quietly
            )
        models, machine = await asyncio.to_thread(identity.revisions, self._models), self._machine
        return (
            f"diffusers code={identity.code()} threads={self._threads} device={device.name!r} "
            f"precision={machine.precision} attention={machine.attention} compiled={machine.compiled} "
            f"devices={machine.devices} models={models} {libraries}"
        )

    async def make(self, shot: Shot, footage: Footage, path: Path, report: Tell) -> Making:
        """Write the picture that is wished for to a new file, as long as the shot; tell how it was made.

        Cancelled, it stops at the next gate and only then raises; the process goes on living.

        Raises:
            InvalidRequest: The mode does not allow the wish, or an image or a LoRA cannot be used.
            Overloaded: Another clip is in the making; `retry_after` says when to come back.
            DeviceMemory: The device has not enough memory, whatever the placement; `proposal` is the next
                attempt, as for GenerationFailed.
            GenerationFailed: The pipeline failed, or its picture did not pass a check.
            ModelUnavailable: A file of the model is missing or damaged; the message names it.
            DeviceFault: The device failed, or the process died; there is a new one for the next clip.
            Deadline: It took longer than it may.
            StoreFull: The disk is full.
        """
        if self._busy:
            wait = timedelta(seconds=max(_SOON.total_seconds(), self._free_at - time.monotonic()))
            raise Overloaded("Another clip is in the making on this device.", retry_after=wait)
        self._busy = True
        try:
            return await self._make(shot, footage, path, report)
        finally:
            self._busy = False

    async def estimate(self, footage: Footage, *, frames: int, picture: Picture) -> Report:
        """What it would do with a wish, and what that needs; while a clip is made, from the last look."""
        return await self._forecast(await self._look(), footage, frames, picture, continues=False)

    async def capability(self) -> Capability:
        """The models with their limits, and the device."""
        return Capability(await asyncio.to_thread(identity.capabilities, self._models), await self._look())

    async def close(self) -> None:
        """End the process."""
        await self._child.close()

    async def _facts(self) -> tuple[Device, tuple[str, ...]]:
        """The device as it is now, and the models in its memory."""
        return await self._look(now=True), self._loaded

    async def _quietly(self, task: wire.Task) -> wire.Answer:
        """Have a clip made that nobody watches."""
        return await self._run(task, lambda _: None)

    async def _make(self, shot: Shot, footage: Footage, path: Path, report: Tell) -> Making:
        report(Progress("validate", 0.0))
        report(Progress("preflight", 0.01))
        device, loaded = await self._facts()
        found = await self._forecast(device, footage, shot.frames, shot.picture, continues=shot.continues)
        seconds_most = self._clip_time.total_seconds()
        trouble = Trouble(
            footage=footage,
            frames=shot.frames,
            picture=shot.picture,
            device=device,
            found=found,
            preflight=self._preflight,
            seconds_most=seconds_most,
            continues=shot.continues,
        )
        if found.plan is None or found.blocking:
            raise await asyncio.to_thread(trouble.refused)
        self._free_at = time.monotonic() + (found.forecast.seconds if found.forecast else 0.0)
        async with AsyncExitStack() as stack:
            task = await self._task(stack, shot, footage, path, found, found.plan)
            try:
                revision = await asyncio.to_thread(self._models.revision, found.plan.model)
                answer = await self._run(task, report)
            except Exception as error:
                explained = await asyncio.to_thread(trouble.explained, error)
                if explained is error:
                    raise
                raise explained from error
        await asyncio.to_thread(
            self._preflight.learn,
            found.plan,
            answer.placement,
            answer.peak_bytes,
            device,
            seconds=answer.seconds if answer.placement == found.placement else {},
            loaded=found.plan.model in loaded,
        )
        report(Progress("complete", 1.0, remaining=0.0))
        return Making(
            plan=found.plan,
            adjustments=found.adjustments,
            placement=answer.placement,
            forecast=found.forecast,
            peak_bytes=answer.peak_bytes,
            seconds=answer.seconds,
            revision=revision,
            approximate=found.plan.quantization != "none" or found.plan.profile != "plain",
            checks=answer.checks,
            device=device.name if self._machine.devices == 1 else f"{self._machine.devices} x {device.name}",
            versions=identity.versions(),
        )

    async def _task(
        self, stack: AsyncExitStack, shot: Shot, footage: Footage, path: Path, found: Report, plan: NativePlan
    ) -> wire.Task:
        """The task, with the files it reads fetched until the stack is left."""

        async def fetched(artifact: Artifact | None) -> Path | None:
            return await stack.enter_async_context(self._store.path(artifact)) if artifact else None

        loras = [await fetched(lora.weights) for lora in plan.loras]
        with_image = plan.mode != "t2v"
        return wire.Task(
            machine=self._machine,
            plan=plan,
            folder=self._models.path(plan.model),
            picture=shot.picture,
            frames=shot.frames,
            path=path,
            cancel=path.with_name(f"{path.name}.cancel"),
            image=await fetched(footage.image if with_image else None),
            last_image=await fetched(footage.last_image if with_image else None),
            loras=tuple(lora for lora in loras if lora is not None),
            placement=found.placement,
            needs_bytes=found.forecast.peak_bytes if found.forecast else 0,
            sparse=shot.frame_timing == "sparse",
            encoder_threads=self._threads,
            continues=shot.continues,
            last_frame=path.with_suffix(".last.png") if shot.ends_early else None,
            phases=dict(found.forecast.phases) if found.forecast else {},
        )

    async def _run(self, task: wire.Task, report: Tell) -> wire.Answer:
        """Have a clip made. Cancelled, it asks the process to stop, and goes when it has stopped."""
        try:
            answer = await self._ask(task, self._clip_time, report, stop=task.cancel.touch)
        finally:
            task.cancel.unlink(missing_ok=True)
        if answer.cancelled:
            raise Cancelled("The making of the clip was cancelled.")
        return answer

    async def _ask(
        self, request: wire.Request, time_most: timedelta, report: Tell | None, *, stop: Callable[[], None]
    ) -> wire.Answer:
        """Ask the process. A cancel calls `stop` and is raised after the answer: broken off, it would die."""
        work = asyncio.ensure_future(self._child.call(wire.pack(request), timeout=time_most, report=report))
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as error:
                cancelled = error
                stop()
        failed = work.exception()
        if isinstance(failed, DeviceFault):
            # A device that failed fails for all that its process does later.
            broken, self._child = self._child, Child(self._worker, limits=_LIMITS)
            await broken.close()
        if cancelled is not None:
            raise cancelled
        if failed is not None:
            raise failed
        return wire.unpack_answer(work.result())

    async def _look(self, *, now: bool = False) -> Device:
        """The device as it is; while a clip is made, as it was before."""
        if self._device is None or now or not self._busy:
            answer = await self._ask(wire.Look(self._machine), _LOOK, None, stop=lambda: None)
            if answer.device is None:
                raise Internal("The process that generates told nothing of its device.")
            self._device = answer.device
            self._loaded = answer.loaded
        return self._device

    async def _forecast(
        self, device: Device, footage: Footage, frames: int, picture: Picture, *, continues: bool
    ) -> Report:
        return await asyncio.to_thread(
            self._preflight.look,
            footage,
            frames=frames,
            picture=picture,
            device=device,
            loaded=self._loaded,
            continues=continues,
        )
