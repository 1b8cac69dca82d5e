"""On a real Spark session: the rows of the local engine, an account of every row, and one error for all practices."""

from __future__ import annotations

import datetime as dt
import random
import warnings
from typing import Any

import pyarrow as pa
import pytest
from in_pieces import NO_LIMITS, TABLES, assert_same_tables, in_order, whole
from register_tools import awkward_rows, awkward_table, people
from registers import read_scheme, scheme_text
from spark_session import frame_of, needs_spark

import casemgmt as cm
from casemgmt.errors import CapExceededError, InputError, InputWarning
from casemgmt.selection.facts import NO_CASELOAD
from casemgmt.spark import selecting as on_spark
from casemgmt.texts.id_forms import TWO_FORMS

pytestmark = needs_spark()
AS_OF = "2015-04-01"


def numbered(table: pa.Table) -> pa.Table:
    return table.append_column("row", pa.array(range(table.num_rows), pa.int64()))


def tables_of(found: Any, scheme: Any) -> dict[str, pa.Table]:
    return {name: in_order(name, on_spark.to_arrow(getattr(found, name)), scheme) for name in TABLES}


def muddled_table(count: int, seed: int = 7) -> pa.Table:
    """Every fault that only the whole register can judge, and those that any row can have."""
    choose = random.Random(seed)
    table = awkward_table(count)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["sex"] = ["female" if sex == "F" else sex for sex in columns["sex"]]
    for row in range(table.num_rows):
        if columns["practice_id"][row] == "Y00001":
            columns["sex"][row] = "unreadable here"
    for row in choose.sample(range(40, table.num_rows), 12):
        columns["patient_id"][row] = columns["patient_id"][choose.randrange(40, table.num_rows)]
    for row, other in zip(choose.sample(range(40, table.num_rows), 6), (50, 60, 70, 80, 90, 100), strict=True):
        known = columns["patient_id"][other]
        columns["patient_id"][row] = known and choose.choice([known.upper(), f"{known[:2]}-{known[2:]}", known + " "])
    for row, code in zip(choose.sample(range(40, table.num_rows), 8), ["c87002", "C87003 ", "", None] * 2, strict=True):
        columns["practice_id"][row] = code
    return pa.table(columns, schema=table.schema)


def test_ids_of_a_place_and_a_number_stay_apart_and_one_id_in_two_ways_does_not(spark):
    ids = ["1-11", "11-1", "2-1", "21", "a-1-2", "A1 2", "99 90000018", "999 0000018", "P-1-2", "P-12"]
    rows = [(each, "C87001", 50, 0.5) for each in ids]
    frame = spark.createDataFrame(rows, "patient_id string, practice_id string, age int, p double")
    scheme = cm.load_scheme("prism-top-half-percent")
    found = on_spark.select(frame, scheme, score="p", as_of=AS_OF, **NO_LIMITS)
    expected = cm.read_register(on_spark.to_arrow(frame), as_of=AS_OF)
    assert expected.to_arrow()["patient_id"].to_pylist() == ["1-11", "11-1"]
    assert (found.account.accepted, found.account.quarantined) == (2, 8)


def test_a_register_with_every_fault_comes_out_as_from_the_local_engine_to_the_byte(spark):
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    table = muddled_table(700)
    options = {
        "as_of": AS_OF,
        "model": model,
        "over_cap": "queue",
        "values": {"sex": {"female": "F"}, "practice_id": {"c87002": "C87002"}},
    }
    frame = frame_of(spark, numbered(table)).repartition(5)
    found = on_spark.select(frame, scheme, row_number="row", **options, **NO_LIMITS)
    expected = whole(table, scheme, **options)
    assert all(expected[name].num_rows for name in TABLES if name not in ("unscored", "kept"))
    assert_same_tables(expected, tables_of(found, scheme))
    assert TWO_FORMS in expected["quarantine"]["reason"].to_pylist()

    register = cm.read_register(table, as_of=AS_OF, values=options["values"])
    assert found.practices == register.practices
    assert found.in_two_practices > 0
    account = found.account
    assert account.rows_in == register.rows_in == account.accepted + account.merged + account.quarantined
    assert (account.accepted, account.merged) == (len(register), register.merged)
    assert account.quarantined == register.quarantine.num_rows
    assert repr(register).split("; ")[1].partition(" (")[0] in repr(found)
    made = cm.select(register, scheme, model=model, over_cap="queue", **NO_LIMITS)
    assert repr(made)[:-1].split(": ")[1].partition(";")[0] in repr(found)


