"""What each command does with JobService."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from orchestrator import remote
from orchestrator.cli import arguments, pictures, source
from orchestrator.cli.display import Display, display, notes
from orchestrator.cli.export import export, remember, remembered
from orchestrator.cli.output_lock import claimed
from orchestrator.cli.record import as_data, record
from orchestrator.cli.target import check_overwriting, check_target
from orchestrator.cli.terminal import NobodyReadsError, clean, emit, tell, write
from orchestrator.cli.voices import check_voice
from orchestrator.client import Storyreel
from orchestrator.job import ENDED, media_type, reason_name, state_name
from orchestrator.settings import CommandSettings, OrchestratorSettings
from services.artifacts import wire
from services.chassis.errors import (
    BY_REASON,
    BadInput,
    Configuration,
    JobNotFound,
    StoryreelError,
    Suggestion,
    UnknownVoice,
)
from services.chassis.settings import load
from services.media.wire import frame_timing_to_proto
from services.story.look import builtin
from services.story.look_wire import look_to_proto
from storyreel.job.v1 import job_pb2
from storyreel.media.v1 import clip_pb2

INPUT, CONFIGURATION, FAILED = 3, 4, 6


async def render(options: argparse.Namespace) -> int:
    """Turn a document into a video and wait for it."""
    document: source.Document = options.document
    out = check_target(options.output, None if options.source == "-" else Path(options.source))
    check_overwriting(out, force=options.force)
    await check_voice(options.voice, options.language)
    shown = display(as_json=options.json)
    try:
        with claimed(out, "", document.name) as claim:
            async with _running(work=True) as reel:
                job = await _create(reel, document, options)
                claim.note(job.name, document.name)
                remember(job.name, out)
                return await _follow(reel, job, out, shown, options, cancel=True)
    finally:
        shown.close()


async def submit(options: argparse.Namespace) -> int:
    """Hand a document in and leave."""
    document: source.Document = options.document
    await check_voice(options.voice, options.language)
    async with _running(work=False) as reel:
        job = await _create(reel, document, options, request_id=options.request_id)
    if options.json:
        emit({"event": "submitted", **record(job)})
    else:
        write(f"{job.name}\n")
        if not load(CommandSettings).address:
            tell(f"Unless `python -m orchestrator serve` runs, it waits for `storyreel watch {job.name}`.\n")
    return 0


async def plan(options: argparse.Namespace) -> int:
    """Show what a video will be, before anything is made."""
    document: source.Document = options.document
    async with _running(work=True) as reel:
        job = await _create(reel, document, options, plan_only=True)
        try:
            job = [change async for change in reel.jobs.watch(job.name)][-1]
        except asyncio.CancelledError:
            if options.asked.is_set():
                tell("What is finished is kept; the same command goes on with it.\nStopping …\n")
                await reel.jobs.cancel(job.name)
            raise
        if job.state != job_pb2.STATE_SUCCEEDED:
            return _ended_badly(job, as_json=options.json)
        text = (await reel.artifacts.read(wire.from_proto(job.outputs.plan), limit=64 << 20)).decode()
    if options.json:
        told = {"warnings": [as_data(warning) for warning in job.warnings]} if job.warnings else {}
        emit(json.loads(text) | told)
    else:
        from orchestrator.cli.plan import show

        show(text)
    tell("".join(f"note  {clean(warning.message)}\n" for warning in job.warnings) + notes(job))
    return 0


async def watch(options: argparse.Namespace) -> int:
    """Follow a job to its end."""
    return await _go_on(options, resume=False)


async def resume(options: argparse.Namespace) -> int:
    """Go on with a job."""
    return await _go_on(options, resume=True)


async def cancel(options: argparse.Namespace) -> int:
    """Stop a job."""
    # A job has ended when a worker has taken note, and this may be the only one. No other job goes on by it.
    async with _running(work=True, stages=False) as reel:
        job = await reel.jobs.cancel(options.job)
    if options.json:
        emit({"event": "cancelled", **record(job)})
    else:
        write(f"{job.name} is cancelled. `storyreel resume {job.name}` goes on with it.\n")
    return 0


async def list(options: argparse.Namespace) -> int:  # noqa: A001 - commands carry their own names
    """List jobs."""
    async with _running(work=False) as reel:
        jobs = await reel.jobs.list(size=min(options.number, 200), plans=options.plans)
    if options.json:
        emit({"jobs": [record(job) for job in jobs]})
        return 0
    for job in jobs:
        when = job.create_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
        line = f"{job.name}  {state_name(job.state):<9}  {job.fraction:4.0%}  {when} UTC  "
        write(clean(f"{line}{job.title or job.source.name}") + "\n")
        if job.waiting:
            write(clean(f"    {job.waiting}") + "\n")
        if job.state == job_pb2.STATE_FAILED:
            ways = "".join(f" → {way.description}" for way in job.error.suggestions)
            write(clean(f"    {job.error.message}{ways}") + "\n")
    if not jobs:
        write("There are no jobs. `storyreel render SOURCE -o OUT.mp4` makes one.\n")
    return 0


async def _go_on(options: argparse.Namespace, *, resume: bool) -> int:
    given = check_target(options.output) if options.output else None
    shown = display(as_json=options.json)
    try:
        async with _running(work=True) as reel:
            name = options.job or await _newest(reel, resume=resume)
            job = await reel.jobs.get(name)
            options.begun = True
            if not options.job:
                tell(f"{'Resuming' if resume else 'Watching'} {name} ({clean(job.source.name)})\n")
            out = given or remembered(name)
            if out is not None:
                check_overwriting(check_target(out), job, force=options.force)
            with claimed(out, name, job.source.name):
                if resume and job.state != job_pb2.STATE_SUCCEEDED:
                    job = await reel.jobs.resume(name)
                if out is not None:
                    remember(name, out)
                return await _follow(reel, job, out, shown, options, cancel=resume)
    finally:
        shown.close()


async def _follow(
    reel: Storyreel,
    job: job_pb2.Job,
    out: Path | None,
    shown: Display,
    options: argparse.Namespace,
    *,
    cancel: bool,
) -> int:
    """Show a job to its end and write its files; when asked to stop, stop the job or only the watching."""
    try:
        async for change in reel.jobs.watch(job.name):
            shown.show(job := change)
    except NobodyReadsError:
        await _interrupted(reel, job, shown, cancel=cancel)
        raise
    except asyncio.CancelledError:
        # Without having been asked, the command ends because it cannot work; the job may be worked on later.
        await _interrupted(reel, job, shown, cancel=cancel and options.asked.is_set())
        raise
    shown.close()
    if job.state != job_pb2.STATE_SUCCEEDED:
        tell(notes(job))
        return _ended_badly(job, as_json=options.json)
    files = await export(reel.artifacts, job, out, force=options.force) if out else []
    shown.finished(job, files)
    if not out and not job.plan_only:
        tell(f"Write its files with `storyreel resume {job.name} -o OUT.mp4`.\n")
    return 0


async def _interrupted(reel: Storyreel, job: job_pb2.Job, shown: Display, *, cancel: bool) -> None:
    shown.close()
    # First of all: the rest may take longer than somebody waits.
    tell(f"What is finished is kept. Go on with: storyreel resume {job.name}\n")
    if cancel and job.state not in ENDED:
        tell("Stopping … (once more to leave at once)\n")
        job = await reel.jobs.cancel(job.name)
    shown.show(job)


def _ended_badly(job: job_pb2.Job, *, as_json: bool) -> int:
    """Say why a job has not succeeded; the exit code tells what kind of reason it was."""
    kind = BY_REASON.get(reason_name(job.error.reason), StoryreelError)
    if job.state == job_pb2.STATE_CANCELLED:
        code, error = FAILED, StoryreelError(f"{job.name} was cancelled.")
    else:
        code = INPUT if issubclass(kind, BadInput) else FAILED
        code = CONFIGURATION if issubclass(kind, Configuration) else code
        more = [Suggestion("`storyreel voices` lists the others.")] if kind is UnknownVoice else []
        where = f" (scene {job.error.scene_id})" if job.error.scene_id else ""
        error = StoryreelError(
            f"{clean(job.error.message)}{where}",
            suggestions=[*(Suggestion(s.description) for s in job.error.suggestions), *more],
            error_id=job.error.error_id,
        )
    if code != INPUT:
        error.suggestions = [*error.suggestions, Suggestion(f"storyreel resume {job.name}")]
    tell(f"storyreel: {arguments.describe(error)}\n")
    if as_json:
        emit({"event": "ended", **record(job), "exit_code": code})
    return code


def _running(*, work: bool, stages: bool = True) -> AbstractAsyncContextManager[Storyreel]:
    """Storyreel at STORYREEL_ADDRESS, or all of it here; `work` and `stages` as in the embedded one."""
    if address := load(CommandSettings).address:
        return remote.storyreel(address)
    settings = load(OrchestratorSettings)
    if settings.temporal_address:
        raise Configuration(
            "STORYREEL_TEMPORAL_ADDRESS is for `python -m orchestrator` serve, worker and pool. "
            "Set STORYREEL_ADDRESS to where its `serve` answers, or unset both to work on this machine."
        )
    from orchestrator.embedded import storyreel  # a client of another machine does without all of it

    return storyreel(settings, work=work, stages=stages, tell=lambda line: tell(f"{line}\n"))


async def _create(
    reel: Storyreel,
    document: source.Document,
    options: argparse.Namespace,
    *,
    plan_only: bool = False,
    request_id: str = "",
) -> job_pb2.Job:
    stored = await reel.artifacts.put_bytes(
        document.data, media_type=media_type(document.name, document.data)
    )
    width, height = arguments.SIZES[options.size]
    job = job_pb2.Job(
        source=job_pb2.Source(
            artifact=wire.to_proto(stored),
            name=document.name,
            files=await pictures.stored(document, reel.artifacts),
        ),
        settings=job_pb2.Settings(
            voice=options.voice,
            language=options.language,
            speed_percent=options.speed,
            picture=clip_pb2.Picture(width=width, height=height, rate_numerator=30, rate_denominator=1),
            look=look_to_proto(builtin(options.theme, options.accent)),
            frame_timing=frame_timing_to_proto(options.timing),
        ),
    )
    options.begun = True
    return await reel.jobs.create(job, plan_only=plan_only, request_id=request_id)


async def _newest(reel: Storyreel, *, resume: bool) -> str:
    """The newest job that can go on; to watch, the newest of all where none can."""
    jobs = await reel.jobs.list(size=200)
    for job in jobs:
        if _can_go_on(job):
            return job.name
    if jobs and not resume:
        return jobs[0].name
    raise JobNotFound(
        "No job can go on: each has succeeded, or its document or settings were refused.",
        suggestions=[Suggestion("`storyreel list` shows the jobs; name one.")],
    )


def _can_go_on(job: job_pb2.Job) -> bool:
    """Tell whether a job has work left that can be done; input that was refused will be refused again."""
    refused = issubclass(BY_REASON.get(reason_name(job.error.reason), StoryreelError), BadInput)
    return job.state != job_pb2.STATE_SUCCEEDED and not (job.state == job_pb2.STATE_FAILED and refused)
