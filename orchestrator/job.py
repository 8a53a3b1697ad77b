"""The record of a job: its stages, what they are doing, how much is done. Pure; the workflow keeps one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from orchestrator.call_id import CallId
from services.story.look import builtin
from services.story.look_wire import look_to_proto
from storyreel.error.v1 import error_reason_pb2
from storyreel.job.v1 import job_pb2
from storyreel.media.v1 import clip_pb2
from storyreel.parsing.v1 import source_place_pb2
from storyreel.progress.v1 import progress_pb2

StageKind: TypeAlias = job_pb2.StageKind.ValueType
State: TypeAlias = job_pb2.State.ValueType

INPUT, PARSING, SCRIPT = job_pb2.STAGE_KIND_INPUT, job_pb2.STAGE_KIND_PARSING, job_pb2.STAGE_KIND_SCRIPT
TTS, GENERATION, MUXING = job_pb2.STAGE_KIND_TTS, job_pb2.STAGE_KIND_GENERATION, job_pb2.STAGE_KIND_MUXING

WEIGHTS = {INPUT: 0.01, PARSING: 0.02, SCRIPT: 0.02, TTS: 0.05, GENERATION: 0.80, MUXING: 0.10}
"""Each stage's share of a whole job, from the CPU seconds of a five-minute video at 1080p."""

ENDED = (job_pb2.STATE_SUCCEEDED, job_pb2.STATE_FAILED, job_pb2.STATE_CANCELLED)
MOST_DEGRADATIONS = 30
NAMED_SCENES = 3
"""Scenes that a note names of those it is true of."""
MOST_ATTEMPTS = 40
LONGEST_ATTEMPT = 300
"""Characters of an attempt's message on the record, which travels with every change of a job."""

MARKDOWN = ("md", "markdown", "mdown", "mkd", "mdx", "rmd", "qmd")
"""Endings that the parsing service reads as markdown."""

HD = clip_pb2.Picture(width=1920, height=1080, rate_numerator=30, rate_denominator=1)


def stage_name(kind: StageKind) -> str:
    """A stage's name in lower case: `parsing`."""
    return job_pb2.StageKind.Name(kind).removeprefix("STAGE_KIND_").lower()


def state_name(state: State) -> str:
    """A state's name: `SUCCEEDED`."""
    return job_pb2.State.Name(state).removeprefix("STATE_")


def reason_name(reason: error_reason_pb2.ErrorReason.ValueType) -> str:
    """A reason as errors and logs name it: `DEVICE_MEMORY`."""
    return error_reason_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")


def reason_value(name: str) -> error_reason_pb2.ErrorReason.ValueType:
    """A reason's value in the contract; INTERNAL for a name that this version does not know."""
    full = f"ERROR_REASON_{name}"
    known = full in error_reason_pb2.ErrorReason.keys()  # noqa: SIM118 - it is not a dict
    return error_reason_pb2.ErrorReason.Value(full if known else "ERROR_REASON_INTERNAL")


def media_type(name: str, data: bytes) -> str:
    """What a document is, by the ending of its name, else by whether its bytes can be text at all."""
    ending = name.lower().rpartition(".")[2]
    known = {"txt": "text/plain", "text": "text/plain"} | dict.fromkeys(MARKDOWN, "text/markdown")
    return known.get(ending) or ("application/octet-stream" if b"\0" in data else "text/plain")


def with_defaults(settings: job_pb2.Settings) -> job_pb2.Settings:
    """The settings with every default filled in, so that the record says what was used."""
    whole = job_pb2.Settings(
        voice=settings.voice or "male",
        language=settings.language or "en",
        speed_percent=settings.speed_percent or 100,
        picture=settings.picture if settings.HasField("picture") else HD,
        look=settings.look,
        frame_timing=settings.frame_timing or clip_pb2.FRAME_TIMING_CONSTANT,
        offline=settings.offline,
    )
    whole.script_backend = settings.script_backend or "template"
    if not whole.look.HasField("palette"):
        whole.look.palette.CopyFrom(look_to_proto(builtin()).palette)
    return whole


