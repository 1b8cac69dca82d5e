"""A model as a query: the same scores and risks in every database, to the digit, whatever stands in the table."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from databases import database
from engines import ANY_QUALITY
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import FLAG, HEAD, INPUTS, ONE_FLAG, write_model
from register_tools import AS_OF
from sqlglot import expressions

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import FIELDS
from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.link import risk
from casemgmt.risk.model import Model
from casemgmt.risk.vectors import covering_vectors

# A session of Spark takes its time: what is slow there is looked for in the long run, the scores always.
RUN = ("duckdb", "sqlite", "postgres", pytest.param("spark", marks=pytest.mark.long))
FORMS = ("bands", "case")
# Of the shipped models, those that are checked soon everywhere: every link, divisor, score and floor among them.
QUICK = ("cambridge-multimorbidity-20", "electronic-frailty-index", "lace", "parr-30")

# Everything that a model file can say, on the model of every kind of input; the score comes from another folder.
MORE = """
[[input]]
name = "cancer"
kind = "flag"
value = "0.4"
missing = "absent"
superseded_by = ["palliative_care"]

[[input]]
name = "palliative_care"
kind = "flag"
value = "0.9"
missing = "0.001"

[[input]]
name = "lives_alone"
kind = "flag"
value = "0.06"
missing = "0.03"

[[input]]
name = "falls"
kind = "integer"
from = 0
table = ["0", "0.2", "0.5"]
missing = "0.11"

[[input]]
name = "steps"
kind = "integer"
from = 3
below = "first"
table = ["0.9", "0.5", "0.1"]
missing = "0.12"

[[input]]
name = "stairs"
kind = "integer"
from = 2
below = "no score"
table = ["0.01", "0.02"]
missing = "0.13"

[[input]]
name = "glucose"
kind = "number"
edges = ["3.9", "7.8", "11.100001"]
closed = "right"
table = ["0.3", "0", "0.15", "0.35"]
missing = "0.02"

[[input]]
name = "burden"
kind = "score"
model = "../inner"
edges = ["0.5", "1.5"]
closed = "right"
table = ["0", "0.07", "0.19"]
missing = "0.5"

[[input]]
name = "age with cancer"
kind = "pair"
of = ["age", "cancer"]
edges_first = ["20"]
table = [["0", "0.21"], ["0.22", "0.23"]]
missing_second = ["0.001", "0.002"]
missing = "0.05"

[[input]]
name = "housing with glucose"
kind = "pair"
of = ["housing", "glucose"]
edges_second = ["7.8"]
table = [["0", "0.31"], ["0.32", "0.33"], ["0.34", "0.35"]]
missing_first = ["0.01", "0.02"]
missing = "0.06"

