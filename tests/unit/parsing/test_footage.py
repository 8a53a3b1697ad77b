"""A block that describes a picture is read line by line, and says what of it is not used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.parsing.backends.footage import LONGEST_PROMPT, named_files, read_wish
from services.story.footage import Footage


def warned(content: str) -> str:
    """The one warning of a block that has a prompt besides."""
    wish = read_wish(f"prompt: a lamp\n{content}", 10)
    (warning,) = (warning.message for warning in wish.warnings)
    assert wish.footage == Footage(prompt="a lamp")
    return warning


def test_every_key_is_read() -> None:
    wish = read_wish(
        "prompt: a lighthouse at dusk\nNegative-Prompt: people\nmode: T2V\nmodel: t2v-a14b\n"
        "resolution: 480P\nsteps: 40\nguidance: 4.5\nseed: 7\nvisual: auto\n",
        1,
    )

    assert wish.footage == Footage(
        prompt="a lighthouse at dusk",
        negative_prompt="people",
        mode="t2v",
        model="t2v-A14B",
        resolution="480p",
        steps=40,
        guidance=4.5,
        seed=7,
    )
    assert (wish.visual, wish.warnings) == ("auto", ())


def test_lines_without_a_key_continue_the_prompt() -> None:
    wish = read_wish("prompt: a lamp\nsteps: 30\n\n  in the rain,\nas on https://example.org\n", 1)

    assert wish.footage == Footage(prompt="a lamp in the rain, as on https://example.org", steps=30)
    assert wish.visual == "footage"
    assert not wish.warnings


def test_a_block_of_a_sentence_alone_is_its_prompt() -> None:
    assert read_wish("Waves break on rocks.\n", 1).footage == Footage(prompt="Waves break on rocks.")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("stepz: 30", ["line 12", "`stepz`", "“30”", "steps"]),
        ("steps: many", ["line 12", "`steps`", "“many”", "from 1 to 1,000"]),
        ("steps: 0", ["`steps`", "“0”"]),
        ("steps: ³", ["`steps`", "“³”"]),
        ("guidance: nan", ["`guidance`", "“nan”", "from 1 to 20"]),
        ("guidance: 21", ["`guidance`"]),
        ("seed: -1", ["`seed`", "“-1”"]),
        ("seed: 4294967296", ["`seed`"]),
        ("resolution: 4K", ["`resolution`", "480p, 720p, 1080p"]),
        ("mode: video", ["`mode`", "t2v, i2v, ti2v"]),
        ("model: sora", ["`model`", "ti2v-5B"]),
        ("visual: yes", ["`visual`", "footage, auto, template"]),
        ("prompt: another lamp", ["`prompt`", "twice", "“another lamp”"]),
    ],
)
def test_what_is_not_used_is_said_with_its_line_and_key(content: str, parts: list[str]) -> None:
    warning = warned(content)

    assert [part for part in parts if part not in warning] == []


def test_a_key_that_is_given_twice_keeps_its_first_value() -> None:
    wish = read_wish("a lamp\nsteps: 30\nsteps: 40", 1)

    assert wish.footage == Footage(prompt="a lamp", steps=30)
    assert "“40”" in wish.warnings[0].message


def test_a_block_without_a_prompt_wishes_nothing_and_says_so() -> None:
    wish = read_wish("steps: 30\n", 4)

    assert wish.footage is None
    assert tuple(warning.message for warning in wish.warnings) == (
        "Footage, line 4: there is no `prompt:` and no `image:`, so the picture stays a card.",
    )


FJORD, SHORE = (
    Artifact.of("local", sha256, size_bytes=9, media_type="image/png") for sha256 in ("1" * 64, "2" * 64)
)
FILES = {"pictures/fjord.png": FJORD, "shore.png": SHORE}


@pytest.mark.parametrize(
    ("content", "footage"),
    [
        ("a fjord\nimage: pictures/fjord.png", Footage(prompt="a fjord", image=FJORD)),
        ("Image:pictures/fjord.png\nlast-image: shore.png", Footage(image=FJORD, last_image=SHORE)),
        ("image: pictures/fjord.png", Footage(image=FJORD)),
        ("image: shore.png\nmode: i2v\nextension: LOOP", Footage(image=SHORE, mode="i2v", extension="loop")),
    ],
)
def test_images_are_those_that_came_with_the_document(content: str, footage: Footage) -> None:
    wish = read_wish(content, 1, FILES)

    assert (wish.footage, wish.warnings) == (footage, ())


def test_without_a_file_that_it_names_the_picture_stays_a_card_and_the_line_is_told() -> None:
    wish = read_wish("a fjord\nimage: none.png\nsteps: 30", 10, FILES)
    alone = read_wish("image: ../../etc/passwd", 10, FILES)

    assert wish.footage is None
    assert wish.warnings[0].message.startswith(
        "Footage, line 12: `image` names “none.png”, which did not come"
    )
    assert "so the picture stays a card: it must be a PNG, JPEG or WebP file" in wish.warnings[0].message
    assert (alone.footage, len(alone.warnings)) == (None, 1)


def test_a_last_image_alone_is_not_used_and_said_so() -> None:
    wish = read_wish("a fjord\nlast_image: shore.png", 1, FILES)

    assert wish.footage == Footage(prompt="a fjord")
    assert "`last_image` ends what an `image` begins" in wish.warnings[0].message


def test_the_files_that_blocks_name_are_found_before_the_document_is_read() -> None:
    text = """image: front.png

```footage
a fjord
image: pictures/fjord.png
Last-Image:  shore.png\r
image: https://example.org/a.png
```
````markdown
```footage
image: example.png
```
````
> ~~~ FOOTAGE
> image: quoted.png
> ~~~
```footage
image:
image: pictures/fjord.png"""

    assert named_files(text) == (
        "pictures/fjord.png",
        "shore.png",
        "https://example.org/a.png",
        "quoted.png",
    )


@given(st.text(st.sampled_from("`~> \nimage:footage x.png"), max_size=200))
def test_whatever_a_document_says_its_files_are_looked_for(text: str) -> None:
    assert all(name.strip() == name != "" for name in named_files(text))


def test_a_prompt_that_the_contract_does_not_take_is_cut_and_said_so() -> None:
    wish = read_wish("prompt: " + "x" * (LONGEST_PROMPT + 5), 1)

    assert wish.footage == Footage(prompt="x" * LONGEST_PROMPT)
    assert "5 of its characters, the last" in wish.warnings[0].message


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), max_size=300))
def test_a_text_without_keys_is_the_prompt_word_for_word(content: str) -> None:
    wish = read_wish(content, 1)

    assert (wish.footage.prompt if wish.footage else "") == " ".join(content.split())


@given(st.text(st.sampled_from("prompt seds:\n30 xé"), max_size=80))
def test_each_value_is_used_or_warned_of(content: str) -> None:
    wish = read_wish(content, 1)

    told = f"{wish.footage} {' '.join(warning.message for warning in wish.warnings)}"
    values = [word for line in content.split("\n") for word in line.rpartition(":")[2].split()]
    assert [word for word in values if wish.footage and word not in told] == []
