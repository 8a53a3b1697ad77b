"""An address is claimed for one server, or the refusal says who has it and what to do."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from services.chassis.address import Address
from services.chassis.errors import Configuration


class Listener:
    """Listens as a grpc server does, with the system's own sockets."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def add_insecure_port(self, address: str) -> int:
        """Listen at a unix socket; anything else cannot be bound."""
        if not address.startswith("unix:"):
            raise RuntimeError("Failed to bind")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(address.removeprefix("unix:"))
        return 1

    def close(self) -> None:
        """Stop."""
        if self._socket is not None:
            self._socket.close()


def at(path: Path) -> Address:
    """The address of a socket."""
    return Address(f"unix:{path}", "STORYREEL_TTS_ADDRESS")


def test_a_held_socket_is_refused_and_a_released_one_is_not(runtime: Path) -> None:
    held = at(runtime / "s.sock").claim()

    with pytest.raises(Configuration) as caught:
        at(runtime / "s.sock").claim()
    held.release()
    at(runtime / "s.sock").claim().release()

    assert f"unix:{runtime}/s.sock" in caught.value.message
    assert "stop it" in caught.value.message
    assert "STORYREEL_TTS_ADDRESS" in caught.value.message


def test_a_claim_can_be_released_twice(runtime: Path) -> None:
    first = at(runtime / "s.sock").claim()
    first.release()
    second = at(runtime / "s.sock").claim()

    first.release()

    with pytest.raises(Configuration):
        at(runtime / "s.sock").claim()
    second.release()


def test_only_the_user_can_reach_the_socket_and_its_folder(runtime: Path) -> None:
    claim = at(runtime / "run" / "s.sock").claim()
    listener = Listener()

    bound = claim.bind(listener)

    path = runtime / "run" / "s.sock"
    assert bound == f"unix:{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    claim.release()
    listener.close()
    assert not path.exists()


def test_a_file_of_somebody_is_not_taken_for_a_socket(runtime: Path) -> None:
    (runtime / "s.sock").write_text("a diary")

    with pytest.raises(Configuration, match="not a socket"):
        at(runtime / "s.sock").claim()

    assert (runtime / "s.sock").read_text() == "a diary"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("unix:relative.sock", "absolute"),
        ("unix:/tmp/" + "x" * 110, "107 bytes"),
        ("unix:/proc/none/s.sock", "folder cannot be used"),
        ("127.0.0.1", "neither"),
        ("127.0.0.1:http", "neither"),
        ("127.0.0.1:70000", "neither"),
        (":50051", "neither"),
        ("127.0.0.1:²", "neither"),
        ("203.0.113.7:50051", "the system refuses"),
        ("x" * 64 + ":50051", "not known"),
    ],
)
def test_an_address_that_cannot_be_had_says_why_and_which_setting_to_change(text: str, why: str) -> None:
    with pytest.raises(Configuration) as caught:
        Address(text, "STORYREEL_TTS_ADDRESS").claim()

    assert why in caught.value.message
    assert "Set STORYREEL_TTS_ADDRESS" in caught.value.message


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Configuration, match=f"port {port} is in use"):
            Address(f"127.0.0.1:{port}", "STORYREEL_TTS_ADDRESS").claim()


def test_what_grpc_cannot_bind_is_refused_like_the_rest() -> None:
    claim = Address("127.0.0.1:0", "STORYREEL_TTS_ADDRESS").claim()

    with pytest.raises(Configuration, match="cannot be bound"):
        claim.bind(Listener())


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("unix:/tmp/s.sock", True),
        ("127.0.0.1:50051", True),
        ("[::1]:50051", True),
        ("0.0.0.0:50051", False),
        ("[::]:50051", False),
    ],
)
def test_an_address_knows_whether_others_can_reach_it(text: str, private: bool) -> None:
    assert Address(text, "the address").private is private
