"""Servers for the tests of the S3 store: OpenStack Swift as a process of its own, and one that is no S3."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = Path(__file__).with_name("swift_server.py")
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Swift:
    """Where the server listens, the one key it knows, and where it keeps its data."""

    endpoint: str
    folder: Path
    access_key: str = "tests:storyreel"
    secret_key: str = "only-for-tests"


@contextmanager
def running(*candidates: Path) -> Iterator[Swift]:
    """Swift with no buckets, for the length of the block; its data lies in one of the candidate folders.

    Without candidates: the system's folder for temporary files, or else the checkout's `build`.

    Raises:
        RuntimeError: No folder's filesystem knows user xattrs, or the server did not start; its own
            words are in the message.
    """
    places = candidates or (Path(tempfile.gettempdir()), CHECKOUT / "build")
    with tempfile.TemporaryDirectory(prefix="swift-", dir=_with_xattrs(places)) as name:
        swift = Swift("", Path(name) / "swift")
        swift.folder.mkdir()
        complaints = Path(name) / "stderr"
        with complaints.open("wb") as stderr, _started(swift, stderr.fileno()) as process:
            assert process.stdout is not None
            words = process.stdout.readline().decode().split()
            if words[:1] != ["ready"]:
                process.wait(timeout=10)
                told = complaints.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"Swift did not start (exit {process.returncode}):\n{told}")
            yield Swift(words[1], swift.folder)


@contextmanager
def some_web_server() -> Iterator[str]:
    """The endpoint of a server that knows nothing: it answers each request with a bare 404."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_know_nothing, args=[server], daemon=True)
        answering.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread
            answering.join()


def _know_nothing(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # shut down: the test is over
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")


@contextmanager
def _started(swift: Swift, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    # -P: this folder's names must not hide those of the server's packages.
    command = [sys.executable, "-P", "-W", "ignore", SERVER, swift.folder, swift.access_key, swift.secret_key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()  # Swift leaves when its stdin ends, so also when this process is killed
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _with_xattrs(places: Sequence[Path]) -> Path:
    refusals = []
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place) as probe:
            try:
                os.setxattr(probe.name, b"user.storyreel", b"1")
            except OSError as error:
                refusals.append(f"{place} ({error.strerror})")
            else:
                return place
    raise RuntimeError(
        "Swift needs a folder on a filesystem with user xattrs (ext4, xfs, btrfs); none in "
        f"{', '.join(refusals)}. Set TMPDIR to one."
    )
