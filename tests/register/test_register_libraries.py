"""Every library of data frames and every kind of file gives the same register and the same selection."""

from __future__ import annotations

import random

import pandas as pd
import pyarrow as pa
import pytest
from register_tools import AS_OF, LIBRARIES, awkward_table, told

import casemgmt as cm

EXTRACTED_ON = "2015-04-20"
COLUMNS = ("patient_id", "date_of_birth", "imd_decile", "nominated", "sex")


def read(source, **options):
    return cm.read_register(
        source, as_of=AS_OF, extracted_on=EXTRACTED_ON, max_quarantined=1, max_corrected=1, **options
    )


def select(register) -> list[bytes]:
    """The selection, its summary and its queue."""
    scheme = cm.load_scheme("rotherham-2015-16")
    selection = cm.select(register, scheme, model=cm.load_model("cambridge-multimorbidity-20"), over_cap="queue")
    assert selection.to_arrow().num_rows > 20
    return [as_bytes(table) for table in (selection.to_arrow(), selection.summary(), selection.queue())]


def as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def expected():
    """What the plain Arrow table gives."""
    register = read(awkward_table())
    assert len(register) == 235
    assert (register.merged, register.quarantine.num_rows, register.corrections.num_rows) == (1, 6, 6)
    return register, select(register)


def test_every_library_gives_the_same_register_and_the_same_selection_to_the_byte(as_library, expected):
    plain, selected = expected
    register = read(as_library(awkward_table()))
    found = register.to_arrow()
    assert found.schema.equals(plain.to_arrow().schema)
    assert found.combine_chunks().equals(plain.to_arrow().combine_chunks())
    assert (register.rows_in, register.merged) == (plain.rows_in, plain.merged)
    assert register.practices == plain.practices
    if len(register.parts) == 1:
        assert told(register.quarantine) == told(plain.quarantine)
        assert told(register.corrections) == told(plain.corrections)
    assert select(register) == selected


def test_the_libraries_hold_the_same_rows_in_different_types(tmp_path):
    table = awkward_table()
    frames = {name: LIBRARIES[name](table, tmp_path) for name in ("pandas_objects", "pandas_floats", "pandas_strings")}
    kinds = {name: [str(frame[column].dtype) for column in COLUMNS] for name, frame in frames.items()}
    text = "str" if int(pd.__version__.split(".")[0]) >= 3 else "object"
    assert kinds == {
        "pandas_objects": ["object", "object", "float64", "object", "object"],
        "pandas_floats": [text, "datetime64[ms]", "float64", "float64", text],
        "pandas_strings": ["string", "object", "Int64", "boolean", "category"],
    }
    polars = LIBRARIES["polars_frame"](table, tmp_path)
    assert [str(polars.schema[column]).split("(")[0] for column in COLUMNS] == [
        "String",
        "Date",
        "Int64",
        "Boolean",
        "Enum",
    ]


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_rows_and_columns_give_the_same_selection_to_the_byte(tmp_path, expected, seed):
    choose = random.Random(seed)
    table = awkward_table()
    order = list(range(len(table)))
    choose.shuffle(order)
    names = list(table.column_names)
    choose.shuffle(names)
    maker = LIBRARIES[choose.choice(list(LIBRARIES))]
    register = read(maker(table.take(order).select(names), tmp_path))
    assert select(register) == expected[1]


def test_the_source_is_not_changed(as_library):
    table = awkward_table(60)
    before = as_bytes(table)
    source = as_library(table)
    copy = source.copy() if isinstance(source, pd.DataFrame) else None
    register = read(source)
    assert register.to_arrow().num_rows == len(register)
    assert as_bytes(table) == before
    if copy is not None:
        pd.testing.assert_frame_equal(source, copy)


def test_the_cleaned_values_read_again_give_the_same_register(as_library):
    once = read(as_library(awkward_table()))
    again = read(once.to_arrow())
    assert again.to_arrow().equals(once.to_arrow())
    assert (again.rows_in, len(again), again.merged) == (len(once), len(once), 0)
    assert (again.quarantine.num_rows, again.corrections.num_rows) == (0, 0)
    assert again.practices == once.practices
    assert select(again)[0] == select(once)[0]


def test_an_empty_register_of_every_library_has_nobody_and_no_fault(as_library):
    register = read(as_library(awkward_table(60).slice(0, 0)))
    assert (register.rows_in, len(register), register.practices) == (0, 0, ())
    assert register.to_arrow().num_rows == register.quarantine.num_rows == register.corrections.num_rows == 0
    assert read(register.to_arrow()).to_arrow().equals(register.to_arrow())


def test_what_an_earlier_step_says_of_the_people_is_carried_through(tmp_path):
    table = awkward_table(60).replace_schema_metadata({b"casemgmt": b'{"synthetic": true}'})
    for maker in ("pyarrow_table", "parquet_file", "arrow_file", "polars_frame"):
        register = read(LIBRARIES[maker](table, tmp_path))
        assert register.synthetic is (maker != "polars_frame")
        assert read(register.to_arrow()).synthetic is register.synthetic
    assert read(table.replace_schema_metadata({b"casemgmt": b"not json"})).synthetic is False
