"""Who goes on from a clip's last frame, with which wish: what still means something is kept."""

from __future__ import annotations

import pytest

from orchestrator.footage import routing
from services.media.clock import Rate
from storyreel.artifact.v1 import artifact_pb2
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.generation.v1.footage_pb2 import Floor, Footage

ALL = ["t2v", "i2v", "ti2v"]
LAST, FIRST = (
    artifact_pb2.Artifact(uri=f"artifact://local/{sha256}", sha256=sha256, size_bytes=1)
    for sha256 in ("1" * 64, "2" * 64)
)
LORA = footage_pb2.Lora(weights=FIRST)


@pytest.mark.parametrize(
    ("wish", "pools", "model"),
    [
        (Footage(prompt="a lamp"), ALL, "i2v-A14B"),
        (Footage(prompt="a lamp"), ["t2v"], ""),
        (Footage(prompt="a lamp"), ["t2v", "ti2v"], ""),
        (Footage(prompt="a lamp", model="ti2v-5B"), ["ti2v"], "ti2v-5B"),
        (Footage(prompt="a lamp", image=FIRST), ALL, "ti2v-5B"),
        (Footage(image=FIRST), ["i2v"], "i2v-A14B"),
        (Footage(prompt="a lamp", extension=footage_pb2.EXTENSION_LOOP), ALL, ""),
        (Footage(image=FIRST, extension=footage_pb2.EXTENSION_LOOP), ALL, ""),
        (Footage(prompt="a lamp", extension=footage_pb2.EXTENSION_CONTINUE), ["t2v"], ""),
        (Footage(prompt="a lamp", profile=footage_pb2.PROFILE_DISTILLED, loras=[LORA]), ALL, ""),
        (Footage(image=FIRST, profile=footage_pb2.PROFILE_DISTILLED, loras=[LORA]), ALL, "i2v-A14B"),
        (Footage(prompt="a lamp", floor=Floor(keep_loras=True), loras=[LORA]), ALL, ""),
        (Footage(prompt="a lamp", floor=Floor(keep_loras=True)), ALL, "i2v-A14B"),
    ],
)
def test_who_goes_on(wish: Footage, pools: list[str], model: str) -> None:
    assert routing.successor(wish, pools) == model


def test_another_model_keeps_what_is_seen_and_not_the_numbers_of_the_first() -> None:
    wish = Footage(
        prompt="a lamp",
        negative_prompt="rain",
        mode=footage_pb2.MODE_T2V,
        resolution=footage_pb2.RESOLUTION_480P,
        quantization=footage_pb2.QUANTIZATION_FP8,
        allow_approximate=True,
        floor=Floor(resolution=footage_pb2.RESOLUTION_480P),
        seed=7,
        steps=60,
        guidance=6,
        loras=[LORA],
    )

    new = routing.continued(wish, LAST, model="i2v-A14B")

    assert new == Footage(
        prompt="a lamp",
        negative_prompt="rain",
        model="i2v-A14B",
        image=LAST,
        resolution=footage_pb2.RESOLUTION_480P,
        quantization=footage_pb2.QUANTIZATION_FP8,
        allow_approximate=True,
        floor=Floor(resolution=footage_pb2.RESOLUTION_480P),
        seed=7,
    )
    assert wish.steps == 60


def test_the_same_model_keeps_everything_but_the_image() -> None:
    wish = Footage(image=FIRST, last_image=FIRST, model="i2v-A14B", steps=40, guidance=3, loras=[LORA])

    new = routing.continued(wish, LAST, model="i2v-A14B")

    wish.image.CopyFrom(LAST)
    assert new == wish


@pytest.mark.parametrize(
    ("model", "fields"),
    [("ti2v-5B", ["steps", "resolution"]), ("i2v-A14B", ["resolution"])],
)
def test_what_retries_changed_stays_changed_in_one_record(model: str, fields: list[str]) -> None:
    wish = Footage(prompt="a lamp", model="ti2v-5B" if model == "ti2v-5B" else "")
    wish.resolution = footage_pb2.RESOLUTION_480P
    for steps, resolution in (("50", "1080p"), ("40", "720p")):
        retry = wish.retries.add(category="VRAM_MEMORY")
        for field, before in (("footage.steps", steps), ("resolution", resolution)):
            retry.changes.append(recovery_pb2.Change(field=field, to="480p", **{"from": before}))

    new = routing.continued(wish, LAST, model=model)

    (retry,) = new.retries
    assert retry.category == "VRAM_MEMORY"
    assert [change.field for change in retry.changes] == fields
    assert [getattr(change, "from") for change in retry.changes] == ["50", "1080p"][-len(fields) :]
    assert new.resolution == footage_pb2.RESOLUTION_480P


def test_a_clips_length_is_foreseen_and_is_all_that_is_left_of_a_wish_that_nobody_makes() -> None:
    wish = Footage(prompt="a lamp", model="ti2v-5B")

    first = routing.length(wish, 400, Rate(30), link=0)
    later = routing.length(routing.continued(wish, LAST, model="ti2v-5B"), 400 - first, Rate(30), link=1)
    impossible = routing.length(Footage(mode=footage_pb2.MODE_I2V), 400, Rate(30), link=0)

    assert 100 < first <= 151
    assert 100 < later <= 150
    assert impossible == 400
