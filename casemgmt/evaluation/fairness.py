"""Whether a score treats groups of people alike: who is selected, and how much need people of the same score have.

A score that was fitted on what is recorded of people, such as cost or admissions, ranks those too low of whom less is
recorded. It shows where the outcome is held against the score: of people with the same score, the group has it more
often (Obermeyer Z et al. Dissecting racial bias in an algorithm used to manage the health of populations. Science
2019;366:447-453). So judge by an outcome that is recorded alike of everyone, not by the label the score was fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import column_of, texts
from casemgmt.errors import InputError
from casemgmt.evaluation.intervals import of_expected, of_share
from casemgmt.evaluation.same_score import by_tenths, counts_by_group, expected_by_group
from casemgmt.outputs.disclosure import ROUND_TO, publishable_outcomes
from casemgmt.selection.summary import groups_of

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.evaluation.judged import Judged

# A group is named where its need at equal score is this many times everyone's, or as many times less, and chance alone
# would show that once in a thousand groups.
MATTERS = 1.2
BY_CHANCE = 0.001

COUNTED = ("people", "events", "inside", "events_inside", "missed", "just_below", "events_just_below")
# Each share: its name, of what it counts how many.
SHARES = {
    "event_rate": ("events", "people"),
    "share_inside": ("inside", "people"),
    "ppv": ("events_inside", "inside"),
    "false_negative_rate": ("missed", "events"),
    "rate_just_below": ("events_just_below", "just_below"),
}
# Each ratio of events: its name, to what is expected.
RATIOS = {"need_at_equal_score": "expected_at_score", "observed_to_expected": "expected"}

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fairness:
    """How a score and its cut treat the groups of a column.

    Whole counts stay where the patients' rows may be seen; ``suppressed`` says that this is the form that may leave.

    Attributes
    ----------
    column : whose groups they are
    groups : one row a group, ``not stated`` last, see :func:`fairness_table`
    by_score : one row a group and tenth of the people judged by score: the group, tenth (1 lowest), score_from,
        score_to, people, events, event_rate with its 95% interval; None in the form that may leave
    suppressed : whether counts of 1 to 7 are left out, and the others are rounded
    """

    column: str
    groups: pa.Table
    by_score: pa.Table | None
    suppressed: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each group whose need the score understates or overstates; none where it treats all alike."""
        return tuple(said for said in self.groups["flag"].to_pylist() if said is not None)

    def tables(self) -> dict[str, pa.Table]:
        """The numbers of the figures, by name."""
        found = {f"fairness_{self.column}": self.groups}
        return found if self.by_score is None else {**found, f"fairness_{self.column}_by_score": self.by_score}

    def plot(self, ax: Any = None) -> Any:
        """Draw each group's need at equal score, with its interval; needs matplotlib (``casemgmt[plot]``)."""
        from casemgmt.evaluation.fairness_plots import draw_need

        return draw_need(self, ax)

    def plot_by_score(self, ax: Any = None) -> Any:
        """Draw the share with the outcome by tenth of score, a line a group; needs matplotlib.

        Raises
        ------
        InputError : the form that may leave has no such numbers
        """
        from casemgmt.evaluation.fairness_plots import draw_by_score

        return draw_by_score(self, ax)

    @arguments.checked(path=arguments.path, by_score=arguments.yes_or_no)
    def save_plot(self, path: str | Path, *, by_score: bool = False) -> Path:
        """Write a figure as PNG, and its numbers beside it, as CSV of the same name; files that are there are replaced.

        Parameters
        ----------
        path : of the figure, ending in ``.png``
        by_score : the figure of :meth:`plot_by_score`, and not that of :meth:`plot`

        Raises
        ------
        InputError, PublishError
            Another ending, no numbers, no matplotlib; or a file that cannot be written.
        """
        from casemgmt.evaluation.fairness_plots import save_plot

        return save_plot(self, Path(path), by_score)

    def __repr__(self) -> str:
        """Counts of groups only."""
        flagged = len(self.warnings)
        return (
            f"<Fairness by '{self.column}': {self.groups.num_rows:,} groups, {flagged or 'none'} of them with more or "
            f"less need than others of the same score{'; suppressed' if self.suppressed else ''}>"
        )


