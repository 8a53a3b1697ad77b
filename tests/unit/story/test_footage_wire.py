"""Footage comes back from the contract as it went in, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.story import wire
from services.story.footage import Floor, Footage, Lora, Retry
from services.story.footage_wire import footage_from_proto, footage_to_proto
from storyreel.generation.v1 import footage_pb2

PRINTABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
IMAGES = st.from_regex(r"[0-9a-f]{64}", fullmatch=True).map(
    lambda sha: Artifact.of("local", sha, size_bytes=1, media_type="image/png")
)
RESOLUTIONS = st.sampled_from([None, "480p", "720p", "1080p"])


def tenths(least: int, most: int) -> st.SearchStrategy[float]:
    """Numbers as people write them."""
    return st.integers(10 * least, 10 * most).map(lambda tenth: tenth / 10)


LORAS = st.builds(Lora, IMAGES, tenths(1, 4), st.sampled_from(["both", "high_noise", "low_noise"]))
CHANGES = st.builds(Change, PRINTABLE, PRINTABLE, PRINTABLE)
RETRIES = st.builds(
    Retry, st.sampled_from(["VRAM_MEMORY", "GENERATION_PIPELINE"]), st.lists(CHANGES, max_size=3).map(tuple)
)
FOOTAGE = st.builds(
    Footage,
    prompt=PRINTABLE,
    negative_prompt=PRINTABLE,
    mode=st.sampled_from([None, "t2v", "i2v", "ti2v"]),
    model=st.sampled_from(["", "t2v-A14B", "i2v-A14B", "ti2v-5B"]),
    image=st.none() | IMAGES,
    last_image=st.none() | IMAGES,
    resolution=RESOLUTIONS,
    steps=st.integers(0, 1000),
    guidance=tenths(0, 20),
    strength=st.none() | tenths(0, 1),
    seed=st.none() | st.integers(0, 2**32 - 1),
    loras=st.lists(LORAS, max_size=4).map(tuple),
    profile=st.sampled_from(["plain", "distilled"]),
    quantization=st.sampled_from(["none", "fp8", "int8"]),
    allow_approximate=st.booleans(),
    floor=st.builds(Floor, RESOLUTIONS, st.integers(0, 100), st.booleans(), st.booleans()),
    retries=st.lists(RETRIES, max_size=4).map(tuple),
    extension=st.sampled_from([None, "continue", "loop"]),
)


@given(FOOTAGE)
def test_footage_comes_back_as_it_went_in(footage: Footage) -> None:
    stored = wire.encode(footage_to_proto(footage))

    assert footage_from_proto(wire.decode(stored, footage_pb2.Footage)) == footage


def test_the_defaults_of_a_message_are_those_of_the_noun() -> None:
    assert footage_from_proto(footage_pb2.Footage()) == Footage()


def test_both_forms_of_a_default_become_one_message() -> None:
    lora = footage_pb2.Lora(weights=footage_to_proto(Footage(image=image())).image)
    short = footage_pb2.Footage(loras=[lora])
    long = footage_pb2.Footage(
        loras=[lora], profile=footage_pb2.PROFILE_PLAIN, quantization=footage_pb2.QUANTIZATION_NONE
    )
    long.loras[0].scale = 1
    long.floor.CopyFrom(footage_pb2.Floor())

    assert footage_to_proto(footage_from_proto(short)) == footage_to_proto(footage_from_proto(long))


@pytest.mark.parametrize("guidance", [4.2, 3.5, 1.1, 20.0])
def test_a_number_reads_as_it_was_written(guidance: float) -> None:
    message = footage_pb2.Footage.FromString(footage_to_proto(Footage(guidance=guidance)).SerializeToString())

    assert str(footage_from_proto(message).guidance) == str(guidance)


def image() -> Artifact:
    return Artifact.of("local", "0" * 64, size_bytes=1, media_type="image/png")
