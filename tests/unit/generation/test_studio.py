"""The studio keeps what a backend makes, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.chassis.errors import ArtifactMissing, StoryreelError
from services.chassis.progress import Progress, Report
from services.generation.clip import UNSHOWN_MOST, Picture, Shot
from services.generation.studio import film
from services.media.clock import Rate
from services.story.narration import Narration, Segment, SpeechTiming
from services.story.scene import TitleCard

SHOT = Shot(
    TitleCard("Hello"),
    Narration("en", (Segment("Hello", "title"),)),
    SpeechTiming("Hello", ()),
    frames=30,
    lead_frames=0,
    picture=Picture(320, 240, Rate(30)),
)


class Scribe:
    """A backend that writes its own name."""

    name = "scribe"

    def __init__(self, unshown: tuple[str, ...] = (), error: StoryreelError | None = None) -> None:
        self._unshown, self._error = unshown, error

    async def start(self) -> str:
        return self.name

    async def make(self, shot: Shot, path: Path, report: Report) -> tuple[str, ...]:
        path.write_text(self.name)
        report(Progress("draw", 1.0, shot.frames, shot.frames, "frames"))
        if self._error is not None:
            raise self._error
        return self._unshown

    async def close(self) -> None:
        return


def ignore(progress: Progress) -> None:
    assert progress.step == "draw"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


async def test_the_file_is_stored_and_the_scratch_folder_gone(store: LocalStore, tmp_path: Path) -> None:
    clip = await film(Scribe(), SHOT, store, scratch=tmp_path / "scratch", report=ignore)

    assert await store.read(clip.video) == b"scribe"
    assert (clip.video.media_type, clip.frames, clip.picture) == ("video/mp4", 30, SHOT.picture)
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_failure_leaves_nothing_behind(store: LocalStore, tmp_path: Path) -> None:
    backend = Scribe(error=ArtifactMissing("Not there."))

    with pytest.raises(ArtifactMissing):
        await film(backend, SHOT, store, scratch=tmp_path / "scratch", report=ignore)

    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("found", "last"), [(20, "text 19"), (21, "… and 2 more"), (500, "… and 481 more")])
async def test_no_more_unshown_text_is_named_than_the_contract_allows(
    store: LocalStore, tmp_path: Path, found: int, last: str
) -> None:
    backend = Scribe(unshown=tuple(f"text {n}" for n in range(found)))

    clip = await film(backend, SHOT, store, scratch=tmp_path / "scratch", report=ignore)

    assert len(clip.unshown) == UNSHOWN_MOST
    assert clip.unshown[-1] == last
