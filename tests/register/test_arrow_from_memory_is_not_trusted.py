"""Broken Arrow from memory is refused in words on both roads; odd but sound Arrow gives the right answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import broken_arrow
import numpy as np
import pyarrow as pa
import pytest
from engines import compiling_from

import casemgmt as cm
from casemgmt.register.soundness import sound

AS_OF = "2015-04-01"
HELPERS = Path(__file__).parents[1] / "helpers"
ROADS = pytest.mark.parametrize("from_rows", [0, 10**9])


@ROADS
def test_a_broken_column_is_refused_by_name_at_every_door_and_nothing_crashes(from_rows):
    run = subprocess.run(
        [sys.executable, str(HELPERS / "broken_arrow.py"), str(from_rows)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HELPERS.parents[1]), str(HELPERS)])},
        check=False,
    )
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert run.returncode == 0, (lines[-1:], run.stderr[-2000:])
    assert len(lines) == len(broken_arrow.MAKE) * (len(broken_arrow.COLUMNS) + 2)
    for name, door, said in lines:
        column = door.split()[-1]
        assert said.startswith(f"refused: Column '{column}' cannot be trusted"), (name, door, said)


def table_of(rows: int, **columns: Any) -> pa.Table:
    plain = {
        "patient_id": [f"p{n:07d}" for n in range(rows)],
        "practice_id": ["C87001", "C87002"] * (rows // 2),
        "age": pa.array([50] * rows, pa.int16()),
        "points": np.linspace(0, 1, rows),
    }
    return pa.table(plain | columns)


def read(table: Any, from_rows: int) -> Any:
    with compiling_from(from_rows):
        return cm.read_register(table, as_of=AS_OF)


def null_in_dictionary(values: list[str | None]) -> pa.Array:
    return pa.array(values).dictionary_encode(null_encoding="encode")


@ROADS
@pytest.mark.parametrize("name", ["patient_id", "practice_id", "sex", "ethnicity", "diabetes", "date_of_death", "ward"])
def test_a_null_in_a_dictionary_is_a_missing_value(name, from_rows):
    values: dict[str, list[Any]] = {
        "patient_id": ["a", None, "c", "d"],
        "practice_id": ["C87001", None, "C87001", "C87002"],
        "sex": ["M", None, "F", "M"],
        "ethnicity": ["w", None, "w", "b"],
        "diabetes": ["1", None, "0", "1"],
        "date_of_death": ["2015-01-01", None, None, "2015-02-01"],
        "ward": ["x", None, "y", "x"],
    }
    wanted = read(table_of(4, **{name: values[name]}), from_rows)
    found = read(table_of(4, **{name: null_in_dictionary(values[name])}), from_rows)
    assert found.quarantine.equals(wanted.quarantine)
    assert found.to_arrow().equals(wanted.to_arrow())
    # Several chunks, each with a dictionary of its own.
    chunks = pa.chunked_array([null_in_dictionary(values[name][:2]), null_in_dictionary(values[name][2:])])
    again = read(table_of(4, **{name: chunks}), from_rows)
    assert again.quarantine.equals(wanted.quarantine)
    assert again.to_arrow().equals(wanted.to_arrow())


@ROADS
@pytest.mark.parametrize("name", ["patient_id", "practice_id", "sex"])
def test_a_dictionary_inside_a_dictionary_and_runs_are_read_as_their_values(name, from_rows):
    values = {"patient_id": ["a", "b"], "practice_id": ["C87001", "C87002"], "sex": ["M", "F"]}[name]
    wanted = read(table_of(2, **{name: values}), from_rows).to_arrow()
    nested = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(values).dictionary_encode())
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(values))
    views = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(values, pa.string_view()))
    for odd in (nested, runs, views):
        assert read(table_of(2, **{name: odd}), from_rows).to_arrow().equals(wanted)


@ROADS
def test_flags_and_numbers_in_runs_in_dictionaries_and_in_no_chunk_are_read(from_rows):
    ends = pa.array([2, 4], pa.int32())
    flags = pa.RunEndEncodedArray.from_arrays(ends, pa.array([True, None]))
    ages = pa.RunEndEncodedArray.from_arrays(ends, pa.array([40, 130], pa.int16()))
    numbers = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1]), pa.array([40, 41]))
    found = read(table_of(4, diabetes=flags, age=ages), from_rows)
    assert found.to_arrow()["diabetes"].to_pylist() == [True, True, None, None]
    assert found.corrections.num_rows == 2
    assert read(table_of(4, age=numbers), from_rows).to_arrow()["age"].to_pylist() == [40, 41, 40, 41]
    empty = table_of(2).schema.empty_table()
    no_chunks = pa.table([pa.chunked_array([], kind) for kind in empty.schema.types], names=empty.column_names)
    assert len(read(no_chunks, from_rows)) == 0
    coded = no_chunks.set_column(1, "practice_id", pa.chunked_array([], pa.dictionary(pa.int32(), pa.string())))
    assert len(read(coded, from_rows)) == 0


class Producer:
    """An object whose batches are made as they are asked for."""

    def __init__(self, schema: pa.Schema, batches: Any) -> None:
        self.schema, self.batches = schema, batches

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pa.RecordBatchReader.from_batches(self.schema, self.batches()).__arrow_c_stream__()


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, MemoryError, StopIteration])
def test_a_producer_that_raises_is_refused_without_its_words(error):
    table = table_of(2)

    def batches() -> Any:
        yield from table.to_batches()
        raise error("the NHS number 9990000018")

    class Refuses(Producer):
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise error("the NHS number 9990000018")

    for producer in (Producer(table.schema, batches), Refuses(table.schema, batches)):
        with pytest.raises(cm.InputError, match="could not be read") as refused:
            cm.read_register(producer, as_of=AS_OF)
        assert "9990000018" not in str(refused.value)
        assert refused.value.__suppress_context__


def test_a_producer_whose_batches_are_not_of_its_schema_is_refused():
    table, other = table_of(2), table_of(2, age=["x", "y"])
    for lie in (other, table.drop_columns(["age"])):
        with pytest.raises(cm.InputError):
            cm.read_register(Producer(table.schema, lambda lie=lie: iter(lie.to_batches())), as_of=AS_OF)
    for nothing in (object(), 5, None):

        class Liar:
            def __arrow_c_stream__(self, requested_schema: Any = None, nothing: Any = nothing) -> Any:
                return nothing

        with pytest.raises(cm.InputError):
            cm.read_register(Liar(), as_of=AS_OF)


def test_a_batch_and_a_reader_are_registers():
    table = table_of(4)
    wanted = read(table, 10**9).to_arrow()
    for source in (table.to_batches()[0], table.to_reader(), Producer(table.schema, table.to_batches)):
        assert read(source, 10**9).to_arrow().equals(wanted)


@ROADS
def test_sound_columns_of_every_layout_are_let_through(from_rows):
    plain = pa.array(["C87001", None, "C87002", "a text that is longer than a view"] * 5)
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
    columns = {str(kind): plain.cast(kind).slice(3, 11) for kind in kinds}
    columns["flags"] = pa.array([True, None, False] * 5).slice(2, 11)
    columns["lists"] = pa.array([["a"], None, []] * 5).slice(1, 11)
    columns["runs"] = pa.RunEndEncodedArray.from_arrays(pa.array([4, 15], pa.int32()), ["a", None]).slice(2, 11)
    columns["nothing"] = pa.nulls(11)
    table = pa.table(columns)
    assert sound(table) is table
    assert sound(table.slice(3, 5)).num_rows == 5
    rest = {"patient_id": [str(n) for n in range(11)], "practice_id": ["C87001"] * 11, "age": [5] * 11}
    assert len(read(pa.table(rest | columns), from_rows)) == 11
