"""What :func:`casemgmt.outcomes` gives: a table a measure, funnels, run charts, and the form that may leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.aims.definitions import AVOIDABLE, EMERGENCY, HOME, MEASURES, NO_EFFECT, definitions_table
from casemgmt.aims.grid import ALL_PRACTICES, Grid
from casemgmt.aims.periods import LENGTHS, Monthly
from casemgmt.errors import InputError, not_one_of, plural, unknown_name

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

COUNTED = (EMERGENCY, AVOIDABLE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Outcomes:
    """Measures of a programme's aims, by practice and year. Made by :func:`casemgmt.outcomes`.

    Attributes
    ----------
    tables : Arrow tables by measure; each field's metadata holds ``definition``, ``unit`` and ``sure`` (A read in a
        primary source, B in a good secondary one, C from memory, D our decision), each table's the ``caution``
    left_out : why a measure is not there, by measure
    base_year : against which years are held
    covers : first and last day that the records cover
    account : a row a source and fate: source, fate, rows; the rows of a source add up to those it has
    report : the rows to look at: source, source_row (from 0), field, reason; never a value

    Notes
    -----
    No measure is an effect of the programme; the sentence that says so stands in every table's metadata. Of the sources
    that :func:`casemgmt.outcomes` reads, each measure needs these columns, for which the names of Hospital Episode
    Statistics will do:

    - emergency_admissions: ``patient_id``, ``practice_id`` (the patient's, on admission), ``admission_date``,
      ``admission_method``; and it may be ``spell_id``, ``provider_id``, ``episode_order``, ``patient_classification``
    - avoidable_admissions: those of :func:`casemgmt.avoidable_admissions`
    - length_of_stay: ``discharge_date``
    - home_91_days: ``discharge_date``, ``discharge_destination``, ``age``, ``admission_source``; deaths with
      ``patient_id`` and ``date_of_death``; it may be care_homes with ``patient_id`` and ``moved_in``
    - years_of_life_lost: deaths with ``practice_id``, ``date_of_death``, ``age``, it may be ``sex`` and ``amenable``
      (whether of a cause amenable to health care; without it all deaths count); life_expectancy, a table with ``age``,
      ``years`` and it may be ``sex``, or an age up to which years count; it may be ages, with ``practice_id``,
      ``year``, ``age_band`` (five years, such as 65-69, and 90+) and ``people``: rates are then directly standardised
      (European Standard Population 2013), and crude without

    Examples
    --------
    >>> import datetime as dt, pyarrow as pa, casemgmt as cm
    >>> days = [dt.date(2013, 5, 1)] * 10 + [dt.date(2014, 5, 1)] * 9
    >>> episodes = pa.table({"patient_id": [f"p{i}" for i in range(19)], "practice_id": ["C87001"] * 19,
    ...                      "admission_date": days, "admission_method": ["21"] * 19})
    >>> lists = pa.table({"practice_id": ["C87001"] * 2, "year": ["2013", "2014"], "list_size": [1000, 1000]})
    >>> found = cm.outcomes(episodes, lists, year="calendar", base_year=2013, covers=("2013-01-01", "2014-12-31"))
    >>> row = found.table("emergency_admissions").to_pylist()[1]
    >>> row["per_1000"], round(row["base_ratio"], 2), row["aim_met"]
    (9.0, 0.9, True)
    """

    tables: Mapping[str, pa.Table]
    left_out: Mapping[str, str]
    base_year: str
    covers: tuple[dt.date, dt.date]
    account: pa.Table
    report: pa.Table
    _grid: Grid
    _monthly: Mapping[str, Monthly]

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that are there."""
        return tuple(self.tables)

    @property
    def years(self) -> tuple[str, ...]:
        """The years that have lists and a covered day."""
        grid = self._grid
        return tuple(grid.lists.years.label(year) for year in grid.lists.spans if grid.days_covered(year))

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices, in order of their codes."""
        return tuple(self._grid.lists.practices)

    def __repr__(self) -> str:
        """Counts only."""
        years = self.years
        span = f"{years[0]} to {years[-1]}" if len(years) > 1 else years[0]
        missing = f"; left out: {', '.join(self.left_out)}" if self.left_out else ""
        what = f"{plural(len(self.practices), 'practice')}, {span} against {self.base_year}"
        return f"<Outcomes: {what}; {', '.join(self.measures)}{missing}. {NO_EFFECT}>"

    @arguments.checked(measure=arguments.text)
    def table(self, measure: str) -> pa.Table:
        """The table of a measure: a row a practice and year, then rows of all practices together.

        Raises
        ------
        InputError : the measure is not known, or was left out, with the reason
        """
        if measure in self.left_out:
            raise InputError(f"'{measure}' was left out: {self.left_out[measure]}.")
        if measure not in self.tables:
            raise unknown_name("measure", measure, MEASURES)
        return self.tables[measure]

    @property
    def set_aside(self) -> pa.Table:
        """The lines of ``account`` of rows that could not be used, each for a fault of its own."""
        import pyarrow.compute as pc

        faults = pc.and_(pc.is_in(self.account["fate"], value_set=_faults()), pc.greater(self.account["rows"], 0))
        return self.account.filter(faults)

    def definitions(self) -> pa.Table:
        """A row a column of each table: measure, column, definition, unit, sure."""
        return definitions_table(self.tables)

    @arguments.checked(measure=arguments.text, year=arguments.text_or_none)
    def funnel(self, measure: str, year: str | None = None) -> pa.Table:
        """Practices in one year beside the limits that chance alone would keep, exact and interpolated.

        Parameters
        ----------
        measure : ``emergency_admissions``, ``avoidable_admissions`` or ``home_91_days``
        year : covered whole, by default the last that is

        Returns
        -------
        pyarrow.Table
            practice_id, what is counted and of how many, the rate or share, ``overall`` (all practices'), ``expected``
            (of a rate: the count at the overall rate), ``low_95``, ``high_95``, ``low_99_8``, ``high_99_8``, and
            ``position`` (``within``, ``above 95%`` …). Metadata: ``dispersion``, how much more practices differ than by
            chance (1: no more); the limits are not widened for it (Spiegelhalter 2005)
        """
        from casemgmt.aims.funnels import funnel_of

        if measure not in (*COUNTED, HOME):
            raise not_one_of("measure", (*COUNTED, HOME))
        return funnel_of(self.table(measure), measure, self._whole_year(self.table(measure), year))

    @arguments.checked(measure=arguments.text, practice=arguments.text, period=arguments.text)
    def run_chart(self, measure: str, *, practice: str = ALL_PRACTICES, period: str = "month") -> pa.Table:
        """A measure in order of time about its median, with signals by published rules (in the metadata, ``rules``).

        Parameters
        ----------
        measure : ``emergency_admissions`` or ``avoidable_admissions``
        practice : a practice, or ``all practices``: those with a list in every year that is covered
        period : ``month``, ``quarter`` or ``year``; those that are covered whole

        Returns
        -------
        pyarrow.Table
            ``from`` (first day), ``days``, ``list_size``, ``admissions``, ``per_1000_a_year`` (as if the period's rate
            held for a year), ``median``, ``side`` (above, below, on), ``signals`` (null where none), ``runs``, and the
            fewest and most ``runs`` that chance explains (null below 10 points, to which no rule is applied)
        """
        from casemgmt.aims.periods import chart_table

        if measure not in COUNTED:
            raise not_one_of("measure", COUNTED)
        if period not in LENGTHS:
            raise not_one_of("period", tuple(LENGTHS))
        self.table(measure)
        if practice not in (ALL_PRACTICES, *self.practices):
            raise unknown_name("practice", practice, (ALL_PRACTICES, *self.practices))
        return chart_table(self._grid, self._monthly[measure], measure, practice, period)

    @arguments.checked(year=arguments.text_or_none, suppressed=arguments.yes_or_no)
    def by_practice(self, year: str | None = None, *, suppressed: bool = False) -> pa.Table:
        """The measures of one year side by side: a row a practice, the last of all practices.

        Parameters
        ----------
        year : covered whole, by default the last that is
        suppressed : the form that may leave: counts of 1 to 7 are left out and others rounded to the nearest 5, more of
            them withheld where a small one would follow; totals, rates and shares are worked out from those

        Returns
        -------
        pyarrow.Table
            practice_id, list_size, then of the measures that are there: emergency_admissions and avoidable_admissions
            each with ``_per_1000``, discharges_followed, at_home_91_days, share_at_home, deaths; ``note`` (why a count
            is null)

        Raises
        ------
        InputError : with ``suppressed``, so few practices that nothing may leave
        """
        from casemgmt.aims.side_by_side import side_by_side

        table = self.tables[EMERGENCY]
        return side_by_side(self.tables, self._whole_year(table, year), suppressed=suppressed)

    @arguments.checked(which=arguments.text)
    def plot(
        self,
        which: str,
        measure: str = EMERGENCY,
        *,
        year: str | None = None,
        practice: str = ALL_PRACTICES,
        period: str = "month",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw ``"funnel"`` (of ``year``) or ``"run_chart"`` (of ``practice`` by ``period``), and give the axes back.

        Raises
        ------
        InputError : there is no such plot, or matplotlib (the extra ``plot``) is not installed
        """
        from casemgmt.aims.plots import draw

        if which == "funnel":
            return draw(which, self.funnel(measure, year), ax)
        if which == "run_chart":
            return draw(which, self.run_chart(measure, practice=practice, period=period), ax)
        raise not_one_of("which", ("funnel", "run_chart"))

    @arguments.checked(folder=arguments.path)
    def save(self, folder: str | Path) -> Path:
        """Write every table, funnel and run chart as CSV, figures where matplotlib is installed, and a page of words.

        They hold whole counts: for the practices and whoever may see them. What may leave is
        ``by_practice(suppressed=True)``.

        Raises
        ------
        PublishError : the folder is there already, or cannot be written
        """
        from casemgmt.aims.saving import save

        return save(self, Path(folder))

    def _whole_year(self, table: pa.Table, year: str | None) -> str:
        """The label of a year that is covered whole."""
        columns = (table.column(name).to_pylist() for name in ("year", "complete"))
        whole = {label for label, complete in zip(*columns, strict=True) if complete}
        if (year is None and not whole) or (year is not None and year not in whole):
            known = ", ".join(sorted(whole)) or "none"
            raise InputError(
                f"year: name one that is covered whole ({known}); records: {self.covers[0]} to {self.covers[1]}."
            )
        return max(whole) if year is None else year


def _faults() -> pa.Array:
    from casemgmt.aims.deaths import SET_ASIDE as OF_DEATHS
    from casemgmt.aims.stays import SET_ASIDE
    from casemgmt.arrow import texts

    return texts(sorted({*SET_ASIDE, *OF_DEATHS, "undecided", "not_in_the_life_table"}))