class Record:
    """A job's record while it runs; `job` is what watchers see."""

    def __init__(self, job: job_pb2.Job, now: datetime) -> None:
        self._seen: tuple[object, ...] = ()
        self._degraded: dict[tuple[StageKind, str, str], set[str]] = {}
        self.job = job_pb2.Job()
        self.job.CopyFrom(job)
        for output_only in (
            "stages",
            "degradations",
            "warnings",
            "error",
            "outputs",
            "end_time",
            "fraction",
            "waiting",
        ):
            self.job.ClearField(output_only)
        self.job.state = job_pb2.STATE_RUNNING
        kinds = list(WEIGHTS)[: 3 if job.plan_only else None]
        for kind in kinds:
            self.job.stages.add(kind=kind, state=job_pb2.STATE_PENDING)
        received = self.stage(INPUT)
        received.start_time.CopyFrom(job.create_time)
        self.begin(INPUT, now, calls=1)
        self.done(INPUT, now, reused=False, attempts=1)

    def stage(self, kind: StageKind) -> job_pb2.Stage:
        """The record of one stage."""
        return next(stage for stage in self.job.stages if stage.kind == kind)

    def begin(self, kind: StageKind, now: datetime, *, calls: int) -> None:
        """A stage starts, with so many calls; starting it again starts its counts anew."""
        stage = self.stage(kind)
        if not stage.HasField("start_time"):
            stage.start_time.FromDatetime(now)
        stage.ClearField("end_time")
        stage.state = job_pb2.STATE_RUNNING
        stage.calls, stage.calls_done, stage.calls_reused = calls, 0, 0
        stage.ClearField("parts")

    def part(self, scene_id: str, done: float, share: float, *, link: int) -> None:
        """A scene's footage is being made of several clips: how much of it is done, and what the next is.

        Args:
            scene_id: The scene.
            done: How much of it is made, 0 to 1.
            share: How much of it the next clip is, 0 to 1.
            link: How many clips come before that one.
        """
        stage = self.stage(GENERATION)
        part = next((part for part in stage.parts if part.scene_id == scene_id), None)
        part = part or stage.parts.add(scene_id=scene_id)
        part.done, part.share, part.link = done, share, link

    def made(self, scene_id: str) -> float:
        """How much of a scene's footage is made, of one that is made of several clips; else 0."""
        parts = self.stage(GENERATION).parts
        return next((part.done for part in parts if part.scene_id == scene_id), 0.0)

    def done(
        self, kind: StageKind, now: datetime, *, reused: bool, attempts: int, scene_id: str = ""
    ) -> None:
        """One call of a stage ended well, of a scene all its parts; the last one ends the stage."""
        stage = self.stage(kind)
        others = [part for part in stage.parts if part.scene_id != scene_id]
        stage.ClearField("parts")
        stage.parts.extend(others)
        stage.calls_done += 1
        stage.calls_reused += reused
        stage.attempts += attempts
        if stage.calls_done == stage.calls:
            stage.state = job_pb2.STATE_SUCCEEDED
            stage.end_time.FromDatetime(now)
        measure(self.job, {})

    def told(self, title: str, warnings: Iterable[source_place_pb2.Warning]) -> None:
        """Parsing found the title, and something to warn of."""
        self.job.title = title
        self.job.ClearField("warnings")
        self.job.warnings.extend(warnings)

    def warn(self, text: str) -> None:
        """Something a person should know; said once, and nothing when it is empty."""
        if text and all(text != warning.message for warning in self.job.warnings):
            self.job.warnings.add(message=text)

    def moved(self) -> bool:
        """Tell whether so much has changed since the last time that watchers should see it.

        Of a long job that is each hundredth of a stage: a history that held the record
        after each of 500 scenes would be ten times as long.
        """
        long = any(stage.calls > 100 for stage in self.job.stages)
        now = tuple(
            (s.state, int(100 * s.fraction) if long else s.calls_done, [part.done for part in s.parts])
            for s in self.job.stages
        )
        changed, self._seen = now != self._seen, now
        return changed

    def degrade(self, kind: StageKind, what: str, why: str, remedy: str, scene_id: str = "") -> None:
        """Something is not as it was asked for; said once, with the number of scenes it is true of.

        The record travels with every change of a job: it names at most `MOST_DEGRADATIONS`.
        """
        key = (kind, what, why)
        scenes = self._degraded.setdefault(key, set())
        scenes.add(scene_id)
        entry = next((d for d in self.job.degradations if (d.stage, d.what, d.why) == key), None)
        if entry is not None:
            entry.scene_id = min(scenes)
            entry.remedy = f"{remedy}{in_scenes(scenes)}"
        elif len(self.job.degradations) < MOST_DEGRADATIONS:
            self.job.degradations.add(stage=kind, what=what, why=why, remedy=remedy, scene_id=scene_id)
        else:
            more = len(self._degraded) - MOST_DEGRADATIONS
            are = "is" if more == 1 else "are"
            self.job.degradations[-1].remedy = f"{more} more like it {are} not listed."

    def tried(self, attempt: job_pb2.Attempt) -> None:
        """An attempt at footage failed. At most `MOST_ATTEMPTS` are named; a resumed job knows those."""
        self.stage(GENERATION).attempts += 1
        if len(self.job.attempts) < MOST_ATTEMPTS:
            noted = self.job.attempts.add()
            noted.CopyFrom(attempt)
            noted.message = attempt.message[:LONGEST_ATTEMPT]

    def end(self, state: State, now: datetime, error: job_pb2.JobError | None = None) -> None:
        """The job ends; stages that were running end the same way."""
        self.job.state = state
        self.job.end_time.FromDatetime(now)
        if error is not None:
            self.job.error.CopyFrom(error)
        # Scenes are made in any order; the last entry stays last, it may tell how many more there are.
        listed = MOST_DEGRADATIONS - 1
        first, last = self.job.degradations[:listed], self.job.degradations[listed:]
        in_order = [*sorted(first, key=lambda entry: entry.scene_id), *last]
        self.job.ClearField("degradations")
        self.job.degradations.extend(in_order)
        for stage in self.job.stages:
            if stage.state == job_pb2.STATE_RUNNING:
                stage.state = state
                stage.end_time.FromDatetime(now)
        measure(self.job, {})


