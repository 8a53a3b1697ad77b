"""The nouns of footage survive the wire, and defaults are written out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change, Suggestion
from services.generation import making_wire, wire
from services.generation.clip import Capability, GeneratedClip, ModelCapability, Shot
from services.generation.footage.plan import (
    Adjustment,
    Category,
    Device,
    Finding,
    Forecast,
    Making,
    NativePlan,
    Report,
)
from services.media.clip import Clip, Picture
from services.media.clock import Rate
from services.media.wire import picture_to_proto
from services.story.footage import Footage, Lora
from services.story.footage_wire import footage_to_proto
from storyreel.generation.v1 import footage_pb2
from storyreel.generation.v1 import generation_service_pb2 as pb
from storyreel.media.v1 import clip_pb2

PICTURE = Picture(1080, 1920, Rate(30000, 1001))
IMAGE = Artifact.of("local", "cd" * 32, size_bytes=7, media_type="image/png")
VIDEO = Artifact.of("local", "ab" * 32, size_bytes=7, media_type="video/mp4")
PLAN = NativePlan(
    mode="ti2v",
    model="ti2v-5B",
    width=832,
    height=480,
    frames=121,
    rate=24,
    steps=30,
    guidance=5.0,
    guidance_low=None,
    flow_shift=5.0,
    boundary=None,
    seed=7,
    prompt="a fjord",
    loras=(Lora(IMAGE, 0.8, "low_noise"),),
    quantization="int8",
)
FORECAST = Forecast(3.5, 1, 2, 3, 4, {"load": 1.0, "denoise": 2.5})
MAKING = Making(
    PLAN,
    adjustments=(Adjustment("steps", "40", "30", "More add nothing."),),
    forecast=FORECAST,
    seconds={"denoise": 2.25},
    device="NVIDIA H200",
    versions={"torch": "2.13.0", "diffusers": "0.42.1"},
)


def spec(footage: Footage | None = None) -> pb.FootageSpec:
    return pb.FootageSpec(
        footage=footage_to_proto(footage or Footage(prompt="A lake")),
        frames=90,
        picture=picture_to_proto(PICTURE),
        frame_timing=clip_pb2.FRAME_TIMING_CONSTANT,
    )


def test_a_spec_with_defaults_and_one_that_writes_them_out_are_the_same() -> None:
    short, full = spec(), spec()
    short.footage.CopyFrom(footage_pb2.Footage(prompt="A lake"))
    short.ClearField("frame_timing")
    full.backend = "diffusers"

    assert wire.explicit(short, backend="diffusers") == wire.explicit(full, backend="diffusers") == full


@pytest.mark.parametrize("field", ["continues", "may_end_early"])
def test_what_makes_another_clip_is_kept(field: str) -> None:
    other = spec(Footage(image=IMAGE))
    setattr(other, field, True)

    assert wire.explicit(other, backend="diffusers") != wire.explicit(
        spec(Footage(image=IMAGE)), backend="diffusers"
    )


def test_writing_the_defaults_out_leaves_the_request_as_it_was() -> None:
    request = pb.FootageSpec()

    wire.explicit(request, backend="diffusers")

    assert request == pb.FootageSpec()


def test_a_spec_makes_the_shot() -> None:
    asked = spec()
    asked.frame_timing = clip_pb2.FRAME_TIMING_SPARSE
    asked.continues = True

    assert wire.shot_from_proto(asked) == Shot(90, PICTURE, "sparse", continues=True)
    assert wire.shot_from_proto(spec()) == Shot(90, PICTURE)


def test_a_shot_has_a_frame() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        Shot(0, PICTURE)


@pytest.mark.parametrize("last", [None, IMAGE])
def test_how_a_clip_was_made_and_where_it_goes_on_survive(last: Artifact | None) -> None:
    made = GeneratedClip(Clip(VIDEO, 90, PICTURE), MAKING, last)

    assert wire.generated_from_proto(wire.generated_to_proto(made)) == made


@pytest.mark.parametrize("category", Category)
def test_what_pre_flight_found_survives(category: Category) -> None:
    way = Suggestion("Use fewer steps.", (Change("steps", "40", "30"),))
    found = Finding(category, "It would take long.", blocking=False, suggestions=(way,))
    report = Report(PLAN, MAKING.adjustments, FORECAST, ("tiled_decode",), (found,))

    assert making_wire.report_from_proto(making_wire.report_to_proto(report)) == report


def test_a_report_of_an_invalid_wish_has_no_plan() -> None:
    report = Report(None, findings=(Finding(Category.INPUT_VALIDATION, "No."),))

    assert making_wire.report_from_proto(making_wire.report_to_proto(report)) == report


@pytest.mark.parametrize("device", [None, Device("NVIDIA H200", "", 141 << 30, 0)])
def test_what_a_generator_can_do_survives(device: Device | None) -> None:
    model = ModelCapability(
        name="ti2v-5B",
        mode="ti2v",
        ready=False,
        why_not="not fetched",
        min_steps=15,
        max_steps=100,
        default_steps=30,
        resolutions=("480p", "720p"),
        loras=False,
    )
    capability = Capability((model, replace(model, name="t2v-A14B", mode="t2v", ready=True)), device)

    message = making_wire.capability_to_proto("diffusers", capability)

    assert message.name == "diffusers"
    assert making_wire.capability_from_proto(message) == capability
