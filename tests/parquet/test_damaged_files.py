"""Damaged files end in a clear refusal or in the rows that were written: never in a crash, a hang or other rows."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import BYTES, CSV, PARQUET, csv_bytes, damaged, ipc_bytes, parquet_bytes, people
from plain_csv import plain_outcome
from reading_child import Reader, Report
from register_tools import AS_OF, CORPUS, by_id, told

import casemgmt as cm

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


# Files that were once read wrongly, or would end the process


DAMAGED = sorted((CORPUS / "damaged").glob("*.parquet"))


@pytest.mark.parametrize("path", DAMAGED, ids=lambda path: path.stem)
def test_a_parquet_file_that_was_once_misread_is_refused(reader, path):
    report = reader.read(path)
    assert report.outcome == "refused"
    assert report.message == f"{path.name}: not a readable Parquet file; it is damaged or cut short. Copy it again."


def test_those_files_pass_every_page_checksum_and_say_something_else():
    whole = people(1, 12).select(["patient_id", "practice_id", "age", "nominated", "imd_decile", "score"])
    silent = 0
    for path in DAMAGED:
        with contextlib.suppress(pa.ArrowException, OSError):
            table = pq.ParquetFile(path, page_checksum_verification=True).read()
            silent += not table.equals(whole)
    assert silent >= 10


def test_the_digits_of_other_scripts_are_no_numbers_and_no_dates():
    register = cm.read_register(
        CORPUS / "damaged" / "other_digits.csv", as_of=AS_OF, date_format={"last_review": "%d/%m/%Y"}
    )
    assert by_id(register, "age") == {"a1": None, "a2": None, "a3": 12}
    found = {(row, field) for row, _, field, _ in told(register.corrections)}
    assert found == {(0, "age"), (1, "age"), (0, "last_review"), (1, "last_review"), (2, "last_review")}


# The watch itself


def test_a_crash_a_hang_and_a_fault_are_seen(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("patient_id,practice_id,age\na,C87002,1\n", encoding="utf-8")
    made = Reader("os.abort()")
    assert made.read(path).outcome == "crash"
    made.close()
    made = Reader("import time; time.sleep(60)", seconds=0.5)
    assert made.read(path).outcome == "hang"
    made.close()
    made = Reader("raise KeyError('x')")
    assert made.read(path).outcome == "fault"
    assert made.read(path).outcome == "fault"
    made.close()
    made = Reader("bytearray(3 * 1024**3)")
    assert made.read(path) == Report("fault", "MemoryError at <string>:1")
    made.close()
    made = Reader()
    assert made.read(path).outcome == "accepted"
    made.close()
