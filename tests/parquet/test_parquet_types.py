"""A sound Parquet file is read the same by every decoder, whatever its types and its layout, and parts that differ in
type are one register where nothing is lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from doors import AS_OF, said

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.widening import FileTypes, as_types, common_schema

SCHEME = "prism-top-half-percent"
COUNT = 400
DAYS = [dt.date(2013, 1, 1) + dt.timedelta(days=day) for day in range(COUNT)]
TIMES = [dt.datetime(2013, 1, 1) + dt.timedelta(days=day) for day in range(COUNT)]
TEXT = ["north", "süd", None, ""] * (COUNT // 4)


def people(extra: pa.Array, name: str = "extra", *, first: int = 0, rows: int = COUNT) -> pa.Table:
    return pa.table(
        {
            "patient_id": [f"p{number:05d}" for number in range(first, first + rows)],
            "practice_id": ["C87001", "C87002"] * (rows // 2) + ["C87001"] * (rows % 2),
            "age": pa.array([number % 100 for number in range(rows)], pa.int16()),
            "points": [(7 * number) % rows / 4 for number in range(rows)],
            name: extra,
        }
    )


def outcome(register: Any) -> str:
    """All that a register says when it is selected from; the words of a refusal."""
    try:
        selection = cm.select(register(), cm.load_scheme(SCHEME), score="points")
        tables = [selection.to_arrow(["extra"] if "extra" in selection.register.column_names else [])]
    except InputError as error:
        return f"refused: {error}"
    register = selection.register
    return said(*tables, selection.summary(), register.quarantine, register.corrections) + str(tables[0].schema.types)


def assert_read_alike(paths: Any) -> str:
    read = outcome(lambda: cm.read_register(paths, as_of=AS_OF))
    for decoder in ("polars", "pyarrow", "auto"):
        assert outcome(lambda decoder=decoder: cm.scan_register(paths, as_of=AS_OF, decoder=decoder)) == read, decoder
    return read


WHOLE = [number % 100 for number in range(COUNT)]
KINDS: dict[str, pa.Array] = {
    **{str(kind): pa.array(WHOLE, kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(kind): pa.array(WHOLE, kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    **{str(kind): pa.array(DAYS, kind) for kind in (pa.date32(), pa.date64())},
    **{
        f"{u} {z}": pa.array(TIMES, pa.timestamp(u, z))
        for u in ("s", "ms", "us", "ns")
        for z in (None, "Europe/London")
    },
    **{str(kind): pa.array(TEXT, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())},
    "dictionary": pa.array(TEXT).dictionary_encode(),
    "dictionary of numbers": pa.array(WHOLE).dictionary_encode(),
    "decimal": pa.array([Decimal(number) for number in WHOLE], pa.decimal128(9, 1)),
    "long decimal": pa.array([Decimal(number) for number in WHOLE], pa.decimal256(50, 0)),
    **{str(kind): pa.array([float(number) for number in WHOLE], kind) for kind in (pa.float16(), pa.float32())},
    "missing": pa.nulls(COUNT),
    "missing numbers": pa.nulls(COUNT, pa.int32()),
    "flags": pa.array([True, None] * (COUNT // 2)),
    "bytes": pa.array([b"a"] * COUNT),
    "views of bytes": pa.array([b"a"] * COUNT, pa.binary_view()),
    "list": pa.array([[1], None] * (COUNT // 2)),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "first pages": {},
    "second pages": {"data_page_version": "2.0", "write_page_checksum": True},
    "no dictionary": {"use_dictionary": False, "compression": "zstd"},
    "small groups, no Arrow schema": {"row_group_size": 37, "compression": "gzip", "store_schema": False},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_carried_column_of_any_type_and_layout_is_read_alike(tmp_path, kind):
    path = tmp_path / "register.parquet"
    for options in LAYOUTS.values():
        pq.write_table(people(KINDS[kind]), path, **options)
        assert not assert_read_alike(path).startswith("refused")


@pytest.mark.parametrize("name", ["last_review", "emergency_admissions_12m", "sex", "nominated"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_any_type_is_read_or_refused_alike(tmp_path, kind, name):
    path = tmp_path / "register.parquet"
    pq.write_table(people(KINDS[kind], name), path, row_group_size=150)
    assert_read_alike(path)


def test_metadata_that_is_not_utf_8_is_carried_past(tmp_path):
    path = tmp_path / "register.parquet"
    table = people(pa.array(TEXT)).replace_schema_metadata({b"k\xff": b"\xff\xfe"})
    pq.write_table(table, path, store_schema=False, write_page_checksum=True)
    assert not assert_read_alike(path).startswith("refused")


def test_files_and_row_groups_without_rows_are_read_alike(tmp_path):
    table = people(pa.array(TEXT))
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    pq.write_table(table.slice(0, 0), paths[0])
    with pq.ParquetWriter(paths[1], table.schema) as writer:
        for rows in (0, 300, 0, 0, 100, 0):
            writer.write_table(table.slice(0, rows) if rows < 300 else table.slice(100, 300))
    with pq.ParquetWriter(paths[2], table.schema, write_page_checksum=True):
        pass
    assert not assert_read_alike(paths).startswith("refused")


# Parts of one register


def parts(folder: Path, *each: pa.Array, name: str = "extra", options: Any = ({}, {}, {})) -> list[Path]:
    found = []
    for number, extra in enumerate(each):
        found.append(folder / f"part{number}.parquet")
        pq.write_table(people(extra, name, first=100 * number, rows=len(extra)), found[-1], **options[number])
    return found


SOUND: dict[str, tuple[list[pa.Array], pa.DataType]] = {
    "int8, int16": ([pa.array([1, None], pa.int8()), pa.array([300, 2], pa.int16())], pa.int16()),
    "uint8, int8": ([pa.array([250, 1], pa.uint8()), pa.array([-1], pa.int8())], pa.int16()),
    "uint64, int64": ([pa.array([2**62], pa.uint64()), pa.array([-1], pa.int64())], pa.int64()),
    "int32, double": ([pa.array([2**31 - 1], pa.int32()), pa.array([0.5])], pa.float64()),
    "int64 within 2**53, double": ([pa.array([2**53, -(2**53)]), pa.array([0.5])], pa.float64()),
    "float, double": ([pa.array([0.1], pa.float32()), pa.array([0.1])], pa.float64()),
    "text": (
        [pa.array(["a"]), pa.array(["b"], pa.large_string()), pa.array(["c", "d", "c"]).dictionary_encode()],
        pa.large_string(),
    ),
    "views": ([pa.array(["a"], pa.string_view()), pa.array(["b"])], pa.string()),
    "decimals": ([pa.array([Decimal("1.5")]), pa.array([Decimal("12.25")])], pa.decimal128(4, 2)),
    "decimal, int8": ([pa.array([Decimal("1.5")]), pa.array([100], pa.int8())], pa.decimal128(4, 1)),
    "days, times": ([pa.array([DAYS[0]]), pa.array([TIMES[1]], pa.timestamp("us"))], pa.timestamp("us")),
    "units": ([pa.array([TIMES[0]], pa.timestamp("s")), pa.array([TIMES[1]], pa.timestamp("ms"))], pa.timestamp("ms")),
    "date32, date64": ([pa.array(DAYS[:2]), pa.array(DAYS[:3], pa.date64())], pa.date32()),
    "missing, text": ([pa.nulls(3), pa.array(["a"])], pa.string()),
    "missing numbers, text": ([pa.nulls(3, pa.float64()), pa.array(["a"])], pa.string()),
    "missing text, days": ([pa.array([None, None], pa.string()), pa.array(DAYS[:2])], pa.date32()),
}
LOSING: dict[str, list[pa.Array]] = {
    "text, numbers": [pa.array(["1"]), pa.array([1])],
    "flags, numbers": [pa.array([True]), pa.array([1])],
    "int64 above 2**53, double": [pa.array([2**53 + 1]), pa.array([0.5])],
    "uint64 above 2**63, int64": [pa.array([2**63], pa.uint64()), pa.array([1])],
    "days, numbers": [pa.array(DAYS[:1]), pa.array([1])],
    "days, text": [pa.array(DAYS[:1]), pa.array(["2013-01-01"])],
    "zones": [pa.array(TIMES[:1], pa.timestamp("us", "UTC")), pa.array(TIMES[:1], pa.timestamp("us", "Europe/London"))],
    "days, times with a zone": [pa.array(DAYS[:1]), pa.array(TIMES[:1], pa.timestamp("us", "UTC"))],
    "a day past the range": [pa.array([dt.date(9999, 12, 31)]), pa.array(TIMES[:1], pa.timestamp("ns"))],
    "long decimals, double": [pa.array([Decimal("1234567890123456.5")]), pa.array([0.5])],
    "list, text": [pa.array([["a"]]), pa.array(["a"])],
}


@pytest.mark.parametrize("name", SOUND)
def test_parts_whose_types_differ_are_one_register_where_nothing_is_lost(tmp_path, name):
    arrays, kind = SOUND[name]
    assert not assert_read_alike(parts(tmp_path, *arrays)).startswith("refused")
    told = [FileTypes(str(n), people(each, rows=len(each)).schema, lambda _, e=each: e.null_count == len(e))
            for n, each in enumerate(arrays)]  # fmt: skip
    for order in permutations(range(len(arrays))):
        shared = common_schema([told[at] for at in order])
        assert shared.field("extra").type == kind
        for at in order:
            wide = as_types(people(arrays[at], rows=len(arrays[at])), shared, "x").column("extra")
            assert wide.null_count == arrays[at].null_count
            if wide.null_count < len(wide):
                assert wide.cast(arrays[at].type).to_pylist() == arrays[at].to_pylist()


@pytest.mark.parametrize("name", LOSING)
def test_parts_whose_types_cannot_be_one_are_refused_by_column_and_file(tmp_path, name):
    for arrays in (LOSING[name], LOSING[name][::-1]):
        words = assert_read_alike(parts(tmp_path, *arrays))
        assert words.startswith("refused: Column 'extra' is ")
        assert "part0.parquet" in words or "part1.parquet" in words
        assert "9999" not in words and str(2**53 + 1) not in words


@pytest.mark.parametrize("decoder", ["polars", "pyarrow", "auto"])
def test_repeats_across_parts_of_any_text_type_and_layout_are_found(tmp_path, decoder):
    kinds = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()))
    layouts = ({}, {"data_page_version": "2.0"}, {"use_dictionary": False}, {"compression": "gzip"})
    for turn in range(4):
        paths = []
        for number in range(3):
            kind = kinds[(turn + number) % 4]
            table = people(
                pa.array(["x"] * 4), first=3 * number, rows=4
            )  # each part begins with the last of the one before
            columns = [c.cast(kind) if pa.types.is_string(c.type) else c for c in table.columns]
            paths.append(tmp_path / f"{number}.parquet")
            pq.write_table(pa.table(columns, names=table.column_names), paths[-1], **layouts[(turn + 2 * number) % 4])
        read = cm.read_register(paths, as_of=AS_OF)
        scanned = cm.scan_register(paths, as_of=AS_OF, decoder=decoder)
        assert said(scanned.quarantine) == said(read.quarantine)
        assert scanned.checked().merged == read.merged
        assert read.quarantine.num_rows == 4  # ages differ
