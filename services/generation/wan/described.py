"""The architecture that a model's own folder describes, so that forecasts are of that model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.generation.footage.architecture import Architecture
from services.generation.footage.published import read

LARGEST_CONFIG = 1 << 20
"""Bytes; the published ones have less than 2,000."""


def described(folder: Path) -> Architecture | None:
    """The architecture of a model in the layout of diffusers; None when its folder does not tell it."""
    try:
        index = _config(folder / "model_index.json")
        return read(
            _config(folder / "transformer" / "config.json"),
            _config(folder / "vae" / "config.json"),
            _config(folder / "text_encoder" / "config.json"),
            experts=2 if isinstance(index.get("transformer_2"), list) and index["transformer_2"][0] else 1,
            per_token_time=bool(index.get("expand_timesteps", False)),
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _config(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_CONFIG:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes")
    found = json.loads(path.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no object")
    return found
