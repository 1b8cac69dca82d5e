"""The compiled choosing loops: score rows, gather the few that can matter, find each practice's cut among those.

Rows grouped by practice are gone through one practice after another, each with a guess carried over from the one
before. A guess only saves work: where too few rows reach it, the practice is gone through again without one. Rows in
any order are filtered first: :mod:`casemgmt.selection.filter_kernels`.

:mod:`casemgmt.selection.plain` holds the NumPy twin, which puts out the same numbers.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.selection.loop_arrays import PracticeCandidates
from casemgmt.selection.places_kernels import denominator_of, places_of
from casemgmt.selection.row_kernels import BLOCK, and_entries, count_bits, rank_rows


@compiled
def choose_practices(span, offsets, scores, conditions, rule, out, work):
    """Choose in some practices of rows grouped by practice.

    Parameters
    ----------
    span : (first, last) of the practices
    offsets : int64, practices + 1
    scores : ScoreSource
    conditions : (Columns, Tables of uint32)
    rule : Rule
    out : Outcome, filled in place, the stretches of these practices one after the other from ``offsets[first]`` on
    work : Scratch, as long as the largest of these practices
    """
    routes, no_score, keys, bits = rule.routes, rule.no_score, work.keys, work.bits
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
            own_keys, own_bits = keys[low:high], bits[low:high]
            and_entries(conditions[0], conditions[1], start + low, start + high, own_bits)
            rank_rows(scores, start + low, start + high, own_bits, routes.ranked_bit, own_keys)
            out.unscored[p] += count_bits(own_keys, own_bits, routes, no_score, out.counts[p])
            found = add_candidates(own_keys, own_bits, low, guess, rule, work.candidates, found)
        copy_candidates(out, place, start, work, found)
        # Counting who is eligible in all would cost another look at everyone: at first, enough were found or not.
        if not resolve_practice(p, PracticeCandidates(place, found, guess, most), rule, out, work):
            least = no_score + 1
            found = add_candidates(keys[:count], bits[:count], 0, least, rule, work.candidates, 0)
            copy_candidates(out, place, start, work, found)
            count_eligible(keys[:count], bits[:count], routes, no_score, every)
            resolve_practice(p, PracticeCandidates(place, found, least, every), rule, out, work)
        place += out.emitted[p]


@compiled_within
def least_guess(routes, guesses, no_score):
    """The lowest key that any route may ask for, above the sign for no score."""
    least = np.iinfo(guesses.dtype).max
    for s in range(len(routes.bit)):
        least = min(least, guesses[s] if routes.is_share[s] else routes.low[s])
    return max(least, no_score + 1)


@compiled_within
def add_candidates(keys, bits, first, guess, rule, candidates, found):
    """Write into ``candidates``, from ``found`` on, which rows are always kept, and which rank from ``guess`` on.

    The rows are numbered from ``first`` on. Returns how many candidates there are then.
    """
    at = np.uint64(found)  # unsigned, so that no index is tested for counting from the end
    least, ranked, no_score = keys.dtype.type(guess), np.uint32(1) << rule.routes.ranked_bit, rule.no_score
    mask = rule.always_keep.bits
    if rule.always_keep.unscored:
        for i in range(len(keys)):
            candidates[at] = first + i
            reaches = (keys[i] >= least) | (keys[i] == no_score)
            at += np.uint64(((bits[i] & mask) != 0) | (reaches & ((bits[i] & ranked) != 0)))
    else:
        for i in range(len(keys)):
            candidates[at] = first + i
            at += np.uint64(((bits[i] & mask) != 0) | ((keys[i] >= least) & ((bits[i] & ranked) != 0)))
    return np.int64(at)


@compiled_within
def copy_candidates(out, place, start, work, found):
    """Put the candidates of a practice that begins at row ``start`` into the outcome, from ``place`` on."""
    for k in range(found):
        i = work.candidates[k]
        out.rows[place + k] = start + i
        out.keys[place + k] = work.keys[i]
        out.member[place + k] = work.bits[i]


@compiled_within
def count_eligible(keys, bits, routes, no_score, eligible):
    """Write into ``eligible[s]`` how many rows have the bit of score route ``s`` and a score."""
    for s in range(len(routes.bit)):
        total, bit = np.uint32(0), np.uint32(routes.bit[s])
        for i in range(len(keys)):
            total += np.uint32(keys[i] != no_score) & (bits[i] >> bit) & np.uint32(1)
        eligible[s] = total


@compiled_within
def resolve_practice(p, candidates, rule, out, work):
    """Let in, by every route, candidates of practice ``p``, and keep those that matter.

    Parameters
    ----------
    candidates : PracticeCandidates
    rule : Rule
    out : Outcome; ``out.member`` holds the bits of the candidates, and what lets them in afterwards
    work : Scratch

    Returns
    -------
    bool : false where fewer rows rank from the guess on than a route has places for; come again with a lower guess
    """
    routes, first, last = rule.routes, candidates.first, candidates.first + candidates.size
    keys, bits = out.keys[first:last], out.member[first:last]
    for i in range(len(keys)):
        work.member[i] = bits[i] & routes.direct
        work.tied[i] = np.uint32(0)
    lowest = np.iinfo(work.buffer.dtype).max
    for s in range(len(routes.bit)):
        bit = np.uint32(routes.bit[s])
        if not routes.is_share[s]:
            let_in_band(keys, bits, bit, routes.low[s], routes.high[s], work.member)
            continue
        places = places_of(routes, s, denominator_of(routes, s, p, out.counts, rule.list_sizes))
        take = min(places, candidates.eligible[s])
        found = eligible_keys(keys, bits, bit, candidates.guess, work.buffer)
        if found < take:
            return False
        out.places[p, s] = places
        if take <= 0:
            continue
        cut = kth_largest(work.buffer, found, take)
        lowest = min(lowest, cut)
        write_cut(out, p, s, cut, take, work.buffer[:found], routes.include_tied[s])
        let_in_share(keys, bits, bit, cut, np.uint32(out.taken[p, s] == out.tied[p, s]), work)
        work.guesses[s] = next_guess(work.buffer, found, take, work.guesses[s])
    keep_rows(out, p, candidates, rule, lowest, work)
    return True


@compiled_within
def eligible_keys(keys, bits, bit, guess, buffer):
    """Copy the keys of rows that have ``bit`` and rank from ``guess`` on into ``buffer``; return how many."""
    found = np.uint64(0)
    for i in range(len(keys)):
        buffer[found] = keys[i]
        found += np.uint64(keys[i] >= guess) & np.uint64((bits[i] >> bit) & np.uint32(1))
    return np.int64(found)


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
def let_in_band(keys, bits, bit, low, high, member):
    """Let in the rows that have ``bit`` and a key from ``low`` to ``high``, both inclusive."""
    for i in range(len(keys)):
        inside = np.uint32((keys[i] >= low) & (keys[i] <= high))
        member[i] |= (inside & (bits[i] >> bit) & np.uint32(1)) << bit


@compiled_within
def write_cut(out, p, s, cut, take, eligible, include_tied):
    """Write a route's cut, how many of the eligible keys are equal to it, and how many of those are let in."""
    above, level = np.int64(0), np.int64(0)
    for i in range(len(eligible)):
        above += eligible[i] > cut
        level += eligible[i] == cut
    out.cut[p, s] = cut
    out.tied[p, s] = level
    out.taken[p, s] = level if include_tied else take - above


