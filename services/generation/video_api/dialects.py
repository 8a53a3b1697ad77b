"""How each engine speaks the video interface of OpenAI: names of fields, forms, rules. Data, no code.

Everything here was read in the engines' sources and documentation and tried against servers that behave as
those say; none of it was tried against a running engine. Where versions differ, the newest that was read
counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Form = Literal["json", "multipart"]
ImageAs = Literal["file", "data_url"]
Answers = Literal["job", "video"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's way of speaking.

    Args:
        name: As it is set.
        fields: Where each of our values goes: the field's name, with a dot before each level of nesting.
            A value without a field is not sent, and that is told. Ours are `prompt`, `negative_prompt`,
            `model`, `size`, `frames`, `seconds`, `fps`, `steps`, `seed`, `flow_shift`, `boundary`, `image`;
            `guidance` for a model with one expert; `guidance_high` and `guidance_low` for the experts of
            strong and of weak noise, so that an engine's order of the two is in these names.
        form: How a request without an image is sent.
        form_with_image: How one with an image is sent.
        image_as: A part of the form, or a `data:` URL in a string.
        answers: `job`: creating answers at once, with a job to ask for. `video`: creating answers when the
            video is made, with the video in base64.
        aborts: Deleting a job ends its work, or takes it out of the queue; else the server goes on.
        progress: A job's progress is measured; else it is 0 until it is 100.
        needs_model: A request must name the server's model.
        seconds: The whole seconds a video may have; empty where frames are asked for.
        sizes: The sizes a video may have; empty where any may be asked for.
        constant: Fields that are always sent, with their values.
    """

    name: str
    fields: Mapping[str, str]
    form: Form = "json"
    form_with_image: Form = "multipart"
    image_as: ImageAs = "file"
    answers: Answers = "job"
    aborts: bool = False
    progress: bool = False
    needs_model: bool = False
    seconds: tuple[int, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    constant: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_PLAIN = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "model": "model",
    "size": "size",
    "frames": "num_frames",
    "fps": "fps",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "seed": "seed",
    "image": "input_reference",
}

SGLANG = Dialect(
    "sglang",
    _PLAIN
    | {"flow_shift": "flow_shift", "guidance_high": "guidance_scale", "guidance_low": "guidance_scale_2"},
)
"""SGLang-Diffusion: the strong noise first, as diffusers; a job's progress is 0 or 100.

Deleting takes the job off the list while the GPU goes on. Servers of before 2026 read no more than prompt,
size, frames and rate from a form, and so the rest of a request with an image is lost on them.
"""

VLLM_OMNI = Dialect(
    "vllm_omni",
    _PLAIN
    | {
        "flow_shift": "flow_shift",
        "boundary": "boundary_ratio",
        "guidance_high": "guidance_scale_2",
        "guidance_low": "guidance_scale",
    },
    form="multipart",
    aborts=True,
)
"""vLLM-Omni: `guidance_scale` is of the weak noise, `guidance_scale_2` of the strong; forms only.

Deleting takes a waiting job out of the queue and hands a running one an abort; some pipelines finish the
batch they are in before they look. Its answer is 409 while the work has not let go.
"""

DYNAMO = Dialect(
    "dynamo",
    {
        "prompt": "prompt",
        "model": "model",
        "size": "size",
        "image": "input_reference",
        "negative_prompt": "nvext.negative_prompt",
        "frames": "nvext.num_frames",
        "fps": "nvext.fps",
        "steps": "nvext.num_inference_steps",
        "seed": "nvext.seed",
        "boundary": "nvext.boundary_ratio",
        "guidance": "nvext.guidance_scale",
        "guidance_high": "nvext.guidance_scale",
        "guidance_low": "nvext.guidance_scale_2",
    },
    form_with_image="json",
    image_as="data_url",
    answers="video",
    needs_model=True,
    constant=MappingProxyType({"response_format": "b64_json", "output_format": "mp4"}),
)
"""NVIDIA Dynamo: one call that lasts as long as the work; numbers in `nvext`; no job to ask for or delete.

Its `guidance_scale_2` is documented as that of the weak noise. With vLLM-Omni as its worker, whose own
order is the other one, what arrives may be the wrong way round.
"""

TRTLLM = Dialect(
    "trtllm",
    _PLAIN
    | {
        "image": "image_reference",
        "guidance_high": "guidance_scale",
        "guidance_low": "extra_params.guidance_scale_2",
        "boundary": "extra_params.boundary_ratio",
    },
    form_with_image="json",
    image_as="data_url",
    aborts=True,
    constant=MappingProxyType({"format": "mp4"}),
)
"""trtllm-serve: JSON, fields it does not know are refused with 422, a job has no progress.

Deleting cancels the task that waits for the work. Servers of before mid-2026 have `input_reference` and
`output_format` in the place of `image_reference` and `format`, and refuse these.
"""

OPENAI = Dialect(
    "openai",
    {"prompt": "prompt", "model": "model", "size": "size", "seconds": "seconds", "image": "input_reference"},
    form="multipart",
    progress=True,
    needs_model=True,
    seconds=(4, 8, 12),
    sizes=((1280, 720), (720, 1280), (1792, 1024), (1024, 1792)),
)
"""OpenAI's own interface, and servers that know no more: whole seconds, four sizes, no seed, no steps."""

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (SGLANG, VLLM_OMNI, DYNAMO, TRTLLM, OPENAI)}
)
"""By name."""
