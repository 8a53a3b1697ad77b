"""A retry carries its values: who makes the footage has them, and keeps no LoRA that is not the footage's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from google.protobuf.any_pb2 import Any

from services.artifacts.store import Artifact
from services.chassis.errors import Change, InvalidRequest
from services.generation.footage.changes import apply, differences
from services.generation.footage.plan import Category
from services.story import wire
from services.story.footage import Footage, Lora, Retry
from services.story.footage_wire import (
    footage_from_proto,
    footage_to_proto,
    lora_to_proto,
    propose,
)
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2

SAFETENSORS = "application/octet-stream"
HIGH, LOW, BOTH = (
    Lora(Artifact.of("local", "a" * 64, size_bytes=9, media_type=SAFETENSORS), 0.8, "high_noise"),
    Lora(Artifact.of("local", "b" * 64, size_bytes=9, media_type=SAFETENSORS), 1.1, "low_noise"),
    Lora(Artifact.of("local", "c" * 64, size_bytes=9, media_type=SAFETENSORS), 1.0, "both"),
)
WISH = Footage(
    prompt="A lake at dawn",
    resolution="720p",
    steps=50,
    guidance=8.0,
    seed=5,
    loras=(HIGH, LOW, BOTH),
    profile="distilled",
)
CHANGED = {
    "steps": 40,
    "resolution": "480p",
    "guidance": 4.2,
    "quantization": "int8",
    "loras": (HIGH, LOW),
    "profile": "plain",
    "seed": 7,
}


def retried(wish: Footage, **changed: object) -> Footage:
    """A wish as it is after one more retry."""
    then = replace(wish, **changed)  # type: ignore[arg-type]
    return apply(wish, Category.VRAM_MEMORY, differences(wish, then))


def followed(message: footage_pb2.Footage, footage: Footage) -> footage_pb2.Footage:
    """A message with the last retry of a footage as a service proposes it, appended as it is."""
    proposal = propose(footage)
    packed, retry = Any(type_url=proposal.type_url, value=proposal.value), footage_pb2.Retry()
    assert packed.Unpack(retry)
    longer = footage_pb2.Footage()
    longer.CopyFrom(message)
    longer.retries.append(retry)
    return wire.decode(wire.encode(longer), footage_pb2.Footage)


@pytest.mark.parametrize("field", CHANGED)
def test_what_was_proposed_is_what_comes_of_it(field: str) -> None:
    smaller = retried(WISH, **{field: CHANGED[field]})

    received = footage_from_proto(followed(footage_to_proto(WISH), smaller))

    assert getattr(received, field) == CHANGED[field]
    assert received == smaller


def test_a_second_retry_changes_what_the_first_left() -> None:
    first = retried(WISH, steps=40, loras=(HIGH, LOW))
    second = retried(first, steps=30, resolution="480p", loras=(LOW,))

    message = followed(followed(footage_to_proto(WISH), first), second)

    assert footage_from_proto(message) == second
    assert (message.steps, len(message.loras)) == (50, 3)


def test_a_wish_that_was_retried_comes_back_as_it_is() -> None:
    second = retried(retried(WISH, steps=40, loras=(HIGH, LOW)), steps=30, loras=())

    stored = wire.encode(footage_to_proto(second))

    assert footage_from_proto(wire.decode(stored, footage_pb2.Footage)) == second


def test_values_are_applied_whatever_the_texts_for_people_say() -> None:
    message = footage_to_proto(WISH)
    message.retries.add(
        category=category_pb2.CATEGORY_GENERATION_PIPELINE, values=footage_pb2.RetryValues(steps=20)
    )
    message.retries[0].changes.add(field="guidance", before="8", after="99")

    received = footage_from_proto(message)

    assert replace(received, retries=()) == replace(WISH, steps=20)
    assert received.retries == (Retry("GENERATION_PIPELINE", (Change("guidance", "8", "99"),)),)


def test_two_loras_for_two_experts_survive_a_proposal() -> None:
    wish = replace(WISH, loras=(HIGH, LOW))

    received = footage_from_proto(followed(footage_to_proto(wish), retried(wish, steps=40)))
    fewer = footage_from_proto(followed(footage_to_proto(WISH), retried(WISH, loras=(HIGH, LOW))))

    assert [(lora.expert, lora.scale) for lora in received.loras] == [("high_noise", 0.8), ("low_noise", 1.1)]
    assert fewer.loras == (HIGH, LOW)


def test_the_same_weights_for_each_expert_are_two_loras() -> None:
    twice = (HIGH, replace(HIGH, expert="low_noise"))
    wish = replace(WISH, loras=twice)

    received = footage_from_proto(followed(footage_to_proto(wish), retried(wish, loras=twice[1:])))

    assert received.loras == twice[1:]


def test_a_retry_may_leave_all_loras_out() -> None:
    received = footage_from_proto(followed(footage_to_proto(WISH), retried(WISH, loras=())))

    assert received.loras == ()


@pytest.mark.parametrize(
    "foreign", [replace(HIGH, scale=4.0), replace(HIGH, expert="both"), replace(HIGH, weights=BOTH.weights)]
)
def test_a_lora_that_is_not_the_footages_own_is_refused(foreign: Lora) -> None:
    message = footage_to_proto(replace(WISH, loras=(HIGH, LOW)))
    values = footage_pb2.RetryValues(loras=footage_pb2.KeptLoras(loras=[lora_to_proto(foreign)]))
    message.retries.add(category=category_pb2.CATEGORY_VRAM_MEMORY, values=values)

    with pytest.raises(InvalidRequest, match="keeps LoRAs or leaves them out") as caught:
        footage_from_proto(message)

    assert [violation.field for violation in caught.value.violations] == ["footage.retries.values.loras"]
    assert foreign.weights.sha256 in caught.value.violations[0].description


def test_a_lora_that_an_earlier_retry_left_out_does_not_come_back() -> None:
    message = followed(footage_to_proto(WISH), retried(WISH, loras=(HIGH,)))
    kept = footage_pb2.KeptLoras(loras=[lora_to_proto(LOW)])
    message.retries.add(
        category=category_pb2.CATEGORY_VRAM_MEMORY, values=footage_pb2.RetryValues(loras=kept)
    )

    with pytest.raises(InvalidRequest):
        footage_from_proto(message)