def in_scenes(scenes: Iterable[str]) -> str:
    """Where something is true of several scenes, after a sentence: ` (in 4 scenes: s002, s004, s005 …)`."""
    ids = sorted(set(scenes))
    more = " …" if len(ids) > NAMED_SCENES else ""
    return f" (in {len(ids)} scenes: {', '.join(ids[:NAMED_SCENES])}{more})" if len(ids) > 1 else ""


def measure(job: job_pb2.Job, running: Mapping[str, progress_pb2.StageProgress]) -> None:
    """Fill in the fractions of a job, given what its running calls report.

    Args:
        job: The record; its stages' fractions and its own are set.
        running: The newest report of each running call, by `<stage>/<scene>`.
    """
    total = sum(WEIGHTS[stage.kind] for stage in job.stages)
    whole = 0.0
    for stage in job.stages:
        name = stage_name(stage.kind)
        reports = [report for call, report in running.items() if CallId.parse(call).stage == name]
        parts = {part.scene_id: part for part in stage.parts}
        part = stage.calls_done + sum(each.done for each in parts.values())
        for call, report in running.items():
            if CallId.parse(call).stage == name:
                mine = parts.get(CallId.parse(call).scene)
                part += report.fraction * (mine.share if mine else 1.0)
        stage.fraction = min(part / stage.calls, 1.0) if stage.calls else 0.0
        stage.activity = _activity(reports) if stage.state == job_pb2.STATE_RUNNING else ""
        whole += WEIGHTS[stage.kind] * stage.fraction / total
    # Work that is done again, for a lost artifact or another voice, does not take the whole back.
    job.fraction = 1.0 if job.state == job_pb2.STATE_SUCCEEDED else max(job.fraction, min(whole, 0.999))


class Reached:
    """How far a job was seen to be: calls that are tried again, or end between two looks, take nothing back.

    A stage whose calls are made anew begins at 0; the job says why.
    """

    def __init__(self) -> None:
        self._whole = 0.0
        self._stages: dict[StageKind, tuple[int, float]] = {}

    def hold(self, job: job_pb2.Job) -> None:
        """Raise the fractions of a job that runs to what they were."""
        job.fraction = self._whole = max(job.fraction, self._whole)
        for stage in job.stages:
            calls, fraction = self._stages.get(stage.kind, (0, 0.0))
            if stage.calls_done >= calls:
                stage.fraction = max(stage.fraction, fraction)
            self._stages[stage.kind] = (stage.calls_done, stage.fraction)


def _activity(reports: list[progress_pb2.StageProgress]) -> str:
    """What a stage is doing, from the report of the call that is furthest."""
    furthest = max(reports, key=lambda report: report.fraction, default=None)
    if furthest is None:
        return ""
    counted = f" {furthest.done}/{furthest.total} {furthest.unit}" if furthest.total else ""
    return f"{furthest.step}{counted}"
