"""A model as a query: the same scores and risks in every database, to the digit, whatever stands in the table."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
import sqlglot
from databases import database
from engines import ANY_QUALITY
from every_kind import COLUMNS, agree, everything, expected_of, pool_of, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from register_tools import AS_OF
from spark_session import LET_PASS
from sqlglot import expressions

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.model import Model
from casemgmt.risk.vectors import covering_vectors

# A session of Spark takes its time: what is slow there is looked for in the long run, the scores always.
pytestmark = LET_PASS
RUN = ("duckdb", "sqlite", "postgres", pytest.param("spark", marks=pytest.mark.long))
FORMS = ("bands", "case")
# Of the shipped models, those that are checked soon everywhere: every link, divisor, score and floor among them.
QUICK = ("cambridge-multimorbidity-20", "electronic-frailty-index", "lace", "parr-30")


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("models"))


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
        pools = {column: pool_of(column) for column in model.columns}
        table = rows_of({"age": (pa.int64(), (40, 70, 81, 110, 130))} | pools, 2_000, 7)
        register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
        known = model.score(register, allow_demonstration=True).to_pylist()
        scores = dict(zip(table["patient_id"].to_pylist(), known, strict=True))
        there.load("the register", table)
        answer = there.answer(model.to_sql(dialect, ["the register"]))
        assert {row[0]: None if row[1] is None else float(row[1]) for row in answer} == scores, name


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
            assert nested_cases(query) <= 4  # SQL Server stops at 10
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
