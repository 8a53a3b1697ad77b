"""What pre-flight and the backend learn of the models that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.errors import ModelUnavailable
from services.models.catalogue import MODELS, Known
from services.models.files import ModelFiles
from services.models.import_folder import take
from services.models.settings import ModelSettings
from tests.unit.models.model_folder import COMMIT


@pytest.fixture
def files(published: Path, models: Path, model: Known) -> ModelFiles:
    """A folder with one model of three."""
    take(models, model, published, revision=COMMIT)
    return ModelFiles(models)


def test_a_model_that_is_there_has_a_path_and_a_revision_and_nothing_missing(
    files: ModelFiles, models: Path
) -> None:
    assert files.missing("t2v-A14B") == []
    assert files.path("t2v-A14B") == models / "t2v-A14B"
    assert files.revision("t2v-A14B") == COMMIT
    assert files.whole() == ("t2v-A14B",)


def test_what_is_not_there_or_not_known_is_said(files: ModelFiles) -> None:
    assert files.missing("ti2v-5B") == ["ti2v-5B is not there."]
    assert files.missing("../../etc") == ["There is no model '../../etc'."]
    with pytest.raises(ModelUnavailable) as caught:
        files.revision("ti2v-5B")
    assert caught.value.suggestions[0].description == "`storyreel models fetch ti2v-5B`"
    with pytest.raises(ModelUnavailable, match="There is no model"):
        files.path("../../etc")


def test_harm_that_is_done_meanwhile_is_seen_and_so_is_its_repair(files: ModelFiles, models: Path) -> None:
    assert files.missing("t2v-A14B") == []
    config = models / "t2v-A14B/vae/config.json"
    kept = config.read_bytes()

    config.unlink()
    harmed = files.missing("t2v-A14B")
    config.write_bytes(kept)

    assert harmed == ["vae/config.json is missing."]
    assert files.missing("t2v-A14B") == []


def test_a_second_look_at_the_same_files_does_not_open_them(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = files.missing("t2v-A14B")
    opened: list[Path] = []
    monkeypatch.setattr(Path, "open", lambda path, *_: opened.append(path))

    assert files.missing("t2v-A14B") == first
    assert opened == []


def test_the_models_lie_in_the_home_or_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ModelSettings().folder == tmp_path / "home" / "models"

    monkeypatch.setenv("STORYREEL_GENERATION_MODELS", str(tmp_path / "disk"))

    assert ModelSettings().folder == tmp_path / "disk"


def test_the_three_models_differ_in_what_tells_them_apart() -> None:
    assert len({model.channels for model in MODELS.values()}) == len(MODELS) == 3
    assert all(model.repository.startswith("Wan-AI/Wan2.2-") for model in MODELS.values())
