"""Repeated frames are counted as a decoder expects, and nothing is taken for one that is none."""

from __future__ import annotations

import pytest

from services.media.repeat import Numbering, Still, begins_anew

# What x264 wrote for flat pictures of 1920x1080 at 30 frames per second, bf=0, ref=1, weightp=0.
PARAMETERS = bytes.fromhex("0000000167640028acb403c0113f2c20000003002000000791e306540000000168ee06f2c0")
FRAME = bytes.fromhex("00000001419a420a7ffedaa658" + "000003" * 19 + "0036a1")


def number_of(frame: bytes) -> int:
    """The four bits after first_mb (1), slice_type (00110), the parameter set (1): here across two bytes."""
    return (frame[5] & 1) << 3 | frame[6] >> 5


def test_the_width_of_the_numbers_is_read_from_the_parameters() -> None:
    assert Numbering.of(PARAMETERS) == Numbering(4)


def test_numbers_go_round() -> None:
    assert [Numbering(4).following(n) for n in (0, 14, 15)] == [1, 15, 0]


def test_a_frame_gets_every_number_and_keeps_the_rest() -> None:
    numbering = Numbering(4)

    frames = [numbering.renumber(FRAME, number) for number in range(16)]

    assert [number_of(frame) for frame in frames] == list(range(16))
    assert {numbering.renumber(frame, 2) for frame in frames} == {FRAME}


def test_bytes_that_would_read_as_a_start_code_are_escaped() -> None:
    frame = bytes.fromhex("0000000141") + bytes([0b10011010, 0b10000000, 0, 1, 0x80])

    renumbered = Numbering(4).renumber(frame, 0)

    assert renumbered == bytes.fromhex("00000001419a") + bytes([0, 0, 3, 1, 0x80])
    assert Numbering(4).renumber(renumbered, 4) == frame


def test_an_idr_picture_begins_anew() -> None:
    assert begins_anew(b"\0\0\0\1\x06\x05\0\0\1\x65\x88\x84")
    assert not begins_anew(FRAME)


def test_what_surrounds_the_slice_stays() -> None:
    note = b"\0\0\0\1\x06\x05\x04note\x80"

    renumbered = Numbering(4).renumber(note + FRAME, 9)

    assert renumbered == note + Numbering(4).renumber(FRAME, 9)


def test_streams_with_b_frames_are_refused() -> None:
    # The byte that holds log2_max_frame_num and the order of output: another order.
    other = PARAMETERS.replace(b"\x64\x00\x28\xac\xb4", b"\x64\x00\x28\xac\xd9")

    with pytest.raises(ValueError, match="B-frames"):
        Numbering.of(other)


def test_a_frame_that_shows_something_is_no_repeat() -> None:
    with pytest.raises(ValueError, match="2000 bytes"):
        Still(PARAMETERS, FRAME + bytes(2000 - len(FRAME)))


def test_a_repeat_is_there_under_every_number() -> None:
    still = Still(PARAMETERS, FRAME)

    assert [number_of(still.frame(number)) for number in range(16)] == list(range(16))
