"""What muxing has ffmpeg do; the only file that knows ffmpeg-python and where the program lies.

ffmpeg-python compiles graphs to argument lists and runs nothing. No text of a document gets into one:
titles and captions go through files whose names are ours.
"""

from __future__ import annotations

import asyncio
import os
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

Tell = Callable[[float], None]

_SAFE = {"protocol_whitelist": "file,pipe"}
_FILE = {"movflags": "+faststart", "movie_timescale": SAMPLE_RATE, "fflags": "+bitexact"}


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
            raise Configuration(f"STORYREEL_FFMPEG names {self._program}, which is not a program.")
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
                raise Configuration(f"STORYREEL_FFMPEG names {self._program}, which is not ffmpeg.")
            self._version = words[2]
        return self._version

    async def package(self, parts: Parts, out: Path, *, tell: Tell) -> None:
        """Write the video: pictures and sound copied, captions, chapters.

        The same parts give the same bytes.
        """
        # Without auto_convert pictures are not rewritten on their way: all clips have the same parameters.
        # What is in the list is ours (see `join.concat_list`), also the options in it that `safe` forbids.
        clips = ffmpeg.input(parts.clips.name, format="concat", safe=0, auto_convert=0, **_SAFE)
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
