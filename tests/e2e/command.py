"""The storyreel command as a person runs it: another process, a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.local_engine import LocalEngine

PROGRAM = str(Path(sys.executable).with_name("storyreel"))


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Home:
    """A STORYREEL_HOME, with the offline voice alone."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What commands of this home run with."""
        own = {"STORYREEL_HOME": str(self.folder), "STORYREEL_TTS_ONLINE": "0"}
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("STORYREEL_", "OTEL_"))}
        return clean | own | self.extra

    def run(self, *arguments: str, stdin: bytes | None = None, cwd: Path | None = None) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            cwd=cwd,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def engine(self) -> Iterator[None]:
        """Keep the engine running for the length of the block: its commands find it, and start none."""
        engine = LocalEngine(self.folder / "engine").use()
        with asyncio.Runner() as runner:
            runner.run(engine.__aenter__())
            try:
                yield
            finally:
                runner.run(engine.__aexit__(None, None, None))

    def log(self) -> list[dict[str, Any]]:
        """Everything this home's processes have logged."""
        return [
            json.loads(line)
            for path in sorted((self.folder / "log").glob("storyreel.jsonl*"))
            for line in path.read_text().splitlines()
        ]

    def computed(self) -> Counter[tuple[str, str]]:
        """How often each stage computed and stored the result of each request digest."""
        lines = (line for line in self.log() if line.get("event") == "result.computed")
        return Counter((line["stage"], line["digest"]) for line in lines)

    def stop_engine(self) -> None:
        """End the engine that killed commands left behind, as the last command to leave does."""
        self.run("list")


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of a command's whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
