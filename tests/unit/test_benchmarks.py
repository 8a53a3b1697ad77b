"""The benchmarks fit the code they measure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "tests" / "benchmarks").rglob("*.py")
    # It is drawn with moviepy's own environment.
    if path.name not in ("__init__.py", "__main__.py", "moviepy_scenes.py")
)


def test_there_are_benchmarks() -> None:
    assert "tests.benchmarks.overhead" in NAMES


@pytest.mark.parametrize("part", range(2))
def test_every_benchmark_imports(part: int) -> None:
    code = "; ".join(f"import {name}" for name in NAMES[part::2])

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
