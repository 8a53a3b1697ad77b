"""Clips hold what was planned: frames, times, tags, key frames, and the same bytes every time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from services.chassis.errors import StoreFull
from services.media.clock import Rate
from services.media.encode import Encoder, Encoding, timescale

WIDTH, HEIGHT = 320, 240
NTSC = Rate(30000, 1001)


def write(path: Path, encoding: Encoding, *, moves: range = range(0)) -> list[bool]:
    """A clip whose bar moves at some frames; tells which frames were written."""
    buffer = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    kept = []
    with Encoder(path, buffer, encoding) as encoder:
        for frame in range(encoding.frames):
            if frame in moves:
                buffer[:HEIGHT] = 60
                buffer[:HEIGHT, frame * 3 % 300 : frame * 3 % 300 + 20] = 220
            before = encoder.encoded
            encoder.show(changed=frame in moves or frame == 0)
            kept.append(encoder.encoded > before)
    return kept


def packets(path: Path) -> list[tuple[Fraction, bool]]:
    """Each frame's time in seconds, in order, and whether it is a key frame."""
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        found = [(p.pts * p.time_base, p.is_keyframe) for p in file.demux(video) if p.pts is not None]
    return sorted(found)


def decoded(path: Path) -> int:
    with av.open(str(path)) as file:
        return sum(1 for _ in file.decode(video=0))


@pytest.mark.parametrize("rate", [Rate(30), Rate(24), Rate(25), Rate(60), NTSC, Rate(24000, 1001)])
@pytest.mark.parametrize("frames", [1, 2, 5, 31])
def test_a_clip_has_exactly_its_frames_on_the_grid(tmp_path: Path, rate: Rate, frames: int) -> None:
    path = tmp_path / "clip.mp4"

    write(path, Encoding(rate, frames), moves=range(3, 9))

    assert decoded(path) == frames
    assert [t for t, _ in packets(path)] == [
        Fraction(n * rate.denominator, rate.numerator) for n in range(frames)
    ]
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        assert video.duration is not None
        assert video.duration * video.time_base == Fraction(frames * rate.denominator, rate.numerator)


