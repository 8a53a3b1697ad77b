"""What a retry may change of a wish for footage, in text form: read, compared, and applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.chassis.errors import Change, InvalidRequest, Violation
from services.generation.footage.modes import RESOLUTIONS
from services.generation.footage.native import guidances, rendered_as, seed_of
from services.generation.footage.optimiser import settled
from services.generation.footage.plan import Category
from services.story.footage import Footage, Lora, Profile, Quantization, Resolution, Retry, RetryCategory

FIELDS = ("steps", "resolution", "guidance", "quantization", "loras", "profile", "seed")
"""What a retry may change. LoRAs are told as `sha256*scale`, or `sha256*scale@expert`, with commas between
them; no LoRA is no text."""

RETRIED: dict[Category, RetryCategory] = {
    Category.VRAM_MEMORY: "VRAM_MEMORY",
    Category.GENERATION_PIPELINE: "GENERATION_PIPELINE",
}
"""The categories after which another attempt has other parameters."""

QUANTIZATIONS: dict[str, Quantization] = {"none": "none", "fp8": "fp8", "int8": "int8"}
PROFILES: dict[str, Profile] = {"plain": "plain", "distilled": "distilled"}
RESOLUTION_NAMES: dict[str, Resolution] = {name: name for name in RESOLUTIONS}


def text(footage: Footage, field: str) -> str:
    """A field's value in its text form, as it stands in the wish."""
    if field == "loras":
        return ",".join(_name(lora) for lora in footage.loras)
    value = getattr(footage, field)
    if field == "guidance":
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _name(lora: Lora) -> str:
    name = f"{lora.weights.sha256}*{lora.scale:.4g}"
    return name if lora.expert == "both" else f"{name}@{lora.expert}"


def effective(footage: Footage, *, auto_optimise: bool = True) -> Footage:
    """A wish with every field filled in that a retry may change, with the values the model is run with.

    Raises:
        InvalidRequest: There is no mode for it.
    """
    wish, _ = settled(footage, auto_optimise=auto_optimise)
    return replace(wish, guidance=round(guidances(wish)[0], 2), seed=seed_of(wish))


def differences(now: Footage, then: Footage) -> tuple[Change, ...]:
    """What has to be changed to come from one wish to another."""
    pairs = ((field, text(now, field), text(then, field)) for field in FIELDS)
    return tuple(Change(field, before, after) for field, before, after in pairs if before != after)


def identity(footage: Footage, values: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What tells one attempt from another: two of the same identity would run the model the same.

    Args:
        footage: An effective wish.
        values: Texts that stand in the place of its fields'.
    """
    texts = {field: text(footage, field) for field in FIELDS} | dict(values or {})
    if name := RESOLUTION_NAMES.get(texts["resolution"]):
        texts["resolution"] = rendered_as(name)
    return tuple(texts[field] for field in FIELDS)


def attempts(footage: Footage) -> set[tuple[str, ...]]:
    """The identities of an effective wish and of all the attempts before it."""
    values: dict[str, str] = {}
    found = {identity(footage)}
    for retry in reversed(footage.retries):
        values |= {change.field: change.before for change in retry.changes if change.field in FIELDS}
        found.add(identity(footage, values))
    return found


def apply(footage: Footage, category: Category, changes: Sequence[Change]) -> Footage:
    """A wish with changes made after an error, and with the record of it, which pins what was changed.

    Raises:
        InvalidRequest: A change names a field that no retry changes, or a value that the field cannot have.
        ValueError: After an error of this category nothing is changed.
    """
    if category not in RETRIED:
        raise ValueError(f"after {category.value} nothing is changed")
    changed = footage
    for change in changes:
        try:
            changed = _changed(changed, change)
        except (ValueError, KeyError):
            told = f"{change.field[:40]!r} cannot become {change.after[:80]!r} in a retry."
            raise InvalidRequest(told, violations=[Violation("retries.changes", told)]) from None
    return replace(changed, retries=(*footage.retries, Retry(RETRIED[category], tuple(changes))))


def _changed(footage: Footage, change: Change) -> Footage:
    after = change.after
    match change.field:
        case "steps":
            return replace(footage, steps=_number(after, most=1000))
        case "resolution":
            return replace(footage, resolution=RESOLUTION_NAMES[after])
        case "guidance":
            return replace(footage, guidance=_guidance(after))
        case "quantization":
            return replace(footage, quantization=QUANTIZATIONS[after])
        case "profile":
            return replace(footage, profile=PROFILES[after])
        case "seed":
            return replace(footage, seed=_number(after, most=2**32 - 1))
        case "loras":
            kept = {_name(lora): lora for lora in footage.loras}
            return replace(footage, loras=tuple(kept[name] for name in after.split(",") if name))
    raise KeyError(change.field)


def _number(after: str, *, most: int) -> int:
    if not (after.isascii() and after.isdecimal() and len(after) <= 10 and int(after) <= most):
        raise ValueError(after)
    return int(after)


def _guidance(after: str) -> float:
    value = float(after) if len(after) <= 20 else 0.0
    if not 1 <= value <= 20:
        raise ValueError(after)
    return value
