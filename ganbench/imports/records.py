"""Two formats of records with checksums: TensorFlow's (`tfevents`) and LevelDB's log (`.wandb`).

Both readers yield what is whole, and say what is not: a damaged record costs itself (LevelDB's the
rest of its block of 32 KiB), a file that ends in the middle of a record costs that record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ganbench.imports.missing import unreadable

CHECKED = 2**16  # bytes of a TensorFlow record whose checksum is computed; larger ones are pictures
WINDOW = 2**20  # bytes that are searched at once for the next record
BLOCK = 2**15  # bytes of a block of LevelDB's log
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Record:
    """The bytes of a record that ends at byte `end` of its file."""

    data: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a file that holds no whole record; `torn` if it reaches to the file's end."""

    start: int
    end: int
    torn: bool


def tensorflow(path: Path) -> Iterator[Record | Damage]:
    """The records of a TensorFlow file: length, its checksum, data, their checksum.

    Raises InputError if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            size, at = path.stat().st_size, 0
            while at < size:
                found = _tensorflow_record(file, at, size)
                yield found
                at = found.end
    except OSError as error:
        raise unreadable(error, path) from error


def _tensorflow_record(file: BinaryIO, at: int, size: int) -> Record | Damage:
    file.seek(at)
    head = file.read(12)
    if len(head) < 12:
        return Damage(at, size, torn=True)
    length = _length(head)
    if length is None:
        end = _next_tensorflow_record(file, at + 1, size)
        return Damage(at, end, torn=end == size)
    data, end = file.read(length), at + 12 + length + 4
    check = file.read(4)
    if len(check) < 4:
        return Damage(at, size, torn=True)
    if length <= CHECKED and _masked(data) != struct.unpack("<I", check)[0]:
        return Damage(at, end, torn=False)
    return Record(data, end)


def _length(head: bytes) -> int | None:
    """The length in the first 12 bytes of a record; None if they are no such bytes."""
    length, check = struct.unpack("<QI", head)
    return length if length < 2**32 and _masked(head[:8]) == check else None


def _next_tensorflow_record(file: BinaryIO, at: int, size: int) -> int:
    """Where the next record begins: a length, less than 2³², whose checksum is right."""
    while at < size:
        file.seek(at)
        window = file.read(WINDOW + 11)
        zeros = window.find(b"\0\0\0\0", 4)
        while zeros >= 0:
            start = zeros - 4
            head = window[start : start + 12]
            if len(head) == 12 and _length(head) is not None:
                return at + start
            zeros = window.find(b"\0\0\0\0", zeros + 1)
        at += WINDOW
    return size


def _masked(data: bytes) -> int:
    """TensorFlow's rotated CRC-32C."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _table() -> list[int]:
    """The table of CRC-32C: Castagnoli's polynomial, reflected."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = _table()


def leveldb(path: Path, header: int) -> Iterator[Record | Damage]:
    """The records of a log of LevelDB's kind that begins after `header` bytes.

    A record is one FULL fragment, or FIRST, MIDDLE … LAST. Raises InputError if the file cannot be
    read.
    """
    begun: tuple[int, list[bytes]] | None = None  # where a record began, and its fragments so far
    try:
        size = path.stat().st_size
        for found in _fragments(path, header, size):
            if isinstance(found, Damage):
                start = found.start if begun is None else begun[0]
                begun = None
                yield Damage(start, found.end, found.torn)
                continue
            start, end, kind, data = found
            if kind in (FULL, FIRST) and begun is not None:
                yield Damage(begun[0], start, torn=False)
                begun = None
            if kind == FULL:
                yield Record(data, end)
            elif kind == FIRST:
                begun = start, [data]
            elif begun is not None:
                begun[1].append(data)
                if kind == LAST:
                    yield Record(b"".join(begun[1]), end)
                    begun = None
        if begun is not None:
            yield Damage(begun[0], size, torn=True)
    except OSError as error:
        raise unreadable(error, path) from error


def _fragments(
    path: Path, header: int, size: int
) -> Iterator[tuple[int, int, int, bytes] | Damage]:
    """Start, end, kind and data of each fragment; none crosses the border of a block."""
    with path.open("rb") as file:
        for base in range(0, size, BLOCK):
            block = file.read(BLOCK)
            at = header if base == 0 else 0
            while at + 7 <= len(block):
                check, length, kind = struct.unpack_from("<IHB", block, at)
                end = at + 7 + length
                if kind == 0 and length == 0:  # the rest of the block was never used
                    break
                if end > len(block) or zlib.crc32(block[at + 6 : end]) != check:
                    torn = end > len(block) < BLOCK
                    yield Damage(base + at, base + len(block), torn)
                    break
                yield base + at, base + end, kind, block[at + 7 : end]
                at = end
            else:
                if len(block) < BLOCK and at < len(block):
                    yield Damage(base + at, base + len(block), torn=True)
