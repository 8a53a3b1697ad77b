"""Which pool generates a wish, and how the attempt that a service proposed is made."""

from __future__ import annotations

import pytest

from orchestrator.footage import routing
from storyreel.artifact.v1 import artifact_pb2
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.generation.v1.footage_pb2 import Footage

IMAGE = artifact_pb2.Artifact(sha256="3" * 64)


def test_a_retry_is_appended_as_it_was_proposed_and_the_wish_itself_stays() -> None:
    wish = Footage(prompt="a lamp", steps=50)
    retry = footage_pb2.Retry(category=category_pb2.CATEGORY_VRAM_MEMORY)
    retry.values.steps = 40

    again = routing.retried(wish, retry)

    assert list(again.retries) == [retry]
    assert (again.steps, len(wish.retries)) == (50, 0)


@pytest.mark.parametrize(
    ("model", "pools", "pool"),
    [
        ("sora-99", [], "t2v"),
        ("sora-99", ["t2v", "sora"], "sora"),
        ("t2v-A14B", [], "t2v"),
    ],
)
def test_a_model_that_nobody_knows_goes_to_its_own_pool_or_to_one_that_says_which_there_are(
    model: str, pools: list[str], pool: str
) -> None:
    assert routing.pool(Footage(prompt="a lamp", model=model), pools) == pool


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
