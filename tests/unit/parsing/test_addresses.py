"""Addresses end where their sentence goes on."""

from __future__ import annotations

import pytest

from services.parsing.backends.addresses import addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://a.org.", ["https://a.org"]),
        ("(see https://a.org/b_(c)), or https://b.org!", ["https://a.org/b_(c)", "https://b.org"]),
        ("[d](https://d.org), [e](https://e.org)|x", ["https://d.org", "https://e.org"]),
        ("“https://a.org/?q=1,2”", ["https://a.org/?q=1,2"]),
        ("https://… and http://", []),
        ("**https://a.org**", ["https://a.org"]),
    ],
)
def test_an_address_is_found_without_the_marks_around_it(text: str, found: list[str]) -> None:
    assert list(addresses(text)) == found


def test_hostile_text_gives_addresses_of_bounded_length() -> None:
    found = list(addresses("https://" + "(" * 5000 + ")" * 5000))

    assert all(len(address) <= 498 for address in found)
