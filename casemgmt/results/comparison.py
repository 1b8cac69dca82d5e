"""Comparing two selections: joiners, leavers and stayers of each practice and route, each change with one reason."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import column_of, text_scalar, texts
from casemgmt.caseload.changes import CASE_MANAGED, changes_between
from casemgmt.errors import InputError, plural, unknown_name
from casemgmt.results.published import PublishedSelection, needs_its_register
from casemgmt.results.selection import Selection

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


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

    def to_pandas(self) -> pd.DataFrame:
        """``changes`` as a pandas data frame."""
        return self.changes.to_pandas()

    @arguments.checked(practice_id=arguments.text)
    def practice(self, practice_id: str) -> pa.Table:
        """The changes of one practice alone."""
        import pyarrow.compute as pc

        known = sorted({*self.before.practices, *self.after.practices})
        if practice_id not in known:
            raise unknown_name("practice", practice_id, known)
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
    ``caseload``
        the patient is on the caseload now and not before, or the reverse, and keeps or kept a place by ``keep_within``
    ``own score``
        the patient's new score, held against the old cut, gives the new state: for a joiner a higher score that is not
        under the lowest let in, for a leaver a lower one that is, or is tied where not all the tied were let in. Where
        places were left over there was no cut, and any score passes. By a route with ``keep_within`` the old cut of
        someone on the caseload is what kept a place. ``attribution`` says which inputs moved
    ``cut moved``
        otherwise: others' scores, or the number of places, moved the cut

    Parameters
    ----------
    before, after : selections made in this session, each with its register

    Raises
    ------
    InputError
        A selection was read back from files, which hold no register: select again from that month's register.

    Examples
    --------
    >>> cm.compare(selection, cm.select(register, cm.load_scheme("prism-top-half-percent"), model=model))
    <Comparison of 'rotherham-2015-16' with 'prism-top-half-percent': of the case managed 29 patients stay, 0 join and
    215 leave>
    """
    for given in (before, after):
        if isinstance(given, PublishedSelection):
            raise needs_its_register("comparing")
        if not isinstance(given, Selection):
            raise InputError("compare: give two selections, from cm.select.")
    changes = changes_between(before.workings, after.workings)
    return Comparison(before=before, after=after, changes=changes.table, attribution=changes.attribution)
