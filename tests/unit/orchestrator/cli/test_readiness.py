"""Whether scenes become footage, and what comes next if not."""

from __future__ import annotations

import pytest

from orchestrator.cli.doctor import CHECKS
from orchestrator.cli.doctor_footage import found, missing
from orchestrator.settings import OrchestratorSettings
from services.generation.clip import Capability, ModelCapability
from services.generation.footage.plan import Device

GPU = Device("NVIDIA H200", "cuda", 150_000_000_000, 149_000_000_000)


def able(*ready: str, device: Device | None = GPU) -> Capability:
    modes = {"t2v-A14B": "t2v", "i2v-A14B": "i2v", "ti2v-5B": "ti2v"}
    return Capability(
        tuple(
            ModelCapability(
                name=name,
                mode=mode,  # type: ignore[arg-type]
                ready=name in ready,
                why_not="" if name in ready else f"{name} is not there.",
                min_steps=1,
                max_steps=9,
                default_steps=5,
                resolutions=("480p",),
                loras=False,
            )
            for name, mode in modes.items()
        ),
        device,
    )


def settings(**given: str) -> OrchestratorSettings:
    return OrchestratorSettings(**given)  # type: ignore[arg-type]


def test_the_device_its_memory_the_whole_models_and_the_pools_are_named() -> None:
    told = found({"diffusers": able("ti2v-5B")}, settings(pools="ti2v"))

    assert told == ("diffusers on NVIDIA H200, 150 GB of memory, 149 GB free, with ti2v-5B; pools: ti2v")
    assert missing({"diffusers": able("ti2v-5B")}, settings(pools="ti2v")) == ()


def test_of_a_video_server_the_device_is_not_known() -> None:
    capability = able("t2v-A14B", device=None)

    assert found({"openai_videos": capability}, settings()) == "openai_videos, with t2v-A14B; pools: none"


@pytest.mark.parametrize(
    ("generators", "given", "said"),
    [
        ({}, {}, "storyreel models fetch ti2v-5B; export STORYREEL_GENERATION_DEVICE=cuda"),
        ({"diffusers": able()}, {}, "no model is whole; next: storyreel models fetch ti2v-5B"),
        ({"diffusers": able()}, {"pools": "t2v"}, "next: storyreel models fetch t2v-A14B"),
        (
            {"diffusers": able("ti2v-5B", "i2v-A14B")},
            {},
            "next: export STORYREEL_ORCHESTRATOR_POOLS=ti2v,i2v",
        ),
        (
            {"diffusers": able("ti2v-5B")},
            {"pools": "ti2v,t2v"},
            "the pool t2v can make nothing: t2v-A14B is not there. next: storyreel models fetch t2v-A14B",
        ),
        (
            {"openai_videos": able("ti2v-5B")},
            {"pools": "ti2v"},
            "next: export STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND=openai_videos",
        ),
        ({}, {"temporal_address": "temporal:7233"}, "set STORYREEL_ORCHESTRATOR_POOLS"),
    ],
)
def test_what_comes_next_is_a_command(
    generators: dict[str, Capability], given: dict[str, str], said: str
) -> None:
    assert said in " ".join(missing(generators, settings(**given)))


def test_with_a_cluster_that_has_pools_nothing_is_missing_here() -> None:
    assert missing({}, settings(temporal_address="temporal:7233", pools="t2v")) == ()


async def test_the_doctor_tells_who_has_no_gpu_what_footage_takes() -> None:
    line, remedy, notes = await CHECKS["footage"]()  # type: ignore[misc]

    assert (line, remedy) == ("nobody generates here; pools: none", "")
    assert "STORYREEL_GENERATION_DEVICE nor STORYREEL_GENERATION_VIDEOS_URL is set" in notes[0]
