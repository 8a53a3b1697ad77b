"""Six moments of a video on one sheet: the README's picture."""

from __future__ import annotations

import argparse
from pathlib import Path

import av
from PIL import Image

COLUMNS, ROWS, WIDTH, GAP = 3, 2, 640, 10


def moments(video: Path, count: int) -> list[Image.Image]:
    """Frames spread evenly over a video, each from late in its share, when what is spoken stands there."""
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        wanted = [int(stream.frames * (n + 0.82) / count) for n in range(count)]
        frames = (frame for number, frame in enumerate(file.decode(stream)) if number in wanted)
        height = WIDTH * stream.height // stream.width
        return [frame.to_image().resize((WIDTH, height), Image.Resampling.LANCZOS) for frame in frames]


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    found = moments(options.video, COLUMNS * ROWS)
    height = found[0].height
    size = (COLUMNS * (WIDTH + GAP) - GAP, ROWS * (height + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    for number, image in enumerate(found):
        sheet.paste(image, (number % COLUMNS * (WIDTH + GAP), number // COLUMNS * (height + GAP)))
    sheet.save(options.output, quality=88)


if __name__ == "__main__":
    main()
