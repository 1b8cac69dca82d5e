"""Measures against a plain-Python twin at random, the same by every door and in any order; what is refused and said."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
import pytest
from outcomes_twin import ALL, Said, Twin
from register_tools import LIBRARIES

import casemgmt as cm
from casemgmt.aims.definitions import MEASURES, NO_EFFECT
from casemgmt.codes.events import Events
from casemgmt.errors import InputError

PRACTICES = ("C87001", "C87002", "C87003")
COVERS = ("2012-04-01", "2015-06-30")
OUTCOMES = ("at_home", "died", "in_hospital", "in_care_home", "unknown", "not_followed")


def a_day(choose: random.Random, first: str, days: int) -> dt.date:
    return dt.date.fromisoformat(first) + dt.timedelta(days=choose.randrange(days))


def random_records(seed: int, rows: int = 400) -> dict[str, list[dict[str, Any]]]:
    """Few patients, so that they come back often; days around the edges of the years; every code that matters."""
    choose = random.Random(seed)
    episodes = []
    for _ in range(rows):
        start = a_day(choose, "2012-03-25", 1200)
        end = start + dt.timedelta(days=choose.choice((0, 0, 1, 2, 5, 30, 95)))
        went = choose.choice(("19", "19", "19", "29", "54", "79", "51", "88", "98"))
        episodes.append(
            {
                "patient_id": f"p{choose.randrange(rows // 6)}",
                "practice_id": choose.choice(PRACTICES),
                "admission_date": start,
                "admission_method": choose.choice(("21", "2A", "28", "11", "81", "31")),
                "spell_id": f"s{len(episodes)}" if choose.random() < 0.9 else f"s{choose.randrange(len(episodes) + 1)}",
                "patient_classification": choose.choice(("1", "1", "1", "2", "3")),
                "admission_source": choose.choice(("19", "19", "19", "54")),
                "discharge_date": choose.choice((end, end, end, end, None)),
                "discharge_destination": went,
                "age": choose.choice((64, 65, 80, 91)),
            }
        )
    # Rows of one spell are the same but for their place in it.
    by_spell: dict[tuple[str, str], dict[str, Any]] = {}
    for number, row in enumerate(episodes):
        first = by_spell.setdefault((row["patient_id"], row["spell_id"]), row)
        episodes[number] = {**first, "episode_order": 1 + number}
    lists = [
        {"practice_id": practice, "year": f"{year}/{year % 100 + 1}", "list_size": choose.randrange(50, 3000)}
        for practice in PRACTICES
        for year in range(2011, 2016)
        if practice != "C87003" or year in (2012, 2014, 2015)
    ]
    deaths = [
        {
            "patient_id": f"p{number}",
            "practice_id": choose.choice(PRACTICES),
            "date_of_death": a_day(choose, "2012-03-25", 1200),
            "age": choose.randrange(40, 100),
            "amenable": choose.random() < 0.6,
        }
        for number in range(0, rows // 6, 3)
    ]
    return {"episodes": episodes, "lists": lists, "deaths": deaths}


def of(records: dict[str, list[dict[str, Any]]], **more: Any) -> Any:
    tables = {name: pa.Table.from_pylist(rows) for name, rows in records.items()}
    given = {
        "year": "financial",
        "base_year": "2012/13",
        "covers": COVERS,
        "life_expectancy": 75,
        "max_set_aside": "60%",
    }
    return cm.outcomes(tables["episodes"], tables["lists"], deaths=tables["deaths"], **(given | more))


def cells(table: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["practice_id"], row["year"]): row for row in table.to_pylist()}


@pytest.mark.parametrize("seed", range(12))
def test_every_measure_is_what_plain_python_makes_of_the_same_rows(seed):
    records = random_records(seed)
    found = of(records)
    said = Said("financial", "2012/13", tuple(map(dt.date.fromisoformat, COVERS)))
    # In this source "98" says nothing of where somebody went.
    plain = [
        {**row, "discharge_destination": row["discharge_destination"].replace("98", "")} for row in records["episodes"]
    ]
    twin = Twin(plain, records["lists"], said, records["deaths"])
    rates, homes = cells(found.table("emergency_admissions")), cells(found.table("home_91_days"))
    lost, lengths = cells(found.table("years_of_life_lost")), cells(found.table("length_of_stay"))
    assert list(rates) == twin.cells() == list(homes) == list(lost) == list(lengths)
    for key, row in twin.emergency().items():
        assert {name: rates[key][name] for name in row} == pytest.approx(row), key
    for key in homes:
        theirs = twin.home().get(key, {})
        assert {name: homes[key][name] for name in OUTCOMES} == {name: theirs.get(name, 0) for name in OUTCOMES}, key
        assert (lost[key]["deaths"], lost[key]["years_lost"]) == twin.lost(75).get(key, (0, 0))
        nights = twin.lengths().get(key, [])
        assert (lengths[key]["stays"], lengths[key]["days"]) == (len(nights), sum(nights))


@pytest.mark.parametrize("seed", range(3))
def test_every_row_has_one_fate(seed):
    records = random_records(seed)
    account = of(records).account.to_pylist()
    for source in ("episodes", "deaths"):
        rows = [
            line["rows"] for line in account if line["source"] == source and line["fate"] != "not_in_the_life_table"
        ]
        assert sum(rows) == len(records[source])


def test_the_order_of_the_rows_says_nothing():
    records = random_records(5)
    shuffled = {name: random.Random(1).sample(rows, len(rows)) for name, rows in records.items()}
    one, other = of(records), of(shuffled)
    for measure in one.measures:
        assert one.table(measure).equals(other.table(measure)), measure
    assert one.account.equals(other.account)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_same_by_every_door(library, tmp_path):
    records = random_records(6)
    one, doors = of(records), {}
    for name, rows in records.items():
        (tmp_path / name).mkdir()
        doors[name] = LIBRARIES[library](pa.Table.from_pylist(rows), tmp_path / name)
    given = {"year": "financial", "base_year": "2012/13", "covers": COVERS, "life_expectancy": 75}
    other = cm.outcomes(doors["episodes"], doors["lists"], deaths=doors["deaths"], max_set_aside="60%", **given)
    for measure in one.measures:
        assert one.table(measure).equals(other.table(measure)), measure


def test_the_names_of_hospital_episode_statistics_will_do():
    records = random_records(7)
    names = {"practice_id": "GPPRAC", "admission_date": "ADMIDATE", "admission_method": "ADMIMETH"}
    names |= {"discharge_date": "DISDATE", "discharge_destination": "DISDEST", "admission_source": "ADMISORC"}
    names |= {"patient_classification": "CLASSPAT", "age": "STARTAGE", "episode_order": "EPIORDER"}
    renamed = [{names.get(name, name): value for name, value in row.items()} for row in records["episodes"]]
    one, other = of(records), of({**records, "episodes": renamed})
    assert all(one.table(measure).equals(other.table(measure)) for measure in one.measures)


def test_a_register_a_year_says_how_many_were_on_the_list():
    episodes = pa.Table.from_pylist(plain())
    registers = {
        year: cm.read_register(
            pa.table(
                {"patient_id": [f"q{n}" for n in range(size)], "practice_id": ["C87001"] * size, "age": [50] * size}
            ),
            as_of=f"{year}-04-01",
        )
        for year, size in ((2013, 500), (2014, 250))
    }
    rates = cells(cm.outcomes(episodes, registers, **CALENDAR).table("emergency_admissions"))
    assert [rates[ALL, year]["list_size"] for year in ("2013", "2014")] == [500, 250]
    assert rates[ALL, "2014"]["base_ratio"] == pytest.approx(2.0)
    for wrong in ({}, {2013: episodes}, {"2013/14": registers[2013]}, {2014: registers[2013]}):
        with pytest.raises(InputError, match="lists"):
            cm.outcomes(episodes, wrong, **CALENDAR)


def test_of_the_episodes_of_a_spell_the_last_word_on_where_somebody_went_counts():
    first = {
        **plain(1)[0],
        "spell_id": "s1",
        "patient_classification": "1",
        "admission_source": "19",
        "discharge_date": dt.date(2013, 1, 20),
        "discharge_destination": "98",
        "age": 80,
    }
    rows = [first | {"episode_order": 1}, first | {"episode_order": 2, "discharge_destination": "19"}]
    rows.append(first | {"patient_id": "q", "spell_id": "s2", "episode_order": 1})
    deaths = pa.table({"patient_id": ["somebody"], "date_of_death": [dt.date(2013, 5, 1)]})
    found = measured(rows, deaths=deaths)
    assert cells(found.table("home_91_days"))[ALL, "2013"]["at_home"] == 1
    account = {line["fate"]: line["rows"] for line in found.account.to_pylist() if line["source"] == "discharges"}
    assert account == {"counted": 1, "destination_unknown": 1}


def test_what_the_source_cannot_tell_stands_in_the_definition():
    def said(found: Any) -> str:
        return found.table("emergency_admissions").field("emergency_admissions").metadata[b"definition"].decode()

    assert "regular day and night attenders count" in said(measured())
    assert "one admission date" in said(measured())
    told = of(random_records(3))
    assert "attenders are none" in said(told)
    assert "one spell_id" in said(told)


def test_of_a_base_year_without_admissions_no_aim_is_said_to_be_met():
    later = [row for row in plain() if row["admission_date"].year == 2014]
    rates = cells(measured(later).table("emergency_admissions"))
    assert (rates[ALL, "2014"]["base_ratio"], rates[ALL, "2014"]["aim_met"]) == (None, None)


# What stands with every table


def test_every_column_of_every_table_says_what_it_is():
    found = of(random_records(8))
    assert set(found.measures) == set(MEASURES) - {"avoidable_admissions"}
    for measure in found.measures:
        table = found.table(measure)
        assert table.schema.metadata[b"caution"].decode() == NO_EFFECT
        for field in table.schema:
            said = {key.decode(): value.decode() for key, value in field.metadata.items()}
            assert set(said) == {"definition", "unit", "sure"}
            assert said["sure"] in "ABCD"
            assert len(said["definition"]) > 5
            assert "{" not in said["definition"]
    definitions = found.definitions().to_pylist()
    assert len(definitions) == sum(found.table(measure).num_columns for measure in found.measures)
    assert {"crude" in row["definition"] for row in definitions if row["column"] == "per_100000"} == {True}
    assert "years up to the age of 75" in next(r["definition"] for r in definitions if r["column"] == "years_lost")


def test_no_effect_is_claimed_wherever_the_figures_are_seen(tmp_path):
    found = of(random_records(9))
    assert NO_EFFECT in repr(found)
    assert found.funnel("emergency_admissions").schema.metadata[b"caution"].decode() == NO_EFFECT
    assert found.run_chart("emergency_admissions").schema.metadata[b"caution"].decode() == NO_EFFECT
    assert found.by_practice().schema.metadata[b"caution"].decode() == NO_EFFECT
    folder = found.save(tmp_path / "out")
    for path in folder.glob("*.csv"):
        if path.name not in ("account.csv", "report.csv", "definitions.csv"):
            assert all(NO_EFFECT in line for line in path.read_text(encoding="utf-8-sig").splitlines()[1:]), path.name
    assert NO_EFFECT in (folder / "README.txt").read_text(encoding="utf-8")


def test_the_repr_and_the_report_hold_no_patient():
    records = random_records(10)
    for row in (*records["episodes"], *records["deaths"]):
        row["patient_id"] = f"CANARY{row['patient_id']}"
    records["episodes"][3]["practice_id"] = None
    found = of(records)
    shown = f"{found!r} {found.report.to_pylist()} {found.account.to_pylist()}"
    assert "CANARY" not in shown
    assert found.report.num_rows > 0


# What cannot be had


def test_a_measure_that_cannot_be_had_is_left_out_with_the_reason_or_refused_where_it_was_asked_for():
    records = random_records(1)
    bare = [{name: row[name] for name in ("patient_id", "practice_id", "admission_date", "admission_method")}
            for row in records["episodes"]]  # fmt: skip
    tables = [pa.Table.from_pylist(rows) for rows in (bare, records["lists"])]
    given = {"year": "financial", "base_year": "2012/13", "covers": COVERS, "max_set_aside": "60%"}
    found = cm.outcomes(*tables, **given)
    assert found.measures == ("emergency_admissions",)
    assert "'diagnoses'" in found.left_out["avoidable_admissions"]
    assert found.left_out["home_91_days"] == "episodes= has no column 'discharge_date', 'discharge_destination', 'age'"
    assert found.left_out["years_of_life_lost"] == "deaths= is not given"
    with pytest.raises(InputError, match="left out: deaths= is not given"):
        found.table("years_of_life_lost")
    for measure in ("avoidable_admissions", "home_91_days", "years_of_life_lost", "length_of_stay"):
        with pytest.raises(InputError):
            cm.outcomes(*tables, measures=[measure], **given)
    asked = of(records, measures="length_of_stay")
    assert asked.measures == ("emergency_admissions", "length_of_stay")


def test_without_deaths_nobody_is_said_to_be_at_home():
    records = random_records(2)
    tables = [pa.Table.from_pylist(records[name]) for name in ("episodes", "lists")]
    found = cm.outcomes(*tables, year="financial", base_year="2012/13", covers=COVERS, max_set_aside="60%")
    assert "died at home" in found.left_out["home_91_days"]


# Bad inputs


def plain(count: int = 30, practice: str = "C87001") -> list[dict[str, Any]]:
    """Emergency admissions through two calendar years."""
    first = dt.date(2013, 1, 1)
    return [
        {
            "patient_id": f"p{number}",
            "practice_id": practice,
            "admission_date": first + dt.timedelta(days=number * 730 // count),
            "admission_method": "21",
        }
        for number in range(count)
    ]


TWO_LISTS = [{"practice_id": "C87001", "year": year, "list_size": 1000} for year in (2013, 2014)]
CALENDAR = {"year": "calendar", "base_year": 2013, "covers": ("2013-01-01", "2014-12-31")}


def measured(episodes: Any = None, lists: Any = None, **more: Any) -> Any:
    episodes = pa.Table.from_pylist(plain() if episodes is None else episodes)
    lists = pa.Table.from_pylist(TWO_LISTS if lists is None else lists)
    return cm.outcomes(episodes, lists, **(CALENDAR | more))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"list_size": 0}, "'list_size' of 1 of 2 rows is not a whole number from 1"),
        ({"list_size": -5}, "'list_size' of 1 of 2 rows"),
        ({"list_size": None}, "'list_size' of 1 of 2 rows"),
        ({"practice_id": None}, "'practice_id' of 1 of 2 rows"),
        ({"year": 2013}, "have more than one row.*C87001"),
        ({"year": 14}, "'year' of 1 of 2 rows is not a calendar year"),
        ({"year": None}, "'year' of 1 of 2 rows is not a calendar year"),
    ],
)
def test_a_list_that_cannot_be_a_denominator_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        measured(lists=[TWO_LISTS[0], TWO_LISTS[1] | change])


def test_a_financial_year_is_named_by_both_its_years():
    for label in ("2013", 2013, "2013/15", "13/14", "2013/2014", True, None, 2013.0):
        with pytest.raises(InputError, match="financial year as '2013/14'"):
            of(random_records(1), base_year=label)
    lists = [{"practice_id": "C87001", "year": "2013/14", "list_size": 10}]
    with pytest.raises(InputError, match="not a calendar year such as '2013'"):
        measured(lists=lists)
    with pytest.raises(InputError, match="year must be 'financial' or 'calendar'"):
        measured(year="academic")


def test_the_base_year_has_lists_and_is_covered_whole():
    with pytest.raises(InputError, match=r"no practice has a list in 2012\. Years with lists: 2013, 2014"):
        measured(base_year=2012)
    with pytest.raises(InputError, match="2013 is not covered whole"):
        measured(covers=("2013-01-02", "2014-12-31"))
    for covers in (None, "2013-01-01", ("2013-01-01",), ("2014-12-31", "2013-01-01"), ("2013-01-01", "soon")):
        with pytest.raises(InputError, match="covers"):
            measured(covers=covers)


def test_missing_columns_are_all_named():
    rows = [{"patient_id": "a", "when": dt.date(2013, 5, 1)}]
    with pytest.raises(InputError, match=r"(?s)'practice_id' is missing.*'admission_date'.*'admission_method'"):
        measured(rows)
    with pytest.raises(InputError, match="'list_size' is missing"):
        measured(lists=[{"practice_id": "C87001", "year": 2013}])


def test_practices_written_in_small_letters_are_told_and_not_taken_for_others():
    with pytest.raises(InputError, match="1 practice differ from those of lists= in capitals alone"):
        measured(plain(40, "c87001"))


def several(practices: int = 10, count: int = 60) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Episodes and lists of practices through two calendar years."""
    codes = [f"C870{number:02}" for number in range(practices)]
    episodes = [{**row, "patient_id": f"{code}{row['patient_id']}"} for code in codes for row in plain(count, code)]
    return episodes, [{"practice_id": code, "year": year, "list_size": 1000} for code in codes for year in (2013, 2014)]


