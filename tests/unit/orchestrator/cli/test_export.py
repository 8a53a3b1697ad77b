"""From the store to the files a person asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.export import check_target, export, files, remember, remembered
from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.chassis.errors import Configuration
from storyreel.job.v1 import job_pb2


async def test_every_output_gets_its_name_and_a_missing_touch_none(store: LocalStore, tmp_path: Path) -> None:
    job = job_pb2.Job()
    for kind in ("mp4", "srt", "vtt", "transcript"):
        made = await store.put_bytes(kind.encode(), media_type="text/plain")
        getattr(job.outputs.video, kind).CopyFrom(wire.to_proto(made))
    out = tmp_path / "my.video.mp4"

    written = await export(store, job, out)

    assert [path.name for path in written] == ["my.video.mp4", "my.video.srt", "my.video.vtt", "my.video.txt"]
    assert out.read_bytes() == b"mp4"
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_a_target_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    for target, why in (
        (tmp_path / "video.avi", "does not end in .mp4"),
        (tmp_path / "folder.mp4", "is a folder"),
        (blocked / "video.mp4", "cannot be written to"),
        (Path("~nosuchuser/video.mp4"), "~nosuchuser does not exist"),
    ):
        if why == "is a folder":
            target.mkdir()
        with pytest.raises(Configuration, match=why):
            check_target(target)


def test_a_transcript_never_overwrites_the_source(tmp_path: Path) -> None:
    source = tmp_path / "talk.txt"
    source.touch()

    with pytest.raises(Configuration, match="would overwrite the source"):
        check_target(tmp_path / "talk.mp4", source)


def test_resume_finds_where_the_video_was_to_go(tmp_path: Path) -> None:
    remember("jobs/abcdefgh", tmp_path / "a.mp4")

    assert remembered("jobs/abcdefgh") == tmp_path / "a.mp4"
    assert remembered("jobs/unknown0") is None
    assert len(files(tmp_path / "a.mp4")) == 6
