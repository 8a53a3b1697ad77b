"""The main job from the command line, on real parts: engine, services, espeak-ng, x264, ffmpeg."""

from __future__ import annotations

import hashlib
import json
import random
import signal
from collections import Counter
from pathlib import Path

import av
import pytest

from tests.benchmarks.documents import document
from tests.e2e.command import Home, kill_group

SMALL = """# Small things

A short document, to be seen and heard.

## What it has

It has **two** sentences here. The second one is longer than the first one was.

- Apples: they are red.
- Pears
- Plums, which `nobody` eats

```python
def eat(fruit):
    return fruit
```

> Less is more.
> — A proverb

<!-- a note to the author -->
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.md"
    path.write_text(SMALL)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_document_becomes_a_video_with_everything_beside_it(
    home: Home, small: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "small.mp4"

    ran = home.run("render", str(small), "-o", str(out), "--size", "720p", "--json")

    assert ran.code == 0, ran.err
    assert ran.events[-1]["event"] == "finished"
    fractions = [event["fraction"] for event in ran.events]
    assert fractions == sorted(fractions)
    assert [event["state"] for event in ran.events[:-1]].count("SUCCEEDED") == 1
    written = {path.name for path in out.parent.iterdir()}
    assert written == {f"small.{end}" for end in ("mp4", "srt", "vtt", "txt", "jpg", "manifest.json")}
    manifest = json.loads(out.with_suffix(".manifest.json").read_text())
    measured = manifest["job"]["outputs"]["video"]["measurements"]
    frames = sum(scene["frames"] for scene in manifest["scenes"])
    with av.open(str(out)) as video:
        assert [stream.type for stream in video.streams][:2] == ["video", "audio"]
        assert sum(1 for _ in video.decode(video=0)) == frames
    assert measured["frames"] == frames
    assert float(measured["max_av_offset"].removesuffix("s")) <= 1 / 30
    assert abs(measured["loudness_lufs"] + 16) <= 0.5
    assert measured["true_peak_dbtp"] <= -1
    transcript = out.with_suffix(".txt").read_text()
    for said in ("Small things", "The second one is longer", "Pears", "Less is more"):
        assert said in transcript
    assert manifest["coverage"]["dropped"] == len(manifest["dropped"]) == 1
    assert manifest["dropped"][0]["reason"]
    assert manifest["job"]["source"]["artifact"]["media_type"] == "text/markdown"
    assert manifest["job"]["outputs"]["video"]["mp4"]["size_bytes"] == out.stat().st_size
    assert manifest["job"]["degradations"] == []


@pytest.mark.slow
def test_killed_three_times_and_resumed_it_gives_the_same_bytes_and_repeats_nothing(
    home: Home, tmp_path: Path
) -> None:
    source, out, undisturbed = (tmp_path / name for name in ("long.md", "killed.mp4", "whole.mp4"))
    source.write_text(document(5))
    seed = random.randrange(1000)
    moments = sorted(random.Random(seed).uniform(0.03, 0.75) for _ in range(3))
    print(f"killed at {moments}, seed {seed}")

    for number, moment in enumerate(moments):
        command = ("resume", "--json") if number else ("render", str(source), "-o", str(out), "--json")
        process = home.start(*command)
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["fraction"] >= moment:
                break
        kill_group(process)
    resumed = home.run("resume", "--json")
    other = Home(tmp_path / "other")
    whole = other.run("render", str(source), "-o", str(undisturbed), "--json")

    assert (resumed.code, whole.code) == (0, 0), resumed.err + whole.err
    assert digest(out) == digest(undisturbed)
    assert [count for count in home.computed().values() if count > 1] == []
    assert set(home.computed()) == set(other.computed())


def test_one_edited_sentence_makes_one_scene_anew(home: Home, tmp_path: Path) -> None:
    path, out = tmp_path / "long.md", tmp_path / "long.mp4"
    path.write_text(document(8))
    first = home.run("render", str(path), "-o", str(out), "--size", "720p", "--timing", "sparse")
    before = home.computed()
    path.write_text(document(8, edited=4))

    second = home.run("render", str(path), "-o", str(out), "--size", "720p", "--timing", "sparse")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    anew = Counter(stage for stage, _ in (home.computed() - before).elements())
    assert anew == {"parsing": 1, "script": 1, "tts": 1, "cards": 1, "muxing": 3}
    assert "This sentence was edited." in out.with_suffix(".txt").read_text()


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(home: Home, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.mp4"
    process = home.start("render", str(small), "-o", str(out), "--size", "720p", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["fraction"] > 0.1:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    listed = json.loads(home.run("list", "--json").out)

    resumed = home.run("resume")

    assert process.returncode == 130
    assert "storyreel resume jobs/" in err
    assert listed["jobs"][0]["state"] == "CANCELLED"
    assert resumed.code == 0, resumed.err
    assert out.exists()


def test_what_a_killed_command_held_is_made_at_once_whatever_the_limit_of_heartbeats(
    home: Home, small: Path, tmp_path: Path
) -> None:
    patient = Home(home.folder, {"STORYREEL_ORCHESTRATOR_HEARTBEAT_SECONDS": "3600"})
    out = tmp_path / "small.mp4"
    process = patient.start("render", str(small), "-o", str(out), "--size", "720p", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["fraction"] > 0.1:
            break
    kill_group(process)

    listed = json.loads(patient.run("list", "--json").out)["jobs"][0]
    resumed = patient.run("resume", "--json")

    assert listed["state"] == "RUNNING"
    assert listed["waiting"] == f"Nobody works on this job. `storyreel resume {listed['name']}` goes on."
    assert resumed.code == 0, resumed.err
    assert out.exists()


def test_two_at_the_same_time_share_one_engine(home: Home, small: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "a.mp4", tmp_path / "b.mp4"]

    running = [home.start("render", str(small), "-o", str(out), "--size", "720p") for out in outs]
    ended = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0, 0], ended
    assert digest(outs[0]) == digest(outs[1])
    assert [count for count in home.computed().values() if count > 2] == []


def test_a_plan_tells_every_scene_and_the_fate_of_every_block(home: Home, small: Path) -> None:
    ran = home.run("plan", str(small), "--json")

    assert ran.out.count("\n") == 1
    plan = json.loads(ran.out)
    assert plan["voice"].startswith("espeak:")
    assert [scene["type"] for scene in plan["scenes"]][:3] == [
        "SCENE_TYPE_TITLE",
        "SCENE_TYPE_SECTION",
        "SCENE_TYPE_PARAGRAPH",
    ]
    assert all(
        scene["id"] and scene["narration"] and float(scene["estimated_duration"].removesuffix("s")) > 0
        for scene in plan["scenes"]
    )
    blocks = plan["coverage"]["blocks"]
    assert {block["outcome"] for block in blocks} == {
        "OUTCOME_NARRATED",
        "OUTCOME_SHOWN",
        "OUTCOME_DROPPED",
    }
    assert all(block["reason"] for block in blocks if block["outcome"] == "OUTCOME_DROPPED")
    assert {stage for stage, _ in home.computed()} == {"parsing", "script"}


def test_a_plan_for_machines_tells_what_a_person_should_know(home: Home, tmp_path: Path) -> None:
    document = tmp_path / "lamp.md"
    document.write_text("# Lamp\n\n```footage\nprompt: a lamp\nsteps: many\n```\n\nIt shines.\n")

    ran = home.run("plan", str(document), "--json")

    (warning,) = json.loads(ran.out)["warnings"]
    assert warning["message"].startswith("Footage, line 5: `steps` must be a whole number")
    assert warning["place"] == {"line": 5}


def test_a_submitted_job_waits_and_is_watched_to_its_end(home: Home, small: Path, tmp_path: Path) -> None:
    submitted = home.run("submit", str(small), "--size", "720p", "--request-id", "one")
    again = home.run("submit", str(small), "--size", "720p", "--request-id", "one")

    watched = home.run("watch", submitted.out.strip(), "-o", str(tmp_path / "w.mp4"))

    assert submitted.out == again.out
    assert watched.code == 0, watched.err
    assert (tmp_path / "w.mp4").exists()


def test_watch_without_a_name_takes_the_newest_job_though_all_are_done(
    home: Home, small: Path, tmp_path: Path
) -> None:
    made = home.run("render", str(small), "-o", str(tmp_path / "first.mp4"), "--size", "720p")

    watched = home.run("watch", "-o", str(tmp_path / "again.mp4"))

    assert (made.code, watched.code) == (0, 0), watched.err
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "first.mp4").read_bytes()


def test_a_cancel_stops_its_job_and_starts_no_other(home: Home, small: Path) -> None:
    first = home.run("submit", str(small), "--size", "720p", "--request-id", "first").out.strip()
    second = home.run("submit", str(small), "--size", "720p", "--request-id", "second").out.strip()

    cancelled = home.run("cancel", second)

    listed = {job["name"]: job for job in json.loads(home.run("list", "--json").out)["jobs"]}
    assert cancelled.code == 0, cancelled.err
    assert listed[second]["state"] == "CANCELLED"
    assert listed[first]["state"] in ("PENDING", "RUNNING")
    assert [stage["calls_done"] for stage in listed[first]["stages"][1:]] == [0] * 5
