"""Voices have their places, and none is cut."""

from __future__ import annotations

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused
from services.media.clock import UNIT, Rate
from services.muxing.sound import Voice, compose

RATE = Rate(30000, 1001)
ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="audio/flac")


def voice(samples: int = 48_000) -> Voice:
    return Voice(ANY, samples, 60, 6)


def test_each_voice_starts_after_the_lead_of_its_scene_on_the_grid() -> None:
    score = compose([voice(), voice(50_000), voice()], RATE)

    assert score.starts == tuple(round(RATE.sample_at(frame) / UNIT) * UNIT for frame in (6, 66, 126))
    assert score.places[1] == (103 * UNIT, 50_000)
    assert score.samples == RATE.sample_at(180)
    assert score.spoken == 146_000


def test_a_voice_may_fill_its_scene_to_the_last_sample_and_no_further() -> None:
    room = RATE.sample_at(60) - RATE.sample_at(6)
    filled = compose([voice(room)], RATE)

    with pytest.raises(GateRefused) as caught:
        compose([voice(), voice(room + 48)], RATE)

    assert 0 <= filled.samples - sum(filled.places[0]) <= UNIT // 2
    assert str(caught.value) == "The voice of scene 2 ends 1.0 ms after its scene of 60 frames."
    assert caught.value.metadata == {"scene": "2"}
