"""The four-a-year report to a commissioner, from a selection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.dates import as_date
from casemgmt.errors import InputError, plural
from casemgmt.outputs.report.change import Last, read_last
from casemgmt.outputs.report.counted import count
from casemgmt.outputs.report.making import Asked, Made, make
from casemgmt.outputs.report.tariff import load_tariff
from casemgmt.results.reporting_outcomes import outcome_figure
from casemgmt.results.reporting_period import period_of
from casemgmt.results.tables import SelectionTables

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.aims.result import Outcomes
    from casemgmt.caseload.caseload import Caseload
    from casemgmt.register.register import Register


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CommissionerReport:
    """A report: tables that may leave, the page and the workbook. Made by :func:`casemgmt.commissioner_report`."""

    _asked: Asked
    _made: Made

    @property
    def names(self) -> tuple[str, ...]:
        """The figures: places, reviews, programme, money, care_homes, equity, change."""
        return tuple(figure.name for figure in self._made.figures)

    @arguments.checked(name=arguments.text)
    def table(self, name: str) -> pa.Table:
        """The table of a figure; a null number is explained by ``note``.

        Raises
        ------
        InputError : there is no figure of that name
        """
        return self._made.figure(name).to_arrow()

    def to_html(self) -> str:
        """The page, whole: no script, nothing from the network."""
        from casemgmt.outputs.report.page import page_of

        return page_of(self._made)

    @arguments.checked(folder=arguments.path, overwrite=arguments.yes_or_no)
    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the page, the workbook and a CSV file a figure, with a manifest: whole, or not at all.

        What lies beside the folder is looked at too, so more may be withheld than in :meth:`table`.

        Parameters
        ----------
        folder : the folder to make
        overwrite : replace an earlier report in that folder

        Raises
        ------
        PublishError : the folder holds something else, or cannot be written; what was there is left as it was
        """
        from casemgmt.outputs.report.folder import save

        target = Path(folder).absolute()
        save(make(self._asked, target), Path(folder), overwrite=overwrite)
        return Path(folder)

    def __repr__(self) -> str:
        """Date and scheme."""
        facts = self._made.facts
        practices = plural(facts["practices"], "practice")
        return f"<CommissionerReport: {facts['scheme']}, list of {facts['as_of']}, {practices}>"


@arguments.checked(
    selection=arguments.instance(SelectionTables, "a selection from cm.select or cm.load_selection"),
    register=arguments.instance_or_none("casemgmt.register.register:Register", "a register from cm.read_register"),
    previous=arguments.path_or_none,
    published_before=arguments.paths,
    caseload=arguments.instance_or_none("casemgmt.caseload.caseload:Caseload", "a caseload from cm.open_caseload"),
    outcomes=arguments.instance_or_none("casemgmt.aims.result:Outcomes", "outcomes from cm.outcomes"),
    year=arguments.text_or_none,
)
def commissioner_report(
    selection: SelectionTables,
    *,
    register: Register | None = None,
    tariff: str | Path | None = None,
    previous: str | Path | None = None,
    published_before: Iterable[str | Path] = (),
    caseload: Caseload | None = None,
    period: tuple[str | dt.date, str | dt.date] | None = None,
    known_at: dt.datetime | dt.date | str | None = None,
    outcomes: Outcomes | None = None,
    year: str | None = None,
) -> CommissionerReport:
    """What a commissioner is told of a selection, by practice and in total; no figure of it tells a count of 1 to 7.

    List size, each route's places, used and unused; reviews due and done; the programme's totals; money; care homes
    that several practices serve; who is case managed by deprivation, ethnicity, age and sex; the change since the last
    report. Counts are suppressed, rounded and withheld together, as in the commissioner's table; everything else is
    worked out from those.

    Parameters
    ----------
    selection : made now, or read back by :func:`casemgmt.load_selection`
    register : that it was made from, for a selection that was read back; without it there are no groups and no homes
    tariff : a shipped tariff by name, or the path of one; without it there is no money
    previous : the folder of the last report, or of a published selection, to show the change from
    published_before : folders of other publications of the same people that a reader can hold beside the report; those
        beside the selection's own folder, and beside the report's, are looked at anyway
    caseload : from :func:`casemgmt.open_caseload`; with ``period`` the report tells who was case managed, plans,
        reviews, the scheme's register test and payments per head, and care homes over the period
    period : its first and last day, such as those of a quarter
    known_at : up to when events are taken, as for :meth:`casemgmt.Caseload.on`; by default all. The report says the
        moment of the last event it rests on, and prints the last event of each practice: with that moment, the same
        store and the same selection give the same report again
    outcomes : from :func:`casemgmt.outcomes`; the report tells them of one year, in the form that may leave
    year : of the outcomes, covered whole; by default the last that is

    Returns
    -------
    CommissionerReport
        with ``.table("places")`` and the like, ``.to_html()`` and ``.save(folder)``

    Raises
    ------
    InputError : a register that is not the selection's, a tariff that says too little, a folder without a report

    Examples
    --------
    >>> cm.commissioner_report(selection)
    <CommissionerReport: rotherham-2015-16, list of 2021-01-01, 1 practice>
    """
    _check_given(caseload, known_at if period is None else period, "period and known_at go with caseload=.")
    _check_given(outcomes, year, "year goes with outcomes=: give it too.")
    last = None if previous is None else _last(Path(previous), selection)
    asked = Asked(
        lists=selection,
        counted=count(selection, register),
        tariff=None if tariff is None else load_tariff(tariff),
        last=last,
        published_before=tuple(Path(each) for each in published_before),
        published_at=getattr(selection, "published_at", None),
        outcomes=() if outcomes is None else (outcome_figure(outcomes, year),),
        period=None if caseload is None else period_of(caseload, selection.scheme, _days(period), known_at),
    )
    return CommissionerReport(asked, make(asked))


def _days(period: tuple[str | dt.date, str | dt.date] | None) -> tuple[dt.date, dt.date]:
    """The first and the last day of a period."""
    if not isinstance(period, (tuple, list)) or len(period) != 2:
        raise InputError("period: give the first and the last day, such as ('2015-04-01', '2015-06-30').")
    start, end = (as_date(day, "period") for day in period)
    if end < start:
        raise InputError("period: its last day comes before its first. Give them in this order.")
    return start, end


def _check_given(whole: object, of_it: object, said: str) -> None:
    """Refuse what only goes with something else that is not there."""
    if whole is None and of_it is not None:
        raise InputError(said)


def _last(folder: Path, selection: SelectionTables) -> Last:
    """The report before, which must not be of a later list."""
    last = read_last(folder)
    if last.as_of > selection.facts["as_of"]:
        raise InputError(
            f"previous: its list is of {last.as_of}, after the selection's of {selection.facts['as_of']}: the change "
            "would be told backwards. Name the report before this one."
        )
    return last
