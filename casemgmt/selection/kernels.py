"""The compiled choosing loop: score a practice, find each cut, put out the few rows that matter.

:mod:`casemgmt.selection.plain` holds the NumPy twin, which writes the same numbers into the same arrays.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.risk.kernels import add_entries


@compiled_within
def and_entries(columns, tables, start, stop, out):  # type: ignore[no-untyped-def]
    """Write into ``out[i]`` (uint32) the bitwise and of the entries that row ``start + i`` meets."""
    count = stop - start
    for i in range(count):
        out[i] = tables.base
    for k in range(len(tables.word_rows)):
        word = columns.words[tables.word_rows[k], start:stop]
        shift = np.uint64(tables.word_shifts[k])
        table = tables.word_tables[k]
        for i in range(count):
            out[i] &= table[(word[i] >> shift) & np.uint64(2047)]
    for k in range(len(tables.byte_rows)):
        column = columns.bytes[tables.byte_rows[k], start:stop]
        table = tables.byte_tables[k]
        for i in range(count):
            out[i] &= table[column[i]]
    for k in range(len(tables.short_rows)):
        short = columns.shorts[tables.short_rows[k], start:stop]
        table = tables.short_tables[k]
        for i in range(count):
            out[i] &= table[short[i]]
    for k in range(len(columns.extra)):
        cells = columns.extra[k, start:stop]
        table = tables.extra_tables[k]
        for i in range(count):
            out[i] &= table[cells[i]]


@compiled_within
def kth_largest(values, count, k):  # type: ignore[no-untyped-def]
    """The ``k``-th largest of ``values[:count]``, ``1 <= k <= count``; reorders them."""
    low, high, target = 0, count - 1, k - 1
    while low < high:
        middle = (low + high) // 2
        a, b, c = values[low], values[middle], values[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if target <= j:
            high = j
        elif target >= i:
            low = i
        else:
            return pivot
    return values[target]


@compiled_within
def gather_candidates(keys, bits, count, bit, guess, no_score, buffer):  # type: ignore[no-untyped-def]
    """Copy the keys of eligible rows that are at least ``guess`` into ``buffer``; return how many."""
    found = np.uint64(0)  # unsigned, so that no index is tested for counting from the end
    for i in range(count):
        key = keys[i]
        buffer[found] = key
        found += np.uint64((key >= guess) & (key != no_score)) & np.uint64((bits[i] >> bit) & np.uint32(1))
    return np.int64(found)


@compiled_within
def rank_practice(scores, start, stop, keys):  # type: ignore[no-untyped-def]
    """Write into ``keys`` what ranks each row from ``start`` to ``stop``."""
    count = stop - start
    if len(scores.given):
        given = scores.given[start:stop]
        for i in range(count):
            keys[i] = given[i]
    else:
        add_entries(scores.columns, scores.tables, start, stop, keys)
        for i in range(count):
            keys[i] = scores.no_score if keys[i] < scores.lowest else max(keys[i], scores.floor)


@compiled_within
def count_bits(keys, bits, count, routes, no_score, counts):  # type: ignore[no-untyped-def]
    """Count the rows that have each bit past the routes' own, into ``counts``; return the ranked without a score."""
    for b in range(routes.first_counted, len(counts)):
        total = np.uint32(0)  # as wide as the bits, so that many are added at once; no practice has four billion
        for i in range(count):
            total += (bits[i] >> np.uint32(b)) & np.uint32(1)
        counts[b] = total
    unscored = np.uint32(0)
    for i in range(count):
        unscored += np.uint32(keys[i] == no_score) & (bits[i] >> routes.ranked_bit) & np.uint32(1)
    return np.int64(unscored)


