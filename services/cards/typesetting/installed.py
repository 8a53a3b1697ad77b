"""The fonts of this machine: what fontconfig knows and what lies in the usual folders, the best first."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

FILES_MOST = 4_000
"""Files that are looked at, of fontconfig's and of the folders' each."""

FONTCONFIG_SECONDS = 5
"""It answers in a few hundredths of a second, and builds its cache first where there is none."""

_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")

# The style words of files that are never a first choice; their regular companions have the same characters.
_STYLES = (
    "italic",
    "oblique",
    "thin",
    "light",
    "black",
    "condensed",
    "semibold",
    "medium",
    "-bold",
    "lastresort",
)


def folders() -> tuple[Path, ...]:
    """Where the usual systems keep fonts, the user's own folder first."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    windows = Path(os.environ.get("WINDIR", "")) / "Fonts" if os.environ.get("WINDIR") else None
    known = (
        data / "fonts",
        home / ".fonts",
        home / "Library/Fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        windows,
    )
    return tuple(folder for folder in known if folder is not None and folder.is_dir())


@lru_cache(maxsize=1)
def installed() -> tuple[Path, ...]:
    """The machine's upright regular fonts: Noto Sans first, then other sans faces, then the rest."""
    found: dict[str, Path] = {}
    for paths in (_of_folders(), _of_fontconfig()):
        for _, path in zip(range(FILES_MOST), paths, strict=False):
            name = path.name.lower()
            if path.suffix.lower() in _ENDINGS and not any(style in name for style in _STYLES):
                found.setdefault(path.name, path)
    return tuple(sorted(found.values(), key=lambda path: (_rank(path.name), path.name)))


def _of_folders() -> Iterator[Path]:
    for folder in folders():
        for root, inner, names in os.walk(folder, followlinks=True):
            inner.sort()
            if len(Path(root).relative_to(folder).parts) > 5:  # a link may lead in a circle
                inner.clear()
            yield from (Path(root, name) for name in sorted(names))


def _of_fontconfig() -> Iterator[Path]:
    """The files that `fc-list` names, in order; none where there is no fontconfig or it does not answer."""
    program = shutil.which("fc-list")
    if program is None:
        return
    command = [program, "--format", "%{file}\n"]
    try:
        said = subprocess.run(command, capture_output=True, timeout=FONTCONFIG_SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return
    paths = (Path(os.fsdecode(line)) for line in sorted(set(said.split(b"\n"))) if line)
    yield from (path for path in paths if path.is_file())


def _rank(name: str) -> int:
    prefixes = ("NotoSans", "NotoNaskhArabic", "DejaVuSans.")
    known = next((i for i, prefix in enumerate(prefixes) if name.startswith(prefix)), None)
    if known is not None:
        return known
    return len(prefixes) + ("Sans" not in name) + ("Mono" in name)
