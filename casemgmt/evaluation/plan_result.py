"""A plan as users hold it: the table, its inverse, its plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, plural, such_as
from casemgmt.evaluation.labels import in_front, labels_of
from casemgmt.evaluation.tariff import Tariff, is_amount
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.evaluation.plan_lists import Lists, Planned

STEPS = 1000  # of a share, in which an inverse is looked for
TEXT = ("share", "practice_id")
WHOLE = ("places", "ranked", "other_routes", "patients", "contacts")
COLUMNS = (
    *("share", "places", "ranked", "other_routes", "patients", "expected_admissions", "share_of_expected"),
    *("marginal_yield", "contacts", "hours_a_year", "hours_a_week", "pounds_a_year"),
)

Row = dict[str, Any]


@shows("table practices tariff labels for_hours for_budget plot to_arrow to_pandas")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Plan:
    """What lists of several lengths hold and take; made by :func:`casemgmt.plan`.

    Its tables hold whole counts, for the practices' own use.

    Attributes
    ----------
    asked : the register, the scheme, what ranks and each one's risk
    tariff : what a managed patient takes
    table : one row a share, all practices together: share (of each practice's list), places, ranked (whom the share
        route lets in), other_routes (who has a place by another route alone), patients (both together),
        expected_admissions (how many of ``ranked`` the risks expect to have the outcome, with or without management: no
        count of admissions avoided), share_of_expected (0 to 1, of all expected among everyone with a risk),
        marginal_yield (of each patient ranked more than in the row above, how many are expected to have the outcome, 0
        to 1; null where there are none more), contacts, hours_a_year, hours_a_week and pounds_a_year of ``patients``
    practices : the same by practice, with practice_id, and without what concerns the whole area
    """

    asked: Planned
    tariff: Tariff
    table: pa.Table
    practices: pa.Table

    def to_arrow(self) -> pa.Table:
        """``table``."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """``table`` as a pandas data frame."""
        return self.table.to_pandas()

    @arguments.checked(ranked_alone=arguments.yes_or_no)
    def for_hours(self, hours_a_week: float, *, ranked_alone: bool = False) -> pa.Table:
        """The longest list that so many hours a week can look after, in steps of 0.1% of each practice's list.

        Parameters
        ----------
        hours_a_week : of staff time, all practices together
        ranked_alone : whether the hours are for those whom the share route lets in, and those who come by another route
            are looked after from elsewhere; the row then counts the ranked alone

        Returns
        -------
        pyarrow.Table
            one row of ``table``; marginal_yield is against the share a tenth of a percent below

        Raises
        ------
        InputError
            Not even the shortest list fits, or no number of hours.
        """
        if not is_amount(hours_a_week):
            raise such_as("hours_a_week", "write a number from 0", "12")
        return self._longest(
            "hours_a_week", float(hours_a_week), lambda least: f"{least:,.1f} hours a week", ranked_alone
        )

    @arguments.checked(ranked_alone=arguments.yes_or_no)
    def for_budget(self, pounds_a_year: float, *, ranked_alone: bool = False) -> pa.Table:
        """The longest list that so much money a year pays for; as :meth:`for_hours`."""
        if not is_amount(pounds_a_year):
            raise such_as("pounds_a_year", "write a number from 0", "50_000")
        return self._longest("pounds_a_year", float(pounds_a_year), lambda least: f"£{least:,.0f} a year", ranked_alone)

    def _longest(self, column: str, most: float, in_words: Callable[[float], str], ranked_alone: bool) -> pa.Table:
        """Lists grow with the share, so the longest that fits is found by halving."""
        asked = self.asked.ranked_alone() if ranked_alone else self.asked

        def at(step: int) -> Row:
            return _totals(Fraction(step, STEPS), asked.lists(Fraction(step, STEPS)), 0.0, self.tariff)

        low, high = 0, STEPS
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if at(middle)[column] <= most else (low, middle - 1)
        if not low:
            shortest = at(1)
            raise InputError(
                f"{column}: the shortest list, 0.1% of each practice's, takes {in_words(shortest[column])}: "
                f"{plural(shortest['ranked'], 'patient')} by rank and {shortest['other_routes']:,} by other routes, "
                f"who have a place whatever the share{'' if ranked_alone else '; ranked_alone=True leaves them out'}."
            )
        shares = [Fraction(step, STEPS) for step in (low - 1, low) if step]
        return plan_of(asked, shares, self.tariff).table[-1:]

    @property
    def labels(self) -> tuple[str, ...]:
        """``synthetic people`` and ``demonstration only``, where they are true."""
        return labels_of(self.asked.register, self.asked.ranking.model)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the marginal yield and the hours a week against the share, from ``table``; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib axes to draw on, by default new ones

        Returns
        -------
        matplotlib.axes.Axes
        """
        from casemgmt.evaluation.plan_plot import draw_plan

        return draw_plan(self, ax)

    def __repr__(self) -> str:
        """Counts only."""
        shares = self.table.column("share").to_pylist()
        return (
            f"<Plan by '{self.asked.scheme.id}': {in_front(self.labels)}{plural(len(shares), 'share')} from "
            f"{shares[0]} to {shares[-1]} of each list, {plural(len(self.asked.register.practices), 'practice')}; "
            f"{self.tariff.describe()}>"
        )


