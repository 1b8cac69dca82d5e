"""Who keeps a place: of a route with ``keep_within`` the caseload, before anybody else has one.

The choosing loops let in as many as ``keep_within`` gives, by the route's order alone. Everybody who can have a place
is among those, and here they are narrowed to the route's own places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from casemgmt.scheme.routes import Scheme, TopShare
from casemgmt.selection.ties import first_of_tied

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.selection.loop_arrays import Keys, Outcome
    from casemgmt.selection.running import Emitted, Question


class CaseloadCut(NamedTuple):
    """What someone on the caseload must score to keep a place by one route; one entry a practice.

    Attributes
    ----------
    key : int64, the lowest key that may keep a place; the smallest where everyone on the caseload keeps one
    all_in : bool, whether everyone on the caseload with exactly that key keeps a place
    full : bool, whether the caseload needs every place
    passed_over : int64, the highest key of someone within who is not on the caseload and has no place; the smallest
        where there is none
    """

    key: npt.NDArray[np.int64]
    all_in: npt.NDArray[np.bool_]
    full: npt.NDArray[np.bool_]
    passed_over: npt.NDArray[np.int64]


class Narrowed(NamedTuple):
    """What choosing comes to once the caseload has kept its places.

    Attributes
    ----------
    outcome : with the routes' own places; ``cut``, ``tied`` and ``taken`` are those of who was not kept
    kept : uint32, one a row that was let in by the loops: the routes that let it in only because of ``keep_within``
    cuts : by place of the route in the scheme
    """

    outcome: Outcome
    kept: npt.NDArray[np.uint32]
    cuts: dict[int, CaseloadCut]


def keep_places(register: Register, scheme: Scheme, question: Question, out: Outcome, found: Emitted) -> Narrowed:
    """Narrow each route with ``keep_within`` to its own places; clears the bit of whoever has none.

    Parameters
    ----------
    out, found : as the loops put them out, the ties at each cut broken
    """
    import numpy as np

    kept, cuts = np.zeros_like(found.member), {}
    out = out._replace(places=out.places.copy(), cut=out.cut.copy(), tied=out.tied.copy(), taken=out.taken.copy())
    for s, place in enumerate(question.plan.score_routes):
        route = scheme.routes[place]
        if not isinstance(route, TopShare) or route.keep_within is None:
            continue
        mask = np.uint32(1 << place)
        within = np.flatnonzero(found.member & mask)
        line = _Line(found.practice[within], found.rows[within], found.keys[within])
        on = register.packed.is_set("on_caseload", line.rows)
        places = _places(route, s, question, out)
        inside = _first(register, line, ~on, places, scheme.tie_key)
        by_order = _first(register, line, np.zeros_like(on), places, scheme.tie_key)
        found.member[within[~inside]] &= ~mask
        kept[within[inside & ~by_order]] |= mask
        cuts[place] = _caseload_cut(line, on, inside, places, s, out)
        _write_cut(line, on, inside, s, out)
        out.places[:, s] = places
    return Narrowed(out, kept, cuts)


class _Line(NamedTuple):
    """Who stands within ``keep_within`` of a route: practices together, one entry a patient."""

    practice: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    keys: Keys


def _places(route: TopShare, s: int, question: Question, out: Outcome) -> npt.NDArray[np.int64]:
    """The route's own places in each practice."""
    import numpy as np

    bit = int(question.routes.denominator[s])
    sizes = out.counts[:, bit]
    if bit == question.routes.list_bit:
        sizes = np.where(question.list_sizes >= 0, question.list_sizes, sizes)
    return np.array([route.share.places(size) for size in sizes.tolist()], dtype=np.int64)


def _first(
    register: Register,
    line: _Line,
    later: npt.NDArray[np.bool_],
    places: npt.NDArray[np.int64],
    tie_key: str,
) -> npt.NDArray[np.bool_]:
    """Who has one of the places of each practice: first those who are not ``later``, each by the total order."""
    import numpy as np

    practice, rows, keys = line
    order = np.lexsort((~keys, later, practice))
    sizes = np.bincount(practice, minlength=len(places))
    starts, take = np.cumsum(sizes) - sizes, np.minimum(places, sizes)
    inside = np.zeros(len(rows), dtype=bool)
    inside[order] = np.arange(len(rows)) < (starts + take)[practice[order]]
    split = np.flatnonzero((take > 0) & (take < sizes))
    last, beyond = (order[starts[split] + take[split] + step] for step in (-1, 0))
    open_still = (keys[last] == keys[beyond]) & (later[last] == later[beyond])
    split, last = split[open_still], last[open_still]
    if len(split):
        # The last one in is level with the first one out: the written order of ties decides among all who are.
        of_split = np.full(len(places), -1)
        of_split[split] = np.arange(len(split))
        groups = of_split[practice]
        tied = np.flatnonzero((groups >= 0) & (keys == keys[last][groups]) & (later == later[last][groups]))
        groups = groups[tied]
        left = np.bincount(groups[inside[tied]], minlength=len(split))
        inside[tied] = first_of_tied(register, rows[tied], groups, left, tie_key)
    return inside


def _caseload_cut(
    line: _Line,
    on: npt.NDArray[np.bool_],
    inside: npt.NDArray[np.bool_],
    places: npt.NDArray[np.int64],
    s: int,
    out: Outcome,
) -> CaseloadCut:
    """What keeps a place: the end of ``keep_within``, or the last one kept where the caseload needs every place."""
    import numpy as np

    practice, _, keys = line
    count = len(places)
    everyone = np.iinfo(np.int64).min
    has_end = (out.taken[:, s] > 0) & (np.bincount(practice, minlength=count) >= out.places[:, s])
    key = np.where(has_end, out.cut[:, s], everyone)
    all_in = ~has_end | (out.taken[:, s] == out.tied[:, s])
    full = np.bincount(practice[on], minlength=count) >= places
    lowest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(lowest, practice[on & inside], keys[on & inside])
    level_out = np.bincount(practice[on & ~inside & (keys == lowest[practice])], minlength=count)
    passed_over = np.full(count, everyone)
    np.maximum.at(passed_over, practice[~on & ~inside], keys[~on & ~inside])
    return CaseloadCut(np.where(full, lowest, key), np.where(full, level_out == 0, all_in), full, passed_over)


def _write_cut(line: _Line, on: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_], s: int, out: Outcome) -> None:
    """Write the lowest key that let in somebody who was not kept, and how many not kept are level with it."""
    import numpy as np

    practice, _, keys = line
    count = len(out.cut)
    lowest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(lowest, practice[inside & ~on], keys[inside & ~on])
    some = np.bincount(practice[inside & ~on], minlength=count) > 0
    level = ~on & (keys == lowest[practice])
    # Those level with the end of keep_within and outside of it, of the caseload or not, were not kept either.
    outside = np.where(some & (lowest == out.cut[:, s]), out.tied[:, s] - out.taken[:, s], 0)
    out.tied[:, s] = np.bincount(practice[level], minlength=count) + outside
    out.taken[:, s] = np.bincount(practice[level & inside], minlength=count)
    out.cut[:, s] = np.where(some, lowest, 0)
