"""The compiled loops for rows in any order: filter them by a guess a practice, group what is left, find the cuts.

Guesses come from a sample of the rows. Where too few rows of a practice pass its guess, the rows are filtered again.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.selection.kernels import eligible_keys, kth_largest, resolve_practice
from casemgmt.selection.loop_arrays import PracticeCandidates
from casemgmt.selection.places_kernels import denominator_of
from casemgmt.selection.row_kernels import and_entries, rank_rows

# So many rows are counted in lanes of sixteen bits before those are emptied.
LANE_ROWS = 65_535


@compiled
def filter_rows(span, practice, scores, conditions, rule, guesses, found, work):
    """Score rows in any order, count them by practice, and put out those that can matter.

    Parameters
    ----------
    span : (first, last, step); what begins at ``range(first, last, step)`` is looked at, as many rows each as ``work``
        has room for, and no others
    practice : int32, the number of each row's practice
    scores : ScoreSource
    conditions : (Columns, Tables of uint32)
    rule : Rule; its list sizes are not looked at
    guesses : keys' type, one a practice: rows that rank below it are left out unless they are always kept
    found : FilteredRows, written; the counts are added to
    work : FilterScratch

    Returns
    -------
    int : how many rows were put out
    """
    routes, keys, bits, signs = rule.routes, work.keys, work.bits, work.signs
    put_out, ranked = rule.always_keep.bits, np.uint32(1) << routes.ranked_bit
    kept = rule.always_keep.unscored << np.uint32(found.counts.shape[1] - 1 - len(routes.bit))
    (first, last, step), at, since = span, np.uint64(0), 0
    for low in range(first, last, step):
        high = min(low + len(keys), last)
        count = high - low
        and_entries(conditions[0], conditions[1], low, high, bits)
        rank_rows(scores, low, high, bits, routes.ranked_bit, keys)
        write_signs(keys, bits, count, rule, found.counts.shape[1], signs)
        if since + count > LANE_ROWS:
            empty_lanes(work.lanes, found.counts)
            since = 0
        since += count
        own = practice[low:high]
        for lane in range(work.lanes.shape[1]):
            shift = np.uint32(4 * lane)
            for i in range(count):
                work.lanes[np.uint64(own[i]), lane] += work.spread[(signs[i] >> shift) & np.uint32(15)]
        for i in range(count):
            found.rows[at] = low + i
            found.keys[at] = keys[i]
            found.bits[at] = bits[i]
            ranks = (keys[i] >= guesses[np.uint64(own[i])]) & ((bits[i] & ranked) != 0)
            at += np.uint64(((bits[i] & put_out) != 0) | ranks | ((signs[i] & kept) != 0))
    empty_lanes(work.lanes, found.counts)
    return np.int64(at)


@compiled_within
def write_signs(keys, bits, count, rule, counted, signs):
    """Write into ``signs`` one bit for each thing that is counted, set where it is true of the row.

    They are the bits from ``first_counted`` on, then ranked without a score, then eligible for each score route.
    """
    routes, no_score = rule.routes, rule.no_score
    unscored_at = counted - 1 - len(routes.bit)
    asked = (np.uint32(1) << np.uint32(unscored_at)) - np.uint32(1)  # the bits past those of the plan are all set
    for i in range(count):
        unscored = np.uint32(keys[i] == no_score) & (bits[i] >> routes.ranked_bit) & np.uint32(1)
        signs[i] = ((bits[i] >> np.uint32(routes.first_counted)) & asked) | (unscored << np.uint32(unscored_at))
    for s in range(len(routes.bit)):
        bit, place = np.uint32(routes.bit[s]), np.uint32(unscored_at + 1 + s)
        for i in range(count):
            signs[i] |= (np.uint32(keys[i] != no_score) & (bits[i] >> bit) & np.uint32(1)) << place


@compiled_within
def empty_lanes(lanes, counts):
    """Add the four counts that lie in each lane to ``counts``, and set the lanes to zero."""
    for p in range(lanes.shape[0]):
        for b in range(counts.shape[1]):
            counts[p, b] += np.int64((lanes[p, b >> 2] >> np.uint64(16 * (b & 3))) & np.uint64(65_535))
        lanes[p, :] = np.uint64(0)


@compiled
def group_rows(practice, rows, keys, bits, starts, out):
    """Put candidates into the outcome, those of each practice together, in the order they had.

    Parameters
    ----------
    practice : int32, one a candidate
    starts : int64, where each practice's stretch begins; left as where it ends
    """
    for i in range(len(rows)):
        at = starts[practice[i]]
        starts[practice[i]] = at + 1
        out.rows[at] = rows[i]
        out.keys[at] = keys[i]
        out.member[at] = bits[i]


@compiled
def resolve_span(span, guesses, eligible, rule, out, work, short):
    """Resolve the practices from ``span[0]`` to ``span[1]``; ``short`` says in which there are too few candidates."""
    for p in range(span[0], span[1]):
        first = out.starts[p]
        candidates = PracticeCandidates(first, out.starts[p + 1] - first, guesses[p], eligible[p])
        short[p] = not resolve_practice(p, candidates, rule, out, work)


@compiled
def guess_from_sample(seen, part, rule, guesses, buffer):
    """Set each practice's guess to a key that its cut will hardly fall below, from some of its rows.

    Parameters
    ----------
    seen : Outcome of the rows seen that have a score, not resolved yet; its counts are of all the rows seen
    part : which share of the rows was seen
    rule : Rule
    guesses : written; the lowest key with a score where too few were seen
    buffer : as long as the largest practice, and one more
    """
    routes, least = rule.routes, rule.no_score + 1
    for p in range(len(seen.starts) - 1):
        keys, bits = seen.keys[seen.starts[p] : seen.starts[p + 1]], seen.member[seen.starts[p] : seen.starts[p + 1]]
        guess = np.iinfo(guesses.dtype).max
        for s in range(len(routes.bit)):
            if not routes.is_share[s]:
                guess = min(guess, routes.low[s])
                continue
            size = np.float64(denominator_of(routes, s, p, seen.counts, rule.list_sizes))
            if rule.list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
                size *= part
            expected = size * routes.numerator[s] / routes.divisor[s]
            # Four standard deviations of a count so large, and a few more for the smallest.
            wanted = np.int64(expected + 4.0 * np.sqrt(expected) + 4.0)
            found = eligible_keys(keys, bits, np.uint32(routes.bit[s]), least, buffer)
            guess = min(guess, kth_largest(buffer, found, wanted) if wanted < found else rule.no_score)
        guesses[p] = max(guess, least)
