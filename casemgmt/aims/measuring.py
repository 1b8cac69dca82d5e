"""The verb: from episodes, lists and deaths to the measures of a programme's aims."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.aims.asked import Asked
from casemgmt.aims.definitions import MEASURES
from casemgmt.aims.grid import Grid
from casemgmt.aims.list_sizes import ListSizes
from casemgmt.aims.result import Outcomes
from casemgmt.aims.working import Working
from casemgmt.aims.years import YearKind, Years
from casemgmt.codes.events import Events
from casemgmt.codes.set_aside import MOST_SET_ASIDE
from casemgmt.dates import as_date
from casemgmt.errors import InputError, not_one_of
from casemgmt.register.limits import share_of

if TYPE_CHECKING:
    from casemgmt.annotations import Files, TableLike
    from casemgmt.register.register import Register


@arguments.checked(
    year=arguments.text,
    measures=arguments.texts_as_given,
    diagnoses=arguments.texts_as_given,
    procedures=arguments.texts_as_given,
    columns=arguments.text_mapping,
    date_format=arguments.text_or_none,
)
def outcomes(
    episodes: Files | Events,
    lists: TableLike | Events | Mapping[str | int, Register],
    *,
    year: YearKind,
    base_year: str | int,
    covers: Sequence[str | dt.date],
    deaths: TableLike | Events | None = None,
    life_expectancy: TableLike | Events | int | None = None,
    ages: TableLike | Events | None = None,
    care_homes: TableLike | Events | None = None,
    measures: Sequence[str] | str | None = None,
    diagnoses: str | Sequence[str] = "diagnoses",
    procedures: str | Sequence[str] = "procedures",
    assume: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    max_set_aside: str = MOST_SET_ASIDE,
) -> Outcomes:
    """What a programme's aims are measured by, by practice and year, each with its definition and its interval.

    They say what happened; none is an effect of the programme, for which there is :func:`casemgmt.effect_at_cut`.
    The columns that each measure needs are listed at :class:`~casemgmt.aims.result.Outcomes`.

    Parameters
    ----------
    episodes : hospital episodes, as for :func:`casemgmt.count_admissions`, with ``practice_id``
    lists : ``practice_id``, ``year``, ``list_size``: a row a practice and year; or a register a year, by year
    year : ``"financial"`` (from 1 April, written 2013/14) or ``"calendar"`` (written 2013)
    base_year : the year that others are held against, such as the peak
    covers : first and last day that the records cover whole; a year is measured where all of it is covered
    deaths, life_expectancy, ages, care_homes : of years of life lost, and of people at home
    measures : those that are wanted, refused where they cannot be had; by default those that can be had
    diagnoses, procedures, assume : as in :func:`casemgmt.avoidable_admissions`
    columns, date_format : of ``episodes``; give other sources as :class:`~casemgmt.codes.events.Events`
    max_set_aside : the share of rows, or of a column's values, that may be unusable before a source is refused

    Raises
    ------
    InputError
        A missing column; a base year without lists or not covered whole; two lists of one practice and year; a month
        without episodes; ids of two kinds; a source of which too much cannot be used.

    Examples
    --------
    >>> import datetime as dt, pyarrow as pa
    >>> stays = pa.table({"patient_id": ["p"], "practice_id": ["C87001"], "admission_date": [dt.date(2014, 5, 1)],
    ...                   "admission_method": ["21"]})
    >>> lists = pa.table({"practice_id": ["C87001"] * 2, "year": ["2013", "2014"], "list_size": [1000, 1000]})
    >>> found = cm.outcomes(stays, lists, year="calendar", base_year=2013, covers=("2013-01-01", "2014-12-31"))
    >>> [row["per_1000"] for row in found.table("emergency_admissions").to_pylist()][:2]
    [0.0, 1.0]
    """
    sizes = ListSizes.read(lists, Years(year))
    grid = Grid(sizes, _covers(covers), sizes.years.read(base_year, "base_year"))
    _check_base(grid)
    most, codes = share_of(max_set_aside, "max_set_aside"), (diagnoses, procedures, assume)
    working = Working(grid=grid, asked=_asked(measures), most=most, max_set_aside=max_set_aside, codes=codes)
    told = episodes if isinstance(episodes, Events) else Events(episodes, columns or {}, date_format)
    working.take_stays(told)
    working.take_deaths(deaths, care_homes)
    working.measure(told, life_expectancy, ages)
    return working.result()


def _covers(covers: Any) -> tuple[dt.date, dt.date]:
    pair = () if isinstance(covers, (str, bytes, Mapping)) or not hasattr(covers, "__iter__") else tuple(covers)
    if len(pair) != 2:
        raise InputError("covers: give the first and the last day, such as covers=('2012-04-01', '2016-03-31').")
    first, last = (as_date(day, "covers") for day in pair)
    if last < first:
        raise InputError("covers: the last day lies before the first.")
    return first, last


def _check_base(grid: Grid) -> None:
    years, base = grid.lists.years, grid.base
    if base not in grid.lists.spans:
        known = ", ".join(years.label(each) for each in grid.lists.spans)
        raise InputError(f"base_year: no practice has a list in {years.label(base)}. Years with lists: {known}.")
    if not grid.complete(base):
        raise InputError(
            f"base_year: {years.label(base)} is not covered whole by covers= ({grid.covers[0]} to {grid.covers[1]}), "
            "so that nothing can be held against it. Name another, or records that cover it."
        )


def _asked(measures: Sequence[str] | str | None) -> Asked:
    names = None if measures is None else [measures] if isinstance(measures, str) else list(measures)
    for name in names or ():
        if name not in MEASURES:
            raise not_one_of("measures", MEASURES)
    if names is not None and not names:
        raise InputError("measures: name at least one, or leave it out.")
    return Asked(None if names is None else frozenset(names))
