"""The compiled scoring loop: add up the entries of look-up tables."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(nogil=True, cache=True, boundscheck=False)
def add_entries(columns, tables, start, stop, out):  # type: ignore[no-untyped-def]
    """Write into ``out[i]`` the sum of the entries that row ``start + i`` meets.

    Parameters
    ----------
    columns : Columns of the register
    tables : Tables of int32 or int64 millionths; the caller has checked that no sum overflows
    start, stop : packed rows
    out : the tables' dtype, at least ``stop - start`` long
    """
    count = stop - start
    for i in range(count):
        out[i] = tables.base
    for k in range(len(tables.word_rows)):
        word = columns.words[tables.word_rows[k], start:stop]
        shift = np.uint64(tables.word_shifts[k])
        table = tables.word_tables[k]
        for i in range(count):
            out[i] += table[(word[i] >> shift) & np.uint64(2047)]
    for k in range(len(tables.byte_rows)):
        column = columns.bytes[tables.byte_rows[k], start:stop]
        table = tables.byte_tables[k]
        for i in range(count):
            out[i] += table[column[i]]
    for k in range(len(tables.short_rows)):
        short = columns.shorts[tables.short_rows[k], start:stop]
        table = tables.short_tables[k]
        for i in range(count):
            out[i] += table[short[i]]
    for k in range(len(columns.extra)):
        cells = columns.extra[k, start:stop]
        table = tables.extra_tables[k]
        for i in range(count):
            out[i] += table[cells[i]]