def test_one_practice_of_many_in_small_letters_in_one_year_is_refused():
    """Too few to be refused for their number; the practice would seem to have fallen to nothing, and met its aim."""
    episodes, lists = several()
    changed = [
        {**row, "practice_id": row["practice_id"].lower()}
        if row["practice_id"] == "C87003" and row["admission_date"].year == 2014
        else row
        for row in episodes
    ]
    with pytest.raises(InputError, match="episodes: the codes of 1 practice differ"):
        measured(changed, lists)
    deaths = [{"practice_id": "c87003", "date_of_death": dt.date(2014, 5, 1), "age": 60}]
    deaths += [{**deaths[0], "practice_id": "C87004"}] * 20
    with pytest.raises(InputError, match="deaths: the codes of 1 practice differ"):
        measured(episodes, lists, deaths=pa.Table.from_pylist(deaths), life_expectancy=75)


def test_a_practice_in_two_spellings_in_the_lists_is_refused():
    episodes, lists = several()
    lists[1]["practice_id"] = "c87000"
    with pytest.raises(InputError, match="lists: the codes 'C87000', 'c87000' differ in capitals alone"):
        measured(episodes, lists)


@pytest.mark.parametrize("year", [2013, 2014])
def test_a_practice_without_a_stay_in_a_whole_year_is_refused_where_it_has_many_in_another(year):
    episodes, lists = several()
    left = [row for row in episodes if (row["practice_id"], row["admission_date"].year) != ("C87003", year)]
    with pytest.raises(InputError, match=f"no stay of 'C87003 in {year}', which has a list"):
        measured(left, lists)
    without = [row for row in lists if (row["practice_id"], row["year"]) != ("C87003", year)]
    assert measured(left, without).table("emergency_admissions").num_rows == 21
    few = [row for row in left if row["practice_id"] != "C87003"] + plain(12, "C87003")[: 6 if year == 2014 else None]
    assert measured(few, lists)


