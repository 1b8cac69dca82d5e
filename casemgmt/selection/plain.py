"""The NumPy twin of the compiled choosing loops: no compiler to wait for, the same numbers in the same arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from casemgmt.selection.plain_rows import bits_of, keys_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.selection.loop_arrays import Outcome, RouteArrays
    from casemgmt.selection.running import Question


def choose(offsets: npt.NDArray[np.int64], question: Question) -> Outcome:
    """Choose in every practice of rows grouped by practice; see :mod:`casemgmt.selection.kernels`."""
    import numpy as np

    from casemgmt.selection.running import empty_outcome

    out, routes, scores = empty_outcome(question, offsets), question.routes, question.ranking.source
    for p, (start, stop) in enumerate(pairwise(offsets.tolist())):
        keys = keys_of(scores, slice(start, stop))
        bits = bits_of(question.plan.conditions, slice(start, stop))
        scored = keys != scores.no_score
        for b in range(routes.first_counted, out.counts.shape[1]):
            out.counts[p, b] = np.count_nonzero(bits & np.uint32(1 << b))
        out.unscored[p] = np.count_nonzero(~scored & ((bits >> routes.ranked_bit) & np.uint32(1) != 0))
        member = bits & routes.direct
        tied = np.zeros_like(member)
        for s, bit in enumerate(routes.bit):
            mask = np.uint32(1 << int(bit))
            eligible = scored & (bits & mask != 0)
            if not routes.is_share[s]:
                member |= mask * (eligible & (keys >= routes.low[s]) & (keys <= routes.high[s]))
                continue
            places = _places(out, routes, s, p, question.list_sizes)
            take = min(places, int(np.count_nonzero(eligible)))
            if take <= 0:
                continue
            among = keys[eligible]
            cut = np.partition(among, len(among) - take)[len(among) - take]
            above, level = np.count_nonzero(among > cut), np.count_nonzero(among == cut)
            out.cut[p, s], out.tied[p, s] = cut, level
            out.taken[p, s] = level if routes.include_tied[s] else take - above
            everyone_fits = out.taken[p, s] == level
            member |= mask * (eligible & (keys >= cut if everyone_fits else keys > cut))
            if not everyone_fits:
                tied |= mask * (eligible & (keys == cut))
        kept = np.flatnonzero(member | tied)
        here = slice(start, start + len(kept))
        out.rows[here], out.keys[here] = kept + start, keys[kept]
        out.member[here], out.at_cut[here] = member[kept], tied[kept]
        out.emitted[p] = len(kept)
    return out


def _places(out: Outcome, routes: RouteArrays, s: int, p: int, list_sizes: npt.NDArray[np.int64]) -> int:
    size = int(out.counts[p, routes.denominator[s]])
    if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
        size = int(list_sizes[p])
    part, divisor = size * int(routes.numerator[s]), int(routes.divisor[s])
    places = -(-part // divisor) if routes.round_up[s] else part // divisor
    out.places[p, s] = places
    return places