def test_a_clip_is_tagged_bt709_limited_and_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    write(path, Encoding(Rate(30), 5))

    with av.open(str(path)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
        codec = file.streams.video[0].codec_context
        assert (codec.width, codec.height, codec.pix_fmt) == (WIDTH, HEIGHT, "yuv420p")
        assert (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range) == (1, 1, 1, 1)


def test_it_begins_with_a_key_frame_and_has_one_every_four_seconds(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    write(path, Encoding(Rate(10), 95), moves=range(20, 60))

    keys = [seconds for seconds, key in packets(path) if key]
    assert {0, 4, 8} <= set(keys)


def test_the_index_stands_before_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    write(path, Encoding(Rate(30), 5))

    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_frames_are_encoded_where_something_changes_and_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    kept = write(path, Encoding(Rate(10), 95), moves=range(21, 24))

    assert {n for n, encoded in enumerate(kept) if encoded} == {
        *range(3),  # the first, and two more until it has settled
        *range(21, 26),
        *(12, 35, 40, 50, 60, 70, 80, 90),  # one a second, and the key frames
    }


def test_what_is_not_encoded_repeats_the_frame_before_exactly(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    kept = write(path, Encoding(Rate(10), 200), moves=range(21, 150, 9))

    with av.open(str(path)) as file:
        shown = [frame.to_ndarray() for frame in file.decode(video=0)]
    repeats = [n for n, encoded in enumerate(kept) if not encoded]
    assert len(repeats) > 100
    for n in repeats:
        assert np.array_equal(shown[n], shown[n - 1]), f"frame {n}"
    moved = [n for n in range(1, 200) if np.abs(shown[n].astype(int) - shown[n - 1]).max() > 50]
    assert moved == list(range(21, 150, 9))


def test_a_strict_decoder_finds_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write(path, Encoding(Rate(10), 200), moves=range(21, 150, 9))

    with av.logging.Capture() as complaints, av.open(str(path), options={"err_detect": "explode"}) as file:
        file.streams.video[0].codec_context.options = {"err_detect": "explode"}
        count = sum(1 for _ in file.decode(video=0))

    assert count == 200
    assert complaints == []


def test_clips_joined_by_copy_play_as_one(tmp_path: Path) -> None:
    clips = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for clip, moves in zip(clips, (range(30, 50), range(10, 90, 7)), strict=True):
        write(clip, Encoding(Rate(30), 130), moves=moves)
    joined = tmp_path / "joined.mp4"

    with av.open(str(joined), "w") as out:
        with av.open(str(clips[0])) as first:
            stream = out.add_stream_from_template(first.streams.video[0])
        start = 0
        for clip in clips:
            with av.open(str(clip)) as file:
                for packet in file.demux(file.streams.video[0]):
                    if packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + start, packet.dts + start
                        packet.stream = stream
                        out.mux(packet)
            start += 130 * 512

    with av.logging.Capture() as complaints:
        assert decoded(joined) == 260
    assert complaints == []


def test_a_sparse_clip_holds_its_edges_and_what_is_encoded(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    kept = write(path, Encoding(Rate(10), 95, sparse=True), moves=range(21, 24))

    wanted = {*range(4), 13, *range(21, 26), 35, 40, 50, 60, 70, 80, 90, *range(91, 95)}
    assert {n for n, encoded in enumerate(kept) if encoded} == wanted
    times = [t * 10 for t, _ in packets(path)]
    assert times == sorted(wanted)
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        assert video.duration is not None
        assert video.duration * video.time_base == Fraction(95, 10)


def test_a_sparse_clip_made_constant_has_exactly_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write(path, Encoding(Rate(30), 200, sparse=True), moves=range(40, 60))

    with av.open(str(path)) as file:
        graph = av.filter.Graph()
        source = graph.add_buffer(template=file.streams.video[0])
        rate, sink = graph.add("fps", "30"), graph.add("buffersink")
        source.link_to(rate)
        rate.link_to(sink)
        graph.configure()
        count = 0
        for frame in [*file.decode(video=0), None]:
            source.push(frame)
            while True:
                try:
                    sink.pull()
                except (av.BlockingIOError, av.EOFError):
                    break
                count += 1

    assert count == 200


@pytest.mark.parametrize("sparse", [False, True])
def test_the_bytes_are_the_same_in_another_process(tmp_path: Path, sparse: bool) -> None:
    here, there = tmp_path / "here.mp4", tmp_path / "there.mp4"
    program = f"""
import importlib.util
from pathlib import Path
spec = importlib.util.spec_from_file_location("twin", {__file__!r})
twin = importlib.util.module_from_spec(spec)
spec.loader.exec_module(twin)
twin.write(Path({str(there)!r}), twin.Encoding(twin.Rate(30), 40, sparse={sparse}), moves=range(5, 20))
"""
    write(here, Encoding(Rate(30), 40, sparse=sparse), moves=range(5, 20))

    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (here, there)}
    assert len(digests) == 1


def test_a_full_disk_is_said_so() -> None:
    buffer = np.random.default_rng(0).integers(0, 256, (HEIGHT * 3 // 2, WIDTH), dtype=np.uint8)

    with (
        pytest.raises(StoreFull, match="disk"),
        Encoder(Path("/dev/full"), buffer, Encoding(Rate(30), 40)) as encoder,
    ):
        for _ in range(40):
            encoder.show()


def test_a_clip_with_frames_missing_is_refused(tmp_path: Path) -> None:
    buffer = np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8)

    with (
        pytest.raises(ValueError, match="1 of 3 frames"),
        Encoder(tmp_path / "clip.mp4", buffer, Encoding(Rate(30), 3)) as encoder,
    ):
        encoder.show()


def test_a_clip_takes_no_frame_more_than_planned(tmp_path: Path) -> None:
    buffer = np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8)

    with Encoder(tmp_path / "clip.mp4", buffer, Encoding(Rate(30), 1)) as encoder:
        encoder.show()

        with pytest.raises(ValueError, match="has its 1 frames"):
            encoder.show()


@pytest.mark.parametrize(
    ("rate", "ticks"),
    [
        (Rate(30), 15360),
        (Rate(24), 15360),
        (Rate(60), 15360),
        (Rate(25), 12800),
        (NTSC, 30000),
        (Rate(50), 12800),
    ],
)
def test_every_frame_begins_on_a_tick(rate: Rate, ticks: int) -> None:
    assert timescale(rate) == ticks
    assert ticks * rate.denominator % rate.numerator == 0


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"threads": 0}, {"threads": 17}, {"crf": 52}])
def test_what_cannot_be_encoded_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="cannot be encoded"):
        Encoding(**{"rate": Rate(30), "frames": 1} | wrong)  # type: ignore[arg-type]
