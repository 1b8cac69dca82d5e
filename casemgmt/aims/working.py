"""The measures worked out one after another, and the account of the rows that they were worked out from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.aims.asked import Asked, NotThereError, need
from casemgmt.aims.avoidable import avoidable_of
from casemgmt.aims.deaths import DeathReader, Deaths
from casemgmt.aims.definitions import AVOIDABLE, EMERGENCY, HOME, LOST, STAY, defined_table
from casemgmt.aims.grid import Grid
from casemgmt.aims.home import Elsewhere, follow, home_rows
from casemgmt.aims.lengths import length_rows, lengths_of
from casemgmt.aims.life_years import Expectancy, ListAges, lost_by, lost_rows
from casemgmt.aims.people import last_days, patients_in
from casemgmt.aims.rates import BELOW_PEAK, NO_GROWTH, rate_rows
from casemgmt.aims.result import Outcomes
from casemgmt.aims.stays import StayReader, Stays
from casemgmt.arrow import column_of, texts
from casemgmt.codes.events import Events
from casemgmt.dates import day_number
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import pyarrow as pa

Fates = list[tuple[str, str, int]]


@dataclass(slots=True, kw_only=True)
class Working:
    """What has been read and worked out so far.

    Parameters
    ----------
    grid : practices and years
    asked : the measures that are wanted
    most, max_set_aside : the share that may be set aside, read and as it was given
    codes : diagnoses, procedures, and what is assumed of avoidable admissions
    """

    grid: Grid
    asked: Asked
    most: Fraction
    max_set_aside: str
    codes: tuple[str | Sequence[str], str | Sequence[str], Sequence[str]]
    tables: dict[str, pa.Table] = field(default_factory=dict)
    monthly: dict[str, Mapping[tuple[str, int], int]] = field(default_factory=dict)
    fates: Fates = field(default_factory=list)
    reported: list[tuple[str, int, str, str]] = field(default_factory=list)
    stays: Stays | None = None
    deaths: Deaths | None = None
    elsewhere: Elsewhere | None = None

    @property
    def _days(self) -> tuple[int, int]:
        return day_number(self.grid.covers[0]), day_number(self.grid.covers[1])

    def take_stays(self, episodes: Events) -> None:
        """Read the episodes."""
        reader = StayReader(self.grid.lists, self.grid.covers, self.most)
        self.stays = reader.read(episodes)
        self._account("episodes", reader.fates, reader.reported)

    def take_deaths(self, deaths: Any, care_homes: Any) -> None:
        """Read the deaths and who moved into a care home, where they are given."""
        assert self.stays is not None  # noqa: S101  -- stays are read first
        died: dict[int, int] = {}
        if deaths is not None:
            reader = DeathReader(self.grid.lists, self._days, self.most)
            self.deaths = reader.read(deaths if isinstance(deaths, Events) else Events(deaths))
            self._account("deaths", reader.fates, reader.reported)
            if self.deaths.ids is not None:
                died = patients_in(self.stays, self.deaths.ids, self.deaths.named, self.deaths.day, "deaths")
        moved = {} if care_homes is None else last_days(self.stays, care_homes, self.most)
        self.elsewhere = Elsewhere(died, moved)

    def measure(self, episodes: Events, life_expectancy: Any, ages: Any) -> None:
        """Work out every measure that is wanted and can be had."""
        self._emergency()
        works: dict[str, Callable[[], None]] = {
            AVOIDABLE: lambda: self._avoidable(episodes),
            HOME: self._home,
            LOST: lambda: self._lost(life_expectancy, ages),
            STAY: self._lengths,
        }
        for name, work in works.items():
            if self.asked.wants(name):
                with self.asked.unless_missing(name):
                    work()

    def result(self) -> Outcomes:
        """What was found."""
        import pyarrow as pa

        columns = [texts([each[0] for each in self.fates]), texts([each[1] for each in self.fates])]
        account = pa.table(
            [*columns, column_of([each[2] for each in self.fates], pa.int64())], names=["source", "fate", "rows"]
        )
        rows = sorted(self.reported)
        report = pa.table(
            [
                texts([source for source, _, _, _ in rows]),
                column_of([row for _, row, _, _ in rows], pa.int64()),
                texts([name or None for _, _, name, _ in rows]),
                texts([why for _, _, _, why in rows]),
            ],
            names=["source", "source_row", "field", "reason"],
        )
        return Outcomes(
            tables=self.tables,
            left_out=self.asked.left_out,
            base_year=self.grid.lists.years.label(self.grid.base),
            covers=self.grid.covers,
            account=account,
            report=report,
            _grid=self.grid,
            _monthly=self.monthly,
        )

    def _account(self, source: str, fates: Mapping[str, int], reported: Sequence[tuple[int, str, str]]) -> None:
        self.fates += [(source, fate, rows) for fate, rows in fates.items()]
        self.reported += [(source, *each) for each in reported]

    def _table(self, measure: str, rows: Sequence[Mapping[str, Any]], **said: str) -> None:
        years = self.grid.lists.years
        facts = {"year": years.kind, "base_year": years.label(self.grid.base)}
        facts["covers"] = f"{self.grid.covers[0]} to {self.grid.covers[1]}"
        self.tables[measure] = defined_table(measure, rows, facts, **said)

    def _by_month(self, places: Sequence[int]) -> Counter[tuple[str, int]]:
        """Stays by practice and the month in which they began."""
        assert self.stays is not None  # noqa: S101
        months = self.stays.start.astype("datetime64[D]").astype("datetime64[M]").astype(int) + 1970 * 12
        practices = self.stays.practices
        return Counter((practices[self.stays.practice[at]], int(months[at])) for at in places)

    def _emergency(self) -> None:
        assert self.stays is not None  # noqa: S101
        places = (self.stays.emergency & self.stays.counted).nonzero()[0].tolist()
        counts = self.stays.by_year(places)
        rows = rate_rows(self.grid, counts, EMERGENCY, aim=BELOW_PEAK, aim_is_of_base=True)
        self.monthly[EMERGENCY] = self._by_month(places)
        self._table(EMERGENCY, rows)

    def _avoidable(self, episodes: Events) -> None:
        assert self.stays is not None  # noqa: S101
        diagnoses, procedures, assume = self.codes
        found = avoidable_of(
            episodes,
            self.stays,
            assume=assume,
            diagnoses=diagnoses,
            procedures=procedures,
            max_set_aside=self.max_set_aside,
        )
        rows = rate_rows(self.grid, self.stays.by_year(found.places), AVOIDABLE, aim=NO_GROWTH, aim_is_of_base=False)
        undecided = self.stays.by_year(found.undecided)
        rows = [
            {**row, "undecided": self.grid.total(undecided, cell)}
            for row, cell in zip(rows, self.grid.cells(), strict=True)
        ]
        self.monthly[AVOIDABLE] = self._by_month(found.places)
        self.fates += [("avoidable", "counted", len(found.places)), ("avoidable", "undecided", len(found.undecided))]
        self.fates.append(("avoidable", "no_emergency_admission_that_counts", found.otherwise))
        columns = (found.faults.column(name).to_pylist() for name in ("source_row", "field", "reason"))
        self.reported += [("avoidable", row, name or "", why) for row, name, why in zip(*columns, strict=True)]
        self._table(AVOIDABLE, rows)

    def _home(self) -> None:
        assert self.stays is not None  # noqa: S101
        assert self.elsewhere is not None  # noqa: S101
        need(("discharge_date", "discharge_destination", "age"), self.stays.has, "episodes")
        if self.deaths is None:
            raise NotThereError("deaths= is not given, so that nobody who died at home is known to have died")
        need(("patient_id",), self.deaths.has, "deaths")
        found = follow(self.grid, self.stays, self.elsewhere, self._days)
        self.fates += [("discharges", name, count) for name, count in sorted(found.not_counted.items())]
        self.fates.append(("discharges", "counted", sum(found.outcomes.values())))
        self._table(HOME, home_rows(self.grid, found, self._days[1]))

    def _lost(self, life_expectancy: Any, ages: Any) -> None:
        if self.deaths is None:
            raise NotThereError("deaths= is not given")
        need(("practice_id", "age"), self.deaths.has, "deaths")
        if life_expectancy is None:
            raise NotThereError("life_expectancy= is not given: a life table, or an age up to which years count")
        table = Expectancy.read(life_expectancy)
        bands = None if ages is None else ListAges.read(ages, self.grid.lists.years)
        lost, left_out = lost_by(self.deaths, table)
        self.fates.append(("deaths", "not_in_the_life_table", left_out))
        counted = int(self.deaths.counted.sum())
        if left_out > self.most * counted:
            raise InputError(
                f"life_expectancy: it has no row for the age and sex of {left_out:,} of {plural(counted, 'death')}. "
                "Give every single year of age, for each sex."
            )
        amenable = "amenable" in self.deaths.has
        self._table(
            LOST,
            lost_rows(self.grid, lost, bands),
            causes="of causes amenable to health care, as deaths= marks them" if amenable else "of all causes",
            years=table.words,
            rate="crude, not standardised for age"
            if bands is None
            else "directly standardised for age (European Standard Population 2013, persons, 19 bands)",
        )

    def _lengths(self) -> None:
        assert self.stays is not None  # noqa: S101
        need(("discharge_date",), self.stays.has, "episodes")
        self._table(STAY, length_rows(self.grid, *lengths_of(self.grid, self.stays, self._days)))
