"""Models come from the hub whole and compared, or not at all, and what has arrived is not fetched again."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import huggingface_hub.constants
import pytest

from services.chassis.errors import (
    Configuration,
    ModelUnavailable,
    Overloaded,
    StoreFull,
    Unreachable,
)
from services.chassis.progress import Progress
from services.models import manifest, staging
from services.models.catalogue import Known
from services.models.fetch import fetch
from services.models.hub import HuggingFace
from services.models.staging import Arrival
from services.models.verify import verify
from tests.unit.models.fake_hub import FakeHub
from tests.unit.models.model_folder import COMMIT, write_json

SHARD = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"


@pytest.fixture
def interrupted(hub: FakeHub, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """A hub whose download has failed once, at one of the shards."""
    monkeypatch.setattr(time, "sleep", lambda _: None)  # huggingface_hub waits 23 s before it gives up
    hub.refused[SHARD] = 503
    with pytest.raises(Unreachable, match="HTTP 503"):
        fetch(models, model, HuggingFace())
    hub.refused.clear()
    hub.asked.clear()
    return hub


def test_a_model_is_fetched_whole_and_its_manifest_says_what_and_of_which_commit(
    hub: FakeHub, published: Path, models: Path, model: Known
) -> None:
    listed, fresh = fetch(models, model, HuggingFace())

    folder = models / model.name
    assert fresh
    assert (listed.revision, listed.origin, listed.repository) == (COMMIT, "hub", model.repository)
    assert manifest.read(folder) == listed
    assert (folder / SHARD).read_bytes() == (published / SHARD).read_bytes()
    assert verify(folder, model) == []


def test_only_files_of_the_model_are_asked_for_and_only_they_are_there(
    hub: FakeHub, published: Path, models: Path, model: Known
) -> None:
    for name in ("transformer/model.bin", "vae/old.pt", "text_encoder/run.py", "tokenizer/sub/x.json"):
        (published / name).parent.mkdir(exist_ok=True)
        (published / name).write_bytes(b"pickle")

    listed, _ = fetch(models, model, HuggingFace())

    there = {p.relative_to(models).as_posix() for p in models.rglob("*") if p.is_file()}
    ours = {".t2v-A14B.lock", "t2v-A14B/manifest.json", "t2v-A14B/verified.json"}
    assert sorted(set(hub.downloaded())) == sorted(file.path for file in listed.files)
    assert there == {f"t2v-A14B/{file.path}" for file in listed.files} | ours
    assert not any(name.endswith((".bin", ".pt", ".py", ".md", ".png")) for name in there)


def test_what_is_there_is_not_fetched_again(hub: FakeHub, models: Path, model: Known) -> None:
    first, _ = fetch(models, model, HuggingFace())
    hub.asked.clear()

    again, fresh = fetch(models, model, HuggingFace())

    assert (again, fresh) == (first, False)
    assert hub.downloaded() == []


def test_a_commit_that_is_there_needs_no_hub(
    hub: FakeHub, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(models, model, HuggingFace())
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    _, fresh = fetch(models, model, HuggingFace(), revision=COMMIT)

    assert not fresh


def test_bytes_that_are_there_are_told_and_the_end_is_all(hub: FakeHub, models: Path, model: Known) -> None:
    told: list[Progress] = []

    listed, _ = fetch(models, model, HuggingFace(), report=told.append)

    for step in ("download", "verify"):
        events = [event for event in told if event.step == step]
        assert [event.done for event in events] == sorted(event.done for event in events)
        assert (events[-1].done, events[-1].total, events[-1].fraction) == (listed.size, listed.size, 1.0)


def test_a_fetch_that_failed_goes_on_with_what_has_arrived(
    interrupted: FakeHub, models: Path, model: Known
) -> None:
    _, fresh = fetch(models, model, HuggingFace())

    assert fresh
    assert SHARD in interrupted.downloaded()
    assert len(interrupted.downloaded()) < 10
    assert verify(models / model.name, model) == []


def test_nothing_is_in_the_models_place_before_it_is_whole(
    interrupted: FakeHub, models: Path, model: Known
) -> None:
    assert verify(models / model.name, model) == ["t2v-A14B is not there."]


def test_an_answer_that_ends_in_the_middle_is_gone_on_with(
    hub: FakeHub, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.broken_off.add(SHARD)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100)

    fetch(models, model, HuggingFace())

    ranges = [wanted for _, path, wanted in hub.asked if path.endswith(SHARD) and wanted]
    assert len(ranges) == 1
    assert ranges[0].startswith("bytes=1")
    assert verify(models / model.name, model) == []


@pytest.mark.parametrize("name", [SHARD, "tokenizer/tokenizer.json", "model_index.json"])
def test_other_bytes_than_were_published_are_thrown_away_and_come_again(
    name: str, hub: FakeHub, models: Path, model: Known
) -> None:
    hub.other_bytes.add(name)

    with pytest.raises(ModelUnavailable, match=f"such as {name}"):
        fetch(models, model, HuggingFace())
    hub.other_bytes.clear()
    hub.asked.clear()
    _, fresh = fetch(models, model, HuggingFace())

    assert fresh
    assert hub.downloaded() == [name]


def test_a_file_that_comes_short_is_refused(hub: FakeHub, models: Path, model: Known) -> None:
    hub.truncated.add(SHARD)

    with pytest.raises(ModelUnavailable, match=f"such as {SHARD}"):
        fetch(models, model, HuggingFace())

    assert not (models / model.name).exists()


def test_a_damaged_model_gets_only_what_is_damaged(hub: FakeHub, models: Path, model: Known) -> None:
    fetch(models, model, HuggingFace())
    (models / model.name / SHARD).write_bytes(b"damaged")
    hub.asked.clear()

    _, fresh = fetch(models, model, HuggingFace())

    large = [name for name in hub.downloaded() if name.endswith(".safetensors") and "vae" not in name]
    assert fresh
    assert large == [SHARD]
    assert verify(models / model.name, model) == []


def test_a_new_commit_takes_the_place_of_the_old_one(
    hub: FakeHub, published: Path, models: Path, model: Known
) -> None:
    fetch(models, model, HuggingFace())
    write_json(published / "scheduler/scheduler_config.json", {"flow_shift": 12.0})
    hub.commit = "a" * 40

    listed, fresh = fetch(models, model, HuggingFace())

    folder = models / model.name
    assert (listed.revision, fresh) == ("a" * 40, True)
    assert "12.0" in (folder / "scheduler/scheduler_config.json").read_text()
    assert sorted(path.name for path in models.iterdir()) == [".t2v-A14B.lock", "t2v-A14B"]


def test_what_storyreel_did_not_put_there_is_never_replaced(hub: FakeHub, models: Path, model: Known) -> None:
    fetch(models, model, HuggingFace())
    (models / model.name / "notes.txt").write_text("mine")
    hub.commit = "a" * 40

    with pytest.raises(Configuration, match=r"'notes\.txt'"):
        fetch(models, model, HuggingFace())

    assert (models / model.name / "notes.txt").read_text() == "mine"
    assert manifest.read(models / model.name).revision == COMMIT


def test_under_a_damaged_manifest_what_is_whole_is_not_fetched_again(
    hub: FakeHub, models: Path, model: Known
) -> None:
    fetch(models, model, HuggingFace())
    (models / model.name / manifest.NAME).write_text("{")
    hub.asked.clear()

    listed, fresh = fetch(models, model, HuggingFace())

    assert (listed.revision, fresh) == (COMMIT, True)
    assert verify(models / model.name, model) == []
    assert not [name for name in hub.downloaded() if name.endswith(".safetensors") and "vae" not in name]


def test_under_a_damaged_manifest_too_other_files_are_never_replaced(
    hub: FakeHub, models: Path, model: Known
) -> None:
    fetch(models, model, HuggingFace())
    (models / model.name / manifest.NAME).write_text("{")
    (models / model.name / "notes.txt").write_text("mine")

    with pytest.raises(Configuration, match=r"'notes\.txt'"):
        fetch(models, model, HuggingFace())

    assert (models / model.name / "notes.txt").read_text() == "mine"


def test_a_repository_of_another_model_is_refused(
    hub: FakeHub, published: Path, models: Path, model: Known
) -> None:
    for part in ("transformer", "transformer_2"):
        write_json(published / part / "config.json", {"in_channels": 36})

    with pytest.raises(ModelUnavailable, match="36 input channels, t2v-A14B has 16"):
        fetch(models, model, HuggingFace())


@pytest.mark.parametrize(
    ("token", "status"), [("hf_secret", ""), ("", "hub does not show"), ("hf_wrong", "hub does not show")]
)
def test_a_token_is_sent_and_never_said(
    token: str,
    status: str,
    hub: FakeHub,
    models: Path,
    model: Known,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", token)
    said = ""

    with caplog.at_level(logging.DEBUG):
        try:
            fetch(models, model, HuggingFace())
        except ModelUnavailable as error:
            said = f"{error.message} {error.suggestions}"

    captured = capfd.readouterr()
    assert (f"Bearer {token}" in hub.tokens) == bool(token)
    assert status in said
    assert "hf_" not in said + caplog.text + captured.out + captured.err


def test_a_revision_that_is_not_there_is_a_wrong_setting(hub: FakeHub, models: Path, model: Known) -> None:
    with pytest.raises(Configuration, match="no revision 'v9'"):
        fetch(models, model, HuggingFace(), revision="v9")


def test_a_repository_that_is_not_there_is_told(hub: FakeHub, models: Path, model: Known) -> None:
    hub.repository = "somebody/else"

    with pytest.raises(ModelUnavailable, match="does not show Wan-AI/Wan2"):
        fetch(models, model, HuggingFace())


def test_where_no_hub_is_reached_the_way_with_a_folder_is_shown(
    models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    with pytest.raises(Unreachable) as caught:
        fetch(models, model, HuggingFace())

    assert "could not be reached" in caught.value.message
    assert any("--from FOLDER" in way.description for way in caught.value.suggestions)


def test_a_disk_without_room_is_seen_before_anything_is_fetched(
    hub: FakeHub, models: Path, model: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "SPARE", 1 << 60)

    with pytest.raises(StoreFull, match="GB are free"):
        fetch(models, model, HuggingFace())

    assert hub.downloaded() == []


def test_two_do_not_fetch_the_same_model(hub: FakeHub, models: Path, model: Known) -> None:
    with Arrival(models, model, way="hub").alone(), pytest.raises(Overloaded, match="Another process"):
        fetch(models, model, HuggingFace())


def test_who_died_between_the_renames_has_lost_nothing(hub: FakeHub, models: Path, model: Known) -> None:
    fetch(models, model, HuggingFace())
    (models / model.name).rename(models / f".{model.name}.replaced")

    with Arrival(models, model, way="hub").alone():
        found = verify(models / model.name, model)

    assert found == []


def test_without_huggingface_hub_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    with pytest.raises(Configuration) as caught:
        HuggingFace()

    assert "storyreel[models]" in caught.value.suggestions[0].description
