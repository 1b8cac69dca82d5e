"""Comparing two selections: joiners, leavers and stayers of each practice and route, each change with one reason.

The change is followed along a path of selections that differ in one thing at a time: the old register under the old
rules, under the new scheme, under the new scheme and model, and the new register under the new rules. The first step
that brings the new state gives the reason; if it is the last one, the patient's own record is looked at before the cut.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import column_of, text_scalar, texts
from casemgmt.caseload.people import People, pair_people
from casemgmt.caseload.steps import Step
from casemgmt.caseload.why import Path, reason_of
from casemgmt.errors import InputError, plural, unknown_name
from casemgmt.scheme.routes import Nominated, TopShare
from casemgmt.selection.choosing import choose
from casemgmt.selection.keys import ModelRanking
from casemgmt.selection.result import Selection, Workings

if TYPE_CHECKING:
    import pyarrow as pa

CASE_MANAGED = "case_managed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Comparison:
    """What changed between two selections; made by :func:`compare`.

    Attributes
    ----------
    before, after : the selections
    changes : one row a patient and route on either list, ordered by practice_id, route and patient_id: practice_id,
        patient_id, route (``case_managed`` stands for any case-management route; its reason is that of the route whose
        place is, or was, used), change (joiner, leaver or stayer), reason, detail (a sentence), score_before,
        score_after. Reason and detail are null for stayers
    attribution : one row a patient and input that moved the score, for patients whose reason is their own score:
        practice_id, patient_id, input, label, before, after, moved (points of the score; they add up to the difference
        of the two scores by the later model; null for an input without which there was no score, or is none now)
    """

    before: Selection
    after: Selection
    changes: pa.Table
    attribution: pa.Table

    def to_arrow(self) -> pa.Table:
        """``changes``."""
        return self.changes

    def to_pandas(self) -> Any:
        """``changes`` as a pandas data frame."""
        return self.changes.to_pandas()

    @arguments.checked(practice_id=arguments.text)
    def practice(self, practice_id: str) -> pa.Table:
        """The changes of one practice alone."""
        import pyarrow.compute as pc

        known = sorted({*self.before.practices, *self.after.practices})
        if practice_id not in known:
            raise InputError(unknown_name("practice", practice_id, known))
        return self.changes.filter(pc.equal(self.changes.column("practice_id"), text_scalar(practice_id)))

    def summary(self) -> pa.Table:
        """One row a practice and route, those with nobody on either list too.

        practice_id, route, before, after, stayers, joiners, leavers, churn and overlap, in the order of ``changes``.

        ``churn`` is leavers ÷ before and ``overlap`` is stayers ÷ everyone on either list, both 0 to 1 and null where
        there is nobody to divide by.
        """
        import pyarrow as pa

        counts = self._counts(("practice_id", "route", "change"))
        practices = sorted({*self.before.practices, *self.after.practices}, key=str.encode)
        routes = sorted({r.name for scheme in (self.before.scheme, self.after.scheme) for r in scheme.routes})
        keys = [(practice, route) for practice in practices for route in sorted([*routes, CASE_MANAGED])]
        rows = []
        for practice, route in keys:
            stay, join, leave = (counts.get((practice, route, c), 0) for c in ("stayer", "joiner", "leaver"))
            rows.append((practice, route, stay + leave, stay + join, stay, join, leave))
        columns = list(zip(*rows, strict=True)) if rows else [()] * 7
        names = ("before", "after", "stayers", "joiners", "leavers")
        churn = [row[6] / row[2] if row[2] else None for row in rows]
        overlap = [row[4] / sum(row[4:]) if any(row[4:]) else None for row in rows]
        return pa.table(
            {
                "practice_id": texts(columns[0]),
                "route": texts(columns[1]),
                **{name: column_of(values, pa.int64()) for name, values in zip(names, columns[2:], strict=True)},
                "churn": column_of(churn, pa.float64()),
                "overlap": column_of(overlap, pa.float64()),
            }
        )

    def reasons(self) -> pa.Table:
        """How many joined and left, by practice, route and reason: practice_id, route, change, reason, patients."""
        import pyarrow as pa

        counts = {key: n for key, n in self._counts(("practice_id", "route", "change", "reason")).items() if key[3]}
        columns = list(zip(*counts, strict=True)) if counts else [()] * 4
        names = ("practice_id", "route", "change", "reason")
        keys = {name: texts(values) for name, values in zip(names, columns, strict=True)}
        return pa.table({**keys, "patients": column_of(list(counts.values()), pa.int64())})

    def _counts(self, names: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
        counts: dict[tuple[Any, ...], int] = {}
        for key in zip(*(self.changes.column(name).to_pylist() for name in names), strict=True):
            counts[key] = counts.get(key, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: tuple(part or "" for part in item[0])))

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Comparison of '{self.before.scheme.id}' with '{self.after.scheme.id}': {self._in_words()}>"

    def _in_words(self) -> str:
        counts = self._counts(("route", "change"))
        joined, left, stayed = (counts.get((CASE_MANAGED, c), 0) for c in ("joiner", "leaver", "stayer"))
        return f"of the case managed {plural(stayed, 'patient')} stay, {joined:,} join and {left:,} leave"

    def _repr_html_(self) -> str:
        counts = self._counts(("route", "change", "reason"))
        rows = "".join(
            f"<tr><td>{escape(route)}</td><td>{change}</td><td>{escape(reason or '')}</td>"
            f"<td style='text-align:right'>{n:,}</td></tr>"
            for (route, change, reason), n in counts.items()
        )
        head = "<tr><th>route</th><th>change</th><th>reason</th><th>patients</th></tr>"
        return f"<table><caption>{escape(self._in_words())}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"


def compare(before: Selection, after: Selection) -> Comparison:
    """Compare two selections: last month's and this month's, or two answers to a *what if*.

    Each change has exactly one reason, the first of these that holds:

    ``registration``
        the patient joined or left the practice's list, or died
    ``scheme``
        with nothing changed but the scheme, the old register gives the new state
    ``model``
        with nothing changed but scheme and model, the old register gives the new state
    ``care home``, ``nomination``, ``age``, ``objection``, ``record``
        the patient's own record meets another of the route's conditions than before; the first, where several changed
    ``own score``
        the patient's new score, held against the old cut, gives the new state: for a joiner a higher score that is not
        under the lowest let in, for a leaver a lower one that is, or is tied where not all the tied were let in. Where
        places were left over there was no cut, and any score passes. ``attribution`` says which inputs moved
    ``cut moved``
        otherwise: others' scores, or the number of places, moved the cut

    Parameters
    ----------
    before, after : selections made in this session, each with its register

    Raises
    ------
    InputError
        A selection was read back from files, which hold no register: select again from that month's register.
    """
    if not (isinstance(before, Selection) and isinstance(after, Selection)):
        raise InputError("compare: give two selections, from cm.select.")
    old, new = before._made(), after._made()
    for made in (old, new):
        made.register.require_whole("Comparing")
    with_scheme = (
        old if before.scheme.text == after.scheme.text and old.scheme == new.scheme else _under(old, new, False)
    )
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
    return _tabulate(before, after, path, people)


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


def _tabulate(before: Selection, after: Selection, path: Path, people: People) -> Comparison:
    import pyarrow as pa

    routes = list(dict.fromkeys(route.name for scheme in (before.scheme, after.scheme) for route in scheme.routes))
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
    return Comparison(before=before, after=after, changes=table, attribution=attribution)


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


def _any_route(
    before: Selection, after: Selection, path: Path, explained: dict[str, dict[int, Change]]
) -> dict[int, Change]:
    """Changes of being case managed at all: the reason is that of the route whose place is, or was, used."""
    import numpy as np

    was, now = path.old.places(), path.new.places()
    found: dict[int, Change] = {}
    for person in np.flatnonzero((was >= 0) | (now >= 0)).tolist():
        if was[person] >= 0 and now[person] >= 0:
            found[person] = ("stayer", None, None)
        else:
            joined = now[person] >= 0
            route = after.scheme.routes[now[person]] if joined else before.scheme.routes[was[person]]
            change, reason, detail = explained[route.name][person]
            if change == "stayer":  # the same route counts as something else in the other scheme
                reason, detail = "scheme", "the scheme counts the route as something else"
            found[person] = ("joiner" if joined else "leaver", reason, detail)
    return found
