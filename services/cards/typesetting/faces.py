"""Which font draws a character: the vendored faces first, then the fonts found on the machine."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

from services.cards.typesetting import scripts, shaping
from services.cards.typesetting.installed import installed

FONTS = Path(__file__).parents[1] / "fonts"

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

OPENED_MOST = 400
"""Fonts of the machine that are opened to read what they cover."""

# Files whose names do not tell that they have Chinese, Japanese or Korean characters.
_CJK_FILES = (
    "cjk", "sourcehan", "wqy", "droidsansfallback", "ipa", "takao", "vlgothic", "vl-", "nanum", "undotum",
    "pingfang", "hiragino", "applesdgothic", "applegothic", "stheiti",
    "msyh", "simsun", "simhei", "yugoth", "meiryo", "msgothic", "malgun", "gulim",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One font file, or one member of a collection, and the code points it has; compared by identity."""

    path: Path
    index: int
    covered: frozenset[int]
    code: bool = False

    @property
    def fixed(self) -> bool:
        """Whether it is a face for code, whose signs stay apart: `->` stays two signs."""
        return self.code or self.path.name.startswith("JetBrainsMono")

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels."""
        return _font(self.path, self.index, size)


@lru_cache(maxsize=128)
def _font(path: Path, index: int, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index, layout_engine=shaping.LAYOUT)


@cache
def load(path: Path, member: str = "") -> Face:
    """Read what a file covers; of a collection, the member whose family ends in `member`, else the first.

    A file that cannot be read, or that holds pictures instead of outlines, covers nothing.
    """
    try:
        with path.open("rb") as file:
            if path.suffix.lower() not in (".ttc", ".otc"):
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


def fingerprint() -> str:
    """A short digest of the fonts in reach: names and sizes; pictures may differ where it differs."""
    files = [*sorted(FONTS.glob("*.[ot]tf")), *installed()]
    listed = "\n".join(f"{path.name} {path.stat().st_size}" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


@cache
def chain(weight: str, own: Path | None = None) -> tuple[Face, ...]:
    """The faces of a weight, in order: a theme's own one, then the vendored ones."""
    vendored = [load(FONTS / name) for name in CHAINS[weight]]
    if own is None:
        return tuple(vendored)
    return (replace(load(own), code=weight.startswith("mono")), *vendored)


@lru_cache(maxsize=32_768)
def face_of(char: str, weight: str, han: str = "SC", own: Path | None = None) -> Face | None:
    """The first face that has a character, or None where no font has it.

    Args:
        char: One code point.
        weight: A key of CHAINS.
        han: Which shapes unified Han characters take: SC, TC, JP or KR.
        own: The theme's own font of that weight.
    """
    code = ord(char)
    for face in chain(weight, own):
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
    hints = _CJK_FILES if scripts.is_cjk(char) else (scripts.script_of(char).split(" ")[0].lower(),)
    paths = installed()
    hinted = [path for path in paths if any(hint in path.name.lower() for hint in hints)]
    others = [path for path in paths if path not in hinted]
    for path in (*hinted, *others)[:OPENED_MOST]:
        face = load(path, f"CJK {han}")
        if ord(char) in face.covered:
            return face
    return None


def invisible(char: str) -> bool:
    """Whether a character has no shape of its own: controls, joiners, variation selectors, spaces."""
    return unicodedata.category(char) in ("Cf", "Cc", "Cs", "Zs", "Zl", "Zp") or "\ufe00" <= char <= "\ufe0f"


def undrawable(text: str) -> list[str]:
    """The different characters of a text that no font has, or that cannot be shaped here, in order."""
    chars = [char for char in dict.fromkeys(unicodedata.normalize("NFC", text)) if not invisible(char)]
    return [
        char
        for char in chars
        if (face_of(char, "regular") is None and char not in scripts.STAND_INS)
        or (not scripts.SHAPES and scripts.needs_shaping(char))
    ]


def drawable_scripts() -> dict[str, bool]:
    """Whether each script of `scripts.SAMPLES` can be drawn with the fonts in reach."""
    return {script: not undrawable(sample) for script, sample in scripts.SAMPLES.items()}
