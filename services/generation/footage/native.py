"""What a model is really run with: its sizes, frames, rate and numbers, and how they differ from the wish."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from services.generation.footage.lengths import native_needed
from services.generation.footage.modes import check, invalid, route
from services.generation.footage.optimiser import settled
from services.generation.footage.plan import Adjustment, NativePlan
from services.media.clock import Rate
from services.story.footage import Footage, Resolution

FRAMES_LEAST = 5
"""The video auto-encoder makes one latent frame of four frames, after a first one: fewer would be a still."""

DISTILLED_FLOW_SHIFT = 5.0
CROP_TOLD = 0.1
"""The share of the generated picture above which cutting it off is told."""


@dataclass(frozen=True, slots=True)
class Native:
    """A model's own numbers, from the configurations it was published with.

    Args:
        sizes: Width and height in landscape, in pixels, by resolution.
        frames: The most frames.
        rate: Frames per second.
        guidance: Of the first expert.
        guidance_low: Of the second expert, which denoises the last steps; None when there is one.
        flow_shift: How much of the steps goes to strong noise.
        boundary: The noise below which the second expert works.
    """

    sizes: dict[Resolution, tuple[int, int]]
    frames: int
    rate: int
    guidance: float
    guidance_low: float | None
    flow_shift: float
    boundary: float | None


# 1080 is no multiple of 16, and a clip of 1920x1088 takes the better part of an hour: 1080p is scaled up.
_SIZES_14B: dict[Resolution, tuple[int, int]] = {
    "480p": (832, 480),
    "720p": (1280, 720),
    "1080p": (1280, 720),
}
_SIZES_5B: dict[Resolution, tuple[int, int]] = {"480p": (832, 480), "720p": (1280, 704)}

NATIVE: dict[str, Native] = {
    "t2v-A14B": Native(_SIZES_14B, 81, 16, 4.0, 3.0, 12.0, 0.875),
    "i2v-A14B": Native(_SIZES_14B, 81, 16, 3.5, 3.5, 5.0, 0.9),
    "ti2v-5B": Native(_SIZES_5B, 121, 24, 5.0, None, 5.0, None),
}
"""Sides are multiples of 16, of 32 for the 5B; every number of frames is 4k + 1."""


def plan(
    footage: Footage,
    *,
    frames: int,
    rate: Rate,
    size: tuple[int, int] = (1920, 1080),
    auto_optimise: bool = True,
    continues: bool = False,
) -> tuple[NativePlan, tuple[Adjustment, ...]]:
    """What a model is run with for a wish, and everything that is not as it was asked for.

    Args:
        footage: The wish.
        frames: The clip's length at the video's rate, at least 1.
        rate: The video's frames per second.
        size: The video's width and height in pixels; it decides between landscape and portrait.
        auto_optimise: The optimiser may change steps and strength.
        continues: The image is the last frame of the clip before: it is generated, and not shown again.

    Raises:
        InvalidRequest: The wish breaks rules, as `check` tells them.
        ValueError: `frames` is below 1.
    """
    if violations := check(footage, auto_optimise=auto_optimise):
        raise invalid(violations)
    wish, adjusted = settled(footage, auto_optimise=auto_optimise)
    native, resolution = NATIVE[wish.model], wish.resolution or "720p"
    distilled = wish.profile == "distilled"
    guidance, guidance_low = guidances(wish)
    width, height = native.sizes[resolution] if size[0] >= size[1] else native.sizes[resolution][::-1]
    count, told_frames = _frames(frames, rate, native, unseen=1 if continues else 0)
    planned = NativePlan(
        mode=wish.mode or "t2v",
        model=wish.model,
        width=width,
        height=height,
        frames=count,
        rate=native.rate,
        steps=wish.steps,
        guidance=guidance,
        guidance_low=guidance_low,
        flow_shift=DISTILLED_FLOW_SHIFT if distilled else native.flow_shift,
        boundary=native.boundary,
        seed=seed_of(wish),
        prompt=wish.prompt,
        negative_prompt=wish.negative_prompt,
        loras=wish.loras,
        quantization=wish.quantization,
        profile=wish.profile,
    )
    told = (*adjusted, *_sizes(wish, planned, size), *told_frames, *_settings(wish))
    return planned, told


def default_guidance(model: str) -> float:
    """A model's own guidance; of two experts that of the first."""
    return NATIVE[model].guidance


