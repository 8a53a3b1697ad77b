"""Manifests hold what they are given and refuse what could mislead."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.models import manifest
from services.models.layout import allowed
from services.models.manifest import BadManifest, File, Manifest, revision_of

DIGEST = "0" * 64


def made(**changes: object) -> dict[str, object]:
    return {
        "model": "ti2v-5B",
        "repository": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        "revision": "a" * 40,
        "origin": "hub",
        "files": [{"path": "model_index.json", "size": 3, "sha256": DIGEST}],
    } | changes


def file(**changes: object) -> dict[str, object]:
    return {"path": "vae/config.json", "size": 1, "sha256": DIGEST} | changes


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../x.json", "vae/../x.json", "vae/..", "vae//x.json", "vae/a/b.json", "x.json"),
        *("vae/x.bin", "vae/.x.json", "vae/x.json\n", "VAE/x.json", "unet/x.json", "vae\\x.json", ""),
        *(
            "vae/x y.json",
            "vae/" + "x" * 200 + ".json",
            "tokenizer/x.safetensors",
            "vae/é.json",
            "vae/*.json",
        ),
    ],
)
def test_a_name_that_is_not_that_of_a_models_file_is_refused(name: str) -> None:
    assert not allowed(name)
    with pytest.raises(ValidationError):
        File(path=name, size=1, sha256=DIGEST)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": []},
        {"files": [file(), file()]},
        {"files": [file(size=-1)]},
        {"files": [file(size="1")]},
        {"files": [file(size=1 << 41)]},
        {"files": [file(sha256="0" * 63)]},
        {"files": [file(extra=1)]},
        {"revision": "main"},
        {"origin": "elsewhere"},
        {"format": 2},
        {"more": 1},
    ],
)
def test_what_breaks_a_rule_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(made(**changes))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = Manifest.model_validate(made())

    manifest.write(tmp_path, written)

    assert manifest.read(tmp_path) == written
    assert written.size == 3
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("raw", [b"", b"[" * 100_000, b"\xff", b'{"format": 1}', b" " * (1 << 20) + b"{}"])
def test_a_broken_manifest_is_told_with_the_way_out(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(raw)

    with pytest.raises(BadManifest, match=r"manifest\.json of ") as caught:
        manifest.read(tmp_path)

    assert "--from" in caught.value.suggestions[0].description


def test_the_revision_of_unknown_files_is_that_of_their_bytes() -> None:
    one = File.model_validate(file())
    two = File.model_validate(file(path="model_index.json"))

    assert revision_of((one, two)) == revision_of((two, one))
    assert revision_of((one,)) != revision_of((one.model_copy(update={"sha256": "1" * 64}),))
