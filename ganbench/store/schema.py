"""The tables of the index. They can be dropped and rebuilt from the run folders at any time."""

from __future__ import annotations

import hashlib

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

CHUNK = 4096  # points in a full chunk
BUCKETS = 64  # parts of a chunk of which the overview holds the extremes

metadata = MetaData()

meta = Table(
    "gb_meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

runs = Table(
    "gb_runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("path", String, nullable=False),  # below the runs dir
    Column("created", String, nullable=False, index=True),
    Column("content", JSON, nullable=False),  # run.json, and what the journals add to its config
    Column("annotations", JSON, nullable=False),  # tags and notes
    Column("ended", Boolean, nullable=False),  # all its journals have their end
    Column("mtime", Float, nullable=False),  # of the folder, when all in it had been read
    Column("picture", JSON),  # sha256 and step of the newest
    Column("scores", JSON),  # step and scores of the last scoring
    Column("best", JSON, nullable=False),  # the best score of each measure, extractor and n
)

# One journal of one process, and how far it has been read.
journals = Table(
    "gb_journals",
    metadata,
    Column("run", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("offset", Integer, nullable=False),
    Column("damaged", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("time", Float, nullable=False),  # of the last record
    Column("opened", JSON),  # the first record
    Column("end", JSON),  # the last record, where it is an end
    Column("columns", JSON, nullable=False),  # names of the rows, by columns id
)

series = Table(
    "gb_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("name", String, nullable=False),
    Column("n", Integer, nullable=False),
    UniqueConstraint("run", "name"),
)

# Up to CHUNK points of a series in the order in which they were written; only the last is partial.
# `points` is float64 4×n: step, seen, time, value. `overview` is the same of the extremes.
chunks = Table(
    "gb_chunks",
    metadata,
    Column("series", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("first", Float, nullable=False),  # the smallest step
    Column("last", Float, nullable=False),  # the largest step
    Column("rising", Boolean, nullable=False),  # each step is larger than the one before
    Column("overview", LargeBinary, nullable=False),
    Column("points", LargeBinary, nullable=False),
)

media = Table(
    "gb_media",
    metadata,
    Column("run", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("seen", Integer, nullable=False),
    Column("time", Float, nullable=False),
    Column("sha256", String, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("caption", Text),
)

texts = Table(
    "gb_texts",
    metadata,
    Column("run", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("seen", Integer, nullable=False),
    Column("time", Float, nullable=False),
    Column("text", Text, nullable=False),
)

scores = Table(
    "gb_scores",
    metadata,
    Column("run", String, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("measure", String, primary_key=True),
    Column("extractor", String, primary_key=True),
    Column("n_fake", Integer, primary_key=True),
    Column("rank", Integer, nullable=False),  # its place among the scores of this step
    Column("seen", Integer, nullable=False),
    Column("time", Float, nullable=False),
    Column("score", JSON, nullable=False),
)

# An index whose tables were others is dropped and rebuilt.
VERSION = hashlib.sha256(
    "\n".join(repr(table) for table in metadata.sorted_tables).encode()
).hexdigest()[:16]
