"""The selection equals the plain-Python oracle, column by column, and keeps what must always hold."""

from __future__ import annotations

import gc
import math
import random
import re
from dataclasses import replace

import pyarrow as pa
import pytest
from a_model import MODEL_COLUMNS, a_model
from engines import assert_rows_same, assert_same, by_library, by_oracle, library_selection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registers import PRACTICES, SHARES, Case, cases, packed_case, scheme_text, top_share, with_share

SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
DEFAULT = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=SLOW_TO_DRAW,
)
A_FEW = settings(DEFAULT, max_examples=25)
LONG = settings(DEFAULT, max_examples=10_000, derandomize=False)


# Equality with the oracle


@DEFAULT
@given(cases())
def test_every_column_equals_the_oracle(case):
    assert_same(by_oracle(case), by_library(case))


@pytest.mark.long
@LONG
@given(cases())
def test_every_column_equals_the_oracle_in_a_longer_search(case):
    assert_same(by_oracle(case), by_library(case))


@A_FEW
@given(cases(needed=MODEL_COLUMNS), cases(needed=MODEL_COLUMNS, has_risk=True))
def test_scores_and_risks_of_a_model_select_as_the_oracle_says(points_case, logistic_case):
    assert_model_same(points_case, logistic_case)


@pytest.mark.long
@LONG
@given(cases(needed=MODEL_COLUMNS), cases(needed=MODEL_COLUMNS, has_risk=True))
def test_scores_and_risks_of_a_model_select_as_the_oracle_says_in_a_longer_search(points_case, logistic_case):
    assert_model_same(points_case, logistic_case)


def assert_model_same(points_case: Case, logistic_case: Case) -> None:
    for case, link in ((points_case, "points"), (logistic_case, "logistic")):
        model = a_model(link)
        assert_same(by_oracle(case, model), by_library(case, model))


@pytest.mark.parametrize("seed", range(8))
def test_packed_registers_equal_the_oracle(seed):
    assert_packed_same(seed, practices=100)