def test_admissions_without_a_list_are_counted_and_too_many_refused():
    some = plain(30) + [{**row, "patient_id": f"q{row['patient_id']}"} for row in plain(5, "C87099")]
    found = measured(some)
    fates = {row["fate"]: row["rows"] for row in found.account.to_pylist()}
    assert (fates["counted"], fates["without_list"]) == (30, 5)
    assert {row["reason"] for row in found.report.to_pylist()} == {"no list of that practice and year"}
    assert found.set_aside.to_pylist() == [{"source": "episodes", "fate": "without_list", "rows": 5}]
    with pytest.raises(InputError, match="20 of 50 values cannot be used"):
        measured(plain(30) + [{**row, "patient_id": f"q{row['patient_id']}"} for row in plain(20, "C87099")])
    with pytest.raises(InputError, match="Not one of 20 stays"):
        measured(plain(20, "C87099"), max_set_aside="100%")


def test_a_month_without_episodes_is_refused_where_others_have_many():
    many = plain(730)
    assert measured(many).table("emergency_admissions").num_rows == 4
    gap = [row for row in many if not (row["admission_date"].year == 2014 and row["admission_date"].month == 6)]
    with pytest.raises(InputError, match=r"no stay that began in 2014-06.*would look like a fall"):
        measured(gap)
    # Of months that are covered in part nothing can be said.
    assert measured(
        [row for row in many if row["admission_date"] < dt.date(2014, 12, 1)], covers=("2013-01-01", "2014-12-02")
    )


