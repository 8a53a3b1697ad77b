"""CPU of whole renders against moviepy 2 that draws and encodes the very same scenes.

Ours counts everything: start-up, engine, five services, speech, typesetting, drawing, encoding, sound, packing,
captions. moviepy is given every layer as a finished image with its place and its times, and is counted for
compositing and encoding alone (`moviepy_scenes.py` tells how): no text, no speech, no sound, and its
scenes are not joined. Both encode with x264, veryfast, crf 20. A frame from the middle of each scene is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace
from PIL import Image

from services.artifacts import keys
from services.artifacts.local import LocalStore
from services.artifacts.store import LOCAL_TENANT, Artifact
from services.generation.backends.template import scenes
from services.generation.backends.template.layers import Drawing, Layer
from services.generation.backends.template.render import canvas
from services.generation.clip import Picture, Shot
from services.media.clock import Rate
from services.script.backends.template import TemplateBackend
from services.story import wire
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.tts.v1 import speech_pb2
from tests.benchmarks.measure import Usage, run, say
from tests.benchmarks.render import rendered

SECTIONS, CONSTANT, SPARSE, DIFFERENCE = 4, 5, 8, 1.0
PICTURE = Picture(1920, 1080, Rate(30))
ROOT = Path(__file__).resolve().parents[2]
"""Of the checkout; moviepy needs an older Pillow than ours and lives there in `.bench`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene of the finished video, drawn again for the peer into a folder.

    Args:
        folder: With `scene.json`, `background.png` and an image per layer.
        start: Its first frame in the video.
        frames: Its length.
        background: RGB.
    """

    folder: Path
    start: int
    frames: int
    background: npt.NDArray[np.uint8]

    @property
    def middle(self) -> int:
        """The frame in its middle, counted in the scene."""
        return self.frames // 2


def environment() -> Path:
    """The Python of an environment that has the newest moviepy 2; it is made when there is none."""
    folder = ROOT / ".bench" / "moviepy"
    python = folder / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import moviepy"], check=False).returncode:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "moviepy>=2,<3"], check=True)
    return python


def drawn_again(video: Path, home: Path, folder: Path) -> Iterator[Scene]:
    """Draw each scene of a finished video into a folder of its own, from what its home has stored."""
    store = LocalStore(home / "store")
    manifest = json.loads(video.with_suffix(".manifest.json").read_text())
    for told in manifest["scenes"]:
        drawing = scenes.draw((shot := _shot(store, manifest, told)).card, canvas(shot))
        place = folder / told["id"]
        place.mkdir(parents=True)
        _dump(drawing, shot.frames, place)
        yield Scene(place, int(told["start_frame"]), shot.frames, drawing.background)


def _shot(store: LocalStore, manifest: dict[str, Any], told: dict[str, Any]) -> Shot:
    card = wire.scene_from_proto(wire.decode(_read(store, told["scene_sha256"]), storyboard_pb2.Scene))
    timing = wire.decode(_read(store, told["timing_sha256"]), speech_pb2.SpeechTiming)
    language = manifest["job"]["settings"]["language"]
    return Shot(
        card=card,
        narration=asyncio.run(TemplateBackend().write(card, language=language)),
        timing=wire.timing_from_proto(timing),
        frames=told["frames"],
        lead_frames=int(told["voice_frame"]) - int(told["start_frame"]),
        picture=PICTURE,
    )


def _read(store: LocalStore, sha256: str) -> bytes:
    size = (store.root / keys.object_key(LOCAL_TENANT, sha256)).stat().st_size
    artifact = Artifact.of(LOCAL_TENANT, sha256, size_bytes=size, media_type=wire.PROTOBUF)
    return asyncio.run(store.read(artifact))


def _dump(drawing: Drawing, frames: int, folder: Path) -> None:
    """Write what a scene is made of as images and JSON."""
    Image.fromarray(drawing.background).save(folder / "background.png", compress_level=1)
    told = [_layer(layer, folder / f"{number:03}.png") for number, layer in enumerate(drawing.layers)]
    (folder / "scene.json").write_text(json.dumps({"frames": frames, "layers": told}))


def _layer(layer: Layer, path: Path) -> dict[str, Any]:
    seen = layer.image.getchannel("A").getbbox() or (0, 0, 1, 1)
    layer.image.crop(seen).save(path, compress_level=1)
    times = ("enter", "enter_frames", "dx", "dy", "leave", "leave_frames")
    place = {"file": path.name, "x": layer.x + seen[0], "y": layer.y + seen[1]}
    return place | {name: getattr(layer, name) for name in times}


def peer(python: Path, drawn: list[Scene]) -> Usage:
    """Have moviepy draw and encode the scenes, in one process."""
    script = Path(__file__).with_name("moviepy_scenes.py")
    usage = run([str(python), "-I", str(script), *(str(scene.folder) for scene in drawn)])
    if usage.code:
        raise SystemExit(f"moviepy failed with {usage.code}: {usage.output[-2000:]}")
    return usage


def differences(video: Path, drawn: list[Scene]) -> tuple[float, float]:
    """How far the middles of the scenes are apart at most, ours and moviepy's, and ours and bare ground at least.

    Mean absolute differences of the channels red, green and blue, of 255.
    """
    wanted = {scene.start + scene.middle for scene in drawn}
    with av.open(str(video)) as file:
        found = enumerate(file.decode(video=0))
        ours = {number: _rgb(frame, Colorspace.ITU709) for number, frame in found if number in wanted}
    apart, shown = [], []
    for scene in drawn:
        with av.open(str(scene.folder / "scene.mp4")) as file:
            # moviepy leaves the conversion to ffmpeg, which takes BT.601 unless told otherwise.
            found = list(enumerate(file.decode(video=0)))
            theirs = _rgb(found[scene.middle][1], Colorspace.ITU601)
        if len(found) != scene.frames:
            raise SystemExit(f"moviepy wrote {len(found)} frames of {scene.folder.name}, not {scene.frames}")
        mine = ours[scene.start + scene.middle]
        apart.append(_apart(mine, theirs))
        shown.append(_apart(mine, scene.background))
    return max(apart), min(shown)


def _rgb(frame: av.VideoFrame, matrix: Colorspace) -> npt.NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=matrix), np.uint8)


def _apart(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    python = environment()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        constant, video = rendered(folder, SECTIONS)
        sparse, _ = rendered(folder, SECTIONS, timing="sparse")
        drawn = list(drawn_again(video, folder / f"home-{SECTIONS}-constant", folder / "scenes"))
        theirs = peer(python, drawn)
        apart, shown = differences(video, drawn)
    version = subprocess.check_output([python, "-c", "import moviepy; print(moviepy.__version__)"], text=True)
    seconds = sum(scene.frames for scene in drawn) / 30
    print(
        f"      {seconds:.0f} s of video in {len(drawn)} scenes, 1080p30: {constant.cpu_seconds:.1f} CPU s whole, "
        f"{sparse.cpu_seconds:.1f} sparse; moviepy {version.strip()} {theirs.cpu_seconds:.1f}, pictures alone"
    )
    print(f"      the middles of the scenes differ from bare ground by {shown:.2f} of 255 or more")
    say("mean difference from moviepy's pictures, of 255", f"{apart:.2f}", f"{DIFFERENCE}", ok=apart <= DIFFERENCE)
    for timing, ours, limit in (("constant", constant, CONSTANT), ("sparse", sparse, SPARSE)):
        ratio = theirs.cpu_seconds / ours.cpu_seconds
        say(f"CPU moviepy / whole render, {timing}", f"{ratio:.1f}", f"≥ {limit}", ok=ratio >= limit)


if __name__ == "__main__":
    main()
