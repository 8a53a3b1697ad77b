"""What answers in the place of a video server, or in its way: it is told, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.chassis.errors import Configuration, DeviceFault, StoryreelError
from services.generation.video_api import connection, waiting
from tests.unit.generation.video_api.engine import Fault
from tests.unit.generation.video_api.serving import Opens

Trickles = Callable[[bytes], Awaitable[str]]


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS whose certificate its owner signed, and the file of that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem, secret = folder / "server.pem", folder / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem


@pytest.fixture
async def trickling() -> AsyncIterator[Trickles]:
    """Starts a server that answers with a head, and then sends a byte now and then for ever; its address."""
    servers: list[asyncio.Server] = []
    answering: list[asyncio.Task[None]] = []

    async def start(head: bytes) -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head)
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            writer.close()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answering.append(asyncio.ensure_future(answer(reader, writer)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        servers.append(server)
        host, port = server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    yield start
    for server in servers:
        server.close()
    for task in answering:
        task.cancel()
    await asyncio.gather(*answering)
    await asyncio.sleep(0)


async def test_a_path_before_the_interface_is_kept(opened: Opens) -> None:
    made = await opened(path="/base/v1/")

    with pytest.raises(StoryreelError):
        await made.make()

    assert made.engine.seen[0].path == "/base/v1/videos"


async def test_a_certificate_that_its_owner_signed_is_told_with_the_setting_that_trusts_it(
    opened: Opens, own: tuple[ssl.SSLContext, Path]
) -> None:
    made = await opened(tls=own[0])

    with pytest.raises(Configuration, match="certificate is not trusted: self-signed") as caught:
        await made.make()

    assert "STORYREEL_GENERATION_VIDEOS_CA" in caught.value.message
    assert made.slept == []


async def test_a_certificate_that_the_setting_names_is_trusted(
    opened: Opens, own: tuple[ssl.SSLContext, Path]
) -> None:
    made = await opened(tls=own[0], ca=own[1])

    await made.make()

    assert made.clip.exists()


@pytest.mark.parametrize("holds", [None, b"no certificate"])
async def test_an_authority_that_cannot_be_used_is_a_wrong_setting(
    opened: Opens, tmp_path: Path, holds: bytes | None
) -> None:
    authority = tmp_path / "ca.pem"
    if holds:
        authority.write_bytes(holds)

    with pytest.raises(Configuration, match="STORYREEL_GENERATION_VIDEOS_CA is wrong"):
        await opened(ca=authority)


async def test_https_where_plain_http_is_spoken_is_told(opened: Opens) -> None:
    url = (await opened()).url
    made = await opened(url=url.replace("http:", "https:"))

    with pytest.raises(Configuration, match="does not speak https"):
        await made.make()

    assert made.slept == []


async def test_a_web_page_in_the_place_of_a_job_is_a_wrong_address(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(200, " <!DOCTYPE html><html>Log in</html>"))

    with pytest.raises(Configuration, match="A web page answers there") as caught:
        await made.make()

    assert "Log in" not in caught.value.message


async def test_of_a_page_that_refuses_no_markup_is_shown(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(404, "<html><h1>nginx</h1></html>"))

    with pytest.raises(Configuration, match="status 404") as caught:
        await made.make()

    assert "<" not in caught.value.message


@pytest.mark.parametrize("place", ["GET", "content"])
@pytest.mark.parametrize("where", ["file:///etc/passwd", "http://169.254.169.254/latest", "//elsewhere/x"])
async def test_nobody_is_followed_to_another_place(opened: Opens, place: str, where: str) -> None:
    made = await opened()
    made.engine.faults[place].append(Fault(307, "", {"Location": where}))

    with pytest.raises(Configuration, match="which is not followed"):
        await made.make()

    assert not made.clip.exists()


async def test_an_endless_answer_about_a_job_is_not_read_on(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(200, b'{"id": "' + b"x" * (2 << 20)))

    with pytest.raises(DeviceFault, match="larger than 1 MiB"):
        await made.make()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nContent-Type: application/json\r\n\r\n{",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
    ],
)
async def test_an_answer_that_comes_byte_by_byte_is_given_up(
    opened: Opens, trickling: Trickles, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)
    made = await opened(url=await trickling(head))

    with pytest.raises(DeviceFault, match="did not answer in time"):
        await made.make()


async def test_a_server_that_does_not_let_go_of_a_job_is_left_to_itself(
    opened: Opens, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waiting, "LETTING_GO_SECONDS", 0.0)
    made = await opened()

    await made.make()

    assert made.clip.exists()
    assert "footage.left" in caplog.text
