"""Progress over all steps goes one way."""

from __future__ import annotations

import pytest

from services.chassis.progress import Progress
from services.muxing.steps import SOUND, VIDEO, Steps


@pytest.mark.parametrize("shares", [SOUND, VIDEO])
def test_the_steps_together_are_the_whole(shares: dict[str, float]) -> None:
    told: list[Progress] = []
    steps = Steps(told.append, shares)

    for step in shares:
        steps.at(step)(Progress("", 1.0))

    assert told[0].fraction == next(iter(shares.values()))
    assert abs(told[-1].fraction - 1) < 1e-9


def test_a_step_done_again_does_not_go_back() -> None:
    told: list[Progress] = []
    steps = Steps(told.append, SOUND)

    for step, fraction in (("join", 0.8), ("voices", 0.1), ("join", 0.9)):
        steps.at(step, of=0.5)(Progress("", fraction, 3, 9, "samples"))

    assert [p.fraction for p in told] == sorted(p.fraction for p in told)
    assert told[1] == Progress("voices", told[0].fraction, 3, 9, "samples")
