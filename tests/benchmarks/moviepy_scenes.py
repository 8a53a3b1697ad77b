"""Draws the scenes of a folder with moviepy, each into a video of its own; runs in moviepy's own environment.

What somebody does who knows moviepy 2: the background is the composite's `use_bgclip`, so that there is no
mask of the whole picture; images are cut to what shows; a layer plays only from its entrance to its end; a
layer that neither moves nor fades has a fixed place and its plain mask. What is left to moviepy is when to draw
what: the scene is one CompositeVideoClip, and moviepy composes every one of its frames from its layers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from moviepy import CompositeVideoClip, ImageClip

FPS = 30


def left(layer: dict[str, Any], t: float) -> float:
    """The part of its way that a layer has still before it, t seconds after its entrance: a cubic ease-out."""
    return (1 - min(1.0, (t * FPS + 1) / layer["enter_frames"])) ** 3 if layer["enter_frames"] else 0.0


def opacity(layer: dict[str, Any], t: float) -> float:
    """How opaque a layer is, 0 to 1."""
    shown = 1 - left(layer, t)
    if layer["leave"] is None:
        return shown
    frames = layer["leave"] - layer["enter"] - t * FPS
    return shown * min(1.0, frames / (layer["leave_frames"] + 1))


def sprite(folder: Path, layer: dict[str, Any], frames: int) -> ImageClip:
    """A layer as a clip with its place, its times and its fading."""
    end = frames + 1 if layer["leave"] is None else layer["leave"]
    clip = ImageClip(folder / layer["file"]).with_start(layer["enter"] / FPS).with_end(end / FPS)
    x, y, dx, dy = (layer[name] for name in ("x", "y", "dx", "dy"))
    if layer["enter_frames"] and (dx or dy):
        clip = clip.with_position(lambda t: (x + round(dx * left(layer, t)), y + round(dy * left(layer, t))))
    else:
        clip = clip.with_position((x, y))
    if layer["enter_frames"] or layer["leave_frames"]:

        def faded(get_frame: Any, t: float) -> np.ndarray:
            share = opacity(layer, t)
            return get_frame(t) if share == 1 else get_frame(t) * share

        clip.mask = clip.mask.transform(faded)
    return clip


def write(folder: Path) -> None:
    """Draw the scene of a folder into its `scene.mp4`."""
    scene = json.loads((folder / "scene.json").read_text())
    ground = ImageClip(folder / "background.png")
    layers = [sprite(folder, layer, scene["frames"]) for layer in scene["layers"]]
    # Half a frame more: moviepy rounds the number of frames down.
    video = CompositeVideoClip([ground, *layers], use_bgclip=True).with_duration((scene["frames"] + 0.5) / FPS)
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
