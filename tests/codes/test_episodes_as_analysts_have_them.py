"""Hospital records as analysts have them: decimals, blanks and words are read, or the column is refused."""

from __future__ import annotations

import datetime as dt
import io
import random
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm

D = dt.date
AS_OF = D(2024, 2, 1)


def arrow(values):
    return values if isinstance(values, pa.Array) else pa.array(values)


def stays(rows, **more):
    patients, days, methods = zip(*rows, strict=True)
    table = {"patient_id": pa.array(patients), "admission_date": pa.array(days), "admission_method": pa.array(methods)}
    return pa.table(
        table | {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in more.items()}
    )


def counted(found, name="admissions_12m"):
    return dict(zip(found.patients.to_pylist(), found.counts[name].tolist(), strict=True))


METHODS = ["22", "12", None, "28"]


@pytest.mark.parametrize(
    "methods",
    [
        pa.array(METHODS),
        pa.array([22, 12, None, 28]),
        pa.array([22.0, 12.0, None, 28.0]),
        pa.array([22.0, 12.0, float("nan"), 28.0]),
        pa.array([Decimal("22.0"), Decimal("12.0"), None, Decimal("28.0")]),
        pa.array(["22.0", " 12", "NULL", "28 "]),
        pa.array(["22", "12", "-", "28"]).dictionary_encode(),
        pa.array(["22", "12", "\\N", "28"], pa.large_string()),
    ],
)
def test_a_method_is_the_same_however_it_is_written(methods):
    table = stays([(who, D(2024, 1, 3), "22") for who in "abcd"]).set_column(2, "admission_method", methods)
    found = cm.count_admissions(table, as_of=AS_OF)
    assert counted(found, "emergency_admissions_12m") == {"a": 1, "b": 0, "c": 0, "d": 1}
    assert "1 admission method" in repr(found)
    assert found.report.to_pylist() == [
        {
            "kind": "inpatient",
            "source_row": 2,
            "field": "admission_method",
            "reason": "missing: not taken as an emergency",
        }
    ]


def test_pandas_and_polars_with_gaps_count_as_text_does():
    text = "patient_id,admission_date,admission_method\np,2024-01-02,25\nq,2024-01-02,11\nr,2024-01-02,\n"
    for frame in (
        pd.read_csv(io.StringIO(text)),
        pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str),
        pl.read_csv(io.BytesIO(text.encode())).with_columns(pl.col("admission_method").cast(pl.Float64)),
    ):
        assert counted(cm.count_admissions(frame, as_of=AS_OF), "emergency_admissions_12m") == {"p": 1, "q": 0, "r": 0}


def test_small_letters_are_the_codes_that_have_one_case():
    found = cm.count_admissions(stays([("a", D(2024, 1, 1), "2b"), ("a", D(2023, 9, 1), "2d")]), as_of=AS_OF)
    assert counted(found, "emergency_admissions_12m") == {"a": 2}


@pytest.mark.parametrize("blank", [None, "", "  ", "NULL", "-", "n/a", "0000000000"])
def test_stays_without_a_spell_id_are_each_their_own(blank):
    rows = [("a", D(2024, 1, day), "21") for day in (2, 9, 16, 23)]
    found = cm.count_admissions(stays(rows, spell_id=pa.array(["7", "7", blank, blank], pa.string())), as_of=AS_OF)
    assert counted(found) == {"a": 3}


def test_spell_ids_that_came_as_decimals_are_told_apart_and_refused_where_digits_are_lost():
    rows = [("a", D(2024, 1, 2), "21"), ("a", D(2024, 1, 9), "21"), ("a", D(2024, 1, 16), "21")]
    gaps = pa.array([5.0, float("nan"), float("nan")])
    assert counted(cm.count_admissions(stays(rows, spell_id=gaps), as_of=AS_OF)) == {"a": 3}
    with pytest.raises(cm.InputError, match="'spell_id' holds decimals so long"):
        cm.count_admissions(stays(rows, spell_id=pa.array([9.1e17, 9.1e17, 1.0])), as_of=AS_OF)


def visits(attended, **more):
    days = {"attendance_date": pa.array([D(2024, 1, 4)] * len(attended))}
    people = {"patient_id": pa.array([f"v{number}" for number in range(len(attended))])}
    return {"outpatient": pa.table(people | days | {"attended": attended} | more)}