def test_awkward_column_names_a_score_column_list_sizes_and_no_row_numbers(spark):
    from pyspark.sql import functions

    scheme = read_scheme(
        scheme_text(
            ['name = "top"\nkind = "top_share"\nshare = "10%"\nlimit = "at_most"\nof = {}\namong = {}\n'
             'counts_as = "case_management"']
        )
    )  # fmt: skip
    table = people(60, sex=["F", None] * 30).append_column("the.Score", pa.array([0.5, -0.0, 0.25, None] * 15))
    table = table.append_column("SEX", pa.array(["one", "two"] * 30)).rename_columns(
        {"patient_id": "NHS no.", "practice_id": "practice", "age": "age", "sex": "sex", "SEX": "SEX",
         "the.Score": "the.Score"}
    )  # fmt: skip
    options = {
        "as_of": AS_OF,
        "score": "the.Score",
        "columns": {"NHS no.": "patient_id", "practice": "practice_id"},
        "list_sizes": {"C87002": 75, "C87001": 3},
    }
    frame = frame_of(spark, table)
    # A column compared without regard to case must not make two codes, or two ids, one.
    names = ["NHS no.", "practice", *frame.columns[2:]]
    plain = frame.toDF(*(f"c{i}" for i in range(len(names))))
    if hasattr(functions, "collate"):  # of Spark 4
        lower = [functions.collate(functions.col(f"c{i}"), "UTF8_LCASE") for i in (0, 1)]
        plain = plain.select(*lower, *plain.columns[2:])
    frame = plain.toDF(*names)
    found = on_spark.select(frame, scheme, expected_rows=60, **options, **NO_LIMITS)
    expected = whole(table, scheme, **options)
    assert (expected["selection"].num_rows, expected["unscored"].num_rows) == (7, 15)
    assert_same_tables(expected, tables_of(found, scheme))
    assert found.in_two_practices == 0


def test_what_the_local_engine_warns_of_is_warned_of(spark):
    ids = [*(f"{n:05d}" for n in range(1, 60)), "7", "8", "x9"]
    points = [*(float(n * 37 % 53) for n in range(57)), *[999.0] * 5]
    table = pa.concat_tables([people(31), people(31, "C87001")]).append_column("points", pa.array(points))
    table = table.set_column(0, "patient_id", pa.array(ids))
    scheme, options = cm.load_scheme("prism-top-half-percent"), {"score": "points", "as_of": AS_OF}
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        register = cm.read_register(table, as_of=AS_OF)
        cm.select(register, scheme, score="points", **NO_LIMITS)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = on_spark.select(frame_of(spark, table), scheme, **options, **NO_LIMITS)
    told = [[str(each.message) for each in these if each.category is InputWarning] for these in (expected, said)]
    assert told[0] == told[1] and len(told[0]) == 2
    assert "2 ids stand here both with leading zeros" in told[0][0] and "5 of 62 scores" in told[0][1]
    assert found.notes == register.notes


@pytest.mark.long
def test_tables_that_hold_the_run_hold_what_the_executors_would(spark):
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    options = {"as_of": AS_OF, "model": model, "over_cap": "queue", **NO_LIMITS}
    table = awkward_table(300)
    expected = whole(table, scheme, **{name: options[name] for name in ("as_of", "model", "over_cap")})
    frame = frame_of(spark, numbered(table))
    found = on_spark.select(frame, scheme, row_number="row", keep_in="a_run", **options)
    assert_same_tables(expected, tables_of(found, scheme))
    assert {each.name for each in spark.catalog.listTables() if not each.isTemporary} >= {"a_run_ids", "a_run_lists"}
    with pytest.raises(Exception, match="already exists"):
        on_spark.select(frame, scheme, row_number="row", keep_in="a_run", **options)
    with pytest.raises(InputError, match="keep_in: name where"):
        on_spark.select(frame, scheme, keep_in=" ", **options)


