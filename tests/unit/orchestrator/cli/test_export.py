"""From the store to the files a person asked for."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.export import export, remember, remembered
from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.chassis.errors import Configuration, StoreFull
from storyreel.job.v1 import job_pb2


async def made(store: LocalStore) -> job_pb2.Job:
    """A finished job without a thumbnail and a manifest."""
    job = job_pb2.Job(name="jobs/abcdefgh")
    for kind in ("mp4", "srt", "vtt", "transcript"):
        stored = await store.put_bytes(kind.encode(), media_type="text/plain")
        getattr(job.outputs.video, kind).CopyFrom(wire.to_proto(stored))
    return job


async def test_every_output_gets_its_name_and_a_missing_touch_none(store: LocalStore, tmp_path: Path) -> None:
    out = tmp_path / "my.video.mp4"

    written = await export(store, await made(store), out, force=False)

    assert [path.name for path in written] == ["my.video.mp4", "my.video.srt", "my.video.vtt", "my.video.txt"]
    assert out.read_bytes() == b"mp4"
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


async def test_outputs_follow_the_umask(store: LocalStore, tmp_path: Path) -> None:
    before = os.umask(0o007)
    try:
        written = await export(store, await made(store), tmp_path / "a.mp4", force=False)
    finally:
        os.umask(before)

    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o660}


async def test_a_full_disk_of_the_outputs_is_told_with_the_ways_on(store: LocalStore, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full]).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        (full / "other").write_bytes(bytes(4096))

        with pytest.raises(StoreFull) as caught:
            await export(store, await made(store), full / "a.mp4", force=False)
    finally:
        subprocess.run(["umount", full], check=True)

    assert f"0 bytes of 4 KiB is free under {full}; the file needs 3 bytes" in caught.value.message
    ways = [way.description for way in caught.value.suggestions]
    assert ways[0] == "Make room there."
    assert "storyreel resume jobs/abcdefgh -o" in ways[1]


async def test_what_was_put_there_meanwhile_is_kept_and_the_way_on_is_told(
    store: LocalStore, tmp_path: Path
) -> None:
    notes = tmp_path / "a.txt"
    notes.write_text("my notes")

    with pytest.raises(Configuration) as caught:
        await export(store, await made(store), tmp_path / "a.mp4", force=False)

    assert notes.read_text() == "my notes"
    assert not (tmp_path / "a.mp4").exists()
    assert any("storyreel resume jobs/abcdefgh -o" in way.description for way in caught.value.suggestions)


async def test_by_force_it_is_written_over(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("my notes")

    await export(store, await made(store), tmp_path / "a.mp4", force=True)

    assert (tmp_path / "a.txt").read_text() == "transcript"


def test_resume_finds_where_the_video_was_to_go(tmp_path: Path) -> None:
    remember("jobs/abcdefgh", tmp_path / "a.mp4")

    assert remembered("jobs/abcdefgh") == tmp_path / "a.mp4"
    assert remembered("jobs/unknown0") is None
