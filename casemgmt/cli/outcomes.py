"""``casemgmt outcomes``: the measures of a programme's aims, by practice and year."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import ColumnOption, DateFormatOption, MaxSetAsideOption
from casemgmt.cli.reading import a_date, pairs
from casemgmt.cli.show import give, say, table, working, wrote

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.aims.result import Outcomes


class YearOf(StrEnum):
    """Which year is meant."""

    financial = "financial"
    calendar = "calendar"


EpisodesOption = Annotated[
    list[Path], typer.Argument(metavar="EPISODES", help="Parquet, CSV or Arrow files of hospital episodes.")
]
ListsOption = Annotated[
    Path, typer.Option(metavar="FILE", help="practice_id, year, list_size: a row a practice and year.")
]
YearOption = Annotated[YearOf, typer.Option(help="Years from 1 April (2013/14), or of the calendar (2013).")]
BaseYearOption = Annotated[str, typer.Option(metavar="YEAR", help="Against which years are held, such as the peak.")]
CoversFromOption = Annotated[
    dt.date, typer.Option(parser=a_date, metavar="DATE", help="The first day that the records cover whole.")
]
CoversToOption = Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The last one.")]
ToOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to make.")]
DeathsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="date_of_death, patient_id, practice_id, age, sex, amenable.")
]
LifeOption = Annotated[
    str | None,
    typer.Option(metavar="FILE|AGE", help="A life table (age, years, sex), or the age up to which years count."),
]
AgesOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="practice_id, year, age_band, people: to standardise years lost.")
]
CareHomesOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="patient_id, moved_in: who moved into a care home.")
]
AssumeOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A column that is missing since all rows count by it. Repeatable."),
]
NoProceduresOption = Annotated[
    bool, typer.Option("--no-procedures", help="The episodes have no columns of procedures.")
]
SuppressedOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the table that may leave, too: .csv or .parquet.")
]


def outcomes(
    episodes: EpisodesOption,
    lists: ListsOption,
    year: YearOption,
    base_year: BaseYearOption,
    covers_from: CoversFromOption,
    covers_to: CoversToOption,
    to: ToOption,
    deaths: DeathsOption = None,
    life_expectancy: LifeOption = None,
    ages: AgesOption = None,
    care_homes: CareHomesOption = None,
    assume: AssumeOption = None,
    no_procedures: NoProceduresOption = False,
    suppressed: SuppressedOption = None,
    column: ColumnOption = None,
    date_format: DateFormatOption = None,
    max_set_aside: MaxSetAsideOption = "20%",
) -> None:
    """Measure what a programme aims at, by practice and year. Nothing of it is an effect of the programme."""
    from casemgmt.aims.measuring import outcomes as measure
    from casemgmt.evaluation.saving import refuse_taken

    check_writable(suppressed, overwrite=False)
    refuse_taken(to)
    with working("Measuring"):
        found = measure(
            episodes[0] if len(episodes) == 1 else episodes,
            lists,
            year=year.value,
            base_year=base_year,
            covers=(covers_from, covers_to),
            deaths=deaths,
            life_expectancy=_expectancy(life_expectancy),
            ages=ages,
            care_homes=care_homes,
            procedures=() if no_procedures else "procedures",
            assume=assume or (),
            columns=pairs(column, "--column", "GP=practice_id"),
            date_format=date_format,
            max_set_aside=max_set_aside,
        )
    leaving = None if suppressed is None else found.by_practice(suppressed=True)
    found.save(to)
    wrote(to)
    if leaving is not None and suppressed is not None:
        write_table(leaving, suppressed, overwrite=False)
    _show(found)
    for written in (to, suppressed):
        if written is not None:
            say(f"Written: {written}.")


def _expectancy(text: str | None) -> int | Path | None:
    """An age, or the path of a life table."""
    if text is None:
        return None
    return int(text) if text.isdecimal() and len(text) < 4 else Path(text)


def _of_all_practices(measured: pa.Table) -> list[dict[str, Any]]:
    from casemgmt.aims.grid import ALL_PRACTICES

    return [row for row in measured.to_pylist() if row["practice_id"] == ALL_PRACTICES]


def _show(found: Outcomes) -> None:
    from casemgmt.aims.definitions import NO_EFFECT
    from casemgmt.aims.words import lines_of

    give(left_out=found.left_out, set_aside=found.set_aside.to_pylist())
    give(measures={name: _of_all_practices(each) for name, each in found.tables.items()})
    for name, heads, rows in lines_of(found):
        table("", heads, rows, title=name)
        say()
    for measure, why in found.left_out.items():
        say(f"Left out: {measure}: {why}.")
    aside = [(row["source"], row["fate"].replace("_", " "), row["rows"]) for row in found.set_aside.to_pylist()]
    if aside:
        table("", ("source", "set aside", "rows"), aside)
    say(NO_EFFECT)