def test_ids_as_decimals_and_ids_of_two_kinds_are_refused():
    rows = [{**row, "patient_id": float(number)} for number, row in enumerate(plain())]
    with pytest.raises(InputError, match="patient_id"):
        measured(rows)
    coded = {"discharge_date": dt.date(2013, 6, 1), "discharge_destination": "19", "age": 80}
    deaths = pa.table({"patient_id": [1, 2], "date_of_death": [dt.date(2013, 5, 1)] * 2})
    with pytest.raises(InputError, match="text in one source and a number in another"):
        measured([row | coded for row in plain()], deaths=deaths)


def test_deaths_of_other_people_are_refused():
    coded = {"discharge_date": dt.date(2014, 12, 31), "discharge_destination": "19", "age": 80}
    deaths = pa.table({"patient_id": [f"x{n}" for n in range(25)], "date_of_death": [dt.date(2013, 5, 1)] * 25})
    with pytest.raises(InputError, match="not one of 25 patient ids has a stay"):
        measured([row | coded for row in plain()], deaths=deaths)


def test_days_outside_the_years_are_counted_apart():
    early = {**plain()[0], "patient_id": "early", "admission_date": dt.date(2011, 5, 1)}
    late = {**plain()[0], "patient_id": "late", "admission_date": dt.date(2015, 5, 1)}
    undated = {**plain()[0], "patient_id": "undated", "admission_date": None}
    fates = {row["fate"]: row["rows"] for row in measured([*plain(), early, late, undated]).account.to_pylist()}
    assert (fates["counted"], fates["outside_covers"], fates["undated"]) == (30, 2, 1)


