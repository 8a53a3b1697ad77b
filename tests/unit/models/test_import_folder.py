"""Models come from folders that were brought: linked or copied, and only whole ones."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from services.chassis.errors import Configuration, ModelUnavailable
from services.chassis.progress import Progress
from services.models import manifest
from services.models.catalogue import MODELS, Known
from services.models.import_folder import take
from services.models.verify import verify
from tests.unit.models.model_folder import COMMIT, build

SHARD = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"


def no_links(*_: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def cached(published: Path, root: Path) -> Path:
    """A snapshot as huggingface_hub's cache has it: links to blobs."""
    snapshot, blobs = root / "models--x" / "snapshots" / COMMIT, root / "models--x" / "blobs"
    blobs.mkdir(parents=True)
    for number, path in enumerate(sorted(path for path in published.rglob("*") if path.is_file())):
        link = snapshot / path.relative_to(published)
        link.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blobs / str(number))
        link.symlink_to(os.path.relpath(blobs / str(number), link.parent))
    return snapshot


@pytest.mark.parametrize("name", MODELS)
def test_a_folder_is_taken_by_links_and_is_whole_then(name: str, tmp_path: Path, models: Path) -> None:
    given = build(tmp_path / "given", MODELS[name])

    taken = take(models, MODELS[name], given, revision=COMMIT)

    assert verify(models / name, MODELS[name]) == []
    assert taken.linked == len(taken.manifest.files)
    assert (models / name / SHARD).samefile(given / SHARD)
    assert (taken.manifest.revision, taken.manifest.origin) == (COMMIT, "folder")


def test_where_files_cannot_be_linked_they_are_copied_and_the_bytes_are_told(
    published: Path, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    told: list[Progress] = []

    taken = take(models, model, published, report=told.append)

    copied = [event for event in told if event.step == "copy"]
    assert taken.linked == 0
    assert not (models / model.name / SHARD).samefile(published / SHARD)
    assert (copied[-1].done, copied[-1].fraction) == (taken.manifest.size, 1.0)
    assert verify(models / model.name, model) == []


def test_a_copy_that_was_interrupted_goes_on_with_what_has_arrived(
    published: Path, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)

    def stop(progress: Progress) -> None:
        if progress.fraction > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        take(models, model, published, report=stop)
    arriving = models / f".{model.name}.given"
    first = {path: path.stat().st_ino for path in arriving.rglob("*.safetensors")}
    take(models, model, published)

    whole = {path.relative_to(arriving): inode for path, inode in list(first.items())[:-1]}
    assert whole
    assert all((models / model.name / path).stat().st_ino in first.values() for path in whole)
    assert verify(models / model.name, model) == []


def test_a_snapshot_of_the_hubs_cache_says_its_commit_and_becomes_files(
    published: Path, tmp_path: Path, models: Path, model: Known
) -> None:
    taken = take(models, model, cached(published, tmp_path / "cache"))

    assert taken.manifest.revision == COMMIT
    assert not any(path.is_symlink() for path in (models / model.name).rglob("*"))
    assert verify(models / model.name, model) == []


def test_the_folder_above_a_snapshot_is_told_apart(
    published: Path, tmp_path: Path, models: Path, model: Known
) -> None:
    snapshot = cached(published, tmp_path / "cache")

    with pytest.raises(ModelUnavailable) as caught:
        take(models, model, snapshot.parents[1])

    assert caught.value.suggestions[0].description == f"Name {snapshot}."


def test_notes_of_a_download_say_the_commit(published: Path, models: Path, model: Known) -> None:
    note = published / f".cache/huggingface/download/{SHARD}.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{COMMIT}\nabcdef\n1700000000.0\n")

    assert take(models, model, published).manifest.revision == COMMIT


def test_files_without_a_commit_have_a_revision_of_their_own_bytes(
    published: Path, tmp_path: Path, models: Path, model: Known
) -> None:
    shutil.copytree(published, tmp_path / "copy")

    one = take(models, model, published).manifest
    two = take(tmp_path / "others", model, tmp_path / "copy").manifest

    assert one.revision.startswith("files-")
    assert one == two


def test_a_commit_that_was_not_known_can_be_written_down_later(
    published: Path, models: Path, model: Known
) -> None:
    before = take(models, model, published).manifest

    after = take(models, model, models / model.name, revision=COMMIT).manifest

    assert before.revision.startswith("files-")
    assert (after.revision, after.files) == (COMMIT, before.files)
    assert manifest.read(models / model.name) == after


def test_a_file_in_the_models_place_is_left_there(published: Path, models: Path, model: Known) -> None:
    models.mkdir()
    (models / model.name).write_text("mine")

    with pytest.raises(Configuration, match="is a file"):
        take(models, model, published)

    assert (models / model.name).read_text() == "mine"


def test_a_folder_of_storyreel_brings_its_manifest_and_must_agree_with_it(
    published: Path, tmp_path: Path, models: Path, model: Known
) -> None:
    first = take(models, model, published, revision=COMMIT).manifest
    other = tmp_path / "others"

    again = take(other, model, models / model.name).manifest

    assert again == first
    (models / model.name / "tokenizer/tokenizer.json").unlink()
    (models / model.name / "tokenizer/tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"is not as its manifest\.json says: tokenizer/tokenizer"):
        take(tmp_path / "third", model, models / model.name)


def test_the_models_own_folder_only_gets_a_manifest(published: Path, models: Path, model: Known) -> None:
    models.mkdir()
    folder = published.rename(models / model.name)

    take(models, model, folder)

    assert verify(folder, model) == []
    assert (folder / "README.md").exists()
    assert sorted(path.name for path in models.iterdir()) == [".t2v-A14B.lock", "t2v-A14B"]


def test_the_models_own_folder_with_what_a_loader_could_take_is_refused(
    published: Path, models: Path, model: Known
) -> None:
    models.mkdir()
    folder = published.rename(models / model.name)
    (folder / "transformer/diffusion_pytorch_model.bin").write_bytes(b"pickle")

    with pytest.raises(ModelUnavailable, match=r"diffusion_pytorch_model\.bin' does not belong"):
        take(models, model, folder)

    assert not (folder / manifest.NAME).exists()


def test_another_commit_than_the_folders_own_is_refused(
    published: Path, tmp_path: Path, models: Path, model: Known
) -> None:
    snapshot = cached(published, tmp_path / "cache")

    with pytest.raises(Configuration, match=f"is of revision {COMMIT}, not bbbb"):
        take(models, model, snapshot, revision="b" * 40)
    with pytest.raises(Configuration, match="'main' is not a commit"):
        take(models, model, snapshot, revision="main")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / SHARD).unlink(), f"{SHARD} is missing"),
        (lambda folder: (folder / SHARD).write_bytes(b"x" * 100), f"{SHARD} is damaged"),
        (lambda folder: (folder / "model_index.json").unlink(), "it has no model_index.json"),
        (lambda folder: shutil.rmtree(folder), "is not a folder"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_before_anything_is_copied(
    harm: object, said: str, published: Path, models: Path, model: Known
) -> None:
    assert callable(harm)
    harm(published)

    with pytest.raises((ModelUnavailable, Configuration)) as caught:
        take(models, model, published)

    assert said in caught.value.message
    assert not models.exists()


def test_a_folder_of_another_model_is_refused(tmp_path: Path, models: Path, model: Known) -> None:
    given = build(tmp_path / "given", MODELS["i2v-A14B"])

    with pytest.raises(
        ModelUnavailable, match=r"36 input channels, t2v-A14B has 16: this is another model\."
    ):
        take(models, model, given)
