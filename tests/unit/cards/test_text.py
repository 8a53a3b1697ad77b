"""Text is set in lines that fit, in the direction it is read, with fonts that have its characters."""

from __future__ import annotations

import numpy as np
import pytest

from services.cards.drawing.ink import merged, paint
from services.cards.typesetting import breaking, faces
from services.cards.typesetting.text import Block, Fragment, Style, advance, untied
from services.cards.typesetting.typesetter import CHARACTERS_MOST, Typesetter

BODY = Style("regular", 40)
WORDS = "Each stage runs as its own service and talks through small typed contracts. " * 3


def lines(block: Block) -> list[str]:
    """A left-to-right block's lines as they read."""
    return ["".join(run.text for run in line.runs) for line in block.lines]


def test_lines_are_as_wide_as_allowed_and_no_wider() -> None:
    block = Typesetter().set(WORDS, BODY, 700)

    assert len(block.lines) > 3
    assert all(line.width <= 700 for line in block.lines)
    assert " ".join(lines(block)) == WORDS.strip()


def test_balanced_lines_are_as_many_and_more_alike() -> None:
    text = "From documents to narrated videos in one command"
    greedy = Typesetter().set(text, BODY, 760)

    balanced = Typesetter().set(text, BODY, 760, balance=True)

    def raggedness(block: Block) -> float:
        return max(line.width for line in block.lines) - min(line.width for line in block.lines)

    assert len(balanced.lines) == len(greedy.lines) == 2
    assert raggedness(balanced) < raggedness(greedy)


def test_an_address_longer_than_a_line_is_torn_after_a_sign() -> None:
    block = Typesetter().set("https://example.org/a/very/long/path/to/some/document.html", BODY, 500)

    assert all(line.width <= 500 for line in block.lines)
    assert "".join(lines(block)) == "https://example.org/a/very/long/path/to/some/document.html"
    assert all(line[-1] in "/.:" for line in lines(block)[:-1])


def test_a_word_without_any_sign_is_torn_where_the_line_is_full() -> None:
    block = Typesetter().set("x" * 300, BODY, 400)

    assert all(0 < line.width <= 400 for line in block.lines)
    assert sum(len(line) for line in lines(block)) == 300


def test_white_space_is_collapsed() -> None:
    assert Typesetter().set("  a\n\t b \u2003", BODY, 500).text == "a b"


def test_tight_tracking_makes_a_title_narrower() -> None:
    loose = Typesetter().set("Narrated videos", Style("display", 100), 2000)

    tight = Typesetter().set("Narrated videos", Style("display", 100, tracking=-0.02), 2000)

    assert loose.width - tight.width == pytest.approx(15 * 2, abs=1.5)


def test_joined_scripts_are_never_letter_spaced() -> None:
    face = faces.chain("regular")[0]

    spaced = advance("سلام", face, Style("regular", 40, tracking=0.1), True)

    assert spaced == advance("سلام", face, Style("regular", 40), True)


def test_widths_scale_with_the_size() -> None:
    small, large = (Typesetter().set("Kerning AV To", Style("regular", s), 9000).width for s in (20, 80))

    assert large == pytest.approx(4 * small)


def test_a_character_no_font_has_is_left_out_and_remembered() -> None:
    setter = Typesetter()

    block = setter.set("before \U0010fffd after", BODY, 900)

    assert block.text == "before after"
    assert list(setter.missing) == ["\U0010fffd"]


@pytest.mark.usefixtures("machine")
def test_a_letter_no_font_has_is_one_place_and_remembered_once() -> None:
    setter = Typesetter()

    block = setter.set("go 再開再 on", BODY, 900)

    assert block.text == "go 再開再 on"
    assert "".join(lines(block)) == "go □□□ on"
    assert list(setter.missing) == ["再", "開"]


@pytest.mark.usefixtures("machine")
def test_marks_of_letters_no_font_has_leave_no_stray_dots() -> None:
    block = Typesetter().set("हिन्दी ก\u0301", BODY, 900)

    assert "".join(lines(block)) == "□□□ □"


@pytest.mark.usefixtures("machine")
def test_signs_with_a_known_shape_take_it_and_a_text_of_signs_alone_is_not_empty() -> None:
    setter = Typesetter()

    done, lonely = setter.set("✅ done 🚀", BODY, 900), setter.set("🚀", BODY, 900)

    assert "".join(lines(done)) == "✓ done"
    assert "".join(lines(lonely)) == "□"
    assert list(setter.missing) == ["🚀"]


