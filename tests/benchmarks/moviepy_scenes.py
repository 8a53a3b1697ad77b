"""Draws the scenes of a folder with moviepy, each into a video of its own; runs in moviepy's own environment.

Done for moviepy's speed, as somebody does who knows it: the background is the composite's `use_bgclip`, which
spares a mask of the whole picture; images are cut to what shows; a layer plays from its entrance to its end
only; what neither moves nor fades has a fixed place and a plain mask; x264 has one thread, no dearer than
two.

Not done: planning in moviepy's stead. The scene is one CompositeVideoClip, whose every frame moviepy composes
from all layers that play. Nobody has flattened settled layers into the background, nor cut the scene where
nothing moves and put stills in between, which saves about two fifths: that is what our renderer is for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from moviepy import CompositeVideoClip, ImageClip  # type: ignore[import-not-found]

FPS = 30

Mask = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layer:
    """An image with its place and its times, as our renderer's layers have them: in pixels and frames."""

    file: str
    x: int
    y: int
    enter: int
    enter_frames: int
    dx: int
    dy: int
    leave: int | None
    leave_frames: int

    def left(self, t: float) -> float:
        """The part of its way that is before it, t seconds after its entrance: a cubic ease-out."""
        return (1 - min(1.0, (t * FPS + 1) / self.enter_frames)) ** 3 if self.enter_frames else 0.0

    def place(self, t: float) -> tuple[int, int]:
        """Where it is, t seconds after its entrance."""
        left = self.left(t)
        return self.x + round(self.dx * left), self.y + round(self.dy * left)

    def opacity(self, t: float) -> float:
        """How opaque it is, 0 to 1, t seconds after its entrance."""
        shown = 1 - self.left(t)
        if self.leave is None:
            return shown
        return shown * min(1.0, (self.leave - self.enter - t * FPS) / (self.leave_frames + 1))

    def clip(self, folder: Path, frames: int) -> ImageClip:
        """It in a scene of so many frames."""
        end = frames + 1 if self.leave is None else self.leave
        clip = ImageClip(folder / self.file).with_start(self.enter / FPS).with_end(end / FPS)
        moves = self.enter_frames and (self.dx or self.dy)
        clip = clip.with_position(self.place if moves else (self.x, self.y))
        if self.enter_frames or self.leave_frames:
            clip.mask = clip.mask.transform(self.faded)
        return clip

    def faded(self, mask: Callable[[float], Mask], t: float) -> Mask:
        """The mask as it comes in or goes; itself while it rests."""
        share = self.opacity(t)
        return mask(t) if share == 1 else mask(t) * share


def write(folder: Path) -> None:
    """Draw the scene of a folder into its `scene.mp4`."""
    scene = json.loads((folder / "scene.json").read_text())
    ground = ImageClip(folder / "background.png")
    layers = [Layer(**layer).clip(folder, scene["frames"]) for layer in scene["layers"]]
    # Half a frame more: moviepy rounds the number of frames down.
    seconds = (scene["frames"] + 0.5) / FPS
    video = CompositeVideoClip([ground, *layers], use_bgclip=True).with_duration(seconds)
    video.write_videofile(
        folder / "scene.mp4",
        fps=FPS,
        codec="libx264",
        preset="veryfast",
        audio=False,
        threads=1,
        ffmpeg_params=["-crf", "20"],
        logger=None,
    )


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name))