def test_the_first_and_the_last_day_that_are_covered_count_and_no_others():
    days = [dt.date(2012, 12, 31), dt.date(2013, 1, 1), dt.date(2014, 12, 31), dt.date(2015, 1, 1)]
    same = {"practice_id": "C87001", "age": 70}
    deaths = pa.Table.from_pylist([{**same, "date_of_death": day} for day in days])
    rows = [{**plain(1)[0], "patient_id": f"e{n}", "admission_date": day} for n, day in enumerate(days)]
    rows = [{**row, "discharge_date": row["admission_date"]} for row in rows]
    found = measured(rows, deaths=deaths, life_expectancy=75)
    for measure, name in (
        ("years_of_life_lost", "deaths"),
        ("emergency_admissions", "emergency_admissions"),
        ("length_of_stay", "stays"),
    ):
        rows_of_all = [row for row in found.table(measure).to_pylist() if row["practice_id"] == ALL]
        assert [row[name] for row in rows_of_all] == [1, 1], measure


def test_a_stay_without_an_end_counts_in_its_year_where_that_day_is_covered():
    rows = plain(2)
    rows[0] |= {"admission_date": dt.date(2014, 6, 30), "discharge_date": None}
    rows[1] |= {"admission_date": dt.date(2014, 7, 1), "discharge_date": None}
    rows.append({**plain(1)[0], "patient_id": "ended", "discharge_date": dt.date(2013, 1, 3)})
    found = measured(rows, covers=("2013-01-01", "2014-06-30"))
    assert cells(found.table("length_of_stay"))[ALL, "2014"]["without_discharge"] == 1


