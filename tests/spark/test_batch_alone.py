"""A practice handled alone gives the rows it has in the whole register, whatever the other practices hold."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_pieces import assert_same_tables, in_pieces, pieces, whole
from model_folders import HEAD, INPUTS, write_model
from register_tools import awkward_table, people
from registers import Case, arrow_of, cases, read_scheme, scheme_text

import casemgmt as cm
from casemgmt.errors import CapExceededError, InputError, InputWarning
from casemgmt.register.registrations import EARLIER
from casemgmt.spark.groups import groups_of
from casemgmt.spark.job import Question, rehearse
from casemgmt.spark.one_practice import IN_TWO_PRACTICES, select_alone
from casemgmt.spark.whole import Account, check_counts

SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
DEFAULT = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=SLOW_TO_DRAW,
)
LONG = settings(DEFAULT, max_examples=5_000, derandomize=False)

CODES = ("C87002", "c87002", "C87002 ", " c87002", "C87001", "c87001", "Y00001", "y00001", "Q1", "q1", "", None)
PATTERNS = ("[A-Z][0-9]{5}", "[A-Za-z][0-9]{5}", "[A-Z][0-9]{5} ?|q1")
MAPPINGS = (
    None,
    {"c87002": "C87002"},
    {"c87002": "C87002", "C87002 ": "C87002", "Q1": "Y00001"},
    {"c87001": "c87002", "Y00001": None, "": "C87001"},
)
SEXES = {"F": ["F", "female", "?"], "M": ["M", "male", " M"], "I": ["I"], "U": ["U", "", "?"]}
AS_OF = "2015-04-01"


@st.composite
def muddles(draw: Any) -> tuple[Case, pa.Table, dict[str, Any]]:
    """A case whose practices share ids, write one another's codes badly, and hold values that nobody can read."""
    case = draw(cases())
    rows = [dict(row) for row in case.rows]
    scores = list(case.scores)
    picks = st.integers(0, max(len(rows) - 1, 0))
    for _ in range(draw(st.integers(0, 6)) if rows else 0):
        into, other = rows[draw(picks)], rows[draw(picks)]
        match draw(st.sampled_from(("id", "code", "both", "again", "fault"))):
            case "id":
                into["patient_id"] = other["patient_id"]
            case "code":
                into["practice_id"] = draw(st.sampled_from(CODES))
            case "both":
                into |= {"patient_id": other["patient_id"], "practice_id": draw(st.sampled_from(CODES))}
            case "again":
                rows.append(dict(other))
                scores.append(scores[rows.index(other)])
            case _:
                into["patient_id"] = draw(
                    st.sampled_from((None, "", "1.0", " x", "1111111111", "a-b", "AB", "ab", " ab"))
                )
    table = arrow_of(rows, case.columns)
    if "sex" in case.columns:
        words = [None if row["sex"] is None else draw(st.sampled_from(SEXES[row["sex"]])) for row in rows[:40]]
        words += [row["sex"] for row in rows[40:]]
        table = table.set_column(case.columns.index("sex"), "sex", pa.array(words, pa.string()))
    table = table.append_column("my_score", pa.array(scores, pa.float64()))
    mapping = draw(st.sampled_from(MAPPINGS))
    options = {
        "as_of": case.as_of,
        "extracted_on": case.extracted_on,
        "score": "my_score",
        "over_cap": case.over_cap,
        "practice_pattern": draw(st.sampled_from(PATTERNS)),
        "values": {"sex": {"female": "F", "male": "M"}} if "sex" in case.columns else {},
    }
    if mapping is not None:
        options["values"] = {**options["values"], "practice_id": mapping}
    if case.list_sizes is not None:
        names = {code for code in (*CODES, *case.list_sizes) if code}
        options["list_sizes"] = {name: case.list_sizes.get(name, 50) for name in names}
    return case, table, options


