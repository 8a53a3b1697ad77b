"""Every character is drawn by a font that has it, the vendored ones first."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import features

from services.generation.backends.template import faces


def test_pillow_shapes_text() -> None:
    assert features.check("raqm")


@pytest.mark.parametrize("weight", sorted(faces.CHAINS))
def test_latin_is_drawn_by_the_first_vendored_file(weight: str) -> None:
    face = faces.face_of("a", weight)

    assert face is not None
    assert face.path.name == faces.CHAINS[weight][0]


def test_what_one_vendored_face_lacks_the_next_one_has() -> None:
    face = faces.face_of("↪", "mono")

    assert face is not None
    assert face.path.name == "Inter-Regular.otf"


def test_a_character_of_no_font_has_no_face() -> None:
    assert faces.face_of("\U0010fffd", "regular") is None


def test_each_vendored_family_has_its_licence_beside_it() -> None:
    for name in ("Inter-OFL.txt", "JetBrainsMono-OFL.txt"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in (faces.FONTS / name).read_text()


def test_the_fonts_are_small_enough_to_travel() -> None:
    assert sum(path.stat().st_size for path in faces.FONTS.iterdir()) < 2_500_000


def test_the_fingerprint_is_stable() -> None:
    assert faces.fingerprint() == faces.fingerprint()
    assert len(faces.fingerprint()) == 16


def test_a_broken_font_file_covers_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "Broken.ttf"
    broken.write_bytes(b"not a font")

    assert faces.load(broken).covered == frozenset()


@pytest.mark.parametrize(
    ("char", "package"),
    [
        ("再", "fonts-noto-cjk"),
        ("ス", "fonts-noto-cjk"),
        ("س", "fonts-noto-core"),
        ("🚀", "fonts-symbola"),
        ("\ue000", ""),
    ],
)
def test_a_missing_character_comes_with_what_to_install(char: str, package: str) -> None:
    assert faces.package_for(char) == package
