"""Numbers and signs are said the same way wherever they stand, in English only."""

from __future__ import annotations

import pytest

from services.parsing.backends.formulas import marked
from services.script.speakable import speakable
from services.story.text import Text

DATES = [
    ("On 2026-11-21 we met.", "On November 21, 2026 we met."),
    ("2026-02-05, 2026-02", "February 5, 2026, February 2026"),
    ("at 2026-11-21T14:42:51Z", "at November 21, 2026 at 14:42:51 UTC"),
    ("id 2026-13-40", "id 2026-13-40"),
]
VERSIONS = [
    ("v1.2.3 and 1.2.3", "version 1 point 2 point 3 and 1 point 2 point 3"),
    ("Version v2", "Version 2"),
    ("Python 3.11 or v3.x", "Python 3.11 or version 3.x"),
    ("from 127.0.0.1:80", "from 127 dot 0 dot 0 dot 1 port 80"),
]
RANGES = [
    ("3–5 or 3-5 days", "3 to 5 or 3 to 5 days"),
    ("10–20% and 2-3x", "10 to 20 percent and 2 to 3 times"),
    ("$5–10 or 5–10 €", "5 to 10 dollars or 5 to 10 euros"),
    ("9:00–17:00, Mon–Fri, A–Z", "9:00 to 17:00, Mon to Fri, A to Z"),
    ("state-of-the-art, cost–benefit", "state-of-the-art, cost–benefit"),
]
FRACTIONS = [
    ("a 1/2 cup, 3/4 of it", "a one half cup, three quarters of it"),
    ("1 1/2 cups or 2½", "1 and one half cups or 2 and one half"),
    ("¼ of 7/9", "one quarter of 7 over 9"),
    ("step 1/2, page 3 / 7", "step 1 of 2, page 3 of 7"),
    ("24/7", "24 7"),
]
POWERS = [
    ("H~2~O and H₂O", "H 2 O and H 2 O"),
    ("x^2^, x^3, x² and x³", "x squared, x cubed, x squared and x cubed"),
    ("10^-6 and 10⁻⁶", "10 to the power of minus 6 and 10 to the power of minus 6"),
    ("x^n + 1", "x to the power of n plus 1"),
    ("5 m² in 1 km²", "5 square meters in 1 square kilometer"),
]
SIGNS = [
    ("std::vector and A::B::C", "std vector and A B C"),
    ("word - word", "word — word"),
    ("ls -la and --all", "ls dash la and dash dash all"),
    ("the ==mark== is", "the mark is"),
    ("a == b", "a equals b"),
    ("a -> b => c → d", "a to b to c to d"),
    ("a <- b ← c", "a from b from c"),
    ("a <-> b ↔ c, ↑ 5%", "a to and from b to and from c, up 5 percent"),
    ("R & D, AT&T, a && b || c", "R and D, AT and T, a and b or c"),
    ("#42, PR #7, # of items, number #5", "number 42, PR number 7, number of items, number 5"),
    ("~5, about ~5, ≈ 5", "about 5, about 5, about 5"),
    ("5 € or 5€", "5 euros or 5 euros"),
    ("§ 3, √2, ∞, −5, 7 − 2", "section 3, the square root of 2, infinity, minus 5, 7 minus 2"),
    ("ask @anna", "ask at anna"),
]
MONEY = [
    ("£1.2m, $3k, $1.5bn", "1.2 million pounds, 3 thousand dollars, 1.5 billion dollars"),
    ("$2 million, $5B, US$5", "2 million dollars, 5 billion dollars, 5 dollars"),
    ("$3k–5k or $1.5m-$2m", "3 thousand to 5 thousand dollars or 1.5 million to 2 million dollars"),
    ("$1, $2 and 1,200 €", "1 dollar, 2 dollars and 1,200 euros"),
]
FORMULAS = [
    ("so $E = mc^2$ and $x^2 + 1$", "so E equals m c squared and x squared plus 1"),
    ("the $\\int_0^1 x$ is it", "the a formula is it"),
]
CODE = [
    (
        "a<b, x>5, a < b, a<b and c>d",
        "a less than b, x more than 5, a less than b, a less than b and c more than d",
    ),
    ("Vec<T> and Map<K, V> x", "Vec T and Map K, V x"),
    ("arr[0], as told[12] [1]", "arr 0, as told"),
    ("i++, i-- and C++", "i plus plus, i minus minus and C plus plus"),
    ("*.py, src/*.py, *so*", "star dot py, src slash star dot py, so"),
    ("run 2>&1", "run 2 into 1"),
]
NUMBERS = [
    ("(555) 123-4567 or 555-123-4567", "5 5 5, 1 2 3, 4 5 6 7 or 5 5 5, 1 2 3, 4 5 6 7"),
    ("+44 20 7946 0958.", "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8."),
    ("1/2/2024, 2024/01/15", "1 2 2024, January 15, 2024"),
    ("50/50, 80/20, 24/7, 7/9", "50 50, 80 20, 24 7, 7 over 9"),
    ("5%–10%", "5 percent to 10 percent"),
    ("10×20, ½ cup", "10 by 20, one half cup"),
    ("2.0.0-rc.1, v1.0-beta", "2 point 0 point 0 rc 1, version 1 point 0 beta"),
    ("5 m/s, 9.8 m/s²", "5 meters per second, 9.8 meters per second squared"),
    ("§4, ™, ®, ©", "section 4, trademark, registered, copyright"),
    ("Acme™ (®) © 2024", "Acme (registered) copyright 2024"),
]
PATHS = [
    ("/usr/local/bin", "slash usr slash local slash bin"),
    ("usr/local/bin", "usr slash local slash bin"),
    ("src/main.py, ./run.sh", "src slash main dot py, dot slash run dot sh"),
    ("GET /health", "GET slash health"),
    ("~/notes", "home slash notes"),
    ("docs/", "docs"),
    ("and/or, I/O, n/a, send / receive", "and or, I O, not applicable, send, receive"),
]


@pytest.mark.parametrize(
    ("written", "said"),
    [*DATES, *VERSIONS, *RANGES, *FRACTIONS, *POWERS, *SIGNS, *MONEY, *FORMULAS, *CODE, *NUMBERS, *PATHS],
)
def test_english_reads_signs_as_words(written: str, said: str) -> None:
    assert speakable(marked(written), language="en").text == said


@pytest.mark.parametrize("written", [written for written, _ in [*DATES, *VERSIONS, *FRACTIONS, *POWERS]])
def test_other_languages_keep_their_numbers(written: str) -> None:
    assert speakable(Text(written), language="de").text == written


def test_a_formula_is_named_in_languages_that_have_no_words_for_it() -> None:
    assert speakable(marked("Nun $E = mc^2$ hier"), language="de").text == "Nun eine Formel hier"
    assert speakable(marked("Nyt $x$ on"), language="fi").text == "Nyt $x$ on"


@pytest.mark.parametrize(
    "hostile",
    [
        "==a" * 1300,
        "x^" * 2000,
        "H~2" * 1300,
        "1/2" * 1300,
        "2026-11-" * 500,
        "<-" * 2000,
        "/a" * 2000,
        "$a$ " * 900,
        "+1 555" * 700,
        "a<b" * 1300,
        "$1k-" * 1000,
        "1.1-rc" * 700,
        "1,111" * 800,
        "a[0]" * 1000,
    ],
)
def test_hostile_signs_take_bounded_work_and_space(hostile: str) -> None:
    spoken = speakable(Text(f"{hostile} word"), language="en").text

    assert "word" in spoken
    assert len(spoken) < 20 * len(hostile)