def assert_pieces_are_the_whole(case: Case, table: pa.Table, options: dict[str, Any]) -> None:
    scheme = read_scheme(case.scheme_text)
    try:
        expected = whole(table, scheme, **options)
    except InputError as error:
        with pytest.raises((InputError, CapExceededError)) as refused:
            in_pieces(table, scheme, **options)
        # Whether a mapping is of use is known when every practice has been read: one over its cap speaks before.
        assert str(error) in str(refused.value) or (
            "matches not one" in str(error) and isinstance(refused.value, CapExceededError)
        )
    except CapExceededError as error:
        with pytest.raises(CapExceededError) as found:
            in_pieces(table, scheme, **options)
        assert str(found.value) == str(error)
    else:
        assert_same_tables(expected, in_pieces(table, scheme, **options))


@DEFAULT
@given(muddles())
@pytest.mark.filterwarnings("ignore::casemgmt.errors.InputWarning")
def test_muddled_registers_in_pieces_are_the_whole(drawn):
    assert_pieces_are_the_whole(*drawn)


@pytest.mark.long
@LONG
@given(muddles())
@pytest.mark.filterwarnings("ignore::casemgmt.errors.InputWarning")
def test_muddled_registers_in_pieces_are_the_whole_in_a_longer_search(drawn):
    assert_pieces_are_the_whole(*drawn)


@pytest.mark.parametrize("reference", ["base", "practice"])
@pytest.mark.parametrize("name", ["rotherham-2015-16", "prism-top-half-percent"])
def test_a_model_its_reasons_and_its_missing_inputs_are_the_whole_registers(name, reference):
    scheme, model = cm.load_scheme(name), cm.load_model("cambridge-multimorbidity-20")
    options = {"as_of": AS_OF, "model": model, "over_cap": "queue", "reference": reference}
    table = awkward_table(600)
    assert_same_tables(whole(table, scheme, **options), in_pieces(table, scheme, **options))


def test_a_model_that_takes_another_models_score_travels_whole(tmp_path):
    write_model(tmp_path / "models" / "every-kind", HEAD + INPUTS)
    text = HEAD.replace('"every-kind"', '"outer"') + (
        '\n[[input]]\nname = "inner"\nkind = "score"\nmodel = "../models/every-kind"\nedges = ["0.1"]\n'
        'closed = "left"\ntable = ["0.2", "-2"]\nmissing = "no score"\n'
    )
    model = cm.load_model(write_model(tmp_path / "outer", text))
    rows = awkward_table(400)
    housing = pa.array(["flat", "house", "boat", None] * 101)[: rows.num_rows]
    mass = pa.array([17.5, 18.5, 26.0, None, 40.25] * 81)[: rows.num_rows]
    table = rows.append_column("housing", housing).append_column("body_mass_index", mass)
    table = table.append_column("repeat_medicines", pa.array([0, 2, 3, None] * 101)[: rows.num_rows])
    scheme = cm.load_scheme("prism-top-half-percent")
    options = {"as_of": AS_OF, "model": model}
    assert_same_tables(whole(table, scheme, **options), in_pieces(table, scheme, **options))


def test_a_model_too_far_from_its_own_folder_or_not_from_files_is_refused(tmp_path):
    write_model(tmp_path / "every-kind", HEAD + INPUTS)
    text = HEAD.replace('"every-kind"', '"outer"') + (
        f'\n[[input]]\nname = "inner"\nkind = "score"\nmodel = "{tmp_path}/every-kind"\nedges = ["0.1"]\n'
        'closed = "left"\ntable = ["0.2", "-2"]\nmissing = "no score"\n'
    )
    model = cm.load_model(write_model(tmp_path / "outer", text))
    scheme = cm.load_scheme("prism-top-half-percent")
    with pytest.raises(InputError, match="too far from its own folder"):
        Question.of(scheme, model, {"as_of": AS_OF}, {}, None)
    from dataclasses import replace

    plain = cm.load_model("cambridge-multimorbidity-20")
    for wrong, word in ((replace(plain, text=""), "Write it to a folder"), (replace(plain, version="9"), "changed")):
        with pytest.raises(InputError, match=word):
            Question.of(scheme, wrong, {"as_of": AS_OF}, {}, None)
    for wrong, word in ((replace(scheme, text=""), "Write it to a file"), (replace(scheme, title="x"), "changed")):
        with pytest.raises(InputError, match=word):
            Question.of(wrong, plain, {"as_of": AS_OF}, {}, None)
    for arguments in ((scheme, "cambridge-multimorbidity-20"), ("prism-top-half-percent", plain)):
        with pytest.raises(InputError, match="give a loaded"):
            Question.of(*arguments, {"as_of": AS_OF}, {}, None)


