"""Generate the Python stubs under protos/gen with the pinned grpcio-tools, or check that none drifted."""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GEN = HERE / "gen"


def generate(out: Path) -> None:
    """Write the stubs of every contract into a folder."""
    contracts = sorted(str(path.relative_to(HERE)) for path in (HERE / "storyreel").rglob("*.proto"))
    services = [path for path in contracts if path.endswith("_service.proto")]
    vendored = "buf/validate/validate.proto"
    protoc = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        *(f"-I{HERE}", f"-I{HERE / 'third_party'}"),
        f"--plugin=protoc-gen-mypy={Path(sys.executable).with_name('protoc-gen-mypy')}",
        f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).with_name('protoc-gen-mypy_grpc')}",
    ]
    messages = [f"--python_out={out}", f"--mypy_out=quiet:{out}"]
    subprocess.run([*protoc, *messages, *contracts, vendored], check=True)
    stubs = [f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"]
    subprocess.run([*protoc, *stubs, *services], check=True)
    for package in ("storyreel", "buf"):
        (out / package / "py.typed").touch()


def same(left: Path, right: Path) -> bool:
    """Tell whether two folders hold the same files with the same bytes."""
    names = [
        {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
        for root in (left, right)
    ]
    if names[0] != names[1]:
        return False
    return not any(filecmp.cmpfiles(left, right, names[0], shallow=False)[1:][0])


def main() -> int:
    """Generate, or check with exit code 1 on drift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the stubs drifted")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        if check:
            if same(fresh, GEN):
                return 0
            sys.stderr.write("The stubs drifted from the contracts: run `make protos`, commit protos/gen.\n")
            return 1
        shutil.rmtree(GEN, ignore_errors=True)
        shutil.copytree(fresh, GEN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