def test_sources_have_their_own_names_and_forms(tmp_path):
    path = tmp_path / "episodes.csv"
    lines = [f"{row['patient_id']},C87001,{row['admission_date']:%d/%m/%Y},21" for row in plain()]
    path.write_text("\n".join(["who,gp,day,admission_method", *lines]) + "\n")
    names = {"who": "patient_id", "gp": "practice_id", "day": "admission_date"}
    lists = tmp_path / "lists.csv"
    lists.write_text("practice,year,list_size\nC87001,2013,1000\nC87001,2014,1000\n")
    found = cm.outcomes(
        path, Events(lists, {"practice": "practice_id"}), columns=names, date_format="%d/%m/%Y", **CALENDAR
    )
    assert found.table("emergency_admissions").equals(measured().table("emergency_admissions"))


def test_people_who_are_known_to_have_moved_are_not_at_home():
    coded = {"discharge_destination": "19", "age": 80, "patient_classification": "1", "admission_source": "19"}
    rows = [
        {
            **row,
            **coded,
            "patient_id": name,
            "admission_date": dt.date(2013, 6, 1),
            "discharge_date": dt.date(2013, 6, 5),
        }
        for name, row in zip(("home", "moved", "before", "later"), plain(4), strict=True)
    ]
    deaths = pa.table({"patient_id": ["somebody"], "date_of_death": [dt.date(2013, 5, 1)]})
    moved = pa.table(
        {
            "patient_id": ["moved", "before", "later"],
            "moved_in": [dt.date(2013, 9, 4), dt.date(2013, 1, 1), dt.date(2013, 9, 5)],
        }
    )
    found = measured(rows, deaths=deaths, care_homes=moved)
    row = cells(found.table("home_91_days"))[ALL, "2013"]
    assert (row["discharges"], row["at_home"], row["in_care_home"]) == (3, 2, 1)
    account = {line["fate"]: line["rows"] for line in found.account.to_pylist() if line["source"] == "discharges"}
    assert account == {"care_home_resident": 1, "counted": 3}


