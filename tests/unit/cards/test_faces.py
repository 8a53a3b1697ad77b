"""Every character is drawn by a font that has it, the vendored ones first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import features

from services.cards.typesetting import faces
from tests.unit.cards.conftest import font


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


Install = Callable[[Path], None]


def test_a_font_of_the_machine_draws_what_the_vendored_ones_lack(machine: Install, tmp_path: Path) -> None:
    before = faces.face_of("漢", "regular")
    machine(font(tmp_path / "Kanji-Regular.ttf", "漢"))

    found = faces.face_of("漢", "regular")

    assert before is None
    assert found is not None
    assert found.path.name == "Kanji-Regular.ttf"


def test_bold_text_takes_the_bold_font_beside_the_regular_one(machine: Install, tmp_path: Path) -> None:
    machine(font(tmp_path / "Kanji-Regular.ttf", "漢字"))
    font(tmp_path / "Kanji-Bold.ttf", "漢")

    drawn = {char: faces.face_of(char, "bold") for char in "漢字"}

    assert [face and face.path.name for face in drawn.values()] == ["Kanji-Bold.ttf", "Kanji-Regular.ttf"]


def test_the_scripts_that_can_be_drawn_are_known(machine: Install, tmp_path: Path) -> None:
    bare = faces.drawable_scripts()
    machine(font(tmp_path / "Korean.ttf", "한글"))

    able = faces.drawable_scripts()

    assert all(bare[script] for script in ("Latin", "Greek", "Cyrillic"))
    assert not any(bare[script] for script in ("Chinese", "Japanese", "Korean", "Devanagari"))
    assert able["Korean"]
    assert not able["Japanese"]


def test_what_cannot_be_drawn_is_named_once_in_order(machine: Install) -> None:
    assert faces.undrawable("再 b 開 再\u200d ✅") == ["再", "開"]


def test_only_the_face_for_code_keeps_its_signs_apart() -> None:
    assert {face.path.name for weight in faces.CHAINS for face in faces.chain(weight) if face.fixed} == {
        "JetBrainsMono-Regular.ttf",
        "JetBrainsMono-Bold.ttf",
    }
