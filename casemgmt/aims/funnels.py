"""Funnels: each practice beside limits that chance alone would keep, for rates and for shares.

Reference: Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202 (exact
limits, interpolated as in its appendix). Where practices differ in more than chance, as they mostly do, more of them
lie outside: how much more is said as the dispersion, and nothing is corrected for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

from casemgmt.aims.definitions import HOME, NO_EFFECT
from casemgmt.aims.grid import ALL_PRACTICES
from casemgmt.errors import InputError
from casemgmt.evaluation.funnel import LIMITS, limits

if TYPE_CHECKING:
    import pyarrow as pa

WITHIN = "within"


def funnel_of(table: pa.Table, measure: str, year: str) -> pa.Table:
    """The funnel of a measure's table in one year; see :meth:`casemgmt.aims.result.Outcomes.funnel`."""
    from casemgmt.evaluation.at_cut import table_of

    rows = [row for row in table.to_pylist() if row["year"] == year and row["practice_id"] != ALL_PRACTICES]
    found = share_funnel(rows) if measure == HOME else rate_funnel(rows, measure)
    if not found:
        raise InputError(f"funnel: nobody of {year} was followed, so that there is nothing to compare.")
    said = said_of(dispersion(found, "at_home" if measure == HOME else measure))
    facts = {"measure": measure, "year": year, "dispersion": said, "caution": NO_EFFECT}
    return table_of(found).replace_schema_metadata(facts)


def rate_funnel(rows: Sequence[Mapping[str, Any]], count: str) -> list[dict[str, Any]]:
    """Practices by the rate of a count: list_size, the count, per_1000, expected, and limits of the rate.

    Parameters
    ----------
    rows : of one year, practices alone: practice_id, list_size and the count
    """
    events, people = sum(row[count] for row in rows), sum(row["list_size"] for row in rows)
    found = []
    for row in rows:
        size, due = row["list_size"], row["list_size"] * events / people
        one = {
            "practice_id": row["practice_id"],
            "list_size": size,
            count: row[count],
            "per_1000": 1000 * row[count] / size,
        }
        one |= {"overall": 1000 * events / people, "expected": due}
        for name, tail in LIMITS.items():
            ends = limits(due, tail) if due else (None, None)
            one |= {
                f"{side}_{name}": None if end is None else end * 1000 * due / size
                for side, end in zip(("low", "high"), ends, strict=True)
            }
        found.append(one | {"position": position(one["per_1000"], one)})
    return found


def share_funnel(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Practices by the share at home: known, at_home, share, overall, and limits of the share.

    Parameters
    ----------
    rows : of one year, practices alone: practice_id, known and at_home
    """
    rows = [row for row in rows if row["known"]]
    people = sum(row["known"] for row in rows)
    overall = sum(row["at_home"] for row in rows) / people if people else 0.0
    found = []
    for row in rows:
        known = row["known"]
        one = {
            "practice_id": row["practice_id"],
            "known": known,
            "at_home": row["at_home"],
            "share": row["at_home"] / known,
        }
        one |= {"overall": overall}
        for name, tail in LIMITS.items():
            one |= {
                f"{side}_{name}": share_limit(known, overall, chance)
                for side, chance in (("low", tail), ("high", 1 - tail))
            }
        found.append(one | {"position": position(one["share"], one)})
    return found


def share_limit(people: int, share: float, probability: float) -> float:
    """The quantile of a binomial count as a share, interpolated between the whole numbers on its two sides.

    Examples
    --------
    >>> [round(share_limit(100, 0.8, chance), 3) for chance in (0.025, 0.975)]
    [0.714, 0.87]
    """
    from scipy.special import bdtr

    if not 0 < share < 1:
        return share
    low, high = 0, people
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if bdtr(middle, people, share) >= probability else (middle + 1, high)
    reached = float(bdtr(low, people, share))
    before = float(bdtr(low - 1, people, share)) if low else 0.0
    return max(low - (reached - probability) / (reached - before), 0.0) / people


def position(value: float, row: Mapping[str, Any]) -> str | None:
    """``within``, or beyond which limits, on which side; None where there are none."""
    if row["low_95"] is None:
        return None
    for name, words in (("99_8", "99.8%"), ("95", "95%")):
        if value > row[f"high_{name}"]:
            return f"above {words}"
        if value < row[f"low_{name}"]:
            return f"below {words}"
    return WITHIN


def dispersion(rows: Sequence[Mapping[str, Any]], count: str) -> float | None:
    """The mean of squared z-scores: 1 where practices differ by chance alone (Spiegelhalter 2005, for counts: on the
    scale of square roots); None of fewer than two practices.
    """
    if count == "at_home":
        overall = rows[0]["overall"] if rows else 0.0
        spread = [overall * (1 - overall) / row["known"] for row in rows]
        squares = [(row["share"] - overall) ** 2 / each for row, each in zip(rows, spread, strict=True) if each]
    else:
        squares = [4 * (sqrt(row[count]) - sqrt(row["expected"])) ** 2 for row in rows if row["expected"]]
    return sum(squares) / len(squares) if len(squares) > 1 else None


def said_of(spread: float | None) -> str:
    """What the dispersion means."""
    if spread is None:
        return "dispersion: not known of fewer than two practices"
    more = (
        "practices differ more than chance alone makes them, so that more lie outside"
        if spread > 1.5
        else "no more than by chance"
    )
    return f"dispersion {spread:.2f} ({more}; the limits are not widened for it)"
