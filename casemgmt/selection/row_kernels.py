"""The compiled loops over rows alone: what ranks each row, which conditions it meets, and how many meet each.

:mod:`casemgmt.selection.plain_rows` holds the NumPy twin, which puts out the same numbers.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.risk.kernels import sum_entries

# The bits of a float but for its sign, and those that are all set where it is no number or infinite.
MAGNITUDE, EXPONENT = np.int64(2**63 - 1), np.int64(0x7FF0000000000000)
LEAST = np.int64(-(2**63))  # the bits of -0.0
# Rows scored at a time: their keys and bits stay in the first-level cache beside the tables.
BLOCK = 2048
# So many rows are counted in bytes before those are emptied.
BYTE_ROWS = 248


@compiled_within
def rank_rows(scores, start, stop, bits, ranked_bit, keys):
    """Write into ``keys`` what ranks each row from ``start`` to ``stop``; the sign for no score where nothing does.

    ``bits`` says what each row meets: one without ``ranked_bit`` has no given score that counts. A model's tables say
    so themselves.
    """
    if len(scores.given):
        rank_floats(scores.given[start:stop], bits, ranked_bit, scores.no_score, keys)
        return
    sum_entries(scores.columns, scores.tables, start, stop, keys)
    for i in range(stop - start):
        keys[i] = scores.no_score if keys[i] < scores.lowest else max(keys[i], scores.floor)


@compiled
def finite_ends(given):
    """The least and the greatest finite float of some, given as bits, and turned into whole numbers of their order.

    Of none, the greatest and the least whole number.
    """
    low, high = MAGNITUDE, LEAST
    for i in range(len(given)):
        value = given[i]
        key = value ^ ((value >> np.int64(63)) & MAGNITUDE)
        no_number = (value & EXPONENT) == EXPONENT
        low = min(low, MAGNITUDE if no_number else key)
        high = max(high, LEAST if no_number else key)
    return low, high


@compiled_within
def rank_floats(given, bits, ranked_bit, no_score, keys):
    """Turn the bits of floats into whole numbers of the same order; the sign for no score for rows without the bit.

    The bits of a float below 0 fall as it rises, so all but the sign are turned round; the two zeros become one.
    """
    ranked = np.uint32(1) << ranked_bit
    for i in range(len(given)):
        value = given[i]
        no_number = (value & EXPONENT) == EXPONENT
        key = np.int64(0) if value == LEAST else value ^ ((value >> np.int64(63)) & MAGNITUDE)
        keys[i] = no_score if no_number | ((bits[i] & ranked) == 0) else key


@compiled_within
def and_entries(columns, tables, start, stop, out):
    """Write into ``out[i]`` (uint32) the bitwise and of the entries that row ``start + i`` meets."""
    count, words, bytes_ = stop - start, 0, 0
    if len(tables.word_rows) and len(tables.byte_rows):  # most often one of each
        word, table = columns.words[tables.word_rows[0], start:stop], tables.word_tables[0]
        column, other = columns.bytes[tables.byte_rows[0], start:stop], tables.byte_tables[0]
        shift = np.uint64(tables.word_shifts[0])
        for i in range(count):
            out[i] = tables.base & table[(word[i] >> shift) & np.uint64(2047)] & other[column[i]]
        words = bytes_ = 1
    else:
        for i in range(count):
            out[i] = tables.base
    for k in range(words, len(tables.word_rows)):
        word, table = columns.words[tables.word_rows[k], start:stop], tables.word_tables[k]
        shift = np.uint64(tables.word_shifts[k])
        for i in range(count):
            out[i] &= table[(word[i] >> shift) & np.uint64(2047)]
    for k in range(bytes_, len(tables.byte_rows)):
        column, table = columns.bytes[tables.byte_rows[k], start:stop], tables.byte_tables[k]
        for i in range(count):
            out[i] &= table[column[i]]
    for k in range(len(tables.short_rows)):
        short, table = columns.shorts[tables.short_rows[k], start:stop], tables.short_tables[k]
        for i in range(count):
            out[i] &= table[short[i]]
    for k in range(len(columns.extra)):
        cells, table = columns.extra[k, start:stop], tables.extra_tables[k]
        for i in range(count):
            out[i] &= table[cells[i]]


@compiled_within
def count_bits(keys, bits, routes, no_score, counts):
    """Add to ``counts`` the rows that have each bit past the routes' own; return the ranked without a score.

    Up to seven counts lie side by side in the bytes of a word, which is emptied before a byte could overflow.
    """
    count, first, unscored = len(keys), routes.first_counted, np.int64(0)
    asked = len(counts) - first
    mask = (np.uint64(1) << np.uint64(min(asked, 6))) - np.uint64(1)
    shift, ranked, place = np.uint64(first), np.uint64(routes.ranked_bit), np.uint64(min(asked, 6))
    for low in range(0, count, BYTE_ROWS):
        some = min(BYTE_ROWS, count - low)
        own_keys, own_bits = keys[low : low + some], bits[low : low + some]
        total = np.uint64(0)
        for i in range(some):
            row = np.uint64(own_bits[i])
            without = np.uint64(own_keys[i] == no_score) & (row >> ranked) & np.uint64(1)
            signs = ((row >> shift) & mask) | (without << place)
            # Seven bits times 1 + 2**7 + … + 2**42: each lands in a byte of its own.
            total += (signs * np.uint64(0x0002040810204081)) & np.uint64(0x0101010101010101)
        for b in range(min(asked, 6)):
            counts[first + b] += np.int64((total >> np.uint64(8 * b)) & np.uint64(255))
        unscored += np.int64((total >> (np.uint64(8) * place)) & np.uint64(255))
    for b in range(first + 6, len(counts)):
        for i in range(count):
            counts[b] += np.int64((bits[i] >> np.uint32(b)) & np.uint32(1))
    return unscored
