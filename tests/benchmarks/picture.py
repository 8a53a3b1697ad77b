"""Six scenes of a video on one sheet, one of each type as far as they go: the README's picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import av
from PIL import Image

TYPES = ("TITLE", "LIST", "TABLE", "CODE", "PARAGRAPH", "SECTION", "QUOTE", "OUTRO")
COLUMNS, ROWS, WIDTH, GAP = 3, 2, 640, 8
FROM_END = 20
"""So many frames before its end a scene is looked at: all of it has come in."""


def choose(scenes: list[dict[str, object]], count: int) -> list[int]:
    """The frames to show, in the order of the video: the longest scene of each type first, then the next."""
    by_type = {kind: [s for s in scenes if s["type"] == f"SCENE_TYPE_{kind}"] for kind in TYPES}
    for found in by_type.values():
        found.sort(key=lambda scene: -int(str(scene["frames"])))
    ranks = max(len(found) for found in by_type.values())
    order = [found[rank] for rank in range(ranks) for found in by_type.values() if rank < len(found)]
    return sorted(int(str(s["start_frame"])) + int(str(s["frames"])) - FROM_END for s in order[:count])


def stills(video: Path, wanted: list[int]) -> list[Image.Image]:
    """Frames of a video, `WIDTH` pixels wide."""
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        frames = (frame for number, frame in enumerate(file.decode(stream)) if number in wanted)
        height = WIDTH * stream.height // stream.width
        return [frame.to_image().resize((WIDTH, height), Image.Resampling.LANCZOS) for frame in frames]


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path, help="with its manifest beside it")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    manifest = json.loads(options.video.with_suffix(".manifest.json").read_text())
    found = stills(options.video, choose(manifest["scenes"], COLUMNS * ROWS))
    height = found[0].height
    size = (COLUMNS * (WIDTH + GAP) - GAP, ROWS * (height + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    for number, image in enumerate(found):
        sheet.paste(image, (number % COLUMNS * (WIDTH + GAP), number // COLUMNS * (height + GAP)))
    sheet.save(options.output, quality=90)


if __name__ == "__main__":
    main()
