"""Which font draws a character: the vendored faces first, then the fonts found on the machine."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

FONTS = Path(__file__).with_name("fonts")

CHAINS = {
    "regular": ("Inter-Regular.otf", "JetBrainsMono-Regular.ttf"),
    "medium": ("Inter-Medium.otf", "JetBrainsMono-Regular.ttf"),
    "semibold": ("Inter-SemiBold.otf", "JetBrainsMono-Bold.ttf"),
    "bold": ("Inter-Bold.otf", "JetBrainsMono-Bold.ttf"),
    "display": ("InterDisplay-Bold.otf", "Inter-Bold.otf", "JetBrainsMono-Bold.ttf"),
    "mono": ("JetBrainsMono-Regular.ttf", "Inter-Regular.otf"),
    "mono-bold": ("JetBrainsMono-Bold.ttf", "Inter-Bold.otf"),
}
"""The vendored files of each weight, in order of preference."""

HEAVY = frozenset({"semibold", "bold", "display", "mono-bold"})

FILES_MOST = 4_000
OPENED_MOST = 400
"""Bounds of the search on the machine: files listed, and fonts opened to read what they cover."""

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
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One font file, or one member of a collection, and the code points it has; compared by identity."""

    path: Path
    index: int
    covered: frozenset[int]

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels."""
        return _font(self.path, self.index, size)


@lru_cache(maxsize=128)
def _font(path: Path, index: int, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.RAQM)


@cache
def load(path: Path, member: str = "") -> Face:
    """Read what a file covers; of a collection, the member whose family ends in `member`, else the first.

    A file that cannot be read, or that holds pictures instead of outlines, covers nothing.
    """
    try:
        with path.open("rb") as file:
            if path.suffix.lower() != ".ttc":
                return Face(path, 0, _covered(TTFont(file, lazy=True)))
            fonts = TTCollection(file, lazy=True).fonts
            names = [str(font["name"].getDebugName(1) or "") for font in fonts]
            index = next((i for i, name in enumerate(names) if member and name.endswith(member)), 0)
            return Face(path, index, _covered(fonts[index]))
    except (TTLibError, OSError, ValueError, KeyError, AssertionError):
        return Face(path, 0, frozenset())


def _covered(font: TTFont) -> frozenset[int]:
    outlines = any(table in font for table in ("glyf", "CFF ", "CFF2"))
    pictures = any(table in font for table in ("CBDT", "sbix", "COLR", "SVG "))
    return frozenset(font.getBestCmap() or ()) if outlines and not pictures else frozenset()


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


def _listed() -> Iterator[Path]:
    for folder in folders():
        for root, inner, names in os.walk(folder, followlinks=True):
            inner.sort()
            if len(Path(root).relative_to(folder).parts) > 5:  # a link may lead in a circle
                inner.clear()
            yield from (Path(root, name) for name in sorted(names))


@lru_cache(maxsize=1)
def installed() -> tuple[Path, ...]:
    """The machine's upright regular fonts: Noto Sans first, then other sans faces, then the rest."""
    found: dict[str, Path] = {}
    for count, path in enumerate(_listed()):
        if count >= FILES_MOST:
            break
        name = path.name.lower()
        if path.suffix.lower() in (".ttf", ".otf", ".ttc") and not any(style in name for style in _STYLES):
            found.setdefault(path.name, path)
    return tuple(sorted(found.values(), key=lambda path: (_rank(path.name), path.name)))


def _rank(name: str) -> int:
    prefixes = ("NotoSans", "NotoNaskhArabic", "DejaVuSans.")
    known = next((i for i, prefix in enumerate(prefixes) if name.startswith(prefix)), None)
    if known is not None:
        return known
    return len(prefixes) + ("Sans" not in name) + ("Mono" in name)


def fingerprint() -> str:
    """A short digest of the fonts in reach: names and sizes; pictures may differ where it differs."""
    files = [*sorted(FONTS.glob("*.[ot]tf")), *installed()]
    listed = "\n".join(f"{path.name} {path.stat().st_size}" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


@cache
def chain(weight: str) -> tuple[Face, ...]:
    """The vendored faces of a weight, in order."""
    return tuple(load(FONTS / name) for name in CHAINS[weight])


@lru_cache(maxsize=32_768)
def face_of(char: str, weight: str, han: str = "SC") -> Face | None:
    """The first face that has a character, or None where no font has it.

    Args:
        char: One code point.
        weight: A key of CHAINS.
        han: Which shapes unified Han characters take: SC, TC, JP or KR.
    """
    code = ord(char)
    for face in chain(weight):
        if code in face.covered:
            return face
    found = _elsewhere(char, han)
    if found is not None and weight in HEAVY:
        heavy = found.path.with_name(found.path.name.replace("Regular", "Bold"))
        if heavy == found.path:
            heavy = found.path.with_name(f"{found.path.stem}-Bold{found.path.suffix}")
        bold = load(heavy, f"CJK {han}") if heavy.is_file() else found
        return bold if code in bold.covered else found
    return found


def _elsewhere(char: str, han: str) -> Face | None:
    """Look on the machine; files named after the character's script are opened first."""
    words = unicodedata.name(char, "").split(" ")
    hint = "cjk" if words[0].startswith(_CJK) else words[0].lower()
    hinted = [path for path in installed() if len(hint) > 2 and hint in path.name.lower()]
    others = [path for path in installed() if path not in hinted]
    for path in (*hinted, *others)[:OPENED_MOST]:
        face = load(path, f"CJK {han}")
        if ord(char) in face.covered:
            return face
    return None


def package_for(char: str) -> str:
    """What a person installs to see a character, a package of Debian; empty where none is known to help."""
    name = unicodedata.name(char, "")
    if unicodedata.category(char) in ("Co", "Cn"):
        return ""
    if name.startswith(_CJK):
        return "fonts-noto-cjk"
    return "fonts-symbola" if unicodedata.category(char) in ("So", "Sk") else "fonts-noto-core"
