"""The whole story: a document in, its video out. After a crash it continues where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from orchestrator import recovery, requests, stages
    from orchestrator.footage.preview import Outlook
    from orchestrator.footage.scenes import Footage
    from orchestrator.job import GENERATION, MUXING, PARSING, SCRIPT, TTS, Record, reason_name
    from storyreel.error.v1.error_reason_pb2 import ERROR_REASON_VOICE_UNAVAILABLE as VOICE_UNAVAILABLE
    from storyreel.job.v1 import job_pb2, record_pb2
    from storyreel.muxing.v1.timeline_pb2 import Sound
    from storyreel.parsing.v1.parsing_service_pb2 import ParseDocumentResponse
    from storyreel.tts.v1.speech_pb2 import Voice

UNSHOWN = "Install the font that the reason names; where it names none, shorten or split the text."
REMADE = "Something that was made is gone from the store. It is made again."

Scene = record_pb2.SceneRecord
Speaking = asyncio.Future[None]


@workflow.defn
class JobWorkflow:
    """One job: parse; per scene script, speech, picture, as far in parallel as the data allows; mux."""

    @workflow.init
    def __init__(self, job: job_pb2.Job) -> None:
        """The state of a run: the record, and what the scenes share."""
        self.settings = job.settings
        self.record = Record(job, workflow.now())
        self.calls = stages.Calls(self.record)
        self.footage = Footage(self.record, self.calls)
        self.voice = Voice()
        self.lost_engines: list[str] = []
        self.silenced = False
        self.sound = Sound()

    @workflow.run
    async def run(self, job: job_pb2.Job) -> job_pb2.Job:
        """Make the video, or only its plan; the result is the job's whole record."""
        try:
            remakes = 0
            while not await self._made(remakes):
                remakes += 1
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
            speaking = cause.stage == TTS and bool(cause.scene_id)
            decision = recovery.after(reason_name(cause.reason), speaking=speaking, remakes=remakes)
            if is_cancelled_exception(error) or decision is recovery.Next.FAIL:
                raise
            if decision is recovery.Next.REMAKE:
                self.record.warn(REMADE)
            if decision is recovery.Next.OTHER_VOICE:
                self.lost_engines.append(self.voice.engine)
                self._other_voice(self.voice.engine, cause.message)
            return False
        return True

    async def _make(self) -> None:
        storyboard = await self._parse()
        scenes = [Scene(ref=ref) for ref in storyboard.scenes]
        self.contexts = requests.contexts(storyboard.title, scenes)
        self.calls.begin(SCRIPT, len(scenes))
        if self.record.job.plan_only:
            await _all([self._choose_voice(), *map(self._narrate, scenes)])
            await _all(map(Outlook(self.record, self.calls).foresee, filter(requests.wished, scenes)))
        else:
            await self._choose_voice()
            self.calls.begin(TTS, len(scenes))
            self.calls.begin(GENERATION, len(scenes))
            speaking = [asyncio.ensure_future(self._speak(scene)) for scene in scenes]
            films = (self._film(*each, speaking) for each in zip(scenes, speaking, strict=True))
            await _all([*films, self._master(scenes, speaking)])
            await self._mux(scenes)
        self.record.end(job_pb2.STATE_SUCCEEDED, workflow.now())
        await self.calls.publish(scenes, storyboard.coverage, self.voice)

    async def _parse(self) -> ParseDocumentResponse:
        self.calls.begin(PARSING, 1)
        request = requests.parse(self.record.job)
        storyboard = (await self.calls.make(PARSING, "ParseDocument", request)).storyboard
        self.record.told(storyboard.title, storyboard.warnings)
        return storyboard

    async def _choose_voice(self) -> None:
        """One voice for the whole video; when its engine dies midway, all is spoken again by another."""
        self.silenced = False
        chosen = await self.calls.choose_voice(requests.choose_voice(self.settings, self.lost_engines))
        self.voice = chosen.voice
        self.record.warn(chosen.notice)
        for passed in chosen.passed_over:
            if passed.engine not in self.lost_engines:
                self._other_voice(passed.engine, passed.why)

    async def _speak(self, scene: Scene) -> None:
        """Script strictly before speech."""
        await self._narrate(scene)
        request = requests.speak(scene, self.voice, self.settings)
        try:
            scene.speech.CopyFrom((await self.calls.make(TTS, "Synthesize", request, scene)).speech)
        except ActivityError as error:
            self.silenced |= stages.job_error(error).reason == VOICE_UNAVAILABLE
            raise

    async def _narrate(self, scene: Scene) -> None:
        request = requests.narrate(scene, self.settings, self.contexts[scene.ref.id])
        written = (await self.calls.make(SCRIPT, "WriteNarration", request, scene)).narration
        scene.narration.CopyFrom(written.narration)
        if written.HasField("stored"):
            scene.stored_narration.CopyFrom(written.stored)
        scene.estimated_duration.CopyFrom(written.estimated_duration)

    async def _film(self, scene: Scene, spoken: Speaking, speaking: Sequence[Speaking]) -> None:
        """Speech before picture, which is as long as the voice; all speech before footage, which is dear."""
        await spoken
        unheard = requests.wished(scene) and await _failed(speaking)
        # A speech that will not be in the video needs no picture.
        if unheard or self.silenced or (requests.wished(scene) and await self.footage.make(scene)):
            return
        request = requests.draw(scene, self.settings)
        scene.card.CopyFrom((await self.calls.make(GENERATION, "DrawCard", request, scene)).card)
        for why in scene.card.unshown:
            self.record.degrade(GENERATION, "Some text is not on the screen.", why, UNSHOWN, scene.ref.id)

    async def _master(self, scenes: Sequence[Scene], speaking: Sequence[Speaking]) -> None:
        """The sound needs every voice and no picture, so it is made while the pictures are."""
        if await _failed(speaking):
            return  # the scene that failed says why
        self.calls.begin(MUXING, 2)
        request = requests.master(scenes, self.settings)
        self.sound = (await self.calls.make(MUXING, "MasterSound", request)).sound

    async def _mux(self, scenes: Sequence[Scene]) -> None:
        request = requests.mux(self.record.job, scenes, self.sound)
        video = (await self.calls.make(MUXING, "MuxVideo", request)).video
        self.record.job.outputs.video.CopyFrom(video)
        for why in video.missing:
            self.record.degrade(MUXING, "A finishing touch is missing.", why, "Render the document again.")

    def _other_voice(self, engine: str, why: str) -> None:
        remedy = f"Render again when {engine} can speak, or name another voice."
        self.record.degrade(TTS, f"The voice of {engine} was preferred and another one speaks.", why, remedy)

    def _failed(self, error: BaseException) -> None:
        """Put the end on the record, with the stage and the scene it happened in."""
        if isinstance(error, asyncio.CancelledError) or is_cancelled_exception(error):
            self.calls.end(job_pb2.STATE_CANCELLED)
        else:
            self.calls.end(job_pb2.STATE_FAILED, stages.job_error(error))


async def _failed(calls: Iterable[Speaking]) -> bool:
    """Wait for calls to end, and tell whether one of them failed; whoever awaits it hears why."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    return any(isinstance(result, BaseException) for result in results)


async def _all(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all to their end, so that none runs on unobserved; the first failure in their order is raised."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
