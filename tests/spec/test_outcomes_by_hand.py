"""Each measure of a programme's aims, worked by hand on a table small enough to check with a pencil.

Every case is put to a plain-Python twin and to the library: the tables are the specification of both.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from outcomes_twin import ALL, Said, Twin, middle

import casemgmt as cm
from casemgmt.aims.run_charts import run_chart, runs_expected

EPISODE = {
    "practice_id": "C87001",
    "admission_method": "21",
    "admission_source": "19",
    "patient_classification": "1",
    "discharge_date": None,
    "discharge_destination": None,
    "age": 80,
}
DATES = ("admission_date", "discharge_date", "date_of_death")
WHOLE = ("list_size", "age", "people", "episode_order")


def rows_of(text: str, filled: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a text table; ``filled`` where a column is not there."""
    head, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    for row in rows:
        for name, cell in row.items():
            if cell == "":
                row[name] = None
            elif name in DATES:
                row[name] = dt.date.fromisoformat(cell)
            elif name in WHOLE:
                row[name] = int(cell)
    return [{**(filled or {}), **row} for row in rows]


def admitted(count: int, day: str, practice: str = "C87001", **said: Any) -> list[dict[str, Any]]:
    """So many emergency admissions of different patients on one day."""
    date = dt.date.fromisoformat(day)
    return [
        {**EPISODE, "patient_id": f"{practice} {day} {number}", "practice_id": practice, "admission_date": date, **said}
        for number in range(count)
    ]


def lists_of(text: str) -> list[dict[str, Any]]:
    return rows_of(text)


class Both:
    """The library and the twin, of which each answer must be the same."""

    def __init__(self, episodes, lists, *, year="financial", base, covers, deaths=(), **more: Any) -> None:
        days = tuple(dt.date.fromisoformat(day) for day in covers)
        self.twin = Twin(episodes, lists, Said(year, base, days), deaths)
        tables = [pa.Table.from_pylist(list(rows)) for rows in (episodes, lists)]
        given = {"deaths": pa.Table.from_pylist(list(deaths)), "life_expectancy": 75} if deaths else {}
        self.found = cm.outcomes(*tables, year=year, base_year=base, covers=covers, **given, **more)

    def row(self, measure: str, year: str, practice: str = ALL) -> dict[str, Any]:
        rows = self.found.table(measure).to_pylist()
        (found,) = [row for row in rows if (row["practice_id"], row["year"]) == (practice, year)]
        return found

    def admissions(self, year: str, practice: str = ALL) -> tuple[int, float | None]:
        ours, theirs = self.row("emergency_admissions", year, practice), self.twin.emergency()[practice, year]
        for name in ("emergency_admissions", "per_1000", "base_ratio", "previous_ratio"):
            assert ours[name] == pytest.approx(theirs[name]), name
        return ours["emergency_admissions"], ours["per_1000"]

    def aim(self, year: str) -> bool | None:
        self.admissions(year)
        return self.row("emergency_admissions", year)["aim_met"]

    def home(self, year: str) -> dict[str, int]:
        names = ("at_home", "died", "in_hospital", "in_care_home", "unknown", "not_followed")
        ours = {name: count for name in names if (count := self.row("home_91_days", year)[name])}
        assert ours == self.twin.home().get((ALL, year), {})
        return ours

    def nights(self, year: str) -> tuple[float, float]:
        ours, theirs = self.row("length_of_stay", year), self.twin.lengths()[ALL, year]
        assert (ours["stays"], ours["days"]) == (len(theirs), sum(theirs))
        assert ours["median_days"] == middle(theirs)
        return ours["mean_days"], ours["median_days"]

    def lost(self, year: str) -> tuple[int, float, float | None]:
        ours = self.row("years_of_life_lost", year)
        assert (ours["deaths"], ours["years_lost"]) == self.twin.lost(75)[ALL, year]
        return ours["deaths"], ours["years_lost"], ours["per_100000"]


ONE_LIST = """
practice_id | year    | list_size
C87001      | 2013/14 | 1000
C87001      | 2014/15 | 1000
"""
TWO_YEARS = ("2013-04-01", "2015-03-31")


def two_years(episodes: list[dict[str, Any]], lists: str = ONE_LIST, covers: Any = TWO_YEARS, **more: Any) -> Both:
    return Both(episodes, lists_of(lists), base="2013/14", covers=covers, **more)


# Emergency admissions


