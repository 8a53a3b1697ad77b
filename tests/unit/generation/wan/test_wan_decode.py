"""Decoding in a stream gives the frames that the VAE gives at once, and keeps none of them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.generation.wan import decode
from services.generation.wan.cancellation import Gates, Stopped
from services.generation.wan.placement import STRIDE, TILE
from services.media.conform import Frame
from tests.unit.generation.wan import tiny

CPU = torch.device("cpu")
EVERY = 99
ROUNDING = 1
"""Of 256 levels. Processors without AVX-512 sum in another order when a convolution is given fewer latent
frames at once: the last bit of a float may differ, and at the edge between two levels so does the level."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def vae_of(kind: str) -> Any:
    return tiny._narrow_vae() if kind == "narrow" else tiny._wide_vae()


def latents_of(vae: Any, *, count: int, width: int, height: int) -> torch.Tensor:
    ratio = vae.spatial_compression_ratio
    random = torch.Generator().manual_seed(3)
    return torch.randn(1, vae.config.z_dim, count, height // ratio, width // ratio, generator=random)


def streamed(vae: Any, latents: torch.Tensor, *, frames: int = EVERY, tiled: bool = False) -> list[Frame]:
    taken: list[Frame] = []
    decode.stream(
        vae, latents, taken.append, frames=frames, tiled=tiled, gates=Gates(CPU), tell=lambda *_: None
    )
    return taken


def at_once(vae: Any, latents: torch.Tensor, *, tiled: bool) -> np.ndarray:
    """What diffusers makes of the same latents, all in one."""
    mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1)
    deviation = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1)
    vae.enable_tiling(TILE, TILE, STRIDE, STRIDE) if tiled else vae.disable_tiling()
    with torch.no_grad():
        video = vae.decode(latents * deviation + mean, return_dict=False)[0][0]
    made: np.ndarray = ((video + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()
    return made


def levels_apart(some: Sequence[Frame], others: Sequence[Frame]) -> int:
    """By how many levels two videos differ at most."""
    return int(np.abs(np.stack(some).astype(np.int16) - np.stack(others)).max())


# The convolutions of both are given the same shapes: their bits are the same on any one machine.
@pytest.mark.parametrize("kind", ["narrow", "wide"])
@pytest.mark.parametrize(("tiled", "width"), [(False, 64), (True, 64), (True, 288)])
def test_streamed_frames_are_bit_for_bit_those_that_are_decoded_at_once(
    kind: str, tiled: bool, width: int
) -> None:
    vae = vae_of(kind)
    latents = latents_of(vae, count=4, width=width, height=64)

    frames = streamed(vae, latents, tiled=tiled)

    expected = at_once(vae, latents, tiled=tiled)
    assert np.array_equal(np.stack(frames), expected)
    assert expected.shape == (13, 64, width, 3)
    assert expected.std() > 5


@pytest.mark.parametrize("kind", ["narrow", "wide"])
@pytest.mark.parametrize(("frames", "calls"), [(1, 1), (2, 2), (5, 2), (6, 3), (13, 4), (EVERY, 4)])
def test_no_more_latent_frames_are_decoded_than_are_wanted(kind: str, frames: int, calls: int) -> None:
    vae = vae_of(kind)
    latents = latents_of(vae, count=4, width=64, height=32)
    called: list[int] = []
    hook = vae.decoder.register_forward_pre_hook(lambda *_: called.append(1))

    some = streamed(vae, latents, frames=frames)

    hook.remove()
    every = streamed(vae, latents)
    assert len(called) == calls
    assert len(some) == min(frames, 13)
    assert levels_apart(some, every[:frames]) <= ROUNDING
    assert levels_apart(every[:1], every[1:2]) > 5


def test_what_the_decoder_made_is_gone_when_the_frames_after_it_are_handed_on() -> None:
    vae = vae_of("wide")
    latents = latents_of(vae, count=6, width=64, height=32)
    outputs: list[weakref.ref[torch.UntypedStorage]] = []
    hook = vae.decoder.register_forward_hook(
        lambda _, __, output: outputs.append(weakref.ref(output.untyped_storage()))
    )
    alive: list[int] = []
    gc.collect()
    gc.freeze()  # a collection looks at what is made from here on, not at all of torch

    def take(_: Frame) -> None:
        gc.collect()
        alive.append(sum(output() is not None for output in outputs))

    decode.stream(vae, latents, take, frames=EVERY, tiled=False, gates=Gates(CPU), tell=lambda *_: None)
    hook.remove()
    gc.unfreeze()

    assert len(outputs) == 6
    assert max(alive) <= 1


def test_a_decoder_that_was_stopped_decodes_the_same_again_and_keeps_no_hook(tmp_path: Path) -> None:
    vae = vae_of("narrow")
    latents = latents_of(vae, count=4, width=64, height=32)
    before = np.stack(streamed(vae, latents))
    gates, taken = Gates(CPU), 0

    def take(_: Frame) -> None:
        nonlocal taken
        taken += 1
        (tmp_path / "cancel").touch()

    with pytest.raises(Stopped), gates.of(tmp_path / "cancel"):
        decode.stream(vae, latents, take, frames=EVERY, tiled=False, gates=gates, tell=lambda *_: None)

    assert taken == 1
    assert not vae.decoder._forward_hooks
    assert not vae.decoder._forward_pre_hooks
    assert np.array_equal(np.stack(streamed(vae, latents)), before)
