"""Repeated frames decode alike in two decoders that share no code: libavcodec's own, and Cisco's OpenH264.

OpenH264 is asked through imageio-ffmpeg's program, which hands it every frame with its error concealment
off and ends with an error when it finds one: a frame it could not read is never shown as the one before.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from services.media.clock import Rate
from services.media.encode import Encoder, Encoding

WIDTH, HEIGHT, FRAMES = 320, 240, 150
MOVES = (*range(3, 9), *range(70, 76), 149)
"""Stills of more than 16 frames on both sides: the frames' numbers go round; key frames at 0 and 120."""


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    """The program, if it was built with OpenH264."""
    program = str(imageio_ffmpeg.get_ffmpeg_exe())
    listed = subprocess.run(
        [program, "-hide_banner", "-decoders"], capture_output=True, text=True, check=True
    )
    if " libopenh264 " not in listed.stdout:
        pytest.skip(f"{program} has no OpenH264 decoder")
    return program


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip in which a bar moves now and then; most of its frames are repeats."""
    path = tmp_path / "clip.mp4"
    buffer = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    with Encoder(path, buffer, Encoding(Rate(30), FRAMES)) as encoder:
        for frame in range(FRAMES):
            if frame in MOVES:
                buffer[:HEIGHT] = np.linspace(30, 90, WIDTH, dtype=np.uint8)
                buffer[:HEIGHT, frame * 3 % 300 : frame * 3 % 300 + 20] = 220
            encoder.show(changed=frame in MOVES)
        assert encoder.encoded < FRAMES / 3
    return path


def in_libavcodec(path: Path) -> list[str]:
    """The digest of each frame's planes."""
    with av.open(str(path)) as file:
        return [hashlib.md5(frame.to_ndarray().tobytes()).hexdigest() for frame in file.decode(video=0)]


def in_openh264(ffmpeg: str, path: Path) -> tuple[int, list[str]]:
    """How the decoder ended, and the same digests."""
    command = [
        ffmpeg,
        "-v",
        "quiet",
        "-xerror",
        "-c:v",
        "libopenh264",
        "-i",
        str(path),
        "-f",
        "framemd5",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = (line for line in done.stdout.splitlines() if not line.startswith("#"))
    return done.returncode, [line.rsplit(",", 1)[1].strip() for line in lines]


def test_both_decoders_show_the_same_frames(ffmpeg: str, clip: Path) -> None:
    code, frames = in_openh264(ffmpeg, clip)

    assert code == 0
    assert len(frames) == FRAMES
    assert frames == in_libavcodec(clip)


def test_a_repeat_with_a_wrong_number_would_not_pass(ffmpeg: str, clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as file:
        repeat = [packet.pos for packet in file.demux(video=0) if packet.pos is not None][40]
    wrong = tmp_path / "wrong.mp4"
    data = bytearray(clip.read_bytes())
    # The unit's length takes four bytes, its kind one; in the last bit of the sixth the number begins.
    data[repeat + 5] ^= 1
    wrong.write_bytes(data)

    code, frames = in_openh264(ffmpeg, wrong)

    assert code != 0
    assert len(frames) < FRAMES
