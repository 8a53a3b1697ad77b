"""An image card shows its file upright, within the content area, with its caption and credit below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from services.artifacts.store import Artifact
from services.cards.images import upright
from services.cards.scenes import draw
from services.story.scene import Image as Shown
from services.story.scene import ImageCard
from services.story.text import Text
from tests.unit.cards.cards import canvas

FILE = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="image/png")
CARD = ImageCard(Text("Where"), Shown(FILE, "A map", Text("The islands"), "A. Keeper"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph, red on its left half and blue on its right, whose camera was held on its side."""
    image = Image.new("RGB", (80, 40), "blue")
    image.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(tmp_path / "photo.png", exif=exif)
    return tmp_path / "photo.png"


def test_an_image_is_turned_as_the_camera_was_held(photo: Path) -> None:
    image = upright(photo, 400, 400)

    assert image is not None
    assert image.size == (40, 80)
    assert image.getpixel((20, 10)) == (255, 0, 0, 255)
    assert image.getpixel((20, 70)) == (0, 0, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_an_image_of_any_mode_fits_the_place_it_is_given(tmp_path: Path, mode: str) -> None:
    ending = "jpg" if mode == "CMYK" else "png"
    Image.new(mode, (900, 300)).save(tmp_path / f"a.{ending}")

    image = upright(tmp_path / f"a.{ending}", 300, 200)

    assert image is not None
    assert (image.mode, image.size) == ("RGBA", (300, 100))


def test_the_image_stands_within_the_content_area_with_its_texts_below_it(photo: Path) -> None:
    scene = canvas(CARD, width=1280, height=720)

    drawing = draw(CARD, scene, photo)

    *_, picture, caption, credit = drawing.layers
    assert not drawing.unshown
    assert picture.y + picture.image.height < caption.y < credit.y
    assert credit.y + credit.image.height < 0.88 * 720
    assert picture.image.height > picture.image.width  # upright
    assert abs(picture.x + picture.image.width / 2 - 640) <= 1
    assert abs(caption.x + caption.image.width / 2 - 640) <= 4


def test_what_is_transparent_lies_on_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64)).save(tmp_path / "clear.png")

    picture = draw(CARD, canvas(CARD), tmp_path / "clear.png").layers[-3].image

    centre = np.asarray(picture)[picture.height // 2, picture.width // 2]
    assert centre.tolist() == [255, 255, 255, 255]


@pytest.mark.parametrize("data", [None, b"no image"])
def test_an_image_that_cannot_be_shown_is_reported_and_the_rest_is_drawn(
    tmp_path: Path, data: bytes | None
) -> None:
    file = tmp_path / "broken.png"
    if data:
        file.write_bytes(data)

    drawing = draw(CARD, canvas(CARD), file if data else None)

    assert drawing.unshown == ("image: its file cannot be read as a PNG, JPEG or WebP image",)
    assert len(drawing.layers) >= 3


def test_a_cut_short_image_is_reported(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(data[: len(data) // 2])

    assert upright(tmp_path / "half.png", 100, 100) is None
