"""LoRAs: checked against the model, loaded into both of its experts, and taken out again."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file

from services.chassis.errors import InvalidRequest, Violation
from services.generation.backends.diffusers import faults
from services.generation.backends.diffusers.models import Model, Pipeline
from services.generation.models import safetensors_header
from services.story.footage import Lora

_DOWN = ("lora_A.weight", "lora_down.weight", "lora_A.default.weight")
_UP = ("lora_B.weight", "lora_up.weight", "lora_B.default.weight")


def load(pipeline: Pipeline, model: Model, loras: tuple[Lora, ...], files: tuple[Path, ...]) -> None:
    """Put LoRAs into a pipeline's transformers, each as strong as it says.

    Args:
        pipeline: Whose transformers they change.
        model: The same transformers, with their widths.
        loras: What they are.
        files: Their weights, in the same order.

    Raises:
        InvalidRequest: One is no LoRA, or one for a model of another width; none of them is left behind.
    """
    if not loras:
        return
    for number, file in enumerate(files):
        check(model, number, file)
    names = [f"lora{number}" for number in range(len(loras))]
    for number, (name, file) in enumerate(zip(names, files, strict=True)):
        weights = load_file(file)
        try:
            for second in range(len(model.experts)):
                pipeline.load_lora_weights(
                    dict(weights), adapter_name=name, load_into_transformer_2=bool(second)
                )
        except Exception as error:
            pipeline.unload_lora_weights()
            if faults.is_memory(error) or faults.is_sticky(error):
                raise
            raise _refused(number, f"It does not fit the model's layers ({type(error).__name__}).") from error
    pipeline.set_adapters(names, [lora.scale for lora in loras])


def check(model: Model, number: int, file: Path) -> None:
    """Look whether a file holds a LoRA for a model's width; only its header is read.

    Raises:
        InvalidRequest: It does not; the violation names the widths.
    """
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


def _refused(number: int, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"LoRA {number + 1} cannot be used. {why}",
        violations=[Violation(f"footage.loras[{number}]", why)],
    )
