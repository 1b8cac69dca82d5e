"""Measures as a screen shows them: all practices together, a line a year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from casemgmt.aims.definitions import AVOIDABLE, EMERGENCY, HOME, LOST
from casemgmt.aims.grid import ALL_PRACTICES

if TYPE_CHECKING:
    from casemgmt.aims.result import Outcomes

Lines = list[tuple[Any, ...]]


def lines_of(found: Outcomes) -> Iterator[tuple[str, tuple[str, ...], Lines]]:
    """Title, heads and rows of each measure."""
    last = {EMERGENCY: f"of {found.base_year}", AVOIDABLE: "of the year before", LOST: "of the year before"}
    for measure, table in found.tables.items():
        rows = [row for row in table.to_pylist() if row["practice_id"] == ALL_PRACTICES]
        heads: tuple[str, ...]
        rows = [{**row, "year": row["year"] if row["complete"] else f"{row['year']} (part)"} for row in rows]
        title = f"{measure.replace('_', ' ')}, all practices"
        if measure in (EMERGENCY, AVOIDABLE):
            name = "base" if measure == EMERGENCY else "previous"
            heads = (
                "year",
                "admissions",
                "per 1,000 (95% interval)",
                f"per cent {last[measure]} (95% interval)",
                "aim met",
            )
            lines: Lines = [
                (row["year"], row[measure], figure(row, "per_1000"), percent(row, name), _met(row)) for row in rows
            ]
        elif measure == HOME:
            heads = ("year", "discharges", "followed", "at home, per cent: in 100 (95% interval)")
            lines = [
                (row["year"], row["discharges"], row["known"], figure(row, "share_at_home", 100, "share"))
                for row in rows
            ]
        elif measure == LOST:
            heads = ("year", "deaths", "years", "per 100,000 (95% interval)", f"per cent {last[measure]}", "aim met")
            lines = [
                (
                    row["year"],
                    row["deaths"],
                    round(row["years_lost"]),
                    figure(row, "per_100000", digits=0),
                    percent(row, "previous"),
                    _met(row),
                )
                for row in rows
            ]
        else:
            heads = ("year", "stays", "days", "mean (95% interval)", "median (95% interval)")
            lines = [
                (
                    row["year"],
                    row["stays"],
                    row["days"],
                    figure(row, "mean_days", stem="mean"),
                    figure(row, "median_days", stem="median"),
                )
                for row in rows
            ]
        yield title, heads, lines


def figure(row: dict[str, Any], name: str, times: float = 1, stem: str = "", digits: int = 1) -> str | None:
    """``95.2 (93.1 to 97.3)``; None where there is none."""
    value, low, high = row[name], row[f"{stem or name}_low"], row[f"{stem or name}_high"]
    if value is None:
        return None
    ends = "" if low is None else f" ({low * times:,.{digits}f} to {high * times:,.{digits}f})"
    return f"{value * times:,.{digits}f}{ends}"


def percent(row: dict[str, Any], name: str) -> str | None:
    """A ratio as a percentage, with its interval."""
    return figure(row, f"{name}_ratio", 100, name)


def _met(row: dict[str, Any]) -> str | None:
    return None if row["aim_met"] is None else "yes" if row["aim_met"] else "no"
