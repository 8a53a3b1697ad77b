"""From text and noise to latents: reads the prompt, then runs the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from PIL import Image

from services.chassis.errors import GenerationFailed, InvalidRequest, Violation
from services.generation.footage.plan import NativePlan
from services.generation.wan import placement
from services.generation.wan.cancellation import Gates
from services.generation.wan.models import Model, Pipeline

Tell: TypeAlias = Callable[[int, int], None]
"""Told how many of how many are done."""

TOKENS = 512
"""The length every prompt is filled up to: what the models were trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """What the text encoder makes of both prompts; of the negative one only where there is guidance."""

    prompt: torch.Tensor
    negative: torch.Tensor | None


def read(pipeline: Pipeline, plan: NativePlan, device: torch.device, *, rows: Iterable[str] = ()) -> Text:
    """Read a plan's prompts.

    Args:
        pipeline: Whose text encoder reads.
        plan: Whose prompts.
        device: Where it reads, and where the result stays.
        rows: Members of PLACEMENTS, which tell where the text encoder is while it reads and afterwards.

    Raises:
        InvalidRequest: A prompt has more than TOKENS tokens; the rest would be cut off without a word.
    """
    for field, prompt in (("prompt", plan.prompt), ("negative_prompt", plan.negative_prompt)):
        if (count := len(pipeline.tokenizer(prompt).input_ids)) > TOKENS:
            raise InvalidRequest(
                f"The {field.replace('_', ' ')} is {count} of the model's tokens; at most {TOKENS} are read.",
                violations=[Violation(f"footage.{field}", f"has {count} tokens, more than {TOKENS}")],
            )
    with torch.no_grad(), placement.reading(pipeline.text_encoder, rows, device):
        positive, negative = pipeline.encode_prompt(
            plan.prompt,
            plan.negative_prompt,
            do_classifier_free_guidance=_guided(plan),
            max_sequence_length=TOKENS,
            device=device,
        )
    return Text(positive, negative)


def _guided(plan: NativePlan) -> bool:
    return plan.guidance > 1


def latents(
    pipeline: Pipeline,
    plan: NativePlan,
    text: Text,
    *,
    image: Image.Image | None,
    last_image: Image.Image | None,
    tiled: bool,
    gates: Gates,
    tell: Tell,
) -> torch.Tensor:
    """Run all steps of a plan.

    Args:
        pipeline: Made for this clip.
        plan: What it is run with.
        text: What was read of its prompts.
        image: The first image, of the plan's size; the pipeline is then one that takes images.
        last_image: The last image, likewise.
        tiled: The VAE reads images in tiles, as it decodes the clip, which takes less memory.
        gates: Where the clip may be stopped: between steps, and before each block.
        tell: Told after each step; the device has then done it.

    Returns:
        Latents, shape (1, channels, frames, height, width), as the VAE's mean and deviation scale them.

    Raises:
        GenerationFailed: They are not all finite.
        Stopped: The clip is no longer wanted.
    """

    def after(_: Pipeline, step: int, __: object, values: dict[str, Any]) -> dict[str, Any]:
        gates.look()
        gates.settle()
        tell(step + 1, plan.steps)
        return values

    given: dict[str, Any] = {}
    if plan.guidance_low is not None:
        given["guidance_scale_2"] = plan.guidance_low
    if image is not None:
        given |= {"image": image, "last_image": last_image}
    if tiled:
        placement.in_tiles(pipeline.vae)
    gates.look()
    made: torch.Tensor = pipeline(
        prompt_embeds=text.prompt,
        negative_prompt_embeds=text.negative,
        height=plan.height,
        width=plan.width,
        num_frames=plan.frames,
        num_inference_steps=plan.steps,
        guidance_scale=plan.guidance,
        max_sequence_length=TOKENS,
        # Of the processor on every device, so that a seed is the same noise everywhere.
        generator=torch.Generator("cpu").manual_seed(plan.seed),
        callback_on_step_end=after,
        output_type="latent",
        **given,
    ).frames
    if not bool(torch.isfinite(made).all()):
        raise GenerationFailed(
            f"After {plan.steps} steps the latents are not finite: the model's numbers ran out of range.",
            metadata={"phase": "denoise", "check": "finite"},
        )
    return made


def settle_down(pipeline: Pipeline, model: Model) -> None:
    """Take away what an unfinished clip leaves in a pipeline and would leak into the next one."""
    vae = model.parts["vae"]
    vae.disable_tiling()
    vae.clear_cache()
    pipeline.maybe_free_model_hooks()
