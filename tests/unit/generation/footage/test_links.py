"""A scene that no clip is long enough for is made of links: even ones, each as long as the model can fill."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import InvalidRequest
from services.generation.footage.lengths import frames_shown, native_needed
from services.generation.footage.links import frames_of_link
from services.generation.footage.native import NATIVE
from services.media.clock import Rate
from services.media.conform import Showing
from services.story.footage import Footage

T2V = Footage(prompt="a lighthouse")
FIVE = Footage(prompt="a lighthouse", model="ti2v-5B")
RATES = st.sampled_from([Rate(24), Rate(25), Rate(30), Rate(30000, 1001), Rate(60), Rate(5)])


@given(st.integers(1, 130), RATES, st.sampled_from([16, 24]))
def test_the_longest_clip_turns_nowhere_and_a_longer_one_does(native: int, rate: Rate, its: int) -> None:
    longest = frames_shown(native, rate, its)

    fits = not Showing(longest, rate, native, Rate(its)).turns
    assert fits or longest == 1
    assert Showing(longest + 1, rate, native, Rate(its)).turns


@given(st.integers(1, 5000), RATES, st.sampled_from([16, 24]))
def test_what_is_needed_is_what_is_shown(frames: int, rate: Rate, its: int) -> None:
    needed = native_needed(frames, rate, its)

    assert Showing(frames, rate, needed, Rate(its)).needed == needed
    assert not Showing(frames, rate, needed, Rate(its)).turns


@pytest.mark.parametrize(
    ("wish", "frames", "continues", "shown"),
    [
        (T2V, 1, False, 1),
        (T2V, 152, False, 152),
        (T2V, 153, False, 77),
        (T2V, 152, True, 76),
        (T2V, 150, True, 150),
        (T2V, 304, False, 102),
        (FIVE, 151, False, 151),
        (FIVE, 300, False, 150),
    ],
)
def test_a_link_shows_all_that_fits_or_an_even_share(
    wish: Footage, frames: int, continues: bool, shown: int
) -> None:
    assert frames_of_link(wish, frames=frames, rate=Rate(30), continues=continues) == shown


@given(st.integers(1, 20_000), RATES)
def test_links_fill_a_scene_evenly_and_none_is_too_long(frames: int, rate: Rate) -> None:
    left, links = frames, list[int]()
    while left:
        links.append(frames_of_link(T2V, frames=left, rate=rate, continues=bool(links)))
        left -= links[-1]

    most, later = (frames_shown(NATIVE["t2v-A14B"].frames - less, rate, 16) for less in (0, 1))
    assert sum(links) == frames
    assert max(links) <= most
    assert max(links) - min(links) <= 1 + most - later
    assert len(links) == 1 + -(-max(0, frames - most) // later)


def test_no_frames_and_no_mode_have_no_link() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        frames_of_link(T2V, frames=0, rate=Rate(30))
    with pytest.raises(InvalidRequest):
        frames_of_link(Footage(), frames=10, rate=Rate(30))
