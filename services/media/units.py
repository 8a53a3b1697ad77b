"""The access units of an AAC track at 48 kHz: read from one MP4 and written to another, never decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet

from services.media import probe
from services.media.clock import SAMPLE_RATE, UNIT


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit: its bytes, its first sample on the clock, and how many samples of it are heard."""

    data: bytes
    start: int
    samples: int


def read(path: Path) -> Iterator[Unit]:
    """The access units of a file's sound, in order.

    Raises:
        probe.Unreadable: It has none, or counts time otherwise than in samples.
    """
    with probe.opened(path) as file:
        if not file.streams.audio:
            raise probe.Unreadable("has no sound")
        for packet in file.demux(file.streams.audio[0]):
            if not packet.size:
                continue
            if packet.pts is None or packet.time_base != Fraction(1, SAMPLE_RATE):
                raise probe.Unreadable("does not count its sound in samples")
            yield Unit(bytes(packet), packet.pts, packet.duration or UNIT)


def write_stereo(path: Path, units: Iterable[Unit]) -> None:
    """Write an MP4 whose one track these are: two channels, the encoder's delay in an edit list.

    Raises:
        OSError: The file cannot be written.
    """
    options = {"movie_timescale": str(SAMPLE_RATE), "fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as file:
        # An encoder is opened and never fed: the description of its output is what the file needs.
        stream = file.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        for unit in units:
            packet = Packet(unit.data)
            packet.stream = stream
            packet.time_base = Fraction(1, SAMPLE_RATE)
            packet.pts = packet.dts = unit.start
            packet.duration = unit.samples
            packet.is_keyframe = True
            file.mux(packet)
