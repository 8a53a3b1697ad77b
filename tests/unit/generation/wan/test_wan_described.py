"""A model's folder describes its architecture, or nothing that could be believed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from services.generation.wan.described import LARGEST_CONFIG, described
from tests.unit.generation.wan import tiny


@pytest.mark.parametrize(
    ("model", "experts", "channels_in"), [("t2v-A14B", 2, 16), ("i2v-A14B", 2, 36), ("ti2v-5B", 1, 48)]
)
def test_a_models_folder_tells_its_architecture(
    tiny_models: Path, model: str, experts: int, channels_in: int
) -> None:
    found = described(tiny_models / model)

    assert found is not None
    assert found.experts == experts
    assert found.transformer.channels_in == channels_in
    assert (found.transformer.heads, found.transformer.blocks) == (tiny.HEADS, tiny.LAYERS)
    assert found.per_token_time == (model == "ti2v-5B")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"num_layers": -1}', b"[" * 100_000, b" " * (LARGEST_CONFIG + 1)],
    ids=["empty", "a list", "an empty object", "no text", "a wrong number", "nested", "large"],
)
def test_what_describes_nothing_is_not_believed(tiny_models: Path, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "ti2v-5B"
    shutil.copytree(tiny_models / "ti2v-5B", folder)
    config = folder / "transformer" / "config.json"
    assert json.loads(config.read_bytes())
    config.unlink()
    config.write_bytes(content)

    assert described(folder) is None


def test_a_missing_folder_describes_nothing(tmp_path: Path) -> None:
    assert described(tmp_path / "none") is None
