"""The files of captions beside a video: SubRip, WebVTT, and the transcript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.chassis.errors import InvalidRequest, Suggestion, Violation
from services.media.clock import SAMPLE_RATE
from services.muxing.cues import Cue, cut
from services.muxing.timeline import Timeline
from services.muxing.tokens import Token, joined, tokens
from services.story.narration import Narration, SpeechTiming

JOINER = "\u2060"
"""An invisible character of no width. SubRip has no escapes: this keeps text from being read as markup."""

_SRT_MARKUP = re.compile(r"<(?=[/a-zA-Z])|\{(?=\\)|\\(?=[Nnh])|--(?=>)")
_VTT_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Texts:
    """The files' contents."""

    srt: str
    vtt: str
    transcript: str


def write(timeline: Timeline, timings: Sequence[SpeechTiming]) -> Texts:
    """All captions of a video; one timing for each scene."""
    shown = [
        cue
        for scene, timing in zip(timeline.scenes, timings, strict=True)
        for cue in cut(
            tokens(timing, voice=scene.voice, samples=scene.planned.voice_samples),
            until=timeline.end_of(scene),
        )
    ]
    words = transcript(timeline, [timing.written for timing in timings])
    return Texts(srt(shown), vtt(shown, language=timeline.language), words)


def spelled(timing: SpeechTiming, narration: Narration, *, number: int) -> SpeechTiming:
    """The timing of scene `number`, written as its narration is.

    Raises:
        InvalidRequest: The narration is not what the timing's voice speaks.
    """
    if timing.text != narration.text:
        raise InvalidRequest(
            f"The narration of scene {number} has {len(narration.text)} characters and is not the text of "
            f"{len(timing.text)} that its voice speaks.",
            violations=[Violation(f"scenes[{number - 1}].narration", "must be what the voice speaks")],
            suggestions=[Suggestion("Name the narration that was spoken, or none.")],
        )
    return replace(timing, spellings=narration.spellings)


def srt(cues: Iterable[Cue]) -> str:
    """SubRip; text that looks like markup is kept as text. Without cues, a blank line."""
    blocks = (
        f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{_srt_text(cue)}\n"
        for number, (cue, start, end) in enumerate(_timed(cues), 1)
    )
    return "\n".join(blocks) or "\n"


def vtt(cues: Iterable[Cue], *, language: str) -> str:
    """WebVTT with the time of each word inside the cues."""
    blocks = (
        f"{_stamp(start, '.')} --> {_stamp(end, '.')}\n{_vtt_text(cue, start, end)}\n"
        for cue, start, end in _timed(cues)
    )
    return "\n".join((f"WEBVTT\nLanguage: {language}\n", *blocks))


def transcript(timeline: Timeline, texts: Sequence[str]) -> str:
    """Plain text: the title, then a paragraph per scene under its chapter and the chapter's time."""
    chapters = {chapter.start: chapter for chapter in timeline.chapters()}
    parts = [line] if (line := one_line(timeline.title)) else []
    for scene, text in zip(timeline.scenes, texts, strict=True):
        if chapter := chapters.get(scene.span.start):
            seconds = timeline.rate.sample_at(chapter.start) // SAMPLE_RATE
            stamp = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            parts.append(f"[{stamp}] {one_line(chapter.title)}".rstrip())
        if paragraph := one_line(text):
            parts.append(paragraph)
    return "\n\n".join(parts) + "\n"


def one_line(text: str) -> str:
    """Text without line breaks and control characters, words apart by one space."""
    visible = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text)
    return " ".join(visible.split())


def _timed(cues: Iterable[Cue]) -> Iterator[tuple[Cue, int, int]]:
    """Cues with their times in ms: never two at once, none shorter than 1 ms."""
    free = 0
    for cue in cues:
        start = max(free, _milliseconds(cue.start))
        free = max(start + 1, _milliseconds(cue.end))
        yield cue, start, free


def _milliseconds(sample: int) -> int:
    return (sample * 2000 + SAMPLE_RATE) // (2 * SAMPLE_RATE)


def _stamp(ms: int, point: str) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _srt_text(cue: Cue) -> str:
    return "\n".join(_SRT_MARKUP.sub(lambda m: m[0] + JOINER, joined(line)) for line in cue.lines)


def _vtt_text(cue: Cue, start: int, end: int) -> str:
    last, lines = start, []
    for line in cue.lines:
        text = ""
        for number, token in enumerate(line):
            at = _milliseconds(token.start)
            # A time inside a cue must be after the one before it and before the cue's end.
            mark = f"<{_stamp(at, '.')}>" if last < at < end and not token.glued else ""
            last = at if mark else last
            text += ("" if token.glued or number == 0 else " ") + mark + _escaped(token)
        lines.append(text)
    return "\n".join(lines)


def _escaped(token: Token) -> str:
    return token.text.translate(_VTT_MARKUP)
