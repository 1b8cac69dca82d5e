"""Years of life lost: how many years each death cost, and the rate of them, crude or for the ages of Europe's standard.

The method is that of indicator 1a of the NHS Outcomes Framework (potential years of life lost from causes considered
amenable to healthcare): the years that people of the age and sex would still have lived, added up, and directly
standardised for age. Life table, causes and ages are the caller's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from casemgmt.aims.deaths import SEXES, Deaths
from casemgmt.aims.grid import Cell, Grid
from casemgmt.aims.intervals import of_weighted_ratio, of_weighted_sum
from casemgmt.aims.list_sizes import practice_texts
from casemgmt.aims.years import Years
from casemgmt.codes.events import Events, open_events
from casemgmt.codes.small_codes import whole_texts
from casemgmt.codes.source_rows import whole
from casemgmt.errors import InputError, plural

# Down at least 3.2% a year (Rotherham CCG, 2015/16): about 200 of 6,000 years.
YEARLY_FALL = Fraction(968, 1000)
# Eurostat, Revision of the European Standard Population (2013): 0-4, 5-9, … 85-89, 90 and over.
STANDARD = (
    *(5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000),
    *(7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000),
)
BANDS = (*(f"{low}-{low + 4}" for low in range(0, 90, 5)), "90+")
_BAND = re.compile(r"([0-9]{1,3})(?:[-_ ]([0-9]{1,3})|\+)")
_OLDEST_GIVEN = 130


@dataclass(frozen=True, slots=True)
class Expectancy:
    """Years that people would still have lived.

    Attributes
    ----------
    years : by sex (M, F, or "" for both together) and age
    up_to : the age to which years are counted, where there is no life table
    """

    years: Mapping[tuple[str, int], float]
    up_to: int | None = None

    @property
    def by_sex(self) -> bool:
        """Whether it is told apart by sex."""
        return any(sex for sex, _ in self.years)

    @property
    def words(self) -> str:
        """What a year lost is."""
        if self.up_to is not None:
            return f"years up to the age of {self.up_to}, none at that age or above"
        return f"the life table given, by single years of age{' and sex' if self.by_sex else ''}"

    def of(self, age: int, sex: str) -> float | None:
        """Years lost by a death at an age; None where the table says nothing of it."""
        if self.up_to is not None:
            return float(max(self.up_to - age, 0))
        return self.years.get((sex if self.by_sex else "", age))

    @classmethod
    def read(cls, given: Any) -> Expectancy:
        """From an age up to which years count, or a life table with ``age``, ``years`` and it may be ``sex``.

        Raises
        ------
        InputError : a row that cannot be read, or two for one age and sex
        """
        if isinstance(given, int) and not isinstance(given, bool):
            if not 1 <= given <= 120:
                raise InputError("life_expectancy: an age up to which years count is 1 to 120, such as 75.")
            return cls({}, given)
        batch = whole(list(open_events(_events(given), ("age", "years"), ("sex",)).batches))
        ages = _texts(batch.columns["age"], "age")
        sexes = _texts(batch.columns["sex"], "sex") if "sex" in batch.columns else None
        years = [_number(value) for value in batch.columns["years"].to_pylist()]
        found: dict[tuple[str, int], float] = {}
        for place, (age, left) in enumerate(zip(ages, years, strict=True)):
            sex = "" if sexes is None else SEXES.get(sexes[place], "?")
            if not age.isdecimal() or int(age[:4]) > _OLDEST_GIVEN or left is None or sex == "?":
                raise InputError("life_expectancy: each row needs a whole age, years from 0 to 130, and sex M or F.")
            if found.setdefault((sex, int(age)), left) != left:
                raise InputError("life_expectancy: two rows say different years of one age and sex.")
        return cls(found)


@dataclass(frozen=True, slots=True)
class ListAges:
    """How many people of each of the ``BANDS`` a practice has, by practice and the year in which the year begins."""

    people: Mapping[tuple[str, int], tuple[int, ...]]

    @classmethod
    def read(cls, ages: Any, years: Years) -> ListAges:
        """From a table with ``practice_id``, ``year``, ``age_band`` and ``people``; rows of a band add up.

        Raises
        ------
        InputError : a row that cannot be read, or a band that lies in two of the standard's
        """
        batch = whole(list(open_events(_events(ages), ("practice_id", "year", "age_band", "people")).batches))
        codes = practice_texts(batch.columns["practice_id"])
        firsts = [years.known(text) for text in _texts(batch.columns["year"], "year")]
        bands = [_band(text) for text in _texts(batch.columns["age_band"], "age_band")]
        counts = [int(t) if t.isdecimal() and len(t) < 10 else -1 for t in _texts(batch.columns["people"], "people")]
        bad = sum(not c or not y or b is None or n < 0 for c, y, b, n in zip(codes, firsts, bands, counts, strict=True))
        if bad:
            raise InputError(
                f"ages: {bad:,} of {plural(len(codes), 'row')} cannot be read. Give practice_id, a {years.kind} year "
                f"such as {years.form}, an age_band of five years such as '65-69' or '90+', and how many people."
            )
        found: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0] * len(BANDS))
        for code, first, band, count in zip(codes, firsts, bands, counts, strict=True):
            found[code, first][band or 0] += count
        return cls({key: tuple(counts) for key, counts in found.items()})


@dataclass(frozen=True, slots=True)
class Lost:
    """Years of life lost by practice, year and age band: how many, their squares, and the deaths that lost any."""

    years: Mapping[tuple[str, int, int], float]
    squares: Mapping[tuple[str, int, int], float]
    deaths: Mapping[tuple[str, int, int], int]
    all_deaths: Mapping[tuple[str, int], int]


def lost_by(deaths: Deaths, expectancy: Expectancy) -> tuple[Lost, int]:
    """The years that the deaths lost, and how many deaths had to be left out since the life table says nothing.

    Raises
    ------
    InputError : a life table by sex, and deaths without
    """
    years: dict[tuple[str, int, int], float] = defaultdict(float)
    squares: dict[tuple[str, int, int], float] = defaultdict(float)
    counted: dict[tuple[str, int, int], int] = defaultdict(int)
    total: dict[tuple[str, int], int] = defaultdict(int)
    if expectancy.by_sex and "sex" not in deaths.has:
        raise InputError("deaths: the life table is by sex, and the deaths have no column 'sex'.")
    left_out = 0
    # In an order that is not the table's, so that sums of floats are the same for any order of rows.
    rows = sorted(
        (deaths.practice[at], int(deaths.year[at]), int(deaths.age[at]), deaths.sex[at])
        for at in deaths.counted.nonzero()[0].tolist()
    )
    for practice, year, age, sex in rows:
        lost = expectancy.of(age, sex)
        if lost is None:
            left_out += 1
            continue
        key = (practice, year, band_of(age))
        total[practice, year] += 1
        if lost > 0:
            years[key] += lost
            squares[key] += lost * lost
            counted[key] += 1
    return Lost(years, squares, counted, total), left_out


def lost_rows(grid: Grid, lost: Lost, ages: ListAges | None) -> list[dict[str, Any]]:
    """A row a practice and year: deaths, years lost, their rate for 100,000, and the ratios to other years."""
    rows = []
    for cell in grid.cells():
        row = {**grid.head(cell), "list_size": grid.size(cell)}
        row["deaths"] = sum(lost.all_deaths.get((practice, cell.year), 0) for practice in cell.members)
        places = [(practice, cell.year, band) for practice in cell.members for band in range(len(BANDS))]
        row["years_lost"] = sum(lost.years.get(place, 0.0) for place in places)
        rate = _rate(grid, lost, ages, cell) if row["complete"] else None
        names = ("per_100000", "per_100000_low", "per_100000_high")
        if rate is None:
            row |= dict.fromkeys(names)
        else:
            events = sum(lost.deaths.get(place, 0) for place in places)
            ends = of_weighted_sum(*rate, events) if events else (None, None)
            row |= dict(zip(names, (rate[0], *ends), strict=True))
        row |= _ratio(grid, lost, ages, cell, grid.base, "base")
        row |= _ratio(grid, lost, ages, cell, cell.year - 1, "previous")
        row["aim_met"] = None if row["previous_ratio"] is None else row["previous_ratio"] <= float(YEARLY_FALL) + 1e-12
        rows.append(row)
    return rows


def _rate(grid: Grid, lost: Lost, ages: ListAges | None, cell: Cell) -> tuple[float, float] | None:
    """Years lost for 100,000 people and the variance of that; None where the ages of a list are not known."""
    if ages is None:
        bands: list[tuple[range, float]] = [(range(len(BANDS)), 100_000 / grid.size(cell))]
    else:
        known = [ages.people.get((practice, cell.year)) for practice in cell.members]
        if any(each is None for each in known):
            return None
        people = [sum(each[band] for each in known if each) for band in range(len(BANDS))]
        weights = zip(STANDARD, people, strict=True)
        # A band in which nobody is registered says nothing, and adds nothing.
        bands = [(range(at, at + 1), weight / count) for at, (weight, count) in enumerate(weights) if count]
    rate = variance = 0.0
    for band, weight in bands:
        places = [(practice, cell.year, each) for practice in cell.members for each in band]
        rate += weight * sum(lost.years.get(place, 0.0) for place in places)
        variance += weight * weight * sum(lost.squares.get(place, 0.0) for place in places)
    return rate, variance


def _ratio(grid: Grid, lost: Lost, ages: ListAges | None, cell: Cell, other: int, name: str) -> dict[str, float | None]:
    names = (f"{name}_ratio", f"{name}_low", f"{name}_high")
    pair = grid.against(cell, other)
    rates = [_rate(grid, lost, ages, each) for each in pair] if pair else [None, None]
    if rates[0] is None or rates[1] is None or not rates[1][0]:
        return dict.fromkeys(names)
    ends = of_weighted_ratio(*rates[0], *rates[1]) if rates[0][0] else (None, None)
    return dict(zip(names, (rates[0][0] / rates[1][0], *ends), strict=True))


def band_of(age: int) -> int:
    """The place of an age among the ``BANDS``."""
    return min(age // 5, len(BANDS) - 1)


def _band(text: str) -> int | None:
    """The place of a band of five years, or of a part of one, such as ``90-94`` and ``95+`` of the last."""
    found = _BAND.fullmatch(text)
    if found is None:
        return None
    low = int(found[1])
    if found[2] is None:
        return band_of(low) if low >= 90 else None
    high = int(found[2])
    return band_of(low) if low <= high <= 120 and band_of(low) == band_of(high) else None


def _events(given: Any) -> Events:
    return given if isinstance(given, Events) else Events(given)


def _texts(column: Any, name: str) -> list[str]:
    places, distinct = whole_texts(column, name)
    known = [*distinct, ""]
    return [known[at] for at in places.tolist()]


def _number(value: object) -> float | None:
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if 0 <= found <= _OLDEST_GIVEN else None