def test_whoever_goes_to_a_care_home_from_nobody_knows_where_is_not_said_to_be_new_there():
    coded = {"discharge_destination": "85", "age": 80, "patient_classification": "1"}
    coded |= {"admission_date": dt.date(2013, 6, 1), "discharge_date": dt.date(2013, 6, 5)}
    sources = ("19", "54", None, "99", "98")
    rows = [{**row, **coded, "admission_source": source} for source, row in zip(sources, plain(5), strict=True)]
    deaths = pa.table({"patient_id": ["somebody"], "date_of_death": [dt.date(2013, 5, 1)]})
    found = measured(rows, deaths=deaths)
    account = {line["fate"]: line["rows"] for line in found.account.to_pylist() if line["source"] == "discharges"}
    assert account == {"care_home_resident": 1, "residence_unknown": 3, "counted": 1}
    assert cells(found.table("home_91_days"))[ALL, "2013"]["in_care_home"] == 1


def test_of_two_days_of_death_the_earlier_holds():
    coded = {"discharge_destination": "19", "age": 80, "patient_classification": "1", "admission_source": "19"}
    coded |= {"admission_date": dt.date(2013, 6, 1), "discharge_date": dt.date(2013, 6, 5)}
    days = [dt.date(2014, 7, 1), dt.date(2013, 7, 1), dt.date(2014, 8, 1)]
    deaths = pa.table({"patient_id": ["p0"] * 3, "date_of_death": days})
    row = cells(measured([plain(1)[0] | coded], deaths=deaths).table("home_91_days"))[ALL, "2013"]
    assert (row["died"], row["at_home"]) == (1, 0)