[[input]]
name = "sex with medicines"
kind = "pair"
of = ["sex", "repeat_medicines"]
table = [["0", "0.1", "0.2"], ["0.3", "0.4", "0.5"]]
missing = "0.07"
"""
INNER = ONE_FLAG + "divide_by = 2\n" + FLAG.replace("asthma", "copd") + FLAG.replace("asthma", "gout")
COLUMNS = {
    "diabetes": (pa.bool_(), (True, False, None)),
    "asthma": (pa.int64(), (0, 1, 2, None)),
    "age": (pa.int64(), (-1, 0, 17, 18, 19, 20, 21, 64, 120, 121, None)),
    "repeat_medicines": (pa.float64(), (0.0, 1.0, 2.0, 3.0, 4.0, 60.0, 61.0, math.nan, None)),
    "sex": (pa.string(), ("F", "M", "F", "M", "F", "m", " F ", "I", "U", "", None)),
    "housing": (pa.string(), ("flat", "house", "Flat", "house boat", "O'Brien's; --", "  ", None)),
    "body_mass_index": (pa.float64(), (17.0, 18.499999, 18.5, 25.0, 30.25, 99.0, 99.0, math.nan, math.inf, None)),
    "emergency_admissions_12m": (pa.int64(), (-3, 0, 1, 2, 3, 99, 100, None)),
    "cancer": (pa.bool_(), (True, False, None)),
    "palliative_care": (pa.bool_(), (True, False, None)),
    "lives_alone": (pa.string(), ("Y", "n", "true", "0", "1.0", "", "NA", None)),
    "falls": (pa.int64(), (-2, 0, 1, 2, 3, 100, None)),
    "steps": (pa.float64(), (-7.0, 0.0, 3.0, 4.0, 5.0, 1e9, math.nan, None)),
    "stairs": (pa.int64(), (1, 2, 2, 2, 3, 4, None)),
    "glucose": (pa.float64(), (-1e300, 3.9, 3.900001, 7.8, 11.1, 11.100001, 11.100002, 1e300, math.nan, None)),
    "copd": (pa.bool_(), (True, False, None)),
    "gout": (pa.bool_(), (True, False, None)),
    "objected": (pa.bool_(), (*[False] * 12, True, None)),
}


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "inner", INNER)
    return cm.load_model(write_model(folder / "every-kind", HEAD.replace('"-1.2"', '"0.1"') + INPUTS + MORE))


def rows_of(columns, count: int, seed: int) -> pa.Table:
    choose = np.random.default_rng(seed)
    values = {
        name: pa.array([pool[place] for place in choose.integers(len(pool), size=count)], kind, from_pandas=False)
        for name, (kind, pool) in columns.items()
    }
    ids = [f"p{number:07d}" for number in range(count)]
    return pa.table({"patient_id": ids, "practice_id": ["C87002"] * count} | values)


def expected_of(model, table: pa.Table) -> tuple[dict, dict]:
    """Scores and risks by id, as the kernel gives them."""
    register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
    assert len(register) == table.num_rows
    scores = model.score(register)
    ids = table["patient_id"].to_pylist()
    points = np.array([math.nan if score is None else score for score in scores.to_pylist()])
    risks = [None if math.isnan(one) else one for one in risk(model, points).tolist()]
    return dict(zip(ids, scores.to_pylist(), strict=True)), dict(zip(ids, risks, strict=True))


def agree(answer, scores, risks) -> int:
    """Every row answered once, its score to the digit and its risk within 1e-12; returns how many have a score."""
    assert len(answer) == len(scores)
    scored = 0
    for person, score, likely in answer:
        wanted, chance = scores[person], risks[person]
        assert (score is None) == (wanted is None), person
        if score is not None:
            assert float(score) == wanted, person
            scored += 1
        assert (likely is None) == (chance is None)
        assert likely is None or abs(likely - chance) <= 1e-12
    return scored


@pytest.fixture(scope="module", params=RUN)
def place(request, tmp_path_factory):
    with database(request.param, tmp_path_factory.mktemp(request.param)) as there:
        yield request.param, there


def test_random_rows_have_the_kernels_scores(place, every_kind):
    score_as_the_kernel(place, every_kind, 100_000 if place[0] == "duckdb" else 4_000)


@pytest.mark.long
def test_a_hundred_thousand_random_rows_have_the_kernels_scores(place, every_kind):
    score_as_the_kernel(place, every_kind, 100_000)


def test_spark_gives_random_rows_the_kernels_scores(every_kind, tmp_path):
    with database("spark", tmp_path) as there:
        score_as_the_kernel(("spark", there), every_kind, 2_000)


def score_as_the_kernel(place, every_kind, rows: int) -> None:
    dialect, there = place
    table = rows_of(COLUMNS, rows, 1)
    scores, risks = expected_of(every_kind, table)
    there.load("register", table)
    for form in FORMS:
        answer = there.answer(every_kind.to_sql(dialect, form=form, objected=True))
        assert agree(answer, scores, risks) > rows / 20


def check_themselves(place, names) -> None:
    dialect, there = place
    for name in names:
        for form in FORMS:
            assert there.answer(cm.load_model(name).to_sql_check(dialect, form=form)) == [], (name, form)


def test_shipped_models_check_themselves_without_a_row(place):
    check_themselves(place, [name for name in cm.list_models() if name in QUICK or place[0] == "sqlite"])


@pytest.mark.long
def test_every_shipped_model_checks_itself_in_every_database(place):
    check_themselves(place, cm.list_models())


def test_the_check_finds_a_changed_amount(place, every_kind):
    dialect, there = place
    for form in FORMS:
        check = every_kind.to_sql_check(dialect, form=form)
        assert there.answer(check) == []
        there_it_is = "370000" if dialect == "sqlite" else "0.370000"
        assert there_it_is in check
        assert there.answer(check.replace(there_it_is, there_it_is.replace("37", "38")))


def test_shipped_models_score_a_table_as_a_register(place):
    dialect, there = place
    for name in ("demonstration-admission", "lace", "electronic-frailty-index", "charlson-shmi"):
        model = cm.load_model(name)
        pools = {column: _pool(column) for column in model.columns}
        table = rows_of({"age": (pa.int64(), (40, 70, 81, 110, 130))} | pools, 2_000, 7)
        register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
        known = model.score(register, allow_demonstration=True).to_pylist()
        scores = dict(zip(table["patient_id"].to_pylist(), known, strict=True))
        there.load("the register", table)
        answer = there.answer(model.to_sql(dialect, ["the register"]))
        assert {row[0]: None if row[1] is None else float(row[1]) for row in answer} == scores, name


def _pool(column: str):
    if column == "sex":
        return COLUMNS["sex"]
    field = FIELDS.get(column)
    if field is not None and field.kind == "flag":
        return pa.bool_(), (True, False)
    if field is None:
        return pa.int64(), (0, 1)
    return pa.int64(), (*range(field.least, min(field.most, 12)), field.most, None)


def nested_cases(query: str) -> int:
    """How deep CASEs stand within each other."""

    def depth(node) -> int:
        inner = max((depth(child) for child in node.iter_expressions()), default=0)
        return inner + isinstance(node, expressions.Case)

    return depth(sqlglot.parse_one(query, read="tsql"))


@pytest.mark.parametrize("form", FORMS)
def test_what_sql_server_would_be_given_parses_and_nests_few_cases(every_kind, form):
    for model in (every_kind, *map(cm.load_model, QUICK), cm.load_model("demonstration-admission")):
        for query in (model.to_sql("tsql", "dbo.register", form=form), model.to_sql_check("tsql", form=form)):
            assert nested_cases(query) <= 3
        assert "[dbo].[register]" in model.to_sql("tsql", "dbo.register", form=form)
    assert isinstance(sqlglot.parse_one(every_kind.to_sql("tsql", reasons=True), read="tsql"), expressions.Select)


def test_reasons_come_along_as_a_selection_has_them(place, every_kind):
    dialect, there = place
    columns = COLUMNS | {"care_home_type": (pa.string(), ("nursing",)), "age": (pa.int64(), (18, 19, 20, 70, None))}
    table = rows_of(columns | {"nominated": (pa.bool_(), (False,))}, 1_500, 3)
    register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
    chosen = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=every_kind).to_arrow().to_pylist()
    wanted = {row["patient_id"]: [row[f"reason_{place}"] for place in (1, 2, 3)] for row in chosen}
    there.load("register", table)
    answer = there.answer(every_kind.to_sql(dialect, objected=True, reasons=True))
    told = {row[0]: list(row[3:]) for row in answer}
    assert len(told) == 1_500
    assert len({reason for reasons in wanted.values() for reason in reasons}) > 20
    assert {person: told[person] for person in wanted} == wanted
    assert all(told[row[0]] == [None, None, None] for row in answer if row[1] is None)


def test_a_repeated_or_missing_id_has_no_score(place):
    dialect, there = place
    model = cm.load_model("electronic-frailty-index-count")
    deficits = {"frailty_deficits": [1, 2, 3, None, 5]}
    table = pa.table({"patient_id": ["a", "b", "b", None, "c"], **deficits})
    there.load("register", table)
    for form in FORMS:
        answer = {row[0]: row[1] for row in there.answer(model.to_sql(dialect, form=form))}
        assert (float(answer["a"]), float(answer["c"])) == (1 / 36, 5 / 36)
        assert answer["b"] is None and answer[None] is None


def test_columns_of_other_names_and_objections(place):
    dialect, there = place
    model = cm.load_model("electronic-frailty-index-count")
    table = pa.table({"NHS no": ["a", "b", "c"], "eFI": [4, 9, 3], "type 1 opt-out": ["N", "Y", None]})
    there.load("people", table)
    named = {"patient_id": "NHS no", "frailty_deficits": "eFI"}
    for form in FORMS:
        everyone = there.answer(model.to_sql(dialect, "people", columns=named, form=form))
        assert sorted(float(row[1]) for row in everyone) == [3 / 36, 4 / 36, 9 / 36]
        asked = model.to_sql(
            dialect, "people", columns=named | {"objected": "type 1 opt-out"}, objected=True, form=form
        )
        assert {row[0]: row[1] is None for row in there.answer(asked)} == {"a": False, "b": True, "c": False}


# What a name, a label or a text of a model may hold that could end a literal, a name or a comment.
HOSTILE = st.text(
    st.sampled_from(
        ["'", '"', "`", "]", "[", "\\", "-", "/", "*", "\n", "\r", "\u2028", "$", "{", "(", ")", "%", ";", "a"]
    ),
    min_size=1,
    max_size=8,
).map(lambda text: f"x{text}x")


def hostile_model(words: list[str]):
    """Names, labels, categories and a title made of such texts."""
    flag, text, first, second, title = words
    said = dict.fromkeys(("source", "outcome", "population", "intended_use", "not_for", "licence"), title)
    inputs = (
        ModelInput(name=f"{flag}1", label=flag, kind="flag", missing="absent", table=(0, 500_000)),
        ModelInput(
            name=f"{text}2",
            label=text,
            kind="category",
            missing=70_000,
            categories=(f"{first}1", f"{second}2"),
            table=(110_000, 220_000),
            other=30_000,
        ),
    )
    head = {"name": title, "title": title, "version": title, "link": "points", "intercept": 0, "horizon_days": None}
    made = Model(**said, **head, inputs=inputs)
    return replace(made, vectors_text=covering_vectors(made))


@settings(max_examples=40, deadline=None)
@given(st.lists(HOSTILE, min_size=5, max_size=5), st.sampled_from(("duckdb", "sqlite")))
def test_no_text_of_a_model_can_leave_its_place(words, dialect):
    with database(dialect, None) as there:
        hostile_texts_stay_texts(dialect, there, words)


@pytest.mark.parametrize(
    "words", [["';", '"]`', "\\'", "${env:HOME}", "*/ $(x) \r\nGO\n--"], ["a\\", "b$", "'", '"', "--\n'"]]
)
def test_no_text_of_a_model_can_leave_its_place_anywhere(place, words):
    dialect, there = place
    flag = words[0].replace("${", "$")  # Spark takes no such name, and says so
    hostile_texts_stay_texts(dialect, there, [flag, *words[1:]])


def hostile_texts_stay_texts(dialect, there, words) -> None:
    model = hostile_model(words)
    if dialect == "spark" and any("${" in name for name in model.columns):
        with pytest.raises(InputError, match="cannot be the name of a column"):
            model.to_sql(dialect)
        return
    flag, text = model.columns
    values = [*model.inputs[1].categories, "other"]
    table = pa.table({"patient_id": ["a", "b", "c"], flag: [True, False, None], text: values})
    there.load("register", table)
    for form in FORMS:
        answer = {row[0]: float(row[1]) for row in there.answer(model.to_sql(dialect, form=form))}
        assert answer == {"a": 0.61, "b": 0.22, "c": 0.03}
        assert there.answer(model.to_sql_check(dialect, form=form)) == []
    reasons = there.answer(model.to_sql(dialect, reasons=True))
    assert len(reasons) == 3


@settings(max_examples=12, deadline=None)
@given(st.lists(HOSTILE, min_size=5, max_size=5))
def test_a_hostile_text_still_parses_as_one_select_for_sql_server(words):
    model = hostile_model(words)
    for form in FORMS:
        for query in (model.to_sql("tsql", form=form), model.to_sql_check("tsql", form=form)):
            assert len(sqlglot.parse(query, read="tsql")) == 1
            assert isinstance(sqlglot.parse_one(query, read="tsql"), expressions.Select)


def test_what_cannot_be_asked_for_is_refused_in_words(every_kind):
    for asked, message in (
        ({"dialect": "tsq"}, "Did you mean 'tsql'"),
        ({"form": "pivot"}, "form"),
        ({"form": "case", "reasons": True}, 'needs form="bands"'),
        ({"table": ""}, "name of a table"),
        ({"table": "dbo."}, "name of a table"),
        ({"table": "casemgmt_read"}, "may not hold 'casemgmt_'"),
        ({"columns": {"agee": "Age"}}, "Did you mean 'age'"),
        ({"columns": {"age": ""}}, "name of a column"),
        ({"columns": {"objected": "optout"}}, "does not use: 'objected'"),
    ):
        with pytest.raises(InputError, match=message):
            every_kind.to_sql(**({"dialect": "duckdb"} | asked))


def test_the_query_says_what_it_is_and_for_whom(every_kind):
    shown = cm.load_model("demonstration-admission").to_sql("postgres")
    assert shown.startswith("-- DEMONSTRATION ONLY: for made-up people")
    moved = replace(every_kind, calibrated_in=("C87001", "C87002"))
    assert "-- The risk holds for people of 'C87001', 'C87002'. Elsewhere, recalibrate first" in moved.to_sql("tsql")
    assert "calibrated" not in every_kind.to_sql("tsql")
