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
# By quality and not by rate: at the same size it is twice as fast, as no unit is encoded again to fit.
# Noise substitution and TNS do not go into two channels, see `pair.py`.
_AAC = {"c:a": "aac", "aac_coder": "fast", "q:a": 2, "aac_pns": 0, "aac_tns": 0, "flags:a": "+bitexact"}
_FILE = {"movflags": "+faststart", "movie_timescale": SAMPLE_RATE, "fflags": "+bitexact"}
_PRESSED_BYTES = 4
_NOTHING = "-"
_SUMMARY = re.compile(r"^ +(I|Peak): +(-?[0-9.]+|-inf|nan) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parts:
    """What goes into a video, all in one folder.

    Args:
        clips: The concat list.
        sound: The finished sound, in MP4.
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

    async def press(self, master: Path, out: Path, *, gain: float, samples: int, tell: Tell) -> float:
        """Even out the voices: rumble below 80 Hz goes, loud syllables come nearer to quiet ones.

        One channel, float32 without a header; its loudness in LUFS, as it will sound from two.
        """
        sound = (
            ffmpeg.input(master.name, **_MASTER, **_SAFE)
            .filter("aformat", sample_fmts="flt")
            .filter("volume", f"{gain:.3f}dB", precision="float")
            .filter("highpass", f=80)
            .filter("acompressor", threshold="-26dB", ratio=3.5, attack=4, release=90, knee=6)
        )
        found = await self._measured(sound, out, samples, tell, doing="pressing the voices", peak="none")
        return found["I"]

    async def level(self, pressed: Path, *, aim: Aim, samples: int, tell: Tell) -> Loudness:
        """How loud the voices are with an aim, before the encoder; nothing is written."""
        sound = _levelled(ffmpeg.input(pressed.name, **_PRESSED, **_SAFE), aim)
        return await self._heard(sound, pressed.parent, samples, tell, doing="levelling the voices")

    async def encode(self, pressed: Path, out: Path, *, aim: Aim, part: tuple[int, int], tell: Tell) -> None:
        """Bring a part of the voices (first sample, length) to its loudness, peaks under the ceiling, and
        encode it: AAC of one channel in MP4.
        """
        first, samples = part
        skip = {"skip_initial_bytes": first * _PRESSED_BYTES}
        sound = ffmpeg.input(pressed.name, **_PRESSED, **skip, **_SAFE).filter("atrim", end_sample=samples)
        # As integers silence is silence: what is left of a filter's swing is no sound to be encoded.
        levelled = _levelled(sound, aim).filter("aformat", sample_fmts="s16")
        graph = ffmpeg.output(levelled, out.name, format="mp4", **_AAC, **_FILE)
        await self._run(graph, out, samples, tell, doing="encoding the sound", loglevel="error")

    async def package(self, parts: Parts, out: Path, *, tell: Tell) -> None:
        """Write the video: pictures and sound copied, captions, chapters.

        The same parts give the same bytes.
        """
        # Without auto_convert pictures are not rewritten on their way: all clips have the same parameters.
        clips = ffmpeg.input(parts.clips.name, format="concat", safe=1, auto_convert=0, **_SAFE)
        sound = ffmpeg.input(parts.sound.name, **_SAFE)
        captions = ffmpeg.input(parts.captions.name, format="srt", **_SAFE)
        metadata = ffmpeg.input(parts.metadata.name, format="ffmetadata", **_SAFE)
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
        streams = (clips.video, sound.audio, captions["s"], metadata["?"])
        graph = ffmpeg.output(
            *streams, out.name, format="mp4", **video, **{"c:a": "copy"}, **text, **names, **_FILE
        )
        await self._run(graph, out, parts.samples, tell, doing="packaging the video", loglevel="error")

    async def hear(self, sound: Path, *, samples: int, tell: Tell) -> Loudness:
        """Decode a finished sound, both of whose channels are the same, and measure it."""
        left = ffmpeg.input(sound.name, **_SAFE).audio.filter("pan", "mono|c0<c0")
        return await self._heard(left, sound.parent, samples, tell, doing="checking the sound")

    async def _heard(self, sound: Any, folder: Path, samples: int, tell: Tell, *, doing: str) -> Loudness:
        nothing = folder / _NOTHING
        found = await self._measured(sound, nothing, samples, tell, doing=doing, peak="true")
        return Loudness(found["I"], found["Peak"])

    async def _measured(
        self, sound: Any, out: Path, samples: int, tell: Tell, *, doing: str, peak: str
    ) -> dict[str, float]:
        short = samples < BLOCK_SAMPLES
        if short:  # measured with silence after it, and written without
            sound = sound.filter("apad", whole_len=BLOCK_SAMPLES + SAMPLE_RATE // 10)
        sound = sound.filter("ebur128", peak=peak, dualmono=1, framelog="quiet")
        if short:
            sound = sound.filter("atrim", end_sample=samples)
        graph = ffmpeg.output(sound, out.name, format="null" if out.name == _NOTHING else "f32le")
        tail = await self._run(graph, out, samples, tell, doing=doing, loglevel="info")
        return {name: _decibels(text) for name, text in _SUMMARY.findall(tail[tail.rindex("Summary:") :])}

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


def _levelled(sound: Any, aim: Aim) -> Any:
    return sound.filter("volume", f"{aim.gain:.3f}dB", precision="float").filter(
        "alimiter",
        limit=f"{10 ** (aim.ceiling / 20):.6f}",
        level=0,
        attack=2,
        release=60,
        asc=1,
        latency=1,  # else the sound would be late by the attack
    )


def _decibels(text: str) -> float:
    return float("-inf") if text == "nan" else float(text)
