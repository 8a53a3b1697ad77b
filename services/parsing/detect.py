"""What kind of document the bytes are, found by content: text is decoded, everything else is named."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass

from services.chassis.errors import Suggestion, UnsupportedDocument
from services.parsing.encoding import decode_text

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"BM", "BMP image"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x7fELF", "ELF program"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program"),
    (b"\xca\xfe\xba\xbe", "Java class or Mach-O program"),
    (b"MZ", "Windows program"),
    (b"\x00asm", "WebAssembly program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Microsoft Office document"),
    (b"{\\rtf", "RTF"),
    (b"%!PS", "PostScript"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"OggS", "Ogg audio"),
    (b"fLaC", "FLAC audio"),
    (b"ID3", "MP3 audio"),
    (b"\x1a\x45\xdf\xa3", "Matroska video"),
)
# A text may begin with these letters too; it counts only when the rest is binary.
_AMBIGUOUS = frozenset({b"BM", b"MZ", b"BZh", b"ID3", b"OggS", b"fLaC"})

_IN_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"word/", "DOCX"),
    (b"xl/", "XLSX"),
    (b"ppt/", "PPTX"),
    (b"mimetypeapplication/epub+zip", "EPUB"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "OpenDocument"),
    (b"META-INF/", "JAR archive"),
)

_ADVICE = {
    "HTML": "Convert the page to Markdown, for example with pandoc -f html -t gfm.",
    "PDF": "Convert it to Markdown or plain text, for example with pdftotext.",
    "DOCX": "Convert it to Markdown, for example with pandoc -t gfm.",
    "EPUB": "Convert it to Markdown, for example with pandoc -t gfm.",
    "RTF": "Convert it to Markdown, for example with pandoc -t gfm.",
    "OpenDocument": "Convert it to Markdown, for example with pandoc -t gfm.",
    "Jupyter notebook": "Convert it to Markdown, for example with jupyter nbconvert --to markdown.",
}
_ADVICE_ARCHIVE = "Unpack it and give one of the documents inside."
_ADVICE_ELSE = "Give a Markdown or plain text document in UTF-8."

_SUBTITLES = re.compile(r"\s*(?:WEBVTT\b|\d+\s*\n\d\d:\d\d:\d\d[,.]\d{3} --> )")
# A heading, fence, quotation, bullet, link definition; a link, bold text; the second line of a table.
_MARKDOWN = re.compile(
    r"^ {0,3}(?:#{1,6} +\S|```|~~~|> |[-*+] \S|\[[^\]\n]{1,80}\]: )"
    r"|\]\(|\*\*\S|^ {0,3}\|?(?: *:?-{3,}:? *\|)+",
    re.MULTILINE,
)
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Text:
    """A readable document, and what a person should know of its reading."""

    text: str
    markdown: bool
    warnings: tuple[str, ...]


def read(data: bytes, *, name: str) -> Text:
    """The text of a document.

    Raises:
        UnsupportedDocument: The bytes are something else; `metadata["kind"]` names it.
    """
    if kind := _binary(data):
        raise unsupported(kind)
    text, warnings = decode_text(data)
    if kind := _structured(text):
        raise unsupported(kind)
    return Text(text, _is_markdown(text, name), warnings)


def unsupported(kind: str) -> UnsupportedDocument:
    """The refusal of a kind, with what to do instead."""
    archive = "archive" in kind or kind == "ZIP"
    advice = _ADVICE.get(kind, _ADVICE_ARCHIVE if archive else _ADVICE_ELSE)
    return UnsupportedDocument(
        f"The document is of the kind {kind}; Markdown and plain text are read.",
        suggestions=[Suggestion(advice)],
        metadata={"kind": kind},
    )


def _binary(data: bytes) -> str:
    """The kind of data that is not text; empty for text."""
    boms = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)
    if data.startswith(boms):
        return ""
    sample = data[:65536]
    noise = b"\x00" in data or len(_CONTROL.findall(sample)) > len(sample) // 50
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (noise or magic not in _AMBIGUOUS):
            return kind
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((kind for mark, kind in _IN_ZIP if mark in data), "ZIP")
    if data.startswith(b"RIFF"):
        return {b"WEBP": "WebP image", b"WAVE": "WAV audio"}.get(data[8:12], "RIFF media")
    if data[4:8] == b"ftyp":
        return "MP4 media"
    if data[257:262] == b"ustar":
        return "tar archive"
    return "binary data" if noise else ""


def _structured(text: str) -> str:
    """The kind of text that is written for programs; empty for a document."""
    start = text.lstrip()[:4096]
    lower = start.lower()
    if re.match(r"(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)\b", lower, re.DOTALL):
        return "HTML"
    if lower.startswith("<?xml"):
        return "SVG image" if "<svg" in lower else "HTML" if "<html" in lower else "XML"
    if lower.startswith("<svg"):
        return "SVG image"
    if _SUBTITLES.match(start):
        return "subtitles"
    if start.startswith(("{", "[")):
        return _json(text)
    return ""


def _json(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return "Jupyter notebook" if isinstance(value, dict) and "nbformat" in value else "JSON"


def _is_markdown(text: str, name: str) -> bool:
    """By the name when it says so, else by what the text looks like."""
    ending = name.lower().rpartition(".")[2]
    if ending in ("md", "markdown", "mdown", "mkd", "mdx", "rmd", "qmd"):
        return True
    return ending not in ("txt", "text") and _MARKDOWN.search(text) is not None
