"""Coded rows of another system, case or date form are refused with the likely cause; wide tables are read."""

from __future__ import annotations

import datetime as dt
import random

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import casemgmt as cm
from casemgmt.codes import events
from casemgmt.codes.codelist import Entry

D = dt.date
AS_OF = D(2024, 2, 1)
CHARLSON = "charlson-quan-2005"


def rows(codes, **more):
    held = {"patient_id": [f"p{number % 40}" for number in range(len(codes))], "code": pa.array(codes, pa.string())}
    return pa.table(held | {"date": [D(2023, 5, 1)] * len(codes)} | more)


def a_list(system, *codes, match="exact"):
    return cm.CodeList(name="own", system=system, entries=tuple(Entry(code, "it", match) for code in codes))


SNOMED = ["44054006", "46635009", "195967001", "38341003"]
READ = a_list("read2", "C10E.", "H33..", "G30..")


@pytest.mark.parametrize(
    ("codes", "codelist", "likely"),
    [
        (["4280", "25001", "V4582", "E8490"] * 30, CHARLSON, "ICD-9"),
        (["428.0", "250.01", "401.9", "V45.82", "E849.0"] * 30, CHARLSON, "ICD-9"),
        (SNOMED * 30, CHARLSON, "SNOMED CT"),
        (["C10E.", "H33..", "G30..", "XE0Uc"] * 30, CHARLSON, "Read v2 or CTV3"),
        (["E11.9XXA", "S72001A", "M54.16XD", "T78.40XA"] * 30, CHARLSON, "ICD-10-CM"),
        (SNOMED * 30, READ, "SNOMED CT"),
        (["C10E.00", "H33..11", "G30..12"] * 30, READ, "Read codes with their term codes"),
        (["E119", "I10X", "J45"] * 30, a_list("snomedct", "44054006"), "ICD-10"),
        (["4019", "25000", "4280"] * 30, a_list("opcs4", "K40"), "ICD-9"),
    ],
)
def test_codes_of_another_system_are_refused_and_the_likely_one_is_named(codes, codelist, likely):
    with pytest.raises(cm.InputError, match=f"They look like {likely}") as caught:
        cm.derive_conditions(rows(codes), codelist, as_of=AS_OF)
    assert not any(code in str(caught.value) for code in codes)


def test_codes_of_two_systems_of_one_form_are_told_apart_by_the_categories_they_have():
    procedures = ["U05.1", "U20.1", "Y53.2", "Z94.2", "K63.1", "W37.1", "X70.3"] * 20
    with pytest.raises(cm.InputError, match="look like OPCS-4"):
        cm.derive_conditions(rows(procedures), CHARLSON, as_of=AS_OF)
    diagnoses = ["I10", "E11", "J45", "I48"] * 20
    with pytest.raises(cm.InputError, match="look like ICD-10"):
        cm.derive_conditions(rows(diagnoses), a_list("opcs4", "K40"), as_of=AS_OF)
    with pytest.raises(cm.InputError, match="look like ICD-9"):
        cm.derive_conditions(rows(["E9320", "E9394", "V4581", "V1582"] * 30), CHARLSON, as_of=AS_OF)
    found = cm.derive_conditions(rows(procedures), CHARLSON, as_of=AS_OF, max_set_aside="100%")
    assert len(found) == 40


@pytest.mark.parametrize(("bad", "is_refused"), [(20, False), (21, True)])
def test_a_fifth_of_the_codes_may_be_malformed_and_no_more(bad, is_refused):
    codes = ["??"] * bad + ["E11.9"] * (100 - bad) + [None, "-", ""]
    if not is_refused:
        assert f"{bad} malformed" in repr(cm.derive_conditions(rows(codes), CHARLSON, as_of=AS_OF))
        return
    with pytest.raises(cm.InputError, match="Only 79 of 100 codes"):
        cm.derive_conditions(rows(codes), CHARLSON, as_of=AS_OF)
    found = cm.derive_conditions(rows(codes), CHARLSON, as_of=AS_OF, max_set_aside="21%")
    assert found.set_aside["malformed"] == 21


