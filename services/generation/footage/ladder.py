"""What the next attempt of a clip changes after an error, so that it may end better than the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

from services.chassis.errors import Change
from services.generation.footage.changes import RETRIED, apply, attempts, differences, effective, identity
from services.generation.footage.modes import LIMITS, RESOLUTIONS, step_range
from services.generation.footage.native import default_guidance
from services.generation.footage.plan import Category, Forecast
from services.story.footage import Footage, Quantization, Resolution

ATTEMPTS_MOST = 3
"""Attempts of one clip in all, the first included."""

RUNGS = 2
"""Sets of changes of a category: for the first retry of a clip, and for all after it."""

STEPS_LESS = (10, 20)
"""Steps that a memory error takes away, at its first and its second retry, of those of the first attempt."""

GUIDANCE_MILDER = 0.85
"""What guidance is multiplied by when it is the model's own already."""

GUIDANCE_SAME = 0.05
"""Guidance that is nearer to the model's own than this is the model's own."""

CLEAR_SHARE = 0.9
"""After a memory error an attempt that forecasts at most so much of the failed one is preferred.

The failed one needed more than it forecast, and so may the next.
"""


def next_attempt(
    footage: Footage,
    category: Category,
    *,
    forecast_of: Callable[[Footage], Forecast],
    free_bytes: int,
    seconds: float = float("inf"),
    attempts_most: int = ATTEMPTS_MOST,
    auto_optimise: bool = True,
    eight_bits: Quantization | None = "fp8",
    picture_failed: bool = False,
) -> tuple[Change, ...]:
    """What to change for the next attempt; empty when no attempt is left that could end better.

    An attempt differs from all before it in what the model is run with. It fits by its forecast, and after a
    memory error it needs less memory than the one that failed. Nothing goes below the wish's floor or the
    model's fewest steps.

    Args:
        footage: The wish as it failed, earlier retries in it.
        category: Of the error.
        forecast_of: What a changed wish would need, always with the placement that needs the least memory:
            with the first that fits a smaller clip may get an easier placement, and not look smaller.
        free_bytes: Device memory that the forecast may come to, margins taken off.
        seconds: Time that the forecast may come to.
        attempts_most: Attempts of one clip in all.
        auto_optimise: The optimiser has a say in what is not pinned.
        eight_bits: The form of eight bits that the weights can have there; None: none.
        picture_failed: The pipeline ran through, and its picture did not pass a check.

    Raises:
        InvalidRequest: There is no mode for the wish.
    """
    if category not in RETRIED or len(footage.retries) + 1 >= attempts_most:
        return ()
    now = effective(footage, auto_optimise=auto_optimise)
    earlier, failed = attempts(now), forecast_of(footage)
    memory = category is Category.VRAM_MEMORY
    if memory:
        limits = [
            min(free_bytes, int(failed.peak_bytes * CLEAR_SHARE)),
            min(free_bytes, failed.peak_bytes - 1),
        ]
    elif any(retry.category == "VRAM_MEMORY" for retry in footage.retries):
        limits = [failed.peak_bytes]
    else:
        limits = [max(free_bytes, failed.peak_bytes)]
    for rung in range(min(len(footage.retries), RUNGS - 1), RUNGS):
        drafts = (
            _memory_drafts(now, rung, eight_bits) if memory else _pipeline_drafts(now, rung, picture_failed)
        )
        tried = [
            (changes, forecast_of(apply(footage, category, changes)))
            for draft in drafts
            if identity(draft) not in earlier and (changes := differences(now, draft))
        ]
        for limit in limits:
            for changes, forecast in tried:
                if forecast.peak_bytes <= limit and forecast.seconds <= max(seconds, failed.seconds):
                    return changes
    return ()


