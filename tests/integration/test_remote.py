"""The command line as a client of a server elsewhere: STORYREEL_ADDRESS is all that it needs."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from services.chassis.version import version
from tests.e2e.command import Home, Ran
from tests.integration.apart import Service
from tests.integration.test_extras import alone

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = """# Fjord

A fjord is deep.

```footage
The fjord at dawn.
image: pictures/fjord.png
```

And it is cold.
"""


def serving(folder: Path) -> Service:
    """A `serve` that does everything itself, at a socket in its folder."""
    settings = {
        "STORYREEL_HOME": str(folder / "home"),
        "STORYREEL_TTS_ONLINE": "0",
        "STORYREEL_ORCHESTRATOR_ADDRESS": f"unix:{folder}/s.sock",
    }
    return Service(("orchestrator", "serve"), settings, folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where a server answers."""
    server = serving(tmp_path_factory.mktemp("server"))
    try:
        await server.start()
        yield server.settings["STORYREEL_ORCHESTRATOR_ADDRESS"]
        server.process.terminate()
        assert await server.ended() == 0
    finally:
        server.kill()


@pytest.fixture
def client(address: str, tmp_path: Path) -> Home:
    """A home whose commands ask the server."""
    return Home(tmp_path / "client", {"STORYREEL_ADDRESS": address})


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with a picture beside it."""
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (8, 8), "navy").save(tmp_path / "pictures" / "fjord.png")
    path = tmp_path / "fjord.md"
    path.write_text(DOCUMENT)
    return path


async def run(home: Home, *arguments: str) -> Ran:
    """Run a command to its end, beside everything else."""
    return await asyncio.to_thread(home.run, *arguments)


async def test_a_client_with_the_orchestrators_packages_alone_renders_and_keeps_nothing(
    client: Home, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in client.environment.items():
        monkeypatch.setenv(name, value)
    program, out = "orchestrator.cli.main", tmp_path / "out" / "fjord.mp4"

    command = [program, "render", str(document), "-o", str(out), "--size", "720p", "--json"]
    said = await asyncio.to_thread(alone, "orchestrator", (), command)
    listed = await asyncio.to_thread(alone, "orchestrator", (), [program, "list", "--json"])

    finished = json.loads(said.splitlines()[-1])
    assert finished["event"] == "finished"
    assert sorted(path.suffix for path in out.parent.iterdir()) == sorted(
        [".mp4", ".srt", ".vtt", ".txt", ".jpg", ".json"]
    )
    assert finished["name"] in [job["name"] for job in json.loads(listed)["jobs"]]
    assert {path.name for path in client.folder.iterdir()} <= {"log", "outputs"}


async def test_a_documents_pictures_are_uploaded_with_it(client: Home, document: Path) -> None:
    ran = await run(client, "plan", str(document), "--json")

    assert ran.code == 0
    assert [scene["id"] for scene in json.loads(ran.out)["scenes"] if "footage" in scene]
    assert "is not used" not in ran.err
    assert "did not come with the document" not in ran.out


async def test_a_job_is_handed_in_left_and_taken_home_later(
    client: Home, document: Path, tmp_path: Path
) -> None:
    out = tmp_path / "later.mp4"

    submitted = await run(client, "submit", str(document), "--size", "720p")
    name = submitted.out.strip()
    watched = await run(client, "watch", name, "-o", str(out))

    assert (submitted.code, watched.code) == (0, 0)
    assert submitted.err == ""  # the server works on it without being asked
    assert out.stat().st_size > 10_000


async def test_a_cancelled_job_is_resumed(client: Home, tmp_path: Path) -> None:
    paragraphs = "".join(f"Paragraph {number} says that it is number {number}.\n\n" for number in range(16))
    (tmp_path / "long.md").write_text(f"# Long\n\n{paragraphs}")

    name = (await run(client, "submit", str(tmp_path / "long.md"), "--size", "720p")).out.strip()
    cancelled = await run(client, "cancel", name, "--json")
    resumed = await run(client, "resume", name, "--json")

    assert cancelled.events[-1]["state"] == "CANCELLED"
    assert resumed.events[-1]["state"] == "SUCCEEDED"


async def test_voices_are_the_servers(client: Home, document: Path, tmp_path: Path) -> None:
    listed = await run(client, "voices", "--language", "de", "--json")
    render = ("render", str(document), "-o", str(tmp_path / "x.mp4"), "--voice", "nobody")
    refused = await run(client, *render)

    assert "de+m3" in [voice["name"] for voice in json.loads(listed.out)["voices"]]
    assert refused.code == 3
    assert "no voice 'nobody'" in refused.err
    assert not (client.folder / "scratch").exists()


async def test_doctor_asks_the_server(client: Home) -> None:
    ran = await run(client, "doctor", "--json")

    found = {check["check"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.code == 0
    assert list(found) == ["server", "jobs", "store", "voices"]
    assert f"version {version()}, and {version()} here" in found["server"]["found"]
    assert not any(check["remedy"] for check in found.values())


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_a_silent_server_is_told_in_one_line_with_the_remedy(tmp_path: Path, silent: str) -> None:
    ran = await run(Home(tmp_path / "client", {"STORYREEL_ADDRESS": silent}), "list")

    first, remedy = ran.err.splitlines()
    assert ran.code == 5
    assert first.startswith(f"storyreel: No storyreel answers at {silent} (")
    assert "STORYREEL_ADDRESS" in remedy


@pytest.mark.parametrize(
    ("wrong", "code"),
    [("127.0.0.1:1", 5), ("unix:/nowhere/s.sock", 5), ("http://example.org/", 4), ("fjord", 4)],
)
async def test_a_wrong_address_is_told_in_one_line_with_the_remedy(
    tmp_path: Path, wrong: str, code: int
) -> None:
    home = Home(tmp_path / "client", {"STORYREEL_ADDRESS": wrong})

    ran = await run(home, "list")

    assert ran.code == code
    assert len(ran.err.splitlines()) <= 2
    assert wrong in ran.err
    assert "STORYREEL_ADDRESS" in ran.err


async def test_without_a_server_doctor_looks_for_nothing_else(tmp_path: Path) -> None:
    ran = await run(Home(tmp_path / "client", {"STORYREEL_ADDRESS": "127.0.0.1:1"}), "doctor", "--json")

    (check,) = json.loads(ran.out)["checks"]
    assert ran.code == 4
    assert check["check"] == "server"
    assert "STORYREEL_ADDRESS" in check["remedy"]


@pytest.mark.slow
async def test_a_render_outlives_kill_9_of_its_server(tmp_path: Path) -> None:
    server = serving(tmp_path)
    paragraphs = "".join(f"Paragraph {number} says that it is number {number}.\n\n" for number in range(30))
    (tmp_path / "long.md").write_text(f"# Long\n\n{paragraphs}")
    out = tmp_path / "long.mp4"
    try:
        await server.start()
        home = Home(tmp_path / "c", {"STORYREEL_ADDRESS": server.settings["STORYREEL_ORCHESTRATOR_ADDRESS"]})
        rendering = asyncio.ensure_future(
            run(home, "render", str(tmp_path / "long.md"), "-o", str(out), "--size", "720p", "--json")
        )
        async with asyncio.timeout(120):
            while not [*(tmp_path / "home" / "store").glob("local/results/cards/*/*")]:
                await asyncio.sleep(0.02)
        server.kill()
        await server.start()
        ran = await rendering
    finally:
        server.kill()

    assert ran.code == 0, ran.err
    assert ran.events[-1]["event"] == "finished"
    assert out.stat().st_size > 10_000
