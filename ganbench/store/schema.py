"""The tables of the index. They can be dropped and rebuilt from the run folders at any time."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect

CHUNK = 4096  # points in a full chunk
BUCKETS = 64  # parts of a chunk of which the overview holds the extremes

metadata = MetaData()


class _Words(TypeDecorator[str]):
    """Text on PostgreSQL as it is on SQLite: ordered by code points, and it may hold NUL.

    PostgreSQL refuses that character; it is kept as DLE 0, and a DLE as DLE DLE.
    """

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\x10", "\x10\x10").replace("\0", "\x100")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if not value or "\x10" not in value:
            return value
        return re.sub("\x10(.)", lambda found: "\0" if found[1] == "0" else "\x10", value)


Words = String().with_variant(_Words(), "postgresql")
Whole = BigInteger  # steps and bytes go beyond 2³¹
Number = BigInteger().with_variant(Integer, "sqlite")  # what counts itself there is an INTEGER

meta = Table(
    "gb_meta",
    metadata,
    Column("key", Words, primary_key=True),
    Column("value", Words, nullable=False),
)

runs = Table(
    "gb_runs",
    metadata,
    Column("run", Words, primary_key=True),
    Column("path", Words, nullable=False),  # below the runs dir
    Column("created", Words, nullable=False, index=True),
    Column("content", JSON, nullable=False),  # run.json, and what the journals add to its config
    Column("annotations", JSON, nullable=False),  # tags and notes
    Column("ended", Boolean, nullable=False),  # all its journals have their end
    Column("mtime", Float, nullable=False),  # of the folder, when all in it had been read
    Column("picture", JSON),  # sha256 and step of the newest
    Column("pictures", Whole, nullable=False),  # records of pictures, those written again too
    Column("scores", JSON),  # step and scores of the last scoring
    Column("best", JSON, nullable=False),  # the best score of each measure, extractor and n
    Column("warned", JSON, nullable=False),  # of each code the last record's step, time and over
    # Rises with each transaction that read something of a run: what changed since one was seen.
    Column("edition", Whole, nullable=False, index=True),
)

# One journal of one process, and how far it has been read.
journals = Table(
    "gb_journals",
    metadata,
    Column("run", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("offset", Whole, nullable=False),
    Column("damaged", Whole, nullable=False),
    Column("step", Whole, nullable=False),
    Column("seen", Whole, nullable=False),
    Column("time", Float, nullable=False),  # of the last record
    Column("opened", JSON),  # the first record
    Column("end", JSON),  # the last record, where it is an end
    Column("columns", JSON, nullable=False),  # names of the rows, by columns id
)

series = Table(
    "gb_series",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("n", Whole, nullable=False),
    Column("step", Float, nullable=False),  # the largest, and its value
    Column("last", Float),  # NULL is NaN
    Column("low", Float),  # of the finite values; NULL if there is none
    Column("high", Float),
    UniqueConstraint("run", "name"),
)

# Up to CHUNK points of a series in the order in which they were written; only the last is partial.
# `points` is float64 4×n: step, seen, time, value. `overview` is the same of the extremes.
chunks = Table(
    "gb_chunks",
    metadata,
    Column("series", Whole, primary_key=True),
    Column("part", Whole, primary_key=True),
    Column("n", Whole, nullable=False),
    Column("first", Float, nullable=False),  # the smallest step
    Column("last", Float, nullable=False),  # the largest step
    Column("rising", Boolean, nullable=False),  # each step is larger than the one before
    Column("overview", LargeBinary, nullable=False),
    Column("points", LargeBinary, nullable=False),
)

media = Table(
    "gb_media",
    metadata,
    Column("run", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("step", Whole, primary_key=True),
    Column("seen", Whole, nullable=False),
    Column("time", Float, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("width", Whole, nullable=False),
    Column("height", Whole, nullable=False),
    Column("caption", Words),
    Column("number", Whole, nullable=False),  # of the record, in the order of reading
)

texts = Table(
    "gb_texts",
    metadata,
    Column("run", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("step", Whole, primary_key=True),
    Column("seen", Whole, nullable=False),
    Column("time", Float, nullable=False),
    Column("text", Words, nullable=False),
)

scores = Table(
    "gb_scores",
    metadata,
    Column("run", Words, primary_key=True),
    Column("step", Whole, primary_key=True),
    Column("measure", Words, primary_key=True),
    Column("extractor", Words, primary_key=True),
    Column("n_fake", Whole, primary_key=True),
    Column("rank", Whole, nullable=False),  # its place among the scores of this step
    Column("seen", Whole, nullable=False),
    Column("time", Float, nullable=False),
    Column("score", JSON, nullable=False),
)

warnings = Table(
    "gb_warnings",
    metadata,
    Column("run", Words, primary_key=True),
    Column("code", Words, primary_key=True),
    Column("step", Whole, primary_key=True),
    Column("over", Boolean, primary_key=True),
    Column("seen", Whole, nullable=False),
    Column("time", Float, nullable=False),
    Column("message", Words, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("advice", JSON, nullable=False),
)

# An index whose tables were others is dropped and rebuilt.
VERSION = hashlib.sha256(
    "\n".join(repr(table) for table in metadata.sorted_tables).encode()
).hexdigest()[:16]