@compiled_within
def let_in_share(keys, bits, bit, cut, all_tied, work):
    """Let in the rows that have ``bit`` and rank above the cut, and those at it if they all fit; else note these."""
    for i in range(len(keys)):
        may = (bits[i] >> bit) & np.uint32(1)
        at_cut = np.uint32(keys[i] == cut)
        work.member[i] |= ((np.uint32(keys[i] > cut) | (at_cut & all_tied)) & may) << bit
        work.tied[i] |= (at_cut & (all_tied ^ np.uint32(1)) & may) << bit


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
def keep_rows(out, p, candidates, rule, lowest, work):
    """Leave only the candidates that are let in, tied or always kept, at the start of the practice's stretch.

    Where the unscored are kept, so is everyone ranked at the ``lowest`` cut or above: ranks count them.
    """
    first, kept, ranked = candidates.first, candidates.first, np.uint32(1) << rule.routes.ranked_bit
    mask, unscored_too = rule.always_keep
    for i in range(candidates.size):
        bits, key = out.member[first + i], out.keys[first + i]
        ranks = ((bits & ranked) != 0) & ((key == rule.no_score) | (key >= lowest))
        of_note = ((bits & mask) != 0) | ((unscored_too != 0) & ranks)
        out.rows[kept] = out.rows[first + i]
        out.keys[kept] = key
        out.member[kept] = work.member[i]
        out.at_cut[kept] = work.tied[i]
        kept += ((work.member[i] | work.tied[i]) != 0) | of_note
    out.emitted[p] = kept - first


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
