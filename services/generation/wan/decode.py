"""From latents to frames: the VAE's decoder, whole or in tiles, each frame handed on as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

from services.generation.wan.cancellation import Gates
from services.generation.wan.denoise import Tell
from services.generation.wan.placement import STRIDE, TILE, in_tiles
from services.media.conform import Frame

Take: TypeAlias = Callable[[Frame], None]
"""Given each frame in order: RGB, shape (height, width, 3), on the host; it may keep it."""

_AT_ONCE = 4
_event: Any = torch.cuda.Event
_unpatchify: Any = unpatchify


def stream(
    vae: Any, latents: torch.Tensor, take: Take, *, frames: int, tiled: bool, gates: Gates, tell: Tell
) -> None:
    """Decode latents and hand the frames on, a latent frame's four at a time.

    Whole, the video is never in memory, neither on the device nor on the host. In tiles the device holds
    all of them, for they are joined when the last one is made; the host never does.

    Args:
        vae: The model's.
        latents: As the steps leave them; they stay as they are, so that decoding can be repeated.
        take: Given the frames. On a GPU it works while the next ones are decoded.
        frames: So many are wanted; of the latent frames after them none is decoded.
        tiled: In tiles of 256 pixels, which takes less memory and 1.65 of the work.
        gates: Where the clip may be stopped.
        tell: Told how many calls of the decoder are behind, of how many.

    Raises:
        Stopped: The clip is no longer wanted.
    """
    each: int = vae.config.scale_factor_temporal
    wanted = latents[:, :, : math.ceil((frames - 1) / each) + 1]
    calls, done = _calls(vae, wanted, tiled=tiled), 0
    handing = _Handing(take, frames)

    def passed() -> None:
        nonlocal done
        tell(min(done, calls), calls)
        done += 1

    gates.look()
    with torch.no_grad(), gates.before(vae.decoder, passed):
        if _in_tiles(vae, wanted, tiled=tiled):
            _decode_tiles(vae, wanted, handing)
        else:
            _decode_whole(vae, wanted, handing)
    handing.finish()
    tell(calls, calls)


def _decode_whole(vae: Any, latents: torch.Tensor, handing: _Handing) -> None:
    """Decode latent frame by latent frame.

    The VAE calls its decoder for each of them and joins what it gives; it is given nothing to join.
    """
    patch: int | None = vae.config.patch_size

    def made(_: torch.nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
        handing.add((output if patch is None else _unpatchify(output, patch))[0])
        # Not a slice of it, which would keep all of it in memory.
        return output.new_empty((*output.shape[:2], 0, *output.shape[3:]))

    vae.disable_tiling()
    hook = vae.decoder.register_forward_hook(made)
    try:
        vae.decode(_scaled(vae, latents), return_dict=False)
    finally:
        hook.remove()


def _decode_tiles(vae: Any, latents: torch.Tensor, handing: _Handing) -> None:
    in_tiles(vae)
    video = vae.decode(_scaled(vae, latents), return_dict=False)[0][0]
    for start in range(0, video.shape[1], _AT_ONCE):
        handing.add(video[:, start : start + _AT_ONCE])


class _Handing:
    """Hands frames on one piece late, so that the device is at work on the next piece meanwhile.

    Args:
        take: Given the frames.
        most: So many of them; the others are dropped.
    """

    def __init__(self, take: Take, most: int) -> None:
        self._take = take
        self._left = most
        self._waiting: torch.Tensor | None = None
        self._copied: Any = None

    def add(self, video: torch.Tensor) -> None:
        """Take the next piece, values of -1 to 1, shape (3, frames, height, width), on the device."""
        values = ((video.float() + 1) * 127.5).round().clamp(0, 255)
        piece = values.to(torch.uint8).permute(1, 2, 3, 0).contiguous()
        host, copied = piece.to("cpu", non_blocking=True), None
        if piece.is_cuda:
            copied = _event()
            copied.record(torch.cuda.current_stream(piece.device))
        self.finish()
        self._waiting = host
        self._copied = copied

    def finish(self) -> None:
        """Hand on what waits."""
        if self._waiting is None:
            return
        if self._copied is not None:
            self._copied.synchronize()
        waiting, self._waiting = self._waiting, None
        for frame in waiting.numpy()[: self._left]:
            self._left -= 1
            self._take(frame)


def _scaled(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents with the mean and deviation that the decoder expects."""
    shape = (1, vae.config.z_dim, 1, 1, 1)
    values = latents.to(vae.dtype)
    mean = torch.tensor(vae.config.latents_mean).view(shape).to(values)
    deviation = torch.tensor(vae.config.latents_std).view(shape).to(values)
    return values * deviation + mean


def _in_tiles(vae: Any, latents: torch.Tensor, *, tiled: bool) -> bool:
    """Tell whether there is more than one tile."""
    ratio: int = vae.spatial_compression_ratio
    return tiled and max(latents.shape[3:]) > TILE // ratio


def _calls(vae: Any, latents: torch.Tensor, *, tiled: bool) -> int:
    """How often the decoder is called: for every latent frame, of every tile."""
    count, height, width = latents.shape[2:]
    if not _in_tiles(vae, latents, tiled=tiled):
        return count
    step: int = STRIDE // vae.spatial_compression_ratio
    return count * math.ceil(height / step) * math.ceil(width / step)
