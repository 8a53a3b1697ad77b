"""A fake of the hub: the few endpoints that huggingface_hub asks for a download, and their misbehaviour."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 1000
"""Bytes from which on a file is listed with its sha256; smaller ones only with git's digest."""


@dataclass
class FakeHub:
    """One repository at one commit.

    Args:
        folder: Its files.
        repository: Its name.
        commit: What `main` and the commit itself stand for.
        token: Asked for when it is not empty.
        broken_off: Names of files whose first answer ends in the middle.
        truncated: Names of files that are always answered short, as if that were all.
        other_bytes: Names of files that are answered with other bytes of the same number.
        refused: The status of every answer, by name of file.
        asked: What was asked for: method, path, value of the header Range.
        tokens: The tokens that came.
    """

    folder: Path
    repository: str
    commit: str
    token: str = ""
    broken_off: set[str] = field(default_factory=set)
    truncated: set[str] = field(default_factory=set)
    other_bytes: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    address: str = ""

    def downloaded(self) -> list[str]:
        """The names of files whose bytes were asked for."""
        mark = f"/resolve/{self.commit}/"
        return [path.partition(mark)[2] for method, path, _ in self.asked if method == "GET" and mark in path]

    def tree(self) -> list[dict[str, Any]]:
        """The files as the hub lists them."""
        entries: list[dict[str, Any]] = [{"type": "directory", "path": "vae", "oid": "0" * 40, "size": 0}]
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            entry = {
                "type": "file",
                "path": path.relative_to(self.folder).as_posix(),
                "size": len(data),
                "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
            }
            if len(data) >= LARGE:
                oid = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 134}
            entries.append(entry)
        return entries


class _Answer(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.asked.append((self.command, path, self.headers.get("Range", "")))
        if given := self.headers.get("Authorization"):
            hub.tokens.add(given)
        api = f"/api/models/{hub.repository}"
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._send(401, b"", {"X-Error-Code": "GatedRepo"}, body=body)
        elif path in (f"{api}/revision/main", f"{api}/revision/{hub.commit}"):
            self._send_json({"id": hub.repository, "sha": hub.commit, "siblings": []})
        elif path.startswith(f"{api}/revision/"):
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"}, body=body)
        elif path == f"{api}/tree/{hub.commit}":
            self._send_json(hub.tree())
        elif path.startswith(mark := f"/{hub.repository}/resolve/{hub.commit}/"):
            self._file(path.removeprefix(mark), body=body)
        else:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, body=body)

    def _file(self, name: str, *, body: bool) -> None:
        hub = self.hub
        if status := hub.refused.get(name):
            self._send(status, b"", {}, body=body)
            return
        (entry,) = (entry for entry in hub.tree() if entry["path"] == name)
        data = (hub.folder / name).read_bytes()
        etag = entry.get("lfs", entry)["oid"]
        if name in hub.other_bytes:
            data = bytes(len(data))
        if name in hub.truncated:
            data = data[: len(data) // 2]
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        head = {"ETag": f'"{etag}"', "X-Repo-Commit": hub.commit, "Accept-Ranges": "bytes"}
        if "Range" in self.headers:
            head["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        ends = body and name in hub.broken_off
        hub.broken_off -= {name} if ends else set()
        self._send(206 if begin else 200, data[begin:], head, body=body, ends=ends)

    def _send_json(self, data: object) -> None:
        self._send(200, json.dumps(data).encode(), {"Content-Type": "application/json"}, body=True)

    def _send(
        self, status: int, data: bytes, head: dict[str, str], *, body: bool, ends: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[: len(data) // 2] if ends else data)
        if ends:
            self.close_connection = True


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve a fake hub on the loopback interface until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answer", (_Answer,), {"hub": hub}))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
