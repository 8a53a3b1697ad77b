"""The files beside the video say what was said, when, and are no markup."""

from __future__ import annotations

import re

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import InvalidRequest
from services.media.clip import Clip, Picture
from services.media.clock import Rate
from services.muxing.captions import spelled, srt, transcript, vtt, write
from services.muxing.cues import Cue
from services.muxing.loudness import Loudness
from services.muxing.sound import Sound
from services.muxing.timeline import Planned, Timeline, lay
from services.muxing.tokens import Token
from services.story.narration import Narration, Segment
from services.story.spelling import Spelling
from tests.unit.muxing.reel import timed

FILM = Picture(320, 240, Rate(30))
ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="video/mp4")


def reel(*chapters: str, title: str = "The title") -> Timeline:
    scenes = [Planned((Clip(ANY, 120, FILM),), 6, ANY, ANY, 96_000, chapter) for chapter in chapters]
    sound = Sound(ANY, FILM.rate.sample_at(120 * len(scenes)), Loudness(-16, -2), (0.0,) * len(scenes))
    return lay(scenes, FILM, sound, title=title, language="en-GB")


def cue(*words: str, start: int = 0, step: int = 24_000) -> Cue:
    line = tuple(Token(word, False, start + n * step, start + (n + 1) * step) for n, word in enumerate(words))
    return Cue((line,), start, start + len(words) * step)


def test_captions_stand_at_their_words() -> None:
    texts = write(reel("", ""), [timed("One two", 96_000), timed("Three", 96_000)])

    assert texts.srt == (
        "1\n00:00:00,192 --> 00:00:02,492\nOne two\n\n2\n00:00:04,203 --> 00:00:06,503\nThree\n"
    )
    assert texts.vtt == (
        "WEBVTT\nLanguage: en-GB\n\n00:00:00.192 --> 00:00:02.492\nOne <00:00:01.192>two\n\n"
        "00:00:04.203 --> 00:00:06.503\nThree\n"
    )


def test_captions_and_transcript_are_written_as_the_narration_is() -> None:
    segment = Segment("Up 40 percent", "text/0", (Spelling(3, 13, "40%"),))

    timing = spelled(timed("Up 40 percent", 96_000), Narration("en", (segment,)), number=1)
    texts = write(reel(""), [timing])

    assert "\nUp 40%\n" in texts.srt
    assert texts.vtt.endswith("Up <00:00:00.859>40%\n")
    assert texts.transcript == "The title\n\nUp 40%\n"


def test_a_narration_of_another_text_is_refused_with_its_scene() -> None:
    with pytest.raises(InvalidRequest) as caught:
        spelled(timed("One two", 10), Narration("en", (Segment("One", "title"),)), number=3)

    assert "scene 3" in caught.value.message
    assert [violation.field for violation in caught.value.violations] == ["scenes[2].narration"]


def test_the_transcript_has_a_paragraph_a_scene_under_its_chapter() -> None:
    timeline = reel("", "First", "First", "Second\nline")

    text = transcript(timeline, ["Hello.", "A\nb.", "", "C."])

    assert text == (
        "The title\n\n[0:00:00] The title\n\nHello.\n\n[0:00:04] First\n\nA b.\n\n"
        "[0:00:12] Second line\n\nC.\n"
    )


def test_markup_in_subrip_is_kept_as_text() -> None:
    text = srt([cue("<b>bold</b>", "{\\an8}", "1", "<", "2", "a\\Nb", "-->")])

    shown = text.splitlines()[2]
    assert shown.replace("\u2060", "") == "<b>bold</b> {\\an8} 1 < 2 a\\Nb -->"
    assert not re.search(r"</?[a-z]|\{\\|\\N|-->", shown)


def test_markup_in_webvtt_is_escaped() -> None:
    text = vtt([cue("<c>&amp;", "-->")], language="en")

    assert text.splitlines()[4] == "&lt;c&gt;&amp;amp; <00:00:00.500>--&gt;"


def test_captions_with_no_time_at_all_still_follow_each_other() -> None:
    text = srt([Cue(cue("a").lines, 480, 480), Cue(cue("b").lines, 480, 480)])

    assert re.findall(r".* --> .*", text) == [
        "00:00:00,010 --> 00:00:00,011",
        "00:00:00,011 --> 00:00:00,012",
    ]


def test_times_inside_a_cue_go_up_and_stay_inside() -> None:
    text = vtt([cue("a", "b", "c", "d", start=0, step=10)], language="en")

    assert text.splitlines()[3:] == ["00:00:00.000 --> 00:00:00.001", "a b c d"]


def test_hours_are_counted() -> None:
    assert "01:02:03,000 --> 01:02:03,500" in srt([cue("late", start=(3723) * 48_000)])


def test_no_captions_are_a_file_all_the_same() -> None:
    assert srt([]) == "\n"
    assert vtt([], language="und") == "WEBVTT\nLanguage: und\n"
