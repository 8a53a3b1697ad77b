"""Runs every benchmark, or those named, and exits with 1 when a figure misses its limit."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

NAMES = ("overhead", "activation", "render", "edit", "moviepy_peer", "forecast", "footage_jobs", "footage")


def met(name: str) -> bool:
    """Run a benchmark, print what it prints as it comes, and tell whether it ended well within its limits."""
    print(f"{name}:", flush=True)
    command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    missed = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unbuffered) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            missed += line.startswith("MISS")
    if process.returncode:
        print(f"MISS  {name} ended with {process.returncode}", flush=True)
    return not missed and not process.returncode


def main() -> None:
    """Run them one after the other, whatever the ones before have found."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(NAMES)}")
    names = parser.parse_args().names
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    results = [met(name) for name in names or NAMES]
    raise SystemExit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
