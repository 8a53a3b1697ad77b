"""Voices lie at their samples, and nothing else is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import ArtifactCorrupt
from services.muxing.voices import Placed, lay_voices, read
from tests.unit.muxing import reel


def voice(tmp_path: Path, name: str, value: float, samples: int) -> Path:
    path = tmp_path / f"{name}.flac"
    reel.write_flac(path, np.full(samples, value))
    return path


def lay(tmp_path: Path, *voices: Placed, samples: int = 20_000) -> tuple[float, np.ndarray]:
    master = tmp_path / "master.pcm"
    peak = lay_voices(voices, samples=samples, master=master, tell=lambda done: None)
    return peak, np.fromfile(master, "<i2")


def test_each_voice_lies_at_its_own_sample(tmp_path: Path) -> None:
    first = Placed(voice(tmp_path, "a", 0.25, 5000), 101, 5000)
    second = Placed(voice(tmp_path, "b", -0.5, 7001), 12_345, 7001)

    peak, master = lay(tmp_path, first, second)

    assert len(master) == 20_000
    assert np.flatnonzero(master == 8192).tolist() == list(range(101, 5101))
    assert np.flatnonzero(master < 0).tolist() == list(range(12_345, 19_346))
    assert np.count_nonzero(master) == 12_001
    assert peak == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(("planned", "said"), [(5001, "5000 samples, 5001"), (4999, "5000 samples, 4999")])
def test_a_voice_of_another_length_is_refused(tmp_path: Path, planned: int, said: str) -> None:
    placed = Placed(voice(tmp_path, "a", 0.1, 5000), 0, planned)

    with pytest.raises(ArtifactCorrupt, match=f"voice of scene 1 has .*{said} were planned"):
        lay(tmp_path, placed)


def test_a_piece_beyond_the_ends_is_silence(tmp_path: Path) -> None:
    _, master = lay(tmp_path, Placed(voice(tmp_path, "a", 0.25, 5000), 0, 5000), samples=5000)

    before = read(tmp_path / "master.pcm", -10, 20)
    after = read(tmp_path / "master.pcm", 4990, 20)
    beyond = read(tmp_path / "master.pcm", -50, 20)

    assert len(master) == 5000
    assert np.count_nonzero(before[:10]) == np.count_nonzero(after[10:]) == np.count_nonzero(beyond) == 0
    assert before[10:].tolist() == after[:10].tolist() == [0.25] * 10