@pytest.mark.parametrize("match", ["exact", "prefix"])
def test_read_codes_in_one_case_are_refused_also_where_a_few_have_no_letters(match):
    codes = ["c10e.", "h33..", "g30..", "14a..", "2469."] * 10
    codelist = a_list(
        "read2", *(("C10E.", "H33..", "2469.") if match == "exact" else ("C10", "H3", "246")), match=match
    )
    with pytest.raises(cm.InputError, match="The codes of 10 rows are in a list, and 2 more would be"):
        cm.derive_conditions(rows(codes), codelist, as_of=AS_OF)
    mixed = ["C10E.", "c13..", "H33..", "x01a."] * 10
    assert "used" in repr(cm.derive_conditions(rows(mixed), codelist, as_of=AS_OF))


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (["03/04/2023"] * 30, "'date': not one of 30 values is a date"),
        (["2023-05-01T10:00:00Z"] * 30, "'date': not one of 30 values is a date .*date_format='truncate'"),
        (["2023-05-01"] * 3 + ["soon"] * 27, "'date': only 3 of 30 values"),
        (["2023-05-01"] * 20 + ["soon"] * 10, "10 of 30 values cannot be used"),
        ([None] * 30, "'date' is empty in all 30 rows"),
    ],
)
def test_dates_of_which_too_little_can_be_read_are_refused(dates, message):
    table = rows(["E11.9"] * 30).set_column(2, "date", pa.array(dates, pa.string()))
    with pytest.raises(cm.InputError, match=message):
        cm.derive_conditions(table, CHARLSON, as_of=AS_OF)


@pytest.mark.parametrize("codes", [[None] * 30, [""] * 30, ["-", " ", "NULL"] * 10])
def test_a_column_without_a_single_code_is_refused(codes):
    table = rows(["E11.9"] * 30).set_column(1, "code", pa.array(codes, pa.string()))
    with pytest.raises(cm.InputError, match="'code' is empty in all 30 rows"):
        cm.derive_conditions(table, CHARLSON, as_of=AS_OF)
    broad = pa.table({"patient_id": table["patient_id"], "date": table["date"], "diag_01": codes, "diag_02": codes})
    with pytest.raises(cm.InputError, match="'code' is empty in all"):
        cm.derive_conditions(broad, CHARLSON, as_of=AS_OF)


def test_ids_that_a_register_refuses_are_set_aside_in_both_roads(monkeypatch):
    ids = ["a", "b ", "7.0", "0000000000", "c"] + ["d"] * 40
    table = pa.table({"patient_id": ids, "code": ["E11.9"] * 45, "date": [D(2023, 5, 1)] * 45})
    whys = ["outer spaces around the id", "an id that was turned into a decimal number"]
    whys += ["ten times the same digit is a placeholder, not an id"]
    for compiled in (False, True):
        monkeypatch.setattr("casemgmt.codes.patient_ids.pays", lambda rows, answer=compiled: answer)
        found = cm.derive_conditions(table, CHARLSON, as_of=AS_OF)
        assert found.patients.to_pylist() == ["a", "c", "d"]
        assert [(row["source_row"], row["reason"]) for row in found.report.to_pylist()] == list(
            zip((1, 2, 3), whys, strict=True)
        )
        assert "3 without patient" in repr(found)


def wide(name="diag_{:02}", count=12):
    codes = {name.format(number): ["-"] * 3 for number in range(count, 0, -1)}
    codes[name.format(1)] = ["E11.2", "Z00", "I21"]
    codes[name.format(3)] = ["&", "I50.0", " "]
    codes[name.format(11)] = [None, "NULL", "J44"]
    days = {"date": [D(2023, 5, 1)] * 3}
    return pa.table(
        {"patient_id": ["a", "b", "a"]} | days | {each: pa.array(value, pa.string()) for each, value in codes.items()}
    )


def long_of(table):
    names = [name for name in table.column_names if name not in ("patient_id", "date")]
    return pa.concat_tables(
        [table.select(["patient_id", "date", name]).rename_columns(["patient_id", "date", "code"]) for name in names]
    )


