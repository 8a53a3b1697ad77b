"""Places in a document are told in words, sorted as one reads, and survive the wire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.story.source_place import (
    SourcePlace,
    SourceWarning,
    place_from_proto,
    place_to_proto,
    warning_from_proto,
    warning_to_proto,
)

PLACES = [
    (SourcePlace(), ""),
    (SourcePlace(12), "line 12"),
    (SourcePlace(2, page=3), "page 3, line 2"),
    (SourcePlace(4, part=2), "part 2, line 4"),
    (SourcePlace(start=timedelta(seconds=1.5)), "1.5 s"),
    (SourcePlace(start=timedelta()), "0 s"),
]


@pytest.mark.parametrize(("place", "told"), PLACES)
def test_a_place_is_told_by_what_is_known_of_it_and_survives_the_wire(place: SourcePlace, told: str) -> None:
    assert str(place) == told
    assert place_from_proto(place_to_proto(place)) == place


def test_places_are_in_the_order_of_parts_then_pages_then_lines() -> None:
    places = [SourcePlace(9, part=1), SourcePlace(1, page=2), SourcePlace(7, page=1), SourcePlace(3)]

    assert sorted(places, key=lambda place: place.order) == [places[3], places[2], places[1], places[0]]


@pytest.mark.parametrize("warning", [SourceWarning("All."), SourceWarning("There.", SourcePlace(3))])
def test_a_warning_survives_the_wire_with_its_place_or_without(warning: SourceWarning) -> None:
    assert warning_from_proto(warning_to_proto(warning)) == warning
