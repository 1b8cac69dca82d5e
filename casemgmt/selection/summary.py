"""Counts of a selection: by practice and route, and by groups of people."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import column_of
from casemgmt.errors import missing_columns, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.counts import by_practice_field_and_reason
from casemgmt.scheme.routes import Nominated, Review, TopShare
from casemgmt.selection.facts import fact_lines
from casemgmt.selection.tables import eligible_keys, review_due

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.lists import Lists
    from casemgmt.selection.workings import Workings

    # One value a practice, by the column's name.
    Columns = dict[str, list[Any]]

NOT_STATED = "not stated"
# Counts that later releases added, after all others.
_ADDED = ("corrected", "died", "left", "not_yet_registered")
_COUNTS = (
    *("list_size", "denominator", "places", "met", "used", "unused"),
    *("tied_in", "tied_out", "unscored", "objected", "unknown_age", "quarantined", "entitled", "done", "due"),
    *_ADDED,
)
SUMMARY_COLUMNS = (
    *("practice_id", "route", "list_size", "denominator", "places", "met", "used", "unused", "score_at_cut"),
    *("tied_in", "tied_out", "unscored", "objected", "unknown_age", "quarantined", "entitled", "done", "due"),
    "places_may_change",
    *_ADDED,
)


def summary_schema() -> pa.Schema:
    """The types of the summary's columns."""
    import pyarrow as pa

    kinds = {"practice_id": pa.string(), "route": pa.string(), "score_at_cut": pa.float64()}
    kinds |= {"places_may_change": pa.bool_(), **dict.fromkeys(_COUNTS, pa.int64())}
    return pa.schema([(name, kinds[name]) for name in SUMMARY_COLUMNS])


def first_summary_schema() -> pa.Schema:
    """The types of the columns that a summary of release 0.2 had."""
    import pyarrow as pa

    return pa.schema([each for each in summary_schema() if each.name not in _ADDED])


def summary_table(made: Workings) -> pa.Table:
    """One row a practice and route; see :meth:`casemgmt.results.selection.Selection.summary`."""
    import pyarrow as pa

    by_route = [_route_columns(made, place) for place in range(len(made.scheme.routes))]
    practices = len(made.register.practices)
    columns: Columns = {name: [] for name in SUMMARY_COLUMNS}
    for p in range(practices):
        for route in by_route:
            for name in SUMMARY_COLUMNS:
                columns[name].append(route[name][p])
    schema = summary_schema()
    return pa.table({f.name: column_of(columns[f.name], f.type) for f in schema}, schema=schema)


def _route_columns(made: Workings, place: int) -> Columns:
    """Every column of the summary for one route, one value a practice."""
    register, choice, route = made.register, made.choice, made.scheme.routes[place]
    out, bits = choice.outcome, choice.plan.bits
    nothing = [None] * len(register.practices)
    official = made.list_sizes.tolist()
    counted = out.counts[:, bits.on_list].tolist()
    list_size = [n if given < 0 else given for n, given in zip(counted, official, strict=True)]
    met = _per_practice(made, choice.member & (1 << place) != 0)
    columns: Columns = {
        **dict.fromkeys(SUMMARY_COLUMNS, nothing),
        "practice_id": list(register.practices),
        "route": [route.name] * len(register.practices),
        "list_size": list_size,
        "met": met,
        "unscored": out.unscored.tolist(),
        "objected": out.counts[:, bits.objected].tolist(),
        "unknown_age": out.counts[:, bits.unknown_age].tolist(),
        "quarantined": _quarantined(made)[0],
        "places_may_change": [False] * len(register.practices),
        **_added(made),
    }
    if route.counts_as == "case_management":
        columns["used"] = _per_practice(made, choice.place == place)
    if isinstance(route, (TopShare, Nominated)):
        _add_places(made, route, columns)
    if isinstance(route, TopShare):
        _add_cut(made, place, columns)
    if isinstance(route, Review):
        entitled = choice.member & (1 << place) != 0
        due = _per_practice(made, entitled & review_due(made, choice.rows, choice.member, place))
        columns |= {"entitled": met, "due": due, "done": [n - d for n, d in zip(met, due, strict=True)]}
    return columns


