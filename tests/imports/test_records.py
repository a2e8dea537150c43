"""Readers of logs that are whole, cut or damaged."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.imports.records import BLOCK, Damage, Record, leveldb

HEADER = 7


def log(records):
    """LevelDB's log, as its document describes it, with W&B's header."""
    content = bytearray(b":W&B\xe1\xbe\x00")
    for data in records:
        first = True
        while True:
            left = BLOCK - len(content) % BLOCK
            if left < 7:
                content += bytes(left)
                continue
            part, data = data[: left - 7], data[left - 7 :]
            kind = (1 if not data else 2) if first else (4 if not data else 3)
            crc = zlib.crc32(part, zlib.crc32(bytes([kind])))
            content += struct.pack("<IHB", crc, len(part), kind) + part
            first = False
            if not data:
                break
    return bytes(content)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "run-x.wandb"


RECORDS = st.lists(
    st.tuples(st.integers(0, 3 * BLOCK), st.integers(0, 255)).map(lambda t: bytes([t[1]]) * t[0]),
    max_size=6,
)


@settings(deadline=None)
@given(RECORDS)
def test_what_was_written_is_read(path, records):
    path.write_bytes(log(records))
    assert [record.data for record in leveldb(path, HEADER)] == records


@settings(deadline=None)
@given(RECORDS, st.floats(0, 1))
def test_a_cut_log_is_a_prefix(path, records, share):
    """And says so, unless it was cut between two records."""
    content = log(records)
    cut = HEADER + int(share * (len(content) - HEADER))
    path.write_bytes(content[:cut])
    found = list(leveldb(path, HEADER))
    whole = [record.data for record in found if isinstance(record, Record)]
    assert whole == records[: len(whole)]
    damages = [record for record in found if isinstance(record, Damage)]
    ends = [len(log(records[:n])) for n in range(len(records) + 1)]
    assert bool(damages) == (cut not in ends and not _padding(content, ends, cut))
    assert all(damage.torn for damage in damages)


def _padding(content, ends, cut):
    """Whether only the unused rest of a block is between a record's end and the cut."""
    before = max(end for end in ends if end <= cut)
    return BLOCK - before % BLOCK < 7 and cut - before < 7


@settings(deadline=None)
@given(RECORDS.filter(any), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_changed_byte_costs_its_block(path, records, share, change):
    """Every record of which no part is in that block is read, and none that was never written."""
    content = bytearray(log(records))
    at = HEADER + int(share * (len(content) - HEADER))
    content[at] ^= change
    path.write_bytes(content)
    whole = [r.data for r in leveldb(path, HEADER) if isinstance(r, Record)]
    left = list(records)
    for data in whole:  # a subsequence
        while left and left[0] != data:
            left.pop(0)
        assert left
        left.pop(0)
    block = at // BLOCK
    ends = [len(log(records[:n])) for n in range(len(records) + 1)]
    spared = [
        data
        for data, start, end in zip(records, ends, ends[1:], strict=False)
        if end <= block * BLOCK or start >= (block + 1) * BLOCK - 6
    ]
    for data in spared:
        assert data in whole


def test_a_record_that_was_begun_and_never_ended(path):
    """Its writer was killed, and another one went on in the same file."""
    whole = log([b"a" * 10])
    content = bytearray(log([b"a" * 10]))
    content += struct.pack("<IHB", zlib.crc32(b"begun", zlib.crc32(b"\x02")), 5, 2) + b"begun"
    content += whole[HEADER:]
    path.write_bytes(content)
    first, damage, second = leveldb(path, HEADER)
    assert (first.data, second.data) == (b"a" * 10, b"a" * 10)
    assert (damage.start, damage.end, damage.torn) == (len(whole), len(whole) + 12, False)
