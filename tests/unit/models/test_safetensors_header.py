"""Headers of safetensors files: what the package writes is read alike, what is broken is refused in words."""

from __future__ import annotations

import json
import os
import random
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from safetensors.numpy import save_file

from services.models.safetensors_header import BITS, MAX_HEADER, BadHeader, Header, read


def tensor(dtype: str = "F32", shape: Any = (2,), at: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(at)}


def file_of(header: bytes | dict[str, Any], data: int, *, length: int | None = None) -> bytes:
    """A file's bytes: length, header, zeros."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + bytes(data)


def as_the_package_reads(raw: bytes) -> dict[str, tuple[str, tuple[int, ...], int]]:
    return {
        name: (entry["dtype"], tuple(entry["shape"]), len(entry["data"]))
        for name, entry in safetensors.deserialize(raw)
    }


def as_we_read(header: Header) -> dict[str, tuple[str, tuple[int, ...], int]]:
    return {name: (t.dtype, t.shape, t.end - t.begin) for name, t in header.tensors.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


def test_what_the_package_writes_is_read_as_the_package_reads_it(path: Path) -> None:
    tensors = {
        "blocks.0.weight": np.zeros((3, 5, 2), np.float16),
        "blocks.0.bias": np.zeros((7,), np.float32),
        "scalar": np.array(3, np.int64),
        "empty": np.zeros((0, 4), np.uint8),
        "ünïcode": np.zeros((1, 1), np.bool_),
    }
    save_file(tensors, path, metadata={"format": "pt", "note": "two\nlines"})

    header = read(path)

    assert as_we_read(header) == as_the_package_reads(path.read_bytes())
    assert header.metadata == {"format": "pt", "note": "two\nlines"}
    assert header.data_bytes == sum(array.nbytes for array in tensors.values())


@pytest.mark.parametrize("dtype", BITS)
def test_every_type_has_the_size_that_the_package_gives_it(dtype: str, path: Path) -> None:
    raw = file_of({"t": tensor(dtype, (4, 2), (0, BITS[dtype]))}, BITS[dtype])
    path.write_bytes(raw)

    assert as_we_read(read(path)) == as_the_package_reads(raw)


GOOD = tensor()
BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "0 bytes, fewer than the 8"),
    "seven bytes": (b"1234567", "7 bytes, fewer than the 8"),
    "a length beyond the file": (file_of({"t": GOOD}, 8, length=4000), "said to have 4,000 bytes, the file"),
    "a length beyond all": (file_of({}, 0, length=(1 << 64) - 1), "outside 2 to 100,000,000"),
    "no length": (file_of({}, 0, length=0), "said to have 0 bytes"),
    "a space before": (file_of(b" {}", 0), "not a JSON object"),
    "an array": (file_of(b"[]", 0), "not a JSON object"),
    "half a header": (file_of(b'{"t": {"dtype"', 8), "not JSON at byte"),
    "two objects": (file_of(b"{}{}", 0), "not JSON at byte 2"),
    "no UTF-8": (file_of(b'{"\xff": 1}', 0), "not UTF-8 at byte 2"),
    "half a character": (file_of(b'{"__metadata__": {"a": "\\ud800"}}', 0), "half a character"),
    "a name twice": (
        file_of(b'{"t": %s, "t": %s}' % ((json.dumps(GOOD).encode(),) * 2), 8),
        "a name twice",
    ),
    "nested deep": (file_of(b'{"a":' + b"[" * 90_000, 0), "nested too deep"),
    "many arrays": (file_of(b'{"a":[' + b"[]," * 200_001 + b"[]]}", 0), "more than 200,000 times '['"),
    "a fraction": (file_of({"t": tensor(at=(0, 8.0))}, 8), "number 8.0, which is not a whole one"),
    "no number": (file_of(b'{"t": NaN}', 8), "number NaN"),
    "a negative place": (file_of({"t": tensor(at=(-8, 0))}, 8), "number -8"),
    "endless digits": (file_of(b'{"t": ' + b"9" * 9000 + b"}", 8), "number 999999999999999999999999"),
    "a true side": (file_of({"t": tensor(shape=(True, 2))}, 8), "no shape"),
    "many sides": (file_of({"t": tensor(shape=(1,) * 33)}, 8), "no shape of at most 32"),
    "no shape": (file_of({"t": {"dtype": "F32", "data_offsets": [0, 8]}}, 8), "has not dtype, shape"),
    "too many fields": (file_of({"t": GOOD | {"device": "cuda"}}, 8), "has not dtype, shape"),
    "an unknown type": (file_of({"t": tensor("F128")}, 8), "unknown type 'F128'"),
    "too few bytes": (file_of({"t": tensor(shape=(3,))}, 8), "of F32 [3] is given 8 bytes"),
    "half a byte": (file_of({"t": tensor("F4", (3,), (0, 1))}, 1), "of F4 [3] is given 1 bytes"),
    "an overflow": (file_of({"t": tensor(shape=(1 << 40, 1 << 40, 0), at=(0, 0))}, 0), "more elements"),
    "backwards": (file_of({"t": tensor(at=(8, 0))}, 8), "no begin and end"),
    "a gap": (file_of({"a": GOOD, "b": tensor(at=(9, 17))}, 17), "'b' leaves a gap"),
    "an overlap": (file_of({"a": GOOD, "b": tensor(at=(4, 12))}, 12), "'b' overlaps"),
    "a file too short": (file_of({"t": GOOD}, 7), "have 8 bytes, the file has 7"),
    "a file too long": (file_of({"t": GOOD}, 9), "have 8 bytes, the file has 9"),
    "metadata of numbers": (file_of({"__metadata__": {"a": 1}, "t": GOOD}, 8), "__metadata__ is not text"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_name_and_what_is_wrong(case: str, path: Path) -> None:
    raw, said = BROKEN[case]
    path.write_bytes(raw)

    with pytest.raises(BadHeader) as caught:
        read(path, called="transformer/weights.safetensors")

    assert caught.value.message.startswith("transformer/weights.safetensors is damaged: ")
    assert said in caught.value.message
    assert caught.value.reason == "MODEL_UNAVAILABLE"


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for name, said in (("pipe", "not a file"), (".", "not a file"), ("nothing", "No such file")):
        with pytest.raises(BadHeader, match=said):
            read(tmp_path / name)


def test_a_length_that_lies_costs_no_memory(path: Path) -> None:
    with path.open("wb") as file:
        file.write(struct.pack("<Q", MAX_HEADER))
        file.truncate(MAX_HEADER + 8)
    tracemalloc.start()

    with pytest.raises(BadHeader, match="not a JSON object"):
        read(path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """A file's bytes with one to four wounds."""
    made = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(made)) if made else 0
        match dice.randrange(8):
            case 0:
                made[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del made[at : at + dice.randint(1, 40)]
            case 2:
                made[at:at] = dice.choice(WOUNDS)
            case 3:
                made[at : at + 1] = dice.choice(b"0123456789").to_bytes()
            case 4:
                made[:8] = struct.pack("<Q", dice.choice((0, 1, len(made), MAX_HEADER, 1 << 63, at)))
            case 5:
                made += made[at : at + dice.randint(1, 200)]
            case 6:
                other = dice.randrange(len(made)) if made else 0
                made[at : at + 9] = made[other : other + 9]
            case _:
                header = bytes(made[8:-32])
                made[:] = struct.pack("<Q", len(header)) + header + made[-32:]
    return bytes(made)


WOUNDS = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\ud800", b"null", b"1e9", b"-1", b" ", b"\0"),
    *(b"18446744073709551616", b"[" * 2000, b'{"a":' * 2000, b"9" * 5000, b'"dtype":"F64",', b"\xc3\x28"),
)


def test_ten_thousand_mutated_files_are_read_as_the_package_reads_them_or_refused(path: Path) -> None:
    dice = random.Random(22)
    arrays = {f"blocks.{i}.w": np.zeros((i % 3, 2), np.float16) for i in range(6)}
    save_file(arrays | {"last": np.zeros(4, np.float64)}, path, metadata={"format": "pt"})
    good = path.read_bytes()
    valid = refused = 0
    tracemalloc.start()

    for _ in range(10_000):
        raw = mutated(good, dice)
        path.write_bytes(raw)
        try:
            header = read(path)
        except BadHeader:
            refused += 1
        else:
            valid += 1
            assert as_we_read(header) == as_the_package_reads(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert valid > 50
    assert refused > 5000
    assert peak < 8 << 20
