"""A wish for footage: who makes it, how a clip goes on from it, and changed as a service proposes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import InvalidRequest
from services.generation.footage.links import frames_of_link
from services.media.clock import Rate
from services.story.footage_wire import footage_from_proto
from storyreel.artifact.v1 import artifact_pb2
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2

LINKS_MOST = 6
"""Clips of one scene, each from the last frame of the one before: half a minute.

What a model adds to an image it adds again to its own: colours and faces drift further with every link.
"""

MODELS = {"t2v": "t2v-A14B", "i2v": "i2v-A14B", "ti2v": "ti2v-5B"}
"""The model that a pool generates with."""

OF_MODEL = ("steps", "guidance", "strength", "loras", "profile")
"""Fields that mean something else, or nothing, to another model."""


def pool(wish: footage_pb2.Footage) -> str:
    """The pool that generates a wish: that of its model, else of its mode, else of what is given."""
    if wish.model:
        return wish.model.partition("-")[0].lower()
    if wish.mode:
        return footage_pb2.Mode.Name(wish.mode).removeprefix("MODE_").lower()
    if not wish.HasField("image"):
        return "t2v"
    return "i2v" if wish.HasField("last_image") or not wish.prompt else "ti2v"


def suited(wish: footage_pb2.Footage, pools: Container[str]) -> footage_pb2.Footage:
    """A wish for the pools there are: where its own model has none, another that can make it, if it has one.

    A prompt alone goes to the 5B, and one with an image to the model that takes images.
    """
    if wish.model or wish.mode or pool(wish) in pools:
        return wish
    other = {"t2v": "ti2v", "ti2v": "i2v"}.get(pool(wish), "")
    if other not in pools:
        return wish
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.model = MODELS[other]
    return new


def successor(wish: footage_pb2.Footage, pools: Container[str]) -> str:
    """The model that goes on from the last frame of a wish's clip; empty where none does.

    One that takes images goes on from its own. After another model LoRAs are lost: a wish that keeps them,
    or is made with the few steps they allow, is not continued by one.
    """
    mine = pool(wish)
    if wish.extension == footage_pb2.EXTENSION_LOOP:
        return ""
    if mine != "t2v":
        return MODELS.get(mine, "")
    kept = wish.profile == footage_pb2.PROFILE_DISTILLED or (wish.floor.keep_loras and wish.loras)
    return MODELS["i2v"] if "i2v" in pools and not kept else ""


def continued(wish: footage_pb2.Footage, image: artifact_pb2.Artifact, *, model: str) -> footage_pb2.Footage:
    """The wish for the clip that goes on from an image, which is the last frame of the wish's own clip.

    What retries changed stays changed, as far as it means something to the model.
    """
    new = bare(wish)
    new.ClearField("mode")
    new.model = model
    new.image.CopyFrom(image)
    lost = () if MODELS.get(pool(wish)) == model else OF_MODEL
    for field in lost:
        _set(new, _field(new, field), "")
    pinned: dict[str, recovery_pb2.Change] = {}
    for change in (change for retry in wish.retries for change in retry.changes):
        name = change.field.removeprefix("footage.")
        if name.partition(".")[0] not in lost:
            before = getattr(pinned.get(name, change), "from")
            pinned[name] = recovery_pb2.Change(field=name, to=change.to, **{"from": before})
    if pinned:
        new.retries.add(category=wish.retries[-1].category, changes=pinned.values())
    return new


def length(wish: footage_pb2.Footage, frames: int, rate: Rate, *, link: int) -> int:
    """About how many of a scene's frames its next clip shows; who makes it decides.

    Args:
        wish: What the clip is made from.
        frames: What is left of the scene.
        rate: The video's frames per second.
        link: How many clips come before it.
    """
    try:
        return frames_of_link(footage_from_proto(wish), frames=frames, rate=rate, continues=link > 0)
    except (InvalidRequest, ValueError):  # whoever is asked to make it will say so
        return frames


def changed(wish: footage_pb2.Footage, changes: Sequence[recovery_pb2.Change]) -> footage_pb2.Footage:
    """A wish with changes; paths are those of Footage, or of a request that holds it as `footage`.

    Raises:
        ValueError: A change names no field that can be changed, or a value that the field cannot have.
    """
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    for change in changes:
        *outer, name = change.field.removeprefix("footage.").split(".")
        message: Message = new
        for part in outer:
            field = _field(message, part)
            if field.message_type is None or field.is_repeated:
                raise ValueError(f"{change.field} is not within footage")
            message = getattr(message, part)
        _set(message, _field(message, name), change.to)
    return new


def retried(
    wish: footage_pb2.Footage, category: str, changes: Sequence[recovery_pb2.Change]
) -> footage_pb2.Footage:
    """A wish with changes and the record of them, so that nothing undoes them; errors as of `changed`."""
    new = changed(wish, changes)
    new.retries.add(category=category, changes=changes)
    return new


def bare(wish: footage_pb2.Footage) -> footage_pb2.Footage:
    """A wish without the record of its retries, so that what is wished can be compared."""
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.ClearField("retries")
    return new


def _field(message: Message, name: str) -> Any:
    if name not in message.DESCRIPTOR.fields_by_name or name == "retries":
        raise ValueError(f"{message.DESCRIPTOR.name} has no field {name!r} that can be changed")
    return message.DESCRIPTOR.fields_by_name[name]


def _set(message: Any, field: Any, text: str) -> None:
    """Give a field the value of a text; an empty text is its default."""
    if not text:
        message.ClearField(field.name)
    elif field.is_repeated:
        _keep(message, field, text.split(","))
    elif field.enum_type is not None:
        setattr(message, field.name, _number(field, text))
    elif field.cpp_type in _PARSERS:
        setattr(message, field.name, _PARSERS[field.cpp_type](text))
    else:
        raise ValueError(f"{field.name} can only be left out")


def _number(field: Any, text: str) -> int:
    """The enum's number of a value without its prefix, such as `480p`."""
    for name, value in field.enum_type.values_by_name.items():
        if name.endswith(f"_{text.upper()}"):
            number: int = value.number
            return number
    raise ValueError(f"{field.name} cannot be {text!r}")


def _keep(message: Any, field: Any, names: Sequence[str]) -> None:
    """Keep some LoRAs: a retry takes away and adds nothing."""
    if field.name != "loras":
        raise ValueError(f"{field.name} can only be left out")
    kept = [lora for lora in message.loras if _name(lora) in names]
    if len(kept) != len(names):
        raise ValueError("a retry keeps LoRAs or leaves them out, and names no others")
    message.ClearField("loras")
    message.loras.extend(kept)


def _name(lora: footage_pb2.Lora) -> str:
    return f"{lora.weights.sha256}*{lora.scale or 1:.4g}"


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


_PARSERS: dict[int, Callable[[str], Any]] = {
    FieldDescriptor.CPPTYPE_UINT32: int,
    FieldDescriptor.CPPTYPE_FLOAT: float,
    FieldDescriptor.CPPTYPE_STRING: str,
    FieldDescriptor.CPPTYPE_BOOL: _truth,
}
