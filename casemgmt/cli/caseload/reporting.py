"""``casemgmt caseload report``: the four reports a year to the commissioner."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from casemgmt.cli.caseload.asking import KnownAt
from casemgmt.cli.caseload.measures import check_proposed
from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.options import PublishedBeforeOption
from casemgmt.cli.reading import a_date
from casemgmt.cli.show import give, say, working, wrote
from casemgmt.errors import InputError

if TYPE_CHECKING:
    from casemgmt.register.register import Register
    from casemgmt.results.published import PublishedSelection
    from casemgmt.results.reporting import CommissionerReport

_FIRST_MONTHS = (4, 7, 10, 1)  # of the quarters of a financial year


class Quarter(NamedTuple):
    """A quarter that is reported: its name, its days, the selection it is reported with, and that one's register."""

    name: str
    start: dt.date
    end: dt.date
    lists: PublishedSelection
    register: Path | None


def report(
    selection: Annotated[
        list[Path],
        typer.Option(metavar="DIR", help="A published selection that was proposed; with --year one a quarter."),
    ],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to make; with --year one in it a quarter.")],
    store: StoreArgument = None,
    year: Annotated[
        int | None,
        typer.Option(metavar="YEAR", help="Report the quarters of the financial year that begins on 1 April YEAR."),
    ] = None,
    quarter_start: Annotated[
        dt.date | None, typer.Option(parser=a_date, metavar="DATE", help="Without --year: the first day.")
    ] = None,
    quarter_end: Annotated[
        dt.date | None, typer.Option(parser=a_date, metavar="DATE", help="Without --year: the last day.")
    ] = None,
    register: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The register of each selection, in their order, for groups and homes."),
    ] = None,
    tariff: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="What a plan, a review and a head are paid. [default: none]")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The report before the first, to show the change since then.")
    ] = None,
    published_before: PublishedBeforeOption = None,
    known_at: KnownAt = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier reports in those folders.")] = False,
) -> None:
    """Write a quarter's report to the commissioner, or a year's four: a page, a workbook and CSV files, suppressed."""
    from casemgmt.results.reporting import commissioner_report

    (where,) = in_their_places(store)
    with working("Checking every file"):
        quarters = _quarters(selection, register or [], year, (quarter_start, quarter_end))
    last = previous
    with opened(where) as caseload:
        for each in quarters:
            check_proposed(caseload, each.lists)
        for each in quarters:
            folder = to / each.name if each.name else to
            with working(f"Working out what may leave of {each.start} to {each.end}"):
                made = commissioner_report(
                    each.lists,
                    register=_read(each),
                    tariff=tariff,
                    previous=last,
                    published_before=published_before or (),
                    caseload=caseload,
                    period=(each.start, each.end),
                    known_at=known_at,
                )
                made.save(folder, overwrite=overwrite)
            _say_saved(each, made, folder)
            last = folder
    _say_which_are_missing(year, quarters)
    say("Counts of 1 to 7 are suppressed, others rounded to 5, and held against the reports beside them.")


def _say_saved(quarter: Quarter, made: CommissionerReport, folder: Path) -> None:
    wrote(folder)
    say(f"{quarter.start} to {quarter.end}: {made}".replace("<", "").replace(">", ""))
    say(f"Saved in {folder}: report.html, report.xlsx, and the data of each figure in figures/.")


def _say_which_are_missing(year: int | None, quarters: list[Quarter]) -> None:
    give(quarters=[{"quarter_start": each.start, "quarter_end": each.end} for each in quarters])
    if year is not None and len(quarters) < len(_FIRST_MONTHS):
        say(f"Of the year's four quarters {len(quarters)} had a selection; the others have no report.")


def _quarters(
    selections: list[Path], registers: list[Path], year: int | None, days: tuple[dt.date | None, dt.date | None]
) -> list[Quarter]:
    """Which quarters to report, each with its selection.

    Raises
    ------
    typer.BadParameter : the options do not go together
    InputError : a selection is of no quarter of the year, or two are of one
    """
    from casemgmt.results.published import load_selection

    start, end = days
    if registers and len(registers) != len(selections):
        raise typer.BadParameter("give a --register for each --selection, in the same order, or none.")
    if year is None and (start is None or end is None or len(selections) != 1):
        raise typer.BadParameter(
            "give --quarter-start and --quarter-end with one --selection; or --year with one a quarter."
        )
    if start is not None and end is not None and end < start:
        raise typer.BadParameter("--quarter-end comes before --quarter-start.")
    if year is not None and (start is not None or end is not None):
        raise typer.BadParameter("--year says the days of its quarters: leave --quarter-start and --quarter-end out.")
    lists = [load_selection(folder) for folder in selections]
    of_each: list[Path | None] = [*registers] or [None] * len(lists)
    if year is None and start is not None and end is not None:
        return [Quarter("", start, end, lists[0], of_each[0])]
    found: dict[str, Quarter] = {}
    for made, register in zip(lists, of_each, strict=True):
        quarter = _quarter_of(made, register, year or 0)
        if quarter.name in found:
            raise InputError(f"Two selections are of {quarter.start} to {quarter.end}. Give one a quarter.")
        found[quarter.name] = quarter
    return [found[name] for name in sorted(found)]


def _quarter_of(lists: PublishedSelection, register: Path | None, year: int) -> Quarter:
    """The quarter of the year in which a selection's list is."""
    day = dt.date.fromisoformat(lists.facts["as_of"])
    for number, month in enumerate(_FIRST_MONTHS, start=1):
        start = dt.date(year + (month == 1), month, 1)
        following = dt.date(start.year + (month == 10), 1 if month == 10 else month + 3, 1)
        if start <= day < following:
            end = following - dt.timedelta(days=1)
            return Quarter(f"{year}-{(year + 1) % 100:02d}-Q{number}", start, end, lists, register)
    raise InputError(f"The selection of {day} is of no quarter of the year from {year}-04-01. Give another --year.")


def _read(quarter: Quarter) -> Register | None:
    if quarter.register is None:
        return None
    from casemgmt.register.reading import read_register

    facts = quarter.lists.facts
    return read_register(quarter.register, as_of=facts["as_of"], extracted_on=facts["extracted_on"])