@pytest.mark.parametrize(
    "attended",
    [
        pa.array([5.0, 6.0, 7.0, None]),
        pa.array([5, 6, 3, None]),
        pa.array(["05", "06", "02", "NA"]),
        pa.array(["Y", "yes", "N", ""]),
        pa.array(["T", "true", "F", "NULL"]),
        pa.array([True, True, False, None]),
    ],
)
def test_who_was_seen_is_the_same_however_it_is_written(attended):
    found = cm.count_admissions(visits(attended), as_of=AS_OF)
    assert list(counted(found, "outpatient_attendances_12m").values()) == [1, 1, 0, 0]
    assert [row["source_row"] for row in found.report.to_pylist()] == [3]


def many(rows=200):
    held = {"patient_id": pa.array([f"p{number}" for number in range(rows)])}
    held |= {"admission_date": pa.array([D(2024, 1, 5)] * rows), "admission_method": pa.array(["21"] * rows)}
    return pa.table(held)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"admission_method": ["1", "2"] * 100}, "'admission_method': not one of 200 values is a method"),
        ({"admission_method": ["Emergency"] * 190 + ["21"] * 10}, "'admission_method': only 10 of 200"),
        (
            {"admission_method": ["Z9"] * 50 + ["21"] * 150},
            "50 of 200 values .* more than 20% is refused",
        ),
        ({"admission_method": [""] * 200}, "'admission_method' is empty in all 200 rows"),
        ({"admission_date": ["05/01/2024"] * 200}, "'admission_date': not one of 200 values is a date"),
        ({"admission_date": ["2024-01-05T10:30:00Z"] * 200}, "date_format='truncate'"),
        ({"admission_date": pa.nulls(200, pa.date32())}, "'admission_date' is empty in all 200 rows"),
        ({"patient_id": [" "] * 200}, "'patient_id' is empty in all 200 rows"),
        ({"patient_id": [f" p{number}" for number in range(200)]}, "200 of 200 values cannot be used .outer spaces"),
        ({"patient_id": [f"{number}.0" for number in range(200)]}, "turned into a decimal number"),
        ({"patient_classification": ["Ordinary"] * 200}, "'patient_classification': not one of 200 values"),
        ({"admission_source": ["home"] * 200}, "'admission_source': not one of 200 values"),
        ({"episode_order": ["first"] * 200}, "'episode_order': not one of 200 values"),
    ],
)
def test_a_column_that_says_little_is_refused_and_never_everybody_0(columns, message):
    with pytest.raises(cm.InputError, match=message) as caught:
        table = many()
        held = dict(zip(table.column_names, table.columns, strict=True))
        table = pa.table(held | {name: arrow(values) for name, values in columns.items()})
        cm.count_admissions(table, as_of=AS_OF)
    assert "p17" not in str(caught.value)


def test_codes_that_say_not_known_are_counted_and_told():
    table = stays(
        [("a", D(2024, 1, 3), "99"), ("b", D(2024, 1, 3), "21"), ("c", D(2024, 1, 3), "98")],
        patient_classification=["1", "9", "3"],
        admission_source=["19", "99", "19"],
    )
    found = cm.count_admissions(table, as_of=AS_OF)
    assert counted(found, "emergency_admissions_12m") == {"a": 0, "b": 1, "c": 0}
    told = [(row["source_row"], row["field"], row["reason"].partition(":")[0]) for row in found.report.to_pylist()]
    assert [each for each in told if each[2] == "not known"] == [
        (0, "admission_method", "not known"),
        (1, "admission_source", "not known"),
        (1, "patient_classification", "not known"),
        (2, "admission_method", "not known"),
    ]
    assert "missing, not known or not read: 2 admission method" in repr(found)


def test_days_with_a_time_are_read_as_the_refusal_says():
    table = stays([(who, "2024-01-05T10:30:00Z", "21") for who in "abcdefgh"])
    found = cm.count_admissions(cm.codes.events.Events(table, date_format="truncate"), as_of=AS_OF)
    assert set(counted(found).values()) == {1}