def test_importing_the_adapter_imports_neither_spark_nor_anything_heavy():
    code = "import sys, casemgmt.spark.selecting; print(*{'pyspark', 'pandas', 'numba', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# What only the whole register knows


def joined(*tables: pa.Table) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default")


EVERYONE = read_scheme(
    scheme_text(['name = "older"\nkind = "review"\nwhere = { age = { at_least = 40 } }\nevery_months = 12\n'
                 'counts_as = "entitlement"'])
)  # fmt: skip
BY_SCORE = read_scheme(
    scheme_text(['name = "top"\nkind = "top_share"\nshare = "3%"\nlimit = "at_most"\nof = {}\namong = {}\n'
                 'counts_as = "case_management"'])
)  # fmt: skip


def told(tables: dict[str, pa.Table], name: str = "quarantine") -> list[tuple[Any, ...]]:
    return [tuple(row[each] for each in ("source_row", "practice_id", "field", "reason"))
            for row in tables[name].to_pylist()]  # fmt: skip


def test_an_id_in_two_practices_is_set_aside_in_both_and_a_practice_of_such_rows_is_still_one():
    table = joined(people(3), people(3), people(2, "Y00001"))
    table = table.set_column(1, "practice_id", pa.array(["C87002"] * 3 + ["C87001"] * 3 + ["Y00001"] * 2))
    found = in_pieces(table, EVERYONE, as_of=AS_OF)
    reason = ("patient_id", "differing rows with one id")
    assert told(found) == [(row, "C87002" if row < 3 else "C87001", *reason) for row in range(6)]
    assert found["summary"]["practice_id"].to_pylist() == ["C87001", "C87002", "Y00001"]
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def test_an_id_in_a_practice_and_in_none_is_set_aside_in_both():
    table = joined(people(2), people(1))
    table = table.set_column(1, "practice_id", pa.array(["C87002", "C87002", None]))
    found = in_pieces(table, EVERYONE, as_of=AS_OF)
    assert told(found) == [
        (0, "C87002", "patient_id", "differing rows with one id"),
        (2, None, "practice_id", "missing"),
    ]
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def left_and_joined(**of_open: Any) -> pa.Table:
    """Three patients who left one practice and joined another, the first of them with a row that came twice."""
    day = dt.date
    before = people(3, registered_on=[day(2000, 1, 1)] * 3, deregistered_on=[day(2014, 5, 1)] * 3)
    after = people(3, registered_on=[day(2014, 5, 1)] * 3, deregistered_on=pa.array([None] * 3, pa.date32()))
    for name, values in of_open.items():
        after = after.set_column(after.column_names.index(name), name, pa.array(values, after[name].type))
    table = joined(before, after, people(4, "Y00001"), before.slice(0, 1))
    table = table.set_column(1, "practice_id", pa.array(["C87002"] * 3 + ["C87001"] * 3 + ["Y00001"] * 4 + ["C87002"]))
    return table.set_column(0, "patient_id", pa.array([f"p{i}" for i in (*range(3), *range(3), *range(6, 10), 0)]))


