"""What is looked for in generated frames and in the finished clip, so that nothing broken is shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.chassis.errors import GenerationFailed
from services.media import probe
from services.media.clip import Picture
from services.media.conform import Frame, covering

DARKEST = 6.0
"""A clip whose brightest frame has a mean luma below this (of 255) is black."""

FLATTEST = 2.0
"""A clip whose most varied frame has a deviation of luma below this (of 255) is one flat colour."""

STILLEST = 0.15
"""A clip none of whose frames differs from the first by this mean luma (of 255) does not move.

Between two frames of film that holds still, grain alone makes more than 0.5.
"""

SMALLEST_BYTES = 1_000
"""A file below this holds no clip: an MP4's index alone takes 800 bytes."""

_STEP = 4
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a clip's frames were like; luma of 0 to 255.

    Args:
        frames: How many there were.
        brightest: The highest mean of a frame.
        darkest: The lowest mean of a frame.
        varied: The highest standard deviation within a frame.
        moved: The highest mean difference of a frame from the first.
    """

    frames: int
    brightest: float
    darkest: float
    varied: float
    moved: float


class Watch:
    """Looks at native frames one by one, at every fourth pixel of every fourth line."""

    def __init__(self) -> None:
        self._first: npt.NDArray[np.float32] | None = None
        self._means: list[float] = []
        self._varied = self._moved = 0.0

    def see(self, frame: Frame) -> None:
        """Look at the next frame.

        Raises:
            GenerationFailed: It has another size than the first.
        """
        luma = _luma(frame)
        if self._first is None:
            self._first = luma
        if luma.shape != self._first.shape:
            raise GenerationFailed(f"Frame {len(self._means)} has another size than the first.")
        self._means.append(float(luma.mean()))
        self._varied = max(self._varied, float(luma.std()))
        self._moved = max(self._moved, float(np.abs(luma - self._first).mean()))

    @property
    def seen(self) -> Seen:
        """What the frames so far were like; all zero without one."""
        means = self._means or [0.0]
        return Seen(len(self._means), max(means), min(means), self._varied, self._moved)

    def verdict(self, *, frames: int) -> tuple[str, ...]:
        """What was checked and passed, in words.

        Args:
            frames: So many were wanted.

        Raises:
            GenerationFailed: There are fewer, or they are black, flat or frozen; the numbers are in
                `metadata`, under `frames`, `luma_mean`, `luma_deviation` and `luma_change`.
        """
        seen = self.seen
        problem = ""
        if seen.frames < frames:
            problem = f"has {seen.frames} of {frames} frames"
        elif seen.brightest < DARKEST:
            problem = f"is black: its brightest frame has a mean luma of {seen.brightest:.1f} of 255"
        elif seen.varied < FLATTEST:
            problem = f"is one flat colour: luma deviates by {seen.varied:.1f} of 255 at most"
        elif frames > 1 and seen.moved < STILLEST:
            problem = f"is frozen: no frame differs from the first by more than {seen.moved:.2f} of 255"
        if problem:
            raise GenerationFailed(
                f"The generated picture {problem}.",
                metadata={
                    "frames": str(seen.frames),
                    "luma_mean": f"{seen.brightest:.1f}",
                    "luma_deviation": f"{seen.varied:.1f}",
                    "luma_change": f"{seen.moved:.2f}",
                },
            )
        return (
            f"{seen.frames} frames",
            f"not black: mean luma {seen.darkest:.0f} to {seen.brightest:.0f} of 255, "
            f"deviation {seen.varied:.0f}",
            f"moving: up to {seen.moved:.1f} of 255 from the first frame",
        )


def likeness(frame: Frame, image: Frame) -> str:
    """How near a first frame is to the image it was made from, in words; it is told, and refuses nothing.

    Args:
        frame: uint8, RGB.
        image: Likewise, of any size; compared as it covers the frame.
    """
    height, width, _ = frame.shape
    apart = float(np.abs(_luma(frame) - _luma(covering(image, width, height))).mean())
    return f"first frame within {apart:.1f} of 255 of the image, on average"


def finished(path: Path, picture: Picture, *, frames: int) -> tuple[str, ...]:
    """Check a finished clip: it decodes to its end and has the planned frames, size and rate.

    Args:
        path: The clip, as `Reshoot` wrote it; every frame is decoded.
        picture: The video's size and rate.
        frames: The clip's length on the video's grid.

    Returns:
        What was checked, in words.

    Raises:
        GenerationFailed: It is not what was planned.
    """
    try:
        order, track = probe.boxes(path), probe.video(path)
        whole = _decoded(path)
    except probe.Unreadable as error:
        raise GenerationFailed(f"The finished clip {error}.") from error
    rate = picture.rate
    lasts = track.end * track.tick * Fraction(rate.numerator, rate.denominator)
    size = path.stat().st_size
    found: list[str] = []
    if (track.width, track.height) != (picture.width, picture.height):
        found.append(f"is {track.width}x{track.height}, not {picture.width}x{picture.height}")
    if lasts != frames:
        found.append(f"lasts {float(lasts):g} frames, not {frames}")
    if whole != len(track.times):
        found.append(f"has {len(track.times)} frames of which {whole} decode")
    if size < SMALLEST_BYTES:
        found.append(f"has {size} bytes")
    if "moov" not in order or "mdat" not in order:
        found.append("does not have an index and frames")
    elif order.index("moov") > order.index("mdat"):
        found.append("has its index at the end")
    if found:
        raise GenerationFailed(f"The finished clip {' and '.join(found)}.")
    return (f"the clip decodes: {track.width}x{track.height}, {frames} frames, {size} bytes",)


def _decoded(path: Path) -> int:
    with probe.opened(path) as file:
        return sum(not frame.is_corrupt for frame in file.decode(video=0))


def _luma(frame: Frame) -> npt.NDArray[np.float32]:
    luma: npt.NDArray[np.float32] = frame[::_STEP, ::_STEP].astype(np.float32) @ _LUMA
    return luma
