"""Coded rows to conditions: against a plain reading, in any order, from any source, on any number of threads."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import coded_twin as twin
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from a_code_list import LIST
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt import arrow, threads
from casemgmt.codes import account, by_id, checking, deriving, events, gathering, scanning
from casemgmt.codes.codelist import Entry
from casemgmt.codes.events import Events
from casemgmt.codes.rules import Rule, Seen
from casemgmt.risk import from_flags
from casemgmt.texts import id_order, numbering

AS_OF = dt.date(2024, 2, 29)
CODES = ("I21", "I219", "i21.9", "I25.2", "I252", "I253", "I10", "I10X", "E119", "E14", "Z000", "Q", "i 10", "", None)
DAYS = (
    None,
    *(dt.date(2024, 2, 29) - dt.timedelta(days=days) for days in (-400, -1, 0, 1, 29, 30, 364, 365, 366, 9000)),
)


@pytest.fixture
def small_steps(monkeypatch):
    """Blocks of 7 rows, two threads from 20 rows, batches of 50, parts of 16, room for 2: every seam lies in a test."""
    for module in (scanning, gathering, numbering, by_id):
        monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    monkeypatch.setattr(by_id, "_DEALT_BYTES", 1)
    monkeypatch.setattr(by_id, "_ROWS_A_PART", 16)
    monkeypatch.setattr(by_id, "_FEWEST", 2)
    monkeypatch.setattr(id_order, "_ALONE", 5)
    monkeypatch.setattr(threads, "ROWS_A_THREAD", 10)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 3)
    monkeypatch.setattr(events, "BATCH_ROWS", 50)
    monkeypatch.setattr(account, "_HOPELESS_ROWS", 10**9)


def rows_at_random(seed: int, count: int, patients, codes=CODES):
    choose = random.Random(seed)
    return [(choose.choice(patients), choose.choice(codes), choose.choice(DAYS)) for _ in range(count)]


TEXT = pa.string()


def table(rows, ids=TEXT, codes=TEXT):
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    patients, code, day = (list(column) for column in columns)
    return pa.table(
        {
            "patient_id": pa.array(patients, ids),
            "code": pa.array(code, TEXT).dictionary_encode() if codes == "dictionary" else pa.array(code, codes),
            "date": pa.array(day, pa.date32()),
        }
    )


def derived(source, codelist=LIST, **options):
    return cm.derive_conditions(source, codelist, as_of=AS_OF, counts="all", latest="all", **options)


def agrees(found, rows, codelist=LIST, lookback=None, **options):
    people, fates = twin.read(rows, codelist, AS_OF, lookback, **options)
    assert found.to_arrow().to_pylist() == twin.table_of(people, codelist.conditions)
    account_row = found.account.to_pylist()[0]
    assert account_row.pop("rows_in") == len(rows)
    assert {fate: count for fate, count in account_row.items() if count and fate != "system"} == {
        fate: count for fate, count in fates.items() if count
    }
    return people


PATIENTS = ("p", "a", "b", "ab", "a0000000001", "a0000000002", "c" * 40, "é", None, "")


@pytest.mark.parametrize("codes", [pa.string(), pa.large_string(), "dictionary"])
@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 19, 20, 21, 300])
def test_any_rows_say_what_a_plain_reading_says(small_steps, count, codes):
    rows = rows_at_random(count, count, PATIENTS)
    agrees(derived(table(rows, codes=codes)), rows)


@pytest.mark.parametrize(
    "lookback", [None, "12 months", "30 days", "1 year", {"heart": "12 months", "circulation": "2 days"}]
)
def test_each_window_holds_the_days_that_the_calendar_says(small_steps, lookback):
    rows = rows_at_random(1, 400, PATIENTS[:5])
    agrees(derived(table(rows), lookback=lookback), rows, lookback=lookback)


@pytest.mark.parametrize("undated", [False, True])
@pytest.mark.parametrize("lookback", [None, {"heart": "12 months"}])
def test_rows_without_a_day_count_for_ever_only_where_that_is_said(small_steps, undated, lookback):
    rows = rows_at_random(2, 200, PATIENTS[:4])
    found = derived(table(rows), lookback=lookback, undated_as_ever=undated)
    agrees(found, rows, lookback=lookback, undated_as_ever=undated)


@pytest.mark.parametrize("ids", [pa.int64(), pa.int32(), pa.uint16(), pa.uint64()])
@pytest.mark.parametrize("spread", [1, 2000])
def test_whole_number_ids_give_the_same_packed_close_or_far_apart(small_steps, ids, spread):
    rows = [(patient * spread + 3, code, day) for patient, code, day in rows_at_random(3, 250, range(30))]
    agrees(derived(table(rows, ids)), rows)


@pytest.mark.parametrize("ids", [pa.string(), pa.int64()])
def test_ids_with_one_hash_are_told_apart(small_steps, monkeypatch, ids):
    rows = rows_at_random(14, 300, PATIENTS[:8] if ids == TEXT else (-5, 0, 7, 10**15, 3))
    monkeypatch.setattr(scanning, "id_hashes", lambda column: np.full(len(column), 2**63 + 5, dtype=np.uint64))
    monkeypatch.setattr(by_id, "id_hashes", scanning.id_hashes)
    agrees(derived(table(rows, ids)), rows)


def test_more_patients_than_there_was_room_for_are_all_there(small_steps):
    rows = rows_at_random(15, 2500, tuple(f"P{number:09}" for number in range(900)))
    agrees(derived(table(rows)), rows)


@pytest.mark.parametrize("more", [range(20), range(3, 9), range(15, 60), (-7, 2, 4), (5, 10**12), (2, 2**62 + 5)])
@pytest.mark.parametrize("rows_of_more", [6, 130])
@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_numbers_close_to_each_other_are_the_same_patients_from_file_to_file(
    small_steps, tmp_path, more, rows_of_more, kind
):
    rows = []
    for place, (patients, count) in enumerate(((range(4, 30), 130), (more, rows_of_more), (range(2, 25), 60))):
        own = [
            (abs(patient) if kind == pa.uint64() else patient, *rest)
            for patient, *rest in rows_at_random(30 + place, count, tuple(patients))
        ]
        pq.write_table(table(own, kind), tmp_path / f"{place}.parquet")
        rows += own
    agrees(derived(sorted(tmp_path.iterdir())), rows)


@pytest.mark.parametrize("more", [PATIENTS[:8], tuple("abc"), ("c" * 40, "d" * 250)])
def test_ids_that_grow_longer_from_file_to_file_are_the_same_patients(small_steps, tmp_path, more):
    rows = []
    for place, patients in enumerate((("b", "a"), more, ("a", "b", "ab"))):
        own = rows_at_random(20 + place, 130, patients)
        pq.write_table(table(own), tmp_path / f"{place}.parquet")
        rows += own
    agrees(derived(sorted(tmp_path.iterdir())), rows)


def test_chunks_of_more_text_than_one_array_holds_are_the_same_patients(monkeypatch):
    rows = rows_at_random(16, 300, PATIENTS[:8])
    chunked = pa.concat_tables([table(rows[start : start + 70]) for start in range(0, 300, 70)])
    whole = derived(chunked).to_arrow()
    monkeypatch.setattr(arrow, "MOST_TEXT", 500)
    assert derived(chunked).to_arrow().cast(whole.schema).equals(whole)
    assert derived(chunked).patients.type == pa.large_string()


def test_negative_ids_are_in_order_of_size(small_steps):
    rows = rows_at_random(4, 100, (-5, -1, 0, 7, 10**15))
    agrees(derived(table(rows, pa.int64())), rows)


def test_rows_in_the_order_of_numbers_without_their_sign_are_put_in_order_of_size(small_steps):
    rows = [(patient, "I21", AS_OF) for patient in (0, 3, 7, -(10**12), -5, -1) for _ in range(8)]
    agrees(derived(table(rows, pa.int64())), rows)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
def test_rows_that_are_in_order_twice_over_are_one_row_a_patient(small_steps, kind):
    rows = sorted(
        rows_at_random(13, 60, tuple(range(9)) if kind == pa.int64() else tuple("abcdefghi")), key=lambda r: r[0]
    )
    agrees(derived(table(rows + rows, kind)), rows + rows)


@pytest.mark.parametrize("patients", [PATIENTS[:8], tuple(f"P{number:09}" for number in range(40)), tuple(range(25))])
def test_rows_in_patient_order_give_the_same_to_the_byte_as_rows_in_any_order(small_steps, patients):
    rows = rows_at_random(5, 350, patients)
    kind = pa.int64() if isinstance(patients[0], int) else pa.string()
    in_order = sorted(rows, key=lambda row: row[0] if kind == pa.int64() else row[0].encode())
    answers = {}
    for name, these in (("any", rows), ("in order", in_order), ("backwards", in_order[::-1])):
        found = derived(table(these, kind))
        agrees(found, these)
        answers[name] = (found.words.tobytes(), found.patients.to_pylist(), found.unmapped.to_pylist())
    assert answers["any"] == answers["in order"] == answers["backwards"]


def test_every_library_and_kind_of_file_says_the_same(as_library):
    rows = [row for row in rows_at_random(6, 120, ("a", "b", "c")) if row[0]]
    found = derived(as_library(table(rows)))
    # A CSV file cannot tell an empty text from none.
    agrees(found, rows)


def test_parquet_files_are_read_in_batches_and_as_one(small_steps, tmp_path):
    rows = rows_at_random(7, 330, PATIENTS)
    paths = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    pq.write_table(table(rows[:200]), paths[0], row_group_size=64)
    pq.write_table(table(rows[200:]), paths[1])
    found = derived(paths)
    agrees(found, rows)
    assert found.report == derived(table(rows)).report


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
def test_a_parquet_file_in_patient_order_joins_the_patients_that_batches_cut(small_steps, tmp_path, kind):
    rows = sorted(rows_at_random(8, 400, ("a", "b", "c") if kind == pa.string() else (1, 2, 3)), key=lambda row: row[0])
    pq.write_table(table(rows, kind), tmp_path / "rows.parquet")
    agrees(derived(tmp_path / "rows.parquet"), rows)


def test_a_malformed_code_is_reported_with_its_row_and_never_its_text(small_steps):
    rows = [("a", "I21", AS_OF)] * 9 + [("b", "canary 77", AS_OF), ("b", "I21.", AS_OF)] + [("a", "E11", AS_OF)] * 30
    rows += [(None, "I21", AS_OF), ("c", "I1", AS_OF)]
    found = derived(table(rows))
    assert found.report.to_pylist() == [
        {"system": "icd10", "source_row": 9, "field": "code", "reason": "a space before or inside the code"},
        {"system": "icd10", "source_row": 10, "field": "code", "reason": "nothing stands after the dot"},
        {"system": "icd10", "source_row": 41, "field": "patient_id", "reason": "missing"},
        {"system": "icd10", "source_row": 42, "field": "code", "reason": "not of the form of an ICD-10 code"},
    ]
    assert "canary" not in repr(found) + str(found.report)


@pytest.mark.parametrize("codes", [TEXT, "dictionary"])
def test_a_text_of_any_length_in_the_place_of_a_code_is_malformed(codes):
    rows = [("a", "I21", AS_OF), ("b", "é" * 5000, AS_OF), ("c", "free text " * 100, AS_OF)]
    found = derived(table(rows, codes=codes))
    assert found.report.column("source_row").to_pylist() == [1, 2]
    assert found.flag("heart").tolist() == [True, False, False]


def test_codes_in_no_list_are_counted_and_listed_the_most_frequent_first():
    rows = [("a", "Z00", AS_OF), ("b", "Z01", AS_OF), ("b", "Z00", AS_OF), ("a", "I21", AS_OF)]
    assert derived(table(rows)).unmapped.to_pylist() == [
        {"system": "icd10", "code": "Z00", "rows": 2, "note": None},
        {"system": "icd10", "code": "Z01", "rows": 1, "note": None},
    ]


def test_a_date_that_cannot_be_read_is_undated_and_reported(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("patient_id,code,date\na,I21,2024-01-01\na,I21,1/2/2024\nb,I21,\nb,I21,1899-12-31\nb,I21\n")
    found = derived(path)
    assert [(row["source_row"], row["field"]) for row in found.report.to_pylist()] == [
        (1, "date"),
        (3, "date"),
        (4, ""),
    ]
    row = found.account.to_pylist()[0]
    assert (row["rows_in"], row["used"], row["undated"], row["unsplit"]) == (5, 1, 3, 1)


def test_dates_are_read_in_the_form_that_is_declared(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("who,code,when\na,I21,2023-03-01T10:00:00Z\n")
    columns = {"who": "patient_id", "when": "date"}
    found = derived(path, columns=columns, date_format="%Y-%m-%dT%H:%M:%SZ", lookback="12 months")
    assert found.latest["heart"].tolist() == [(dt.date(2023, 3, 1) - dt.date(1970, 1, 1)).days]


RULES = (
    Rule(name="treated", all=(Seen("heart"), Seen("pressure", within="12 months"))),
    Rule(name="often", all=(Seen("circulation", at_least=3, within="12 months"),)),
    Rule(name="new", all=(Seen("diabetes_any", first_within="1 year"),)),
    Rule(name="either", any=(Seen("diabetes"), Seen("heart", within="30 days")), unless=(Seen("pressure"),)),
    Rule(name="resolved", all=(Seen("heart"),), unless=(Seen("pressure", later_than="heart"),)),
)


def ruled(seen) -> dict[str, bool]:
    """The rules, read out."""

    def within(name, window=None):
        return [day for day in seen[name] if twin.in_window(day, window, AS_OF)]

    heart, pressure, sugar = seen["heart"], seen["pressure"], seen["diabetes_any"]
    return {
        "treated": bool(heart and within("pressure", "12 months")),
        "often": len(within("circulation", "12 months")) >= 3,
        "new": bool(sugar) and twin.in_window(min(sugar), "1 year", AS_OF),
        "either": bool(seen["diabetes"] or within("heart", "30 days")) and not pressure,
        "resolved": bool(heart) and not (pressure and max(pressure) > max(heart)),
    }


@pytest.mark.parametrize("seed", range(8))
def test_rules_say_what_they_say_read_out(small_steps, seed):
    rows = rows_at_random(seed, 150, tuple("abcdefghij"))
    found = cm.derive_conditions(table(rows), LIST, as_of=AS_OF, rules=RULES, keep=("heart",))
    people, _ = twin.read(rows, LIST, AS_OF)
    wanted = [{"patient_id": who, "heart": bool(people[who]["heart"]), **ruled(people[who])} for who in sorted(people)]
    assert found.to_arrow().to_pylist() == wanted


def test_a_condition_that_feeds_a_rule_stays_out_unless_it_is_kept():
    rows = table([("a", "I21", AS_OF)])
    rule = Rule(name="heart", all=(Seen("heart"), Seen("pressure")))
    assert cm.derive_conditions(rows, LIST, as_of=AS_OF, rules=[rule]).conditions == (
        "circulation",
        "diabetes",
        "diabetes_any",
        "heart",
    )
    assert "pressure" in cm.derive_conditions(rows, LIST, as_of=AS_OF, rules=[rule], keep="pressure").conditions
    with pytest.raises(cm.CodeError, match="keep= names 'heart', which a rule makes"):
        cm.derive_conditions(rows, LIST, as_of=AS_OF, rules=[rule], keep=["heart"])


def test_several_systems_make_one_row_a_patient(small_steps):
    drugs = cm.CodeList(name="drugs", system="rxnorm", entries=(Entry("123", "drug"), Entry("9", "heart")))
    first = [("a", "I21", AS_OF), ("b", "Z00", AS_OF)]
    second = [("c", "123", AS_OF), ("a", "123", dt.date(2020, 1, 1)), ("b", "9", AS_OF)]
    rule = Rule(name="on_drug", all=(Seen("heart"), Seen("drug", within="5 years")))
    found = cm.derive_conditions(
        {"icd10": table(first), "rxnorm": table(second)}, [LIST, drugs], as_of=AS_OF, rules=[rule], keep="all"
    )
    rows = found.to_arrow().select(["patient_id", "heart", "drug", "on_drug"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("a", True, True, True),
        ("b", True, False, False),
        ("c", False, True, False),
    ]
    assert found.account.column("system").to_pylist() == ["icd10", "rxnorm"]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "aa", "zzzzzzzzzzzz"]), st.sampled_from(CODES), st.sampled_from(DAYS)),
        max_size=40,
    ),
    st.sampled_from([None, "12 months", {"circulation": "30 days", "heart": "1 year"}]),
)
def test_whatever_the_rows_the_answer_is_the_plain_one(rows, lookback):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "_HOPELESS_ROWS", 10**9)
        patch.setattr(checking, "NONE_OF", 10**9)  # a column without one code or date is refused
        agrees(derived(table(rows), lookback=lookback), rows, lookback=lookback)


@settings(deadline=None, max_examples=40)
@given(st.permutations(rows_at_random(9, 25, ("a", "b", "c"))))
def test_the_order_of_rows_says_nothing(rows):
    reference = derived(table(sorted(rows, key=str)))
    found = derived(table(rows))
    assert found.to_arrow() == reference.to_arrow()
    assert found.account == reference.account


def test_one_patient_cannot_change_another():
    rows = rows_at_random(10, 80, ("a", "b"))
    alone = derived(table([row for row in rows if row[0] == "a"])).to_arrow()
    assert derived(table(rows)).to_arrow().slice(0, 1) == alone


def test_no_rows_at_all_are_nobody():
    found = derived(table([]))
    assert len(found) == 0
    assert found.to_arrow().num_rows == 0
    assert found.account.column("rows_in").to_pylist() == [0]


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_source_of_another_system_is_refused_with_the_commonest_reason():
    rows = table([("a", "44054006", AS_OF)] * 25)
    with pytest.raises(
        cm.InputError, match=r"Not one of 25 codes is of the system 'icd10' \(it does not begin with a letter\)"
    ):
        derived(rows)


def test_codes_as_numbers_are_refused():
    rows = table([("a", "1", AS_OF)]).set_column(1, "code", pa.array([44054006]))
    with pytest.raises(cm.InputError, match="Codes must be text"):
        derived(rows)


def test_an_id_of_many_bytes_is_refused():
    with pytest.raises(cm.InputError, match="A patient_id of 300 bytes; 250 is the most"):
        derived(table([("a" * 300, "I21", AS_OF)]))
    assert len(derived(table([("a" * 250, "I21", AS_OF)]))) == 1


def test_ids_as_decimal_numbers_are_refused():
    rows = table([("a", "I21", AS_OF)]).set_column(0, "patient_id", pa.array([1.5]))
    with pytest.raises(cm.InputError, match="'patient_id' holds double"):
        derived(rows)


def test_ids_as_text_in_one_source_and_numbers_in_another_are_refused():
    drugs = cm.CodeList(name="drugs", system="rxnorm", entries=(Entry("123", "drug"),))
    sources = {"icd10": table([("a", "I21", AS_OF)]), "rxnorm": table([(1, "123", AS_OF)], pa.int64())}
    with pytest.raises(cm.InputError, match="text in one source and a number in another"):
        cm.derive_conditions(sources, [LIST, drugs], as_of=AS_OF)


def test_a_missing_column_is_named_with_its_neighbour():
    with pytest.raises(cm.InputError, match=r"'date' is missing. Did you mean 'dates'"):
        derived(table([("a", "I21", AS_OF)]).rename_columns(["patient_id", "code", "dates"]))
    assert len(derived(table([("a", "I21", None)]).drop_columns(["date"]), undated_as_ever=True)) == 1


def test_a_rule_over_a_dropped_list_is_an_error():
    rule = Rule(name="treated", all=(Seen("heart"), Seen("inhaler")))
    with pytest.raises(cm.CodeError, match=r"names the condition 'inhaler', which no code list makes.*left out"):
        cm.derive_conditions(table([("a", "I21", AS_OF)]), LIST, as_of=AS_OF, rules=[rule])


@pytest.mark.parametrize("option", ["counts", "latest", "keep"])
def test_an_option_that_names_no_condition_is_an_error(option):
    with pytest.raises(cm.CodeError, match=f"{option}= names the condition 'hart'.*Did you mean 'heart'"):
        cm.derive_conditions(table([("a", "I21", AS_OF)]), LIST, as_of=AS_OF, **{option: ["hart"]})


@pytest.mark.parametrize("lookback", [12, "12", "1 fortnight", "0 days", {"heart": 3}])
def test_a_window_is_never_guessed(lookback):
    with pytest.raises(cm.InputError, match="write a number of days, months or years"):
        derived(table([("a", "I21", AS_OF)]), lookback=lookback)


def test_sources_and_lists_must_be_of_the_same_systems():
    drugs = cm.CodeList(name="drugs", system="rxnorm", entries=(Entry("123", "drug"),))
    rows = table([("a", "I21", AS_OF)])
    with pytest.raises(cm.InputError, match="Give the rows of each system"):
        cm.derive_conditions(rows, [LIST, drugs], as_of=AS_OF)
    with pytest.raises(cm.InputError, match="Each system needs a source"):
        cm.derive_conditions({"icd10": rows}, [LIST, drugs], as_of=AS_OF)
    with pytest.raises(cm.CodeError, match="No code list"):
        cm.derive_conditions(rows, [], as_of=AS_OF)


def test_a_damaged_parquet_file_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(table(rows_at_random(11, 200, ("a", "b"))), path, write_page_checksum=True)
    whole, sound = path.read_bytes(), derived(path).to_arrow()
    refused = 0
    for place in range(20, len(whole) - 20, 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            # What a flip leaves readable is a statistic that nobody asked for.
            assert derived(path).to_arrow() == sound
        except cm.InputError as error:
            assert "damaged" in str(error)
            refused += 1
    assert refused > 10
    with pytest.raises(cm.InputError, match="no file"):
        derived(tmp_path / "none.parquet")


def test_lower_cased_codes_of_a_system_in_which_case_matters_are_refused():
    codes = cm.CodeList(name="sugar", system="read2", entries=(Entry("C10..", "diabetes"),))
    rows = table([("a", "c10..", AS_OF), ("b", "h33..", AS_OF)])
    with pytest.raises(cm.InputError, match="Not one code is in a list, and 1 would be if upper and lower case"):
        cm.derive_conditions(rows, codes, as_of=AS_OF)
    # In mixed rows it is another code, as asthma drugs beside diabetes, and is listed with a note.
    mixed = cm.derive_conditions(table([("a", "C10..", AS_OF), ("a", "c10..", AS_OF)]), codes, as_of=AS_OF)
    assert mixed.unmapped.to_pylist() == [
        {
            "system": "read2",
            "code": "c10..",
            "rows": 1,
            "note": "differs from a listed code in upper and lower case alone",
        }
    ]


def test_no_error_repeats_a_value_of_a_patient():
    canary = "canary-4711"
    rows = table([(canary, "zz", AS_OF)] * 30)
    with pytest.raises(cm.InputError) as raised:
        derived(rows)
    assert canary not in str(raised.value) and "zz" not in str(raised.value)


# --- scores straight from the flags -------------------------------------------------------------------------------


SCORES = {
    "charlson": "charlson-quan-2005",
    "charlson-shmi": "charlson-shmi-1.55",
    "elixhauser-van-walraven": "elixhauser-quan-2005",
    "hospital-frailty-risk-score": "hfrs",
}


@pytest.mark.parametrize("name", SCORES)
def test_scores_from_packed_flags_are_those_of_the_model_read_plainly(small_steps, monkeypatch, name):
    monkeypatch.setattr(from_flags, "BLOCK_ROWS", 7)
    model = cm.load_model(name)
    codelist = cm.load_codelist(SCORES[name])
    choose = random.Random(1)
    codes = [each.code for each in codelist.entries if len(each.code) > 2]
    rows = [(choose.randrange(500), choose.choice(codes), AS_OF) for _ in range(4000)]
    found = cm.derive_conditions(table(rows, pa.int64()), codelist, as_of=AS_OF)
    flags = {name: found.flag(name) for name in found.conditions}
    people = ({name: bool(flag[place]) for name, flag in flags.items()} for place in range(len(found)))
    plain = [model.sum_before_floor(person) for person in people]
    if model.floor is not None:
        plain = [max(total, model.floor) for total in plain]
    scored = found.score(model)
    assert scored.column("patient_id").to_pylist() == found.patients.to_pylist()
    assert scored.column("score").to_pylist() == [total / (1_000_000 * model.divide_by) for total in plain]


@pytest.mark.parametrize("fillers", [0, 9, 12, 70])
def test_a_mild_form_far_from_its_grave_one_is_silenced_as_well(small_steps, fillers):
    charlson = cm.load_codelist("charlson-quan-2005")
    grave = ("charlson_severe_liver_disease", "charlson_metastatic_cancer")
    between = tuple(Entry(f"A{number:02}", f"filler_{number}") for number in range(fillers))
    far = replace(
        charlson,
        entries=(
            *(each for each in charlson.entries if each.condition in grave),
            *between,
            *(each for each in charlson.entries if each.condition not in grave),
        ),
    )
    chosen = random.Random(14)
    codes = [each.code for each in charlson.entries if each.code[0] in "CKB"]
    rows = [(chosen.randrange(200), chosen.choice(codes), AS_OF) for _ in range(700)]
    near = cm.derive_conditions(table(rows, pa.int64()), charlson, as_of=AS_OF)
    found = cm.derive_conditions(table(rows, pa.int64()), far, as_of=AS_OF)
    for name in ("charlson", "charlson-quan-2011"):
        model = cm.load_model(name)
        assert found.score(model) == near.score(model)
        flags = {each: near.flag(each) for each in near.conditions}
        people = ({each: bool(flag[place]) for each, flag in flags.items()} for place in range(len(near)))
        assert found.score(model).column("score").to_pylist() == [model.sum_before_floor(p) / 1e6 for p in people]


def test_a_model_that_needs_a_condition_of_a_dropped_list_scores_nobody():
    codelist = cm.load_codelist("charlson-quan-2005").only("charlson_dementia")
    found = cm.derive_conditions(table([("a", "F00", AS_OF)]), codelist, as_of=AS_OF)
    with pytest.raises(cm.InputError, match="'charlson_myocardial_infarction' is missing"):
        found.score(cm.load_model("charlson"))


def test_a_model_that_needs_an_age_is_scored_through_a_register():
    found = cm.derive_conditions(table([("a", "F00", AS_OF)]), "charlson-quan-2005", as_of=AS_OF)
    with pytest.raises(cm.InputError, match="'age' is missing"):
        found.score(cm.load_model("charlson-age-adjusted"))
    people = pa.table({"patient_id": ["a"], "practice_id": ["Y99999"], "age": [60]})
    assert cm.load_model("charlson-age-adjusted").score(cm.build_register(people, found, as_of=AS_OF)).to_pylist() == [
        3.0
    ]


def test_conditions_that_nobody_has_are_false_for_everybody_where_that_is_said():
    rows = table([("a", "I21", AS_OF)])
    found = cm.derive_conditions(rows, LIST, as_of=AS_OF, absent=["dementia", "gout"])
    assert not found.flag("dementia").any()
    with pytest.raises(cm.CodeError, match="absent= names 'heart', which a code list or a rule makes"):
        cm.derive_conditions(rows, LIST, as_of=AS_OF, absent=["heart"])


def test_more_codes_than_there_was_room_for_keep_the_rows_counted_so_far(small_steps):
    all_codes = [("a", f"{chr(65 + number // 100)}{number % 100:02}", AS_OF) for number in range(2600)]
    rows = [("a", None, AS_OF), ("a", "Q", AS_OF), *all_codes, ("a", None, AS_OF), *all_codes[:50]]
    agrees(derived(table(rows)), rows)


def test_more_than_64_conditions_take_more_words():
    entries = tuple(Entry(f"A{number:02}", f"c{number}") for number in range(100))
    codelist = cm.CodeList(name="many", system="icd10", entries=entries)
    rows = [(f"p{number:03}", f"A{number:02}", AS_OF) for number in range(100)]
    found = cm.derive_conditions(table(rows), codelist, as_of=AS_OF)
    flags = np.array([found.flag(f"c{number}") for number in range(100)])
    assert (flags == np.eye(100, dtype=bool)).all()


def test_rows_of_each_patient_are_counted_whatever_they_hold(small_steps):
    rows = rows_at_random(12, 200, ("a", "b", "c", None))
    found = cm.derive_conditions(table(rows), LIST, as_of=AS_OF, count_rows=True)
    assert found.rows.tolist() == [sum(row[0] == who for row in rows) for who in "abc"]


def test_the_result_and_its_error_name_counts_and_conditions_only():
    found = derived(table([("a", "I21", AS_OF)]))
    assert repr(found) == "<Derived: 5 conditions of 1 patient on 2024-02-29; 1 row in = 1 used>"
    with pytest.raises(cm.InputError, match=r"no derived condition 'hart'. Did you mean 'heart'"):
        found.flag("hart")


def test_events_name_the_columns_of_one_source_of_several():
    rows = table([("a", "I21", AS_OF)]).rename_columns(["who", "what", "when"])
    told = Events(rows, columns={"who": "patient_id", "what": "code", "when": "date"})
    assert derived(told).flag("heart").tolist() == [True]
    assert deriving.sources_of({"icd10": told}, [LIST], Events(None)) == {"icd10": told}
