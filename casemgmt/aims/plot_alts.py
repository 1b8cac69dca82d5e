"""What the figures of the measures show, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casemgmt.aims.definitions import HOME, NO_EFFECT
from casemgmt.aims.funnels import WITHIN
from casemgmt.evaluation.plot_alts import outside_in_words
from casemgmt.evaluation.words import number

Rows = Sequence[dict[str, Any]]


def funnel_words(rows: Rows, said: Mapping[str, str], names: Mapping[str, str]) -> str:
    """How many practices lie outside the limits, and which."""
    is_share = said["measure"] == HOME
    value, unit, times = ("share", "in 100 discharges", 100) if is_share else ("per_1000", "per 1,000 people", 1)
    overall = rows[0]["overall"]
    outside = sorted((row for row in rows if row["position"] != WITHIN), key=lambda row: -abs(row[value] - overall))
    told = [{**row, value: times * row[value]} for row in outside]
    return (
        f"A funnel of {names[said['measure']]}, {said['year']}: a dot a practice by its size, {unit}, between limits "
        f"that chance alone would keep. All practices: {number(times * overall, 1)}. "
        f"{outside_in_words(told, len(rows), value, 1)} {NO_EFFECT}"
    )


def run_chart_words(rows: Rows, said: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The first and the last point, the median, and the signals."""
    first, last = rows[0], rows[-1]
    signals = [
        f"{count} points are part of a {name}"
        for name in ("shift", "trend")
        if (count := sum(name in (row["signals"] or "") for row in rows))
    ]
    ends = (f"{number(row['per_1000_a_year'], 1)} from {row['from'].isoformat()}" for row in (first, last))
    return (
        f"A run chart of {names[said['measure']]}, {said['practice_id']}, per 1,000 on the list and year, a point each "
        f"{said['period']}: {' to '.join(ends)}. Median {number(first['median'], 1)}. "
        f"{'; '.join(signals) or 'No point is part of a shift or a trend'}. {NO_EFFECT}"
    )