def test_an_emergency_is_told_by_its_method_and_counted_once_a_spell():
    episodes = rows_of(
        """
        patient_id | admission_date | admission_method | patient_classification
        a          | 2013-05-01     | 21               | 1
        b          | 2013-05-01     | 2A               | 1
        c          | 2013-05-01     | 28               | 1
        d          | 2013-05-01     | 11               | 1
        e          | 2013-05-01     | 81               | 1
        f          | 2013-05-01     | 21               | 3
        g          | 2013-05-01     | 21               | 1
        g          | 2013-05-01     | 21               | 1
        g          | 2013-06-01     | 22               | 1
        """,
        EPISODE,
    )
    assert two_years(episodes).admissions("2013/14") == (5, 5.0)


def test_a_financial_year_begins_on_the_first_of_april():
    episodes = rows_of(
        """
        patient_id | admission_date
        a          | 2013-03-31
        b          | 2013-04-01
        c          | 2014-03-31
        d          | 2014-04-01
        e          | 2015-03-31
        f          | 2015-04-01
        """,
        EPISODE,
    )
    found = two_years(episodes)
    assert (found.admissions("2013/14"), found.admissions("2014/15")) == ((2, 2.0), (2, 2.0))


def test_a_calendar_year_begins_on_the_first_of_january():
    episodes = rows_of("patient_id | admission_date\na | 2013-12-31\nb | 2014-01-01\nc | 2014-12-31", EPISODE)
    lists = lists_of("practice_id | year | list_size\nC87001 | 2013 | 500\nC87001 | 2014 | 500")
    found = Both(episodes, lists, year="calendar", base="2013", covers=("2013-01-01", "2014-12-31"))
    assert (found.admissions("2013"), found.admissions("2014")) == ((1, 2.0), (2, 4.0))


@pytest.mark.parametrize(
    ("peak", "now", "met"),
    [
        (100, 100, False),
        (100, 93, False),
        (100, 92, True),  # the programme's own: 8% below the peak of 2013
        (100, 80, True),
        (25, 23, True),
        (25, 24, False),
    ],
)
def test_the_aim_is_a_rate_at_least_8_per_cent_below_the_peak(peak, now, met):
    found = two_years(admitted(peak, "2013-05-01") + admitted(now, "2014-05-01"))
    assert (found.aim("2013/14"), found.aim("2014/15")) == (None, met)
    assert found.row("emergency_admissions", "2014/15")["base_ratio"] == pytest.approx(now / peak)


def test_a_list_that_grew_is_reckoned_with():
    lists = """
    practice_id | year    | list_size
    C87001      | 2013/14 | 1000
    C87001      | 2014/15 | 1200
    """
    found = two_years(admitted(100, "2013-05-01") + admitted(110, "2014-05-01"), lists)
    count, per_1000 = found.admissions("2014/15")
    assert (count, round(per_1000, 2), found.aim("2014/15")) == (110, 91.67, True)


def test_all_practices_are_held_against_the_base_year_by_those_that_had_a_list_in_both():
    lists = """
    practice_id | year    | list_size
    C87001      | 2013/14 | 1000
    C87001      | 2014/15 | 1000
    C87002      | 2014/15 | 3000
    """
    found = two_years(
        admitted(100, "2013-05-01") + admitted(90, "2014-05-01") + admitted(600, "2014-05-01", "C87002"), lists
    )
    assert found.admissions("2014/15") == (690, 172.5)
    assert found.row("emergency_admissions", "2014/15")["base_ratio"] == pytest.approx(0.9)
    assert found.row("emergency_admissions", "2014/15", "C87002")["base_ratio"] is None


def test_a_year_that_is_not_covered_whole_has_a_count_and_no_rate():
    found = two_years(admitted(30, "2013-05-01") + admitted(20, "2014-05-01"), covers=("2013-04-01", "2015-03-30"))
    assert found.admissions("2014/15") == (20, None)
    assert found.row("emergency_admissions", "2014/15")["complete"] is False


# Avoidable admissions

CODED = {"episode_status": "3", "episode_order": 1, "episode_type": "1", "sex": "2"}


@pytest.mark.parametrize(("now", "met"), [(9, True), (10, True), (11, False)])
def test_the_aim_is_no_more_avoidable_admissions_than_the_year_before(now, met):
    asthma, other = {**CODED, "diagnoses": ["J45.9"]}, {**CODED, "diagnoses": ["S52.5"]}
    episodes = admitted(10, "2013-05-01", **asthma) + admitted(now, "2014-05-01", **asthma)
    episodes += admitted(40, "2013-06-01", **other) + admitted(40, "2014-06-01", **other)
    episodes += admitted(5, "2014-07-01", **asthma | {"admission_method": "11"})
    found = two_years(episodes, procedures=())
    row = found.row("avoidable_admissions", "2014/15")
    assert (row["avoidable_admissions"], row["per_1000"], row["aim_met"]) == (now, float(now), met)
    assert row["previous_ratio"] == pytest.approx(now / 10)


# At home 91 days after discharge

