"""What a file is said to hold is what it holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from services.media import probe
from services.media.clock import Rate
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take

SILENCE = reel.click(0.1)


def clip(tmp_path: Path, *, rate: Rate = reel.THIRTY, sparse: bool = False, frames: int = 90) -> Path:
    path = tmp_path / "clip.mp4"
    reel.write_clip(path, rate, frames, flash=40, take=Take(SILENCE, sparse=sparse))
    return path


@pytest.mark.parametrize("rate", [Rate(30), Rate(25), Rate(24000, 1001)], ids=str)
def test_a_clip_with_every_frame(tmp_path: Path, rate: Rate) -> None:
    track = probe.video(clip(tmp_path, rate=rate))

    step = Fraction(rate.denominator, rate.numerator) / track.tick
    assert (track.codec, track.width, track.height, track.pixel_format) == ("h264", 320, 240, "yuv420p")
    assert track.colours == probe.BT709
    assert track.times.tolist() == [n * step for n in range(90)]
    assert track.keys.tolist() == [0, 60 * step]
    assert track.end == 90 * step
    assert track.setup


def test_a_sparse_clip_has_fewer_frames_and_the_same_end(tmp_path: Path) -> None:
    track = probe.video(clip(tmp_path, sparse=True))

    assert len(track.times) < 30
    assert set(track.times % 512) == {0}
    assert track.end == 90 * 512


def test_the_frame_shown_at_a_time(tmp_path: Path) -> None:
    path = clip(tmp_path)

    levels = [int(probe.picture_at(path, frame * 512).mean()) for frame in (0, 39, 40, 41, 42, 89, 500)]

    assert levels == [pytest.approx(28, abs=3)] * 2 + [255, 255] + [pytest.approx(28, abs=3)] * 3
    assert probe.picture_at(path, 0).shape == (240, 320, 3)


def test_the_frame_shown_between_the_frames_of_a_sparse_clip(tmp_path: Path) -> None:
    path = clip(tmp_path, sparse=True)

    assert probe.picture_at(path, 41 * 512 + 100).mean() > 250
    assert probe.picture_at(path, 47 * 512).mean() < 40


def test_key_frames_that_do_not_decode_are_named(tmp_path: Path) -> None:
    path = clip(tmp_path)
    times = [0, 60 * 512]
    whole = probe.undecodable(path, times)
    with av.open(str(path)) as file:
        second = [packet for packet in file.demux(video=0) if packet.is_keyframe][1]
        assert second.pos is not None
        data = bytearray(path.read_bytes())
        data[second.pos : second.pos + second.size] = bytes(second.size)
    path.write_bytes(data)

    assert (whole, probe.undecodable(path, times)) == ([], [1])


def test_sound_is_decoded_to_the_sample(tmp_path: Path) -> None:
    voice = np.round(reel.click(0.7) * 32767).astype(np.int16)
    reel.write_flac(tmp_path / "voice.flac", reel.click(0.7))

    found = np.concatenate(list(probe.samples(tmp_path / "voice.flac")))

    assert found.dtype == np.int16
    assert np.array_equal(found, voice)


def test_a_sound_track_is_measured_without_delay_and_padding(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4", options={"movie_timescale": "48000"}) as file:
        stream = file.add_stream("aac", rate=48_000, layout="stereo")
        for start in range(0, 50_000, 1000):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((2, 1000), np.float32), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = 48_000, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))

    track = probe.audio(path)

    assert (track.codec, track.rate, track.channels, track.start, track.samples) == (
        "aac",
        48_000,
        2,
        0,
        50_000,
    )


def test_other_sound_than_voices_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.flac"
    with av.open(str(path), "w", format="flac") as file:
        stream = file.add_stream("flac", rate=44_100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2000), np.int16), format="s16", layout="stereo")
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))

    with pytest.raises(probe.Unreadable, match="is 44100 Hz, 2 channels, s16"):
        list(probe.samples(path))


@pytest.mark.parametrize("data", [b"", b"nothing like media", b"\x00\x00\x00\x18ftypisom" + b"\xff" * 200])
def test_what_is_no_media_is_told_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "junk"
    path.write_bytes(data)

    with pytest.raises(probe.Unreadable, match="does not read as media"):
        probe.video(path)
    with pytest.raises(probe.Unreadable, match="does not read as media"):
        list(probe.samples(path))


def test_a_file_that_names_another_is_not_followed(tmp_path: Path) -> None:
    clip(tmp_path)
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/clip.mp4\n#EXT-X-ENDLIST\n")

    with pytest.raises(probe.Unreadable):
        probe.video(path)


def test_a_voice_has_no_picture_and_a_clip_no_sound(tmp_path: Path) -> None:
    reel.write_flac(tmp_path / "voice.flac", SILENCE)

    with pytest.raises(probe.Unreadable, match="has no picture"):
        probe.video(tmp_path / "voice.flac")
    with pytest.raises(probe.Unreadable, match="has no sound"):
        list(probe.samples(clip(tmp_path)))


def test_the_boxes_of_an_mp4_are_named_in_order(tmp_path: Path) -> None:
    data = b"\x00\x00\x00\x08free" + b"\x00\x00\x00\x01mdat" + (20).to_bytes(8, "big") + b"1234"
    (tmp_path / "a.mp4").write_bytes(data)

    assert probe.boxes(tmp_path / "a.mp4") == ["free", "mdat"]
    assert set(probe.boxes(clip(tmp_path))) >= {"ftyp", "moov", "mdat"}


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x04free", b"\x00\x00\x00\xffmdat1234", b"\x00\x00"])
def test_boxes_that_do_not_add_up_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)

    with pytest.raises(probe.Unreadable, match="breaks off in its box 1"):
        probe.boxes(tmp_path / "a.mp4")
