"""A wish is changed as a service proposes, by the path of any field, and in no other way."""

from __future__ import annotations

import pytest

from orchestrator.footage import routing
from storyreel.artifact.v1 import artifact_pb2
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.generation.v1.footage_pb2 import Footage

IMAGE = artifact_pb2.Artifact(sha256="3" * 64)
ONE, OTHER = "1" * 64, "2" * 64


def lora(sha256: str, scale: float = 0.0) -> footage_pb2.Lora:
    return footage_pb2.Lora(weights=artifact_pb2.Artifact(sha256=sha256), scale=scale)


def changes(*pairs: tuple[str, str]) -> list[recovery_pb2.Change]:
    return [recovery_pb2.Change(field=field, to=to) for field, to in pairs]


WISH = Footage(
    prompt="a lamp",
    steps=50,
    guidance=4,
    resolution=footage_pb2.RESOLUTION_1080P,
    loras=[lora(ONE), lora(OTHER, 0.5)],
)


@pytest.mark.parametrize(
    ("field", "to", "expected"),
    [
        ("steps", "40", Footage(steps=40)),
        ("footage.steps", "40", Footage(steps=40)),
        ("guidance", "3.5", Footage(guidance=3.5)),
        ("resolution", "720p", Footage(resolution=footage_pb2.RESOLUTION_720P)),
        ("mode", "i2v", Footage(mode=footage_pb2.MODE_I2V)),
        ("quantization", "fp8", Footage(quantization=footage_pb2.QUANTIZATION_FP8)),
        ("profile", "plain", Footage(profile=footage_pb2.PROFILE_PLAIN)),
        ("seed", "0", Footage(seed=0)),
        ("negative_prompt", "rain", Footage(negative_prompt="rain")),
        ("allow_approximate", "true", Footage(allow_approximate=True)),
        ("floor.steps", "30", Footage(floor=footage_pb2.Floor(steps=30))),
    ],
)
def test_any_field_takes_the_value_of_a_text(field: str, to: str, expected: Footage) -> None:
    assert routing.changed(Footage(), changes((field, to))) == expected


def test_no_text_is_a_fields_default_and_the_wish_itself_stays() -> None:
    new = routing.changed(WISH, changes(("loras", ""), ("steps", "")))

    assert (list(new.loras), new.steps, new.prompt) == ([], 0, "a lamp")
    assert (len(WISH.loras), WISH.steps) == (2, 50)


@pytest.mark.parametrize(("to", "kept"), [(f"{ONE}*1", [ONE]), (f"{OTHER}*0.5", [OTHER])])
def test_some_loras_are_kept_by_their_digest_and_scale(to: str, kept: list[str]) -> None:
    new = routing.changed(WISH, changes(("loras", to)))

    assert [entry.weights.sha256 for entry in new.loras] == kept


@pytest.mark.parametrize(
    ("field", "to"),
    [
        ("stepz", "40"),
        ("steps", "many"),
        ("steps", "-1"),
        ("resolution", "8K"),
        ("allow_approximate", "perhaps"),
        ("loras", "3" * 64),
        ("image", "a.png"),
        ("retries", "x"),
        ("retries.category", "VRAM_MEMORY"),
        ("steps.more", "1"),
        ("", "1"),
    ],
)
def test_what_cannot_be_changed_is_refused(field: str, to: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        routing.changed(WISH, changes((field, to)))


def test_a_retry_is_recorded_and_what_is_wished_can_be_compared_without_it() -> None:
    proposal = changes(("steps", "40"))

    retried = routing.retried(WISH, "VRAM_MEMORY", proposal)

    assert [(retry.category, list(retry.changes)) for retry in retried.retries] == [("VRAM_MEMORY", proposal)]
    assert routing.bare(retried) == routing.changed(WISH, proposal)


@pytest.mark.parametrize(
    ("wish", "pool"),
    [
        (Footage(prompt="a lamp"), "t2v"),
        (Footage(prompt="a lamp", model="ti2v-5B"), "ti2v"),
        (Footage(prompt="a lamp", model="t2v-A14B", mode=footage_pb2.MODE_I2V), "t2v"),
        (Footage(prompt="a lamp", mode=footage_pb2.MODE_TI2V), "ti2v"),
        (Footage(image=artifact_pb2.Artifact()), "i2v"),
        (Footage(prompt="a lamp", image=artifact_pb2.Artifact()), "ti2v"),
        (Footage(prompt="a", image=artifact_pb2.Artifact(), last_image=artifact_pb2.Artifact()), "i2v"),
    ],
)
def test_the_pool_is_that_of_the_model_then_of_the_mode_then_of_what_is_given(
    wish: Footage, pool: str
) -> None:
    assert routing.pool(wish) == pool


@pytest.mark.parametrize(
    ("wish", "pools", "model"),
    [
        (footage_pb2.Footage(prompt="a lamp"), ["ti2v"], "ti2v-5B"),
        (footage_pb2.Footage(prompt="a lamp"), ["ti2v", "t2v"], ""),
        (footage_pb2.Footage(prompt="a lamp"), ["i2v"], ""),
        (footage_pb2.Footage(prompt="a lamp", model="t2v-A14B"), ["ti2v"], "t2v-A14B"),
        (footage_pb2.Footage(prompt="a lamp", mode=footage_pb2.MODE_T2V), ["ti2v"], ""),
        (footage_pb2.Footage(prompt="a lamp", image=IMAGE), ["t2v", "i2v"], "i2v-A14B"),
        (footage_pb2.Footage(prompt="a lamp", image=IMAGE), ["i2v", "ti2v"], ""),
        (footage_pb2.Footage(image=IMAGE), ["t2v", "ti2v"], ""),
        (footage_pb2.Footage(prompt="a lamp", image=IMAGE), ["t2v"], ""),
    ],
)
def test_a_wish_that_names_no_model_goes_to_another_that_can_make_it(
    wish: footage_pb2.Footage, pools: list[str], model: str
) -> None:
    assert routing.suited(wish, pools).model == model