@compiled_within
def places_of(routes, s, size):  # type: ignore[no-untyped-def]
    """The places of share route ``s`` among ``size`` people, in whole numbers."""
    part = size * routes.numerator[s]
    if routes.round_up[s]:
        return -(-part // routes.divisor[s])
    return part // routes.divisor[s]


@compiled_within
def mark_range(keys, bits, count, bit, low, high, marks):  # type: ignore[no-untyped-def]
    """Set ``bit`` in ``marks`` for eligible rows whose key lies from ``low`` to ``high``."""
    for i in range(count):
        inside = np.uint32((keys[i] >= low) & (keys[i] <= high))
        marks[i] |= (inside & (bits[i] >> bit) & np.uint32(1)) << bit


@compiled_within
def mark_from(keys, bits, count, bit, cut, marks):  # type: ignore[no-untyped-def]
    """Set ``bit`` in ``marks`` for eligible rows whose key is at least ``cut``, a key."""
    for i in range(count):
        marks[i] |= (np.uint32(keys[i] >= cut) & (bits[i] >> bit) & np.uint32(1)) << bit


@compiled_within
def mark_both_sides(keys, bits, count, bit, cut, member, tied):  # type: ignore[no-untyped-def]
    """Set ``bit`` in ``member`` for eligible rows above ``cut``, and in ``tied`` for those at it."""
    for i in range(count):
        eligible = (bits[i] >> bit) & np.uint32(1)
        member[i] |= (np.uint32(keys[i] > cut) & eligible) << bit
        tied[i] |= (np.uint32(keys[i] == cut) & eligible) << bit


@compiled_within
def emit_rows(out, p, start, count, keys, member, tied):  # type: ignore[no-untyped-def]
    """Put out the rows that are let in or tied, at the start of the practice's stretch."""
    rows = out.rows[start : start + count]
    found = np.uint64(0)
    for i in range(count):
        rows[min(found, np.uint64(count - 1))] = i
        found += np.uint64((member[i] | tied[i]) != 0)
    kept = np.int64(found)
    for k in range(kept):
        i = rows[k]
        out.keys[start + k] = keys[i]
        out.member[start + k] = member[i]
        out.at_cut[start + k] = tied[i]
        rows[k] = start + i
    out.emitted[p] = kept


@compiled
def choose_practices(first, last, offsets, list_sizes, scores, conditions, routes, out, work):  # type: ignore[no-untyped-def]
    """Choose in practices ``first`` to ``last``.

    Parameters
    ----------
    offsets : int64, practices + 1
    list_sizes : int64, the official list size of each practice, or -1
    scores : ScoreSource
    conditions : (Columns, Tables of uint32)
    routes : RouteArrays
    out : Outcome, filled in place
    work : Scratch, as long as the largest of these practices
    """
    keys, buffer, bits, member, tied = work
    no_score = scores.no_score
    guesses = np.full(len(routes.bit), no_score, dtype=keys.dtype)
    for p in range(first, last):
        start, stop = offsets[p], offsets[p + 1]
        count = stop - start
        rank_practice(scores, start, stop, keys)
        and_entries(conditions[0], conditions[1], start, stop, bits)
        out.unscored[p] = count_bits(keys, bits, count, routes, no_score, out.counts[p])
        for i in range(count):
            member[i] = bits[i] & routes.direct
            tied[i] = np.uint32(0)
        for s in range(len(routes.bit)):
            bit = np.uint32(routes.bit[s])
            if not routes.is_share[s]:
                mark_range(keys, bits, count, bit, routes.low[s], routes.high[s], member)
                continue
            size = out.counts[p, routes.denominator[s]]
            if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
                size = list_sizes[p]
            places = places_of(routes, s, size)
            out.places[p, s] = places
            found = 0
            if places > 0:
                found = gather_candidates(keys, bits, count, bit, guesses[s], no_score, buffer)
                if found < places:
                    found = gather_candidates(keys, bits, count, bit, no_score, no_score, buffer)
            take = min(places, found)
            if take == 0:
                continue
            cut = kth_largest(buffer, found, take)
            above, level = np.int64(0), np.int64(0)
            for i in range(found):
                above += buffer[i] > cut
                level += buffer[i] == cut
            out.cut[p, s] = cut
            out.tied[p, s] = level
            out.taken[p, s] = level if routes.include_tied[s] else take - above
            if out.taken[p, s] == level:
                mark_from(keys, bits, count, bit, cut, member)
            else:
                mark_both_sides(keys, bits, count, bit, cut, member, tied)
            # Enough candidates for a neighbour with a lower cut, without looking at everyone again.
            wanted = 2 * take + 16
            if found >= wanted:
                guesses[s] = kth_largest(buffer, found, wanted)
        emit_rows(out, p, start, count, keys, member, tied)