@pytest.fixture
def no_collector():
    """Collecting rubbish among millions of live rows would take a third of the time."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.mark.long
@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("block", range(20))
def test_a_million_seeded_registers_equal_the_oracle(block):
    for seed in range(1000 + 25 * block, 1000 + 25 * (block + 1)):
        assert_packed_same(seed, practices=2000)
        gc.collect()


def assert_packed_same(seed: int, practices: int) -> None:
    model = a_model("logistic") if seed % 5 == 4 else None
    case = packed_case(seed, practices, needed=MODEL_COLUMNS if model else ())
    try:
        assert_same(by_oracle(case, model), by_library(case, model))
    except AssertionError as problem:
        raise AssertionError(f"seed {seed}, {practices} practices\n{case.scheme_text}") from problem


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["rotherham-2015-16", "rotherham-2014-15", "avoiding-unplanned-admissions-2014-15"])
def test_shipped_schemes_equal_the_oracle(name, seed):
    from casemgmt import load_scheme

    case = packed_case(seed, 150, scheme=load_scheme(name).text)
    assert_same(by_oracle(case), by_library(case))


# Scores


@A_FEW
@given(cases(over_caps=("queue",)))
def test_a_score_may_come_as_numpy_list_arrow_or_column(case):
    tables = [
        library_selection(replace(case, score_as=kind)).to_arrow() for kind in ("numpy", "list", "arrow", "column")
    ]
    for table in tables[1:]:
        assert table.equals(tables[0])


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("score_as", ["numpy", "list", "arrow", "column"])
def test_nobody_without_a_finite_score_is_ranked_though_all_could_be(nothing, score_as):
    case = Case(
        rows=[{"patient_id": f"p{i}", "practice_id": "C87001", "age": 40} for i in range(10)],
        columns=["patient_id", "practice_id", "age"],
        scores=[nothing] * 9 + [-1e300],
        scheme_text=scheme_text([top_share("100%", "at_least")]),
        score_as=score_as,
    )
    selection = library_selection(case)
    assert selection.to_arrow()["patient_id"].to_pylist() == ["p9"]
    assert selection.summary()["unscored"].to_pylist() == [9]


@pytest.mark.parametrize("unusable", [None, "", "../x", "c87001", "C87001 "])
@pytest.mark.parametrize("patient_id", [None, "b"])
def test_a_quarantined_row_of_no_usable_practice_makes_no_practice_and_could_be_anyones(patient_id, unusable):
    people = [("a", "C87001"), (patient_id, unusable)]
    case = Case(
        rows=[{"patient_id": each, "practice_id": practice, "age": 40} for each, practice in people],
        columns=["patient_id", "practice_id", "age"],
        scores=[1.0, 1.0],
        scheme_text=scheme_text([top_share("50%", "at_most")]),
    )
    summary = library_selection(case).summary()
    assert summary.select(["practice_id", "list_size", "quarantined", "places_may_change"]).to_pylist() == [
        {"practice_id": "C87001", "list_size": 1, "quarantined": 0, "places_may_change": True}
    ]


# What must always hold


@A_FEW
@given(cases(over_caps=("queue",)), st.integers(0, 2**32))
def test_the_order_of_rows_and_columns_changes_no_byte(case, seed):
    assert_order_irrelevant(case, seed)


@pytest.mark.long
@LONG
@given(cases(over_caps=("queue",)), st.integers(0, 2**32))
def test_the_order_of_rows_and_columns_changes_no_byte_in_a_longer_search(case, seed):
    assert_order_irrelevant(case, seed)


def assert_order_irrelevant(case: Case, seed: int) -> None:
    rng = random.Random(seed)
    order = rng.sample(range(len(case.rows)), len(case.rows))
    shuffled = replace(
        case,
        rows=[case.rows[index] for index in order],
        scores=[case.scores[index] for index in order],
        columns=rng.sample(case.columns, len(case.columns)),
    )
    before, after = library_selection(case), library_selection(shuffled)
    assert bytes_of(after.to_arrow()) == bytes_of(before.to_arrow())
    assert bytes_of(after.summary()) == bytes_of(before.summary())
    assert bytes_of(after.queue()) == bytes_of(before.queue())
    assert bytes_of(after.kept()) == bytes_of(before.kept())


def bytes_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


@A_FEW
@given(cases(over_caps=("queue",)), st.integers(0, 300))
def test_adding_a_practice_changes_no_other(case, seed):
    assert_practices_independent(case, seed)


@pytest.mark.long
@LONG
@given(cases(over_caps=("queue",)), st.integers(0, 300))
def test_adding_a_practice_changes_no_other_in_a_longer_search(case, seed):
    assert_practices_independent(case, seed)


def assert_practices_independent(case: Case, seed: int) -> None:
    rng = random.Random(seed)
    some = [index for index in range(len(case.rows)) if rng.random() < 0.6]
    rows = [{**case.rows[index], "practice_id": "B00001"} for index in some]
    rows = [{**row, "patient_id": f"new{number}"} for number, row in enumerate(rows)]
    merged = list(zip(case.rows + rows, case.scores + [case.scores[index] for index in some], strict=True))
    rng.shuffle(merged)
    more = replace(case, rows=[row for row, _ in merged], scores=[score for _, score in merged])
    if case.list_sizes is not None:
        more = replace(more, list_sizes={**case.list_sizes, "B00001": 77})
    before, after = by_library(case), by_library(more)
    for wanted, got in (
        (before.selected, after.selected),
        (before.summary, after.summary),
        (before.queue, after.queue),
        (before.kept, after.kept),
    ):
        assert_rows_same(wanted, [row for row in got if row["practice_id"] in PRACTICES])


@A_FEW
@given(cases(over_caps=("queue",)))
def test_a_larger_share_never_drops_anyone(case):
    assert_larger_keeps_all(case)


@pytest.mark.long
@LONG
@given(cases(over_caps=("queue",)))
def test_a_larger_share_never_drops_anyone_in_a_longer_search(case):
    assert_larger_keeps_all(case)


def assert_larger_keeps_all(case: Case) -> None:
    def with_next_share(route: str) -> str:
        found = re.search(r'(?m)^share = "(.+)"$', route)
        return with_share(route, SHARES[min(SHARES.index(found[1]) + 1, len(SHARES) - 1)]) if found else route

    head, *routes = case.scheme_text.split("[[route]]")
    larger = replace(case, scheme_text="[[route]]".join([head, *map(with_next_share, routes)]))
    before, after = by_library(case).selected, {row["patient_id"]: row for row in by_library(larger).selected}
    for row in before:
        kept = after[row["patient_id"]]
        assert [name for name, value in row.items() if value is True and kept[name] is not True] == []


@A_FEW
@given(cases(over_caps=("queue",)))
def test_nobody_is_counted_twice_and_one_place_is_used(case):
    found = by_library(case)
    ids = [row["patient_id"] for row in found.selected]
    assert len(set(ids)) == len(ids)
    order = [(row["practice_id"].encode(), row["patient_id"].encode()) for row in found.selected]
    assert order == sorted(order)
    used = {(line["practice_id"], line["route"]): line["used"] for line in found.summary if line["used"] is not None}
    for row in found.selected:
        assert row["case_managed"] is (row["place"] is not None)
        if row["case_managed"]:
            assert row[row["place"]] is True
            used[row["practice_id"], row["place"]] -= 1
    assert set(used.values()) <= {0}
    for line in found.summary:
        met = [row for row in found.selected if row["practice_id"] == line["practice_id"] and row[line["route"]]]
        assert line["met"] == len(met)
