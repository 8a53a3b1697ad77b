"""Sound becomes FLAC at 48 kHz, and is checked."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from services.chassis.errors import VoiceUnavailable
from services.tts.audio import Sound, check, from_mp3, from_pcm
from tests.unit.tts.fake_edge import mp3


def tone(count: int, rate: int = 22_050) -> bytes:
    return (np.sin(np.arange(count) / rate * 440 * 2 * np.pi) * 9000).astype("<i2").tobytes()


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("flac", 48_000, 1)
        assert stream.format.name == "s16"
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])


@pytest.mark.parametrize("count", [1, 2, 100, 22_050, 70_001, 200_000])
def test_the_number_of_samples_is_exact(count: int, tmp_path: Path) -> None:
    sound = from_pcm(io.BytesIO(tone(count)), rate=22_050, count=count, to=tmp_path / "a.flac")

    assert sound.samples == -(-count * 48_000 // 22_050)
    assert len(decoded(tmp_path / "a.flac")) == sound.samples


def test_the_sound_keeps_its_pitch_its_place_and_its_peak(tmp_path: Path) -> None:
    sound = from_pcm(io.BytesIO(tone(22_050)), rate=22_050, count=22_050, to=tmp_path / "a.flac")

    wanted = np.sin(np.arange(48_000) / 48_000 * 440 * 2 * np.pi) * 9000
    heard = decoded(tmp_path / "a.flac").astype(float)
    assert np.abs(heard[500:-500] - wanted[500:-500]).max() < 60
    assert sound.peak == pytest.approx(9000, rel=0.02)


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.flac", "b.flac"):
        from_pcm(io.BytesIO(tone(50_000)), rate=22_050, count=50_000, to=tmp_path / name)

    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_an_mp3_becomes_flac(tmp_path: Path) -> None:
    sound = from_mp3(mp3(4, loud=True), to=tmp_path / "a.flac")

    assert sound.samples == pytest.approx(48_000, rel=0.15)
    assert len(decoded(tmp_path / "a.flac")) == sound.samples


@pytest.mark.parametrize("data", [b"", b"not an mp3 " * 100])
def test_what_is_no_mp3_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(VoiceUnavailable):
        from_mp3(data, to=tmp_path / "a.flac")


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (Sound(0, 0), "without audio"),
        (Sound(48_000, 102), "silence"),
        (Sound(48_000, 9000), "1.0 s of audio where about 10.0 s"),
        (Sound(48_000 * 40, 9000), "40.0 s of audio where about 10.0 s"),
    ],
)
def test_what_cannot_be_the_text_is_refused_with_its_numbers(sound: Sound, told: str) -> None:
    with pytest.raises(VoiceUnavailable) as caught:
        check(sound, engine="The engine", expected=480_000)

    assert told in caught.value.message


def test_plausible_sound_passes() -> None:
    check(Sound(48_000 * 25, 9000), engine="The engine", expected=480_000)
    check(Sound(1, 104), engine="The engine")
