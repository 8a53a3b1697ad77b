"""People are told which writing system lacks a font, how much of it, and what to install."""

from __future__ import annotations

import pytest

from services.cards.typesetting import scripts


@pytest.mark.parametrize(
    ("char", "script", "package"),
    [
        ("再", "Chinese", "cjk"),
        ("「", "Chinese", "cjk"),
        ("ス", "Japanese", "cjk"),
        ("한", "Korean", "cjk"),
        ("س", "Arabic", "core"),
        ("،", "Arabic", "core"),
        ("ह", "Devanagari", "core"),
        ("ி", "Tamil", "core"),
        ("🚀", "emoji and signs", "symbols"),
        ("①", "emoji and signs", "symbols"),
        ("\ue000", "private", ""),
        ("\U0010ffff", "unknown", ""),
    ],
)
def test_a_character_belongs_to_a_script_and_a_package(char: str, script: str, package: str) -> None:
    assert scripts.script_of(char) == script
    assert scripts.package_for(char) == package


def test_each_sample_belongs_to_its_script_or_to_one_of_the_same_package() -> None:
    for script, sample in scripts.SAMPLES.items():
        packages = {scripts.package_for(char) for char in sample}
        assert len(packages) == 1, script
        assert packages <= set(scripts.INSTALL), script


def test_what_is_lacking_is_counted_named_and_comes_with_its_package() -> None:
    chinese, tamil = scripts.lacking("汉漢字体" + "த")

    assert chinese.startswith(
        "4 characters have no font on this machine (Chinese: 汉 漢 字 …); install fonts-"
    )
    assert all(system in chinese for system in ("Debian", "Fedora", "Arch", "Alpine"))
    assert tamil.startswith("1 character has no font on this machine (Tamil: த); install fonts-noto-core")


def test_han_beside_kana_is_japanese() -> None:
    (report,) = scripts.lacking("漢字かな")

    assert "(Japanese: 漢 字 か …)" in report


def test_han_is_japanese_only_where_kana_are_in_the_same_text() -> None:
    (report,) = scripts.lacking("你好", "漢字かな", "你")

    assert "6 characters have no font on this machine (Chinese: 你 好; Japanese: 漢 字 か …)" in report


def test_nothing_lacking_is_nothing_said() -> None:
    assert scripts.lacking("") == []


def test_stand_ins_are_shapes_that_the_vendored_faces_have() -> None:
    from services.cards.typesetting import faces

    covered = {code for weight in faces.CHAINS for face in faces.chain(weight) for code in face.covered}

    assert {ord(sign) for sign in (*scripts.STAND_INS.values(), scripts.PLACEHOLDER)} <= covered
