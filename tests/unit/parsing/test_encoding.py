"""Bytes become text, and what was damaged on the way is mended or reported."""

from __future__ import annotations

import codecs

import pytest

from services.parsing.encoding import decode_text

TEXT = "Café → ✅ naïve — “quoted” ⚠️"


def garbled(text: str) -> bytes:
    """UTF-8 that somebody read as Windows-1252 and saved as UTF-8 again."""
    return text.encode().decode("cp1252").encode()


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_unicode_is_read_without_a_warning(data: bytes) -> None:
    assert decode_text(data) == (TEXT, ())


def test_windows_text_is_read_with_a_warning() -> None:
    text, warnings = decode_text("Café “quoted”".encode("cp1252"))

    assert text == "Café “quoted”"
    assert warnings == ("3 bytes were no UTF-8 and read as Windows-1252.",)


def test_a_byte_of_no_encoding_is_replaced_and_counted() -> None:
    text, warnings = decode_text(b"a \x81 b")

    assert text == "a \ufffd b"
    assert warnings[1] == "1 character could not be read."


def test_utf_8_around_a_broken_byte_stays_what_it_was() -> None:
    text, _ = decode_text("✅ ".encode() + b"\xe9 " + "→".encode())

    assert text == "✅ é →"


def test_a_garbled_document_is_restored_with_a_warning() -> None:
    text, warnings = decode_text(garbled("✅ done → next, café, naïve"))

    assert text == "✅ done → next, café, naïve"
    assert "garbled" in warnings[0]


def test_what_the_garbling_lost_is_completed_or_counted() -> None:
    # U+2190 and U+FE0F end in bytes that Windows-1252 has no characters for.
    text, _ = decode_text("caf\u00c3\u00a9 \u00e2\u2020 \u00e2\u0161\u00a0\u00ef\u00b8 \u00c3\u00af".encode())
    _, warnings = decode_text("\u00c3\u00a9 \u00c3\u00af \u00c3\u00b1 \u00e2\u20ac".encode())

    assert text == "café ← ⚠️ ï"
    assert warnings[0].endswith("except 1.")


@pytest.mark.parametrize("text", ["â and ã and café", "Ã© alone", "Ã© ï → a mixture, naïve"])
def test_a_text_that_means_its_odd_characters_is_left_as_it_is(text: str) -> None:
    assert decode_text(text.encode()) == (text, ())


def test_line_ends_become_newlines_and_control_characters_go() -> None:
    text, _ = decode_text("a\r\nb\rc\x0cd\u2028e\x1b[31mf\x07g\ufeffh".encode())

    assert text == "a\nb\nc\nd\nefgh"
