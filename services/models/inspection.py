"""Looks at what files say of themselves: the parts, the shards of each, the headers of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.chassis.errors import ModelUnavailable
from services.models import layout, safetensors_header
from services.models.catalogue import Known

_CONFIGURATION = {
    **dict.fromkeys(layout.WEIGHTS, "config.json"),
    "scheduler": "scheduler_config.json",
    "tokenizer": "tokenizer_config.json",
}
_SHARDS = ".safetensors.index.json"


def inspect(folder: Path, model: Known) -> Iterator[str]:
    """What is wrong with a model's folder, a sentence each; the bytes of the weights are not read.

    A model is whole when `model_index.json` names its parts and no others, each has its configuration,
    those with weights have all the files that their index names, and each of these has a sound header
    with the tensors that are looked for in it.
    """
    try:
        named = layout.parts(folder)
    except ModelUnavailable as error:
        yield error.message
        return
    for part in sorted(set(model.parts) ^ set(named)):
        if part in named:
            yield f"{layout.INDEX} names the part {part[:40]!r}, which {model.name} does not have."
        else:
            yield f"{layout.INDEX} does not name the part {part!r}."
    for part in model.parts:
        if not (folder / part / _CONFIGURATION[part]).is_file():
            yield f"{part}/{_CONFIGURATION[part]} is missing."
        elif part.startswith("transformer"):
            yield from _channels(folder, part, model)
        if part in layout.WEIGHTS:
            yield from _weights(folder, part)


def _channels(folder: Path, part: str, model: Known) -> Iterator[str]:
    name = f"{part}/config.json"
    try:
        channels = layout.read_json(folder / name, called=name).get("in_channels")
    except ModelUnavailable as error:
        yield error.message
        return
    if channels != model.channels:
        yield (
            f"{name} has {str(channels)[:20]} input channels, {model.name} has {model.channels}: "
            "this is another model."
        )


def _weights(folder: Path, part: str) -> Iterator[str]:
    there = {
        name.removeprefix(f"{part}/") for name in layout.belonging(folder) if name.startswith(f"{part}/")
    }
    weights = {name for name in there if name.endswith(".safetensors")}
    indexes = sorted(name for name in there if name.endswith(_SHARDS))
    try:
        if indexes:
            wanted = _shards(folder / part / indexes[0], called=f"{part}/{indexes[0]}")
        else:
            wanted = {name: frozenset[str]() for name in weights}
    except ModelUnavailable as error:
        yield error.message
        return
    if not wanted:
        yield f"{part} has no weights."
    if len(indexes) > 1 or (not indexes and len(weights) > 1):
        yield f"{part} has several sets of weights: {', '.join(indexes or sorted(weights))[:200]}."
    for name in sorted(weights - set(wanted)):
        yield f"{part}/{name} is not one of the files that {indexes[0]} names."
    for name, tensors in wanted.items():
        if name not in weights:
            yield f"{part}/{name} is missing."
        else:
            yield from _file(folder / part / name, tensors, called=f"{part}/{name}")


def _shards(path: Path, *, called: str) -> Mapping[str, frozenset[str]]:
    """By file the tensors that an index looks for in it."""
    map_ = layout.read_json(path, called=called).get("weight_map")
    if not isinstance(map_, dict) or not all(isinstance(file, str) for file in map_.values()):
        raise layout.BadLayout(f"{called} has no weight_map of names.")
    found: dict[str, set[str]] = {}
    for tensor, file in map_.items():
        found.setdefault(file, set()).add(tensor)
    for file in found:
        if not file.endswith(".safetensors") or not layout.allowed(f"vae/{file}"):
            raise layout.BadLayout(
                f"{called} names the file {file[:80]!r}, which is not a weights file beside it."
            )
    return {file: frozenset(tensors) for file, tensors in sorted(found.items())}


def _file(path: Path, tensors: frozenset[str], *, called: str) -> Iterator[str]:
    try:
        header = safetensors_header.read(path, called=called)
    except ModelUnavailable as error:
        yield error.message
        return
    if not header.tensors:
        yield f"{called} has no tensors."
    if missing := sorted(tensors - set(header.tensors)):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield f"{called} lacks the tensor {missing[0][:80]!r}{more}."