REVIEW = 'name = "older"\nkind = "review"\nwhere = { age = { at_least = 75 } }\nevery_months = 12\n'
REVIEW += 'counts_as = "entitlement"'


@pytest.mark.long
def test_a_midnight_of_the_sessions_time_zone_is_that_day_and_another_time_is_missing(spark):
    days = "timestamp'2014-07-01 00:00:00', timestamp'2014-12-01 00:00:00', timestamp'2014-07-01 09:30:00'"
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Europe/London")
    try:
        frame = spark.sql(
            f"SELECT id, concat('p', id) AS patient_id, 'C87001' AS practice_id, 80 AS age, 0.5D AS p, "
            f"element_at(array({days}), if(id = 7, 3, int(id % 2) + 1)) AS last_review FROM range(30)"
        ).drop("id")
        there = on_spark.to_arrow(frame)
        scheme, options = read_scheme(scheme_text([REVIEW], optional=["last_review"])), {"score": "p", "as_of": AS_OF}
        found = on_spark.select(frame, scheme, **options, **NO_LIMITS)
        chosen = on_spark.to_arrow(found.selection.orderBy("practice_id", "patient_id"))
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    assert str(there["last_review"].type) == "timestamp[us, tz=Europe/London]"
    register = cm.read_register(there, as_of=AS_OF)
    assert register.corrections.num_rows == found.account.corrected == 1
    assert chosen.equals(cm.select(register, scheme, score="p", **NO_LIMITS).to_arrow())
    assert chosen["review_due"].to_pylist().count(True) == 1


KEEPING = 'name = "top"\nkind = "top_share"\nshare = "10%"\nlimit = "at_most"\nof = {}\namong = {}\n'
KEEPING += 'keep_within = "30%"\ncounts_as = "case_management"'


@pytest.mark.parametrize("known", [True, False])
def test_a_caseload_keeps_its_places_and_where_none_is_known_that_is_said(spark, known):
    scheme = read_scheme(scheme_text([KEEPING], optional=["on_caseload"]))
    more = {"on_caseload": [i % 7 == 3 for i in range(90)]} if known else {}
    table = people(90, points=[float(i * 37 % 89) for i in range(90)], **more)
    found = on_spark.select(frame_of(spark, table), scheme, score="points", as_of=AS_OF, **NO_LIMITS)
    expected = whole(table, scheme, score="points", as_of=AS_OF)
    assert bool(expected["kept"].num_rows) == known
    names = ("selection", "summary", "kept")
    given = tables_of(found, scheme)
    assert_same_tables({name: expected[name] for name in names}, {name: given[name] for name in names})
    assert (NO_CASELOAD in found.notes) != known


def test_nominations_over_the_cap_are_said_once_for_all_practices(spark):
    rows = [row | {"nominated": True, "care_home_type": "none"} for row in awkward_rows(300)]
    schema = awkward_table(40).schema
    table = pa.table({name: pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names})
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    with pytest.raises(CapExceededError) as expected:
        whole(table, scheme, as_of=AS_OF, model=model)
    with pytest.raises(CapExceededError) as found:
        on_spark.select(frame_of(spark, table), scheme, as_of=AS_OF, model=model)
    assert str(found.value) == str(expected.value)
    assert str(found.value).startswith("3 practices nominated")


def test_a_column_that_nobody_can_read_stops_the_register(spark):
    table = pa.concat_tables([people(12, sex=["w"] * 12), people(13, "C87001", sex=[*["?"] * 12, "v"])])
    options = {"as_of": AS_OF, "score": "age"}
    scheme = cm.load_scheme("prism-top-half-percent")
    with pytest.raises(InputError) as expected:
        whole(table, scheme, **options)
    with pytest.raises(InputError) as found:
        on_spark.select(frame_of(spark, table), scheme, **options)
    assert str(found.value) == str(expected.value)


