"""The request of each stage call, from the job's settings and what is known of the scene. Pure.

No request holds a job's or a scene's id: an unchanged scene of an edited
document asks the same and finds its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.media import clock
from storyreel.cards.v1 import card_service_pb2 as cards_pb
from storyreel.generation.v1 import footage_pb2
from storyreel.generation.v1 import generation_service_pb2 as generation_pb2
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.media.v1 import clip_pb2
from storyreel.muxing.v1 import timeline_pb2
from storyreel.parsing.v1 import parsing_service_pb2 as parsing_pb2
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.script.v1 import script_service_pb2 as script_pb2
from storyreel.tts.v1 import speech_pb2
from storyreel.tts.v1 import tts_service_pb2 as tts_pb2

KEEP_RUNNING = timedelta(seconds=120)
"""How long footage is generated on while nobody watches: a worker that was killed comes back."""


def rate(settings: job_pb2.Settings) -> clock.Rate:
    """The frame rate of the video."""
    return clock.Rate(settings.picture.rate_numerator, settings.picture.rate_denominator)


def parse(job: job_pb2.Job) -> parsing_pb2.ParseDocumentRequest:
    """Cut the document into scenes."""
    return parsing_pb2.ParseDocumentRequest(
        document=job.source.artifact,
        name=job.source.name,
        language=job.settings.language,
        files=job.source.files,
    )


def contexts(title: str, scenes: Sequence[record_pb2.SceneRecord]) -> dict[str, script_pb2.NarrationContext]:
    """What stands around each scene, by its id, from the scenes' places in the storyboard alone."""
    shown = ["", *(scene.ref.summary for scene in scenes), ""]
    return {
        scene.ref.id: script_pb2.NarrationContext(
            title=title, headings=scene.ref.headings, before=shown[n], after=shown[n + 2]
        )
        for n, scene in enumerate(scenes)
    }


def narrate(
    scene: record_pb2.SceneRecord, settings: job_pb2.Settings, context: script_pb2.NarrationContext
) -> script_pb2.WriteNarrationRequest:
    """Write what is said in a scene."""
    return script_pb2.WriteNarrationRequest(
        scene=scene.ref.scene,
        language=settings.language,
        backend=settings.script_backend,
        context=context,
    )


def choose_voice(settings: job_pb2.Settings, lost_engines: Sequence[str]) -> tts_pb2.ChooseVoiceRequest:
    """Choose the voice of the whole video, among the engines that have not failed in it."""
    return tts_pb2.ChooseVoiceRequest(
        voice=settings.voice,
        language=settings.language,
        excluded_engines=lost_engines,
        offline=settings.offline,
    )


def speak(
    scene: record_pb2.SceneRecord, voice: speech_pb2.Voice, settings: job_pb2.Settings
) -> tts_pb2.SynthesizeRequest:
    """Speak a scene's narration."""
    text = " ".join(segment.text for segment in scene.narration.segments)
    return tts_pb2.SynthesizeRequest(text=text, voice=voice, speed_percent=settings.speed_percent)


def draw(scene: record_pb2.SceneRecord, settings: job_pb2.Settings) -> cards_pb.DrawCardRequest:
    """Draw a scene's card; its length in frames is decided here, from its speech, and nowhere else."""
    spec = cards_pb.CardSpec(
        scene=scene.ref.scene,
        narration=scene.narration,
        timing=scene.speech.timing,
        frames=frames(scene, settings),
        lead_frames=clock.lead_frames(rate(settings)),
        picture=settings.picture,
        look=settings.look,
        frame_timing=settings.frame_timing,
    )
    return cards_pb.DrawCardRequest(spec=spec)


def frames(scene: record_pb2.SceneRecord, settings: job_pb2.Settings) -> int:
    """A spoken scene's length."""
    return clock.scene_frames(scene.speech.samples, rate(settings))


def clips(scene: record_pb2.SceneRecord) -> list[clip_pb2.Clip]:
    """What a scene shows: its footage, one clip after the other, or its card."""
    return [made.clip for made in scene.footage] or [scene.card.clip]


def wished(scene: record_pb2.SceneRecord) -> bool:
    """Tell whether a scene is to be footage."""
    return scene.ref.HasField("footage") and scene.ref.visual != storyboard_pb2.VISUAL_TEMPLATE


def footage(
    settings: job_pb2.Settings, wish: footage_pb2.Footage, *, frames: int, early: bool, continues: bool
) -> generation_pb2.GenerateFootageRequest:
    """Generate a scene's picture, or the next clip of it.

    Args:
        settings: The job's.
        wish: What is to be seen.
        frames: What is left of the scene.
        early: The clip may end before that, and another goes on from it.
        continues: Another clip comes before it.
    """
    request = generation_pb2.GenerateFootageRequest(
        spec=_spec(settings, wish, frames=frames, early=early, continues=continues)
    )
    request.watch.keep_running.FromTimedelta(KEEP_RUNNING)
    return request


def estimate(
    scene: record_pb2.SceneRecord, settings: job_pb2.Settings, wish: footage_pb2.Footage, *, early: bool
) -> generation_pb2.EstimateFootageRequest:
    """Foresee what a scene's footage needs; its speech is only estimated."""
    samples = round(scene.estimated_duration.ToTimedelta().total_seconds() * clock.SAMPLE_RATE)
    length = clock.scene_frames(samples, rate(settings))
    spec = _spec(settings, wish, frames=length, early=early, continues=False)
    return generation_pb2.EstimateFootageRequest(spec=spec)


def _spec(
    settings: job_pb2.Settings, wish: footage_pb2.Footage, *, frames: int, early: bool, continues: bool
) -> generation_pb2.FootageSpec:
    spec = generation_pb2.FootageSpec(
        footage=wish,
        frames=frames,
        picture=settings.picture,
        frame_timing=settings.frame_timing,
        continues=continues,
        may_end_early=early,
        backend=settings.footage_backend,
    )
    spec.footage.ClearField("extension")  # acted on by the orchestrator
    return spec


def master(scenes: Sequence[record_pb2.SceneRecord], settings: job_pb2.Settings) -> timeline_pb2.SoundPlan:
    """Make the sound of all scenes, from their speech alone."""
    picture = settings.picture
    plan = timeline_pb2.SoundPlan(
        rate_numerator=picture.rate_numerator, rate_denominator=picture.rate_denominator
    )
    lead = clock.lead_frames(rate(settings))
    for scene in scenes:
        frames = clock.scene_frames(scene.speech.samples, rate(settings))
        plan.scenes.add(speech=scene.speech, frames=frames, lead_frames=lead)
    return plan


def mux(
    job: job_pb2.Job, scenes: Sequence[record_pb2.SceneRecord], sound: timeline_pb2.Sound
) -> timeline_pb2.MuxPlan:
    """Put the video together."""
    plan = timeline_pb2.MuxPlan(
        title=job.title, language=job.settings.language, picture=job.settings.picture, sound=sound
    )
    lead = clock.lead_frames(rate(job.settings))
    for scene in scenes:
        first, *more = clips(scene)
        plan.scenes.add(
            clip=first,
            continued=more,
            speech=scene.speech,
            lead_frames=lead,
            chapter=scene.ref.chapter,
            narration=scene.stored_narration if scene.HasField("stored_narration") else None,
        )
    return plan
