"""What is wrong with a model's folder is found and told, quickly or by every byte."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from services.chassis.progress import Progress
from services.models import digests, manifest
from services.models.catalogue import MODELS, Known
from services.models.import_folder import take
from services.models.verify import MOST, verify
from tests.unit.models.model_folder import COMMIT, build, write_json

SHARD = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
INDEX = "transformer/diffusion_pytorch_model.safetensors.index.json"


@pytest.fixture
def folder(published: Path, models: Path, model: Known) -> Path:
    """A model that is whole."""
    take(models, model, published, revision=COMMIT)
    return models / model.name


def rewrite(folder: Path, name: str, data: bytes) -> None:
    """Another file in a file's place, listed as it now is: the manifest knows nothing of the harm."""
    (folder / name).unlink()
    (folder / name).write_bytes(data)
    listed = json.loads((folder / manifest.NAME).read_text())
    for file in listed["files"]:
        if file["path"] == name:
            file["size"] = len(data)
    write_json(folder / manifest.NAME, listed)


def change(folder: Path, name: str, change: Callable[[dict[str, object]], object]) -> None:
    data = json.loads((folder / name).read_text())
    change(data)
    rewrite(folder, name, json.dumps(data).encode())


def link_out(folder: Path) -> None:
    (folder / SHARD).rename(folder.parent / "elsewhere")
    (folder / SHARD).symlink_to(folder.parent / "elsewhere")


def lose_a_tensor(folder: Path) -> None:
    save_file({"blocks.2.q": np.zeros(4, np.float32)}, folder.parent / "less")
    rewrite(folder, SHARD, (folder.parent / "less").read_bytes())


QUICK: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda f: (f / SHARD).unlink(), f"{SHARD} is missing."),
    "truncated": (lambda f: os.truncate(f / SHARD, 99), f"{SHARD} has 99 bytes instead of 3,"),
    "a link out": (link_out, f"{SHARD} is a link out of the folder."),
    "a folder in its place": (
        lambda f: ((f / SHARD).unlink(), (f / SHARD).mkdir()),
        f"{SHARD} is missing.",
    ),
    "more weights": (
        lambda f: (f / "transformer/more.safetensors").write_bytes(b"x"),
        "'transformer/more.safetensors' does not belong to the model",
    ),
    "pickle": (lambda f: (f / "vae/x.bin").write_bytes(b"x"), "'vae/x.bin' does not belong"),
    "a program": (lambda f: (f / "pipeline.py").write_text("x"), "'pipeline.py' does not belong"),
    "a broken header": (lambda f: rewrite(f, SHARD, b"x" * 99), f"{SHARD} is damaged: its header is said"),
    "a lost tensor": (lose_a_tensor, f"{SHARD} lacks the tensor 'blocks.2.k' and 1 more."),
    "no tensors": (
        lambda f: rewrite(f, "vae/diffusion_pytorch_model.safetensors", b"\x02" + bytes(7) + b"{}"),
        "vae/diffusion_pytorch_model.safetensors has no tensors.",
    ),
    "no weight map": (
        lambda f: change(f, INDEX, lambda d: d.pop("weight_map")),
        f"{INDEX} has no weight_map of names.",
    ),
    "a file beside": (
        lambda f: change(f, INDEX, lambda d: d.update(weight_map={"a": "../vae/x.safetensors"})),
        f"{INDEX} names the file '../vae/x.safetensors', which is not a weights file beside it.",
    ),
    "an unnamed shard": (
        lambda f: change(f, INDEX, lambda d: d.update(weight_map={"blocks.2.q": SHARD.split("/")[1]})),
        "00001-of-00002.safetensors is not one of the files that",
    ),
    "a part that is not named": (
        lambda f: change(f, "model_index.json", lambda d: d.update(transformer_2=[None, None])),
        "model_index.json does not name the part 'transformer_2'.",
    ),
    "a part too many": (
        lambda f: change(f, "model_index.json", lambda d: d.update(unet=["diffusers", "UNet"])),
        "model_index.json names the part 'unet', which t2v-A14B does not have.",
    ),
    "a class of its own": (
        lambda f: change(f, "model_index.json", lambda d: d.update(vae=["my_vae", "Vae"])),
        "model_index.json takes 'vae' from somewhere else than diffusers and transformers.",
    ),
    "another model": (
        lambda f: change(f, "transformer/config.json", lambda d: d.update(in_channels=48)),
        "transformer/config.json has 48 input channels, t2v-A14B has 16: this is another model.",
    ),
    "no JSON": (lambda f: rewrite(f, "model_index.json", b"{"), "model_index.json is not JSON."),
    "deep JSON": (lambda f: rewrite(f, "model_index.json", b"[" * 99999), "model_index.json is not JSON."),
    "no object": (lambda f: rewrite(f, INDEX, b"[]"), f"{INDEX} is not a JSON object."),
    "no manifest": (lambda f: (f / manifest.NAME).unlink(), "t2v-A14B has no manifest.json."),
    "a broken manifest": (
        lambda f: (f / manifest.NAME).write_text("{}"),
        "manifest.json of t2v-A14B is damaged: model: Field required.",
    ),
    "a manifest that leads out": (
        lambda f: (f / manifest.NAME).write_text(
            (f / manifest.NAME).read_text().replace("vae/config.json", "vae/../../x.json")
        ),
        "no file of a model has this name",
    ),
    "the manifest of another": (
        lambda f: (f / manifest.NAME).write_text(
            (f / manifest.NAME).read_text().replace('"t2v-A14B"', '"ti2v-5B"')
        ),
        "manifest.json is that of 'ti2v-5B'.",
    ),
}