def test_code_is_set_sign_by_sign_and_the_space_after_it_is_the_texts() -> None:
    setter = Typesetter()

    block = setter.set([Fragment("a -> b", weight="mono"), Fragment(" c")], BODY, 900)

    code, rest = block.lines[0].runs
    assert code.face.fixed
    assert code.width == pytest.approx(6 * 0.6 * 40, rel=0.01)
    assert rest.text == " c"
    assert not rest.face.fixed


def test_signs_that_look_like_an_arrow_stay_as_they_were_written() -> None:
    face = faces.chain("regular")[0]

    whole = advance("a->b", face, BODY, False)

    apart = sum(advance(sign, face, BODY, False) for sign in "a->b")
    assert whole == pytest.approx(apart, rel=0.03)
    assert not untied("a - b", face)


def test_a_line_that_ends_inside_a_word_is_told_from_one_after_a_sign() -> None:
    torn, whole = (Typesetter().set(text, BODY, 400) for text in ("x" * 60, "services/generation/backends/"))

    assert torn.torn
    assert len(whole.lines) > 1
    assert not whole.torn


def test_invisible_characters_are_left_out_without_a_word() -> None:
    setter = Typesetter()

    block = setter.set("a\u202eb\x00\ufe0fc", BODY, 900)

    assert block.text == "abc"
    assert not setter.missing


def test_a_text_beyond_all_measure_is_cut_and_reported() -> None:
    setter = Typesetter()

    block = setter.set("word " * CHARACTERS_MOST, BODY, 900)

    assert len(block.text) <= CHARACTERS_MOST
    assert list(setter.overlong.values()) == [4 * CHARACTERS_MOST]


def test_the_paragraph_keeps_its_direction_on_every_line() -> None:
    block = Typesetter().set("storyreel " * 12, BODY, 400, rtl=True)

    assert block.rtl
    assert len(block.lines) > 1


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two", ["one ", "two"]),
        ("生成します。次", ["生", "成", "し", "ま", "す。", "次"]),
        ("「自動」で", ["「自", "動」", "で"]),
        ("ナレーション付き", ["ナレーション", "付", "き"]),
        ("gRPCサービス", ["gRPC", "サービス"]),
        ("한국어 문장", ["한국어 ", "문장"]),
        ("a—b", ["a—", "b"]),
        ("e\u0301a", ["e\u0301a"]),
    ],
)
def test_lines_break_where_the_script_allows(text: str, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in breaking.atoms(text)] == pieces


def test_a_block_gives_its_first_lines_and_the_rest_of_its_text() -> None:
    block = Typesetter().set(WORDS, BODY, 700)

    kept, rest = block.first(2)

    assert len(kept.lines) == 2
    assert " ".join(lines(kept)) + " " + rest == WORDS.strip()


def test_only_the_wanted_marks_are_painted_each_in_its_colour() -> None:
    block = Typesetter().set([Fragment("plain ", 0), Fragment("accent", 1)], BODY, 900)

    both = paint(block, {0: (10, 20, 30), 1: (200, 100, 50)})
    one = paint(block, {1: (200, 100, 50)})

    pixels = np.asarray(both.image).reshape(-1, 4)
    solid = {tuple(pixel[:3].tolist()) for pixel in pixels if pixel[3] == 255}
    assert solid == {(10, 20, 30), (200, 100, 50)}
    assert one.image.width < both.image.width
    assert one.x > both.x


def test_ink_is_cut_to_what_is_seen() -> None:
    sprite = paint(Typesetter().set("Ink", BODY, 900), {0: (255, 255, 255)})

    assert sprite.image.getchannel("A").getbbox() == (0, 0, *sprite.image.size)


def test_right_to_left_text_starts_at_the_right() -> None:
    block = Typesetter().set("abc", BODY, 900, rtl=True)

    sprite = paint(block, {0: (255, 255, 255)}, width=800)

    assert sprite.x + sprite.image.width == pytest.approx(800, abs=6)


def test_nothing_painted_is_blank() -> None:
    block = Typesetter().set("", BODY, 900)

    assert paint(block, {0: (1, 2, 3)}).blank
    assert merged([paint(block, {0: (1, 2, 3)})]).blank


def test_the_same_text_gives_the_same_pixels() -> None:
    first, second = (
        paint(Typesetter().set(WORDS, BODY, 700), {0: (9, 9, 9)}).image.tobytes() for _ in range(2)
    )

    assert first == second
