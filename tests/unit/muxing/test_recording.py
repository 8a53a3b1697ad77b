"""A take is as loud as it shall be, with each voice at its sample, and depends on nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import ArtifactCorrupt
from services.media import aac, probe, units
from services.media.clock import UNIT
from services.muxing import loudness
from services.muxing.pair import stereo
from services.muxing.recording import Findings, Spoken, record
from services.muxing.takes import Heard
from tests.unit.muxing import reel

LEAD, REST = 2 * UNIT, 10 * UNIT


def take(tmp_path: Path, *sounds: reel.Sound, name: str = "take") -> tuple[Findings, Path]:
    """A take of voices half a second apart."""
    voices, at = [], LEAD
    for number, sound in enumerate(sounds):
        path = tmp_path / f"{number}.flac"
        voices.append(Spoken(path, at, reel.write_flac(path, sound)))
        at += len(sound) + 24_000
    out = tmp_path / f"{name}.mp4"
    return record(voices, length=-(-(at + REST) // UNIT), out=out), out


def lufs(found: Findings) -> float:
    return loudness.integrated(found.blocks)


def test_a_voice_is_levelled_and_heard_at_its_sample(tmp_path: Path) -> None:
    found, out = take(tmp_path, reel.click(2.3))

    assert lufs(found) == pytest.approx(-16, abs=0.3)
    assert found.true_peak <= -1
    assert found.voices == (Heard(0),)
    assert reel.onsets(reel.heard(out)) == pytest.approx([LEAD / 48_000], abs=0.001)


@pytest.mark.parametrize(
    "sound",
    [
        reel.click(0.1),
        reel.click(1.5) * 0.001,
        reel.tone(1.2, level=0.9, hertz=150),
        np.sign(reel.tone(3.0)) * 0.99,
    ],
    ids=["a tenth of a second", "-60 dB", "a hum", "a square"],
)
def test_odd_voices_come_out_as_loud_as_can_be(tmp_path: Path, sound: reel.Sound) -> None:
    found, _ = take(tmp_path, sound)

    assert lufs(found) == pytest.approx(-16, abs=1)
    assert found.true_peak <= -1
    assert all(abs(voice.late or 0) < 48 and not voice.lost for voice in found.voices)


def test_it_begins_and_ends_in_silence(tmp_path: Path) -> None:
    _, out = take(tmp_path, reel.click(1.0) * 0.2)

    data = [unit.data for unit in units.read(out)]

    assert data[0] == data[-1] == stereo(aac.silence())


def test_several_voices_have_their_places(tmp_path: Path) -> None:
    found, out = take(tmp_path, reel.click(1.0), reel.click(0.7))

    assert found.voices == (Heard(0), Heard(0))
    assert len(reel.onsets(reel.heard(out))) == 2


def test_the_same_voices_give_the_same_bytes(tmp_path: Path) -> None:
    first = take(tmp_path, reel.click(1.3), name="first")
    second = take(tmp_path, reel.click(1.3), name="second")

    assert first[0] == second[0]
    assert first[1].read_bytes() == second[1].read_bytes()


def test_a_silent_voice_is_silence_and_not_lost(tmp_path: Path) -> None:
    found, out = take(tmp_path, reel.click(1.0) * 0)

    assert (found.blocks, found.voices) == ((), (Heard(None),))
    assert np.count_nonzero(np.concatenate(list(probe.sides(out)), axis=1)) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [(1, "has 48000 samples, 48001 were planned"), (-1, "has at least 48000 samples, 47999 were planned")],
)
def test_a_voice_of_another_length_is_refused(tmp_path: Path, more: int, said: str) -> None:
    path = tmp_path / "voice.flac"
    samples = reel.write_flac(path, reel.click(1.0))

    with pytest.raises(ArtifactCorrupt, match=said) as caught:
        record([Spoken(path, LEAD, samples + more)], length=70, out=tmp_path / "take.mp4")

    assert caught.value.metadata == {"voice": "0"}


def test_a_voice_that_does_not_decode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.flac"
    path.write_bytes(b"fLaC and nothing else")

    with pytest.raises(ArtifactCorrupt, match="The voice does not read as media"):
        record([Spoken(path, LEAD, 48_000)], length=70, out=tmp_path / "take.mp4")