@pytest.mark.parametrize("case", QUICK)
def test_a_quick_look_finds_what_is_wrong(case: str, folder: Path, model: Known) -> None:
    harm, said = QUICK[case]
    harm(folder)

    found = verify(folder, model, quick=True)

    assert any(said in problem for problem in found), found
    assert len(found) <= 3


def test_a_model_that_is_not_there_is_one_problem(tmp_path: Path, model: Known) -> None:
    assert verify(tmp_path / "nothing", model) == ["t2v-A14B is not there."]


@pytest.mark.parametrize("name", MODELS)
def test_each_model_is_whole_without_its_readme(name: str, tmp_path: Path, models: Path) -> None:
    take(models, MODELS[name], build(tmp_path / "given", MODELS[name]))

    assert verify(models / name, MODELS[name]) == []


def flip_a_bit(path: Path) -> None:
    """Change the last byte; the time stays, as when a disk forgets."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_only_reading_every_byte_finds_other_bytes(folder: Path, model: Known) -> None:
    flip_a_bit(folder / SHARD)
    (folder / digests.NAME).unlink()

    assert verify(folder, model, quick=True) == []
    assert verify(folder, model) == [f"{SHARD} has other bytes than it should (sha256)."]


def test_what_was_read_once_is_read_again_only_when_asked_or_written_to(folder: Path, model: Known) -> None:
    flip_a_bit(folder / SHARD)

    assert verify(folder, model) == []
    os.utime(folder / "vae/config.json")
    assert verify(folder, model) == []
    assert verify(folder, model, again=True) == [f"{SHARD} has other bytes than it should (sha256)."]
    assert verify(folder, model) == [f"{SHARD} has other bytes than it should (sha256)."]


@pytest.mark.parametrize("memory", [b"", b"{}", b"[[[", b'{"files": {"x": 1}}', b"\xff" * 2000])
def test_a_broken_memory_is_none(memory: bytes, folder: Path, model: Known) -> None:
    (folder / digests.NAME).write_bytes(memory)

    assert verify(folder, model) == []
    assert SHARD in json.loads((folder / digests.NAME).read_text())["files"]


def test_a_folder_that_cannot_be_written_to_is_verified_all_the_same(folder: Path, model: Known) -> None:
    (folder / digests.NAME).unlink()
    (folder / digests.NAME).mkdir()

    assert verify(folder, model) == []


def test_the_bytes_that_are_read_are_told_up_to_all(folder: Path, model: Known) -> None:
    told: list[Progress] = []

    verify(folder, model, again=True, report=told.append)

    size = manifest.read(folder).size
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert (told[-1].done, told[-1].total, told[-1].fraction) == (size, size, 1.0)


def test_many_problems_are_cut(folder: Path, model: Known) -> None:
    for number in range(MOST + 5):
        (folder / f"vae/{number}.bin").write_bytes(b"x")

    found = verify(folder, model, quick=True)

    assert len(found) == MOST + 1
    assert found[-1] == "There is more."


def test_a_folder_full_of_files_is_not_walked_to_the_end(
    folder: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.models.layout.MAX_FILES", 10)

    assert verify(folder, model, quick=True) == ["There are more than 10 files in the folder t2v-A14B."]
