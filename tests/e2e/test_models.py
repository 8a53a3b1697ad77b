"""A model's way as a person walks it: taken from a folder, listed, verified, found damaged, mended."""

from __future__ import annotations

import os
from pathlib import Path

from services.models.catalogue import MODELS
from tests.e2e.command import Home
from tests.unit.models.model_folder import COMMIT, build

SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"


def test_a_brought_model_is_taken_verified_found_damaged_and_mended(tmp_path: Path) -> None:
    given = build(tmp_path / "given", MODELS["t2v-A14B"])
    home = Home(tmp_path / "home", {"HF_ENDPOINT": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"})
    shard = tmp_path / "home/models/t2v-A14B" / SHARD

    unreachable = home.run("models", "fetch", "t2v-A14B", "--json")
    taken = home.run("models", "fetch", "t2v-A14B", "--from", str(given), "--revision", COMMIT)
    listed = home.run("models", "list")
    whole = home.run("models", "verify")
    shard.unlink()
    shard.write_bytes(os.urandom(3000))
    damaged = home.run("models", "verify", "t2v-A14B", "--json")
    mended = home.run("models", "fetch", "t2v-A14B", "--from", str(given), "--revision", COMMIT)
    again = home.run("models", "verify", "--again")

    assert (unreachable.code, unreachable.events[0]["reason"]) == (5, "UNREACHABLE")
    assert (taken.code, taken.out.splitlines()[1]) == (0, str(tmp_path / "home/models/t2v-A14B"))
    assert f" ✓ t2v-A14B      0.0 GB  {COMMIT}" in listed.out
    assert (whole.code, whole.out) == (0, " ✓ t2v-A14B   every byte is right\n")
    assert (damaged.code, damaged.events[-1]["whole"]) == (4, False)
    assert damaged.events[-1]["problems"][0].startswith(f"{SHARD} has 3,000 bytes instead of 3,")
    assert (mended.code, again.code) == (0, 0)
