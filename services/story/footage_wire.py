"""Footage to and from the contract; a message that is valid comes back with every default written out."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from google.protobuf.any_pb2 import Any

from services.artifacts import wire as artifacts
from services.chassis.errors import InvalidRequest, Proposal, Violation
from services.chassis.status import changes_from_proto, changes_to_proto, proposal_from_proto
from services.story.footage import (
    Expert,
    Extension,
    Floor,
    Footage,
    Lora,
    Mode,
    Profile,
    Quantization,
    Resolution,
    Retry,
    RetryCategory,
)
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2

MODES: dict[int, Mode] = {
    footage_pb2.MODE_T2V: "t2v",
    footage_pb2.MODE_I2V: "i2v",
    footage_pb2.MODE_TI2V: "ti2v",
}
RESOLUTIONS: dict[int, Resolution] = {
    footage_pb2.RESOLUTION_480P: "480p",
    footage_pb2.RESOLUTION_720P: "720p",
    footage_pb2.RESOLUTION_1080P: "1080p",
}
PROFILES: dict[int, Profile] = {
    footage_pb2.PROFILE_PLAIN: "plain",
    footage_pb2.PROFILE_DISTILLED: "distilled",
}
QUANTIZATIONS: dict[int, Quantization] = {
    footage_pb2.QUANTIZATION_NONE: "none",
    footage_pb2.QUANTIZATION_FP8: "fp8",
    footage_pb2.QUANTIZATION_INT8: "int8",
}
EXPERTS: dict[int, Expert] = {
    footage_pb2.EXPERT_HIGH_NOISE: "high_noise",
    footage_pb2.EXPERT_LOW_NOISE: "low_noise",
}
EXTENSIONS: dict[int, Extension] = {
    footage_pb2.EXTENSION_CONTINUE: "continue",
    footage_pb2.EXTENSION_LOOP: "loop",
}


def mode_to_proto(mode: Mode | None) -> footage_pb2.Mode.ValueType:
    """The contract's form of a mode."""
    return footage_pb2.Mode.Value(f"MODE_{mode or 'unspecified'}".upper())


def resolution_to_proto(resolution: Resolution | None) -> footage_pb2.Resolution.ValueType:
    """The contract's form of a resolution."""
    return footage_pb2.Resolution.Value(f"RESOLUTION_{resolution or 'unspecified'}".upper())


def profile_to_proto(profile: Profile) -> footage_pb2.Profile.ValueType:
    """The contract's form of a profile."""
    return footage_pb2.Profile.Value(f"PROFILE_{profile}".upper())


def quantization_to_proto(quantization: Quantization) -> footage_pb2.Quantization.ValueType:
    """The contract's form of the form of the weights."""
    return footage_pb2.Quantization.Value(f"QUANTIZATION_{quantization}".upper())


def footage_to_proto(footage: Footage) -> footage_pb2.Footage:
    """The contract's form of footage."""
    message = footage_pb2.Footage(
        prompt=footage.prompt,
        negative_prompt=footage.negative_prompt,
        mode=mode_to_proto(footage.mode),
        model=footage.model,
        resolution=resolution_to_proto(footage.resolution),
        steps=footage.steps,
        guidance=footage.guidance,
        strength=footage.strength,
        seed=footage.seed,
        loras=map(lora_to_proto, footage.loras),
        profile=profile_to_proto(footage.profile),
        quantization=quantization_to_proto(footage.quantization),
        allow_approximate=footage.allow_approximate,
        retries=(_retry_to_proto(footage, retry) for retry in footage.retries),
        extension=footage_pb2.Extension.Value(f"EXTENSION_{footage.extension or 'unspecified'}".upper()),
    )
    if footage.image:
        message.image.CopyFrom(artifacts.to_proto(footage.image))
    if footage.last_image:
        message.last_image.CopyFrom(artifacts.to_proto(footage.last_image))
    if footage.floor != Floor():
        message.floor.CopyFrom(_floor_to_proto(footage.floor))
    return message


