"""The built-in themes are values of a look, and every colour of them is one that the contract takes."""

from __future__ import annotations

import pytest

from services.story.look import ACCENTS, THEMES, builtin, builtins, mixed, opacity, rgb


def test_every_theme_is_there_with_every_accent() -> None:
    found = [(theme, accent) for theme, accent, _ in builtins()]

    assert found == [(theme, accent) for theme in THEMES for accent in ACCENTS]
    assert len({look for _, _, look in builtins()}) == len(found)


def test_without_names_it_is_dark_and_blue() -> None:
    assert builtin() == builtin("dark", "blue")


@pytest.mark.parametrize("names", [("dark", "mauve"), ("dusk", "blue")])
def test_an_unknown_theme_or_accent_says_which_there_are(names: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="dark, light, accents orange, blue, purple, green, pink, cyan"):
        builtin(*names)


def test_a_colour_is_read_with_its_opacity() -> None:
    assert (rgb("#0a10ff"), opacity("#0a10ff")) == ((10, 16, 255), 1.0)
    assert (rgb("#0a10ff33"), opacity("#0a10ff33")) == ((10, 16, 255), 0.2)
    assert opacity("#00000000") == 0.0


def test_a_mixed_colour_lies_between_two() -> None:
    assert [mixed("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]
