"""Months, quarters and years in a row: what a run chart is drawn of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.aims.definitions import NO_EFFECT
from casemgmt.aims.grid import ALL_PRACTICES, Grid
from casemgmt.aims.run_charts import RULES, run_chart
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

LENGTHS = {"month": 1, "quarter": 3, "year": 12}

Monthly = Mapping[tuple[str, int], int]


def chart_table(grid: Grid, monthly: Monthly, measure: str, practice: str, period: str) -> pa.Table:
    """The run chart of a measure; see :meth:`casemgmt.aims.result.Outcomes.run_chart`."""
    import pyarrow as pa

    whole, part, text = pa.int64(), pa.float64(), pa.string()
    kinds = {"from": pa.date32(), "per_1000_a_year": part, "median": part, "side": text, "signals": text}
    rows = chart_rows(grid, monthly, practice, period)
    facts = {"measure": measure, "practice_id": practice, "period": period, "rules": RULES, "caution": NO_EFFECT}
    schema = pa.schema([(name, kinds.get(name, whole)) for name in rows[0]], metadata=facts)
    return pa.Table.from_pylist(rows, schema=schema)


def chart_rows(grid: Grid, monthly: Monthly, practice: str, period: str) -> list[dict[str, Any]]:
    """A row a period that is covered whole: its days, the count, the rate of a year, and what the rules say.

    Parameters
    ----------
    monthly : the count by practice and month (months since January of the year 0)
    practice : a practice, or ``all practices``: those that have a list in every year covered

    Raises
    ------
    InputError : no period is covered whole by lists and records
    """
    length = LENGTHS[period]
    years = [year for year in grid.lists.spans if grid.days_covered(year)]
    members = [practice]
    if practice == ALL_PRACTICES:
        sizes = grid.lists.sizes
        members = [each for each in grid.lists.practices if all((each, year) in sizes for year in years)]
    rows: list[dict[str, Any]] = []
    for year in years:
        start = grid.lists.years.first_day(year)
        size = sum(grid.lists.sizes.get((each, year), 0) for each in members)
        in_year = (grid.lists.years.last_day(year) - start).days + 1
        for at in range(0, 12, length):
            month = start.year * 12 + start.month - 1 + at
            first, last = _day(month), _day(month + length) - dt.timedelta(days=1)
            if size and grid.covers[0] <= first and last <= grid.covers[1]:
                days = (last - first).days + 1
                events = sum(monthly.get((each, m), 0) for each in members for m in range(month, month + length))
                rate = 1000 * events / size * in_year / days
                rows.append(
                    {"from": first, "days": days, "list_size": size, "admissions": events, "per_1000_a_year": rate}
                )
    if not rows:
        raise InputError(f"run_chart: not one {period} is covered whole by lists= and covers=.")
    found = run_chart([row["per_1000_a_year"] for row in rows])
    for row, side, signals in zip(rows, found.sides, found.signals, strict=True):
        row |= {"median": found.middle, "side": side, "signals": "; ".join(signals) or None}
        row |= {"runs": found.runs, "runs_at_least": found.least, "runs_at_most": found.most}
    return rows


def _day(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)
