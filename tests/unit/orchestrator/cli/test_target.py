"""Where a video is written."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from orchestrator.cli.arguments import UsageError
from orchestrator.cli.target import check_overwriting, check_target, files
from services.chassis.errors import Configuration
from storyreel.job.v1 import job_pb2


def written(out: Path) -> Path:
    """Files as storyreel leaves them."""
    video = {}
    for kind, path in files(out).items():
        if kind != "manifest":
            path.write_text(kind)
            digest = hashlib.sha256(kind.encode()).hexdigest()
            video[kind] = {"sha256": digest, "size_bytes": len(kind), "media_type": "x"}
    manifest = {"job": {"outputs": {"video": video | {"missing": [], "duration": "1s"}}}}
    files(out)["manifest"].write_text(json.dumps(manifest))
    return out


def test_a_name_that_is_none_for_a_video_is_a_wrong_argument(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")

    for target, why in (
        (tmp_path / "video.avi", r"does not end in \.mp4.*such as video\.mp4"),
        (tmp_path / "video", r"does not end in \.mp4"),
        (tmp_path, r"is a folder.*such as .*/video\.mp4"),
        (tmp_path / "folder.mp4", "is a folder"),
        (tmp_path / "pipe.mp4", "is not a file"),
        (tmp_path / ("n" * 250 + ".mp4"), "File name too long"),
        (Path("~nosuchuser/video.mp4"), "~nosuchuser does not exist"),
    ):
        with pytest.raises(UsageError, match=why) as caught:
            check_target(target)
        assert [violation.field for violation in caught.value.violations] == ["output"]


def test_a_target_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    for target, why in (
        (blocked / "video.mp4", "cannot be written to: .*/file is a file, not a folder"),
        (blocked / "deep" / "video.mp4", "/file is a file, not a folder"),
    ):
        with pytest.raises(Configuration, match=why):
            check_target(target)


def test_the_source_lends_its_name_to_a_file_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"such as .*/guide\.mp4"):
        check_target(tmp_path, Path("guide.md"))


def test_a_missing_folder_is_made_and_capitals_stay(tmp_path: Path) -> None:
    out = check_target(tmp_path / "new" / "deep" / "X.MP4")

    assert out.parent.is_dir()
    assert [path.name for path in files(out).values()] == [
        "X.MP4",
        "X.srt",
        "X.vtt",
        "X.txt",
        "X.jpg",
        "X.manifest.json",
    ]


@pytest.mark.parametrize("ending", [".srt", ".vtt", ".txt", ".jpg", ".manifest.json"])
def test_a_folder_in_the_place_of_a_file_beside_is_named_first(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"q{ending}").mkdir()

    with pytest.raises(Configuration, match=rf"q{ending} is a folder.*beside q\.mp4"):
        check_target(tmp_path / "q.mp4")


def test_the_source_is_never_overwritten_under_any_of_its_names(tmp_path: Path) -> None:
    source, link = tmp_path / "talk.txt", tmp_path / "other.txt"
    source.write_text("Words.")
    link.hardlink_to(source)

    for name in ("talk.mp4", "other.mp4"):
        with pytest.raises(UsageError, match="would overwrite the source"):
            check_target(tmp_path / name, source)


def test_what_storyreel_wrote_and_nobody_changed_is_written_over(tmp_path: Path) -> None:
    out = written(tmp_path / "a.mp4")

    check_overwriting(out, force=False)

    files(out)["srt"].write_text("corrected by hand")
    with pytest.raises(Configuration, match=r"^a\.srt in .* changed since"):
        check_overwriting(out, force=False)


@pytest.mark.parametrize("kind", ["mp4", "srt", "vtt", "transcript", "thumbnail", "manifest"])
def test_a_strangers_file_is_kept_unless_forced(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "a.mp4"
    files(out)[kind].write_text("[1, 2]")

    with pytest.raises(Configuration, match="was not written by storyreel") as caught:
        check_overwriting(out, force=False)
    check_overwriting(out, force=True)

    assert any("--force" in way.description for way in caught.value.suggestions)


def test_all_strangers_are_named_at_once_and_empty_files_are_nobodys(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    for kind, text in (("mp4", ""), ("srt", "mine"), ("transcript", "mine too")):
        files(out)[kind].write_text(text)

    with pytest.raises(Configuration, match=r"^a\.srt, a\.txt in .* were not written"):
        check_overwriting(out, force=False)


@pytest.mark.parametrize(
    "text", ["", "no json", "[" * 5000, '{"job": 1}', '{"job": {"outputs": {"video": []}}}']
)
def test_what_is_no_manifest_of_ours_vouches_for_nothing(tmp_path: Path, text: str) -> None:
    out = written(tmp_path / "a.mp4")
    files(out)["manifest"].write_text(text)

    with pytest.raises(Configuration, match=r"a\.mp4, a\.srt"):
        check_overwriting(out, force=False)


def test_a_jobs_own_outputs_may_be_there_and_its_source_stays_even_when_forced(tmp_path: Path) -> None:
    out, job = tmp_path / "a.mp4", job_pb2.Job()
    for kind, artifact in (("srt", job.outputs.video.srt), ("transcript", job.source.artifact)):
        files(out)[kind].write_text(kind)
        artifact.sha256, artifact.size_bytes = hashlib.sha256(kind.encode()).hexdigest(), len(kind)

    with pytest.raises(Configuration, match="is the job's source"):
        check_overwriting(out, job, force=True)
    files(out)["transcript"].unlink()

    check_overwriting(out, job, force=False)