def plan_of(
    asked: Planned,
    shares: Sequence[Fraction],
    tariff: Tariff,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Work out the lists of some shares, the smallest first."""
    rows: list[Row] = []
    by_practice: list[Row] = []
    total = _expected_in_all(asked)
    for done, share in enumerate(shares, start=1):
        lists = asked.lists(share)
        rows.append(_totals(share, lists, total, tariff))
        by_practice += _each_practice(asked, share, lists, tariff)
        if progress is not None:
            progress(done, len(shares))
    for before, row in zip([None, *rows], rows, strict=False):
        more = row["ranked"] - (before["ranked"] if before else 0)
        gained = row["expected_admissions"] - (before["expected_admissions"] if before else 0.0)
        row["marginal_yield"] = gained / more if more else None
    left_out = ("share_of_expected", "marginal_yield")
    of_practice = ("practice_id", *(name for name in COLUMNS if name not in left_out))
    return Plan(asked=asked, tariff=tariff, table=_table(COLUMNS, rows), practices=_table(of_practice, by_practice))


def _expected_in_all(asked: Planned) -> float:
    import numpy as np

    from casemgmt.selection.plain_rows import keys_of

    source = asked.ranking.source
    scored = keys_of(source, slice(0, len(asked.register))) != source.no_score
    return float(np.sum(np.sort(np.nan_to_num(asked.risk[scored]))))


def _totals(share: Fraction, lists: Lists, total: float, tariff: Tariff) -> Row:
    expected = float(lists.expected.sum())
    return {
        "share": in_percent(share),
        "places": int(lists.places.sum()),
        **_takes(int(lists.ranked.sum()), int(lists.others.sum()), tariff),
        "expected_admissions": expected,
        "share_of_expected": expected / total if total else None,
    }


def _each_practice(asked: Planned, share: Fraction, lists: Lists, tariff: Tariff) -> list[Row]:
    columns = (each.tolist() for each in lists)
    return [
        {
            "practice_id": practice,
            "share": in_percent(share),
            "places": places,
            "expected_admissions": expected,
            **_takes(ranked, others, tariff),
        }
        for practice, places, ranked, others, expected in zip(asked.register.practices, *columns, strict=True)
    ]


def _takes(ranked: int, others: int, tariff: Tariff) -> Row:
    patients = ranked + others
    return {
        "ranked": ranked,
        "other_routes": others,
        "patients": patients,
        "contacts": round(tariff.contacts(patients)),
        "hours_a_year": tariff.hours_a_year(patients),
        "hours_a_week": tariff.hours_a_week(patients),
        "pounds_a_year": tariff.pounds(patients),
    }


def in_percent(share: Fraction) -> str:
    """``0.5%``; a share that no short decimal says, as a fraction."""
    percent = share * 100
    text = f"{float(percent):.6f}".rstrip("0").rstrip(".")
    return f"{text}%" if Fraction(text) == percent else f"{share.numerator}/{share.denominator}"


def _table(names: Iterable[str], rows: list[Row]) -> pa.Table:
    import pyarrow as pa

    def kind(name: str) -> pa.DataType:
        return pa.string() if name in TEXT else pa.int64() if name in WHOLE else pa.float64()

    return pa.table({name: pa.array([row[name] for row in rows], kind(name)) for name in names})
