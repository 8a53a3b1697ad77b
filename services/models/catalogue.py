"""The models that clips are generated with: what we call them, where they are published, what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.chassis.errors import ModelUnavailable, Suggestion


@dataclass(frozen=True, slots=True)
class Known:
    """A model as its makers publish it in the layout of diffusers.

    Args:
        name: As requests and settings name it.
        repository: Owner and name on the hub.
        parts: The folders that `model_index.json` names.
        channels: Input channels of the transformer, by which the three models can be told apart: the
            latents alone (16), latents with mask and first image (36), latents of the larger VAE (48).
    """

    name: str
    repository: str
    parts: tuple[str, ...]
    channels: int


_ONE_EXPERT = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
_TWO_EXPERTS = (*_ONE_EXPERT, "transformer_2")

MODELS: Mapping[str, Known] = {
    model.name: model
    for model in (
        Known("t2v-A14B", "Wan-AI/Wan2.2-T2V-A14B-Diffusers", _TWO_EXPERTS, 16),
        Known("i2v-A14B", "Wan-AI/Wan2.2-I2V-A14B-Diffusers", _TWO_EXPERTS, 36),
        Known("ti2v-5B", "Wan-AI/Wan2.2-TI2V-5B-Diffusers", _ONE_EXPERT, 48),
    )
}
"""By name. No revision is built in: a manifest records the one that was fetched."""


def known(name: str) -> Known:
    """The model of a name.

    Raises:
        ModelUnavailable: There is none of this name.
    """
    if name not in MODELS:
        raise ModelUnavailable(
            f"There is no model {name[:40]!r}.", suggestions=[Suggestion(f"Use one of {', '.join(MODELS)}.")]
        )
    return MODELS[name]
