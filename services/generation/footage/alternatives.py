"""What would make a wish fit a device that it does not fit: other values, each tried before it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from services.chassis.errors import Change, Suggestion
from services.generation.footage.changes import differences, effective
from services.generation.footage.modes import LIMITS, RESOLUTIONS, check, route, step_range
from services.generation.footage.native import rendered_as
from services.story.footage import Footage, Quantization

NAMED = 4
"""How many ways out are named."""

Says = Callable[[Footage], str | None]
"""Says what a changed wish needs, when that is there; None when it is not."""

_Row = tuple[str, Callable[[Footage], Footage]]


def for_less(
    footage: Footage, says: Says, *, eight_bits: Quantization, auto_optimise: bool = True
) -> tuple[Suggestion, ...]:
    """The smallest changes of a valid wish that help; none when nothing does.

    Args:
        footage: The wish.
        says: Judges a changed wish.
        eight_bits: The form in which the device holds weights in eight bits.
        auto_optimise: The optimiser has a say in what is left open.
    """
    now = effective(footage, auto_optimise=auto_optimise)
    rows = dict(_rows(now, eight_bits))
    found: list[Suggestion] = []
    enough: list[set[str]] = []
    for names in (names for count in range(1, len(rows) + 1) for names in combinations(rows, count)):
        if len(found) == NAMED or any(fewer <= set(names) for fewer in enough):
            continue
        then = now
        for name in names:
            then = rows[name](then)
        if (said := says(then)) is not None:
            enough.append(set(names))
            found.append(Suggestion(f"{_sentence(names)}: {said}.", _changes(now, then)))
    return tuple(found)


def another_model(footage: Footage, present: Callable[[str], bool], says: Says) -> Iterator[Suggestion]:
    """Other models that are there, and that a valid wish can be made with as it is.

    Args:
        footage: The wish.
        present: Tells whether a model's files are there.
        says: Judges a changed wish.
    """
    _, wanted = route(footage)
    for model in LIMITS:
        then = replace(footage, model=model)
        if model != wanted and not check(then) and present(model) and (said := says(then)) is not None:
            yield Suggestion(f"Use {model}: {said}.", (Change("model", wanted, model),))


def _rows(now: Footage, eight_bits: Quantization) -> Iterator[_Row]:
    """What can be taken from a wish down to its floor; first what needs no permission, what is seen least."""
    floor, least = now.floor, max(step_range(now.model, now).least, now.floor.steps)
    eight = now.quantization == "none" and not floor.exact
    hold: _Row = (
        f"hold the weights in {eight_bits}",
        lambda wish: replace(wish, quantization=eight_bits, allow_approximate=True),
    )
    if eight and now.allow_approximate:
        yield hold
    if least < now.steps:
        yield f"take {least} steps", lambda wish: replace(wish, steps=least)
    order, large = RESOLUTIONS.index, rendered_as(now.resolution or "720p") != "480p"
    if large and (floor.resolution is None or order(floor.resolution) <= order("480p")):
        yield "render at 480p", lambda wish: replace(wish, resolution="480p")
    if now.loras and not floor.keep_loras and now.profile == "plain":
        yield "leave the LoRAs out", lambda wish: replace(wish, loras=())
    if eight and not now.allow_approximate:
        yield hold


def _changes(now: Footage, then: Footage) -> tuple[Change, ...]:
    changes = differences(now, then)
    if then.allow_approximate and not now.allow_approximate:
        return (*changes, Change("allow_approximate", "false", "true"))
    return changes


def _sentence(names: tuple[str, ...]) -> str:
    *before, last = names
    joined = f"{', '.join(before)} and {last}" if before else last
    return joined[0].upper() + joined[1:]
