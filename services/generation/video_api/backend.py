"""The backend openai_videos: footage made by a server that speaks OpenAI's video interface."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from services import generation, media
from services.artifacts.store import Store
from services.chassis.child import Child, ChildLimits
from services.chassis.errors import (
    Change,
    Deadline,
    InvalidRequest,
    ModelUnavailable,
    StoryreelError,
    Suggestion,
    Violation,
)
from services.chassis.progress import Report
from services.generation.clip import Capability, ModelCapability, Shot
from services.generation.footage.modes import LIMITS
from services.generation.footage.native import plan
from services.generation.footage.plan import Adjustment, Category, Finding, Making, NativePlan
from services.generation.footage.plan import Report as Preflight
from services.generation.video_api import request, task
from services.generation.video_api.connection import Connection, Sleep
from services.generation.video_api.jobs import Jobs
from services.generation.video_api.progress import Telling
from services.generation.video_api.recovery import add_ways_out
from services.generation.video_api.settings import PREFIX, VideoServerSettings
from services.generation.video_api.waiting import Waiting
from services.media.clip import Picture
from services.media.clock import Rate
from services.story.footage import Footage

WORKER = "services.generation.video_api.worker"

IMAGE_BYTES = 20 << 20
"""The largest image that is sent."""

LEAST_SHARE = 0.5
"""A video with fewer than this share of the frames that were asked for has broken off."""

_LIMITS = ChildLimits(address_space=4 << 30, cpu_seconds=900, file_bytes=8 << 30)
_SHOOT_TIME = timedelta(minutes=15)
_FIT_TIME = timedelta(minutes=1)
_LIBRARIES = ("av", "numpy", "pillow")


class OpenAIVideosBackend:
    """Has clips made by one video server.

    Args:
        settings: Which server, and how it is spoken to.
        store: Where images come from.
        sleep: Waits so many seconds.
        clock: Seconds, ever more.

    Raises:
        Configuration: A setting is wrong.
    """

    name = "openai_videos"
    chains = False  # a server gives a video and no frame to go on from

    def __init__(
        self,
        settings: VideoServerSettings,
        store: Store,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._dialect = settings.speech
        self._store = store
        self._connection = Connection(settings, sleep=sleep)
        jobs = Jobs(self._connection, self._dialect, clip_time=settings.clip_time)
        self._waiting = Waiting(jobs, self._dialect, poll=settings.poll_seconds, sleep=sleep, clock=clock)
        self._clock = clock
        self._turns = asyncio.Semaphore(settings.at_once)
        # What it opens comes from outside: it is limited, and replaced now and then.
        self._child = Child(WORKER, limits=_LIMITS, recycle_after=20)

    async def start(self) -> str:
        """Tell what beside shot and wish the bytes depend on; the server is not asked: it may come later."""
        return await asyncio.to_thread(self.made_by)

    def made_by(self) -> str:
        """The server, how it is spoken to, the code that writes clips, the libraries' versions."""
        settings = self._settings
        libraries = " ".join(f"{name}={number}" for name, number in _versions().items())
        models = ",".join(f"{ours}={theirs}" for ours, theirs in sorted(settings.models.items()))
        return (
            f"openai_videos url={settings.url} dialect={settings.dialect} models={models} "
            f"code={_code()} threads={settings.threads} {libraries}"
        )

    async def make(self, shot: Shot, footage: Footage, path: Path, report: Report) -> Making:
        """Have the server make what is wished for, and write it as the shot's clip.

        The server's video and the image lie beside the clip while it is made.

        Raises:
            InvalidRequest: The mode, the dialect or the server does not allow the wish.
            Overloaded: The server stays busy; `retry_after` is what it asked for.
            DeviceMemory: The server says it is out of device memory.
            GenerationFailed: The server could not make it, or its picture did not pass a check.
            ModelUnavailable: The server does not have the model.
            DeviceFault: The server, or its device, failed, or cannot be reached.
            Configuration: The server's URL or key is wrong.
            Deadline: It took longer than `clip_minutes`.
            ChildDied: The process that opened the server's video died.
            StoreFull: The disk is full.
        """
        telling = Telling(report)
        telling.at("validate")
        planned, adjusted = self._planned(footage, shot.frames, shot.picture)
        telling.at("preflight")
        model = self._model(planned.model)
        limit = self._settings.clip_time
        async with self._turns:
            try:
                async with asyncio.timeout(limit.total_seconds()):
                    return await self._make(shot, footage, path, telling, planned, adjusted, model)
            except TimeoutError:
                raise Deadline(f"The clip took longer than {limit.total_seconds():g} s.") from None
            except StoryreelError as error:
                add_ways_out(error, footage, frames=shot.frames, rate=shot.picture.rate)
                raise

    async def estimate(self, footage: Footage, *, frames: int, picture: Picture) -> Preflight:
        """What would be asked of the server. What it needs there is not known here: there is no forecast."""
        try:
            planned, adjusted = self._planned(footage, frames, picture)
            self._model(planned.model)
        except InvalidRequest as error:
            told = "; ".join(f"{v.field}: {v.description}" for v in error.violations) or error.message
            finding = Finding(Category.INPUT_VALIDATION, told, suggestions=error.suggestions)
            return Preflight(None, findings=(finding,))
        except ModelUnavailable as error:
            finding = Finding(Category.MODEL_LOADING, error.message, suggestions=error.suggestions)
            return Preflight(planned, adjusted, findings=(finding,))
        return Preflight(planned, adjusted)

    async def capability(self) -> Capability:
        """The models the server is said to have; the device is another machine's."""
        names = self._settings.models or LIMITS
        models = (
            ModelCapability(
                name=name,
                mode=limits.mode,
                ready=name in names,
                why_not="" if name in names else f"{PREFIX}MODELS does not name it.",
                min_steps=limits.steps.least,
                max_steps=limits.steps.most,
                default_steps=limits.steps.default,
                resolutions=limits.resolutions,
                loras=False,
            )
            for name, limits in LIMITS.items()
        )
        return Capability(tuple(models))

    async def close(self) -> None:
        """End what is being ended, the process and the connections."""
        await self._waiting.close()
        await self._child.close()
        await self._connection.close()

    def _planned(
        self, footage: Footage, frames: int, picture: Picture
    ) -> tuple[NativePlan, tuple[Adjustment, ...]]:
        """What is asked of the server, and everything about it that is not as it was wished for."""
        size = picture.width, picture.height
        native, adjusted = plan(footage, frames=frames, rate=picture.rate, size=size)
        request.refuse(footage, self._dialect)
        fitted, told = request.fitted(native, self._dialect)
        return fitted, (*adjusted, *told, *request.unsaid(self._dialect, fitted, footage))

    def _model(self, name: str) -> str:
        """The server's name of a model; empty leaves it to the server."""
        models = self._settings.models
        if models and name not in models:
            raise ModelUnavailable(
                f"The video server has no {name}; it has {', '.join(models)}.",
                suggestions=[Suggestion(f"Use {other}.", [Change("model", name, other)]) for other in models],
            )
        return models.get(name, "")

    async def _make(
        self,
        shot: Shot,
        footage: Footage,
        path: Path,
        telling: Telling,
        planned: NativePlan,
        adjusted: tuple[Adjustment, ...],
        model: str,
    ) -> Making:
        telling.at("prepare")
        source, image_path = path.with_suffix(".served"), path.with_suffix(".image")
        image = await self._image(footage, planned, image_path)
        body = request.body(self._dialect, planned, model=model, image=image)
        began = self._clock()
        job = await self._waiting.video(body, source, telling)
        made_after = self._clock()
        telling.at("postprocess")
        shoot = task.Shoot(
            source=str(source),
            path=str(path),
            picture=shot.picture,
            frames=shot.frames,
            least_frames=max(2, round(planned.frames * LEAST_SHARE)),
            image=str(image_path) if image else "",
            sparse=shot.frame_timing == "sparse",
            threads=self._settings.threads,
        )
        reply = await self._child.call(shoot.packed(), timeout=_SHOOT_TIME, report=telling.counted)
        made = task.made(reply)
        telling.at("complete")
        actual, told = _as_made(planned, made, self._dialect.name)
        return Making(
            plan=actual,
            adjustments=(*adjusted, *told),
            peak_bytes=job.peak_bytes,
            seconds={"generate": made_after - began, "encode": self._clock() - made_after},
            revision=job.model,
            checks=made.checks,
            device=f"a video server ({self._dialect.name})",
            versions=_versions(),
        )

    async def _image(self, footage: Footage, planned: NativePlan, path: Path) -> request.Image | None:
        """The first image, beside the clip and in memory; at the video's size where the server wants that."""
        if footage.image is None:
            return None
        kind = footage.image.media_type
        if kind not in request.IMAGES or footage.image.size_bytes > IMAGE_BYTES:
            size = footage.image.size_bytes
            why = f"It is {kind[:60]} of {size} bytes; PNG, JPEG and WebP of at most 20 MiB are sent."
            raise InvalidRequest("The image cannot be sent.", violations=[Violation("image", why)])
        await self._store.fetch(footage.image, path)
        if self._dialect.sizes:
            fit = task.Fit(str(path), str(path), planned.width, planned.height)
            await self._child.call(fit.packed(), timeout=_FIT_TIME)
            kind = "image/png"
        return request.Image(await asyncio.to_thread(path.read_bytes), kind)


