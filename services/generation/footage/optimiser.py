"""What the optimiser makes of a wish for footage: open values filled in, useless ones taken back."""

from __future__ import annotations

from dataclasses import replace

from services.generation.footage.modes import LIMITS, route, step_range
from services.generation.footage.plan import Adjustment
from services.story.footage import Footage


def settled(footage: Footage, *, auto_optimise: bool = True) -> tuple[Footage, tuple[Adjustment, ...]]:
    """A wish with its mode, model, resolution and steps filled in, as the optimiser would have them.

    A field that a retry has changed stays as it is, and so does the profile `distilled`. Defaults are no
    adjustments.

    Raises:
        InvalidRequest: There is no mode for it.
    """
    mode, model = route(footage)
    limits = LIMITS[model]
    steps = footage.steps or step_range(model, footage).default
    wish = replace(footage, mode=mode, model=model, steps=steps, resolution=footage.resolution or "720p")
    if not auto_optimise:
        return wish, ()
    changed: list[Adjustment] = []
    if footage.profile == "plain" and "steps" not in footage.pinned:
        least, most = limits.worth
        wish = replace(wish, steps=min(max(steps, least), most))
        if steps < least:
            reason = f"{model} needs at least {least} steps for a clean picture."
            changed.append(Adjustment("steps", str(steps), str(least), reason))
        elif steps > most:
            reason = f"More than {most} steps of {model} take time and hardly change what is seen."
            changed.append(Adjustment("steps", str(steps), str(most), reason))
    strongest = limits.strength_most
    if strongest is not None and wish.strength is not None and wish.strength > strongest:
        reason = f"{model} takes a strength of at most {strongest:g}."
        changed.append(Adjustment("strength", f"{wish.strength:g}", f"{strongest:g}", reason))
        wish = replace(wish, strength=strongest)
    return wish, tuple(changed)