def test_a_patient_who_left_one_practice_and_joined_another_is_kept_at_the_open_registration():
    table = left_and_joined()
    found = in_pieces(table, EVERYONE, as_of=AS_OF)
    assert told(found) == [(row, "C87002", "deregistered_on", EARLIER) for row in (0, 1, 2, 10)]
    assert {"p0", "p1", "p2"} <= set(found["selection"]["patient_id"].to_pylist())
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def test_registrations_that_contradict_each_other_are_set_aside_in_both_practices():
    table = left_and_joined(
        age=[99, 40, 40],  # another person, by age
        registered_on=[dt.date(2014, 5, 1), dt.date(2010, 1, 1), dt.date(2016, 1, 1)],  # fits; began before; to come
    )
    found = in_pieces(table, EVERYONE, as_of=AS_OF)
    reason = ("patient_id", "differing rows with one id")
    assert told(found) == [
        *((row, "C87002", *reason) for row in range(3)),
        *((row, "C87001", *reason) for row in range(3, 6)),
        (10, "C87002", *reason),
    ]
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def test_ids_that_are_padded_in_one_practice_alone_are_faulty_as_in_the_whole_register():
    table = joined(people(3), people(3, "C87001"))
    table = table.set_column(0, "patient_id", pa.array(["a1  ", "a2  ", "a3  ", "a1", "b2", "b3"]))
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), in_pieces(table, EVERYONE, as_of=AS_OF))
    padded = table.set_column(0, "patient_id", pa.array(["a1  ", "a2  ", "a3  ", "a1  ", "b2  ", "b3  "]))
    found = in_pieces(padded, EVERYONE, as_of=AS_OF)
    assert told(found) == [(row, code, *IN_TWO_PRACTICES) for row, code in ((0, "C87002"), (3, "C87001"))]
    assert_same_tables(whole(padded, EVERYONE, as_of=AS_OF), found)


def test_a_mapping_that_finds_nothing_anywhere_is_refused_and_one_of_use_to_one_practice_is_not():
    table = joined(sexes("C87002", *["female"] * 6), sexes("C87001", *["F"] * 6))
    options = {"as_of": AS_OF, "values": {"sex": {"female": "F"}}}
    assert_same_tables(whole(table, EVERYONE, **options), in_pieces(table, EVERYONE, **options))
    vain = {"as_of": AS_OF, "values": {"sex": {"woman": "F"}}}
    with pytest.raises(InputError, match="matches not one of 12 values, and 6 cannot be read") as expected:
        whole(table, EVERYONE, **vain)
    with pytest.raises(InputError) as found:
        in_pieces(table, EVERYONE, **vain)
    assert str(found.value) == str(expected.value)
    plain = joined(sexes("C87002", *["F"] * 6), sexes("C87001", *["F"] * 6))
    with pytest.warns(InputWarning, match="matches not one of 12 values; all can be read without it"):
        in_pieces(plain, EVERYONE, **vain)


def sexes(practice: str, *words: str) -> pa.Table:
    return people(len(words), practice, sex=list(words))


def test_a_column_that_one_practice_writes_unreadably_is_corrected_and_does_not_stop_the_register():
    table = joined(sexes("C87002", *["w"] * 25), sexes("C87001", *["F"] * 7))
    found = in_pieces(table, EVERYONE, as_of=AS_OF)
    assert found["corrections"].num_rows == 25
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def test_a_date_between_list_and_extract_can_be_read():
    days = [*["nonsense"] * 25, *["2015-04-20"] * 7]
    table = joined(people(25, last_review=days[:25]), people(7, "C87001", last_review=days[25:]))
    options = {"as_of": AS_OF, "extracted_on": "2015-05-01"}
    assert_same_tables(whole(table, EVERYONE, **options), in_pieces(table, EVERYONE, **options))
    table, options = table.slice(0, 27), {"as_of": AS_OF, "extracted_on": "2015-05-01"}
    with pytest.raises(InputError, match="only 2 of 27 values can be read"):
        in_pieces(table, EVERYONE, **options)


def test_two_routes_of_nominees_over_the_cap_are_said_as_the_whole_register_says_it():
    route = 'kind = "nominated"\nlimit = "at_most"\nof = {}\ncounts_as = "case_management"\nshare = '
    scheme = read_scheme(scheme_text([f'name = "z"\n{route}"4%"', f'name = "a"\n{route}"2%"'], required=["nominated"]))
    table = joined(*(people(50, code, nominated=[True] * 50) for code in ("C87002", "C87001", "Y00001")))
    with pytest.raises(CapExceededError) as expected:
        whole(table, scheme, as_of=AS_OF)
    with pytest.raises(CapExceededError) as found:
        in_pieces(table, scheme, as_of=AS_OF)
    assert str(found.value) == str(expected.value)


