"""LoRAs: checked against the model, put into its experts, kept for the next clip, swapped, and taken out."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TypeAlias

import torch
from diffusers import WanPipeline
from safetensors.torch import load_file

from services.chassis.errors import InvalidRequest, Violation
from services.generation.wan import faults
from services.generation.wan.forms import Expert, projections
from services.generation.wan.models import Adapted, Model, Pipeline
from services.models import safetensors_header
from services.story.footage import Lora

_log = logging.getLogger(__name__)

_DOWN = ("lora_A.weight", "lora_down.weight", "lora_A.default.weight")
_UP = ("lora_B.weight", "lora_up.weight", "lora_B.default.weight")
_MATRIX = (".lora_A.weight", ".lora_B.weight", ".lora_B.bias")
_PREFIX = "transformer."
_SHOWN = 80
_RANKS = (32, 64, 128)
"""Where blocks are compiled, ranks are filled up with zeros to one of these: LoRAs of one rank can be
swapped without compiling anew, and a LoRA's picture does not depend on the one before it."""

_Layers: TypeAlias = dict[str, torch.Tensor]
_pipelines: Pipeline = WanPipeline


def put(model: Model, loras: tuple[Lora, ...], files: tuple[Path, ...]) -> None:
    """Have a model's experts work with these LoRAs and no others; those that are there already stay.

    With LoRAs its projections are apart, as LoRAs know them; without, they are in the form they were loaded
    in. So a clip's picture does not depend on the clips before it.

    Args:
        model: Whose experts are changed.
        loras: What they are.
        files: Their weights, in the same order.

    Raises:
        InvalidRequest: One is no LoRA, one for a model of another width, or one for an expert that the model
            does not have; none of them is left behind.
    """
    if has(model, loras):
        return
    for number, (lora, file) in enumerate(zip(loras, files, strict=True)):
        check(model, number, lora, file)
    layers = [
        _layers(model, number, lora, file)
        for number, (lora, file) in enumerate(zip(loras, files, strict=True))
    ]
    before, model.loras = model.loras, ()
    try:
        if not _swapped(model, before, loras, layers):
            take_out(model)
            _put_in(model, loras, layers)
    except BaseException:
        take_out(model)
        raise
    model.loras = _told(loras)


def has(model: Model, loras: tuple[Lora, ...]) -> bool:
    """Tell whether a model's experts work with these LoRAs and no others."""
    return model.loras == _told(loras)


def take_out(model: Model) -> None:
    """Have a model's experts be as they were loaded."""
    model.loras = ()
    for expert in model.experts:
        expert.unload_lora()
        if model.forms.fused:
            projections.fuse(expert)


def check(model: Model, number: int, lora: Lora, file: Path) -> None:
    """Look whether a file holds a LoRA for a model's width and experts; only its header is read.

    Raises:
        InvalidRequest: It does not; the violation names the widths or the expert.
    """
    if lora.expert != "both" and len(model.experts) < 2:
        why = f"It is for the expert {lora.expert}; {model.folder.name} has one expert for all steps."
        raise _refused(number, why, field="expert")
    try:
        tensors = safetensors_header.read(file, called=f"loras[{number}]").tensors
    except safetensors_header.BadHeader as error:
        raise _refused(number, error.message) from error
    blocks = {name: tensor.shape for name, tensor in tensors.items() if "blocks" in name}
    inputs = {shape[-1] for name, shape in blocks.items() if name.endswith(_DOWN) and len(shape) == 2}
    outputs = {shape[0] for name, shape in blocks.items() if name.endswith(_UP) and len(shape) == 2}
    if not inputs or not outputs:
        raise _refused(number, "It holds no LoRA for the blocks of a transformer.")
    config = model.parts["transformer"].config
    width = config.num_attention_heads * config.attention_head_dim
    fits = {width, config.ffn_dim}
    if wrong := sorted((inputs | outputs) - fits):
        is_for = ", ".join(map(str, wrong))
        raise _refused(number, f"It is for layers of width {is_for}; {model.folder.name} has {width}.")


def _told(loras: tuple[Lora, ...]) -> Adapted:
    return tuple((lora.weights.sha256, lora.scale, lora.expert) for lora in loras)


