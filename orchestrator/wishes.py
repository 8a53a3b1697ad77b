"""A wish for footage, changed as a service proposes: any field of the contract, by its path. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2


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
    """A wish for the pools there are: a prompt alone goes to the 5B where no other model could take it."""
    named = wish.model or wish.mode or wish.HasField("image")
    if named or "t2v" in pools or "ti2v" not in pools:
        return wish
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.model = "ti2v-5B"
    return new


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