def test_a_column_that_nobody_can_read_stops_the_register_though_no_practice_would_notice():
    table = joined(sexes("C87002", *["w"] * 10), sexes("C87001", *["v"] * 10))
    with pytest.raises(InputError) as expected:
        whole(table, EVERYONE, as_of=AS_OF)
    with pytest.raises(InputError) as found:
        in_pieces(table, EVERYONE, as_of=AS_OF)
    assert str(found.value) == str(expected.value)
    assert "not one of 20 values" in str(found.value)
    fewer = table.slice(16)
    assert_same_tables(whole(fewer, EVERYONE, as_of=AS_OF), in_pieces(fewer, EVERYONE, as_of=AS_OF))


@pytest.mark.parametrize(
    ("column", "kind", "readable", "options"),
    [
        ("sex", pa.int64(), 1, {"values": {"sex": {"1": "M", "2": "F"}}}),
        ("imd_decile", pa.float64(), 3.0, {}),
        ("imd_decile", pa.string(), "3", {}),
        ("diabetes", pa.int8(), 1, {}),
        ("diabetes", pa.string(), "present", {"values": {"diabetes": {"present": "true"}}}),
        ("last_review", pa.string(), "31/03/2015", {"date_format": {"last_review": "%d/%m/%Y"}}),
        ("nomination_order", pa.decimal128(9, 2), 3, {}),
    ],
)
def test_every_way_of_writing_a_field_can_be_unreadable_in_one_practice_alone(column, kind, readable, options):
    bad = {pa.string(): "nonsense"}.get(kind, 7 if column != "imd_decile" else 2.5)
    if column == "nomination_order":
        from decimal import Decimal

        bad, readable = Decimal("1.5"), Decimal(3)
    table = joined(
        people(30, **{column: pa.array([bad] * 30, kind)}),
        people(10, "C87001", **{column: pa.array([*[readable] * 9, bad], kind)}),
    )
    expected = whole(table, EVERYONE, as_of=AS_OF, **options)
    assert expected["corrections"].num_rows + expected["quarantine"].num_rows == 31
    assert_same_tables(expected, in_pieces(table, EVERYONE, as_of=AS_OF, **options))
    hopeless = table.slice(0, 30)
    with pytest.raises(InputError, match="not one of 30 values"):
        whole(hopeless, EVERYONE, as_of=AS_OF, **options)
    with pytest.raises(InputError, match="not one of 30 values"):
        in_pieces(hopeless, EVERYONE, as_of=AS_OF, **options)


@pytest.mark.parametrize("seed", range(4))
def test_of_identical_repeats_the_first_by_row_number_stays_whatever_order_they_come_in(seed):
    table = joined(*[people(1, sex=["w"])] * 4)
    found = in_pieces(table, EVERYONE, seed=seed, as_of=AS_OF)
    assert told(found, "corrections") == [(0, "C87002", "sex", "not one of F, M, I, U")]
    assert_same_tables(whole(table, EVERYONE, as_of=AS_OF), found)


def test_rows_without_a_practice_may_change_the_places_of_every_practice():
    table = joined(people(33, score=[1.0] * 33), people(40, "C87001", score=[1.0] * 40), people(1, "x", score=[1.0]))
    found = in_pieces(table, BY_SCORE, as_of=AS_OF, score="score")
    assert found["summary"]["places_may_change"].to_pylist() == [False, True]
    assert_same_tables(whole(table, BY_SCORE, as_of=AS_OF, score="score"), found)


def test_scores_that_are_no_risks_and_columns_that_are_no_numbers_are_refused_once():
    band = read_scheme(
        scheme_text(['name = "b"\nkind = "band"\non = "risk"\nabove = "0.5"\ncounts_as = "entitlement"'])
    )
    table = joined(people(2, score=["0.5", "7"]), people(2, "C87001", score=["0.5", "8"]))
    with pytest.raises(InputError, match=r"^2 practices, the first of them 'C87001': score=: 1 value outside 0 to 1"):
        in_pieces(table, band, as_of=AS_OF, score="score")
    words = joined(people(2, score=["a", "b"]), people(2, "C87001", score=["0.5", "1"]))
    with pytest.raises(InputError, match=r"^Column 'score' holds something that is not a number"):
        in_pieces(words, band, as_of=AS_OF, score="score")


