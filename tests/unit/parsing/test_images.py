"""An image that stands alone and came with the document is shown; of others the alternative text is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from services.artifacts.store import Artifact
from services.parsing.backends.addresses import file_names, pictured
from services.parsing.backends.blocks import SAID
from services.parsing.backends.markdown import outline
from services.parsing.edit import storyboard
from services.parsing.images import UnusableError, measured
from services.parsing.storyboard import Storyboard
from services.story.scene import Image as Shown
from services.story.scene import ImageCard, ParagraphCard
from services.story.text import Text

FILE = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="image/png")


def board(text: str, *names: str) -> Storyboard:
    found = outline(text, language="en", images=dict.fromkeys(names, FILE))
    return storyboard(found, name="", language="en")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("![A map](map.png)", "map.png"),
        ("![A map](./img/map.png)", "img/map.png"),
        ("![A map](<my map.png>)", "my map.png"),
        ("![A map](k%C3%A4rte.png)", "kärte.png"),
        ("![A map][m]\n\n[m]: map.png", "map.png"),
        ("[![A map](map.png)](https://example.org)", "map.png"),
        ('<img src="map.png" alt="A map">', "map.png"),
        ('<p align="center"><img alt="A map" src="map.png"></p>', "map.png"),
    ],
)
def test_an_image_alone_in_a_paragraph_is_a_card_under_its_heading(written: str, name: str) -> None:
    made = board(f"# T\n\n## C\n\n### Where\n\n{written}\n", name)

    assert made.scenes[-1].card == ImageCard(Text("Where"), Shown(FILE, "A map"), True)
    (block,) = (block for block in made.blocks if block.kind == "image")
    assert [(p.scene, p.element) for p in block.placements] == [(len(made.scenes) - 1, "image")]


def test_what_an_image_is_called_is_its_caption() -> None:
    made = board('# T\n\n## C\n\n![A map](map.png "The  islands")\n', "map.png")

    assert made.scenes[-1].card == ImageCard(Text("C"), Shown(FILE, "A map", Text("The islands")))


@pytest.mark.parametrize(
    "written", ["![A map](other.png)", "![A map](https://example.org/map.png)", "![A map](../map.png)"]
)
def test_an_image_that_did_not_come_along_is_told_by_its_alternative_text(written: str) -> None:
    made = board(f"# T\n\n## C\n\n{written}\n", "map.png")

    card = made.scenes[-1].card
    assert isinstance(card, ParagraphCard)
    assert card.sentences == (Text("Figure: A map."),)
    assert [block.drop_reason for block in made.blocks if block.kind == "image"] == [SAID]


def test_an_image_within_a_line_is_told_where_it_stands() -> None:
    made = board("# T\n\n## C\n\nPress ![the button](button.png) now.\n", "button.png")

    card = made.scenes[-1].card
    assert isinstance(card, ParagraphCard)
    assert card.sentences == (Text("Press the button now."),)


def test_an_image_without_words_is_shown_too() -> None:
    made = board("# T\n\n## C\n\n![](map.png)\n", "map.png")

    assert made.scenes[-1].card == ImageCard(Text("C"), Shown(FILE))


def test_the_files_that_images_are_in_are_found_by_their_looks() -> None:
    text = (
        '![a](a.png) ![b](<b c.jpg> "t") ![r][r] ![w](https://x.org/w.png) ![d](data:image/png;base64,xx)\n'
        "<IMG width=3 src='e.webp'> ![a](./a.png)\n\n[r]: f.jpeg\n[s]: guide.md\n"
    )

    assert pictured(text) == ("a.png", "b c.jpg", "e.webp", "f.jpeg")


@pytest.mark.parametrize("hostile", ["![" * 300_000, "<img " * 200_000, "[x]:" * 200_000, "![a](" * 200_000])
def test_hostile_text_is_looked_through_in_bounded_work(hostile: str) -> None:
    assert len(pictured(hostile)) <= 1


def test_names_are_tried_as_they_are_written_and_as_they_are_meant() -> None:
    assert file_names("./a%20b.png") == ("./a%20b.png", "a%20b.png", "./a b.png", "a b.png")
    assert file_names("https://example.org/a.png") == ()


def test_an_image_is_measured_by_its_head_alone(tmp_path: Path) -> None:
    Image.new("RGB", (7, 5)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no image")
    Image.new("1", (8100, 8100)).save(tmp_path / "c.png")

    assert measured(tmp_path / "a.png") == (7, 5)
    with pytest.raises(UnusableError, match="not a whole PNG, JPEG or WebP"):
        measured(tmp_path / "b.png")
    with pytest.raises(UnusableError, match="8100 x 8100 pixels, more than 64,000,000"):
        measured(tmp_path / "c.png")
