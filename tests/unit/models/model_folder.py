"""Small folders in the layout of the published models: every kind of file, weights of a few kilobytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from services.models.catalogue import Known

COMMIT = "5be7df9619b54f4e2667b2755bc6a756675b5cd7"
CLASSES = {
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "transformer_2": ["diffusers", "WanTransformer3DModel"],
    "vae": ["diffusers", "AutoencoderKLWan"],
}


def write_json(path: Path, data: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2))


def build(folder: Path, model: Known) -> Path:
    """Write a model, with what repositories have besides: a readme, pictures, weights in another form."""
    index: dict[str, Any] = {"_class_name": "WanPipeline", "_diffusers_version": "0.35.0"}
    index |= {part: CLASSES[part] for part in model.parts} | {"boundary_ratio": 0.875, "image_encoder": None}
    if "transformer_2" not in model.parts:
        index["transformer_2"] = [None, None]
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler/scheduler_config.json", {"flow_shift": 3.0})
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        write_json(folder / "tokenizer" / name, {"name": name})
    (folder / "tokenizer/spiece.model").write_bytes(b"\n\x0epieces")
    for part in ("text_encoder", *(part for part in model.parts if part.startswith("transformer"))):
        stem = "model" if part == "text_encoder" else "diffusion_pytorch_model"
        write_json(folder / part / "config.json", {"in_channels": model.channels, "part": part})
        _shards(folder / part, stem, seed=sum(map(ord, part)) + model.channels)
    write_json(folder / "vae/config.json", {"z_dim": 16})
    save_file({"decoder.w": np.ones((4, 4), np.float32)}, folder / "vae/diffusion_pytorch_model.safetensors")
    (folder / "README.md").write_text("# A model\n")
    (folder / "assets").mkdir()
    (folder / "assets/logo.png").write_bytes(b"\x89PNG")
    return folder


def _shards(folder: Path, stem: str, *, seed: int) -> None:
    dice, weight_map = np.random.default_rng(seed), {}
    for number in (1, 2):
        name = f"{stem}-0000{number}-of-00002.safetensors"
        tensors = {f"blocks.{number}.{kind}": dice.random((16, 16), np.float32) for kind in "qkv"}
        save_file(tensors, folder / name)
        weight_map |= dict.fromkeys(tensors, name)
    write_json(folder / f"{stem}.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})