@pytest.mark.parametrize("attended", [["attended"] * 9, ["1/1"] * 9, [None] * 9])
def test_who_was_seen_is_refused_where_nothing_of_it_can_be_read(attended):
    with pytest.raises(cm.InputError, match="'attended'"):
        cm.count_admissions(visits(pa.array(attended, pa.string())), as_of=AS_OF)


def test_the_share_that_may_be_set_aside_is_an_option():
    table = many().set_column(2, "admission_method", pa.array(["Z9"] * 50 + ["21"] * 150))
    found = cm.count_admissions(table, as_of=AS_OF, max_set_aside="25%")
    assert sum(found.counts["emergency_admissions_12m"].tolist()) == 150
    assert "50 admission method" in repr(found)
    for share in ("25", "-1%", "101%", True, None, "nan"):
        with pytest.raises(cm.InputError, match="max_set_aside: write a share"):
            cm.count_admissions(table, as_of=AS_OF, max_set_aside=share)


def test_ids_that_a_register_refuses_are_set_aside_with_their_reason():
    ids = ["a", "b ", "4.0", "9.4E+09", "0000000000", "c\u200b", "\u00a0", "d"]
    found = cm.count_admissions(stays([(who, D(2024, 1, 1), "21") for who in ids]), as_of=AS_OF)
    assert found.patients.to_pylist() == ["a", "d"]
    reasons = {row["source_row"]: row["reason"] for row in found.report.to_pylist()}
    assert set(reasons) == {1, 2, 3, 4, 5, 6}
    people = pa.table({"patient_id": ids, "practice_id": ["Y99999"] * len(ids), "age": [70] * len(ids)})
    register = cm.read_register(people, as_of=AS_OF)
    assert reasons == {row["source_row"]: row["reason"] for row in register.quarantine.to_pylist()}


# --- what an admission is -----------------------------------------------------------------------------------------

MOVED = [
    ("m", D(2024, 1, 1), "21"),
    ("m", D(2024, 1, 5), "2B"),
    ("m", D(2024, 1, 20), "81"),
    ("n", D(2024, 1, 5), "81"),
]


def test_regular_attenders_are_no_admissions_where_the_source_says_who_they_are():
    rows = [("dialysis", D(2023, 6, 1) + dt.timedelta(3 * number), "13") for number in range(40)]
    rows += [("chemo", D(2023, 7, 1), "13"), ("birth", D(2023, 8, 1), "31"), ("day", D(2023, 8, 1), "11")]
    classes = ["3"] * 40 + ["4", "5", "2"]
    for name in ("patient_classification", "CLASSPAT"):
        found = cm.count_admissions(stays(rows, **{name: classes}), as_of=AS_OF)
        assert counted(found) == {"birth": 1, "chemo": 0, "day": 1, "dialysis": 0}
        assert found.account.column("regular_attenders").to_pylist() == [41]
        assert "are no admissions" in found.definitions["admissions_12m"]
    without = cm.count_admissions(stays(rows), as_of=AS_OF)
    assert counted(without)["dialysis"] == 40
    assert "has no patient_classification" in without.definitions["admissions_12m"]


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        # Known ends: the second follows in a day, the third comes nine days after the second ended.
        ([D(2024, 1, 4), D(2024, 1, 11), D(2024, 1, 30), D(2024, 1, 9)], {"m": 2, "n": 1}),
        ([D(2024, 1, 4), D(2024, 1, 18), D(2024, 1, 30), D(2024, 1, 9)], {"m": 1, "n": 1}),
        (None, {"m": 1, "n": 1}),
    ],
)
def test_continuous_spells_join_a_transfer_to_the_stay_that_it_carries_on(ends, wanted):
    table = stays(MOVED) if ends is None else stays(MOVED, discharge_date=ends)
    provider = cm.count_admissions(table, as_of=AS_OF)
    assert counted(provider) == {"m": 3, "n": 1}
    assert counted(provider, "emergency_admissions_12m") == {"m": 2, "n": 0}
    found = cm.count_admissions(table, as_of=AS_OF, spells="continuous")
    assert counted(found) == wanted
    assert counted(found, "emergency_admissions_12m") == {"m": 1, "n": 0}
    row = found.account.to_pylist()[0]
    assert row["joined_transfers"] == 4 - sum(wanted.values())
    assert row["rows_in"] == 4 == sum(count for name, count in row.items() if name not in {"kind", "rows_in"})
    assert "Continuous spells" in found.definitions["admissions_12m"]
    assert "Provider spells" in provider.definitions["emergency_admissions_12m"]


