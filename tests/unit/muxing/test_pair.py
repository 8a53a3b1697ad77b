"""Two channels are exactly the one they were made from, as libavcodec decodes them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import GateRefused
from services.media.clock import SAMPLE_RATE
from services.muxing.pair import STEREO, stereo
from tests.unit.muxing import reel

MONO = b"\x11\x88"


def encoded(sound: reel.Sound, **options: str) -> list[bytes]:
    """The access units of one channel."""
    codec = av.CodecContext.create("aac", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "mono", "fltp"  # type: ignore[assignment]
    codec.time_base = Fraction(1, SAMPLE_RATE)
    chosen = {"aac_coder": "fast", "global_quality": "236", "flags": "+bitexact+qscale"}
    codec.options = chosen | {"aac_pns": "0", "aac_tns": "0"} | options
    found = []
    for start in range(0, len(sound) - 1023, 1024):
        piece = np.ascontiguousarray(sound[None, start : start + 1024], np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        found += [bytes(packet) for packet in codec.encode(frame)]
    return found + [bytes(packet) for packet in codec.encode(None)]


def decoded(units: Iterable[bytes], setup: bytes) -> np.ndarray:
    """What the units sound like, shape (channels, samples)."""
    codec = av.CodecContext.create("aac", "r")
    assert isinstance(codec, AudioCodecContext)
    codec.extradata = setup
    frames = [frame.to_ndarray() for unit in units for frame in codec.decode(av.Packet(unit))]
    return np.concatenate(frames, axis=1)


def short(unit: bytes) -> bool:
    """Whether a unit's windows are short."""
    return (int.from_bytes(unit[:3], "big") >> 6) & 3 == 2


def clicks() -> reel.Sound:
    sound = np.zeros(2 * SAMPLE_RATE)
    sound[5000::9001] = 0.9
    return sound + np.random.default_rng(3).normal(0, 0.001, len(sound))


NOISE = np.random.default_rng(1).uniform(-0.99, 0.99, SAMPLE_RATE)
SOUNDS = {
    "speech": reel.click(3.0),
    "noise": NOISE,
    "silence": np.zeros(SAMPLE_RATE),
    "clicks": clicks(),
    "a tone": reel.tone(1.0),
    "noise in silence": np.where(np.arange(SAMPLE_RATE) % 16_000 < 3000, NOISE, 0),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_both_channels_are_the_one_they_were_made_from(name: str) -> None:
    units = encoded(SOUNDS[name])

    pairs = [stereo(unit) for unit in units]

    one, two = decoded(units, MONO), decoded(pairs, STEREO)
    assert two.shape == (2, one.shape[1])
    assert np.array_equal(two[0], one[0])
    assert np.array_equal(two[1], one[0])
    assert any(one[0]) is (name != "silence")


def test_the_clicks_have_short_windows_and_the_tone_long_ones() -> None:
    assert any(map(short, encoded(SOUNDS["clicks"])))
    assert not all(map(short, encoded(SOUNDS["a tone"])))


def test_a_unit_grows_by_a_few_bytes() -> None:
    units = encoded(SOUNDS["speech"])

    assert max(len(stereo(unit)) - len(unit) for unit in units) <= 14


def written(*fields: str) -> bytes:
    """A unit from its bits."""
    bits = "".join(fields)
    size = -(-len(bits) // 8)
    return int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")


HEAD = "000" + "0000" + "10010110"  # one channel, its tag, its global_gain
LONG = "0" + "00" + "0" + "{:06b}" + "0"  # ics_info of a long window, with so many bands
FLAGS_END = "000" + "111"


def test_a_silent_unit_becomes_a_silent_pair() -> None:
    unit = written(HEAD, LONG.format(0), FLAGS_END)

    expected = written("001", "0000", "1", LONG.format(0), "10", "10010110", "000", "0" * 8, "000", "111")
    assert stereo(unit) == expected


def test_bands_without_a_spectrum_are_filled_with_an_escape() -> None:
    unit = written(HEAD, LONG.format(31), "0000", "11111", "00000", FLAGS_END)

    silent = "0" * 8 + "0000" + "11111" + "00000" + "000"
    pair = ("001", "0000", "1", LONG.format(31), "10", "10010110", "0000", "11111", "00000", "000", silent)
    assert stereo(unit) == written(*pair, "111")


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (b"", "does not begin with a channel"),
        (bytes(40), "does not end where its bytes do"),
        (b"\x21" + bytes(40), "does not begin with a channel"),
        (b"\x00\x00" * 4 + b"\xe0\x00", "does not end where its bytes do"),
        (written(HEAD, LONG.format(0), "000", "110"), "does not end where its bytes do"),
        (written(HEAD, LONG.format(50), "0" * 40, FLAGS_END), "bands that 48 kHz does not have"),
        (written(HEAD, "1" + LONG.format(0)[1:], FLAGS_END), "predicts"),
        (written(HEAD, LONG.format(0)[:-1] + "1", FLAGS_END), "predicts"),
        (written(HEAD, LONG.format(5), "1101", "00101", FLAGS_END), "has the codebook 13"),
        (written(HEAD, LONG.format(5), "1111", "00101", FLAGS_END), "has the codebook 15"),
        (written(HEAD, LONG.format(5), "0000", "00110", FLAGS_END), "has sections over 6 bands of 5"),
        (written(HEAD, LONG.format(5), "0000", FLAGS_END), "or breaks off"),
    ],
)
def test_what_is_no_unit_of_one_channel_is_refused(unit: bytes, said: str) -> None:
    with pytest.raises(GateRefused, match=said):
        stereo(unit)


UNITS = encoded(np.concatenate([reel.click(0.3), clicks()[:20_000]]))


@given(st.sampled_from(UNITS), st.data())
def test_a_damaged_unit_is_refused_or_stays_a_pair(unit: bytes, data: st.DataObject) -> None:
    damaged = bytearray(unit)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(unit) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = damaged[: data.draw(st.integers(0, len(unit)))]

    pair = b"\x20"
    with suppress(GateRefused):
        pair = stereo(bytes(damaged))

    assert pair[0] >> 5 == 1


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_become_a_pair(unit: bytes) -> None:
    pair = b"\x20"
    with suppress(GateRefused):
        pair = stereo(unit)

    assert pair[0] >> 5 == 1