def footage_from_proto(message: footage_pb2.Footage) -> Footage:
    """The footage of a valid message, with the values that its retries give it.

    Raises:
        InvalidRequest: A retry keeps a LoRA that is not one of the footage's own.
    """
    footage = Footage(
        prompt=message.prompt,
        negative_prompt=message.negative_prompt,
        mode=MODES.get(message.mode),
        model=message.model,
        image=artifacts.from_proto(message.image) if message.HasField("image") else None,
        last_image=artifacts.from_proto(message.last_image) if message.HasField("last_image") else None,
        resolution=RESOLUTIONS.get(message.resolution),
        steps=message.steps,
        guidance=_decimal(message.guidance),
        strength=_decimal(message.strength) if message.HasField("strength") else None,
        seed=message.seed if message.HasField("seed") else None,
        loras=tuple(map(lora_from_proto, message.loras)),
        profile=PROFILES.get(message.profile, "plain"),
        quantization=QUANTIZATIONS.get(message.quantization, "none"),
        allow_approximate=message.allow_approximate,
        floor=_floor_from_proto(message.floor),
        extension=EXTENSIONS.get(message.extension),
    )
    for retry in message.retries:
        footage = _retried(footage, retry)
    return footage


def lora_to_proto(lora: Lora) -> footage_pb2.Lora:
    """The contract's form of a LoRA."""
    expert = "unspecified" if lora.expert == "both" else lora.expert
    return footage_pb2.Lora(
        weights=artifacts.to_proto(lora.weights),
        scale=lora.scale,
        expert=footage_pb2.Expert.Value(f"EXPERT_{expert}".upper()),
    )


def lora_from_proto(message: footage_pb2.Lora) -> Lora:
    """The LoRA of a message; the message must be valid."""
    weights = artifacts.from_proto(message.weights)
    scale = _decimal(message.scale) if message.HasField("scale") else 1.0
    return Lora(weights, scale, EXPERTS.get(message.expert, "both"))


def _floor_to_proto(floor: Floor) -> footage_pb2.Floor:
    return footage_pb2.Floor(
        resolution=resolution_to_proto(floor.resolution),
        steps=floor.steps,
        keep_loras=floor.keep_loras,
        exact=floor.exact,
    )


def _floor_from_proto(message: footage_pb2.Floor) -> Floor:
    return Floor(RESOLUTIONS.get(message.resolution), message.steps, message.keep_loras, message.exact)


def propose(footage: Footage) -> Proposal:
    """The last retry of a footage, packed as the attempt that a service proposes."""
    packed = Any()
    packed.Pack(_retry_to_proto(footage, footage.retries[-1]), deterministic=True)
    return proposal_from_proto(packed)


def _retry_to_proto(footage: Footage, retry: Retry) -> footage_pb2.Retry:
    """A retry with the values that it left in the footage."""
    values = footage_pb2.RetryValues()
    for field in {change.field for change in retry.changes}:
        match field:
            case "steps":
                values.steps = footage.steps
            case "resolution":
                values.resolution = resolution_to_proto(footage.resolution)
            case "guidance":
                values.guidance = footage.guidance
            case "quantization":
                values.quantization = quantization_to_proto(footage.quantization)
            case "loras":
                values.loras.CopyFrom(footage_pb2.KeptLoras(loras=map(lora_to_proto, footage.loras)))
            case "profile":
                values.profile = profile_to_proto(footage.profile)
            case "seed" if footage.seed is not None:
                values.seed = footage.seed
    return footage_pb2.Retry(
        category=category_pb2.Category.Value(f"CATEGORY_{retry.category}"),
        values=values,
        changes=changes_to_proto(retry.changes),
    )


def _retried(footage: Footage, message: footage_pb2.Retry) -> Footage:
    """Footage with the values of one more retry."""
    values = message.values
    kept = tuple(map(lora_from_proto, values.loras.loras))
    if foreign := [lora for lora in kept if lora not in footage.loras]:
        what = f"keeps the LoRA {foreign[0].weights.sha256}, which is not one of the footage's own"
        raise InvalidRequest(
            "A retry keeps LoRAs or leaves them out.",
            violations=[Violation("footage.retries.values.loras", what)],
        )
    category = category_pb2.Category.Name(message.category).removeprefix("CATEGORY_")
    retry = Retry(cast(RetryCategory, category), changes_from_proto(message.changes))
    return replace(
        footage,
        steps=values.steps if values.HasField("steps") else footage.steps,
        resolution=RESOLUTIONS.get(values.resolution, footage.resolution),
        guidance=_decimal(values.guidance) if values.HasField("guidance") else footage.guidance,
        quantization=QUANTIZATIONS.get(values.quantization, footage.quantization),
        loras=kept if values.HasField("loras") else footage.loras,
        profile=PROFILES.get(values.profile, footage.profile),
        seed=values.seed if values.HasField("seed") else footage.seed,
        retries=(*footage.retries, retry),
    )


def _decimal(single: float) -> float:
    """The number as it was written: 4.2, which the wire's 32 bits hold as 4.19999980926."""
    return float(f"{single:.6g}")
