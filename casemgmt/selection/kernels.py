"""The compiled choosing loops: score rows, pick the few that can matter, find each practice's cut among those.

Rows grouped by practice are settled one practice after another, each with a guess carried over from the one before.
Rows in any order are sifted with a guess a practice, and settled when the picked rows have been brought together. A
guess only saves work: where too few rows pass it, the practice is picked again without one.

:mod:`casemgmt.selection.plain` holds the NumPy twin, which puts out the same numbers.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.risk.kernels import add_entries

# Rows scored at a time: their keys and bits stay in the first-level cache beside the tables.
BLOCK = 2048
# So many rows are counted in lanes of sixteen bits, or in bytes, before those are emptied.
LANE_ROWS = 65_535
BYTE_ROWS = 248


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
def kth_largest(values, count, k):
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
def rank_rows(scores, start, stop, keys):
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
def count_bits(keys, bits, count, routes, no_score, counts):
    """Add to ``counts`` the rows that have each bit past the routes' own; return the ranked without a score.

    Up to seven counts lie side by side in the bytes of a word, which is emptied before a byte could overflow.
    """
    first, unscored = routes.first_counted, np.int64(0)
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


@compiled_within
def pick_rows(keys, bits, count, first, routes, told, no_score, guess, picked, found):
    """Write into ``picked``, from ``found`` on, which rows are told of, and which rank from ``guess`` on.

    Of ``count`` rows, numbered from ``first`` on. ``told`` is (bits of which each has its rows told of, 1 where
    the ranked without a score are as well), uint32.
    """
    at = np.uint64(found)  # unsigned, so that no index is tested for counting from the end
    least, ranked = keys.dtype.type(guess), np.uint32(1) << routes.ranked_bit
    mask, unscored_too = told
    if unscored_too:
        for i in range(count):
            picked[at] = first + i
            reaches = (keys[i] >= least) | (keys[i] == no_score)
            at += np.uint64(((bits[i] & mask) != 0) | (reaches & ((bits[i] & ranked) != 0)))
    else:
        for i in range(count):
            picked[at] = first + i
            at += np.uint64(((bits[i] & mask) != 0) | ((keys[i] >= least) & ((bits[i] & ranked) != 0)))
    return np.int64(at)


@compiled_within
def least_guess(routes, guesses, no_score):
    """The lowest key that any route may ask for, above the sign for no score."""
    least = np.iinfo(guesses.dtype).max
    for s in range(len(routes.bit)):
        least = min(least, guesses[s] if routes.is_share[s] else routes.low[s])
    return max(least, no_score + 1)


@compiled_within
def places_of(routes, s, size):
    """The places of share route ``s`` among ``size`` people, in whole numbers."""
    part = size * routes.numerator[s]
    if routes.round_up[s]:
        return -(-part // routes.divisor[s])
    return part // routes.divisor[s]


@compiled_within
def denominator_of(routes, s, p, counts, list_sizes):
    """How many people route ``s`` takes its share of in practice ``p``."""
    if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
        return list_sizes[p]
    return counts[p, routes.denominator[s]]


@compiled_within
def eligible_keys(keys, bits, count, bit, guess, buffer):
    """Copy the keys of rows that have ``bit`` and rank from ``guess`` on into ``buffer``; return how many."""
    found = np.uint64(0)
    for i in range(count):
        buffer[found] = keys[i]
        found += np.uint64(keys[i] >= guess) & np.uint64((bits[i] >> bit) & np.uint32(1))
    return np.int64(found)


@compiled_within
def settle_practice(p, first, count, guess, eligible, list_sizes, routes, told, no_score, out, work):
    """Let in, by every route, the ``count`` picked rows of the outcome from ``first`` on, and keep those that matter.

    Parameters
    ----------
    guess : every row of the practice that ranks from this key on was picked, and has a score
    eligible : int64, one a score route: how many rows of the whole practice have its bit and a score
    told : as for :func:`pick_rows`; rows that are told of are kept though nothing lets them in
    out : Outcome; ``out.member`` holds the bits of the picked rows, and what lets them in afterwards
    work : Scratch

    Returns
    -------
    bool : false where fewer rows rank from ``guess`` on than a route has places for; pick again with a lower guess
    """
    keys, bits = out.keys[first : first + count], out.member[first : first + count]
    member, tied, buffer = work.member, work.tied, work.buffer
    for i in range(count):
        member[i] = bits[i] & routes.direct
        tied[i] = np.uint32(0)
    lowest = np.iinfo(buffer.dtype).max
    for s in range(len(routes.bit)):
        bit = np.uint32(routes.bit[s])
        if not routes.is_share[s]:
            for i in range(count):
                inside = np.uint32((keys[i] >= routes.low[s]) & (keys[i] <= routes.high[s]))
                member[i] |= (inside & (bits[i] >> bit) & np.uint32(1)) << bit
            continue
        places = places_of(routes, s, denominator_of(routes, s, p, out.counts, list_sizes))
        take = min(places, eligible[s])
        found = eligible_keys(keys, bits, count, bit, guess, buffer)
        if found < take:
            return False
        out.places[p, s] = places
        if take <= 0:
            continue
        cut = kth_largest(buffer, found, take)
        lowest = min(lowest, cut)
        above, level = np.int64(0), np.int64(0)
        for i in range(found):
            above += buffer[i] > cut
            level += buffer[i] == cut
        out.cut[p, s] = cut
        out.tied[p, s] = level
        out.taken[p, s] = level if routes.include_tied[s] else take - above
        everyone = np.uint32(out.taken[p, s] == level)
        for i in range(count):
            may = (bits[i] >> bit) & np.uint32(1)
            at_cut = np.uint32(keys[i] == cut)
            member[i] |= ((np.uint32(keys[i] > cut) | (at_cut & everyone)) & may) << bit
            tied[i] |= (at_cut & (everyone ^ np.uint32(1)) & may) << bit
        work.guesses[s] = next_guess(buffer, found, take, work.guesses[s])
    keep_rows(out, p, first, count, member, tied, np.uint32(1) << routes.ranked_bit, told, no_score, lowest)
    return True


@compiled_within
def next_guess(buffer, found, take, guess):
    """A key that half as many again as there are places should reach in the next practice; the lowest for none."""
    wanted = take + take // 2 + 16
    if found > 2 * wanted:
        return kth_largest(buffer, found, wanted)
    if found < take + take // 4 + 8:
        return np.iinfo(buffer.dtype).min
    return guess


@compiled_within
def keep_rows(out, p, first, count, member, tied, ranked, told, no_score, lowest):
    """Leave only the picked rows that are let in, tied or told of, at the start of the practice's stretch.

    Where the unscored are told of, so is everyone ranked at the ``lowest`` cut or above: ranks count them.
    """
    kept, (mask, unscored_too) = first, told
    for i in range(count):
        bits, key = out.member[first + i], out.keys[first + i]
        ranks = ((bits & ranked) != 0) & ((key == no_score) | (key >= lowest))
        of_note = ((bits & mask) != 0) | ((unscored_too != 0) & ranks)
        out.rows[kept] = out.rows[first + i]
        out.keys[kept] = key
        out.member[kept] = member[i]
        out.at_cut[kept] = tied[i]
        kept += ((member[i] | tied[i]) != 0) | of_note
    out.emitted[p] = kept - first


@compiled_within
def copy_picked(out, place, start, keys, bits, picked, found):
    """Put the picked rows of a practice that begins at row ``start`` into the outcome, from ``place`` on."""
    for k in range(found):
        i = picked[k]
        out.rows[place + k] = start + i
        out.keys[place + k] = keys[i]
        out.member[place + k] = bits[i]


@compiled
def choose_practices(span, offsets, list_sizes, scores, conditions, routes, told, out, work):
    """Choose in some practices of rows grouped by practice.

    Parameters
    ----------
    span : (first, last) of the practices
    offsets : int64, practices + 1
    list_sizes : int64, the official list size of each practice, or -1
    scores : ScoreSource
    conditions : (Columns, Tables of uint32)
    routes : RouteArrays
    told : as for :func:`pick_rows`
    out : Outcome, filled in place, the stretches of these practices one after the other from ``offsets[first]`` on
    work : Scratch, as long as the largest of these practices
    """
    no_score, keys, bits, picked = scores.no_score, work.keys, work.bits, work.picked
    most = np.full(len(routes.bit), 2**62, dtype=np.int64)
    every = np.full(len(routes.bit), 0, dtype=np.int64)
    work.guesses[:] = no_score
    place = offsets[span[0]]
    for p in range(span[0], span[1]):
        start, count, found = offsets[p], offsets[p + 1] - offsets[p], np.int64(0)
        out.starts[p] = place
        guess = least_guess(routes, work.guesses, no_score)
        for low in range(0, count, BLOCK):
            high = min(low + BLOCK, count)
            rank_rows(scores, start + low, start + high, keys[low:high])
            and_entries(conditions[0], conditions[1], start + low, start + high, bits[low:high])
            out.unscored[p] += count_bits(keys[low:high], bits[low:high], high - low, routes, no_score, out.counts[p])
            own_keys, own_bits = keys[low:high], bits[low:high]
            found = pick_rows(own_keys, own_bits, high - low, low, routes, told, no_score, guess, picked, found)
        copy_picked(out, place, start, keys, bits, picked, found)
        # Counting who is eligible in all would cost another look at everyone: at first, enough were picked or not.
        if not settle_practice(p, place, found, guess, most, list_sizes, routes, told, no_score, out, work):
            found = pick_rows(keys, bits, count, 0, routes, told, no_score, no_score + 1, picked, 0)
            copy_picked(out, place, start, keys, bits, picked, found)
            count_eligible(keys, bits, count, routes, no_score, every)
            settle_practice(p, place, found, no_score + 1, every, list_sizes, routes, told, no_score, out, work)
        place += out.emitted[p]


@compiled_within
def count_eligible(keys, bits, count, routes, no_score, eligible):
    """Write into ``eligible[s]`` how many rows have the bit of score route ``s`` and a score."""
    for s in range(len(routes.bit)):
        total, bit = np.uint32(0), np.uint32(routes.bit[s])
        for i in range(count):
            total += np.uint32(keys[i] != no_score) & (bits[i] >> bit) & np.uint32(1)
        eligible[s] = total


@compiled
def sift_rows(span, practice, scores, conditions, routes, guesses, told_of, counts, found, work):
    """Score rows in any order, count them by practice, and put out those that can matter.

    Parameters
    ----------
    span : (first, last, step); blocks that begin at ``range(first, last, step)`` are looked at, and no others
    practice : int32, the number of each row's practice
    guesses : keys' type, one a practice: rows that rank below it are left out
    told_of : (bits of which each has its rows put out, 1 where the ranked without a score are put out as well), uint32
    counts : int64, (practices, counted): the bits from ``routes.first_counted`` on, then the ranked without a score,
        then the eligible of each score route; added to
    found : (rows, keys, bits), as long as there are rows to look at and one more; written
    work : SiftScratch

    Returns
    -------
    int : how many rows were put out
    """
    rows, out_keys, out_bits = found
    keys, bits, lanes = work.keys, work.bits, work.lanes
    no_score, counted = scores.no_score, counts.shape[1]
    unscored_at = counted - 1 - len(routes.bit)
    asked = (np.uint32(1) << np.uint32(unscored_at)) - np.uint32(1)  # the bits past those of the plan are all set
    (first, last, step), (put_out, unscored_too) = span, told_of
    ranked = np.uint32(1) << routes.ranked_bit
    kept = unscored_too << np.uint32(unscored_at)
    at, since = np.uint64(0), 0
    for low in range(first, last, step):
        high = min(low + BLOCK, last)
        count = high - low
        rank_rows(scores, low, high, keys)
        and_entries(conditions[0], conditions[1], low, high, bits)
        signs = work.signs
        for i in range(count):
            unscored = np.uint32(keys[i] == no_score) & (bits[i] >> routes.ranked_bit) & np.uint32(1)
            signs[i] = ((bits[i] >> np.uint32(routes.first_counted)) & asked) | (unscored << np.uint32(unscored_at))
        for s in range(len(routes.bit)):
            bit, place = np.uint32(routes.bit[s]), np.uint32(unscored_at + 1 + s)
            for i in range(count):
                signs[i] |= (np.uint32(keys[i] != no_score) & (bits[i] >> bit) & np.uint32(1)) << place
        if since + count > LANE_ROWS:
            empty_lanes(lanes, counts)
            since = 0
        since += count
        own = practice[low:high]
        for lane in range(lanes.shape[1]):
            shift = np.uint32(4 * lane)
            for i in range(count):
                lanes[np.uint64(own[i]), lane] += work.spread[(signs[i] >> shift) & np.uint32(15)]
        for i in range(count):
            rows[at] = low + i
            out_keys[at] = keys[i]
            out_bits[at] = bits[i]
            ranks = (keys[i] >= guesses[np.uint64(own[i])]) & ((bits[i] & ranked) != 0)
            at += np.uint64(((bits[i] & put_out) != 0) | ranks | ((signs[i] & kept) != 0))
    empty_lanes(lanes, counts)
    return np.int64(at)


@compiled_within
def empty_lanes(lanes, counts):
    """Add the four counts that lie in each lane to ``counts``, and set the lanes to zero."""
    for p in range(lanes.shape[0]):
        for b in range(counts.shape[1]):
            counts[p, b] += np.int64((lanes[p, b >> 2] >> np.uint64(16 * (b & 3))) & np.uint64(65_535))
        lanes[p, :] = np.uint64(0)


@compiled
def collect(first, last, out, places, found):
    """Lay the rows that practices ``first`` to ``last`` emitted one after the other.

    Parameters
    ----------
    places : int64, one a practice: where its rows go
    found : (practice int64, rows int64, keys, member, at_cut), written
    """
    practice, rows, keys, member, at_cut = found
    for p in range(first, last):
        start, place = out.starts[p], places[p]
        for k in range(out.emitted[p]):
            practice[place + k] = p
            rows[place + k] = out.rows[start + k]
            keys[place + k] = out.keys[start + k]
            member[place + k] = out.member[start + k]
            at_cut[place + k] = out.at_cut[start + k]


@compiled
def bring_together(practice, rows, keys, bits, starts, out):
    """Put picked rows into the outcome, those of each practice together, in the order they had.

    Parameters
    ----------
    practice : int32, one a picked row
    starts : int64, where each practice's stretch begins; left as where it ends
    """
    for i in range(len(rows)):
        at = starts[practice[i]]
        starts[practice[i]] = at + 1
        out.rows[at] = rows[i]
        out.keys[at] = keys[i]
        out.member[at] = bits[i]


@compiled
def settle_practices(span, starts, guesses, eligible, list_sizes, routes, no_score, out, work, short):
    """Settle some practices; ``short`` says in which too few rows were picked."""
    told = (routes.direct, np.uint32(0))
    for p in range(span[0], span[1]):
        first, count = starts[p], starts[p + 1] - starts[p]
        short[p] = not settle_practice(
            p, first, count, guesses[p], eligible[p], list_sizes, routes, told, no_score, out, work
        )


@compiled
def guess_from_sample(starts, keys, bits, counts, list_sizes, part, routes, no_score, guesses, buffer):
    """Set each practice's guess to a key that its cut will hardly fall below, from some of its rows.

    Parameters
    ----------
    starts, keys, bits : the rows seen that have a score, those of each practice together
    counts : int64, (practices, bits): of the rows seen
    part : which share of the rows was seen
    guesses : written; the lowest key with a score where too few were seen
    """
    for p in range(len(starts) - 1):
        first, count = starts[p], starts[p + 1] - starts[p]
        guess = np.iinfo(guesses.dtype).max
        for s in range(len(routes.bit)):
            if not routes.is_share[s]:
                guess = min(guess, routes.low[s])
                continue
            size = np.float64(denominator_of(routes, s, p, counts, list_sizes))
            if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
                size *= part
            expected = size * routes.numerator[s] / routes.divisor[s]
            # Four standard deviations of a count so large, and a few more for the smallest.
            wanted = np.int64(expected + 4.0 * np.sqrt(expected) + 4.0)
            found = eligible_keys(keys[first:], bits[first:], count, np.uint32(routes.bit[s]), no_score + 1, buffer)
            guess = min(guess, kth_largest(buffer, found, wanted) if wanted < found else no_score)
        guesses[p] = max(guess, no_score + 1)
