"""How a value may be written, by hand: what is read, what is set to missing and said, what is refused with a remedy.

Every table goes through each door: frames of four libraries, CSV and Parquet, a scanned register in parts, and the
compiled loops.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engines import compiling_from
from register_tools import AS_OF, told

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import FIELDS
from casemgmt.register.readable_counts import ReadableCount, count_of_text, text_of_count


def register_of(values: Any, name: str, count: int | None = None, **more: Any) -> pa.Table:
    """People of one practice with one column of interest."""
    count = len(values) if count is None else count
    table = {"patient_id": [f"a{i:04d}" for i in range(count)], "practice_id": ["C87002"] * count, "age": [40] * count}
    return pa.table(table | {name: values} | more)


def frame_doors(table: pa.Table, folder: Path) -> dict[str, Any]:
    import duckdb
    import polars as pl
    from pyarrow import csv

    doors = {
        "pyarrow": table,
        "pandas": table.to_pandas(),
        "pandas strings": table.to_pandas().convert_dtypes(),
        "polars": pl.from_arrow(table),
        "duckdb": duckdb.connect().from_arrow(table),
    }
    pq.write_table(table, folder / "register.parquet", row_group_size=7)
    doors["parquet"] = folder / "register.parquet"
    if not any(pa.types.is_timestamp(kind) or pa.types.is_dictionary(kind) for kind in table.schema.types):
        csv.write_csv(table, folder / "register.csv")
        doors["csv"] = folder / "register.csv"
    return doors


def outcome(read: Any, name: str) -> Any:
    """Values, corrections, quarantine and notes; or the words of the refusal."""
    try:
        register = read()
        return register.column(name).to_pylist(), told(register.corrections), told(register.quarantine), register.notes
    except InputError as error:
        return str(error)


def scanned_outcome(paths: list[Path], half: int, name: str, **options: Any) -> Any:
    """Of two files, read three rows at a time, with source rows counted through both."""
    starts = {path.name: start for path, start in zip(paths, (0, half), strict=True)}

    def counted(table: pa.Table) -> list[Any]:
        numbers = [row["source_row"] + starts[row["source_file"]] for row in table.to_pylist()]
        return [(number, *row[1:]) for number, row in zip(numbers, told(table), strict=True)]

    try:
        register = cm.scan_register(paths, as_of=AS_OF, **options)
        register._rows = 3
        values: list[Any] = []
        register.passed(lambda part, start, own: values.extend(part.column(name).to_pylist()), values.clear)
    except InputError as error:
        return str(error)
    return values, counted(register.corrections), counted(register.quarantine), register.notes


def through_every_door(table: pa.Table, name: str, folder: Path, **options: Any) -> Any:
    """What every door makes of it; they must agree."""
    found = {}
    for door, source in frame_doors(table, folder).items():
        found[door] = outcome(lambda source=source: cm.read_register(source, as_of=AS_OF, **options), name)
    with compiling_from(0):
        found["compiled"] = outcome(lambda: cm.read_register(table, as_of=AS_OF, **options), name)
    half = table.num_rows // 2
    paths = [folder / "north.parquet", folder / "south.parquet"]
    pq.write_table(table.slice(0, half), paths[0])
    pq.write_table(table.slice(half), paths[1])
    found["scanned"] = scanned_outcome(paths, half, name, **options)
    first = found["pyarrow"]
    for door, each in found.items():
        assert each == first, door
    return first


# Values that are read as they are meant


T, F = True, False
READ = [
    # field, as written, as read, options
    ("diabetes", ["Y", "n", "YES", "No", "t", "F", "True", "FALSE", "1", "0", "1.0", " y "], [T, F] * 5 + [T, T], {}),
    ("nominated", ["y", "", " ", None, "N/A", "N"], [T, F, F, F, F, F], {}),
    ("diabetes", [1.0, 0.0, None], [T, F, None], {}),
    ("diabetes", [Decimal("1.0"), Decimal("0.0"), None], [T, F, None], {}),
    ("objected", ["Yes", "-", "null", "no"], [T, F, F, F], {}),
    ("emergency_admissions_12m", [21.0, None, 3.0], [21, None, 3], {}),
    ("emergency_admissions_12m", ["21.0", "", " ", "3."], [21, None, None, 3], {}),
    ("emergency_admissions_12m", [Decimal("2.00"), None], [2, None], {}),
    ("sex", ["f", "M", "u", "i", None], ["F", "M", "U", "I", "U"], {}),
    ("sex", [1.0, 2.0, None], ["M", "F", "U"], {"values": {"sex": {"1": "M", "2": "F"}}}),
    ("sex", ["1.0", "2.0", "1"], ["M", "F", "M"], {"values": {"sex": {"1": "M", "2": "F"}}}),
    ("sex", [Decimal("1.0"), Decimal("2.0")], ["M", "F"], {"values": {"sex": {"1": "M", "2": "F"}}}),
    ("sex", ["1 ", "2 ", "1 "], ["M", "F", "M"], {"values": {"sex": {"1": "M", "2": "F"}}}),
    ("care_home_type", ["Nursing", "NONE", "None", "Respite"], ["nursing", "none", "none", "respite"], {}),
    ("care_home_type", ["Y", "no", "T", "0"], ["unspecified", "none", "unspecified", "none"], {}),
    ("ethnicity", ["NA", "NULL", "-", "None"], ["NA", "NULL", "-", "None"], {}),
]
BORN = dt.date(1948, 9, 3)
FORMS = [
    (["1948-09-03", "1948-09-03T00:00:00Z", "1948-09-03 00:00", "1948-09-03T00:00:00.000+01:00"], None),
    (["03-Sep-1948", "3-SEP-1948", "03-sept-1948"], "%d-%b-%Y"),
    (["3 September 1948", "03 september 1948"], "%d %B %Y"),
    (["September 3, 1948"], "%B %d, %Y"),
    (["03/09/1948 00:00", "3/9/1948 0:00"], "%d/%m/%Y %H:%M"),
    (["1948-09-03T14:22:00", "1948-09-03 23:00:00Z", "1948-09-03"], "truncate"),
    (["03/09/1948 14:22"], "truncate %d/%m/%Y %H:%M"),
]


@pytest.mark.parametrize(("name", "written", "read", "options"), READ)
def test_a_value_is_read_however_extracts_write_it(tmp_path, name, written, read, options):
    values, _, quarantine, _ = through_every_door(register_of(pa.array(written), name), name, tmp_path, **options)
    assert (values, quarantine) == (read, [])


@pytest.mark.parametrize(("written", "form"), FORMS)
def test_a_date_is_read_in_its_declared_form(tmp_path, written, form):
    options = {} if form is None else {"date_format": {"last_review": form}}
    found = through_every_door(register_of(written, "last_review"), "last_review", tmp_path, **options)
    assert found == ([BORN] * len(written), [], [], ())


def test_month_names_are_english_and_whole():
    options = {"as_of": AS_OF, "date_format": {"last_review": "%d-%b-%Y"}}
    wrong = ["03-Sep-48", "03-Sem-1948", "31-Sep-1948", "Sep-03-1948"]
    register = cm.read_register(register_of(wrong, "last_review"), **options)
    assert register.column("last_review").to_pylist() == [None] * 4
    assert [reason for *_, reason in told(register.corrections)] == [
        "a date with a two-digit year" if text == "03-Sep-48" else "not a date of the declared form %d-%b-%Y"
        for text in wrong
    ]


def test_whole_numbers_are_dates_only_in_a_declared_form():
    for numbers in (pa.array([19480903, None]), pa.array([19480903.0, None]), pa.array([Decimal(19480903), None])):
        register = cm.read_register(
            register_of(numbers, "last_review"), as_of=AS_OF, date_format={"last_review": "%Y%m%d"}
        )
        assert register.column("last_review").to_pylist() == [BORN, None]
        with pytest.raises(InputError, match="it should hold a date"):
            cm.read_register(register_of(numbers, "last_review"), as_of=AS_OF)


# Words of a missing value


def test_the_words_of_a_missing_value_are_missing_and_counted_word_by_word(tmp_path):
    words = ["NULL"] * 3 + ["N/A", "\\N", "nan", "NaT", "None", "-", "na", "NULL"]
    found = through_every_door(register_of([*words, "2015-03-01"], "date_of_death"), "date_of_death", tmp_path)
    values, corrections, quarantine, notes = found
    assert values == [None] * len(words) + [dt.date(2015, 3, 1)]
    assert (corrections, quarantine) == ([], [])
    assert notes == tuple(
        f"date_of_death: '{word}' read as missing {'4 times' if word == 'NULL' else '1 time'}"
        for word in sorted(set(words))
    )


@pytest.mark.parametrize("name", ["age", "emergency_admissions_12m", "diabetes", "sex", "imd_decile"])
def test_nobody_is_set_aside_or_corrected_for_a_word_that_means_missing(tmp_path, name):
    good = {"diabetes": "Y", "sex": "M"}.get(name, "7")
    table = register_of([good] * 4, "ward").drop_columns(["age", "ward"])
    table = table.append_column("age", pa.array(["40"] * 4)) if name != "age" else table
    table = table.append_column(name, pa.array([good, "NULL", "n/a", good]))
    values, corrections, quarantine, notes = through_every_door(table, name, tmp_path)
    assert (corrections, quarantine) == ([], [])
    assert [values[0], values[3]] == [values[0]] * 2
    assert notes == (f"{name}: 'NULL' read as missing 1 time", f"{name}: 'n/a' read as missing 1 time")


def test_notes_stand_in_a_packed_register_too(tmp_path):
    register = cm.read_register(register_of(["NULL", "2015-03-01"], "date_of_death"), as_of=AS_OF)
    pq.write_table(register_of(["NULL", "2015-03-01"], "date_of_death"), tmp_path / "register.parquet")
    scanned = cm.scan_register(tmp_path / "register.parquet", as_of=AS_OF)
    for number, each in enumerate((register, scanned)):
        packed = each.save_packed(tmp_path / f"packed_{number}.parquet")
        assert cm.scan_register(packed, as_of=AS_OF).notes == register.notes != ()


# Times of day


SUMMER, WINTER = dt.datetime(1940, 3, 31, 23), dt.datetime(1940, 12, 1)


def test_a_time_of_day_in_a_column_without_zone_is_refused_or_declared(tmp_path):
    """Midnight of summer time, in UTC: somebody would be a day too old, or too young for a review."""
    table = register_of([SUMMER] * 6 + [WINTER] * 6, "date_of_birth").drop_columns(["age"])
    words = through_every_door(table, "date_of_birth", tmp_path)
    assert words.startswith(
        "Column 'date_of_birth': 6 of 12 values have a time of day other than midnight, where a date is meant. 23:00"
    )
    declared = through_every_door(table, "date_of_birth", tmp_path, date_format={"date_of_birth": "truncate"})
    assert declared[0] == [SUMMER.date()] * 6 + [WINTER.date()] * 6
    as_text = register_of([str(SUMMER)] * 6 + [str(WINTER)] * 6, "date_of_birth").drop_columns(["age"])
    assert through_every_door(as_text, "date_of_birth", tmp_path) == words


def test_one_time_of_day_among_many_dates_is_a_correction_and_one_among_deaths_sets_aside(tmp_path):
    days = [WINTER] * 30 + [SUMMER]
    table = register_of(days, "last_review")
    values, corrections, _, _ = through_every_door(table, "last_review", tmp_path)
    assert values == [WINTER.date()] * 30 + [None]
    assert corrections == [(30, "C87002", "last_review", "a time of day other than midnight, where a date is meant")]
    spread = [dt.datetime(2015, 1, 1) + dt.timedelta(days=i) for i in range(30)]
    table = register_of([*spread, dt.datetime(2015, 2, 3, 9)], "date_of_death")
    assert [row[:3] for row in through_every_door(table, "date_of_death", tmp_path)[2]] == [
        (30, "C87002", "date_of_death")
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_with_a_zone_is_the_day_that_is_beginning_there(unit):
    instants = pa.array([dt.datetime(1975, 5, 31, 23), dt.datetime(1975, 12, 1), None], pa.timestamp(unit))
    zoned = instants.cast(pa.timestamp(unit, "Europe/London"))
    register = cm.read_register(register_of(zoned, "last_review"), as_of=AS_OF)
    assert register.column("last_review").to_pylist() == [dt.date(1975, 6, 1), dt.date(1975, 12, 1), None]
    with pytest.raises(InputError, match="1 of 2 values have a time of day other than midnight"):
        cm.read_register(register_of(instants.cast(pa.timestamp(unit, "UTC")), "last_review"), as_of=AS_OF)


# Placeholders for no date


@pytest.mark.parametrize("name", ["date_of_death", "deregistered_on"])
@pytest.mark.parametrize(
    "day", [dt.date(9999, 12, 31), dt.date(2999, 1, 1), dt.date(3000, 1, 1), dt.date(2099, 12, 31)]
)
def test_a_far_away_end_is_open_and_counted(tmp_path, name, day):
    for values in ([day] * 24, [day.isoformat()] * 24, [f"{day}T23:59:59"] * 24):
        found = through_every_door(register_of(values, name), name, tmp_path)
        meaning = FIELDS[name].missing
        note = f"{name}: a far-away end such as 9999-12-31 read as {meaning} 24 times"
        assert found == ([None] * 24, [], [], (note,))


@pytest.mark.parametrize("name", ["date_of_death", "deregistered_on"])
@pytest.mark.parametrize("day", ["0001-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1900-01-01", "2415-05-12"])
def test_a_placeholder_never_ends_a_life_or_a_registration(tmp_path, name, day):
    words = through_every_door(register_of([day] * 30 + [None] * 3, name), name, tmp_path)
    assert words.startswith(f"Column '{name}': 30 of 30 values are out of range")
    assert "map it away with values=" in words
    mapped = through_every_door(register_of([day] * 30, name), name, tmp_path, values={name: {day: ""}})
    assert mapped == ([None] * 30, [], [], ())
    spread = [f"2015-02-{i:02}" for i in range(1, 26)]
    values, corrections, quarantine, _ = through_every_door(register_of([*spread, day], name), name, tmp_path)
    assert (values[-1], len(corrections), quarantine) == (None, 1, [])


def test_timestamps_that_wrapped_never_end_a_life(tmp_path):
    """9999-12-31 in nanoseconds of 64 bits is a day of 1816."""
    nanoseconds = (dt.date(9999, 12, 31) - dt.date(1970, 1, 1)).days * 86_400 * 10**9
    wrapped = np.array([nanoseconds % 2**64] * 40, dtype=np.uint64).view(np.int64)
    table = register_of(pa.array(wrapped).view(pa.timestamp("ns")), "date_of_death")
    with pytest.raises(InputError, match="40 of 40 values are out of range \\(before 1900\\)"):
        cm.read_register(table, as_of=AS_OF)


@pytest.mark.parametrize("shared", [150, 60])
def test_an_end_that_many_share_is_refused_with_the_remedy(tmp_path, shared):
    days = [dt.date(1971, 1, 1)] * shared + [None] * (200 - shared)
    words = through_every_door(register_of(days, "deregistered_on"), "deregistered_on", tmp_path)
    assert words.startswith(f"Column 'deregistered_on': {shared} of {shared} values are one and the same day")
    mapped = {"deregistered_on": {"1971-01-01": ""}}
    assert cm.read_register(register_of(days, "deregistered_on"), as_of=AS_OF, values=mapped)


def test_a_practice_of_many_that_closed_on_one_day_is_no_placeholder():
    days = [dt.date(2014, 7, 1)] * 25 + [None] * 300
    assert len(cm.read_register(register_of(days, "deregistered_on"), as_of=AS_OF)) == 325


# Columns that hold something else


ENTIRE = [
    ("age", [f"{60 + i}.{i % 9 + 1}" for i in range(30)], "not one of 30 values is a whole number from 0 to 120"),
    ("age", [60.4 + i for i in range(30)], "not one of 30 values is a whole number from 0 to 120"),
    ("age", ["70-74"] * 30, "not one of 30 values is a whole number from 0 to 120"),
    ("age", ["71"] * 200 + ["90+"] * 5, "5 values of 205 are a number 'and over'"),
    ("emergency_admissions_12m", ["0"] * 200 + ["5 or more"] * 5, "5 values of 205 are a number 'and over'"),
    ("imd_decile", list(range(8, 32_844, 160)), "205 of 206 values are out of range (outside 1 to 10)"),
    ("objected", ["consented"] * 199 + ["N"], "only 1 of 200 values can be read as true or false, or 0 or 1"),
    ("diabetes", ["confirmed"] * 10 + ["N"] * 190, "0 of the 10 values that do not say 'no' can be read as true"),
    ("care_home_type", ["none"] * 190 + ["Nursing Home"] * 10, "0 of the 10 values that do not say 'none' can be"),
    ("care_home_type", ["nursing"] * 20 + ["Residential Home"] * 10, "20 of the 30 values that do not say 'none'"),
    ("sex", ["woman", "man"] * 30, "not one of 60 values is F, M, I, U"),
    ("date_of_death", ["?"] * 40, "not one of 40 values is a date from 1900 to the extract date"),
]


@pytest.mark.parametrize(("name", "written", "words"), ENTIRE)
def test_a_column_that_holds_something_else_is_refused_with_what_was_expected(tmp_path, name, written, words):
    table = register_of(written, "ward" if name == "age" else name)
    if name == "age":
        table = table.drop_columns(["age"]).rename_columns(["patient_id", "practice_id", "age"])
    refusal = through_every_door(table, name, tmp_path)
    assert refusal.startswith(f"Column '{name}': {words}")
    assert not any(value in refusal for value in ("70-74", "90+", "consented", "confirmed", "woman", "60.4"))


def test_a_care_home_word_that_is_unknown_comes_with_an_example():
    with pytest.raises(InputError, match="'Nursing Home': 'nursing'"):
        cm.read_register(register_of(["none"] * 190 + ["Care Home"] * 10, "care_home_type"), as_of=AS_OF)


def test_deciles_that_may_be_quintiles_are_said():
    table = register_of([i % 5 + 1 for i in range(1500)], "imd_decile")
    assert cm.read_register(table, as_of=AS_OF).notes == (
        "imd_decile: no value of 1,500 is above 5: check that they are no quintiles",
    )


# Fixed width


def test_text_of_one_width_is_trimmed_with_one_note(tmp_path):
    values, corrections, _, notes = through_every_door(register_of(["f  ", "M  ", "   "] * 5, "sex"), "sex", tmp_path)
    assert values == ["F", "M", "U"] * 5
    assert (corrections, notes) == ([], ("sex: outer spaces removed from 10 values, all of which were of one width",))
    _, corrections, _, notes = through_every_door(register_of(["f  ", "M ", "F"] * 5, "sex"), "sex", tmp_path)
    assert (len(corrections), notes) == (10, ())


# Values that contradict each other


def test_a_death_before_birth_sets_the_row_aside_and_many_are_refused(tmp_path):
    births = [dt.date(1975, 4, 1) + dt.timedelta(days=i) for i in range(40)]
    deaths: list[Any] = [dt.date(1974, 1, 1), *[None] * 39]
    table = register_of(deaths, "date_of_death", date_of_birth=births)
    _, _, quarantine, _ = through_every_door(table, "date_of_birth", tmp_path)
    assert quarantine == [(0, "C87002", "date_of_death", "before date_of_birth")]
    deaths = [dt.date(1970, 1, 1) + dt.timedelta(days=i) for i in range(40)]
    words = through_every_door(register_of(deaths, "date_of_death", date_of_birth=births), "age", tmp_path)
    assert words.startswith("Column 'date_of_death': 40 of 40 values are before date_of_birth.")


def test_a_leaving_before_joining_is_said_and_nobody_is_listed_for_it(tmp_path):
    joined = [dt.date(2010, 4, 1)] * 40
    left: list[Any] = [dt.date(2005, 1, 1), *[None] * 39]
    table = register_of(left, "deregistered_on", registered_on=joined)
    _, corrections, quarantine, _ = through_every_door(table, "registered_on", tmp_path)
    assert (corrections, quarantine) == ([(0, "C87002", "deregistered_on", "before registered_on")], [])
    register = cm.read_register(table, as_of=AS_OF)
    assert register.packed.is_set("present").sum() == 39


def test_an_age_of_another_date_is_refused(tmp_path):
    table = register_of([dt.date(1970, 4, 1) - dt.timedelta(days=i) for i in range(40)], "date_of_birth")
    words = through_every_door(table, "date_of_birth", tmp_path)
    assert words.startswith("Column 'age': 40 of 40 values are more than a year from the age by date_of_birth.")


# Registrations


def test_whoever_joins_after_the_list_date_is_not_on_the_list_whatever_the_extract_date(tmp_path):
    joins = [dt.date(2015, 4, 2), dt.date(2016, 1, 1), dt.date(9999, 12, 31), dt.date(2015, 4, 1), None]
    table = register_of(joins, "registered_on")
    values, corrections, _, _ = through_every_door(table, "registered_on", tmp_path)
    assert values == joins
    assert [row[0] for row in corrections] == [0, 1, 2]
    for extracted_on in (AS_OF, "2015-06-01"):
        register = cm.read_register(table, as_of=AS_OF, extracted_on=extracted_on)
        assert register.packed.is_set("on_list").tolist() == [False, False, False, True, True]


def two_rows(*registrations: tuple[str, str, str], **more: Any) -> pa.Table:
    practices, joined, left = zip(*registrations, strict=True)
    count = len(registrations)
    rows = {"patient_id": ["a"] * count, "practice_id": practices, "age": [40] * count}
    dates = {"registered_on": [day or None for day in joined], "deregistered_on": [day or None for day in left]}
    return pa.table(rows | dates | more)


EARLIER = "an earlier registration, which has ended; the patient is kept at the open one"
DIFFER = "differing rows with one id"
MOVES = [
    # registrations of one patient as (practice, joined, left); rows kept; rows set aside as earlier
    ([("C87002", "2001-01-01", "2014-01-01"), ("C87003", "2014-01-01", "")], [1], [0]),
    ([("C87003", "2014-01-01", ""), ("C87002", "2001-01-01", "2014-01-01")], [0], [1]),
    ([("C87002", "2001-01-01", "2010-01-01"), ("C87002", "2012-01-01", "9999-12-31")], [1], [0]),
    ([("C87002", "", "2010-01-01"), ("C87003", "", "2012-01-01"), ("C87004", "", "")], [2], [0, 1]),
    # two are open, none is, the open one began before the other ended, or it begins after the list date
    ([("C87002", "2001-01-01", ""), ("C87003", "2014-01-01", "")], [], []),
    ([("C87002", "2001-01-01", "2010-01-01"), ("C87003", "2011-01-01", "2012-01-01")], [], []),
    ([("C87002", "2001-01-01", "2014-01-01"), ("C87003", "2012-01-01", "")], [], []),
    ([("C87002", "2001-01-01", "2014-01-01"), ("C87003", "2015-05-01", "")], [], []),
    ([("C87002", "2001-01-01", "?"), ("C87003", "2014-01-01", "")], [], []),
]


@pytest.mark.parametrize(("registrations", "kept", "earlier"), MOVES)
def test_someone_who_left_and_came_back_is_kept_at_the_open_registration(tmp_path, registrations, kept, earlier):
    table = two_rows(*registrations)
    values, _, quarantine, _ = through_every_door(table, "practice_id", tmp_path)
    assert values == [registrations[row][0] for row in kept]
    reason = ("deregistered_on", EARLIER) if kept else ("patient_id", DIFFER)
    wanted = earlier if kept else range(len(registrations))
    assert quarantine == [(row, registrations[row][0], *reason) for row in wanted]


def test_rows_that_differ_in_more_than_their_registration_are_two_people():
    moved = [("C87002", "2001-01-01", "2014-01-01"), ("C87003", "2014-01-01", "")]
    table = two_rows(*moved, sex=["F", "M"])
    assert len(cm.read_register(table, as_of=AS_OF)) == 0


# Practices


def test_practice_codes_of_all_four_countries_are_accepted_and_a_refusal_names_the_pattern():
    codes = ["C87017", "W91001", "Z00001", "10002", "1234", "C8701", "c87018"]
    table = register_of([40] * 7, "age").set_column(1, "practice_id", pa.array(codes))
    register = cm.read_register(table, as_of=AS_OF)
    assert set(register.practices) == set(codes[:4])
    assert [row[0] for row in told(register.quarantine)] == [4, 5, 6]
    assert all("practice_pattern" in row[3] for row in told(register.quarantine))


# One table


def test_every_field_says_how_its_values_may_be_written():
    for name, field in FIELDS.items():
        assert field.accepted, name
    assert "yes" in FIELDS["diabetes"].accepted
    assert "n/a" in FIELDS["date_of_death"].accepted
    assert "none" not in FIELDS["care_home_type"].accepted.partition("missing: ")[2]


def test_counts_of_parts_add_up_and_travel_as_text():
    one = ReadableCount(rows=3, read=2, unread=1, why="b", words={"NULL": 1}, ends={5: 1}, clashes={"x": (1, 2)})
    other = ReadableCount(rows=2, read=1, outside=1, why="a", words={"NULL": 2}, ends={5: 1, 6: 2}, shortest=3)
    both = one.and_then(other)
    assert both == other.and_then(one)
    assert (both.rows, both.read, both.why, both.words, both.shortest) == (5, 3, "a", {"NULL": 3}, 3)
    assert both.ends == {5: 2, 6: 2}
    assert count_of_text(text_of_count(both)) == both


def test_births_on_the_first_day_of_1900_are_said_and_many_are_refused(tmp_path):
    births = [dt.date(1930 + i % 60, 5, 5) for i in range(300)]
    table = register_of([dt.date(1900, 1, 1), *births], "date_of_birth").drop_columns(["age"])
    found = through_every_door(table, "age", tmp_path)
    assert found[3] == ("date_of_birth: 1900-01-01 1 time: check that it does not stand for no date",)
    table = register_of([dt.date(1900, 1, 1)] * 20 + births, "date_of_birth").drop_columns(["age"])
    words = through_every_door(table, "age", tmp_path)
    assert words.startswith("Column 'date_of_birth': 20 of 320 values are 1900-01-01, which stands for no date.")


# Types of the libraries


def frames_of_every_type() -> list[tuple[str, Any, list[Any]]]:
    """Field, column, values read."""
    import pandas as pd
    import polars as pl

    day = dt.date(2014, 1, 1)
    return [
        ("age", pd.array([40, None], dtype="Int64"), [40, None]),
        ("age", pd.Series([40.0, float("nan")]), [40, None]),
        ("sex", pd.Categorical(["m", "F"]), ["M", "F"]),
        ("diabetes", pd.array([True, None], dtype="boolean"), [True, None]),
        ("diabetes", pd.Series([True, None], dtype=object), [True, None]),
        ("nominated", pd.Categorical(["Y", "n"]), [True, False]),
        ("imd_decile", pd.Categorical([1, 2]), [1, 2]),
        ("imd_decile", pd.array([1.0, None], dtype="Float64"), [1, None]),
        ("imd_decile", pd.Series([Decimal(1), None], dtype=object), [1, None]),
        ("objected", pd.array(["No", "YES"], dtype="string"), [False, True]),
        ("last_review", pd.to_datetime(pd.Series(["2014-01-01", None])), [day, None]),
        ("last_review", pd.to_datetime(pd.Series(["2014-01-01", None])).dt.tz_localize("Europe/London"), [day, None]),
        ("last_review", pd.Series([day, None], dtype=object), [day, None]),
        ("last_review", pd.Categorical(["2014-01-01", "NaT"]), [day, None]),
        ("sex", pl.Series(["m", "F"], dtype=pl.Categorical), ["M", "F"]),
        ("nominated", pl.Series(["y", "N"], dtype=pl.Enum(["y", "N"])), [True, False]),
        ("care_home_type", pl.Series(["Nursing", "none"], dtype=pl.Categorical), ["nursing", "none"]),
        ("imd_decile", pl.Series([Decimal("1.0"), None]), [1, None]),
        ("last_review", pl.Series([dt.datetime(2014, 1, 1), None]), [day, None]),
    ]


@pytest.mark.parametrize("place", range(19))
def test_every_type_of_pandas_and_polars_is_read(place):
    import pandas as pd
    import polars as pl

    name, column, wanted = frames_of_every_type()[place]
    rest = {"patient_id": ["a", "b"], "practice_id": ["C87002"] * 2, "age": [40, 40]}
    made = pl.DataFrame if isinstance(column, pl.Series) else pd.DataFrame
    register = cm.read_register(made(rest | {name: column}), as_of=AS_OF)
    assert register.column(name).to_pylist() == wanted
    assert register.corrections.num_rows == 0


def test_every_type_of_duckdb_is_read():
    import duckdb

    relation = duckdb.connect().sql(
        "SELECT 'a' || i AS patient_id, 'C87002' AS practice_id, 40::HUGEINT AS age, "
        "['Y', 'n'][1 + i % 2]::ENUM('Y', 'n') AS nominated, 3::DECIMAL(4, 1) AS imd_decile, "
        "TIMESTAMP '2014-01-01 00:00:00' AS last_review FROM range(2) t(i)"
    )
    register = cm.read_register(relation, as_of=AS_OF)
    found = {name: register.column(name).to_pylist() for name in ("age", "nominated", "imd_decile", "last_review")}
    assert found == {
        "age": [40, 40],
        "nominated": [True, False],
        "imd_decile": [3, 3],
        "last_review": [dt.date(2014, 1, 1)] * 2,
    }
