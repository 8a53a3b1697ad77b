"""The whole story: a document in, its video out. After a crash it continues where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from google.protobuf.message import Message

    from orchestrator import recovery, requests, stages
    from orchestrator.job import GENERATION, MUXING, PARSING, SCRIPT, TTS, Record, StageKind, stage_name
    from storyreel.job.v1 import job_pb2, record_pb2
    from storyreel.parsing.v1.parsing_service_pb2 import ParseDocumentResponse
    from storyreel.tts.v1.speech_pb2 import Voice

MAX_ENGINES = 10
UNSHOWN = "Shorten or split it, or install the font that the reason names."


@workflow.defn
class JobWorkflow:
    """One job: parse; per scene script, speech, picture, as far in parallel as the data allows; mux."""

    @workflow.run
    async def run(self, job: job_pb2.Job) -> job_pb2.Job:
        """Make the video, or only its plan; the result is the job's whole record."""
        self.record = Record(job, workflow.now())
        self.settings = job.settings
        self.calls = 0
        self.lost_engines: list[str] = []
        try:
            for remakes in range(recovery.MAX_REMAKES + MAX_ENGINES + 1):
                if await self._made(remakes):
                    break
        except (Exception, asyncio.CancelledError) as error:
            self._failed(error)
            raise
        return self.record.job

    async def _made(self, remakes: int) -> bool:
        """Make everything, from what is there; False when recovery says to go through it again."""
        try:
            await self._make()
        except ActivityError as error:
            cause = stages.job_error(error)
            decision = recovery.after(cause.reason, remakes=remakes)
            if is_cancelled_exception(error) or decision is recovery.Next.FAIL:
                raise
            if decision is recovery.Next.OTHER_VOICE:
                self.lost_engines.append(self.voice.engine)
                self._other_voice(self.voice.engine, cause.message)
            return False
        return True

    async def _make(self) -> None:
        storyboard = await self._parse()
        scenes = [record_pb2.SceneRecord(ref=ref) for ref in storyboard.scenes]
        self._begin(SCRIPT, len(scenes))
        if self.record.job.plan_only:
            await _all(self._narrate(scene) for scene in scenes)
        else:
            await self._choose_voice(len(scenes))
            await _all(self._film(scene) for scene in scenes)
            await self._mux(scenes)
        self.record.end(job_pb2.STATE_SUCCEEDED, workflow.now())
        publication = record_pb2.Publication(job=self.record.job, scenes=scenes, coverage=storyboard.coverage)
        self.record.job.outputs.CopyFrom(await stages.publish(publication))
        self._note(whole=True)

    async def _parse(self) -> ParseDocumentResponse:
        self._begin(PARSING, 1)
        storyboard = (await self._call(PARSING, "ParseDocument", requests.parse(self.record.job))).storyboard
        self.record.told(storyboard.title, storyboard.warnings)
        return storyboard

    async def _choose_voice(self, scenes: int) -> None:
        """One voice for the whole video; when its engine dies midway, all is spoken again by another."""
        self.silenced = False
        request = requests.choose_voice(self.settings, self.lost_engines)
        self.calls += 1
        chosen = (await stages.call("ChooseVoice", f"tts/voice/{self.calls}", request)).voice
        self.voice: Voice = chosen.voice
        self.record.warn(chosen.notice)
        for passed in chosen.passed_over:
            self._other_voice(passed.engine, passed.why)
        self._begin(TTS, scenes)
        self._begin(GENERATION, scenes)

    async def _film(self, scene: record_pb2.SceneRecord) -> None:
        """Script strictly before speech, speech before picture: the picture is as long as the voice."""
        await self._narrate(scene)
        speech = requests.speak(scene, self.voice, self.settings)
        try:
            scene.speech.CopyFrom((await self._call(TTS, "Synthesize", speech, scene)).speech)
        except ActivityError as error:
            self.silenced |= stages.job_error(error).reason == "VOICE_UNAVAILABLE"
            raise
        if self.silenced:
            return  # this speech will not be in the video: no picture for it
        clip = requests.generate(scene, self.settings)
        scene.clip.CopyFrom((await self._call(GENERATION, "GenerateClip", clip, scene)).clip)
        for why in scene.clip.unshown:
            self.record.degrade(GENERATION, "Some text is not on the screen.", why, UNSHOWN, scene.ref.id)

    async def _narrate(self, scene: record_pb2.SceneRecord) -> None:
        request = requests.narrate(scene, self.settings)
        written = (await self._call(SCRIPT, "WriteNarration", request, scene)).narration
        scene.narration.CopyFrom(written.narration)
        scene.estimated_seconds = written.estimated_duration.ToTimedelta() / timedelta(seconds=1)

    async def _mux(self, scenes: list[record_pb2.SceneRecord]) -> None:
        self._begin(MUXING, 1)
        video = (await self._call(MUXING, "MuxVideo", requests.mux(self.record.job, scenes))).video
        self.record.job.outputs.video.CopyFrom(video)
        for why in video.missing:
            self.record.degrade(MUXING, "A finishing touch is missing.", why, "Render the document again.")

    async def _call(
        self, stage: StageKind, name: str, request: Message, scene: record_pb2.SceneRecord | None = None
    ) -> record_pb2.StageResult:
        """Make a stage call and put it on the record; its id is never used twice in a run."""
        self.calls += 1
        scene_id = scene.ref.id if scene else ""
        call_id = f"{stage_name(stage)}/{scene_id or 'all'}/{self.calls}"
        result = await stages.call(name, call_id, *((scene_id, request) if scene else (request,)))
        if result.scene_id != scene_id:
            raise ApplicationError(f"{call_id} answered for {result.scene_id!r}", type="INTERNAL")
        self.record.done(stage, workflow.now(), reused=result.reused, attempts=result.attempts)
        self._note()
        return result

    def _begin(self, stage: StageKind, calls: int) -> None:
        self.record.begin(stage, workflow.now(), calls=calls)
        self._note()

    def _other_voice(self, engine: str, why: str) -> None:
        remedy = f"Render again when {engine} can be reached."
        self.record.degrade(TTS, f"The voice is not {engine}'s.", why, remedy)

    def _failed(self, error: BaseException) -> None:
        """Put the end on the record, with the stage and the scene it happened in."""
        cancelled = isinstance(error, asyncio.CancelledError) or is_cancelled_exception(error)
        state = job_pb2.STATE_CANCELLED if cancelled else job_pb2.STATE_FAILED
        self.record.end(state, workflow.now(), None if cancelled else stages.job_error(error))
        self._note(whole=True)

    def _note(self, *, whole: bool = False) -> None:
        """Show the record to watchers, when it has changed by enough."""
        if whole or self.record.moved():
            workflow.upsert_memo({"job": self.record.job})


async def _all(calls: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all to their end, so that none runs on unobserved; the first failure in their order is raised."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
