"""The models of generated footage, from the command line."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.arguments import UsageError, parse
from orchestrator.cli.doctor import CHECKS
from orchestrator.cli.main import _exit_code
from orchestrator.cli.models import models
from services.chassis.errors import ModelUnavailable, Overloaded, Unreachable
from services.models.catalogue import MODELS
from tests.unit.models.fake_hub import FakeHub, serving
from tests.unit.models.model_folder import COMMIT, build

MODEL = MODELS["ti2v-5B"]


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with a model, as somebody brings it."""
    return build(tmp_path / "given", MODEL)


@pytest.fixture
def lying(tmp_path: Path) -> Path:
    """Where models lie without being told."""
    return tmp_path / "home" / "models"


async def run(*words: str) -> int:
    return await models(parse(["models", *words]))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_a_folder_is_taken_and_what_came_is_said(
    given: Path, lying: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await run("fetch", "ti2v-5B", "--from", str(given), "--revision", COMMIT)

    out = capsys.readouterr().out
    assert code == 0
    assert f"taken from {given}, 16 files as links, revision {COMMIT}" in out
    assert out.splitlines()[1] == str(lying / "ti2v-5B")


async def test_a_folder_of_unknown_commit_is_taken_with_a_note(
    given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await run("fetch", "ti2v-5B", "--from", str(given))

    captured = capsys.readouterr()
    assert code == 0
    assert "revision files-" in captured.out
    assert "--revision COMMIT writes it down" in captured.err


async def test_a_machine_is_told_the_steps_and_the_end(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"

    await run("fetch", "ti2v-5B", "--from", str(given), "--models", str(disk), "--json")

    *events, last = lines(capsys)
    assert {event["step"] for event in events} == {"copy", "verify"}
    assert [event["fraction"] for event in events if event["step"] == "copy"][-1] == 1.0
    assert len(events) <= 2 * 101
    assert (last["event"], last["model"], last["files"], last["folder"]) == (
        "finished",
        "ti2v-5B",
        16,
        str(disk / "ti2v-5B"),
    )


async def test_a_model_is_fetched_from_the_hub_once(
    given: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(FakeHub(given, MODEL.repository, COMMIT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        codes = [await run("fetch", "ti2v-5B"), await run("fetch", "ti2v-5B")]

    first, _, second, _ = capsys.readouterr().out.splitlines()
    assert codes == [0, 0]
    assert f"fetched from {MODEL.repository}, revision {COMMIT}" in first
    assert "is there already" in second


async def test_whole_and_damaged_models_are_told_apart_by_the_exit_code(
    given: Path, lying: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await run("fetch", "ti2v-5B", "--from", str(given))
    whole = [await run("verify"), await run("verify", "ti2v-5B", "--quick")]
    (lying / "ti2v-5B/vae/config.json").unlink()
    damaged = [await run("verify", "--again"), await run("verify", "t2v-A14B", "--quick")]

    captured = capsys.readouterr()
    assert (whole, damaged) == ([0, 0], [4, 4])
    assert "✓ ti2v-5B    every byte is right" in captured.out
    assert "✓ ti2v-5B    names, sizes and headers are right" in captured.out
    assert "vae/config.json is missing." in captured.out
    assert "→ storyreel models fetch t2v-A14B" in captured.err


async def test_a_machine_is_told_each_verified_model(given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await run("fetch", "ti2v-5B", "--from", str(given))
    capsys.readouterr()

    await run("verify", "--json", "--quick")

    assert lines(capsys) == [
        {"event": "verified", "model": "ti2v-5B", "whole": True, "check": "quick", "problems": []}
    ]


async def test_where_there_is_no_model_verifying_says_so() -> None:
    with pytest.raises(ModelUnavailable, match="There is no model in "):
        await run("verify")


async def test_all_models_are_listed_those_that_are_there_with_their_commit(
    given: Path, lying: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await run("fetch", "ti2v-5B", "--from", str(given), "--revision", COMMIT)
    capsys.readouterr()

    await run("list")
    people = capsys.readouterr().out.splitlines()
    await run("list", "--json")
    (machine,) = lines(capsys)

    assert people[0] == " · t2v-A14B   not there"
    assert people[2].startswith(" ✓ ti2v-5B ")
    assert people[2].endswith(COMMIT)
    assert machine["folder"] == str(lying)
    assert [(m["model"], m["whole"], m.get("revision")) for m in machine["models"]] == [
        ("t2v-A14B", False, None),
        ("i2v-A14B", False, None),
        ("ti2v-5B", True, COMMIT),
    ]


async def test_a_broken_model_is_not_called_absent_and_the_way_out_is_told(
    given: Path, lying: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await run("fetch", "ti2v-5B", "--from", str(given))
    (lying / "ti2v-5B/manifest.json").write_text("{")
    (lying / "t2v-A14B").mkdir()
    capsys.readouterr()

    codes = [await run("list"), await run("verify")]
    people = capsys.readouterr().out.splitlines()
    await run("list", "--json")
    (machine,) = lines(capsys)

    assert codes == [0, 4]
    assert people[:4] == [
        " ✗ t2v-A14B   broken",
        "              t2v-A14B has no manifest.json.",
        "              → `storyreel models fetch t2v-A14B` mends it; what is whole is not fetched again",
        " · i2v-A14B   not there",
    ]
    assert people[4:6] == [
        " ✗ ti2v-5B    broken",
        "              manifest.json of ti2v-5B is damaged: Invalid JSON: EOF while parsing an object at "
        "line 1 column 1.",
    ]
    assert [m["state"] for m in machine["models"]] == ["broken", "absent", "broken"]


async def test_a_broken_model_is_mended_as_it_is_told(
    given: Path, lying: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(FakeHub(given, MODEL.repository, COMMIT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        await run("fetch", "ti2v-5B")
        (lying / "ti2v-5B/manifest.json").write_text("{")
        await run("fetch", "ti2v-5B")
    capsys.readouterr()

    code = await run("verify")

    assert code == 0
    assert "every byte is right" in capsys.readouterr().out


async def test_a_stopped_fetch_is_not_waited_for(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, began, end = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def hang(*_: object) -> None:
        loop.call_soon_threadsafe(began.set)
        end.wait()

    monkeypatch.setattr("os.link", hang)
    task = asyncio.create_task(run("fetch", "ti2v-5B", "--from", str(given)))
    await began.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    end.set()
    assert "the same command goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fetch", "sdxl"], "MODEL: 'sdxl' is not a model. There are t2v-A14B, i2v-A14B, ti2v-5B."),
        (["fetch", "ti2v-5B", "--revision", "../x"], "--revision: '../x' is not a revision."),
        (["fetch", "ti2v-5B", "--from", " "], "--from: the name is empty."),
        (["fetch"], "required: MODEL"),
        ([], "required: ACTION"),
    ],
)
def test_a_line_that_cannot_be_understood_is_told(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["models", *words])

    assert said in caught.value.message


def test_a_missing_model_is_of_the_surroundings_and_an_absent_hub_passes() -> None:
    codes = [_exit_code(kind("It is so.")) for kind in (ModelUnavailable, Unreachable, Overloaded)]

    assert codes == [4, 5, 5]


async def test_the_doctor_names_what_is_there_and_takes_nothing_missing_amiss(
    given: Path, lying: Path
) -> None:
    nothing = await CHECKS["models"]()
    await run("fetch", "ti2v-5B", "--from", str(given))
    one = await CHECKS["models"]()
    (lying / "ti2v-5B/vae/config.json").unlink()
    damaged = await CHECKS["models"]()

    assert nothing[0] == f"none in {lying}; only generated footage needs one"
    assert one[0] == f"ti2v-5B in {lying}"
    assert [found[1] for found in (nothing, one, damaged)] == ["", "", ""]
    assert damaged[2:] == (
        (
            "ti2v-5B: vae/config.json is missing. `storyreel models fetch ti2v-5B` mends it; "
            "what is whole is not fetched again",
            "not there: t2v-A14B, i2v-A14B; `storyreel models fetch i2v-A14B` fetches one",
        ),
    )