def _add_places(made: Workings, route: TopShare | Nominated, columns: Columns) -> None:
    if route.of.is_everyone:
        sizes = columns["list_size"]
    else:
        sizes = made.choice.outcome.counts[:, made.choice.plan.bits.denominators[route.of]].tolist()
    places = [route.share.places(size) for size in sizes]
    own, unattributed = _quarantined(made)
    columns["denominator"], columns["places"] = sizes, places
    if route.counts_as == "case_management":
        # A floor that lets everyone tied in may use more places than it has.
        columns["unused"] = [max(p - u, 0) for p, u in zip(places, columns["used"], strict=True)]
    if (made.list_sizes < 0).all():
        more = [route.share.places(size + q + unattributed) for size, q in zip(sizes, own, strict=True)]
        columns["places_may_change"] = [a != b for a, b in zip(places, more, strict=True)]


def _add_cut(made: Workings, place: int, columns: Columns) -> None:
    choice, ranking = made.choice, made.ranking
    s = choice.plan.score_routes.index(place)
    out = choice.outcome
    dtype = ranking.source.no_score.dtype
    scores = ranking.scores(out.cut[:, s].astype(dtype)).tolist()
    taken, tied = out.taken[:, s].tolist(), out.tied[:, s].tolist()
    columns["score_at_cut"] = [score if t else None for score, t in zip(scores, taken, strict=True)]
    columns["tied_in"] = taken
    columns["tied_out"] = [t - i for t, i in zip(tied, taken, strict=True)]


def _per_practice(made: Workings, chosen: npt.NDArray[np.bool_]) -> list[int]:
    import numpy as np

    choice = made.choice
    counts: list[int] = np.bincount(choice.practice[chosen], minlength=len(made.register.practices)).tolist()
    return counts


def _added(made: Workings) -> Columns:
    """Corrected values of each practice, and its patients who are never listed."""
    register = made.register
    corrected: dict[str | None, int] = {}
    for (practice, _, _), count in by_practice_field_and_reason(register.corrections).items():
        corrected[practice] = corrected.get(practice, 0) + count
    barred = register.counts.barred
    return {
        "corrected": [corrected.get(practice, 0) for practice in register.practices],
        **{
            why.replace(" ", "_"): [barred.get(why, {}).get(practice, 0) for practice in register.practices]
            for why in ("died", "left", "not yet registered")
        },
    }


def _quarantined(made: Workings) -> tuple[list[int], int]:
    """Quarantined rows of each practice, and how many name none of them."""
    from collections import Counter

    register = made.register
    counts = Counter(register.quarantine.column("practice_id").to_pylist())
    own = [counts.pop(practice, 0) for practice in register.practices]
    return own, sum(counts.values())


def groups_table(made: Workings, column: str) -> pa.Table:
    """Listed and case-managed people by the groups of a column; see :meth:`Selection.by`."""
    import numpy as np
    import pyarrow as pa

    register, choice = made.register, made.choice
    register.require_whole("by()")
    group, names = groups_of(register, column)
    listed = register.packed.is_set("on_list")
    managed = choice.rows[choice.place >= 0]
    listed_counts = np.bincount(group[listed], minlength=len(names)).tolist()
    managed_counts = np.bincount(group[managed], minlength=len(names)).tolist()
    below = just_below(made)
    below_counts = [None] * len(names) if below is None else np.bincount(group[below], minlength=len(names)).tolist()
    shares = [m / n if n else None for m, n in zip(managed_counts, listed_counts, strict=True)]
    return pa.table(
        {
            column: pa.array(names, pa.string()),
            "listed": pa.array(listed_counts, pa.int64()),
            "selected": pa.array(managed_counts, pa.int64()),
            "share": pa.array(shares, pa.float64()),
            "just_below": pa.array(below_counts, pa.int64()),
        }
    )


def counts_by_value(
    register: Register,
    fields: Iterable[str],
    managed: npt.NDArray[np.int64],
    below: npt.NDArray[np.int64] | None,
) -> dict[str, list[dict[str, Any]]]:
    """Whole counts of the values of some columns, of those that the register has.

    Parameters
    ----------
    managed : packed rows of those who are case managed
    below : of those just below the cut; None without a share route

    Returns
    -------
    dict
        by column, a row a value (``not stated`` last): value (text), listed, selected, just_below, and
        selected_just_below, those who are both; the last two None without ``below``
    """
    import numpy as np

    rows: dict[str, npt.NDArray[np.int64] | None] = {
        "listed": np.flatnonzero(register.packed.is_set("on_list")),
        "selected": managed,
        "just_below": below,
        "selected_just_below": None if below is None else np.intersect1d(managed, below),
    }
    found = {}
    for field in fields:
        if field not in register.column_names:
            continue
        group, names = groups_of(register, field)
        counts = {
            name: [None] * len(names) if each is None else np.bincount(group[each], minlength=len(names)).tolist()
            for name, each in rows.items()
        }
        found[field] = [
            {"value": value, **{name: each[place] for name, each in counts.items()}}
            for place, value in enumerate(names)
        ]
    return found


