"""What goes over the wire to each engine: form, fields, numbers, the order of the two guidances."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from services.chassis.errors import Change, InvalidRequest
from services.generation.footage.native import plan
from services.generation.video_api.dialects import DIALECTS, OPENAI, SGLANG
from services.generation.video_api.request import fitted, refuse, unsaid
from services.media.clip import Picture
from services.media.clock import Rate
from services.story.footage import Footage, Lora
from tests.unit.generation.video_api.serving import SHOT, Opens, Set, video

WISH = Footage(prompt="A lake, “dawn”", negative_prompt="blur", seed=7, steps=40, guidance=4.0)


async def sent(made: Set, wish: Footage = WISH) -> Any:
    await made.make(wish)
    return made.engine.calls("POST")[0]


async def test_sglang_gets_json_with_the_strong_noise_first(opened: Opens) -> None:
    seen = await sent(await opened("sglang"))

    assert seen.kind == "application/json"
    assert seen.values == {
        "prompt": "A lake, “dawn”",
        "negative_prompt": "blur",
        "model": "wan-t2v",
        "size": "1280x720",
        "num_frames": 13,
        "fps": 16,
        "num_inference_steps": 40,
        "seed": 7,
        "flow_shift": 12.0,
        "guidance_scale": 4.0,
        "guidance_scale_2": 3.0,
    }


async def test_vllm_omni_gets_a_form_with_the_weak_noise_first(opened: Opens) -> None:
    seen = await sent(await opened("vllm_omni"))

    assert seen.kind == "multipart/form-data"
    assert seen.files == {}
    assert seen.values == {
        "prompt": "A lake, “dawn”",
        "negative_prompt": "blur",
        "model": "wan-t2v",
        "size": "1280x720",
        "num_frames": "13",
        "fps": "16",
        "num_inference_steps": "40",
        "seed": "7",
        "flow_shift": "12",
        "boundary_ratio": "0.875",
        "guidance_scale": "3",
        "guidance_scale_2": "4",
    }


async def test_dynamo_gets_its_numbers_in_nvext(opened: Opens) -> None:
    made = await opened("dynamo")

    seen = await sent(made)

    assert seen.values == {
        "prompt": "A lake, “dawn”",
        "model": "wan-t2v",
        "size": "1280x720",
        "response_format": "b64_json",
        "output_format": "mp4",
        "nvext": {
            "negative_prompt": "blur",
            "num_frames": 13,
            "fps": 16,
            "num_inference_steps": 40,
            "seed": 7,
            "boundary_ratio": 0.875,
            "guidance_scale": 4.0,
            "guidance_scale_2": 3.0,
        },
    }
    assert len(made.engine.seen) == 1


async def test_trtllm_gets_no_field_that_it_would_refuse(opened: Opens) -> None:
    seen = await sent(await opened("trtllm"))

    assert seen.values == {
        "prompt": "A lake, “dawn”",
        "negative_prompt": "blur",
        "model": "wan-t2v",
        "size": "1280x720",
        "num_frames": 13,
        "fps": 16,
        "num_inference_steps": 40,
        "seed": 7,
        "guidance_scale": 4.0,
        "extra_params": {"guidance_scale_2": 3.0, "boundary_ratio": 0.875},
        "format": "mp4",
    }


async def test_openai_gets_whole_seconds_and_nothing_it_does_not_know(opened: Opens) -> None:
    made = await opened("openai", key="sk-1")
    made.engine.video, made.engine.key = video(64), "sk-1"

    seen = await sent(made)

    assert seen.kind == "multipart/form-data"
    assert seen.values == {
        "prompt": "A lake, “dawn”",
        "model": "wan-t2v",
        "size": "1280x720",
        "seconds": "4",
    }


async def test_one_expert_has_one_guidance(opened: Opens) -> None:
    seen = await sent(await opened("vllm_omni"), Footage(prompt="A lake", model="ti2v-5B", seed=1))

    assert seen.values["guidance_scale"] == "5"
    assert "guidance_scale_2" not in seen.values
    assert "boundary_ratio" not in seen.values


async def test_without_names_of_models_none_is_sent(opened: Opens) -> None:
    seen = await sent(await opened("sglang", models={}))

    assert "model" not in seen.values


@pytest.mark.parametrize("dialect", ["sglang", "vllm_omni"])
async def test_an_image_is_a_file_under_a_name_of_ours(opened: Opens, dialect: str) -> None:
    made = await opened(dialect)
    image = await made.image()

    seen = await sent(made, Footage(prompt="It moves", image=image, mode="i2v", seed=1))

    name, kind, data = seen.files["input_reference"]
    assert (name, kind) == ("image.png", "image/png")
    assert data == await made.store.read(image)
    assert seen.kind == "multipart/form-data"
    assert seen.values["num_frames"] == "13"


@pytest.mark.parametrize(("dialect", "field"), [("dynamo", "input_reference"), ("trtllm", "image_reference")])
async def test_an_image_is_a_data_url_in_json(opened: Opens, dialect: str, field: str) -> None:
    made = await opened(dialect)
    image = await made.image()

    seen = await sent(made, Footage(prompt="It moves", image=image, mode="i2v", seed=1))

    head, _, encoded = seen.values[field].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(encoded) == await made.store.read(image)


async def test_openai_gets_the_image_at_the_videos_size(opened: Opens) -> None:
    made = await opened("openai")
    made.engine.video = video(64)

    seen = await sent(made, Footage(prompt="It moves", image=await made.image(), mode="i2v", seed=1))

    with Image.open(io.BytesIO(seen.files["input_reference"][2])) as image:
        assert image.size == (1280, 720)


async def test_the_key_goes_in_its_header(opened: Opens) -> None:
    plain = await sent(await opened("sglang", key="sk-1"))
    other = await sent(await opened("sglang", key="sk-2", key_header="X-Api-Key"))

    assert plain.headers["Authorization"] == "Bearer sk-1"
    assert other.headers["X-Api-Key"] == "sk-2"
    assert "Authorization" not in other.headers


async def test_what_the_interface_cannot_say_is_told(opened: Opens) -> None:
    made = await opened("openai")
    made.engine.video = video(64)

    making = await made.make(WISH)

    told = {adjustment.field: adjustment for adjustment in making.adjustments}
    assert {"steps", "guidance", "seed", "flow_shift", "negative_prompt"} <= told.keys()
    assert told["seed"].before == "7"
    assert told["steps"].reason == "openai has no field for it: the server decides."


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_nothing_is_unsaid_that_is_said(name: str) -> None:
    native, _ = plan(WISH, frames=24, rate=Rate(30))

    told = unsaid(DIALECTS[name], native, WISH)

    assert {adjustment.field for adjustment in told} & set(DIALECTS[name].fields) == set()


def test_the_form_of_the_weights_is_the_servers_own() -> None:
    wish = Footage(prompt="A lake", quantization="fp8", allow_approximate=True)
    native, _ = plan(wish, frames=24, rate=Rate(30))

    told = unsaid(SGLANG, native, wish)

    assert [(adjustment.field, adjustment.before) for adjustment in told] == [("quantization", "fp8")]


@pytest.mark.parametrize(
    ("picture", "size"),
    [(Picture(1920, 1080, Rate(30)), (1280, 720)), (Picture(1080, 1920, Rate(30)), (720, 1280))],
)
def test_a_size_that_the_server_makes_is_taken(picture: Picture, size: tuple[int, int]) -> None:
    wish = Footage(prompt="A lake", resolution="480p")
    native, _ = plan(wish, frames=24, rate=Rate(30), size=(picture.width, picture.height))

    made, told = fitted(native, OPENAI)

    assert (made.width, made.height) == size
    assert [adjustment.field for adjustment in told] == ["resolution", "frames"]


@pytest.mark.parametrize(("frames", "seconds"), [(24, 4), (120, 4), (150, 8), (300, 8), (9000, 8)])
def test_the_shortest_length_that_suffices_is_taken(frames: int, seconds: int) -> None:
    native, _ = plan(Footage(prompt="A lake"), frames=frames, rate=Rate(30))

    made, _ = fitted(native, OPENAI)

    assert made.frames == seconds * made.rate


async def test_loras_and_a_last_image_are_refused_before_anything_is_sent(opened: Opens) -> None:
    made = await opened("vllm_omni")
    image = await made.image()

    with pytest.raises(InvalidRequest, match="takes no loras and last_image") as caught:
        refuse(Footage(prompt="x", loras=(Lora(image),), last_image=image), DIALECTS["vllm_omni"])
    with pytest.raises(InvalidRequest):
        await made.make(Footage(mode="i2v", image=image, last_image=image))

    assert [violation.field for violation in caught.value.violations] == ["loras", "last_image"]
    assert made.engine.seen == []


@pytest.mark.parametrize("kind", ["image/gif", "text/html"])
async def test_an_image_of_another_kind_is_refused(opened: Opens, kind: str) -> None:
    made = await opened("sglang")
    image = await made.store.put_bytes(b"GIF89a", media_type=kind)

    with pytest.raises(InvalidRequest, match="image cannot be sent"):
        await made.make(Footage(mode="i2v", image=image))

    assert made.engine.seen == []


async def test_an_image_that_does_not_open_is_refused(opened: Opens) -> None:
    made = await opened("openai")
    image = await made.store.put_bytes(b"no png at all", media_type="image/png")

    with pytest.raises(InvalidRequest, match="image cannot be used"):
        await made.make(Footage(mode="i2v", image=image))

    assert made.engine.seen == []


async def test_a_model_that_the_server_has_not_names_those_it_has(opened: Opens) -> None:
    made = await opened("sglang", models={"ti2v-5B": "wan-5b"})

    report = await made.backend.estimate(WISH, frames=SHOT.frames, picture=SHOT.picture)

    assert report.plan is not None
    assert report.blocking[0].message == "The video server has no t2v-A14B; it has ti2v-5B."
    assert report.blocking[0].suggestions[0].changes == [Change("model", "t2v-A14B", "ti2v-5B")]
