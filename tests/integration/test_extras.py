"""Each extra alone holds what its image runs: with every other package out of reach, its programs start."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

ALONE = """
import importlib, importlib.machinery, runpy, sys

class Wall(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else super().find_spec(name, path, target)

blocked, modules, sys.argv = set(sys.argv[1].split()), sys.argv[2].split(), sys.argv[3:]
sys.meta_path[:] = [
    Wall if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path
]
for module in modules:
    importlib.import_module(module)
if sys.argv:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Imports modules and runs a program while some packages cannot be imported."""


def own(extra: str) -> list[Requirement]:
    """What an extra of ours requires itself; "" is the base."""
    listed = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return [Requirement(line) for line in listed]


@cache
def installed_with(name: str, extras: tuple[str, ...] = ()) -> frozenset[str]:
    """The distributions that come with one, itself among them; of those that are not there, itself alone."""
    found = {canonicalize_name(name)}
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return frozenset(found)
    for requirement in map(Requirement, lines):
        wanted = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(map(requirement.marker.evaluate, wanted)):
            found |= installed_with(requirement.name, tuple(sorted(requirement.extras)))
    return frozenset(found)


def distributions(extra: str) -> set[str]:
    """All that `pip install storyreel[extra]` installs."""
    found: set[str] = set()
    for requirement in own(extra) + (own("") if extra else []):
        if requirement.name == "storyreel":
            found |= {one for inner in requirement.extras for one in distributions(inner)}
        else:
            found |= installed_with(requirement.name, tuple(sorted(requirement.extras)))
    return found


def blocked(extra: str) -> set[str]:
    """The top-level modules here that the extra does not bring."""
    there = distributions(extra) | {"storyreel"}
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & there and module.isidentifier()
    }


def modules(*packages: str, but: str = "(?!)") -> Iterator[str]:
    """Every module in our packages, but those whose name the pattern finds."""
    for package in packages:
        for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if not name.endswith("__main__") and not re.search(but, name):
                yield name


def clients() -> Iterator[str]:
    """The client of every service."""
    return (name for name in modules("services") if name.endswith(".client"))


def alone(extra: str, imported: Iterable[str], command: Sequence[str] = ()) -> str:
    """Import modules and run a program with nothing but an extra installed; what it says."""
    walls = " ".join(sorted(blocked(extra)))
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, walls, " ".join(imported), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


@dataclass(frozen=True, slots=True)
class Image:
    """What runs where only one extra is installed: programs, and modules that they load later."""

    programs: tuple[str, ...]
    modules: tuple[str, ...] = ()


IMAGES = {
    "parsing": Image(("services.parsing",), tuple(modules("services.parsing"))),
    "script": Image(("services.script",), tuple(modules("services.script"))),
    "tts": Image(("services.tts",), tuple(modules("services.tts"))),
    "cards": Image(("services.cards",), tuple(modules("services.cards"))),
    "muxing": Image(("services.muxing",), tuple(modules("services.muxing"))),
    "delegation": Image(("services.generation",), tuple(modules("services.generation", but=r"\.wan"))),
    "diffusers": Image(("services.generation",), tuple(modules("services.generation", but=r"\.video_api"))),
    "models": Image((), tuple(modules("services.models"))),
    "s3": Image((), tuple(modules("services.artifacts"))),
    "orchestrator": Image(
        ("orchestrator.cli.main", "orchestrator serve", "orchestrator worker", "orchestrator pool"),
        (*modules("orchestrator"), *clients()),
    ),
    "local": Image(
        ("orchestrator.cli.main", "orchestrator serve", "services.cards", "services.generation"),
        tuple(modules("orchestrator", "services", but=r"generation\.wan|models\.hub")),
    ),
}


def test_every_extra_is_tried() -> None:
    assert set(IMAGES) == set(PROJECT["optional-dependencies"]) - {"dev"}


def test_what_an_extra_does_not_bring_is_out_of_reach() -> None:
    walls = blocked("orchestrator")

    assert {"av", "numpy", "torch", "mdit_py_plugins", "minio"} <= walls
    assert not walls & {"grpc", "temporalio", "rich", "pydantic", "services", "orchestrator"}
    with pytest.raises(AssertionError, match="No module named 'av'"):
        alone("orchestrator", ["av"])


def test_the_base_alone_imports_every_client() -> None:
    alone("", clients())


@pytest.mark.parametrize("extra", IMAGES)
def test_an_extra_alone_imports_what_its_image_runs(extra: str) -> None:
    alone(extra, IMAGES[extra].modules)


@pytest.mark.parametrize(
    ("extra", "program"), [(extra, program) for extra, image in IMAGES.items() for program in image.programs]
)
def test_the_programs_of_an_extra_alone_answer_help(extra: str, program: str) -> None:
    said = alone(extra, (), [*program.split(), "--help"])

    assert said.startswith("usage: ")