def test_a_register_of_which_too_much_cannot_be_used_is_refused_in_the_words_of_the_local_engine(spark):
    scheme, options = cm.load_scheme("rotherham-2015-16"), {"score": "points"}
    table = people(60, points=[float(i) for i in range(60)], care_home_type=["none"] * 60, nominated=[False] * 60)
    few = people(40, "C87001", points=[1.0] * 40, care_home_type=["none"] * 40, nominated=[False] * 40)
    few = few.set_column(0, "patient_id", pa.array([None] * 8 + [f"q{i}" for i in range(32)]))
    table = pa.concat_tables([table, few])
    frame = frame_of(spark, table)
    with pytest.raises(InputError) as expected:
        cm.select(cm.read_register(table, as_of=AS_OF), scheme, **options)
    with pytest.raises(InputError) as found:
        on_spark.select(frame, scheme, as_of=AS_OF, **options)
    assert "8 of 40 rows of practice 'C87001' quarantined" in str(found.value)
    assert str(found.value) == str(expected.value)
    sizes = dict(zip(sorted(set(table["practice_id"].to_pylist())), (32, 60), strict=True)) | {"C87009": 9}
    with pytest.raises(InputError, match="'C87009'"):
        on_spark.select(frame, scheme, as_of=AS_OF, max_quarantined="20%", list_sizes=sizes, **options)


def test_mappings_registrations_padding_and_notes_are_those_of_the_local_engine(spark):
    scheme, day = cm.load_scheme("rotherham-2015-16"), dt.date
    same = {"care_home_type": ["none"] * 30, "nominated": [False] * 30, "sex": ["female", "NA", "F"] * 10}
    before = people(
        30, **same, registered_on=[day(2000, 1, 1)] * 30, deregistered_on=[day(2014, 4, 1 + i) for i in range(30)]
    )
    after = people(30, "C87001", **same, registered_on=[day(2014, 5, 1)] * 30)
    after = after.append_column("deregistered_on", pa.array([None] * 29 + [day(2015, 1, 1)], pa.date32()))
    kept = [f"p{i:03d}   " for i in range(29)]
    table = pa.concat_tables([before, after]).set_column(
        0, "patient_id", pa.array([*kept, "a1     ", *kept, "b1     "])
    )
    options = {"as_of": AS_OF, "score": "age", "values": {"sex": {"female": "F"}}}
    frame = frame_of(spark, numbered(table)).repartition(3)
    ansi = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "false" if ansi == "true" else "true")  # on in Spark 4, off before
    found = on_spark.select(frame, scheme, row_number="row", **options, **NO_LIMITS)
    assert_same_tables(whole(table, scheme, **options), tables_of(found, scheme))
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    register = cm.read_register(table, as_of=AS_OF, values=options["values"])
    assert found.notes == register.notes
    assert {note.split(",")[0].split(" '")[0] for note in found.notes} == {"Column", "sex:"}
    assert (found.in_two_practices, found.account.quarantined) == (0, 29)
    # A practice whose ids alone are padded has the ids of no other practice.
    half = table.set_column(0, "patient_id", pa.array([*kept, "a1     ", *map(str.strip, kept), "b1"]))
    found = on_spark.select(frame_of(spark, numbered(half)), scheme, row_number="row", **options, **NO_LIMITS)
    assert_same_tables(whole(half, scheme, **options), tables_of(found, scheme))
    for wrong in ({"values": {"sex": {"woman": "F"}}}, {"columns": {"gender": "sex"}}):
        with pytest.raises(InputError) as expected:
            whole(table, scheme, **{**options, **wrong})
        with pytest.raises(InputError) as refused:
            on_spark.select(frame_of(spark, table), scheme, **{**options, **wrong})
        assert str(refused.value) == str(expected.value)


