"""The studio keeps what a backend makes, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.chassis.errors import ArtifactMissing, StoryreelError
from services.generation.clip import UNSHOWN_MOST, Shot, last_frame_path
from services.generation.studio import Made, film
from services.media.clock import Rate
from services.media.picture import Picture
from services.story.narration import Narration, Segment, SpeechTiming
from services.story.scene import TitleCard
from services.story.text import Text

SHOT = Shot(
    TitleCard(Text("Hello")),
    Narration("en", (Segment("Hello", "title"),)),
    SpeechTiming("Hello", ()),
    frames=30,
    lead_frames=0,
    picture=Picture(320, 240, Rate(30)),
)


def scribe(
    unshown: tuple[str, ...] = (), error: StoryreelError | None = None
) -> Callable[[Path], Awaitable[Made]]:
    """Something that makes clips by writing its own name."""

    async def make(path: Path) -> Made:
        path.write_text("scribe")
        if error is not None:
            raise error
        return Made(unshown)

    return make


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


async def test_the_file_is_stored_and_the_scratch_folder_gone(store: LocalStore, tmp_path: Path) -> None:
    clip = await film(scribe(), SHOT, store, scratch=tmp_path / "scratch")

    assert await store.read(clip.video) == b"scribe"
    assert (clip.video.media_type, clip.frames, clip.picture) == ("video/mp4", 30, SHOT.picture)
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_the_last_frame_of_a_clip_that_ends_early_is_stored_as_an_image(
    store: LocalStore, tmp_path: Path
) -> None:
    async def make(path: Path) -> Made:
        path.write_text("clip")
        last_frame_path(path).write_text("frame")
        return Made()

    early = await film(make, replace(SHOT, ends_early=True), store, scratch=tmp_path / "scratch")
    whole = await film(make, SHOT, store, scratch=tmp_path / "scratch")

    assert early.last_frame is not None
    assert await store.read(early.last_frame) == b"frame"
    assert early.last_frame.media_type == "image/png"
    assert whole.last_frame is None


async def test_a_failure_leaves_nothing_behind(store: LocalStore, tmp_path: Path) -> None:
    make = scribe(error=ArtifactMissing("Not there."))

    with pytest.raises(ArtifactMissing):
        await film(make, SHOT, store, scratch=tmp_path / "scratch")

    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("found", "last"), [(20, "text 19"), (21, "… and 2 more"), (500, "… and 481 more")])
async def test_no_more_unshown_text_is_named_than_the_contract_allows(
    store: LocalStore, tmp_path: Path, found: int, last: str
) -> None:
    make = scribe(unshown=tuple(f"text {n}" for n in range(found)))

    clip = await film(make, SHOT, store, scratch=tmp_path / "scratch")

    assert len(clip.unshown) == UNSHOWN_MOST
    assert clip.making is None
    assert clip.unshown[-1] == last