@pytest.mark.parametrize("name", ["diag_{:02}", "DIAG_4_{:02}", "diag_{}", "Diagnosis_{}", "DIAG{:02}", "diag_3_{:02}"])
def test_a_wide_table_says_what_the_long_one_says_through_every_door(name, tmp_path):
    table = wide(name)
    wanted = cm.derive_conditions(long_of(table), CHARLSON, as_of=AS_OF)
    paths = [tmp_path / "wide.parquet", tmp_path / "wide.csv"]
    pq.write_table(table, paths[0], row_group_size=1)
    table.to_pandas().to_csv(paths[1], index=False)
    for source in (table, table.to_pandas(), pl.from_arrow(table), *paths):
        found = cm.derive_conditions(source, CHARLSON, as_of=AS_OF)
        assert found.to_arrow().cast(wanted.to_arrow().schema) == wanted.to_arrow()
        assert found.account == wanted.account
    assert wanted.account.column("without_code").to_pylist() == [36 - 5]


def test_a_wide_table_may_have_columns_without_a_code_and_its_faults_name_them():
    table = (
        wide()
        .append_column("diag_20", pa.nulls(3, pa.float64()))
        .rename_columns(["patient_id", "ADMIDATE", *wide().column_names[2:], "diag_20"])
    )
    place = table.column_names.index("diag_07")
    found = cm.derive_conditions(table.set_column(place, "diag_07", pa.array(["?", None, None])), CHARLSON, as_of=AS_OF)
    assert [(row["source_row"], row["field"]) for row in found.report.to_pylist()] == [(0, "diag_07")]
    both = wide().append_column("DIAG_4_01", pa.array(["E11"] * 3))
    with pytest.raises(cm.InputError, match="Several families of columns"):
        cm.derive_conditions(both, CHARLSON, as_of=AS_OF)


def test_rows_files_and_batches_in_any_order_say_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "BATCH_ROWS", 37)
    choose = random.Random(11)
    codes = ["E11.2", "I21", "??", "Z00", None, "J44", "i50"]
    held = [
        (choose.choice("abcdef"), choose.choice(codes), D(2023, 1, 1) + dt.timedelta(choose.randrange(400)))
        for _ in range(400)
    ]

    def table(found):
        who, code, day = zip(*found, strict=True)
        return pa.table({"patient_id": who, "code": pa.array(code, pa.string()), "date": day})

    asked = {"as_of": AS_OF, "lookback": "6 months", "counts": "all", "latest": "all"}
    wanted = cm.derive_conditions(table(held), CHARLSON, **asked)
    choose.shuffle(held)
    paths = [tmp_path / f"{number}.parquet" for number in range(4)]
    for number, path in enumerate(paths):
        pq.write_table(table(held[100 * number : 100 * number + 100]), path)
    for source in (table(held), paths, paths[::-1], pd.DataFrame(table(held).to_pandas())):
        found = cm.derive_conditions(source, CHARLSON, **asked)
        assert found.to_arrow().cast(wanted.to_arrow().schema) == wanted.to_arrow()
        assert found.account == wanted.account


def test_a_big_file_in_batches_is_refused_as_the_same_rows_in_memory_are(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "BATCH_ROWS", 25)
    # The first batches hold no code of the system, the last ones no other.
    for good, is_refused in ((380, True), (420, False)):
        table = rows(["4280"] * (500 - good) + ["E11.9"] * good)
        pq.write_table(table, tmp_path / "rows.parquet")
        messages = []
        for source in (table, tmp_path / "rows.parquet"):
            try:
                cm.derive_conditions(source, CHARLSON, as_of=AS_OF)
                messages.append("")
            except cm.InputError as error:
                messages.append(str(error))
        assert messages[0] == messages[1]
        assert bool(messages[0]) == is_refused


def test_a_condition_that_no_list_makes_is_not_told_to_be_renamed_with_columns():
    derived = cm.derive_conditions(rows(["E11.2"]), cm.load_codelist(CHARLSON).only("charlson_cancer"), as_of=AS_OF)
    with pytest.raises(cm.InputError, match="absent=") as caught:
        derived.score(cm.load_model("charlson"))
    assert "columns=" not in str(caught.value)


def test_codes_of_which_a_part_is_of_another_system_say_which_part():
    with pytest.raises(cm.InputError, match=r"Only 60 of 120 codes are .* Those that are not look like ICD-9"):
        cm.derive_conditions(rows(["428.0", "250.01", "E11.2", "I21"] * 30), CHARLSON, as_of=AS_OF)
