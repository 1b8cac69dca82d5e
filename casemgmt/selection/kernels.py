"""The compiled choosing loop: score a practice, find each cut, put out the few rows that matter.

:mod:`casemgmt.selection.plain` holds the NumPy twin, which writes the same numbers into the same arrays.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from casemgmt.risk.kernels import add_entries


@nb.njit(nogil=True, cache=True, boundscheck=False)
def and_entries(columns, tables, start, stop, out):  # type: ignore[no-untyped-def]
    """Write into ``out[i]`` (uint32) the bitwise and of the entries that row ``start + i`` meets."""
    count = stop - start
    for i in range(count):
        out[i] = tables.base
    for k in range(len(tables.word_rows)):
        word = columns.words[tables.word_rows[k]]
        shift = np.uint64(tables.word_shifts[k])
        table = tables.word_tables[k]
        for i in range(count):
            out[i] &= table[(word[start + i] >> shift) & np.uint64(2047)]
    for k in range(len(tables.byte_rows)):
        column = columns.bytes[tables.byte_rows[k]]
        table = tables.byte_tables[k]
        for i in range(count):
            out[i] &= table[column[start + i]]
    for k in range(len(tables.short_rows)):
        short = columns.shorts[tables.short_rows[k]]
        table = tables.short_tables[k]
        for i in range(count):
            out[i] &= table[short[start + i]]
    for k in range(len(columns.extra)):
        cells = columns.extra[k]
        table = tables.extra_tables[k]
        for i in range(count):
            out[i] &= table[cells[start + i]]


@nb.njit(nogil=True, cache=True, boundscheck=False)
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


@nb.njit(nogil=True, cache=True, boundscheck=False)
def gather_candidates(keys, bits, count, bit, guess, no_score, buffer):  # type: ignore[no-untyped-def]
    """Copy the keys of eligible rows that are at least ``guess`` into ``buffer``; return how many."""
    found = 0
    for i in range(count):
        key = keys[i]
        buffer[found] = key
        found += (key >= guess) & (key != no_score) & (((bits[i] >> bit) & np.uint32(1)) != 0)
    return found


@nb.njit(nogil=True, cache=True, boundscheck=False)
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
    guesses = np.full(len(routes.bit), no_score + 1, dtype=np.int64)
    for p in range(first, last):
        start, stop = offsets[p], offsets[p + 1]
        count = stop - start
        if len(scores.given):
            for i in range(count):
                keys[i] = scores.given[start + i]
        else:
            add_entries(scores.columns, scores.tables, start, stop, keys)
            for i in range(count):
                keys[i] = no_score if keys[i] < scores.lowest else max(keys[i], scores.floor)
        and_entries(conditions[0], conditions[1], start, stop, bits)
        for b in range(out.counts.shape[1]):
            total = np.int64(0)
            for i in range(count):
                total += np.int64((bits[i] >> np.uint32(b)) & np.uint32(1))
            out.counts[p, b] = total
        unscored = np.int64(0)
        for i in range(count):
            unscored += (keys[i] == no_score) & (((bits[i] >> routes.ranked_bit) & np.uint32(1)) != 0)
        out.unscored[p] = unscored
        for i in range(count):
            member[i] = bits[i] & routes.direct
            tied[i] = np.uint32(0)
        for s in range(len(routes.bit)):
            bit = routes.bit[s]
            low, high, tie_at = routes.low[s], routes.high[s], no_score
            if routes.is_share[s]:
                size = out.counts[p, routes.denominator[s]]
                if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
                    size = list_sizes[p]
                part = size * routes.numerator[s]
                places = part // routes.divisor[s]
                if routes.round_up[s]:
                    places = -(-part // routes.divisor[s])
                out.places[p, s] = places
                low, high = no_score, no_score
                found = 0
                if places > 0:
                    found = gather_candidates(keys, bits, count, bit, guesses[s], no_score, buffer)
                    if found < places:
                        found = gather_candidates(keys, bits, count, bit, no_score, no_score, buffer)
                take = min(places, found)
                if take > 0:
                    cut = kth_largest(buffer, found, take)
                    above, level = np.int64(0), np.int64(0)
                    for i in range(found):
                        above += buffer[i] > cut
                        level += buffer[i] == cut
                    out.cut[p, s] = cut
                    out.tied[p, s] = level
                    out.taken[p, s] = level if routes.include_tied[s] else take - above
                    low, high = cut, routes.high[s]
                    if out.taken[p, s] < level:
                        low, tie_at = cut + 1, cut
                    # Enough candidates for a neighbour with a lower cut, without looking at everyone again.
                    wanted = 2 * take + 16
                    if found >= wanted:
                        guesses[s] = kth_largest(buffer, found, wanted)
            if low > no_score:
                for i in range(count):
                    eligible = ((bits[i] >> bit) & np.uint32(1)) & np.uint32((keys[i] >= low) & (keys[i] <= high))
                    member[i] |= eligible << bit
            if tie_at > no_score:
                for i in range(count):
                    tied[i] |= (((bits[i] >> bit) & np.uint32(1)) & np.uint32(keys[i] == tie_at)) << bit
        place = start
        for i in range(count):
            out.rows[place] = start + i
            out.keys[place] = keys[i]
            out.member[place] = member[i]
            out.at_cut[place] = tied[i]
            # The last row may be written one past the practice only if it is kept, so the place stays inside.
            place += (member[i] | tied[i]) != 0
            if place == stop:
                break
        out.emitted[p] = place - start
