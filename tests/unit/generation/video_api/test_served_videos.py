"""What a video server sends as the video is taken only when it is one, whole, and shows something."""

from __future__ import annotations

import json

import pytest

from services.chassis.errors import DeviceFault, GenerationFailed
from tests.unit.generation.video_api.engine import Fault
from tests.unit.generation.video_api.serving import Opens, video


async def test_a_download_that_breaks_off_is_begun_again(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["content"].extend(["drop", Fault(404, json.dumps({"detail": "still in-progress"}))])

    making = await made.make()

    assert making.plan.frames == 13
    assert len([seen for seen in made.engine.seen if seen.path.endswith("/content")]) == 3


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"<html>no video</html>" * 100, "does not decode"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(4000), "does not decode"),
        (video(13)[:-100], "breaks off in its frame 13"),
        (video(13)[:1400], "breaks off|does not decode"),
        (video(13)[:300], "does not decode|no picture"),
        (video(13).replace(b"avc1\x00", b"zzz9\x00"), "no picture in a codec that is read"),
        (video(13, black=True), "is black"),
        (video(3), "of frames it has 3 of 6"),
        (video(13, rate=200), "no frame rate between 1 and 120"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "does not decode"),
    ],
    ids=["html", "empty-boxes", "cut", "half", "headless", "codec", "black", "short", "fast", "playlist"],
)
async def test_what_is_no_good_video_fails_and_proposes_another_attempt(
    opened: Opens, content: bytes, match: str
) -> None:
    made = await opened()
    made.engine.video = content

    with pytest.raises(GenerationFailed, match=match) as caught:
        await made.make()

    assert caught.value.suggestions[0].changes


async def test_a_name_inside_the_video_that_is_no_text_does_no_harm(opened: Opens) -> None:
    made = await opened()
    made.engine.video = made.engine.video.replace(b"VideoHandler", b"Vid\xff\xfeHandler")

    making = await made.make()

    assert making.plan.frames == 13


async def test_a_page_in_the_place_of_the_video_is_a_fault(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["content"].append(Fault(200, "<html>", {"Content-Type": "text/html"}))

    with pytest.raises(DeviceFault, match="in the place of the video"):
        await made.make()


async def test_an_empty_video_is_asked_for_again(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["content"].append(Fault(200, b"", {"Content-Type": "video/mp4"}))

    making = await made.make()

    assert making.plan.frames == 13


async def test_a_video_above_the_limit_is_not_downloaded_to_its_end(opened: Opens) -> None:
    made = await opened(most_mib=1)
    made.engine.video = bytes(3 << 20)

    with pytest.raises(GenerationFailed, match="larger than 1 MiB"):
        await made.make()