def _as_made(planned: NativePlan, made: task.Made, server: str) -> tuple[NativePlan, tuple[Adjustment, ...]]:
    """The plan as the server kept to it, and where it did not."""
    reason = f"The server ({server}) made it so."
    rate = max(1, round(made.rate.numerator / made.rate.denominator))
    pairs = [
        ("picture", f"{planned.width}x{planned.height}", f"{made.width}x{made.height}"),
        ("frames", str(planned.frames), str(made.frames)),
        ("rate", str(planned.rate), _rate(made.rate)),
    ]
    told = tuple(Adjustment(name, asked, got, reason) for name, asked, got in pairs if asked != got)
    actual = replace(planned, width=made.width, height=made.height, frames=made.frames, rate=rate)
    return actual, told


def _rate(rate: Rate) -> str:
    return str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator / rate.denominator:.3f}"


def _versions() -> dict[str, str]:
    """The libraries that write clips; what the server runs is not known."""
    return {name: version(name) for name in _LIBRARIES}


def _code() -> str:
    """A short digest of the source that decides what a clip looks like, so that no change needs a version."""
    digest = hashlib.sha256()
    room = Path(generation.__file__).parent
    shared = [
        Path(media.__file__).with_name(name) for name in ("conform.py", "planes.py", "encode.py", "repeat.py")
    ]
    for path in [*sorted(Path(__file__).parent.glob("*.py")), room / "checks.py", *shared]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
