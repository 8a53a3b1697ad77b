"""What is asked of a video server: a plan in the words of its dialect, and what those words cannot say."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any

from services.chassis.errors import InvalidRequest, Violation
from services.generation.footage.plan import Adjustment, NativePlan
from services.generation.video_api.dialects import Dialect, Form
from services.story.footage import Footage

IMAGES = {"image/png": "image.png", "image/jpeg": "image.jpg", "image/webp": "image.webp"}
"""The kinds of image that are sent, with the name each goes under; never a name from outside."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it is stored: its bytes, and one of IMAGES."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body.

    Args:
        form: JSON, or parts of a form.
        values: What is sent; nested for JSON.
        image: Sent as a file; its field is `image_field`.
        image_field: The file's field; empty without one.
    """

    form: Form
    values: dict[str, Any]
    image: Image | None = None
    image_field: str = ""


def refuse(footage: Footage, dialect: Dialect) -> None:
    """Refuse what no dialect can ask for, and what would be another picture without it.

    Raises:
        InvalidRequest: The wish has LoRAs or a last image.
    """
    why = f"A video server ({dialect.name}) is not told of it; the backend diffusers takes it."
    broken = {"loras": bool(footage.loras), "last_image": footage.last_image is not None}
    if violations := [Violation(name, why) for name, true in broken.items() if true]:
        fields = " and ".join(violation.field for violation in violations)
        raise InvalidRequest(f"A video server takes no {fields}.", violations=violations)


def fitted(plan: NativePlan, dialect: Dialect) -> tuple[NativePlan, tuple[Adjustment, ...]]:
    """The plan with a size and a length that the server makes, and what that changed."""
    told = []
    if dialect.sizes and (plan.width, plan.height) not in dialect.sizes:
        width, height = min(dialect.sizes, key=lambda size: _apart(plan, *size))
        before, after = f"{plan.width}x{plan.height}", f"{width}x{height}"
        told.append(Adjustment("resolution", before, after, "The server makes no other sizes."))
        plan = replace(plan, width=width, height=height)
    if dialect.seconds:
        seconds = plan.frames / plan.rate
        whole = next((s for s in dialect.seconds if s >= seconds - 0.1), dialect.seconds[-1])
        frames = whole * plan.rate
        if frames != plan.frames:
            reason = f"The server makes clips of {', '.join(map(str, dialect.seconds))} seconds."
            told.append(Adjustment("frames", f"{seconds:.1f} s", f"{whole} s", reason))
        plan = replace(plan, frames=frames)
    return plan, tuple(told)


def body(dialect: Dialect, plan: NativePlan, *, model: str, image: Image | None) -> Body:
    """A plan as the body of a request.

    Args:
        dialect: How the server is spoken to.
        plan: What is asked for; its size and length are the dialect's.
        model: The server's name of the model; empty leaves it to the server.
        image: The first image.
    """
    form = dialect.form_with_image if image else dialect.form
    values: dict[str, Any] = {}
    for name, value in _values(dialect, plan, model).items():
        if name in dialect.fields:
            _place(values, dialect.fields[name], value)
    for name, value in dialect.constant.items():
        _place(values, name, value)
    if image and dialect.image_as == "data_url":
        encoded = base64.b64encode(image.data).decode()
        _place(values, dialect.fields["image"], f"data:{image.media_type};base64,{encoded}")
        return Body(form, values)
    if form == "multipart":
        values = {name: _text(value) for name, value in values.items()}
    return Body(form, values, image, dialect.fields["image"] if image else "")


def unsaid(dialect: Dialect, plan: NativePlan, footage: Footage) -> tuple[Adjustment, ...]:
    """What is not sent because the dialect has no field for it; the server uses what it was started with."""
    names = {"steps": "steps", "guidance": "guidance", "seed": "seed", "flow_shift": "flow_shift"}
    values = _values(dialect, plan, "")
    told = [
        Adjustment(field, _text(values[name]), "", f"{dialect.name} has no field for it: the server decides.")
        for name, field in names.items()
        if name in values and name not in dialect.fields
    ]
    if "guidance_high" in values and "guidance_high" not in dialect.fields:
        told.append(
            Adjustment(
                "guidance",
                _text(plan.guidance),
                "",
                f"{dialect.name} has no field for it: the server decides.",
            )
        )
    if plan.negative_prompt and "negative_prompt" not in dialect.fields:
        told.append(Adjustment("negative_prompt", "given", "", f"{dialect.name} has no field for it."))
    if footage.quantization != "none":
        reason = "The server was started with its weights in one form, and keeps to it."
        told.append(Adjustment("quantization", footage.quantization, "", reason))
    return tuple(told)


def _values(dialect: Dialect, plan: NativePlan, model: str) -> dict[str, Any]:
    """Everything that can be said about a plan, under our names."""
    values: dict[str, Any] = {
        "prompt": plan.prompt,
        "negative_prompt": plan.negative_prompt,
        "size": f"{plan.width}x{plan.height}",
        "frames": plan.frames,
        "fps": plan.rate,
        "steps": plan.steps,
        "seed": plan.seed,
        "flow_shift": plan.flow_shift,
    }
    if plan.guidance_low is None:
        values["guidance"] = plan.guidance
    else:
        values |= {"guidance_high": plan.guidance, "guidance_low": plan.guidance_low}
    if plan.boundary is not None:
        values["boundary"] = plan.boundary
    if dialect.seconds:
        values["seconds"] = str(plan.frames // plan.rate)
    if model:
        values["model"] = model
    return values


def _place(values: dict[str, Any], path: str, value: Any) -> None:
    *levels, name = path.split(".")
    for level in levels:
        values = values.setdefault(level, {})
    values[name] = value


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _apart(plan: NativePlan, width: int, height: int) -> tuple[bool, int]:
    """How far a size is from the plan's: first whether more than a tenth is cut off, then in its area."""
    wide, high = width * plan.height, height * plan.width
    return min(wide, high) < 0.9 * max(wide, high), abs(width * height - plan.width * plan.height)
