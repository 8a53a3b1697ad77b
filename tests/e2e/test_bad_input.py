"""What cannot be done is said plainly: what, where, what to do, with an exit code, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Home, Ran


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("bad") / "home")
    with home.engine():
        yield home


def refused(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, (ran.code, ran.out, ran.err)
    assert "Traceback" not in ran.err + ran.out
    for word in words:
        assert word in ran.err


CASES = {
    "empty.md": (b"", 3, "empty"),
    "blank.md": (b"\n  \n\t\n", 3, "nothing"),
    "picture.png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 64, 3, "PNG"),
    "report.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"\x00" * 64, 3, "PDF"),
    "page.html": (b"<!doctype html><html><body><p>Hello</p></body></html>", 3, "HTML"),
}


def mostly_slow(names: Iterable[str], *, kept: set[str]) -> list[Any]:
    """Cases that each start a command; those not kept, of which other tests read the document, are slow."""
    return [name if name in kept else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", mostly_slow(CASES, kept={"blank.md", "report.pdf"}))
def test_a_document_that_cannot_be_read_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    data, code, word = CASES[name]
    (tmp_path / name).write_bytes(data)

    refused(home.run("plan", str(tmp_path / name)), code, word)


ODD = {
    "no headings": b"Only a sentence. And another one.",
    "unclosed fence": b"# Title\n\n```python\nprint(1)\n",
    "invalid utf-8": b"# Caf\xe9\n\nA caf\xe9 in windows-1252.",
    "setext": b"Title\n=====\n\nSome text.\n\nPart\n----\n\nMore text.",
    "arabic": "# عنوان\n\nهذه جملة قصيرة.".encode(),
    "japanese": "# 題名\n\nこれは短い文です。もう一つの文です。".encode(),
    "html table": b"# T\n\n<table><tr><td>cell one</td><td>cell two</td></tr></table>\n",
}


@pytest.mark.parametrize("kind", mostly_slow(ODD, kept={"invalid utf-8", "japanese", "html table"}))
def test_an_odd_document_is_planned_without_losing_text(home: Home, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.md"
    path.write_bytes(ODD[kind])

    ran = home.run("plan", str(path), "--json")

    assert ran.code == 0, ran.err
    plan = json.loads(ran.out)
    assert plan["scenes"]
    assert all(
        block["reason"] for block in plan["coverage"]["blocks"] if block["outcome"] == "OUTCOME_DROPPED"
    )


@pytest.mark.slow
def test_a_long_document_is_planned_whole_or_refused_with_numbers(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    path.write_text(
        "# Long\n\n" + "\n\n".join(f"Paragraph {n} says that {n} is a number. " * 5 for n in range(1000))
    )
    assert path.stat().st_size > 200_000

    ran = home.run("plan", str(path), "--json")

    assert ran.code == 0, ran.err
    said = " ".join(scene["narration"] for scene in json.loads(ran.out)["scenes"])
    assert all(f"says that {n} is a number" in said for n in range(1000))


def test_a_missing_file_and_a_folder(home: Home, tmp_path: Path) -> None:
    refused(home.run("plan", str(tmp_path / "no.md")), 3, "does not exist")
    refused(home.run("plan", str(tmp_path)), 3, "is a folder")


def test_an_output_that_cannot_be_written(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")
    (tmp_path / "taken").touch()

    refused(home.run("render", str(source), "-o", str(tmp_path / "taken" / "a.mp4")), 4, "cannot be written")
    refused(home.run("render", str(source), "-o", str(tmp_path / "a.avi")), 2, ".mp4")


def test_an_unknown_voice_names_ones_that_exist(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")

    for command in (("plan", str(source)), ("render", str(source), "-o", str(tmp_path / "a.mp4"))):
        refused(home.run(*command, "--voice", "femal"), 3, "femal", "→ Use the voice female")


def test_a_job_whose_voice_was_refused_is_not_what_resume_goes_on_with(tmp_path: Path) -> None:
    home, source = Home(tmp_path / "home"), tmp_path / "a.md"
    source.write_text("# A\n\nText.")
    waiting = home.run("submit", str(source)).out.strip()
    home.run("cancel", waiting)
    home.run("render", str(source), "-o", str(tmp_path / "b.mp4"), "--voice", "nobody")

    ran = home.run("resume", "-o", str(tmp_path / "a.mp4"), "--json")

    assert (ran.code, ran.events[-1]["name"]) == (0, waiting), ran.err
    assert ran.err.startswith(f"Resuming {waiting} (a.md)\n")
    assert [job["name"] for job in json.loads(home.run("list", "--json").out)["jobs"]] == [waiting]


def test_a_file_of_somebody_elses_is_not_written_over(home: Home, tmp_path: Path) -> None:
    source, notes = tmp_path / "a.md", tmp_path / "a.txt"
    source.write_text("# A\n\nText.")
    notes.write_text("my notes")
    command = ("render", str(source), "-o", str(tmp_path / "a.mp4"))

    refused(home.run(*command), 4, "a.txt", "--force")

    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.md", "a.txt"]
    assert notes.read_text() == "my notes"


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {"STORYREEL_STORE": "s3"})

    refused(home.run("list"), 4, "STORYREEL_S3_ENDPOINT")


def test_a_setting_of_a_clusters_processes_is_not_the_command_lines(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {"STORYREEL_TEMPORAL_ADDRESS": "127.0.0.1:1"})

    refused(home.run("list"), 4, "STORYREEL_TEMPORAL_ADDRESS", "Set STORYREEL_ADDRESS")


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused(Home(tmp_path / "file" / "home").run("list"), 4, "STORYREEL_HOME")


def test_there_is_no_such_job(home: Home) -> None:
    refused(home.run("cancel", "jobs/000000000000"), 3, "no job")
    refused(home.run("resume", "nonsense!"), 2, "jobs/1a2b3c4d5e6f")


def test_usage_errors_exit_with_2_and_help_teaches(home: Home) -> None:
    refused(home.run("render"), 2, "SOURCE", "storyreel render --help")
    refused(home.run("plan", "a.md", "--language", "en_US"), 2, "--language", "en-US?")
    assert "examples:" in home.run("render", "--help").out
    assert "exit codes" in home.run("--help").out


def test_errors_are_json_for_machines(home: Home, tmp_path: Path) -> None:
    ran = home.run("render", str(tmp_path / "no.md"), "-o", str(tmp_path / "a.mp4"), "--json")

    assert ran.events[-1]["event"] == "error"
    assert ran.events[-1]["exit_code"] == ran.code == 3
    assert ran.events[-1]["suggestions"]


def test_a_line_that_is_not_understood_is_json_too(home: Home) -> None:
    ran = home.run("plan", "a.md", "--speed", "20", "--json")

    (event,) = ran.events
    assert (event["event"], event["exit_code"], ran.code) == ("error", 2, 2)
    assert event["violations"][0]["field"] == "speed"


def test_a_job_nobody_works_on_is_cancelled(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")
    name = home.run("submit", str(source)).out.strip()

    ran = home.run("cancel", name)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{name} is cancelled. `storyreel resume {name}` goes on with it.\n"


@pytest.mark.parametrize(
    ("variable", "value"), [("STORYREEL_TTS_ENGINES", "foo"), ("STORYREEL_FFMPEG", "/nonexistent")]
)
def test_a_stage_that_cannot_start_is_the_error(tmp_path: Path, variable: str, value: str) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")
    home = Home(tmp_path / "home", {variable: value})

    ran = home.run("render", str(source), "-o", str(tmp_path / "a.mp4"))

    refused(ran, 4, variable)
    assert "Stopping" not in ran.err
    assert "never awaited" not in ran.err


def test_what_looks_like_markup_or_escapes_is_text(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a\x1b[31m.md"
    source.write_text("# Paths [/etc] here\n\nA [/x] and a [bold] word.")

    ran = home.run("plan", str(source))

    assert ran.code == 0, ran.err
    assert "Paths [/etc] here" in ran.out
    assert "\x1b" not in ran.out + ran.err + home.run("list", "--plans").out


def test_an_encoding_that_lacks_letters_gets_escapes(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# Grüße 題名\n\nEin Satz.")
    ascii_home = Home(home.folder, {"PYTHONIOENCODING": "ascii"})

    people, machines = ascii_home.run("plan", str(source)), ascii_home.run("plan", str(source), "--json")

    assert (people.code, machines.code) == (0, 0), people.err + machines.err
    assert "Gr\\xfc\\xdfe" in people.out
    assert "Grüße 題名" in json.dumps(json.loads(machines.out), ensure_ascii=False)


def test_an_output_nobody_reads_stops_the_command_as_ctrl_c_does(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")
    process = home.start("render", str(source), "-o", str(tmp_path / "a.mp4"), "--json")
    assert process.stdout is not None
    assert process.stderr is not None

    first = json.loads(process.stdout.readline())
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=60) == 141, said
    assert "Traceback" not in said
    assert f"storyreel resume {first['name']}" in said


def test_a_home_of_nobody_does_not_exist(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# A\n\nText.")

    refused(home.run("plan", "~nosuchuser/x.md"), 3, "does not exist")
    refused(home.run("render", str(source), "-o", "~nosuchuser/x.mp4"), 2, "does not exist")
