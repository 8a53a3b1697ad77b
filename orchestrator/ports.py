"""Ports on the loopback interface, for a server that is started here."""

from __future__ import annotations

import contextlib
import socket

from services.chassis.errors import EngineUnavailable

LOOPBACK_SECONDS = 2.0
"""How long a connection from here to here may take."""


def bindable(port: int) -> bool:
    """Tell whether a server may listen at a port of 127.0.0.1."""
    with socket.socket() as s, contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        return True
    return False


def free() -> int:
    """A port that nobody listens at, on an interface that works.

    Raises:
        EngineUnavailable: The loopback interface is down.
    """
    try:
        with socket.socket() as server, socket.socket() as client:
            server.bind(("127.0.0.1", 0))
            server.listen()
            client.settimeout(LOOPBACK_SECONDS)
            client.connect(server.getsockname())
            return int(server.getsockname()[1])
    except OSError as error:
        raise EngineUnavailable(
            f"The loopback interface is down ({error.strerror or 'no answer'}); "
            "the local engine needs 127.0.0.1. Bring it up: `ip link set lo up`."
        ) from None
