"""A card's spec is refused when its parts do not fit each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.story.narration import SpeechTiming
from tests.unit.cards.specs import CARD


@pytest.mark.parametrize("lead", [30, 31, -1])
def test_a_lead_as_long_as_the_card_is_refused(lead: int) -> None:
    with pytest.raises(ValueError, match="lead"):
        replace(CARD, lead_frames=lead)


def test_a_card_needs_the_timing_of_its_own_narration() -> None:
    with pytest.raises(ValueError, match="another text"):
        replace(CARD, timing=SpeechTiming("Else", ()))
