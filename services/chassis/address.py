"""The address a server listens on, claimed before gRPC binds it, so that a conflict says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from services.chassis.errors import Configuration, Suggestion

LONGEST_SOCKET_PATH = 107
"""Bytes of a unix socket's path; the kernel's limit on Linux."""


class Listener(Protocol):
    """What can listen: a grpc server that has not started."""

    def add_insecure_port(self, address: str) -> int:
        """Listen at an address; the port, or RuntimeError."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Args:
        text: `host:port` or `unix:/path`.
        setting: What a person changes to move it, named in errors.
    """

    text: str
    setting: str

    @property
    def socket(self) -> Path | None:
        """The unix socket's path; None for TCP."""
        return Path(self.text.removeprefix("unix:")) if self.text.startswith("unix:") else None

    @property
    def private(self) -> bool:
        """True when nobody outside of this machine can reach it."""
        return self.socket is not None or self._host_and_port()[0] in ("localhost", "127.0.0.1", "::1")

    def claim(self) -> Claim:
        """Take the address for this process.

        Raises:
            Configuration: It is malformed, or somebody else has it; the message names the setting to change.
        """
        if self.socket is not None:
            return Claim(self, _lock(self.socket, self))
        host, port = self._host_and_port()
        if port:
            _probe(host, port, self)
        return Claim(self, None)

    def refuse(self, why: str) -> Configuration:
        """The exception for an address that cannot be had."""
        return Configuration(
            f"Cannot serve at {self.text}: {why}. Set {self.setting} to another address.",
            suggestions=[Suggestion(f"Set {self.setting} to another address.")],
            metadata={"address": self.text, "setting": self.setting},
        )

    def _host_and_port(self) -> tuple[str, int]:
        host, _, port = self.text.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise self.refuse("it is neither `host:port` nor `unix:/path`")
        return host.strip("[]"), int(port)


@dataclass(slots=True)
class Claim:
    """An address that is ours until it is released."""

    address: Address
    _lock_file: IO[bytes] | None

    def bind(self, listener: Listener) -> str:
        """Make a server listen; the address that clients connect to.

        Raises:
            Configuration: The address cannot be bound.
        """
        try:
            port = listener.add_insecure_port(self.address.text)
        except RuntimeError:
            raise self.address.refuse("it cannot be bound") from None
        path = self.address.socket
        if path is None:
            return f"{self.address.text.rpartition(':')[0]}:{port}"
        path.chmod(0o600)  # whoever may connect may do everything
        return self.address.text

    def release(self) -> None:
        """Give the address back; the socket is gone, the file of its lock stays (removing it would race)."""
        if self._lock_file is None:
            return
        path = self.address.socket
        if path is not None:
            path.unlink(missing_ok=True)
        self._lock_file.close()
        self._lock_file = None


def _lock(path: Path, address: Address) -> IO[bytes]:
    """A second gRPC server would take a socket over without an error, so a lock beside it says who has it."""
    if not path.is_absolute():
        raise address.refuse("the path of a socket must be absolute")
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise address.refuse(f"the path of a socket may have {LONGEST_SOCKET_PATH} bytes")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise address.refuse(f"its folder cannot be used ({error.strerror})") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise address.refuse("another server has this socket; stop it first") from None
    except OSError as error:
        file.close()
        raise address.refuse(f"its folder's file system has no locks ({error.strerror})") from None
    if path.exists() and not path.is_socket():
        file.close()
        raise address.refuse("a file that is not a socket lies there")
    return file


def _probe(host: str, port: int, address: Address) -> None:
    """Bind once with the system's own call: gRPC's error does not say why, this one does."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
    except (socket.gaierror, UnicodeError):
        raise address.refuse(f"the host {host} is not known") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise address.refuse(f"port {port} is in use; stop who listens there") from None
        raise address.refuse(f"the system refuses it ({error.strerror})") from None


def release_all(claims: Sequence[Claim]) -> None:
    """Give addresses back."""
    for claim in claims:
        claim.release()
