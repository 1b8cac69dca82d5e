"""The loops of the bootstrap: people drawn again within their strata, and what each draw makes of a ranking.

The random numbers are those of splitmix64 (Steele, Lea, Flood. Fast splittable pseudorandom number generators. OOPSLA
2014), started anew for each replicate from the seed and the replicate's number: which thread works on it is no matter.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@compiled_within
def _mixed(state):
    """The 64 random bits of one state of the generator."""
    z = (state ^ (state >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@compiled_within
def _draw(seed, replicate, starts, rank_of, weights):
    """Draw as many people of each stratum as it has, with replacement; each 64 bits serve two draws.

    A draw is the upper half of 32 random bits times the stratum's size (Lemire 2019): no division, and uneven by less
    than the size over 2**32.
    """
    state = _mixed(seed + _GOLDEN * (np.uint64(replicate) + np.uint64(1)))
    for s in range(len(starts) - 1):
        first, size = starts[s], starts[s + 1] - starts[s]
        wide = np.uint64(size)
        for _ in range(size >> 1):
            state += _GOLDEN
            z = _mixed(state)
            weights[rank_of[first + np.int64(((z >> _32) * wide) >> _32)]] += 1
            weights[rank_of[first + np.int64(((z & _LOW) * wide) >> _32)]] += 1
        if size & 1:
            state += _GOLDEN
            weights[rank_of[first + np.int64(((_mixed(state) >> _32) * wide) >> _32)]] += 1


@compiled
def resample(span, seed, starts, rank_of, outcome, is_end, cell, square, weights, areas, precisions, squares, cells):
    """Work out the figures of some replicates.

    Parameters
    ----------
    span : (first, past the last) replicate
    seed : uint64
    starts : int64, strata + 1: where each stratum begins among the people
    rank_of : int32, (people,): the place in the ranking, 0 the highest, of each person in the order of the strata
    outcome : uint8, (people,), by place in the ranking: 1 it happened, 0 not
    is_end : uint8, (people,), by place: 1 for the last of those with one score
    cell : int32, (people,), by place: the cell that the person is counted in
    square : float64, (people,), by place: the squared error of the risk; empty where there is no risk
    weights : uint16, (people,): scratch, all 0
    areas, precisions, squares : float64, (replicates,): area under the ROC curve; average precision; mean squared error
        (left as it is where ``square`` is empty). NaN where nobody, or everybody, had the outcome
    cells : int32, (replicates, cells): how many people were drawn of each cell; all 0 at first
    """
    people, has_risk = len(outcome), len(square) > 0
    for r in range(span[0], span[1]):
        _draw(seed, r, starts, rank_of, weights)
        counted = cells[r]
        had = hadnt = group_had = group_hadnt = 0
        area, precision, error = 0, 0.0, 0.0
        for i in range(people):
            w = np.int64(weights[i])
            weights[i] = 0
            counted[cell[i]] += w
            y = np.int64(outcome[i])
            group_had += w * y
            group_hadnt += w * (1 - y)
            if has_risk:
                error += w * square[i]
            if is_end[i]:
                area += group_hadnt * (2 * had + group_had)
                had += group_had
                hadnt += group_hadnt
                if group_had:
                    precision += group_had * (had / (had + hadnt))
                group_had = group_hadnt = 0
        areas[r] = area / (2.0 * had * hadnt) if had and hadnt else np.nan
        precisions[r] = precision / had if had else np.nan
        if has_risk:
            squares[r] = error / people


@compiled
def count_cells(span, seed, starts, cell, cells):
    """Count whom some replicates draw, by cell alone.

    Parameters
    ----------
    span, seed, starts : as of :func:`resample`
    cell : int32, (people,), in the order of the strata: the cell that the person is counted in
    cells : int32, (replicates, cells); all 0 at first
    """
    for r in range(span[0], span[1]):
        _draw(seed, r, starts, cell, cells[r])
