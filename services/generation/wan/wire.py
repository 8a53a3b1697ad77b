"""What the service and the process that owns the device say to each other, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from services.generation.footage.plan import Device, NativePlan
from services.media.picture import Picture

Precision = Literal["auto", "bfloat16", "float32"]
Attention = Literal["auto", "any", "cudnn"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What clips are generated on, and how much of it may be used.

    Args:
        device: torch's name of it, such as `cuda:0` or `cpu`; `auto` takes the GPU when there is one.
        precision: Of the weights; `auto` is bfloat16 on a GPU and float32 on a processor.
        threads: Of torch on the processor; 0 leaves the number to torch.
        max_bytes: The most device memory that is used; 0: all there is.
        attention: The kernel of attention; `auto` is cuDNN's on Hopper, else the one torch prefers.
        compiled: The blocks of the transformers are compiled.
        devices: So many devices work on one clip together.
    """

    device: str = "auto"
    precision: Precision = "auto"
    threads: int = 0
    max_bytes: int = 0
    attention: Attention = "auto"
    compiled: bool = False
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """A request for the device's facts."""

    machine: Machine
    kind: Literal["look"] = "look"


@dataclass(frozen=True, slots=True)
class Task:
    """A request for one clip.

    Args:
        machine: What it is generated on.
        plan: What the model is run with.
        folder: The model's, in the layout of diffusers.
        picture: The video's size and rate.
        frames: The clip's length on the video's grid.
        path: The file to write.
        cancel: Where a file appears when the clip is no longer wanted.
        image: The first image's file.
        last_image: The last image's file.
        loras: The files of the plan's LoRAs, in their order.
        placement: Members of PLACEMENTS to begin with.
        needs_bytes: The forecast's peak of device memory; other models leave the device for it.
        sparse: Leave frames out that repeat the one before.
        encoder_threads: Of the encoder; another number gives other bytes.
        continues: The image is the last frame of the clip before, and is not shown again.
        last_frame: A PNG to write: the last frame that is shown, as the model made it.
        phases: The seconds that each phase is forecast to take.
    """

    machine: Machine
    plan: NativePlan
    folder: Path
    picture: Picture
    frames: int
    path: Path
    cancel: Path
    image: Path | None = None
    last_image: Path | None = None
    loras: tuple[Path, ...] = ()
    placement: tuple[str, ...] = ()
    needs_bytes: int = 0
    sparse: bool = False
    encoder_threads: int = 1
    continues: bool = False
    last_frame: Path | None = None
    phases: dict[str, float] = field(default_factory=dict)
    kind: Literal["task"] = "task"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    Args:
        device: The device, when it was asked for.
        loaded: The models in memory, likewise.
        cancelled: The clip was no longer wanted; no file was kept.
        placement: Members of PLACEMENTS, as it ended.
        peak_bytes: Device bytes at the peak, as measured; 0 where it cannot be.
        seconds: By phase: `load`, `encode_text`, `denoise`, `decode`, `encode`.
        checks: What was checked on the finished clip, in words.
    """

    device: Device | None = None
    loaded: tuple[str, ...] = ()
    cancelled: bool = False
    placement: tuple[str, ...] = ()
    peak_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = ()


Request: TypeAlias = Look | Task

_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def pack(request: Request) -> bytes:
    """A request as bytes."""
    return _REQUEST.dump_json(request)


def unpack(payload: bytes) -> Request:
    """The request of some bytes."""
    return _REQUEST.validate_json(payload)


def pack_answer(answer: Answer) -> bytes:
    """An answer as bytes."""
    return _ANSWER.dump_json(answer)


def unpack_answer(payload: bytes) -> Answer:
    """The answer of some bytes."""
    return _ANSWER.validate_json(payload)
