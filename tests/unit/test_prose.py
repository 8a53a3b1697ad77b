"""The check of what people read finds the turned negation, and leaves alone what is said as usual."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prose import in_code, in_pages


def found(root: Path, code: str) -> list[tuple[str, str]]:
    (root / "services").mkdir()
    (root / "services" / "a.py").write_text(code)
    return list(in_code(root))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('"""It is no module."""\n', "is no module"),
        ('raise ValueError(\n    f"{path} is "\n    f"no folder."\n)\n', "is no folder"),
        ('said = f"{key} is none of {known}"\n', "is none of"),
        ('WORDS = 1\n"""These are no words."""\n', "are no words"),
    ],
    ids=["docstring", "string in parts", "none of", "docstring of a value"],
)
def test_a_negation_in_the_nouns_place_is_found_with_its_line(tmp_path: Path, code: str, words: str) -> None:
    ((place, said),) = found(tmp_path, code)

    assert place.startswith("services/a.py:")
    assert said == words


@pytest.mark.parametrize(
    "code",
    [
        '"""There is no job, and the clip is no longer wanted."""\n',
        'said = "It is not a folder."\n',
        "# It is no string.\n",
        '"""Say so.\n\n    Raises:\n        ValueError: It is no number.\n"""\n',
    ],
    ids=["usual order", "not a", "comment", "below the first line"],
)
def test_what_is_said_as_usual_or_read_by_no_user_is_left_alone(tmp_path: Path, code: str) -> None:
    assert found(tmp_path, code) == []


def test_a_page_is_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A\n\nThis is no page.\n")

    assert list(in_pages(tmp_path)) == [("README.md:3", "is no page")]
