"""From bytes to text: encodings, their usual damage, and characters that are not text."""

from __future__ import annotations

import codecs
import re

# What Windows-1252 leaves undefined passes as the control character of the same number.
_TO_BYTE = {bytes([n]).decode("cp1252", errors="replace"): n for n in range(128, 256)}
_TO_BYTE = {char: n for char, n in _TO_BYTE.items() if char != "�"} | {
    chr(n): n for n in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_FROM_BYTE = {n: char for char, n in _TO_BYTE.items()}

# Sequences that lost their last byte on the way, because Windows-1252 has no character for it.
_CUT_SHORT = {b"\xef\xb8": "\ufe0f", b"\xe2\x86": "\u2190"}

_FEW_RUNS = 3
_RUN = re.compile(r"[^\x00-\x7f]+")
_UNWANTED = re.compile(r"\x1b\[[0-9;]{0,32}m|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb]")
_NEWLINES = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")


def decode_text(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of bytes, its lines ended by newlines, without control characters; and what was mended."""
    text, warnings = _decode(data)
    mended, lost = _unscrambled(text)
    if mended != text:
        text = mended
        warnings += (
            "The document's characters had been garbled by a wrong conversion from UTF-8; they were restored"
            + (f", except {lost}." if lost else "."),
        )
    return _UNWANTED.sub("", _NEWLINES.sub("\n", text)), warnings


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    for bom, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(bom):
            text = data.removeprefix(bom).decode(name, errors="replace")
            return text, (_replaced(text.count("\ufffd")) if "\ufffd" in text else ())
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode(), ()
    except UnicodeDecodeError:
        return _decode_damaged(data)


def _decode_damaged(data: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-8 where it is, Windows-1252 where it is not, and a replacement where it is neither."""
    pieces, at, foreign, hopeless = [], 0, 0, 0
    for match in re.finditer(rb"[\x80-\xff]+", data):
        pieces.append(data[at : match.start()].decode("ascii"))
        at = match.end()
        try:
            pieces.append(match.group().decode())
        except UnicodeDecodeError:
            text = "".join(_FROM_BYTE[byte] for byte in match.group())
            foreign += len(text)
            hopeless += sum("\x80" <= char <= "\x9f" for char in text)
            pieces.append(re.sub("[\x80-\x9f]", "\ufffd", text))
    pieces.append(data[at:].decode("ascii"))
    warning = f"{foreign} {_bytes(foreign)} no UTF-8 and read as Windows-1252."
    return "".join(pieces), (warning, *(_replaced(hopeless) if hopeless else ()))


def _bytes(count: int) -> str:
    return "byte was" if count == 1 else "bytes were"


def _replaced(count: int) -> tuple[str]:
    return (f"{count} {'character' if count == 1 else 'characters'} could not be read.",)


def _unscrambled(text: str) -> tuple[str, int]:
    """Undo UTF-8 that was read as Windows-1252 and saved again, and count what stays lost.

    Only when every run of other than ASCII characters in the whole document reads as such: in a document
    that means what it says, that does not happen.
    """
    runs = {run: _unscramble(run) for run in set(_RUN.findall(text))}
    if len(runs) < _FEW_RUNS or "" in runs.values():
        return text, 0
    mended = _RUN.sub(lambda match: runs[match.group()], text)
    return mended, mended.count("\ufffd")


def _unscramble(run: str) -> str:
    """The characters that a garbled run stands for; empty when it is not garbled."""
    if any(char not in _TO_BYTE for char in run):
        return ""
    data = bytes(_TO_BYTE[char] for char in run)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        tail = data[error.start :]
        if error.reason != "unexpected end of data" or not 1 < len(tail) <= 3:
            return ""
        return data[: error.start].decode() + _CUT_SHORT.get(tail, "\ufffd")
