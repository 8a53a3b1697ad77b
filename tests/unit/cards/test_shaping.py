"""Without the system's libfribidi plain scripts are drawn, and what needs shaping is refused by name."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.cards.typesetting import scripts, shaping

PROGRAM = """
from services.cards import scenes
from services.cards.drawing.layers import Canvas, Cues
from services.cards.typesetting import faces, scripts
from services.chassis.errors import Configuration
from services.media.clock import Rate
from services.story.look import builtin
from services.story.scene import CodeCard, ParagraphCard, TitleCard
from services.story.text import Text

canvas = Canvas(640, 360, Rate(30), 30, Cues({}), builtin().palette)
print(scripts.SHAPES)
for text in ("A title -> with Ελληνικά and Кириллица", "Größe"):
    print(len(scenes.draw(TitleCard(Text(text)), canvas).layers) > 1)
print(len(scenes.draw(CodeCard(Text(), "python", "a -> b"), canvas).layers) > 0)
print(scripts.lacking(faces.undrawable("a שלום")))
try:
    scenes.draw(TitleCard(Text("שלום עולם")), canvas)
except Configuration as error:
    print(error.message, error.suggestions[0].description)
"""


def without_fribidi(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the library is there for nobody: a mount of our own hides it."""
    name = ctypes.util.find_library("fribidi")
    if name is None:
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
    (path,) = {line.split("=> ")[1] for line in found.splitlines() if f"\t{name} " in line}
    script = f'mount --bind /dev/null {Path(path).resolve()} && exec "$0" -c "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable, program]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare to hide the library")
def test_without_the_library_plain_scripts_are_drawn_and_others_are_refused_by_name() -> None:
    done = without_fribidi(PROGRAM)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this machine lets nobody hide a library: {done.stderr.strip()}")

    shapes, *drawn, lacking, refused = done.stdout.splitlines()
    assert (shapes, drawn) == ("False", ["True"] * 3), done.stderr
    assert "cannot shape text (Hebrew: ש ל ו …)" in lacking
    assert "Hebrew cannot be drawn here" in refused
    assert "libfribidi0" in refused


@pytest.mark.parametrize(
    ("text", "needing"),
    [
        ("Größe, Ωάθ, Яжї", ""),
        ("汉漢字 あア 한글", ""),
        ("1 + 1 = 2 → ✓", ""),
        ("a שלום b", "שלום"),
        ("ไทย", "ไทย"),
    ],
)
def test_only_letters_that_join_stack_or_run_to_the_left_need_shaping(text: str, needing: str) -> None:
    assert "".join(filter(scripts.needs_shaping, text)) == needing


@pytest.mark.skipif(not scripts.SHAPES, reason="text cannot be shaped here")
def test_with_the_library_nothing_is_refused() -> None:
    assert shaping.unshapable(["שלום"]) == []
    assert shaping.options(rtl=True)["direction"] == "rtl"
