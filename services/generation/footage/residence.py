"""Where the weights of a model are held, and how many bytes that takes of the device and of the host.

PLACEMENTS, as the worker must follow them:

- `tiled_decode`: the VAE works on tiles.
- `text_encoder_on_host`: the text encoder comes to the device to read the prompt while the experts are on
  the host, and goes back before they come.
- `idle_expert_on_host`: of two experts one is on the device at a time; nothing changes for one.
- `weights_on_host`: the layers of the experts come to the device one by one, the next one while one
  computes. The two rows before it are held within it.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.generation.footage.architecture import Architecture
from services.generation.footage.making import NativePlan

STREAMED = 2
"""Layers on the device at once when they come one by one: the one that computes and the next."""


def weight_bytes(plan: NativePlan, model: Architecture) -> int:
    """Bytes of one expert: in 32 bits the few parameters that must be exact, in 8 the blocks' in fp8."""
    net, value = model.transformer, model.value_bytes
    matrices = net.block_matrices * (1 if plan.quantization == "fp8" else value)
    return 4 * net.precise + matrices + value * (net.parameters - net.precise - net.block_matrices)


def text_weight_bytes(model: Architecture) -> int:
    """Bytes of the text encoder."""
    return model.value_bytes * model.text.parameters


def lora_bytes(plan: NativePlan) -> int:
    """Bytes that the LoRAs add to one expert."""
    return sum(lora.weights.size_bytes for lora in plan.loras)


def vae_weight_bytes(model: Architecture) -> int:
    """Bytes of the VAE."""
    return model.vae_value_bytes * model.vae.parameters


def resident_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the weights that stay on it while it denoises and decodes."""
    text = 0 if _text_away(placement) else text_weight_bytes(model)
    return vae_weight_bytes(model) + text + _expert_bytes(plan, model, placement)


def reading_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the weights that are on it while the prompt is read."""
    experts = 0 if _text_away(placement) else _expert_bytes(plan, model, placement)
    return vae_weight_bytes(model) + text_weight_bytes(model) + experts


def held_on_host(plan: NativePlan, model: Architecture, placement: Sequence[str], *, loaded: bool) -> int:
    """Host bytes of the weights: those that wait there; while a model is read at least its largest part.

    A model is taken to be read part by part, each going where it belongs before the next one comes. Of two
    experts that take turns both are held: while one goes the other has not come yet.
    """
    expert, text = weight_bytes(plan, model) + lora_bytes(plan), text_weight_bytes(model)
    streamed = "weights_on_host" in placement
    turns = "idle_expert_on_host" in placement and model.experts > 1
    # The text encoder waits while experts work, and they while it does: the larger side counts.
    away = _text_away(placement)
    held = model.experts * expert if streamed or turns else 0
    held = max(held + text, model.experts * expert) if away else held
    return held if loaded else max(held, expert, text)


def _text_away(placement: Sequence[str]) -> bool:
    """Whether the text encoder and the experts take turns on the device."""
    return "text_encoder_on_host" in placement or "weights_on_host" in placement


def _expert_bytes(plan: NativePlan, model: Architecture, placement: Sequence[str]) -> int:
    """Device bytes of the experts that are on it, or of the layers that pass through it."""
    if "weights_on_host" in placement:
        value = 1 if plan.quantization == "fp8" else model.value_bytes
        return STREAMED * model.transformer.width * model.transformer.inner * value
    experts = 1 if "idle_expert_on_host" in placement else model.experts
    return experts * (weight_bytes(plan, model) + lora_bytes(plan))