NOBODY_DIED = [{"patient_id": "z", "practice_id": "C87001", "date_of_death": dt.date(2013, 4, 1), "age": 90}]


def followed(text: str, deaths: str = "", **more: Any) -> dict[str, int]:
    died = rows_of(deaths, {"practice_id": "C87001", "age": 90}) if deaths else NOBODY_DIED
    found = two_years(rows_of(text, EPISODE), deaths=died, covers=("2013-04-01", "2014-06-30"), **more)
    return found.home("2013/14")


def test_what_became_of_people_91_days_after_they_left_hospital():
    # Discharged on 10 June 2013: day 91 is 9 September 2013. The second discharge of `back` is 92 days after the first.
    assert followed(
        """
        patient_id | admission_date | discharge_date | discharge_destination
        home       | 2013-06-01     | 2013-06-10     | 19
        moved      | 2013-06-01     | 2013-06-10     | 85
        dead       | 2013-06-01     | 2013-06-10     | 19
        outlived   | 2013-06-01     | 2013-06-10     | 19
        back       | 2013-06-01     | 2013-06-10     | 19
        back       | 2013-09-09     | 2013-09-10     | 19
        over       | 2013-06-01     | 2013-06-10     | 19
        over       | 2013-09-01     | 2013-09-09     | 19
        later      | 2013-06-01     | 2013-06-10     | 19
        later      | 2013-08-01     | 2013-08-05     | 54
        died in    | 2013-06-01     | 2013-06-10     | 19
        died in    | 2013-08-01     | 2013-08-05     | 79
        open       | 2013-06-01     | 2013-06-10     | 19
        open       | 2013-08-01     |                |
        """,
        """
        patient_id | date_of_death
        dead       | 2013-09-09
        outlived   | 2013-09-10
        """,
    ) == {"at_home": 4, "in_care_home": 2, "died": 2, "in_hospital": 1, "unknown": 1}


def test_whose_discharge_counts():
    assert followed(
        """
        patient_id | admission_date | discharge_date | discharge_destination | age | admission_source
        counts     | 2013-06-01     | 2013-06-10     | 19                    | 65  | 19
        younger    | 2013-06-01     | 2013-06-10     | 19                    | 64  | 19
        died       | 2013-06-01     | 2013-06-10     | 79                    | 80  | 19
        on         | 2013-06-01     | 2013-06-10     | 51                    | 80  | 19
        resident   | 2013-06-01     | 2013-06-10     | 54                    | 80  | 54
        unknown    | 2013-06-01     | 2013-06-10     | 98                    | 80  | 19
        still in   | 2013-06-01     |                |                       | 80  | 19
        """
    ) == {"at_home": 1}


def test_a_day_case_is_no_discharge_that_counts():
    assert followed(
        """
        patient_id | admission_date | discharge_date | discharge_destination | patient_classification
        ordinary   | 2013-06-01     | 2013-06-01     | 19                    | 1
        day case   | 2013-06-01     | 2013-06-01     | 19                    | 2
        """
    ) == {"at_home": 1}


def test_a_person_counts_again_only_after_the_91_days():
    assert followed(
        """
        patient_id | admission_date | discharge_date | discharge_destination
        a          | 2013-06-01     | 2013-06-10     | 19
        a          | 2013-09-01     | 2013-09-09     | 19
        b          | 2013-06-01     | 2013-06-10     | 19
        b          | 2013-09-01     | 2013-09-10     | 19
        """
    ) == {"at_home": 2, "in_hospital": 1}


def test_nobody_is_followed_beyond_the_records():
    # The records end on 30 June 2014: day 91 of a discharge on 31 March is that day.
    assert followed(
        """
        patient_id | admission_date | discharge_date | discharge_destination
        a          | 2014-03-01     | 2014-03-31     | 19
        """
    ) == {"at_home": 1}
    found = two_years(
        rows_of(
            """
            patient_id | admission_date | discharge_date | discharge_destination
            a          | 2014-04-01     | 2014-04-02     | 19
            """,
            EPISODE,
        ),
        deaths=NOBODY_DIED,
        covers=("2013-04-01", "2014-06-30"),
    )
    assert found.home("2014/15") == {"not_followed": 1}
    assert found.row("home_91_days", "2014/15")["share_at_home"] is None


# Years of life lost