def test_a_transfer_is_told_by_its_source_too():
    rows = [("m", D(2024, 1, 1), "21"), ("m", D(2024, 1, 4), "28"), ("m", D(2024, 1, 8), "28")]
    found = cm.count_admissions(stays(rows, ADMISORC=["19", "51", "19"]), as_of=AS_OF, spells="continuous")
    assert counted(found) == {"m": 2}
    with pytest.raises(cm.InputError, match="spells= is 'provider' or 'continuous'"):
        cm.count_admissions(stays(rows), as_of=AS_OF, spells="cip")


def test_the_report_names_columns_that_the_source_has():
    rows = [("a", D(2024, 1, 1), "21"), ("a", D(2024, 1, 1), "11")]
    two = stays(rows)
    assert cm.count_admissions(two, as_of=AS_OF).report.column("field").to_pylist() == ["admission_method"]
    named = cm.count_admissions(
        stays([("a", D(2024, 1, 1), "21"), ("a", D(2024, 1, 1), "11")], spell_id=["1", "1"]), as_of=AS_OF
    )
    assert named.report.column("field").to_pylist() == ["spell_id"]


def test_two_columns_that_could_be_one_are_asked_about():
    rows = stays([("a", D(2024, 1, 1), "21")], CLASSPAT=["1"], PATIENT_CLASS=["3"])
    with pytest.raises(cm.InputError, match="'CLASSPAT', 'PATIENT_CLASS' could each be 'patient_classification'"):
        cm.count_admissions(rows, as_of=AS_OF)


# --- order says nothing -------------------------------------------------------------------------------------------

ROW = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from([D(2024, 1, 1), D(2024, 1, 2), D(2024, 1, 20), D(2023, 1, 31)]),
    st.sampled_from(["21", "2B", "81", "11", None]),
    st.sampled_from(["1", "2", None, ""]),
    st.sampled_from(["1", "2", None]),
    st.sampled_from(["1", "3"]),
    st.sampled_from([D(2024, 1, 2), D(2024, 1, 25), None]),
)


SPELLS = ["provider", "continuous"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROW, min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    st.sampled_from(["provider", "continuous"]),
)
def test_the_order_of_rows_never_changes_a_count(rows, choose, spells):
    def count(rows):
        who, days, methods, spell, order, kind, ends = (list(each) for each in zip(*rows, strict=True))
        more = {"spell_id": pa.array(spell, pa.string()), "episode_order": pa.array(order, pa.string())}
        more |= {"CLASSPAT": pa.array(kind), "DISDATE": pa.array(ends, pa.date32())}
        table = stays([("a", D(2024, 1, 1), "21")])
        table = pa.table(
            {"patient_id": who, "admission_date": days, "admission_method": pa.array(methods, pa.string())} | more
        )
        return cm.count_admissions(table, as_of=AS_OF, spells=spells, max_set_aside="100%")

    mixed = list(rows)
    choose.shuffle(mixed)
    try:
        one = count(rows)
    except cm.InputError as error:
        with pytest.raises(cm.InputError) as other:
            count(mixed)
        assert str(other.value) == str(error)
        return
    two = count(mixed)
    assert one.to_arrow() == two.to_arrow()
    assert one.account == two.account


def test_the_order_of_files_and_their_batches_never_changes_a_count(tmp_path):
    choose = random.Random(4)
    days = [D(2024, 1, 1) + dt.timedelta(days=number) for number in range(9)]
    rows = [(choose.choice("abcd"), choose.choice(days), choose.choice(["21", "11"])) for _ in range(90)]
    spells = [choose.choice("123") for _ in rows]
    whole = stays(rows, spell_id=spells)
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.parquet")
        pq.write_table(whole.slice(30 * number, 30), paths[-1])
    wanted = cm.count_admissions(whole, as_of=AS_OF).to_arrow()
    for order in (paths, paths[::-1]):
        assert cm.count_admissions(order, as_of=AS_OF).to_arrow() == wanted