def test_what_is_wrong_with_columns_or_options_is_said_before_any_row_is_looked_at():
    rotherham, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    demonstration = cm.load_model("demonstration-admission")
    wanted = awkward_table(40).schema
    for options, schema, word in (
        (
            {"as_of": AS_OF},
            pa.schema([("patient_id", pa.int64()), ("practice_id", pa.string()), ("age", pa.int8())]),
            "text",
        ),
        ({"as_of": AS_OF}, pa.schema([("practice_id", pa.string())]), "patient_id"),
        ({"as_of": "yesterday"}, wanted, "as_of"),
        ({"as_of": AS_OF}, people(1).schema, "20 columns that the model"),
    ):
        with pytest.raises(InputError, match=word):
            rehearse(Question.of(rotherham, model, options, {}, None), schema, {})
    with pytest.raises(InputError, match="for demonstration only"):
        rehearse(Question.of(rotherham, demonstration, {"as_of": AS_OF}, {}, None), wanted, {})
    with pytest.raises(InputError, match="list_sizes has no figure for 1 practice: 'Y00001'"):
        rehearse(Question.of(rotherham, model, {"as_of": AS_OF}, {}, {"C87001": 5}), wanted, {"Y00001": 3, "C87001": 2})


def test_a_worker_with_another_version_or_a_practice_that_was_not_there_before_is_refused():
    table = people(2)
    question = Question.of(EVERYONE, None, {"as_of": AS_OF}, {}, None)
    job = rehearse(question, table.schema, {"C87002": 2})
    nobody = pa.array([False, False]).to_numpy(zero_copy_only=False)
    from dataclasses import replace

    older = replace(job, question=replace(question, version="0.0.0"))
    for wrong, practice, word in ((older, "C87002", "casemgmt is 0.0.0"), (job, "C87009", "changed while it was read")):
        found = select_alone(wrong, practice, table, nobody, None)
        assert list(found) == ["refusal"]
        assert word in found["refusal"]["message"].to_pylist()[0]


def test_rows_that_differ_between_two_readings_or_get_lost_are_noticed():
    job, found = pieces(people(4), EVERYONE, as_of=AS_OF)
    (only,) = found
    account = Account.of(only["account"], 4)
    with pytest.raises(InputError, match="5 rows at first and 4 later"):
        Account.of(only["account"], 5)
    with pytest.raises(InputError, match="to two workers"):
        Account.of(pa.concat_tables([only["account"], only["account"]]), 8)
    counts = {name: table.num_rows for name, table in only.items()}
    check_counts(account, counts)
    for name in ("selection", "quarantine", "corrections"):
        with pytest.raises(InputError, match=f"'{name}' holds"):
            check_counts(account, counts | {name: counts[name] + 1})
    assert job.unattributed == 0


def test_without_row_numbers_the_account_says_no_rows_and_everything_else():
    table = awkward_table(60)
    question = Question.of(EVERYONE, None, {"as_of": AS_OF}, {}, None)
    practice = table.filter(pa.compute.equal(table["practice_id"], "C87003"))
    job = rehearse(question, table.schema, {"C87003": practice.num_rows})
    nobody = pa.array([False] * practice.num_rows).to_numpy(zero_copy_only=False)
    found = select_alone(job, "C87003", practice, nobody, None)
    expected = whole(practice, EVERYONE, as_of=AS_OF)["corrections"]
    assert found["corrections"]["source_row"].null_count == expected.num_rows > 0
    assert found["corrections"].drop_columns("source_row").equals(expected.drop_columns("source_row"))


@pytest.mark.parametrize("rows", [1, 2, 3, 50])
def test_groups_come_whole_however_their_batches_are_cut(rows):
    keys = pa.array([*["a"] * 4, *["A"] * 3, None, None, "b", *["c"] * 7])
    table = pa.table({"key": keys, "row": pa.array(range(len(keys)), pa.int64())})
    found = [(key, group["row"].to_pylist()) for key, group in groups_of(table.to_batches(rows), "key")]
    assert found == [("a", [0, 1, 2, 3]), ("A", [4, 5, 6]), (None, [7, 8]), ("b", [9]), ("c", [*range(10, 17)])]
    assert list(groups_of([pa.RecordBatch.from_pylist([], table.schema)], "key")) == []