@pytest.mark.parametrize(
    ("year", "died_at", "years", "met"),
    [
        ("2014/15", [15] * 96 + [35], 5800, True),  # the programme's own: about 200 fewer of 6,000
        ("2014/15", [15] * 96 + [27], 5808, True),  # 3.2% fewer to the year
        ("2014/15", [15] * 96 + [26], 5809, False),
        ("2014/15", [15] * 100, 6000, False),
        ("2014/15", [75] * 9 + [90], 0, True),
    ],
)
def test_the_aim_is_3_point_2_per_cent_fewer_years_lost_than_the_year_before(year, died_at, years, met):
    def deaths(ages: list[int], day: str) -> list[dict[str, Any]]:
        date = dt.date.fromisoformat(day)
        return [{"patient_id": f"{day}{n}", "practice_id": "C87001", "date_of_death": date, "age": age}
                for n, age in enumerate(ages)]  # fmt: skip

    both = deaths([15] * 100, "2013-05-01") + deaths(died_at, "2014-05-01")
    found = two_years(admitted(1, "2013-05-01"), deaths=both)
    assert found.lost("2013/14") == (100, 6000.0, 600_000.0)
    assert found.lost(year)[:2] == (len(died_at), float(years))
    assert found.row("years_of_life_lost", year)["aim_met"] is met


def test_a_standardised_rate_is_the_sum_of_each_bands_rate_by_the_weight_of_the_standard():
    # Ages 20 to 24 weigh 6,000 of 100,000, 70 to 74 weigh 5,000: 6000 * 60 / 1000 + 5000 * 10 / 500.
    ages = pa.Table.from_pylist(
        rows_of(
            """
            practice_id | year    | age_band | people
            C87001      | 2013/14 | 20-24    | 1000
            C87001      | 2013/14 | 70-74    | 500
            """
        )
    )
    deaths = rows_of(
        """
        patient_id | date_of_death | age
        a          | 2013-05-01    | 22
        b          | 2013-05-01    | 24
        c          | 2013-05-01    | 73
        """,
        {"practice_id": "C87001"},
    )
    # Years up to 75 but for the ages chosen: 53 + 51 and 2.
    found = two_years(admitted(1, "2013-05-01"), deaths=deaths, ages=ages)
    assert found.lost("2013/14") == (3, 106.0, pytest.approx(6000 * 104 / 1000 + 5000 * 2 / 500))


def test_deaths_of_other_causes_do_not_count_where_the_cause_is_told():
    deaths = rows_of(
        """
        patient_id | date_of_death | age | amenable
        a          | 2013-05-01    | 65  | yes
        b          | 2013-05-01    | 55  | no
        """,
        {"practice_id": "C87001"},
    )
    for row in deaths:
        row["amenable"] = row["amenable"] == "yes"
    assert two_years(admitted(1, "2013-05-01"), deaths=deaths).lost("2013/14") == (1, 10.0, 1000.0)


# Length of stay


def test_a_stay_is_its_nights_and_counts_in_the_year_in_which_it_ended():
    episodes = rows_of(
        """
        patient_id | admission_date | discharge_date | admission_method
        a          | 2013-05-01     | 2013-05-01     | 21
        b          | 2013-05-01     | 2013-05-02     | 21
        c          | 2013-05-01     | 2013-05-03     | 21
        d          | 2013-05-01     | 2013-05-08     | 21
        e          | 2014-03-31     | 2014-04-01     | 21
        f          | 2013-05-01     |                | 21
        g          | 2013-05-01     | 2013-05-31     | 11
        """,
        EPISODE,
    )
    found = two_years(episodes)
    assert (found.nights("2013/14"), found.nights("2014/15")) == ((2.5, 1.5), (1.0, 1.0))
    assert found.row("length_of_stay", "2013/14")["without_discharge"] == 1


# Run charts


@pytest.mark.parametrize(
    ("values", "signals"),
    [
        ([1, 9, 1, 9, 1, 9, 1, 9, 1, 9], {"too many runs"}),
        ([1, 2, 1, 2, 1, 9, 8, 9, 8, 9], {"too few runs"}),
        ([5, 9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1, 5, 1], {"shift", "too few runs"}),
        ([9, 9, 9, 5, 9, 9, 9, 1, 9, 1, 9, 1, 1, 1, 1, 1, 5, 1], {"shift"}),
        ([3, 9, 1, 2, 3, 4, 5, 1, 9, 2], {"trend"}),
        ([3, 9, 1, 2, 2, 3, 4, 1, 9, 2], set()),
        ([3, 9, 1, 2, 2, 3, 4, 5, 1, 9], {"trend"}),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], set()),
    ],
)
def test_what_a_run_chart_takes_for_more_than_chance(values, signals):
    assert {signal for each in run_chart(values).signals for signal in each} == signals


@pytest.mark.parametrize(
    ("above", "below", "fewest", "most"),
    [(5, 5, 3, 9), (10, 10, 7, 15), (2, 2, 2, 4), (20, 20, 15, 27)],
)
def test_how_many_runs_chance_explains(above, below, fewest, most):
    assert runs_expected(above, below) == (fewest, most)
