"""The compiled scoring loop: add up the entries of look-up tables."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within


@compiled_within
def set_to_four_chunks(word, shifts, tables, base, out, count):
    """Set to ``base`` and the entries of four chunks of one word."""
    mask = np.uint64(2047)
    a, b, c, d = tables[0], tables[1], tables[2], tables[3]
    i, j, k, l = np.uint64(shifts[0]), np.uint64(shifts[1]), np.uint64(shifts[2]), np.uint64(shifts[3])
    for row in range(count):
        bits = word[row]
        out[row] = base + a[(bits >> i) & mask] + b[(bits >> j) & mask] + c[(bits >> k) & mask] + d[(bits >> l) & mask]


@compiled_within
def add_four_chunks(word, shifts, tables, out, count):
    """Add the entries of four chunks of one word: the word is read once, and four look-ups overlap."""
    mask = np.uint64(2047)
    a, b, c, d = tables[0], tables[1], tables[2], tables[3]
    i, j, k, l = np.uint64(shifts[0]), np.uint64(shifts[1]), np.uint64(shifts[2]), np.uint64(shifts[3])
    for row in range(count):
        bits = word[row]
        out[row] += a[(bits >> i) & mask] + b[(bits >> j) & mask] + c[(bits >> k) & mask] + d[(bits >> l) & mask]


@compiled_within
def add_chunk(word, shift, table, out, count):
    """Add the entries of one chunk of a word."""
    for row in range(count):
        out[row] += table[(word[row] >> np.uint64(shift)) & np.uint64(2047)]


@compiled_within
def add_two_columns(a, b, table_a, table_b, out, count):
    """Add the entries of two columns."""
    for row in range(count):
        out[row] += table_a[a[row]] + table_b[b[row]]


@compiled_within
def add_four_columns(a, b, c, d, tables, out, count):
    """Add the entries of four columns: the sum is read and written once."""
    e, f, g, h = tables[0], tables[1], tables[2], tables[3]
    for row in range(count):
        out[row] += e[a[row]] + f[b[row]] + g[c[row]] + h[d[row]]


@compiled_within
def add_columns(columns, rows, tables, out, start, stop):
    """Add the entries of some rows of ``columns``, four or two at a time."""
    count, k = stop - start, 0
    while k + 3 < len(rows):
        a, b = columns[rows[k], start:stop], columns[rows[k + 1], start:stop]
        c, d = columns[rows[k + 2], start:stop], columns[rows[k + 3], start:stop]
        add_four_columns(a, b, c, d, tables[k : k + 4], out, count)
        k += 4
    while k + 1 < len(rows):
        a, b = columns[rows[k], start:stop], columns[rows[k + 1], start:stop]
        add_two_columns(a, b, tables[k], tables[k + 1], out, count)
        k += 2
    if k < len(rows):
        column, table = columns[rows[k], start:stop], tables[k]
        for row in range(count):
            out[row] += table[column[row]]


@compiled_within
def sum_entries(columns, tables, start, stop, out):
    """Write into ``out[i]`` the sum of the entries that row ``start + i`` meets.

    Parameters
    ----------
    columns : Columns of the register
    tables : Tables of int32 or int64 millionths; the caller has checked that no sum overflows
    start, stop : packed rows
    out : the tables' dtype, at least ``stop - start`` long
    """
    count = stop - start
    k, last = 0, len(tables.word_rows)
    if last > 3 and tables.word_rows[3] == tables.word_rows[0]:
        word = columns.words[tables.word_rows[0], start:stop]
        set_to_four_chunks(word, tables.word_shifts[:4], tables.word_tables[:4], tables.base, out, count)
        k = 4
    else:
        for i in range(count):
            out[i] = tables.base
    while k < last:
        word = columns.words[tables.word_rows[k], start:stop]
        if k + 3 < last and tables.word_rows[k + 3] == tables.word_rows[k]:
            add_four_chunks(word, tables.word_shifts[k : k + 4], tables.word_tables[k : k + 4], out, count)
            k += 4
        else:
            add_chunk(word, tables.word_shifts[k], tables.word_tables[k], out, count)
            k += 1
    add_columns(columns.bytes, tables.byte_rows, tables.byte_tables, out, start, stop)
    add_columns(columns.shorts, tables.short_rows, tables.short_tables, out, start, stop)
    for k in range(len(columns.extra)):
        cells = columns.extra[k, start:stop]
        table = tables.extra_tables[k]
        for i in range(count):
            out[i] += table[cells[i]]


@compiled
def add_entries(columns, tables, start, stop, out):
    """:func:`sum_entries`, as Python calls it."""
    sum_entries(columns, tables, start, stop, out)
