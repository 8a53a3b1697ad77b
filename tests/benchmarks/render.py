"""CPU, memory and the first sign of life of whole renders, against encoding the same frames with x264.

The whole render counts everything: start-up, engine, five services, speech, drawing, encoding, sound,
packing. The peer is x264 in this process, with the clips' own settings, fed with the finished video's frames
from memory; decoding them is not counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av

from services.media.clock import Rate
from services.media.encode import Encoder, Encoding
from tests.benchmarks.documents import document
from tests.benchmarks.measure import Usage, run, say, storyreel

ENCODE_RATIO, MEMORY_BYTES, FIRST_SECONDS = 1.3, 900e6, 2.0
SHORT, LONG = 8, 40
RATE = Rate(30)


def rendered(folder: Path, sections: int, *, timing: str = "constant") -> tuple[Usage, Path]:
    """Render a document of so many sections at 1080p in a home of its own."""
    source, out = folder / f"{sections}.md", folder / f"{sections}-{timing}.mp4"
    source.write_text(document(sections))
    env = {"STORYREEL_HOME": str(folder / f"home-{sections}-{timing}"), "STORYREEL_TTS_ONLINE": "0"}
    command = storyreel("render", str(source), "-o", str(out), "--timing", timing, "--json")
    usage = run(command, env=env)
    if usage.code:
        raise SystemExit(f"the render failed with {usage.code}: {usage.output[-2000:]}")
    return usage, out


def encode_again(video: Path) -> tuple[float, int]:
    """CPU seconds that x264 alone takes for the video's frames, scene by scene, and their number."""
    manifest = json.loads(video.with_suffix(".manifest.json").read_text())
    lengths = [scene["frames"] for scene in manifest["scenes"]]
    seconds, count = 0.0, 0
    with av.open(str(video)) as file, tempfile.TemporaryDirectory() as folder:
        file.streams.video[0].thread_count = 1
        frames = file.decode(video=0)
        for length in lengths:
            scene = [next(frames).to_ndarray() for _ in range(length)]
            seconds += _encode(Path(folder, "scene.mp4"), scene, threads=1)
            count += length
    return seconds, count


def _encode(path: Path, scene: list[object], *, threads: int) -> float:
    began = time.process_time()
    buffer = scene[0].copy()  # type: ignore[attr-defined]
    with Encoder(path, buffer, Encoding(RATE, len(scene), threads=threads)) as encoder:
        for frame in scene:
            before = time.process_time()
            buffer[:] = frame
            began += time.process_time() - before  # moving a frame into place is not encoding
            encoder.show()
    return time.process_time() - began


def figures(folder: Path) -> Iterator[tuple[str, float]]:
    """Print the figures, and give them by name."""
    usage, video = rendered(folder, SHORT)
    encoding, frames = encode_again(video)
    ratio = usage.cpu_seconds / encoding
    seconds = frames / 30
    whole = f"{usage.cpu_seconds:.1f} CPU s whole, x264 {encoding:.1f} CPU s"
    print(f"      a video of {seconds:.0f} s, 1080p30: {whole}")
    say("CPU of the whole render / x264 alone", f"{ratio:.2f}", f"{ENCODE_RATIO}", ok=ratio <= ENCODE_RATIO)
    first = usage.first_line_seconds
    say("first progress event, a new home", f"{first:.2f} s", f"{FIRST_SECONDS} s", ok=first <= FIRST_SECONDS)
    yield "cpu", usage.cpu_seconds
    long, video = rendered(folder, LONG)
    with av.open(str(video)) as file:
        length = float(file.duration or 0) / 1e6
    peak, longer = usage.peak_bytes, long.peak_bytes
    say(
        f"peak memory of the process tree, {seconds:.0f} s of video",
        f"{peak / 1e6:.0f} MB",
        "900 MB",
        ok=peak <= MEMORY_BYTES,
    )
    say(
        f"peak memory of the process tree, {length:.0f} s of video",
        f"{longer / 1e6:.0f} MB",
        "900 MB",
        ok=longer <= MEMORY_BYTES,
    )
    say("peak memory, long / short", f"{longer / peak:.2f}", "1.15", ok=longer / peak <= 1.15)
    yield "cpu long", long.cpu_seconds


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        list(figures(Path(folder)))


if __name__ == "__main__":
    main()
