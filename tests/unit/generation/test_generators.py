"""Who generates footage on a machine is what its settings say, or nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.chassis.errors import Configuration
from services.generation.generators import generators
from services.generation.settings import GenerationSettings


def test_without_a_device_and_a_server_nobody_does(tmp_path: Path) -> None:
    assert generators(GenerationSettings(), LocalStore(tmp_path)) == []


def test_a_model_to_warm_up_needs_a_device(tmp_path: Path) -> None:
    settings = GenerationSettings(warm="ti2v-5B")

    with pytest.raises(Configuration, match="STORYREEL_GENERATION_WARM names ti2v-5B, and there is no"):
        generators(settings, LocalStore(tmp_path))