def guidances(wish: Footage) -> tuple[float, float | None]:
    """The guidance of the first and the second expert of a settled wish.

    The second keeps the proportion that the model was published with: who asks for half as much of the one
    gets half as much of the other.
    """
    native = NATIVE[wish.model]
    if wish.profile == "distilled":
        return 1.0, None if native.guidance_low is None else 1.0
    guidance = wish.guidance or native.guidance
    if native.guidance_low is None:
        return guidance, None
    return guidance, max(1.0, round(guidance * native.guidance_low / native.guidance, 4))


def rendered_as(resolution: Resolution) -> Resolution:
    """The resolution at which a model works for one that is asked for."""
    return "720p" if resolution == "1080p" else resolution


def seed_of(footage: Footage) -> int:
    """The seed of a wish: its own, else one from what is to be seen.

    What retries change is left out, and so a retry keeps the noise unless it changes the seed itself; and a
    wish that is made again with other steps or another guidance shows the same picture, better or worse.

    Raises:
        InvalidRequest: There is no mode for it.
    """
    if footage.seed is not None:
        return footage.seed
    mode, model = route(footage)
    images = [image.sha256 if image else "" for image in (footage.image, footage.last_image)]
    seen = json.dumps([mode, model, footage.prompt, footage.negative_prompt, *images])
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:4])


def _frames(frames: int, rate: Rate, native: Native, *, unseen: int) -> tuple[int, tuple[Adjustment, ...]]:
    """How many frames to generate for a length, `unseen` ones with them; told when it needs more.

    The fewest of 4k + 1 that fill the clip: one less, and it would play backwards at its end.
    """
    needed = native_needed(frames, rate, native.rate) + unseen
    count = max(FRAMES_LEAST, 4 * -((1 - needed) // 4) + 1)
    if count <= native.frames:
        return count, ()
    seconds = (native.frames - unseen) / native.rate
    reason = f"The model makes at most {native.frames} frames; the clip plays them to and fro, without a cut."
    told = Adjustment("frames", f"{rate.seconds(frames):.1f} s", f"{seconds:.1f} s", reason)
    return native.frames, (told,)


def _sizes(wish: Footage, planned: NativePlan, size: tuple[int, int]) -> list[Adjustment]:
    """How the generated picture differs from the one that is asked for."""
    told = []
    asked, made = wish.resolution or "720p", f"{planned.width}x{planned.height}"
    if asked == "1080p":
        reason = f"The model's largest size is {made}; the picture is scaled up."
        told.append(Adjustment("resolution", "1080p", "720p", reason))
    elif planned.model == "ti2v-5B" and asked == "720p":
        reason = "The model's sides are multiples of 32; the picture is scaled and cut to the video's size."
        told.append(Adjustment("resolution", "720p", made, reason))
    elif planned.model == "ti2v-5B":
        reason = "The model was not made for this size: the picture may be worse than at 720p."
        told.append(Adjustment("resolution", asked, made, reason))
    wide, high = size[0] * planned.height, size[1] * planned.width
    lost = 1 - min(wide, high) / max(wide, high)
    if lost > CROP_TOLD:
        reason = f"The model makes {made}; {lost:.0%} of it is cut off to fill the video."
        told.append(Adjustment("picture", f"{size[0]}x{size[1]}", made, reason))
    return told


def _settings(wish: Footage) -> list[Adjustment]:
    """What is asked for and has no effect."""
    told = []
    if wish.strength is not None:
        reason = "Wan has no such setting: the image is always the first frame. It is ignored."
        told.append(Adjustment("strength", f"{wish.strength:g}", "", reason))
    if wish.profile == "distilled" and wish.guidance not in (0, 1):
        reason = "The profile distilled is made for no guidance, which is 1."
        told.append(Adjustment("guidance", f"{wish.guidance:.4g}", "1", reason))
    return told
