"""Access units come back as they were written, with their times."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from services.media import probe, units
from services.media.clock import UNIT
from services.media.units import Unit

SILENT = bytes.fromhex("21200490001f")  # a pair of channels without bands


def tracks(tmp_path: Path, *, samples: int = 640) -> tuple[Path, list[Unit]]:
    path = tmp_path / "sound.mp4"
    written = [Unit(SILENT, UNIT * number, UNIT) for number in range(-1, 4)]
    written.append(Unit(SILENT, 4 * UNIT, samples))
    units.write_stereo(path, written)
    return path, written


def silent_unit(tmp_path: Path) -> bytes:
    """A unit of silence in two channels, as an encoder makes it."""
    path = tmp_path / "encoded.mp4"
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=48_000, layout="stereo", options={"flags": "+bitexact"})
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return next(units.read(path)).data


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path, written = tracks(tmp_path)

    assert list(units.read(path)) == written


def test_the_first_unit_is_not_heard_and_the_last_in_part(tmp_path: Path) -> None:
    path, _ = tracks(tmp_path)

    track = probe.audio(path)

    assert (track.codec, track.rate, track.channels) == ("aac", 48_000, 2)
    assert (track.start, track.samples) == (0, 4 * UNIT + 640)


def test_tracks_differ_in_a_byte_a_time_or_a_length(tmp_path: Path) -> None:
    path, written = tracks(tmp_path)
    first = probe.audio(path).digest
    others = [
        [*written[:2], Unit(SILENT[:-1] + b"\x3f", UNIT, UNIT), *written[3:]],
        [*written[:-1], Unit(SILENT, 4 * UNIT, 641)],
        [*written[:-1], Unit(SILENT, 4 * UNIT + 1, 640)],
        written[1:],
    ]
    digests = []
    for changed in others:
        units.write_stereo(path, changed)
        digests.append(probe.audio(path).digest)
    units.write_stereo(path, written)

    assert probe.audio(path).digest == first
    assert len({first, *digests}) == 5


def test_both_sides_are_decoded(tmp_path: Path) -> None:
    unit = silent_unit(tmp_path)
    units.write_stereo(tmp_path / "sound.mp4", [Unit(unit, UNIT * n, UNIT) for n in range(-1, 3)])

    pieces = list(probe.sides(tmp_path / "sound.mp4"))

    assert np.concatenate(pieces, axis=1).shape == (2, 3 * UNIT)


def test_what_has_no_sound_or_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))

    with pytest.raises(probe.Unreadable, match="does not count its sound in samples"):
        list(units.read(path))
    with pytest.raises(probe.Unreadable, match="44100 Hz, 1 channels"):
        list(probe.sides(path))