def _layers(model: Model, number: int, lora: Lora, file: Path) -> _Layers:
    """A LoRA's matrices by the names that diffusers gives them, as strong as it says.

    The strength is in the weights, so that it is nothing that a compiled graph knows.
    """
    try:
        named = _pipelines.lora_state_dict(load_file(file))
    except Exception as error:
        if faults.is_memory(error):
            raise
        raise _refused(number, f"It cannot be read ({type(error).__name__}).") from error
    if not named or not all("lora" in name and name.startswith(_PREFIX) for name in named):
        raise _refused(number, "It holds something else than LoRAs for a transformer.")
    dtype, layers, there = model.experts[0].dtype, {}, _changeable(model.experts[0])
    for name, tensor in named.items():
        name = name.replace("lora_down", "lora_A").replace("lora_up", "lora_B").replace(".default.", ".")
        # A name is data until it is known: the library makes patterns of names, and skips strange ones.
        layer = name.removeprefix(_PREFIX).rpartition(".lora_")[0]
        if not name.endswith(_MATRIX) or layer not in there:
            raise _refused(number, f"The model has no layer {layer[:_SHOWN]!r} that a LoRA can change.")
        if "lora_B" in name:
            tensor = tensor.float() * lora.scale
        layers[name] = _filled(tensor, name).to(dtype) if model.compiled else tensor.to(dtype)
    return layers


def _changeable(expert: Expert) -> frozenset[str]:
    """The layers of an expert that a LoRA can change, as it was published: its own may be fused by now."""
    with torch.device("meta"):
        published = type(expert).from_config(dict(expert.config))
    kinds = (torch.nn.Linear, torch.nn.Conv3d)
    return frozenset(name for name, layer in published.named_modules() if isinstance(layer, kinds))


def _filled(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """A matrix of the next of _RANKS; zeros add nothing to a product."""
    along = 0 if "lora_A" in name else 1
    if tensor.ndim != 2 or tensor.shape[along] > _RANKS[-1]:
        return tensor
    rank = next(rank for rank in _RANKS if rank >= tensor.shape[along])
    shape = list(tensor.shape)
    shape[along] = rank
    filled = tensor.new_zeros(shape)
    filled.narrow(along, 0, tensor.shape[along]).copy_(tensor)
    return filled


def _experts(model: Model, expert: str) -> tuple[Expert, ...]:
    match expert:
        case "high_noise":
            return model.experts[:1]
        case "low_noise":
            return model.experts[1:]
        case _:
            return model.experts


def _put_in(model: Model, loras: tuple[Lora, ...], layers: list[_Layers]) -> None:
    if loras:
        for expert in model.experts:
            projections.split(expert)
    for number, lora in enumerate(loras):
        for expert in _experts(model, lora.expert):
            _load(expert, number, layers[number], swap=False)
    for expert in model.experts:
        if names := list(getattr(expert, "peft_config", {})):
            expert.set_adapters(names)


def _swapped(model: Model, before: Adapted, loras: tuple[Lora, ...], layers: list[_Layers]) -> bool:
    """Write LoRAs over those before, where each has the same layers, ranks and experts as the one before.

    Only where blocks are compiled, which stay so; else taking out and putting in costs no more.
    """
    experts = [expert for _, _, expert in before]
    if not model.compiled or not loras or experts != [lora.expert for lora in loras]:
        return False
    homes = [(number, expert) for number, lora in enumerate(loras) for expert in _experts(model, lora.expert)]
    if any(_shapes_in(expert, number) != _shapes(layers[number]) for number, expert in homes):
        return False
    try:
        for number, expert in homes:
            _load(expert, number, layers[number], swap=True)
    except InvalidRequest as error:
        _log.warning("LoRAs were not swapped, they are put in anew: %s", error.message)
        return False
    return True


def _load(expert: Expert, number: int, layers: _Layers, *, swap: bool) -> None:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`")  # several are meant
            expert.load_lora_adapter(
                dict(layers), adapter_name=_called(number), low_cpu_mem_usage=True, hotswap=swap
            )
    except Exception as error:
        if faults.is_memory(error) or faults.is_sticky(error):
            raise
        raise _refused(number, f"It does not fit the model's layers ({type(error).__name__}).") from error


def _shapes(layers: _Layers) -> dict[str, torch.Size]:
    return {name.removeprefix(_PREFIX): tensor.shape for name, tensor in layers.items()}


def _shapes_in(expert: Expert, number: int) -> dict[str, torch.Size]:
    """The shapes of a LoRA's matrices that are in an expert, by the names they were loaded with."""
    mark = f".{_called(number)}."
    return {
        name.replace(mark, "."): tensor.shape for name, tensor in expert.named_parameters() if mark in name
    }


def _called(number: int) -> str:
    return f"lora{number}"


def _refused(number: int, why: str, *, field: str = "") -> InvalidRequest:
    at = f"footage.loras[{number}]"
    return InvalidRequest(
        f"LoRA {number + 1} cannot be used. {why}",
        violations=[Violation(f"{at}.{field}" if field else at, why)],
    )
