"""What changed between two selections, for whom, and the one reason of each change.

The change is followed along a path of selections that differ in one thing at a time: the old register under the old
rules, under the new scheme, under the new scheme and model, and the new register under the new rules. The first step
that brings the new state gives the reason; if it is the last one, the patient's own record is looked at before the cut.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import column_of
from casemgmt.caseload.people import People, pair_people
from casemgmt.caseload.steps import Step
from casemgmt.caseload.why import Path, reason_of
from casemgmt.errors import InputError
from casemgmt.scheme.routes import Nominated, Scheme, TopShare
from casemgmt.selection.choosing import choose
from casemgmt.selection.keys import ModelRanking

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.workings import Workings

CASE_MANAGED = "case_managed"


class Changes(NamedTuple):
    """The tables ``changes`` and ``attribution`` of :class:`casemgmt.results.comparison.Comparison`."""

    table: pa.Table
    attribution: pa.Table


def changes_between(old: Workings, new: Workings) -> Changes:
    """The changes from one selection to another; see :func:`casemgmt.compare`."""
    for made in (old, new):
        made.register.require_whole("Comparing")
    with_scheme = old if old.scheme.text == new.scheme.text and old.scheme == new.scheme else _under(old, new, False)
    with_model = with_scheme if _same_ranking(old, new) else _under(old, new, True)
    people = pair_people(old, new)
    path = Path(
        people=people,
        old=Step(old, people.before),
        with_scheme=Step(with_scheme, people.before),
        with_model=Step(with_model, people.before),
        new=Step(new, people.after),
        model_replaced=not _same_ranking(old, new),
    )
    return _tabulate(old.scheme, new.scheme, path, people)


def _same_ranking(old: Workings, new: Workings) -> bool:
    a, b = old.model, new.model
    return (a is None and b is None) or (a is not None and b is not None and a.text == b.text and a == b)


def _under(old: Workings, new: Workings, with_model: bool) -> Workings | None:
    """The old register under the new scheme, and under the new model where asked; None where scores were given."""
    import numpy as np

    if with_model and new.model is None:
        return None
    # A ranking notes whether its values are risks, which is the scheme's doing: that of `before` stays as it is.
    ranking = copy(old.ranking)
    # Official sizes are of whole lists alone; under a scheme that counts a part of them, rows are counted.
    of_a_part = any(not route.of.is_everyone for route in new.scheme.routes if isinstance(route, (TopShare, Nominated)))
    sizes = np.full_like(old.list_sizes, -1) if of_a_part else old.list_sizes
    try:
        if with_model and new.model is not None:
            ranking = ModelRanking(new.model, old.register)
        return choose(old.register, new.scheme, ranking, sizes, "queue")
    except InputError:
        # The old register lacks a column that the new rules ask for: only the rules can explain the change.
        return None


def _tabulate(before: Scheme, after: Scheme, path: Path, people: People) -> Changes:
    import pyarrow as pa

    routes = list(dict.fromkeys(route.name for scheme in (before, after) for route in scheme.routes))
    explained = {name: _changes_of(path, name) for name in routes}
    explained[CASE_MANAGED] = _any_route(before, after, path, explained)
    rows: list[tuple[Any, ...]] = []
    own_score: dict[int, None] = {}
    scores_before, scores_after = path.old.scores(), path.new.scores()
    for person in path.new.objecting():
        scores_before[person] = None  # no score of someone who objects is shown, nor an earlier one
    for name, changes in explained.items():
        for person, (change, reason, detail) in changes.items():
            rows.append((people.practice[person], people.patient[person], name, change, reason, detail,
                         scores_before[person], scores_after[person]))  # fmt: skip
            if reason == "own score":
                own_score[person] = None
    rows.sort(key=lambda row: (row[0].encode(), row[2], row[1].encode()))
    names = ("practice_id", "patient_id", "route", "change", "reason", "detail", "score_before", "score_after")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    kinds = [pa.string()] * 6 + [pa.float64()] * 2
    table = pa.table({n: column_of(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
    attribution = path.attribution_table(sorted(own_score))
    return Changes(table, attribution)


Change = tuple[str, str | None, str | None]


def _changes_of(path: Path, route: str) -> dict[int, Change]:
    """Everyone on either list by a route → (change, reason, detail)."""
    import numpy as np

    was, now = path.old.members(route), path.new.members(route)
    found: dict[int, Change] = {}
    for person in np.flatnonzero(was | now).tolist():
        if was[person] and now[person]:
            found[person] = ("stayer", None, None)
        else:
            found[person] = ("joiner" if now[person] else "leaver", *reason_of(path, route, person))
    return found


def _any_route(before: Scheme, after: Scheme, path: Path, explained: dict[str, dict[int, Change]]) -> dict[int, Change]:
    """Changes of being case managed at all: the reason is that of the route whose place is, or was, used."""
    import numpy as np

    was, now = path.old.places(), path.new.places()
    found: dict[int, Change] = {}
    for person in np.flatnonzero((was >= 0) | (now >= 0)).tolist():
        if was[person] >= 0 and now[person] >= 0:
            found[person] = ("stayer", None, None)
        else:
            joined = now[person] >= 0
            route = after.routes[now[person]] if joined else before.routes[was[person]]
            change, reason, detail = explained[route.name][person]
            if change == "stayer":  # the same route counts as something else in the other scheme
                reason, detail = "scheme", "the scheme counts the route as something else"
            found[person] = ("joiner" if joined else "leaver", reason, detail)
    return found
