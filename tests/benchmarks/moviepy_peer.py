"""CPU of whole renders against moviepy 2 that draws and encodes the very same scenes.

Ours counts everything: start-up, engine, five services, speech, typesetting, drawing, encoding, sound,
packing, captions. moviepy is given every layer as a finished image with its place and its times, and is
counted for compositing and encoding alone (`moviepy_scenes.py` tells how): no text, no speech, no sound, and
its scenes are not joined. Both encode with x264, veryfast, crf 20. The pictures in the middle of each scene
are compared.
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
from services.cards import scenes
from services.cards.card import CardSpec
from services.cards.drawing.layers import Drawing, Layer
from services.cards.render import canvas
from services.media.clip import Picture
from services.media.clock import Rate
from services.script.backends.template import TemplateBackend
from services.story import wire
from services.story.look import builtin
from services.story.scene import Card, ImageCard
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.tts.v1 import speech_pb2
from tests.benchmarks.measure import Usage, run, say
from tests.benchmarks.render import rendered

SECTIONS, CONSTANT, SPARSE = 4, 5, 8

MEAN, CLEARLY = 2.0, 24
"""Pictures are the same within what two encodings make of one: x264 smooths the grain of the ground."""

PICTURE = Picture(1920, 1080, Rate(30))
ROOT = Path(__file__).resolve().parents[2]
"""Of the checkout; moviepy needs an older Pillow than ours and lives there in `.bench`."""

Rgb = npt.NDArray[np.uint8]


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
    background: Rgb

    @property
    def middle(self) -> int:
        """The frame in its middle, counted in the scene."""
        return self.frames // 2


def environment() -> Path:
    """The Python of an environment that has the newest moviepy 2; it is made when there is none."""
    folder = ROOT / ".bench" / "moviepy"
    python = folder / "bin" / "python"
    # Made anew unless it is whole: an interrupted installation leaves the interpreter behind.
    if (
        not python.exists()
        or subprocess.run([python, "-c", "import moviepy"], capture_output=True).returncode
    ):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "moviepy>=2,<3"], check=True)
    return python


def drawn_again(video: Path, home: Path, folder: Path) -> Iterator[Scene]:
    """Draw each scene of a finished video into a folder of its own, from what its home has stored."""
    store = LocalStore(home / "store")
    manifest = json.loads(video.with_suffix(".manifest.json").read_text())
    for told in manifest["scenes"]:
        spec = _spec(store, manifest, told)
        drawing = scenes.draw(spec.card, canvas(spec), _image(store, spec.card))
        place = folder / told["id"]
        place.mkdir(parents=True)
        _dump(drawing, spec.frames, place)
        yield Scene(place, int(told["start_frame"]), spec.frames, drawing.background)


def _spec(store: LocalStore, manifest: dict[str, Any], told: dict[str, Any]) -> CardSpec:
    card = wire.scene_from_proto(wire.decode(_read(store, told["scene_sha256"]), storyboard_pb2.Scene))
    timing = wire.decode(_read(store, told["timing_sha256"]), speech_pb2.SpeechTiming)
    language = manifest["job"]["settings"]["language"]
    return CardSpec(
        card=card,
        narration=asyncio.run(TemplateBackend().write(card, language=language)),
        timing=wire.timing_from_proto(timing),
        frames=told["frames"],
        lead_frames=int(told["voice_frame"]) - int(told["start_frame"]),
        picture=PICTURE,
        look=builtin(),
    )


def _image(store: LocalStore, card: Card) -> Path | None:
    """The file of a card's image."""
    if not isinstance(card, ImageCard):
        return None
    return store.root / keys.object_key(LOCAL_TENANT, card.image.file.sha256)


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


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart pictures are: the mean of their channels, of 255; the part of pixels clearly apart."""

    mean: float
    part: float


def differences(video: Path, drawn: list[Scene]) -> Iterator[tuple[Difference, Difference]]:
    """For the middle of each scene: ours and moviepy's, and, to compare with, ours and the bare ground."""
    wanted = {scene.start + scene.middle for scene in drawn}
    with av.open(str(video)) as file:
        frames = enumerate(file.decode(video=0))
        ours = {number: _rgb(frame, Colorspace.ITU709) for number, frame in frames if number in wanted}
    for scene in drawn:
        mine = ours[scene.start + scene.middle]
        yield _apart(mine, _theirs(scene)), _apart(mine, scene.background)


def _theirs(scene: Scene) -> Rgb:
    """moviepy's picture of a scene's middle; its video must be as long as ours."""
    with av.open(str(scene.folder / "scene.mp4")) as file:
        count, middle = 0, None
        for count, frame in enumerate(file.decode(video=0), 1):
            if count == scene.middle + 1:
                # moviepy leaves the conversion to ffmpeg, which takes BT.601 unless told otherwise.
                middle = _rgb(frame, Colorspace.ITU601)
    if middle is None or count != scene.frames:
        raise SystemExit(f"moviepy wrote {count} frames of {scene.folder.name}, not {scene.frames}")
    return middle


def _rgb(frame: av.VideoFrame, matrix: Colorspace) -> Rgb:
    return np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=matrix), np.uint8)


def _apart(one: Rgb, other: Rgb) -> Difference:
    apart = np.abs(one.astype(np.int16) - other)
    return Difference(float(apart.mean()), float((apart.max(axis=2) > CLEARLY).mean()))


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
        apart = list(differences(video, drawn))
    # Its distribution's version: `moviepy.__version__` of 2.2.1 says 2.1.2.
    asked = "import importlib.metadata as m; print(m.version('moviepy'))"
    version = subprocess.check_output([python, "-c", asked], text=True)
    seconds = sum(scene.frames for scene in drawn) / 30
    print(
        f"      {seconds:.0f} s of video in {len(drawn)} scenes, 1080p30: {constant.cpu_seconds:.1f} CPU s "
        f"whole, {sparse.cpu_seconds:.1f} sparse; moviepy {version.strip()} {theirs.cpu_seconds:.1f}"
    )
    worst, bare = max(d.part for d, _ in apart), min(d.part for _, d in apart)
    print(
        f"      pixels more than {CLEARLY} of 255 from moviepy's, in the middle of a scene: {worst:.3%} "
        f"or less ({bare:.1%} or more from the bare ground)"
    )
    mean = max(d.mean for d, _ in apart)
    say("mean difference from moviepy's pictures, of 255", f"{mean:.2f}", f"{MEAN}", ok=mean <= MEAN)
    for timing, ours, limit in (("constant", constant, CONSTANT), ("sparse", sparse, SPARSE)):
        ratio = theirs.cpu_seconds / ours.cpu_seconds
        say(f"CPU moviepy / whole render, {timing}", f"{ratio:.1f}", f"≥ {limit}", ok=ratio >= limit)


if __name__ == "__main__":
    main()
