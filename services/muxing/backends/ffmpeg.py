"""What muxing has ffmpeg do; the only file that knows ffmpeg-python and where the program lies.

ffmpeg-python compiles graphs to argument lists and runs nothing. No text of a document gets into one:
titles and captions go through files whose names are ours.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from services.chassis.errors import Configuration
from services.media.clock import SAMPLE_RATE
from services.muxing.backends import process
from services.muxing.loudness import BLOCK_SAMPLES, Aim, Loudness

Tell = Callable[[float], None]

_SAFE = {"protocol_whitelist": "file,pipe"}
_MASTER = {"format": "s16le", "ar": SAMPLE_RATE, "ch_layout": "mono"}
_PRESSED = {"format": "f32le", "ar": SAMPLE_RATE, "ch_layout": "mono"}
_AUDIO = {"c:a": "aac", "aac_coder": "fast", "b:a": "160k", "flags:a": "+bitexact"}
_FILE = {"movflags": "+faststart", "movie_timescale": SAMPLE_RATE, "fflags": "+bitexact"}
_SUMMARY = re.compile(r"^ +(I|Peak): +(-?[0-9.]+|-inf|nan) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parts:
    """What goes into a video, all in one folder.

    Args:
        clips: The concat list.
        sound: The master, finished.
        samples: Its length.
        captions: SubRip.
        metadata: FFmpeg's metadata format: title and chapters.
        language: ISO 639-2/T, `eng`.
        ticks: Ticks per second of the clips.
        per_frame: Ticks per frame.
    """

    clips: Path
    sound: Path
    samples: int
    captions: Path
    metadata: Path
    language: str
    ticks: int
    per_frame: int


class Ffmpeg:
    """The program, found once.

    Args:
        program: A binary to use; None takes `IMAGEIO_FFMPEG_EXE`, then the one installed with us.

    Raises:
        Configuration: There is none.
    """

    def __init__(self, program: Path | None = None) -> None:
        self._program = str(program) if program else os.environ.get("IMAGEIO_FFMPEG_EXE", "")
        if not self._program:
            try:
                self._program = imageio_ffmpeg.get_ffmpeg_exe()
            except RuntimeError:
                raise Configuration(
                    "There is no ffmpeg for this machine. Set STORYREEL_FFMPEG to its path."
                ) from None
        if not os.access(self._program, os.X_OK):
            raise Configuration(f"STORYREEL_FFMPEG names {self._program}, which is no program.")
        self._version = ""

    async def version(self) -> str:
        """What it says of itself, `n9.0.2`; it changes the bytes of a video."""
        if not self._version:
            asked = await asyncio.create_subprocess_exec(
                self._program,
                "-version",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            said, _ = await asked.communicate()
            words = said.decode("utf-8", "replace").split()
            if words[:2] != ["ffmpeg", "version"]:
                raise Configuration(f"STORYREEL_FFMPEG names {self._program}, which is no ffmpeg.")
            self._version = words[2]
        return self._version

    async def press(self, master: Path, out: Path, *, gain: float, samples: int, tell: Tell) -> Loudness:
        """Even out the voices: rumble below 80 Hz goes, loud syllables come nearer to quiet ones.

        One channel, float32 without a header; measured as it will sound from two.
        """
        sound = (
            ffmpeg.input(master.name, **_MASTER, **_SAFE)
            .filter("aformat", sample_fmts="flt")
            .filter("volume", f"{gain:.3f}dB", precision="float")
            .filter("highpass", f=80)
            .filter("acompressor", threshold="-26dB", ratio=3.5, attack=4, release=90, knee=6)
        )
        return await self._measured(sound, out, samples, tell, doing="pressing the voices", f="f32le")

    async def level(self, pressed: Path, out: Path, *, aim: Aim, samples: int, tell: Tell) -> Loudness:
        """Bring the voices to their loudness, peaks under the ceiling: one channel, int16, no header."""
        sound = (
            ffmpeg.input(pressed.name, **_PRESSED, **_SAFE)
            .filter("volume", f"{aim.gain:.3f}dB", precision="float")
            .filter(
                "alimiter",
                limit=f"{10 ** (aim.ceiling / 20):.6f}",
                level=0,
                attack=2,
                release=60,
                asc=1,
                latency=1,  # else the sound would be late by the attack
            )
        )
        return await self._measured(sound, out, samples, tell, doing="levelling the voices", f="s16le")

    async def package(self, parts: Parts, out: Path, *, tell: Tell) -> None:
        """Write the video: pictures copied, sound encoded once from one master, captions, chapters.

        The same parts give the same bytes.
        """
        # Without auto_convert pictures are not rewritten on their way: all clips have the same parameters.
        clips = ffmpeg.input(parts.clips.name, format="concat", safe=1, auto_convert=0, **_SAFE)
        sound = ffmpeg.input(parts.sound.name, **_MASTER, **_SAFE)
        captions = ffmpeg.input(parts.captions.name, format="srt", **_SAFE)
        metadata = ffmpeg.input(parts.metadata.name, format="ffmetadata", **_SAFE)
        # Both sides at full level: ffmpeg's own way from one channel to two takes 3 dB away.
        both = sound.audio.filter("pan", "stereo|c0<c0|c1<c0")
        # The concat demuxer counts in microseconds: without the snap, clips leave the grid one by one.
        snap = "round({0}/{1})*{1}"
        pts, dts = (snap.format(name, parts.per_frame) for name in ("PTS", "DTS"))
        video = {"c:v": "copy", "bsf:v": f"setts=pts={pts}:dts={dts}", "video_track_timescale": parts.ticks}
        text = {"c:s": "mov_text", "disposition:s:0": 0}
        names = {
            "map_metadata": 3,
            "map_chapters": 3,
            "metadata:s:a:0": f"language={parts.language}",
            "metadata:s:s:0": f"language={parts.language}",
        }
        # The metadata has no streams: `?` maps it all the same, so that ffmpeg opens it.
        streams = (clips.video, both, captions["s"], metadata["?"])
        graph = ffmpeg.output(*streams, out.name, format="mp4", **video, **_AUDIO, **text, **names, **_FILE)
        await self._run(graph, out, parts.samples, tell, doing="packaging the video", loglevel="error")

    async def hear(self, video: Path, out: Path, *, samples: int, tell: Tell) -> Loudness:
        """Decode a video's sound into a master (one channel, int16, no header) and measure it."""
        sound = ffmpeg.input(video.name, **_SAFE).audio
        return await self._measured(sound, out, samples, tell, doing="checking the sound", f="s16le", ac=1)

    async def _measured(
        self, sound: Any, out: Path, samples: int, tell: Tell, *, doing: str, **options: object
    ) -> Loudness:
        short = samples < BLOCK_SAMPLES
        if short:  # measured with silence after it, and written without
            sound = sound.filter("apad", whole_len=BLOCK_SAMPLES + SAMPLE_RATE // 10)
        sound = sound.filter("ebur128", peak="true", dualmono=1, framelog="quiet")
        if short:
            sound = sound.filter("atrim", end_sample=samples)
        graph = ffmpeg.output(sound, out.name, **options)
        tail = await self._run(graph, out, samples, tell, doing=doing, loglevel="info")
        found = dict(_SUMMARY.findall(tail[tail.rindex("Summary:") :]))
        return Loudness(*(_decibels(found[name]) for name in ("I", "Peak")))

    async def _run(
        self, graph: Any, out: Path, samples: int, tell: Tell, *, doing: str, loglevel: str
    ) -> str:
        whole = ("-hide_banner", "-progress", "pipe:1", "-nostats", "-nostdin", "-loglevel", loglevel)
        arguments = graph.global_args(*whole).overwrite_output().compile(cmd=self._program)
        seconds = samples / SAMPLE_RATE
        return await process.run(
            arguments,
            folder=out.parent,
            doing=doing,
            deadline=timedelta(seconds=60 + 2 * seconds),
            tell=lambda done: tell(min(1.0, done / seconds)),
        )


def _decibels(text: str) -> float:
    return float("-inf") if text == "nan" else float(text)
