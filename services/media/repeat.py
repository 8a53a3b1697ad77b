"""Frames that repeat the one before, as H.264, without an encoder's work.

A P slice in which every macroblock is skipped shows the last frame again, exactly, in about seventy bytes.
x264 writes one when it encodes a flat picture; it is taken from there once and put wherever nothing
changes. Since it is a reference frame, it takes a number (`frame_num`, H.264 7.4.3) and all that follow
up to the next IDR picture are counted again. Needs streams without B-frames and with one reference frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = re.compile(rb"\x00\x00\x00?\x01")
_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03]|\Z)")
_SLICE, _IDR, _PARAMETERS = 1, 5, 7
_HIGH = 100
_OUTPUT_IN_DECODING_ORDER = 2
_EMPTY_MOST = 1_000


class _Bits:
    """Reads a NAL unit's payload bit by bit."""

    def __init__(self, payload: bytes) -> None:
        self._value = int.from_bytes(payload, "big")
        self._length = len(payload) * 8
        self.at = 0

    def take(self, count: int) -> int:
        """The next `count` bits, as an unsigned number."""
        self.at += count
        return (self._value >> (self._length - self.at)) & ((1 << count) - 1)

    def golomb(self) -> int:
        """The next Exp-Golomb number, ue(v) in H.264 9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def _units(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each NAL unit of an Annex B stream begins and ends, without its start code."""
    codes = list(_START.finditer(data))
    for code, following in zip(codes, [*codes[1:], None], strict=True):
        yield code.end(), following.start() if following else len(data)


def _kind(data: bytes, start: int) -> int:
    return data[start] & 0x1F


def _plain(unit: bytes) -> bytes:
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def _escaped(unit: bytes) -> bytes:
    return _ESCAPE.sub(b"\x00\x00\x03", unit)


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a stream counts its reference frames: in numbers of `bits` bits, from 0 at each IDR picture."""

    bits: int

    @classmethod
    def of(cls, parameters: bytes) -> Numbering:
        """Read it from a stream's parameter sets (Annex B).

        Raises:
            ValueError: The stream is of another kind than frames can be repeated in.
        """
        start, end = next((s, e) for s, e in _units(parameters) if _kind(parameters, s) == _PARAMETERS)
        bits = _Bits(_plain(parameters[start:end]))
        bits.take(8)
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        if profile >= _HIGH:
            plain = bits.golomb() == 1 and bits.golomb() == 0 and bits.golomb() == 0 and bits.take(2) == 0
            if not plain:
                raise ValueError("frames are repeated in streams of 8 bits and 4:2:0 only")
        found = cls(bits.golomb() + 4)
        if bits.golomb() != _OUTPUT_IN_DECODING_ORDER:
            raise ValueError("frames are repeated in streams without B-frames only")
        return found

    def following(self, number: int) -> int:
        """The number of the next frame."""
        return (number + 1) % (1 << self.bits)

    def renumber(self, frame: bytes, number: int) -> bytes:
        """The frame (Annex B, one slice) with another number."""
        start, end = next((s, e) for s, e in _units(frame) if _kind(frame, s) in (_SLICE, _IDR))
        unit = _plain(frame[start:end])
        head = _Bits(unit[:32])
        head.take(8)
        for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
            head.golomb()
        if head.take(self.bits) == number:
            return frame
        shift = len(unit) * 8 - head.at
        value = int.from_bytes(unit, "big") & ~(((1 << self.bits) - 1) << shift) | number << shift
        return frame[:start] + _escaped(value.to_bytes(len(unit), "big")) + frame[end:]


def begins_anew(frame: bytes) -> bool:
    """Tell whether a frame (Annex B) is an IDR picture, at which numbers start from 0."""
    return any(_kind(frame, start) == _IDR for start, _ in _units(frame))


class Still:
    """The frame that repeats the one before, for streams of one kind.

    Args:
        parameters: The stream's parameter sets.
        frame: A frame of such a stream in which every macroblock is skipped; both Annex B.

    Raises:
        ValueError: The stream is of another kind, or the frame is too large to be empty.
    """

    def __init__(self, parameters: bytes, frame: bytes) -> None:
        if len(frame) > _EMPTY_MOST or begins_anew(frame):
            raise ValueError(f"a frame of {len(frame)} bytes does more than repeat")
        self.parameters = parameters
        self.numbering = Numbering.of(parameters)
        self._frames = [self.numbering.renumber(frame, number) for number in range(1 << self.numbering.bits)]

    def frame(self, number: int) -> bytes:
        """The frame under a number."""
        return self._frames[number]