def fairness_of(judged: Judged, column: str, *, suppressed: bool = False) -> Fairness:
    """How a score treats the groups of a register's column.

    Parameters
    ----------
    judged : from :func:`casemgmt.evaluation.judged.judge`, by an outcome that is recorded alike of all groups
    column : such as ``imd_decile``, ``ethnicity``, ``sex``, ``age_band`` (tens of years), or a carried column
    suppressed : the form that may leave, as :meth:`casemgmt.Selection.by` has it: counts of 1 to 7 are left out,
        others rounded to the nearest 5, more of them withheld where a small one would follow; every share, ratio,
        interval and sentence is worked out from the rounded numbers

    Raises
    ------
    InputError : the column is not there, or with ``suppressed`` may not group a table that leaves
    """
    if not isinstance(suppressed, bool):
        raise InputError("suppressed is True or False.")
    group, names = groups_of(judged.register, arguments.text(column, "column"))
    own = group[judged.rows]
    rows = counts_by_group(judged, own, len(names))
    expected = expected_by_group(judged, own, len(names))
    if suppressed:
        rows = publishable_outcomes(rows, column, judged.register)
        hidden = [row["people"] is None or row["events"] is None for row in rows]
        expected = {
            name: [None if hides else _to_5(value) for hides, value in zip(hidden, values, strict=True)]
            for name, values in expected.items()
        }
    else:
        rows = [{**row, "note": None} for row in rows]
    found = [
        _figures(name, {**row, **{each: values[place] for each, values in expected.items()}})
        for place, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    by_score = None if suppressed else _by_score(judged, own, column, names)
    return Fairness(column=column, groups=_table(column, found), by_score=by_score, suppressed=suppressed)


def fairness_table(judged: Judged, column: str, *, suppressed: bool = False) -> pa.Table:
    """The table ``groups`` of :func:`fairness_of`: one row a group, ``not stated`` last.

    Returns
    -------
    pyarrow.Table
        the column as text; people (judged), events (who had the outcome), inside (let in by the scheme's share and band
        routes), events_inside, missed (events not inside), just_below (the next tenth of places), events_just_below;
        expected_at_score (events, had the group had them as often as everyone of the same score), expected (the sum of
        risks); event_rate, share_inside, ppv (events of those inside), false_negative_rate (missed of the events),
        rate_just_below, need_at_equal_score (events for each one expected at the score; above 1 the score understates
        need), observed_to_expected, each with ``_low`` and ``_high``, its 95% interval (Wilson; Poisson of a ratio);
        flag (a sentence, or null), and note (why counts are null). Without a scheme what is inside is null, without
        risks what they expect
    """
    return fairness_of(judged, column, suppressed=suppressed).groups


def _to_5(expected: float | None) -> float | None:
    """An expected number to the nearest 5, as counts are rounded."""
    return None if expected is None else float(ROUND_TO * round(expected / ROUND_TO))


def _figures(name: str, row: Mapping[str, Any]) -> _Row:
    """One group's counts with the shares and ratios that follow from them, and what there is to say."""
    found: _Row = {"group": name, **row}
    for share, (part, whole) in SHARES.items():
        events, people = row[part], row[whole]
        known = events is not None and people is not None and people > 0
        low, high = of_share(min(events, people), people) if known else (None, None)
        found |= {share: min(events / people, 1.0) if known else None, f"{share}_low": low, f"{share}_high": high}
    for ratio, expected in RATIOS.items():
        known = row["events"] is not None and bool(row[expected])
        low, high = of_expected(row["events"], row[expected]) if known else (None, None)
        found |= {ratio: row["events"] / row[expected] if known else None, f"{ratio}_low": low, f"{ratio}_high": high}
    return {**found, "flag": _flag(found)}


def _flag(row: Mapping[str, Any]) -> str | None:
    """What there is to say of a group whose need at equal score is another one than everyone's."""
    ratio = row["need_at_equal_score"]
    if ratio is None or 1 / MATTERS < ratio < MATTERS:
        return None
    low, high = of_expected(row["events"], row["expected_at_score"], BY_CHANCE)
    if low <= 1 <= high:
        return None
    interval = f"(95% interval {row['need_at_equal_score_low']:.2f} to {row['need_at_equal_score_high']:.2f})"
    said = f"{row['group']}: people had the outcome {ratio:.2f} times as often as everyone of the same score {interval}"
    if ratio < 1:
        return f"{said}. The score overstates their need, and takes places from others who have more."
    missed = ""
    if row["false_negative_rate"] is not None:
        missed = f" {100 * row['false_negative_rate']:.0f} in 100 of their outcomes fell outside the cut."
    return (
        f"{said}. The score understates their need. Look for a label or inputs that are recorded less for them, such "
        f"as cost or recorded admissions.{missed}"
    )


def _table(column: str, rows: Sequence[_Row]) -> pa.Table:
    import pyarrow as pa

    shares = [name for each in (*SHARES, *RATIOS) for name in (each, f"{each}_low", f"{each}_high")]
    columns = {column: texts([row["group"] for row in rows])}
    columns |= {name: column_of([row[name] for row in rows], pa.int64()) for name in COUNTED}
    floats = (*RATIOS.values(), *shares)
    columns |= {name: column_of([row[name] for row in rows], pa.float64()) for name in floats}
    columns |= {name: column_of([row[name] for row in rows], pa.string()) for name in ("flag", "note")}
    return pa.table(columns)


def _by_score(judged: Judged, group: Any, column: str, names: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    rows = by_tenths(judged, group, len(names))
    for row in rows:
        low, high = of_share(row["events"], row["people"])
        row |= {"event_rate": row["events"] / row["people"], "event_rate_low": low, "event_rate_high": high}
    columns: dict[str, pa.Array] = {column: texts([names[row["group"]] for row in rows])}
    columns |= {name: column_of([row[name] for row in rows], pa.int64()) for name in ("tenth", "people", "events")}
    floats = ("score_from", "score_to", "event_rate", "event_rate_low", "event_rate_high")
    columns |= {name: column_of([row[name] for row in rows], pa.float64()) for name in floats}
    return pa.table(columns)
