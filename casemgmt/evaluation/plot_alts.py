"""What the figures of evaluation show, in words: the ends, the extremes and whatever stands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.evaluation.at_cut import ALL
from casemgmt.evaluation.words import in_hundred, number

if TYPE_CHECKING:
    from casemgmt.evaluation.findings import Findings

MOST_NAMED = 15
Rows = Sequence[dict[str, Any]]


def words_of_figure(found: Findings, which: str) -> str:
    """What ``calibration``, ``at_cut``, ``rules`` or ``funnel`` shows; empty where there is nothing to show."""
    table = {"at_cut": found.at_cut, "rules": found.rules, "funnel": found.funnel}.get(which)
    if which == "calibration":
        return _calibration(found)
    if table is None:
        return ""
    return {"at_cut": _at_cut, "rules": _rules, "funnel": _funnel}[which](table.to_pylist())


def _calibration(found: Findings) -> str:
    if found.calibration is None:
        return ""
    tenths = found.calibration.tenths.to_pylist()
    ends = [
        f"{in_hundred(row['risk'])} stated, {in_hundred(row['observed'])} had it" for row in (tenths[0], tenths[-1])
    ]
    above = sum(row["low"] > row["risk"] for row in tenths)
    below = sum(row["high"] < row["risk"] for row in tenths)
    return (
        "The share of people who had the outcome against the risk stated; on the dotted line the risks are right. "
        f"In the lowest tenth {ends[0]}; in the highest {ends[1]}. Of {plural(len(tenths), 'tenth')} the interval lies "
        f"above the line in {above} and below it in {below}."
    )


def _at_cut(rows: Rows) -> str:
    told = [row for row in rows if row["ppv"] is not None]
    practices = sorted((row for row in told if row["practice_id"] != ALL), key=lambda row: row["ppv"])
    said = ["A dot a practice: of those inside its cut, how many had the outcome, with the 95% interval."]
    if practices:
        ends = (f"{in_hundred(row['ppv'])} in {row['practice_id']}" for row in (practices[0], practices[-1]))
        said.append(f"{plural(len(practices), 'practice')}, from {' to '.join(ends)}.")
    said += [f"All practices together: {_with_interval(row)}." for row in told if row["practice_id"] == ALL]
    return " ".join(said)


def _rules(rows: Rows) -> str:
    said = "; ".join(f"{row['words']}: {_with_interval(row)}" for row in rows if row["ppv"] is not None)
    return f"Of those inside, how many had the outcome, by the score and by simple rules with the same places: {said}."


def _with_interval(row: dict[str, Any]) -> str:
    low, high = (number(100 * (row[f"ppv_{end}"] or 0.0), 1) for end in ("low", "high"))
    return f"{in_hundred(row['ppv'])} ({low} to {high})"


def _funnel(rows: Rows) -> str:
    told = [row for row in rows if row["ratio"] is not None]
    outside = sorted((row for row in told if row["position"] != "within"), key=lambda row: -abs(row["ratio"] - 1))
    return (
        "A funnel: for each practice, outcomes that happened for each one expected, against how many were expected, "
        f"between the limits that chance alone would keep. {outside_in_words(outside, len(told), 'ratio', 2)}"
    )


def outside_in_words(outside: Rows, count: int, name: str, digits: int) -> str:
    """How many practices lie outside the limits, and which are the furthest."""
    named = [f"{row['practice_id']} at {number(row[name], digits)}" for row in outside[:MOST_NAMED]]
    more = f", the furthest {', '.join(named)}" if named else ""
    return f"{len(outside)} of {plural(count, 'practice')} lie outside the 95% limits{more}."


def effect_words(bins: Rows, what: str, limits: tuple[float, float] | None, labels: Sequence[str]) -> str:
    """What the bins on both sides of the cut come to, and where their two lines end at it."""
    said = ["Groups of people by their score less the score at the cut, and how many of each had the outcome."]
    for side in ("outside", "inside"):
        shares = [row[what] for row in bins if row["side"] == side and row[what] is not None]
        if shares:
            ends = f"{in_hundred(min(shares))} to {in_hundred(max(shares))}"
            said.append(f"{plural(len(shares), 'group')} {side} the cut: {ends}.")
    if limits is not None:
        left, right = (number(100 * limit, 1) for limit in limits)
        said.append(f"At the cut the lines end at {left} in 100 outside and {right} in 100 inside.")
    return " ".join((*(f"{label}." for label in labels), *said))


def plan_words(rows: Rows, labels: Sequence[str]) -> str:
    """What the longest and the shortest list of a plan hold and take."""
    said = ["Lists of several lengths: of 100 patients more, how many are expected to have the outcome; hours a week."]
    for row in (rows[0], rows[-1])[: len(rows)]:
        of = NONE if row["marginal_yield"] is None else number(100 * row["marginal_yield"], 1)
        hours = NONE if row["hours_a_week"] is None else number(row["hours_a_week"], 1)
        said.append(f"At {row['share']} of each list: {of} of 100 more, {hours} hours a week.")
    return " ".join((*(f"{label}." for label in labels), *said))


NONE = "no number"


def need_words(rows: Rows, column: str) -> str:
    """Each group's need at equal score, the flagged ones named."""
    said = "; ".join(
        f"{row[column]} {number(row['need_at_equal_score'], 2)} "
        f"({number(row['need_at_equal_score_low'], 2)} to {number(row['need_at_equal_score_high'], 2)})"
        for row in rows
    )
    flagged = [str(row[column]) for row in rows if row["flag"] is not None]
    last = f"Flagged: {', '.join(flagged)}." if flagged else "None is flagged."
    about = f"Outcomes for each one expected of people with the same score, by {column.replace('_', ' ')}"
    return f"{about}, with the 95% interval; 1 is alike. {said}. {last}"


def by_score_words(rows: Rows, column: str) -> str:
    """Each group's share with the outcome in its lowest and its highest tenth of score."""
    said = []
    for group in dict.fromkeys(row[column] for row in rows):
        own = sorted((row for row in rows if row[column] == group), key=lambda row: row["tenth"])
        first, last = (f"{in_hundred(row['event_rate'])} in tenth {row['tenth']}" for row in (own[0], own[-1]))
        said.append(f"{group}: {first}" + (f", {last}" if len(own) > 1 else ""))
    about = f"The share who had the outcome by tenth of score, a line a group of {column.replace('_', ' ')}"
    return f"{about}. {'; '.join(said)}."
