"""The compiled loops agree with their NumPy twins on real layouts: many flags, wide sums, any number of threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from engines import compiling_from

import casemgmt as cm
from casemgmt.register.fields import CONDITIONS
from casemgmt.risk.inputs import MILLION
from casemgmt.risk.scoring import compile_model, sums_of


@pytest.fixture(scope="module")
def register():
    parts = [cm.synthesise(code, seed=3).to_arrow() for code in ("C87616", "C87606", "C87603")]
    return cm.read_register(
        pa.concat_tables(parts).replace_schema_metadata(parts[0].schema.metadata), as_of="2021-01-01"
    )


def test_compiled_sums_are_those_of_numpy_when_flags_with_gaps_fill_every_chunk_of_a_word(register):
    table = register.to_arrow()
    for place, name in enumerate(table.column_names):
        if name in CONDITIONS:
            gaps = pa.concat_arrays([pa.nulls(3, pa.bool_()), table.column(name).combine_chunks().slice(3)])
            table = table.set_column(place, name, gaps)
    with_gaps = cm.read_register(table, as_of="2021-01-01")
    model = cm.load_model("demonstration-admission")
    assert len(compile_model(model, with_gaps).tables.word_rows) > 5
    assert np.array_equal(sums_of(model, with_gaps, compiled=True), sums_of(model, with_gaps, compiled=False))


@pytest.mark.parametrize("name", ["cambridge-multimorbidity-20", "demonstration-admission"])
def test_compiled_sums_are_those_of_numpy(register, name):
    model = cm.load_model(name)
    compiled = sums_of(model, register, compiled=True)
    assert len(np.unique(compiled)) > 100
    assert np.array_equal(compiled, sums_of(model, register, compiled=False))


def test_compiled_sums_too_wide_for_32_bits_are_those_of_numpy(register):
    model = cm.load_model("cambridge-multimorbidity-20")
    inputs = tuple(replace(each, table=tuple(amount * 2_000 for amount in each.table)) for each in model.inputs)
    wide = replace(model, inputs=inputs)
    compiled = sums_of(wide, register, compiled=True)
    assert compiled.max() > 2_000 * MILLION
    assert np.array_equal(compiled, 2_000 * sums_of(model, register, compiled=False))


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("name", ["cambridge-multimorbidity-20", "demonstration-admission"])
def test_any_number_of_threads_gives_the_numpy_selection_to_the_byte(register, name, threads):
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model(name)
    options = {"model": model, "allow_demonstration": True}
    expected = cm.select(register, scheme, **options)
    with compiling_from(0):
        found = cm.select(register, scheme, threads=threads, **options)
        assert found.to_arrow().equals(expected.to_arrow(), check_metadata=True)
    assert found.summary().equals(expected.summary())
