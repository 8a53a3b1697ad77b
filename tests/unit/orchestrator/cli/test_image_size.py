"""The size of an image is read from its head, and bytes of any kind do no harm."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from orchestrator.cli import image_size


def image(kind: str, width: int, height: int, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, kind, **options)
    return file.getvalue()


KINDS = {
    "png": image("PNG", 300, 7),
    "jpeg": image("JPEG", 300, 7),
    "progressive jpeg with a comment": image("JPEG", 300, 7, progressive=True, comment=b"a fjord" * 99),
    "webp": image("WEBP", 300, 7),
    "lossless webp": image("WEBP", 300, 7, lossless=True),
    "extended webp": image("WEBP", 300, 7, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_width_and_height_are_those_of_the_picture(kind: str) -> None:
    assert image_size.size(KINDS[kind]) == (300, 7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_that_is_cut_off_or_damaged_tells_a_size_or_none(kind: str) -> None:
    dice = random.Random(kind)
    whole = KINDS[kind]

    told = [image_size.size(whole[:length]) for length in range(min(len(whole), 64))]
    for _ in range(2000):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[dice.randrange(min(len(damaged), 128))] = dice.randrange(256)
        told.append(image_size.size(bytes(damaged)))

    assert None in told
    assert all(found is None or min(found) > 0 for found in told)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a" + bytes(40), b"RIFF\0\0\0\0WEBPVP8 "])
def test_what_is_no_whole_image_has_no_size(data: bytes) -> None:
    assert image_size.size(data) is None


def test_a_jpeg_of_endless_segments_ends() -> None:
    data = b"\xff\xd8" + b"\xff\xe0\x00\x00" * 1_000_000

    assert image_size.size(data) is None
