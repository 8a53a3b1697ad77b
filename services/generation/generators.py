"""Who generates footage here: a device of this machine, a video server, or nobody."""

from __future__ import annotations

from collections.abc import Iterator

from services.artifacts.store import Store
from services.chassis.errors import Configuration, Suggestion
from services.chassis.settings import home, load
from services.generation.clip import Generator
from services.generation.settings import GenerationSettings

SETTINGS = {
    "diffusers": "STORYREEL_GENERATION_DEVICE",
    "openai_videos": "STORYREEL_GENERATION_VIDEOS_URL",
}
"""What has to be set for each generator."""


def generators(settings: GenerationSettings, store: Store) -> list[Generator]:
    """The generators that the settings ask for, the preferred one first.

    Raises:
        Configuration: A setting is wrong.
    """
    return list(_generators(settings, store))


def _generators(settings: GenerationSettings, store: Store) -> Iterator[Generator]:
    if settings.warm and not settings.device:
        raise Configuration(
            f"STORYREEL_GENERATION_WARM names {settings.warm}, and there is no device to run it on.",
            suggestions=[Suggestion("Set STORYREEL_GENERATION_DEVICE, such as to cuda, or unset the other.")],
        )
    # What is imported here takes time, and most machines have neither.
    if settings.device:
        from services.generation.footage.preflight import Limits
        from services.generation.wan.backend import DiffusersBackend
        from services.generation.wan.preflights import Preflights
        from services.generation.wan.wire import Machine
        from services.models.files import ModelFiles
        from services.models.settings import ModelSettings

        models = ModelFiles(load(ModelSettings).folder)
        limits = Limits(
            max_bytes=settings.max_vram_bytes,
            seconds=settings.footage_time.total_seconds(),
            auto_optimise=settings.auto_optimise,
            prompt_most=settings.prompt_most,
        )
        machine = Machine(
            settings.device,
            settings.precision,
            settings.device_threads,
            settings.max_vram_bytes or 0,
            settings.attention,
            settings.device != "cpu" if settings.compiled is None else settings.compiled,
            settings.devices,
        )
        yield DiffusersBackend(
            store,
            models,
            Preflights(
                models,
                limits,
                learnt=home() / "footage",
                scratch=home() / "scratch",
                setup=f"{machine.precision} compiled={machine.compiled} attention={machine.attention} "
                f"devices={machine.devices} threads={machine.threads}",
            ),
            machine=machine,
            threads=settings.threads,
            clip_time=settings.footage_time,
            warm=settings.warm_models,
        )
    from services.generation.video_api.settings import VideoServerSettings

    server = load(VideoServerSettings)
    if server.url:
        from services.generation.video_api.backend import OpenAIVideosBackend

        yield OpenAIVideosBackend(server, store)
