"""Ways out of an error of a generation, by its category: sentences for people, changes for machines."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.errors import Change, Suggestion
from services.generation.footage.changes import effective, text
from services.generation.footage.corrections import mends
from services.generation.footage.fit import eight_bits
from services.generation.footage.modes import LIMITS, step_range
from services.generation.footage.native import default_guidance
from services.generation.footage.plan import Category, Device, gigabytes
from services.story.footage import Footage

USERS_TOLD = 5
"""How many other programs on a device are named, the largest first."""

_DRAWN = Suggestion("Draw the scene from its card in the place of footage, with the backend template.")


def suggestions(
    category: Category,
    footage: Footage,
    *,
    next_changes: Sequence[Change] = (),
    device: Device | None = None,
    subject: str = "",
    options: Sequence[str] = (),
) -> list[Suggestion]:
    """Ways out, the best first.

    The first one is the next attempt when there is one. When there is none after an error that is retried,
    the first has no changes: nobody takes for the next attempt what only a person should decide.

    Args:
        category: Of the error.
        footage: The wish as it failed.
        next_changes: What the ladder changes for the next attempt.
        device: What it was generated on, as it is now.
        subject: What the error is about: a model's file, a path, a setting.
        options: What could be in its place: models that are there, values that a setting can have.

    Raises:
        InvalidRequest: There is no mode for the wish, and the error is not about that.
    """
    found: list[Suggestion] = []
    if next_changes:
        told = ", ".join(f"{change.field} {_short(change)}" for change in next_changes)
        found.append(Suggestion(f"Try again with {told}.", tuple(next_changes)))
    match category:
        case Category.INPUT_VALIDATION:
            found += mends(footage)
        case Category.VRAM_MEMORY:
            found += _memory(footage, device)
        case Category.MODEL_LOADING:
            found += _model(footage, subject, options)
        case Category.GENERATION_PIPELINE:
            found += _pipeline(footage)
        case Category.SYSTEM_RESOURCE:
            found += _system(footage)
        case Category.FILE_SYSTEM:
            path = subject or "the scratch folder"
            found.append(Suggestion(f"Make room where {path} is."))
            found.append(Suggestion(f"Let the generation service read and write {path}."))
        case Category.CONFIGURATION:
            values = f" to one of {', '.join(options)}" if options else " to a value that it can have"
            found.append(Suggestion(f"Set {subject or 'the setting that the error names'}{values}."))
    return found


def _short(change: Change) -> str:
    """A change in words; LoRAs are counted, their digests say nothing to a person."""
    if change.field != "loras":
        return f"{change.after} instead of {change.before}"
    before, after = (
        len([name for name in side.split(",") if name]) for side in (change.before, change.after)
    )
    return f"{after or 'none'} instead of {before}"


def _memory(footage: Footage, device: Device | None) -> list[Suggestion]:
    wish = effective(footage)
    found = []
    if device is not None and device.users:
        largest = sorted(device.users, key=lambda user: -user[1])[:USERS_TOLD]
        users = ", ".join(f"process {pid} holds {gigabytes(used)}" for pid, used in largest)
        found.append(Suggestion(f"Close other programs on {device.name}: {users}."))
    if device is None:  # another's server; on a device here both were tried before
        found.append(Suggestion("Let the weights wait in host memory: the same picture, more slowly."))
        found.append(
            Suggestion(
                "Decode in tiles of 256 pixels: the same picture, more slowly; smaller tiles save no more."
            )
        )
    if wish.resolution == "1080p":
        change = Change("resolution", "1080p", "720p")
        told = (
            "Ask for 720p instead of 1080p, which is only scaled up from it: room for the finished picture."
        )
        found.append(Suggestion(told, [change]))
    if wish.resolution != "480p":
        change = Change("resolution", text(wish, "resolution"), "480p")
        found.append(Suggestion("Ask for 480p: less than half of the pixels.", [change]))
    if wish.quantization == "none":
        form = "int8" if device is None else eight_bits(device)
        changes = [Change("quantization", "none", form)]
        if not wish.allow_approximate:
            changes.append(Change("allow_approximate", "false", "true"))
        told = f"Hold the weights in {form}: half of their memory, and not exactly the same picture."
        found.append(Suggestion(told, changes))
    if wish.loras:
        found.append(Suggestion("Leave the LoRAs out.", [Change("loras", text(wish, "loras"), "")]))
    return found


def _model(footage: Footage, subject: str, present: Sequence[str]) -> list[Suggestion]:
    wish = effective(footage)
    named = f" {subject} is missing or damaged." if subject else ""
    found = [
        Suggestion(f"Fetch the model: storyreel models fetch {wish.model}.{named}"),
        Suggestion(f"See which of its files are whole: storyreel models verify {wish.model}."),
    ]
    for name in present:
        if name != wish.model and name in LIMITS and wish.mode in LIMITS[name].modes:
            found.append(Suggestion(f"Take {name}, which is there.", [Change("model", wish.model, name)]))
    return found


def _pipeline(footage: Footage) -> list[Suggestion]:
    wish = effective(footage)
    found = [_DRAWN]
    default = f"{default_guidance(wish.model):.4g}"
    if wish.profile == "plain" and text(wish, "guidance") != default:
        change = Change("guidance", text(wish, "guidance"), default)
        found.append(Suggestion(f"Take the model's own guidance, {default}.", [change]))
    least = step_range(wish.model, wish).least
    if wish.steps > least:
        change = Change("steps", str(wish.steps), str(max(least, wish.steps - 10)))
        found.append(Suggestion(f"Take fewer steps, down to {least}.", [change]))
    if wish.profile != "plain":
        changes = [Change("profile", wish.profile, "plain"), Change("loras", text(wish, "loras"), "")]
        found.append(Suggestion("Run the model as it was published.", changes))
    elif wish.loras:
        found.append(Suggestion("Leave the LoRAs out.", [Change("loras", text(wish, "loras"), "")]))
    return found


def _system(footage: Footage) -> list[Suggestion]:
    wish = effective(footage)
    found = [Suggestion("Wait, and send the same request again, to this machine or another one.")]
    if wish.resolution != "480p":
        change = Change("resolution", text(wish, "resolution"), "480p")
        found.append(Suggestion("Ask for a smaller clip: 480p takes less than half of the time.", [change]))
    return found
