"""What fails below the backend is cured, or told with its category, its numbers and the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.errors import DeviceFault, DeviceMemory, GenerationFailed, ModelUnavailable, StoreFull
from tests.unit.generation.proposals import proposed
from tests.unit.generation.wan.conftest import WISH, Studio, shot

pytestmark = pytest.mark.asyncio(loop_scope="session")

Damage = Callable[[str, Callable[[bytes], bytes | None]], Path]


async def test_memory_that_runs_out_while_loading_is_made_room_for(studio: Studio) -> None:
    studio.fault("denoise", "memory")
    before = await studio.bytes_of()  # after it no other model is loaded
    asked = studio.processes[-1]
    approximate = replace(WISH, quantization="fp8", allow_approximate=True)
    studio.fault("load", "memory", times=2)

    making = await studio.make(approximate)
    after = await studio.bytes_of()

    assert making.placement == ("text_encoder_on_host",)
    assert after == before
    assert studio.processes[-1] == asked


async def test_memory_that_runs_out_while_denoising_is_made_room_for_and_the_clip_is_the_same(
    studio: Studio,
) -> None:
    before = await studio.bytes_of()
    asked = studio.processes[-1]
    studio.fault("denoise", "memory", times=3, after=5)

    making = await studio.make()

    assert making.placement[:2] == ("text_encoder_on_host", "idle_expert_on_host")
    assert studio.digest == before
    assert studio.processes[-1] == asked


async def test_a_decoder_without_memory_decodes_in_tiles_and_nothing_is_denoised_again(
    studio: Studio,
) -> None:
    await studio.make()
    studio.fault("decode", "memory", times=2)

    making = await studio.make()

    assert making.placement[0] == "tiled_decode"
    assert studio.steps_done() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("where", ["denoise", "decode"])
async def test_memory_that_no_placement_cures_is_told_with_the_next_attempt(
    studio: Studio, where: str
) -> None:
    before = await studio.bytes_of()
    wish = replace(WISH, resolution="1080p", steps=50)
    studio.fault(where, "memory", times=100)

    with pytest.raises(DeviceMemory) as caught:
        await studio.make(wish)
    studio.no_fault()
    after = await studio.bytes_of()

    error = caught.value
    assert error.metadata["category"] == "VRAM_MEMORY"
    assert error.metadata["phase"] == where
    assert int(error.metadata["predicted_bytes"]) > 0
    changes = {change.field: (change.before, change.after) for change in error.suggestions[0].changes}
    assert changes["steps"] == ("50", "40")
    assert proposed(error).values.steps == 40
    assert "resolution" in changes
    assert after == before


@pytest.mark.parametrize(
    ("where", "what"),
    [("denoise", "nan"), ("denoise", "bug"), ("decode", "black"), ("decode", "still"), ("decode", "bug")],
)
async def test_a_failed_pipeline_and_a_broken_picture_are_told_with_the_next_attempt(
    studio: Studio, where: str, what: str
) -> None:
    before = await studio.bytes_of()
    studio.fault(where, what, times=100)

    with pytest.raises(GenerationFailed) as caught:
        await studio.make(replace(WISH, guidance=8.0))
    studio.no_fault()
    after = await studio.bytes_of()

    assert caught.value.metadata["category"] == "GENERATION_PIPELINE"
    assert [change.field for change in caught.value.suggestions[0].changes] == ["guidance"]
    assert not list(studio.folder.glob("*.cancel"))
    assert after == before


async def test_nothing_of_a_librarys_message_is_told(studio: Studio) -> None:
    studio.fault("denoise", "bug")

    with pytest.raises(GenerationFailed) as caught:
        await studio.make()

    assert "shapes" not in caught.value.message
    assert caught.value.metadata["error"] == "ValueError"


async def test_a_failed_device_and_a_killed_process_give_way_to_a_new_one_that_makes_the_same_clip(
    studio: Studio,
) -> None:
    before = await studio.bytes_of()
    processes = [studio.processes[-1]]
    for where, what in (("denoise", "device"), ("block", "death")):
        studio.fault(where, what, after=3)

        with pytest.raises(DeviceFault) as caught:
            await studio.make()
        after = await studio.bytes_of()

        processes.append(studio.processes[-1])
        assert caught.value.metadata["category"] == "SYSTEM_RESOURCE"
        assert after == before
    assert len(set(processes)) == 3


async def test_a_full_disk_is_told_as_such(studio: Studio) -> None:
    before = await studio.bytes_of()
    studio.fault("disk", "full")

    with pytest.raises(StoreFull) as caught:
        await studio.make(of=shot(10))
    after = await studio.bytes_of()

    assert caught.value.metadata["category"] == "FILE_SYSTEM"
    assert after == before


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ti2v-5B/transformer/diffusion_pytorch_model.safetensors", lambda _: None),
        ("ti2v-5B/transformer/diffusion_pytorch_model.safetensors", lambda whole: whole[:-1000]),
        ("ti2v-5B/vae/diffusion_pytorch_model.safetensors", lambda whole: b"\xff" * 64 + whole[64:]),
        ("ti2v-5B/text_encoder/config.json", lambda _: None),
        ("ti2v-5B/vae/diffusion_pytorch_model.safetensors", lambda whole: whole[:-9] + b"\x7f" + whole[-8:]),
    ],
    ids=["missing", "truncated", "corrupt", "without configuration", "one byte"],
)
async def test_missing_and_damaged_files_are_named(
    studio: Studio, damaged: Damage, name: str, change: Callable[[bytes], bytes | None]
) -> None:
    # Of another model than the others use: one that is loaded would not be read again.
    wish = replace(WISH, model="ti2v-5B", steps=15, quantization="fp8", allow_approximate=True)
    damaged(name, change)

    with pytest.raises(ModelUnavailable) as caught:
        await studio.make(wish)

    assert caught.value.metadata["category"] == "MODEL_LOADING"
    assert name.partition("/")[2].partition("/")[0] in caught.value.message
    assert "ti2v-5B" in caught.value.message