def test_a_demonstration_model_is_refused_and_where_it_is_meant_every_output_says_so(spark):
    scheme, model = cm.load_scheme("prism-top-half-percent"), cm.load_model("demonstration-admission")
    table = cm.synthesise("C87616", as_of="2021-01-01", seed=0).to_arrow().slice(0, 900)
    frame = frame_of(spark, table)
    with pytest.raises(InputError, match="for demonstration only"):
        on_spark.select(frame, scheme, as_of="2021-01-01", model=model)
    found = on_spark.select(frame, scheme, as_of="2021-01-01", model=model, allow_demonstration=True)
    assert "demonstration only" in repr(found)
    assert found.selection.schema["score"].metadata == {"demonstration_only": True}
    assert all("(demonstration only)" in row["reason_1"] for row in found.selection.collect())


def test_what_no_frame_may_be_is_said_before_it_is_read(spark):
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    frame = frame_of(spark, numbered(awkward_table(40)))
    for wrong, options, word in (
        (awkward_table(40), {}, "give a Spark DataFrame, not Table"),
        (frame, {"model": None, "score": [1.0] * 42}, "name a column"),
        (frame, {"row_number": "rows"}, "Did you mean 'row'"),
        (frame, {"row_number": "ward"}, "holds string, not whole numbers"),
        (frame.drop("practice_id"), {}, "'practice_id' is missing"),
        (frame, {"columns": {"ward": "ethnicity"}}, "gives 1 name to two columns"),
        (frame, {"expected_rows": 41}, "42 rows where 41 were expected"),
    ):
        with pytest.raises(InputError, match=word):
            on_spark.select(wrong, scheme, **{"as_of": AS_OF, "model": model, **options})


def test_a_column_of_too_many_codes_is_not_brought_to_the_driver(spark, monkeypatch):
    monkeypatch.setattr(on_spark, "_MOST_CODES", 3)
    options = {"as_of": AS_OF, "model": cm.load_model("cambridge-multimorbidity-20")}
    with pytest.raises(InputError, match="more than 3 codes"):
        on_spark.select(frame_of(spark, awkward_table(40)), cm.load_scheme("rotherham-2015-16"), **options)


def test_a_frame_without_rows_selects_nobody(spark):
    scheme = cm.load_scheme("rotherham-2015-16")
    table = awkward_table(40).slice(0, 0)
    options = {"as_of": AS_OF, "model": cm.load_model("cambridge-multimorbidity-20")}
    found = on_spark.select(frame_of(spark, awkward_table(40)).where("false"), scheme, **options)
    assert_same_tables(whole(table, scheme, **options), tables_of(found, scheme))


@pytest.mark.long
def test_a_million_patients_come_out_as_from_the_local_engine_to_the_byte(spark, tmp_path):
    from pyarrow import parquet

    from benchmarks.data import make_population

    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    table = make_population(1_000_000, 110, "shuffled").to_arrow().replace_schema_metadata(None)
    codes, ids = table["practice_id"].to_pylist(), table["patient_id"].to_pylist()
    choose = random.Random(1)
    for row in choose.sample(range(table.num_rows), 3_000):
        codes[row] = choose.choice([None, "b00001", "B00002 ", "elsewhere"])
    for row in choose.sample(range(table.num_rows), 3_000):
        ids[row] = choose.choice([None, "1.0", ids[choose.randrange(table.num_rows)]])
    table = table.set_column(0, "patient_id", pa.array(ids)).set_column(1, "practice_id", pa.array(codes))
    table = pa.concat_tables([table, table.slice(0, 500)])
    order = list(range(table.num_rows))
    choose.shuffle(order)
    options = {"as_of": AS_OF, "model": model}
    parquet.write_table(numbered(table).take(pa.array(order)), tmp_path / "rows.parquet", row_group_size=100_000)
    frame = spark.read.parquet(str(tmp_path / "rows.parquet"))
    found = on_spark.select(frame, scheme, row_number="row", **options, **NO_LIMITS)
    expected = whole(table, scheme, **options)
    assert expected["selection"].num_rows > 100_000
    assert expected["quarantine"].num_rows > 5_000
    assert_same_tables(expected, tables_of(found, scheme))
