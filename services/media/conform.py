"""Writes a model's frames as a clip at the video's size and rate, which joins drawn ones by copy."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.artifacts import disk
from services.media.clock import Rate
from services.media.encode import Encoder, Encoding
from services.media.picture import Picture
from services.media.planes import Planes

Frame: TypeAlias = npt.NDArray[np.uint8]
"""RGB, shape (height, width, 3), contiguous or not."""


@dataclass(frozen=True, slots=True)
class Showing:
    """Which native frame is seen in each frame of a clip.

    The nearest in time, both taken at the middle of the time they are seen. A clip that lasts longer than
    the native frames plays them to and fro: the picture never jumps, and neither end is shown twice.

    Args:
        frames: The clip's length on the video's grid, at least 1.
        rate: The video's.
        native_frames: How many native frames there are, at least 1.
        native_rate: Theirs.
        unseen: So many of the first ones are never seen, fewer than there are; the time of the clip begins
            with the one after them. A clip that continues another has one: it was that clip's last frame.
    """

    frames: int
    rate: Rate
    native_frames: int
    native_rate: Rate
    unseen: int = 0

    def __post_init__(self) -> None:
        if self.frames < 1 or not 0 <= self.unseen < self.native_frames:
            raise ValueError(
                f"{self.native_frames} native frames, {self.unseen} of them unseen, "
                f"cannot be shown in {self.frames} frames"
            )

    def at(self, frame: int) -> int:
        """The number of the native frame that is seen in a frame of the clip."""
        there, turn = self._straight(frame), self._seen - 1
        if there <= turn:
            return self.unseen + there
        back = there % max(1, 2 * turn)
        return self.unseen + min(back, 2 * turn - back)

    @property
    def turns(self) -> bool:
        """Tell whether the clip lasts longer than the native frames, so that some are seen again."""
        return self._straight(self.frames - 1) >= self._seen

    @property
    def needed(self) -> int:
        """So many native frames are needed, unseen ones included; later ones need not be made."""
        return self.native_frames if self.turns else self.unseen + self._straight(self.frames - 1) + 1

    @property
    def last(self) -> int:
        """The number of the native frame that is seen at the end."""
        return self.at(self.frames - 1)

    @property
    def _seen(self) -> int:
        return self.native_frames - self.unseen

    def _straight(self, frame: int) -> int:
        """The native frame after the unseen ones that is seen, had they no end."""
        mine, theirs = self.rate, self.native_rate
        ticks = (2 * frame + 1) * mine.denominator * theirs.numerator
        return ticks // (2 * mine.numerator * theirs.denominator)


class Reshoot:
    """Takes native frames in order and writes the clip; a context manager.

    Frames are cropped to the video's aspect around their middle, and scaled to cover it. Beside one frame
    nothing is kept in memory; a clip that plays to and fro keeps its scaled frames in a file without a name
    beside the clip, 3 MB each at 1080p.

    Args:
        path: The file to write; replaced if it exists.
        picture: The video's size and rate.
        frames: The clip's length on the video's grid, at least 1.
        native_frames: How many native frames come.
        native_rate: Their rate.
        unseen: So many of the first ones are taken and not shown.
        sparse: Leave frames out that repeat the one before, as the clips it is joined with do.
        threads: The encoder's; another number gives other bytes.

    Raises:
        StoreFull: The disk is full; from any method.
        ValueError: Fewer frames were taken than are seen; on leaving.
    """

    def __init__(
        self,
        path: Path,
        picture: Picture,
        *,
        frames: int,
        native_frames: int,
        native_rate: Rate,
        unseen: int = 0,
        sparse: bool = False,
        threads: int = 1,
    ) -> None:
        self.showing = Showing(frames, picture.rate, native_frames, native_rate, unseen)
        self._planes = Planes(picture.width, picture.height)
        self._taken = self._shown = 0
        self._folder = path.parent
        self._stack = ExitStack()
        encoding = Encoding(picture.rate, frames, sparse=sparse, threads=threads)
        self._kept: IO[bytes] | None = None
        if self.showing.turns:
            with disk.errors(self._folder):
                self._kept = self._stack.enter_context(
                    tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
                )
        self._encoder = self._stack.enter_context(Encoder(path, self._planes.buffer, encoding))

    @property
    def needed(self) -> int:
        """So many native frames are taken; the decoder may stop after them."""
        return self.showing.needed

    def take(self, frame: Frame) -> None:
        """Take the next native frame; what is not needed is dropped.

        Args:
            frame: uint8, RGB, shape (height, width, 3), of any size.
        """
        number, self._taken = self._taken, self._taken + 1
        if not self.showing.unseen <= number < self.needed:
            return
        height, width = self._planes.planes[0].shape
        self._planes.fill(covering(frame, width, height))
        if self._kept is not None:
            with disk.errors(self._folder):
                self._kept.write(self._planes.buffer.data)
        self._show_all(number)
        if self._taken == self.needed:
            self._show_again()

    def _show_all(self, native: int) -> None:
        """Show the native frame that is in the planes as long as it is its turn."""
        changed = True
        while self._shown < self.showing.frames and self.showing.at(self._shown) == native:
            self._encoder.show(changed=changed)
            self._shown, changed = self._shown + 1, False

    def _show_again(self) -> None:
        """Show the rest of the clip from the frames that were kept."""
        while self._shown < self.showing.frames:
            native = self.showing.at(self._shown)
            self._recall(native)
            self._show_all(native)

    def _recall(self, native: int) -> None:
        assert self._kept is not None
        with disk.errors(self._folder):
            self._kept.seek((native - self.showing.unseen) * self._planes.buffer.nbytes)
            data = self._kept.read(self._planes.buffer.nbytes)
        self._planes.buffer[...] = np.frombuffer(data, np.uint8).reshape(self._planes.buffer.shape)

    def __enter__(self) -> Reshoot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._taken < self.needed:
            error = ValueError(f"{self._taken} of {self.needed} native frames were taken")
            self._stack.__exit__(ValueError, error, None)
            raise error
        self._stack.__exit__(kind, error, trace)


def covering(frame: Frame, width: int, height: int) -> Frame:
    """A frame cropped around its middle and scaled so that it covers a size exactly.

    Args:
        frame: uint8, RGB, shape (h, w, 3).
        width: Pixels of the result.
        height: Pixels of the result.
    """
    own_height, own_width, _ = frame.shape
    if (own_width, own_height) == (width, height):
        return np.ascontiguousarray(frame)
    # The largest box of the wanted aspect that fits; its borders may lie between pixels.
    box_width = min(own_width, own_height * width / height)
    box_height = min(own_height, own_width * height / width)
    left, top = (own_width - box_width) / 2, (own_height - box_height) / 2
    scaled = Image.fromarray(np.ascontiguousarray(frame)).resize(
        (width, height), Image.Resampling.LANCZOS, box=(left, top, left + box_width, top + box_height)
    )
    return np.asarray(scaled)
