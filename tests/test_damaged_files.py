"""Damaged files end in a clear refusal or in the rows that were written: never in a crash, a hang or other rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from damage import BYTES, CSV, PARQUET, csv_bytes, damaged, ipc_bytes, parquet_bytes, people
from plain_csv import plain_outcome
from reading_child import Reader, Report, report_of
from register_tools import CORPUS

LONG = [pytest.param(2000, marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def read(reader: Reader, path: Path, data: bytes, what: str) -> Report:
    """Have the bytes read, and check what holds of any file."""
    path.write_bytes(data)
    report = reader.read(path)
    assert report.outcome in ("refused", "accepted"), f"{what}: {report.outcome}, {report.message}"
    if report.outcome == "refused":
        assert report.message.strip(), what
    else:
        assert report.rows_in == len(report.accepted) + report.merged + len(report.quarantined), what
        assert all(reason for *_, reason in (*report.quarantined, *report.corrected)), what
    return report


def as_written(report: Report) -> bool:
    """Whether every row was read as it was written, none left out, set aside or corrected."""
    assert not report.quarantined and not report.corrected and not report.merged
    return True


@pytest.mark.parametrize("count", [200, *LONG])
def test_a_damaged_parquet_file_with_checksums_is_refused_or_gives_the_rows_that_were_written(reader, tmp_path, count):
    outcomes: Counter[str] = Counter()
    path = tmp_path / "register.parquet"
    for seed in range(count):
        table = people(seed % 7, 1 + seed % 60)
        sound = parquet_bytes(table, seed)
        if seed < 12:
            rows = read(reader, path, sound, "undamaged").accepted
            assert list(rows) == list(expected(table))
        report = read(reader, path, damaged(seed, sound, PARQUET), f"seed {seed}")
        outcomes[report.outcome] += 1
        if report.outcome == "accepted":
            assert list(report.accepted) == list(expected(table)), f"seed {seed}"
            assert not report.quarantined and not report.corrected, f"seed {seed}"
    assert min(outcomes["refused"], outcomes["accepted"]) > count // 20


def expected(table: pa.Table) -> list[dict]:
    """The rows as reading gives them: sex without a value is U, an empty text none, a day its ISO text."""
    rows = table.to_pylist()
    for row in rows:
        row["sex"] = row["sex"] or "U"
        row["nominated"] = bool(row["nominated"])
        row["last_review"] = None if row["last_review"] is None else str(row["last_review"])
    return rows


@pytest.mark.parametrize("count", [100, *LONG])
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_damaged_file_without_checksums_is_refused_or_accounted_for(reader, tmp_path, ending, count):
    path = tmp_path / f"register.{ending}"
    for seed in range(count):
        table = people(seed % 7, 1 + seed % 60)
        if ending == "parquet":
            sound, ways = parquet_bytes(table, seed, checksums=False), PARQUET
        else:
            sound, ways = ipc_bytes(table, seed), BYTES
        read(reader, path, damaged(seed, sound, ways), f"seed {seed}")


@pytest.mark.parametrize("count", [200, *LONG])
def test_a_damaged_csv_file_is_read_as_an_independent_reader_reads_it(reader, tmp_path, count):
    outcomes: Counter[str] = Counter()
    path = tmp_path / "register.csv"
    for seed in range(count):
        data = damaged(seed, csv_bytes(seed), CSV)
        report = read(reader, path, data, f"seed {seed}")
        outcomes[report.outcome] += 1
        assert_agrees(report, data, f"seed {seed}")
    assert min(outcomes["refused"], outcomes["accepted"]) > count // 20


def assert_agrees(report: Report, data: bytes, what: str) -> None:
    """The library and the plain reader refuse the same files, and tell the same of every row."""
    plain = plain_outcome(data)
    if plain is None:
        assert report.outcome == "refused", what
        return
    assert report.outcome == "accepted", f"{what}: {report.message}"
    assert report.rows_in == plain.rows_in, what
    assert list(report.quarantined) == plain.quarantined, what
    assert list(report.corrected) == plain.corrected, what
    assert report.merged == plain.merged, what
    assert list(report.accepted) == plain.accepted, what