def test_an_avoidable_admission_is_an_emergency_admission_that_counts_and_an_unread_code_decides_nothing():
    coded = {"episode_status": "3", "episode_order": 1, "episode_type": "1", "sex": "2", "age": 80}
    coded |= {"admission_source": "19", "patient_classification": "1"}

    def row(name: str, day: str, diagnoses: list[str], procedures: list[str], **more: Any) -> dict[str, Any]:
        date = dt.date.fromisoformat(day)
        told = {"patient_id": name, "spell_id": name, "practice_id": "C87001", "admission_date": date}
        told |= {"admission_method": "21"}
        return {**told, **coded, "diagnoses": diagnoses, "procedures": procedures, **more}

    rows = [
        row("asthma", "2013-05-01", ["J45.9"], ["U20.1"]),
        row("planned", "2013-05-01", ["J45.9"], ["U20.1"], admission_method="11"),
        row("fracture", "2013-05-01", ["S52.5"], ["U20.1"]),
        row("unread", "2013-05-01", ["I50.0"], ["K4OX"]),
        row("outside", "2012-05-01", ["J45.9"], ["U20.1"]),
        row("both", "2014-05-01", ["J45.9"], ["U20.1"]),
        row("both", "2014-05-01", ["I50.0"], ["K4OX"]),
        # The first episode of this stay is a planned one.
        row("mixed", "2013-05-01", ["J45.9"], ["U20.1"], admission_method="11"),
        row("mixed", "2013-05-02", ["J45.9"], ["U20.1"]),
    ]
    found = measured(rows, max_set_aside="50%")
    rates = cells(found.table("avoidable_admissions"))
    assert [(rates[ALL, y]["avoidable_admissions"], rates[ALL, y]["undecided"]) for y in ("2013", "2014")] == [
        (1, 1),
        (1, 0),
    ]
    account = {line["fate"]: line["rows"] for line in found.account.to_pylist() if line["source"] == "avoidable"}
    assert account == {"counted": 2, "undecided": 1, "no_emergency_admission_that_counts": 2}
    assert {r["source"] for r in found.report.to_pylist() if r["field"] == "procedures 1"} == {"avoidable"}


def test_a_life_table_has_each_age_once_and_each_sex_where_it_has_sexes():
    rows = [{"patient_id": "p1", "practice_id": "C87001", "date_of_death": dt.date(2013, 5, 1), "age": 60, "sex": "1"}]
    deaths = pa.Table.from_pylist(rows)
    table = pa.table({"age": [60, 60], "sex": ["M", "F"], "years": [21.5, 24.5]})
    found = measured(deaths=deaths, life_expectancy=table)
    assert cells(found.table("years_of_life_lost"))[ALL, "2013"]["years_lost"] == 21.5
    with pytest.raises(InputError, match="no row for the age and sex of 1 of 1 death"):
        measured(deaths=deaths, life_expectancy=pa.table({"age": [61], "years": [20.0]}))
    with pytest.raises(InputError, match="two rows say different years"):
        measured(deaths=deaths, life_expectancy=pa.table({"age": [60, 60], "years": [20.0, 21.0]}))
    with pytest.raises(InputError, match="have no column 'sex'"):
        measured(deaths=deaths.drop_columns(["sex"]), life_expectancy=table)
    for wrong in (0, 121, pa.table({"age": [60], "years": [-1.0]}), pa.table({"age": ["x"], "years": [1.0]})):
        with pytest.raises(InputError, match="life_expectancy"):
            measured(deaths=deaths, life_expectancy=wrong)


def test_ages_of_lists_are_bands_of_the_standard():
    deaths = pa.Table.from_pylist([{"practice_id": "C87001", "date_of_death": dt.date(2013, 5, 1), "age": 92}])
    ages = pa.table(
        {"practice_id": ["C87001"] * 3, "year": [2013] * 3, "age_band": ["90-94", "95+", "0_4"], "people": [30, 20, 5]}
    )
    found = measured(deaths=deaths, life_expectancy=100, ages=ages)
    rows = cells(found.table("years_of_life_lost"))
    assert rows[ALL, "2013"]["per_100000"] == pytest.approx(1000 * 8 / 50)
    assert rows[ALL, "2014"]["per_100000"] is None  # of that year no ages are given
    for band in ("85-94", "60+", "old", ""):
        wrong = ages.set_column(2, "age_band", pa.array(["90-94", "95+", band]))
        with pytest.raises(InputError, match="ages: 1 of 3 rows cannot be read"):
            measured(deaths=deaths, life_expectancy=100, ages=wrong)
