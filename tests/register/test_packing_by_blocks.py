"""A long register's columns are packed block by block into the same words as a short one's, however they lie."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from engines import compiling_from

import casemgmt as cm
from casemgmt.register.cleaning import Cleaned, FlagColumn
from casemgmt.register.layout import layout_of, pack_rows

ROWS = 65_536 + 1_003  # a block and a part of one, which no word fills


def chunked(values, cuts):
    """The same column in chunks that begin anywhere."""
    bounds = [0, *cuts, len(values)]
    return pa.chunked_array([values.slice(low, high - low) for low, high in pairwise(bounds)], values.type)


@pytest.mark.parametrize("cuts", [[], [8], [13, 64, 40_001]], ids=str)
@pytest.mark.parametrize("offset", [0, 5, 8, 64])
def test_flags_are_packed_alike_on_both_roads_wherever_their_bits_lie(offset, cuts):
    generator = np.random.default_rng(offset)

    def flag(missing):
        some, data = generator.random(ROWS + offset), generator.integers(0, 256, -(-(ROWS + offset) // 8), np.uint8)
        present = np.packbits(some > missing, bitorder="little")  # where a value is missing, its bit may be set
        column = pa.Array.from_buffers(pa.bool_(), len(some), [pa.py_buffer(present), pa.py_buffer(data)])
        return chunked((column if missing else pa.array(some < 0.3)).slice(offset), cuts)

    columns = {
        "on_list": 1,
        "present": 0,
        "on_caseload": FlagColumn(flag(0)),
        "objected": FlagColumn(flag(0.01)),
        "diabetes": FlagColumn(flag(0.1)),
        "asthma": FlagColumn(flag(0.1), absent=True),
        "sex": Cleaned(generator.integers(1, 4, ROWS).astype(np.int32), None),
        "imd_decile": Cleaned(generator.integers(1, 11, ROWS).astype(np.int64), generator.random(ROWS) < 0.9),
        "age": Cleaned(generator.integers(0, 100, ROWS).astype(np.uint8), generator.random(ROWS) < 0.9),
        "outpatient_attendances_12m": Cleaned(generator.integers(0, 400, ROWS).astype(np.int16), None),
    }
    layout = layout_of(columns, ("on_list", "present"), ())
    with compiling_from(ROWS + 1):
        by_numpy = pack_rows(layout, columns, ROWS)
    with compiling_from(0):
        for threads in (1, 2, 3):
            by_block = pack_rows(layout, columns, ROWS, threads)
            for one, other in zip(by_numpy, by_block, strict=True):
                np.testing.assert_array_equal(one, other)
    word, slot = by_block.words, layout.slots["diabetes"]
    found = (word[slot.row] >> np.uint64(slot.shift)) & np.uint64(3)
    expected = [2 if value is None else int(value) for value in columns["diabetes"].column.to_pylist()]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("compile_from", [0, 10**9])
def test_of_several_columns_at_fault_the_first_is_named_on_both_roads(compile_from):
    dates = pa.array(["2015-01-01"] * 3).cast(pa.date32())
    table = pa.table(
        {
            "patient_id": ["9990000018", "9990000026", "9990000034"],
            "practice_id": ["B00001"] * 3,
            "sex": ["M", "F", "F"],
            "asthma": dates,  # refused, as are these, which come before it in a register's order
            "age": dates,
        }
    )
    with compiling_from(compile_from), pytest.raises(cm.InputError, match="Column 'age' holds"):
        cm.read_register(table, as_of="2015-04-01")
