"""The outcomes of a year as a figure of a commissioner's report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.outputs.report.figures import Figure, totals_first

if TYPE_CHECKING:
    from casemgmt.aims.result import Outcomes

# By column of casemgmt.Outcomes.by_practice; each with how its numbers are shown.
_HEADINGS = {
    "practice_id": ("Practice", ""),
    "list_size": ("List size", "whole"),
    "emergency_admissions": ("Emergency admissions", "whole"),
    "emergency_admissions_per_1000": ("Per 1,000", "percent"),
    "avoidable_admissions": ("Avoidable admissions", "whole"),
    "avoidable_admissions_per_1000": ("Avoidable, per 1,000", "percent"),
    "discharges_followed": ("Discharges of 65 and over followed", "whole"),
    "at_home_91_days": ("At home after 91 days", "whole"),
    "share_at_home": ("At home, % (in 100)", "share"),
    "deaths": ("Deaths counted", "whole"),
    "note": ("Note", ""),
}


def outcome_figure(outcomes: Outcomes, year: str | None) -> Figure:
    """The measures of a year by practice, in the form that may leave.

    Parameters
    ----------
    year : covered whole; None for the last that is

    Raises
    ------
    InputError : no such year, or so few practices that nothing may leave
    """
    table = outcomes.by_practice(year, suppressed=True)
    said = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
    rows = table.to_pylist()
    for row in rows:
        for name in ("emergency_admissions_per_1000", "avoidable_admissions_per_1000", "share_at_home"):
            if row.get(name) is not None:
                row[name] = round(row[name] * (100 if name == "share_at_home" else 1), 1)
    there = [name for name in _HEADINGS if name in table.column_names]
    return Figure(
        name="outcomes",
        title=f"Outcomes of {said['year']}",
        says=f"{said['caution']} Rates are worked out from the rounded counts. Against the base year, with intervals: "
        "cm.outcomes.",
        headings={name: _HEADINGS[name][0] for name in there},
        kinds={name: _HEADINGS[name][1] for name in there if _HEADINGS[name][1]},
        rows=totals_first(rows),
    )