def just_below(made: Workings) -> npt.NDArray[np.int64] | None:
    """Packed rows just below the cut of the first share route: not let in, though among the next tenth of its places.

    Everyone with the score of the last of them counts. None where the scheme has no share route.
    """
    import numpy as np

    shares = [i for i, route in enumerate(made.scheme.routes) if isinstance(route, TopShare)]
    if not shares:
        return None
    s = made.choice.plan.score_routes.index(shares[0])
    inside = np.zeros(len(made.register), dtype=bool)
    inside[made.choice.rows[made.choice.member & np.uint32(1 << shares[0]) != 0]] = True
    found = []
    rows_of_practice = made.register.packed.by_practice()
    for p in range(len(made.register.practices)):
        rows = rows_of_practice(p)
        keys = eligible_keys(made, rows, shares[0])
        left = ~inside[rows] & (keys != made.ranking.source.no_score)
        outside = np.sort(keys[left])
        more = min(-(-int(made.choice.outcome.places[p, s]) // 10), len(outside))
        if more:
            found.append(np.arange(len(inside))[rows][left & (keys >= outside[len(outside) - more])])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def groups_of(register: Register, column: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Each packed row's group, and the groups' names in order, ``not stated`` last.

    Parameters
    ----------
    column : of the register, or ``age_band``, tens of years

    Raises
    ------
    InputError : there is no such column
    """
    import numpy as np
    import pyarrow as pa

    if column not in register.column_names and column != "age_band":
        raise missing_columns([column], sorted((*register.column_names, "age_band")), "by", checked=True)
    values = register.column("age" if column == "age_band" else column)
    if column == "age_band":
        ages = values.to_numpy(zero_copy_only=False)
        tens = np.where(np.isnan(ages.astype(float)), -1, np.minimum(np.nan_to_num(ages) // 10, 9)).astype(np.int64)
        names = [f"{t * 10}–{t * 10 + 9}" if t < 9 else "90 and over" for t in range(10)]
        return np.where(tens < 0, 10, tens), [*names, NOT_STATED]
    indices, distinct = distinct_values(pa.chunked_array([values]))
    stated = [i for i, value in enumerate(distinct) if _is_stated(value)]
    order = sorted(stated, key=lambda i: (isinstance(distinct[i], str), distinct[i]))
    place = np.full(len(distinct) + 1, len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[indices], [*(str(distinct[i]) for i in order), NOT_STATED]


def _is_stated(value: object) -> bool:
    """Whether a value is a group of its own: a blank text, a NaN and the very words *not stated* are none."""
    if isinstance(value, str):
        return bool(value.strip()) and value != NOT_STATED
    return not (isinstance(value, float) and isnan(value))


def counts_in_words(lists: Lists) -> str:
    """``12 patients case managed, …``."""
    table = lists.to_arrow(reasons=False)
    managed = sum(table.column("case_managed").to_pylist())
    return (
        f"{plural(managed, 'patient')} case managed, {plural(table.num_rows, 'patient')} listed in all, "
        f"{plural(len(lists.practices), 'practice')}{'; demonstration only' if lists.facts['demonstration'] else ''}"
    )


def summary_html(lists: Lists) -> str:
    """Totals by route as a small table for notebooks: counts only, no patient."""
    import pyarrow.compute as pc

    table = lists.summary()
    rows = []
    for route in lists.scheme.routes:
        own = table.filter(pc.equal(table.column("route"), route.name))
        cells = [pc.sum(own.column(name)).as_py() for name in ("places", "met", "used")]
        texts = "".join(f"<td style='text-align:right'>{'–' if c is None else format(c, ',')}</td>" for c in cells)
        rows.append(f"<tr><th style='text-align:left'>{escape(route.name)}</th>{texts}</tr>")
    facts = lists.facts
    said = " ".join(f"{line.rstrip('.')}." for line in fact_lines(facts))
    made_up = " The people are <b>synthetic</b>." if facts["synthetic"] else ""
    return (
        f"<table><caption>{escape(lists.scheme.title)}, list of {facts['as_of']}, "
        f"ranked by {escape(facts['ranked_by'])}</caption>"
        "<thead><tr><th>route</th><th>places</th><th>met</th><th>places used</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p>{escape(counts_in_words(lists))}.{made_up} {escape(said)} "
        "A proposal for a named clinician to accept; patient rows are shown by .practice(…).</p>"
    )