def _memory_drafts(now: Footage, rung: int, eight_bits: Quantization | None) -> Iterator[Footage]:
    """After a memory error: the rung's own changes, and with them the rows that really cut memory.

    Steps cost time and no memory; a rung takes some all the same, since a clip that is made again should not
    take twice as long. The rows come in all combinations, what is seen least first: weights in eight bits,
    480p, no LoRAs.
    """
    base = _lowered(replace(now, steps=_fewer(now, _first_steps(now) - STEPS_LESS[rung])), "720p")
    rows: list[Callable[[Footage], Footage]] = []
    if now.loras and not now.floor.keep_loras and now.profile == "plain":
        if rung == RUNGS - 1:
            base = replace(base, loras=())
        else:
            rows.append(lambda draft: replace(draft, loras=()))
    if _lowered(base, "480p") != base:
        rows.append(lambda draft: _lowered(draft, "480p"))
    if eight_bits and now.allow_approximate and not now.floor.exact and now.quantization == "none":
        rows.append(lambda draft: replace(draft, quantization=eight_bits))
    for taken in product((False, True), repeat=len(rows)):
        draft = base
        for take, row in zip(taken, rows, strict=True):
            draft = row(draft) if take else draft
        yield draft


def _pipeline_drafts(now: Footage, rung: int, picture_failed: bool) -> Iterator[Footage]:
    """After a failed pipeline: the rung's own changes, then others, if those were tried or do not fit."""
    default = default_guidance(now.model)
    if rung == 0:
        milder = now if now.profile == "distilled" else replace(now, guidance=_milder(now.guidance, default))
        yield from _exact(milder)
        return
    base = _plain(now)
    if base.profile == "plain":
        # Where the error before was another one, guidance may still be the default, and must change too.
        same = now.profile == "plain" and abs(now.guidance - default) < GUIDANCE_SAME
        base = replace(base, guidance=_milder(default, default) if same else default)
    base = replace(base, steps=_fewer(base, base.steps - STEPS_LESS[0]))
    if picture_failed:
        base = replace(base, seed=_next_seed(now))
    yield from _exact(base)
    if base.profile == "plain":
        if base.loras and not base.floor.keep_loras:
            yield from _exact(replace(base, loras=()))
        yield replace(base, guidance=_guidance(min(now.guidance, default) * GUIDANCE_MILDER))


def _exact(draft: Footage) -> Iterator[Footage]:
    """A draft with weights as they were published, and as it is where that does not fit."""
    yield replace(draft, quantization="none")
    yield draft


def _plain(now: Footage) -> Footage:
    """A wish without what was made for few steps; as it is without that, or where the floor keeps LoRAs."""
    if now.profile == "plain" or now.floor.keep_loras:
        return now
    steps = LIMITS[now.model].steps.default
    return replace(now, profile="plain", loras=(), steps=steps, guidance=default_guidance(now.model))


def _first_steps(now: Footage) -> int:
    """The steps of the first attempt; the record comes from outside and may hold anything."""
    first = now.original("steps", "")
    return int(first) if first.isascii() and first.isdecimal() and len(first) < 5 else now.steps


def _fewer(now: Footage, wanted: int) -> int:
    """As few steps as wanted, neither below the floor or the model's fewest nor more than now."""
    least = max(step_range(now.model, now).least, now.floor.steps)
    return min(now.steps, max(wanted, least))


def _lowered(now: Footage, most: Resolution) -> Footage:
    """A wish at a smaller resolution, where it is larger and the floor lets it."""
    order = RESOLUTIONS.index
    if now.resolution is None or order(now.resolution) <= order(most):
        return now
    if now.floor.resolution is not None and order(now.floor.resolution) > order(most):
        return now
    return replace(now, resolution=most)


def _milder(guidance: float, default: float) -> float:
    """Half of the way to the model's own guidance; where that is reached, less than it."""
    if abs(guidance - default) < GUIDANCE_SAME:
        return _guidance(default * GUIDANCE_MILDER)
    return _guidance((guidance + default) / 2)


def _guidance(value: float) -> float:
    return max(1.0, round(value, 2))


def _next_seed(now: Footage) -> int:
    """Another seed, the same one for the same wish."""
    return int.from_bytes(hashlib.sha256(f"{now.seed}/{len(now.retries)}".encode()).digest()[:4])
