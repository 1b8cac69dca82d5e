"""Care homes over a period, all practices together, in the form that may leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES
from casemgmt.outputs.disclosure.period_counts import (
    Form,
    Relation,
    Stock,
    Told,
    forms_that_may_leave,
    number_of,
)
from casemgmt.outputs.disclosure.suppression import WITHHELD
from casemgmt.outputs.report.figures import Figure

INF: Final = float("inf")

HOMES: Final = {
    "homes": "Homes with residents on the caseload",
    "aligned": "Of them with one practice",
    "newly_aligned": "Came to one practice in the period",
    "no_longer_aligned": "Came to several",
}


# How homes were on the first day is not told, but in the report of the period before.
_BEFORE: Final = ("homes_start", "aligned_start")
_SUMS: Final = (
    Relation({"aligned": 1, "no_longer_aligned": 1, "homes": -1}, -INF, 0),
    Relation({"newly_aligned": 1, "aligned": -1}, -INF, 0),
    Relation({"no_longer_aligned": 1, "aligned_start": -1}, -INF, 0),
    Relation({"newly_aligned": 1, "aligned_start": 1, "homes_start": -1}, -INF, 0),
)


def said_of_homes(
    counts: Mapping[str, int], days: tuple[dt.date, dt.date], before: Sequence[Mapping[str, Any]]
) -> dict[str, Form]:
    """What is said of homes, as the manifest keeps it: forms that may leave beside those of other reports.

    Parameters
    ----------
    counts : whole counts by the names of ``HOMES``; empty where no home is recorded
    days : the first and the last day
    before : what other reports on the same caseload keep
    """
    if not counts:
        return {}
    held = [
        Told(
            rows={ALL_PRACTICES: {**each["homes"], **dict.fromkeys(_BEFORE, WITHHELD)}},
            relations=_SUMS,
            keys=_keys(*(dt.date.fromisoformat(each[name]) for name in ("start", "end"))),
        )
        for each in before
        if each.get("homes")
    ]
    own: dict[str, dict[str, int | None]] = {ALL_PRACTICES: {**counts, **dict.fromkeys(_BEFORE)}}
    forms = forms_that_may_leave(own, _SUMS, held, _keys(*days))[ALL_PRACTICES]
    return {name: form for name, form in forms.items() if name in HOMES}


def _keys(start: dt.date, end: dt.date) -> dict[str, Hashable]:
    night = end + dt.timedelta(days=1)
    found: dict[str, Hashable] = {name: (name, start, night) for name in ("newly_aligned", "no_longer_aligned")}
    found |= {name: Stock(name, night) for name in ("homes", "aligned")}
    return found | {f"{name}_start": Stock(name, start) for name in ("homes", "aligned")}


def homes_figure(forms: Mapping[str, Form], in_words: str) -> Figure:
    """The figure of homes, from what may be said of them.

    Parameters
    ----------
    in_words : of which days it is, and what was known
    """
    rows = [
        {
            "figure": HOMES[name],
            "count": number_of(form),
            "note": None if number_of(form) is not None else f"count {form}",
        }
        for name, form in forms.items()
    ]
    return Figure(
        name="homes_over_time",
        title="Care homes over the period",
        says=f"{in_words} All practices together. A home is with one practice when all its residents on the "
        "caseload are on that practice's list; residents keep their choice, so some never will be.",
        headings={"figure": "Figure", "count": "Homes", "note": "Note"},
        kinds={"count": "whole"},
        rows=rows,
        missing="" if rows else "No care home of anyone on the caseload is recorded.",
    )
