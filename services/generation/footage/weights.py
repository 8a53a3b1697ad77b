"""Where the weights of a model are held, and how many bytes that takes of the device and of the host.

PLACEMENTS, as the worker must follow them:

- `tiled_decode`: the VAE works on tiles.
- `text_encoder_on_host`: the text encoder comes to the device to read the prompt while the experts are on
  the host, and goes back before they come.
- `idle_expert_on_host`: of two experts one is on the device at a time; nothing changes for one.
- `weights_on_host`: the layers of the experts come to the device one by one, the next one while one
  computes; those of the text encoder one by one, too. The two rows before it are held within it.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.generation.footage.architecture import Architecture
from services.generation.footage.plan import NativePlan

STREAMED = 2
"""Layers on the device at once when they come one by one: the one that computes and the next."""


def weight_bytes(plan: NativePlan, model: Architecture) -> int:
    """Bytes of one expert, in the form that the plan has it."""
    whole = published_bytes(model)
    if plan.quantization == "none":
        return whole
    net = model.transformer
    # Each row of the blocks' matrices has a scale of its own in 32 bits.
    return whole - (model.value_bytes - 1) * net.block_matrices + 4 * net.block_rows


def published_bytes(model: Architecture) -> int:
    """Bytes of one expert as it is read: in 32 bits the few parameters that must be exact."""
    net = model.transformer
    return 4 * net.precise + model.value_bytes * (net.parameters - net.precise)


def text_weight_bytes(model: Architecture) -> int:
    """Bytes of the text encoder."""
    return model.value_bytes * model.text.parameters


def lora_bytes(plan: NativePlan) -> int:
    """Bytes that the LoRAs add to the expert that has more of them."""
    return max(
        sum(lora.weights.size_bytes for lora in plan.loras if lora.expert in ("both", expert))
        for expert in ("high_noise", "low_noise")
    )


def vae_weight_bytes(model: Architecture) -> int:
    """Bytes of the VAE."""
    return model.vae_value_bytes * model.vae.parameters


def resident_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the weights that stay on it while it denoises and decodes."""
    text = 0 if _text_away(placement) else text_weight_bytes(model)
    return vae_weight_bytes(model) + text + _expert_bytes(plan, model, placement)


def reading_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the weights that are on it while the prompt is read."""
    if "weights_on_host" in placement:
        return vae_weight_bytes(model) + model.value_bytes * model.text.embedding
    experts = 0 if _text_away(placement) else _expert_bytes(plan, model, placement)
    return vae_weight_bytes(model) + text_weight_bytes(model) + experts


def held_on_host(plan: NativePlan, model: Architecture, placement: Sequence[str], *, loaded: bool) -> int:
    """Host bytes of the weights: those that wait there; while a model is read also those that pass through.

    The experts are read one after the other, each as it was published before it takes its form, and go on to
    the device where all parts stay on it; the text encoder and the VAE come last. The files, in 32 bits, are
    mapped and not held. Whoever takes turns on the device is held whole, with the others of its turn: while
    one goes the other has not come yet.
    """
    expert, text = weight_bytes(plan, model) + lora_bytes(plan), text_weight_bytes(model)
    turns = "idle_expert_on_host" in placement and model.experts > 1
    away = _text_away(placement)
    held = model.experts * expert if turns or away else 0
    waits = held + text if away else held
    if loaded:
        return waits
    others = (model.experts - 1) * expert if held else 0
    return max(waits, others + max(expert, published_bytes(model)), held + text + vae_weight_bytes(model))


def _text_away(placement: Sequence[str]) -> bool:
    """Whether the text encoder and the experts take turns on the device."""
    return "text_encoder_on_host" in placement or "weights_on_host" in placement


def _expert_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the experts that are on it, or of the layers that pass through it."""
    if "weights_on_host" in placement:
        value = model.value_bytes if plan.quantization == "none" else 1
        return STREAMED * model.transformer.width * model.transformer.inner * value
    experts = 1 if "idle_expert_on_host" in placement else model.experts
    return experts * (weight_bytes(plan, model) + lora_bytes(plan))
