"""The rules of the house that the import linter cannot say: what a stage's domain may know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[2] / "services"
STAGES = ("parsing", "script", "tts", "cards", "generation", "muxing")
WIRE = {"servicer.py", "client.py", "wire.py", "making_wire.py", "__main__.py"}
"""The files of a stage that know gRPC and the contract's messages."""

DOMAIN = sorted(
    path
    for stage in (*STAGES, "media", "models")
    for path in (SERVICES / stage).rglob("*.py")
    if path.name not in WIRE and path.name != "__init__.py"
)


def imported(path: Path) -> set[str]:
    """The modules a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: str(path.relative_to(SERVICES)))
def test_domain_files_know_neither_grpc_nor_the_contract(path: Path) -> None:
    assert [name for name in imported(path) if name.split(".")[0] in ("grpc", "storyreel")] == []


def test_there_are_files_to_look_at() -> None:
    assert len(DOMAIN) > 80
