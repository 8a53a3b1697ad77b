"""Reads the header of a safetensors file, and refuses every one that a loader could stumble over.

The format: 8 bytes, the header's length in little endian; the header, a JSON object of tensors with type,
shape and place; the tensors' bytes, without gaps. Files come from elsewhere, so nothing in them is believed:
no read or allocation is larger than what was checked before it.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.chassis.errors import ModelUnavailable

MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""

MAX_TENSORS = 100_000
"""The largest model here has 1,095 in one file."""

MAX_COMMAS = 16 * MAX_TENSORS
"""They bound what a header becomes in memory; a tensor of five dimensions takes eight."""

MAX_DIMENSIONS = 32
MAX_ELEMENTS = 1 << 60
"""Of one tensor, also between its dimensions; larger products overflow in loaders."""

MAX_DIGITS = 19

BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
"""Bits of an element of each type, as safetensors 0.8 knows them."""


class BadHeader(ModelUnavailable):
    """A file is not a safetensors file, or a broken one."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: its type, its shape, and where its bytes are, from the first byte after the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds.

    Args:
        tensors: By name, in the order of the header.
        metadata: Free text of whoever wrote the file.
        data_bytes: Of all tensors together.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    data_bytes: int


def read(path: Path, *, called: str = "") -> Header:
    """Read and check the header of a file.

    Args:
        path: The file.
        called: The name for it in errors; by default the file's own.

    Raises:
        BadHeader: It cannot be read, or is not a whole safetensors file; the message says what is wrong.
    """
    called = called or path.name
    try:
        # A pipe of that name would be waited for without O_NONBLOCK.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            raw, size = _header(number)
        finally:
            os.close(number)
    except OSError as error:
        raise BadHeader(f"{called} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise BadHeader(f"{called} is damaged: {error}.") from None
    return parse(raw, size - 8 - len(raw), called=called)


def parse(raw: bytes, data_bytes: int, *, called: str) -> Header:
    """Check a header's own bytes.

    Args:
        raw: The header, without its length.
        data_bytes: How many bytes follow it in the file.
        called: The name of the file in errors.

    Raises:
        BadHeader: As for `read`.
    """
    try:
        entries = _entries(raw)
        metadata = _metadata(entries.pop("__metadata__", {}))
        tensors = {name: _tensor(name, entry) for name, entry in entries.items()}
        _check_places(tensors, data_bytes)
    except RecursionError:
        raise BadHeader(f"{called} is damaged: its header is nested too deep.") from None
    except ValueError as error:
        raise BadHeader(f"{called} is damaged: {error}.") from None
    return Header(tensors, metadata, data_bytes)


def _header(number: int) -> tuple[bytes, int]:
    """The header's bytes and the file's size."""
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a file")
    length = _length(os.read(number, 8), status.st_size)
    if os.pread(number, 1, 8) != b"{":
        raise ValueError("its header is not a JSON object")
    raw = os.pread(number, length, 8)
    if len(raw) != length:
        raise ValueError("it became shorter while it was read")
    return raw, status.st_size


def _length(first: bytes, size: int) -> int:
    if len(first) < 8:
        raise ValueError(f"it has {size} bytes, fewer than the 8 before its header")
    length: int = struct.unpack("<Q", first)[0]
    if not 2 <= length <= MAX_HEADER:
        raise ValueError(f"its header is said to have {length:,} bytes, outside 2 to {MAX_HEADER:,}")
    if length > size - 8:
        raise ValueError(f"its header is said to have {length:,} bytes, the file has {size:,}")
    return length


def _entries(raw: bytes) -> dict[str, Any]:
    for sign, most in ((b"{", 2 * MAX_TENSORS), (b"[", 2 * MAX_TENSORS), (b",", MAX_COMMAS)):
        if raw.count(sign) > most:
            raise ValueError(f"its header has more than {most:,} times {sign.decode()!r}")
    try:
        found = json.loads(
            raw.decode(),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"its header is not JSON at byte {error.pos}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"its header is not UTF-8 at byte {error.start}") from None
    if not isinstance(found, dict):
        raise ValueError("its header is not a JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("its header has a name twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS or digits.startswith("-"):
        raise ValueError(f"its header has the number {digits[:24]}")
    return int(digits)


def _no_number(text: str) -> int:
    raise ValueError(f"its header has the number {text[:24]}, which is not a whole one")


def _metadata(entry: object) -> dict[str, str]:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise ValueError("__metadata__ is not text by name")
    for name, value in entry.items():
        _check_text(name)
        _check_text(value)
    return entry


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text in its header has half a character") from None


def _tensor(name: str, entry: object) -> Tensor:
    _check_text(name)
    what = f"tensor {name[:80]!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{what} has not dtype, shape and data_offsets")
    dtype, shape, places = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise ValueError(f"{what} has the unknown type {str(dtype)[:24]!r}")
    if not _whole_numbers(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"{what} has no shape of at most {MAX_DIMENSIONS} dimensions")
    if not _whole_numbers(places) or len(places) != 2 or places[0] > places[1]:
        raise ValueError(f"{what} has no begin and end")
    elements = 1
    for side in shape:
        elements *= side
        if max(elements, side) > MAX_ELEMENTS:
            raise ValueError(f"{what} has more elements than any file can hold")
    size, rest = divmod(elements * BITS[dtype], 8)
    if rest or size != places[1] - places[0]:
        raise ValueError(f"{what} of {dtype} {shape} is given {places[1] - places[0]:,} bytes")
    return Tensor(dtype, tuple(shape), places[0], places[1])


def _whole_numbers(entry: object) -> bool:
    return isinstance(entry, list) and all(type(number) is int for number in entry)


def _check_places(tensors: Mapping[str, Tensor], data_bytes: int) -> None:
    """The tensors lie side by side from the first byte to the last."""
    if len(tensors) > MAX_TENSORS:
        raise ValueError(f"it has more than {MAX_TENSORS:,} tensors")
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if tensor.begin != at:
            how = "overlaps the one before" if tensor.begin < at else "leaves a gap before itself"
            raise ValueError(f"tensor {name[:80]!r} {how}")
        at = tensor.end
    if at != data_bytes:
        raise ValueError(f"its tensors have {at:,} bytes, the file has {data_bytes:,} for them")
