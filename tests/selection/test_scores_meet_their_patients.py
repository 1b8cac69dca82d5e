"""A user's scores reach the right patients, by row, index or id, or they are refused; and no number is rounded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.given.floats import as_floats

SIZE = 300
SCHEME = "prism-top-half-percent"


def rows_with_faults() -> pa.Table:
    """Patients of whom some cannot be used: every sixtieth id is a decimal, and the last row repeats another."""
    table = people(SIZE)
    ids = [f"{patient}.0" if row % 60 == 0 else patient for row, patient in enumerate(table["patient_id"].to_pylist())]
    table = table.set_column(0, "patient_id", pa.array(ids))
    return pa.concat_tables([table, table.slice(5, 1)])


TOP = "020101"  # who has the highest score of all accepted patients: source row 101


def risk_of(patient: str) -> float:
    return 1.0 if patient == TOP else int(patient[2:6]) / 1000


def chosen(register: Any, score: Any) -> list[str]:
    return cm.select(register, cm.load_scheme(SCHEME), score=score).to_arrow()["patient_id"].to_pylist()


def read(source: Any) -> Any:
    return cm.read_register(source, as_of=AS_OF)


# By row


@pytest.mark.parametrize("kind", ["arrow", "pandas", "pandas with labels", "two files"])
def test_the_index_of_a_registers_frame_says_which_source_row_each_patient_is(kind, tmp_path):
    table = rows_with_faults()
    source: Any = table
    labels: list[Any] = list(range(SIZE + 1))
    if kind == "pandas with labels":
        labels = [f"row {row}" for row in range(SIZE + 1)][::-1]
    if kind.startswith("pandas"):
        source = table.to_pandas().set_axis(pd.Index(labels), axis=0)
    if kind == "two files":
        source = [tmp_path / "a.csv", tmp_path / "b.parquet"]
        source[0].write_text("patient_id,practice_id,age\n0,0\n" + lines_of(table.slice(0, 50)), encoding="utf-8")
        pq.write_table(table.slice(50).cast(pa.schema([(n, pa.string()) for n in table.column_names])), source[1])
        labels = [*range(SIZE + 2)]
    register = read(source)
    frame = register.to_pandas()
    position = {label: row for row, label in enumerate(labels)}
    first = 1 if kind == "two files" else 0  # one line could not be split
    whole = table["patient_id"].to_pylist()
    assert frame["patient_id"].tolist() == [whole[position[label] - first] for label in frame.index]
    assert chosen(register, frame["patient_id"].map(risk_of)) == [TOP]
    assert chosen(register, frame["patient_id"].map(risk_of).to_frame("risk")) == [TOP]


def lines_of(table: pa.Table) -> str:
    return "".join(",".join(map(str, row.values())) + "\n" for row in table.to_pylist())


def test_a_frame_with_repeated_labels_is_matched_by_the_number_of_the_source_row():
    frame = rows_with_faults().to_pandas().set_axis([0] * (SIZE + 1), axis=0)
    register = read(frame)
    accepted = register.to_pandas()
    assert accepted.index.name == "source_row"
    assert chosen(register, accepted["patient_id"].map(risk_of)) == [TOP]


@pytest.mark.parametrize("wrap", [pd.Series, lambda values: pd.Series(values).to_frame()])
def test_scores_of_accepted_patients_numbered_anew_are_refused(wrap):
    register = read(rows_with_faults())
    values = register.to_pandas()["patient_id"].map(risk_of).to_numpy()
    assert len(values) < register.rows_in
    with pytest.raises(InputError, match="numbered from 0") as refusal:
        cm.select(register, cm.load_scheme(SCHEME), score=wrap(values))
    assert "register.to_pandas()" in str(refusal.value)
    with pytest.raises(InputError, match="quarantined rows included"):
        cm.select(register, cm.load_scheme(SCHEME), score=values)


@pytest.mark.parametrize("order", ["backwards", "shuffled", "sorted by another column"])
@pytest.mark.parametrize("wrap", [pd.Series, lambda values: pd.Series(values).to_frame()])
def test_scores_numbered_anew_for_a_frame_in_another_order_are_refused(order, wrap):
    frame = people(SIZE).to_pandas()
    if order == "backwards":
        frame = frame.iloc[::-1]
    elif order == "shuffled":
        frame = frame.sample(frac=1, random_state=0)
    else:
        frame = frame.sort_values("patient_id", key=lambda ids: ids.str[::-1])
    register = read(frame)
    values = frame["patient_id"].map(risk_of)
    for surely in (values, values.to_numpy(), values.sample(frac=1, random_state=1)):
        assert chosen(register, surely) == [TOP]
    with pytest.raises(InputError, match="labels or its rows cannot be told"):
        cm.select(register, cm.load_scheme(SCHEME), score=wrap(values.to_numpy()))


def test_an_index_of_several_levels_is_matched_where_the_source_has_it_and_else_refused():
    frame = people(SIZE).to_pandas()
    deep = frame.set_index([frame["practice_id"], frame["patient_id"]])["patient_id"].map(risk_of)
    assert chosen(read(frame.set_axis(deep.index, axis=0)), deep.iloc[::-1]) == [TOP]
    with pytest.raises(InputError, match="which has 2 levels"):
        cm.select(read(frame), cm.load_scheme(SCHEME), score=deep)


# By id


def keyed(kind: str, ids: list[str], values: list[float]) -> Any:
    order = np.random.default_rng(0).permutation(len(ids))
    ids, values = [ids[i] for i in order], [values[i] for i in order]
    table = pa.table({"patient_id": ids, "p": values})
    made = {
        "mapping": lambda: dict(zip(ids, values, strict=True)),
        "arrow": lambda: table,
        "arrow dictionary": lambda: table.set_column(0, "patient_id", table["patient_id"].dictionary_encode()),
        "pandas": table.to_pandas,
        "pandas category": lambda: table.to_pandas().astype({"patient_id": "category"}),
        "polars": lambda: pl.DataFrame(table),
        "series": lambda: table.to_pandas().set_index("patient_id")["p"],
        "indexed frame": lambda: table.to_pandas().set_index("patient_id"),
    }
    return made[kind]()


KEYED = ["mapping", "arrow", "arrow dictionary", "pandas", "pandas category", "polars", "series", "indexed frame"]


@pytest.mark.parametrize("kind", KEYED)
@pytest.mark.parametrize("door", ["table", "file", "scanned", "packed"])
def test_scores_with_their_ids_meet_their_patients_in_any_order(kind, door, tmp_path):
    table = rows_with_faults()
    # Not everybody has a score, and some scores are of people elsewhere.
    ids = [patient for patient in table["patient_id"].to_pylist()[:SIZE] if not patient.endswith("50")] + ["elsewhere"]
    score = keyed(kind, ids, [risk_of(patient) if patient[:2] == "02" else 2.0 for patient in ids])
    pq.write_table(table, tmp_path / "r.parquet")
    register = {
        "table": lambda: read(table),
        "file": lambda: read(tmp_path / "r.parquet"),
        "scanned": lambda: cm.scan_register(tmp_path / "r.parquet", as_of=AS_OF),
        "packed": lambda: cm.scan_register(read(table).save_packed(tmp_path / "p.parquet"), as_of=AS_OF),
    }[door]()
    assert chosen(register, score) == [TOP]
    whole = read(table)
    accepted = whole.to_pandas()
    by_row = accepted["patient_id"].map(lambda patient: risk_of(patient) if patient in ids else None)
    expected = cm.select(whole, cm.load_scheme(SCHEME), score=by_row)
    assert cm.select(register, cm.load_scheme(SCHEME), score=score).to_arrow().equals(expected.to_arrow())


NOT_KEYED = [
    ({7: 0.5}, "ids that are not text"),
    ({"020001": 0.5, None: 1.0}, "ids that are not text"),
    ({"\ud800": 0.5}, "not valid text"),
    (pa.table({"patient_id": [20001], "p": [0.5]}), "ids that are not text"),
    (pd.DataFrame({"patient_id": [20001.0], "p": [0.5]}), "ids that are not text"),
    (pa.table({"patient_id": ["020001", None], "p": [0.5, 0.6]}), "1 score without a patient_id"),
    (pa.table({"patient_id": ["020001", "020001"], "p": [0.5, 0.5]}), "1 score whose patient_id was given before"),
    (pa.table({"patient_id": ["020001"], "p": [0.5], "q": [0.5]}), "2 columns more ('p', 'q')"),
    (pl.DataFrame({"patient_id": ["020001"]}), "0 columns more"),
    (pl.DataFrame({"p": [0.5] * (SIZE + 1)}), "without a column patient_id"),
    (pl.LazyFrame({"patient_id": ["020001"], "p": [0.5]}), "lazy frame"),
    (pd.DataFrame({"p": [0.5], "q": [0.5]}), "frame of 2 columns"),
    ({"020001": "high"}, "not a number"),
    ({f"p{row}": 0.5 for row in range(100)}, "not one of them"),
    ({f"{row}": 0.5 for row in range(20001, 20101)}, "leading zeros"),
]


@pytest.mark.parametrize("number", range(len(NOT_KEYED)))
@pytest.mark.parametrize("scanned", [False, True])
def test_scores_that_do_not_say_surely_whose_they_are_are_refused(number, scanned, tmp_path):
    score, message = NOT_KEYED[number]
    pq.write_table(rows_with_faults(), tmp_path / "r.parquet")
    register = cm.scan_register(tmp_path / "r.parquet", as_of=AS_OF) if scanned else read(tmp_path / "r.parquet")
    with pytest.raises(InputError) as refusal:
        cm.select(register, cm.load_scheme(SCHEME), score=score)
    if not (scanned and message == "leading zeros"):  # the rows of a scanned register are not at hand to say why
        assert message in str(refusal.value)
    assert "020001" not in str(refusal.value)


# Numbers


LARGE = 2**53 + 1
ROUNDED = {
    "int64": lambda: np.array([LARGE, 1]),
    "uint64": lambda: np.array([2**64 - 1, 1], dtype=np.uint64),
    "negative": lambda: np.array([-LARGE, 1]),
    "python": lambda: [LARGE, 1],
    "huge python": lambda: [10**400, 1],
    "objects": lambda: np.array([LARGE, None], dtype=object),
    "arrow": lambda: pa.array([LARGE, 1]),
    "arrow gap": lambda: pa.array([LARGE, None]),
    "text": lambda: pa.array([str(LARGE), "1"]),
    "text of a decimal": lambda: pa.array([f"{LARGE}.0", "1"]),
    "pandas": lambda: pd.Series([LARGE, 1]),
    "pandas gap": lambda: pd.Series([LARGE, None], dtype="Int64"),
    "polars": lambda: pl.Series([LARGE, 1]),
    "decimals": lambda: pa.array([Decimal("0.10000000000000000001"), Decimal("0.10000000000000000002")]),
    "decimal objects": lambda: [Decimal("0.10000000000000000001"), Decimal("0.10000000000000000002")],
    "fractions": lambda: [Fraction(10**20 + 1, 10**21), Fraction(10**20, 10**21)],
    "masked": lambda: np.ma.masked_array([LARGE, LARGE], mask=[False, True]),
}


@pytest.mark.parametrize("kind", ROUNDED)
def test_numbers_that_floats_would_make_equal_are_refused(kind):
    with pytest.raises(InputError, match=r"2\*\*53|digits"):
        as_floats(ROUNDED[kind]())


EXACT = {
    "int64": lambda: np.array([2**53, -(2**53)]),
    "masked large": lambda: np.ma.masked_array([2**53, LARGE], mask=[False, True]),
    "masked floats": lambda: np.ma.masked_array([1.5, 2.5], mask=[True, False]),
    "masked objects": lambda: np.ma.masked_array(np.array([1, 2], dtype=object), mask=[True, False]),
    "masked in a list": lambda: [np.ma.masked, 2.5],
    "pandas NA": lambda: pd.Series([None, 3], dtype="Int64"),
    "pandas NA in a list": lambda: [pd.NA, 3],
    "decimals": lambda: pa.array([Decimal("0.1"), Decimal("0.2")]),
    "small floats": lambda: np.array([0.5, 0.25], dtype=np.float16),
    "large floats": lambda: np.array([1e300, -1e300]),
    "dictionary": lambda: pa.array([0.5, 0.25]).dictionary_encode(),
    "dictionary of text": lambda: pa.array(["0.5", "0.25"]).dictionary_encode(),
    "nulls": lambda: pa.nulls(2),
}
EXPECTED = {
    "int64": [2.0**53, -(2.0**53)],
    "masked large": [2.0**53, None],
    "masked floats": [None, 2.5],
    "masked objects": [None, 2.0],
    "masked in a list": [None, 2.5],
    "pandas NA": [None, 3.0],
    "pandas NA in a list": [None, 3.0],
    "decimals": [0.1, 0.2],
    "small floats": [0.5, 0.25],
    "large floats": [1e300, -1e300],
    "dictionary": [0.5, 0.25],
    "dictionary of text": [0.5, 0.25],
    "nulls": [None, None],
}


@pytest.mark.parametrize("kind", EXACT)
def test_numbers_that_floats_hold_come_through_and_masked_ones_are_missing(kind):
    found = [None if np.isnan(value) else value for value in as_floats(EXACT[kind]()).tolist()]
    assert found == EXPECTED[kind]


def test_a_masked_score_is_never_ranked():
    register = read(people(400))
    scores = np.ma.masked_array(np.arange(400.0), mask=np.arange(400) >= 398)
    assert chosen(register, scores) == ["020396", "020397"]


@pytest.mark.parametrize(
    "score",
    [
        [True, False],
        np.array([True, None], dtype=object),
        np.array([1 + 2j, 0]),
        ["0.5", "0.6"],
        [dt.date(2015, 4, 1)] * 2,
        np.array(["2015-04-01"] * 2, dtype="datetime64[D]"),
        pd.Series(["2015-04-01"] * 2, dtype="datetime64[ns]"),
        pa.array([{"a": 1}] * 2),
        pa.array([True, None]),
        object(),
    ],
)
def test_what_is_no_number_is_refused(score):
    with pytest.raises(InputError, match="not a number"):
        as_floats(score)
