"""Numbers and signs are said the same way wherever they stand, in English only."""

from __future__ import annotations

import pytest

from services.script.speakable import speakable

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
    [*DATES, *VERSIONS, *RANGES, *FRACTIONS, *POWERS, *SIGNS, *PATHS],
)
def test_english_reads_signs_as_words(written: str, said: str) -> None:
    assert speakable(written, language="en").text == said


@pytest.mark.parametrize("written", [written for written, _ in [*DATES, *VERSIONS, *FRACTIONS, *POWERS]])
def test_other_languages_keep_their_numbers(written: str) -> None:
    assert speakable(written, language="de").text == written


@pytest.mark.parametrize(
    "hostile",
    ["==a" * 1300, "x^" * 2000, "H~2" * 1300, "1/2" * 1300, "2026-11-" * 500, "<-" * 2000, "/a" * 2000],
)
def test_hostile_signs_take_bounded_work_and_space(hostile: str) -> None:
    spoken = speakable(f"{hostile} word", language="en").text

    assert "word" in spoken
    assert len(spoken) < 20 * len(hostile)
