"""One value a source row: scores that come back in source order, and scores that meet the right people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from engines import ANY_QUALITY
from register_tools import AS_OF, LIBRARIES, awkward_table, people

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import CONDITIONS


def model():
    return cm.load_model("cambridge-multimorbidity-20")


def scheme():
    return cm.load_scheme("rotherham-2015-16")


def read(source, **options):
    return cm.read_register(source, as_of=AS_OF, **(ANY_QUALITY | options))


def damaged_register() -> pa.Table:
    """Sixty patients, of whom every fifth row has a damaged id, one row is there twice, and two have objected."""
    table = people(60)
    ids = [f"{patient}.0" if row % 5 == 0 else patient for row, patient in enumerate(table["patient_id"].to_pylist())]
    table = table.set_column(0, "patient_id", pa.array(ids))
    objected = pa.array([row in (7, 59) for row in range(60)])
    table = table.append_column("objected", objected).append_column("care_home_type", pa.array(["none"] * 60))
    table = table.append_column("nominated", pa.array([False] * 60))
    for number, name in enumerate(CONDITIONS):
        table = table.append_column(name, pa.array([row % (number + 2) == 1 for row in range(60)]))
    return pa.concat_tables([table, table.slice(58, 1)])


SET_ASIDE = {row for row in range(60) if row % 5 == 0}
OBJECTED = {7, 59}


@pytest.mark.parametrize("maker", ["pyarrow_table", "csv_file", "two_files", "pandas_objects", "polars_frame"])
def test_a_model_gives_one_score_a_source_row_and_none_for_those_set_aside_or_objecting(maker, tmp_path):
    table = damaged_register()
    register = read(LIBRARIES[maker](table, tmp_path))
    scores = model().score(register)
    assert len(scores) == register.rows_in == 61
    known = scores.to_pylist()
    assert {row for row, score in enumerate(known) if score is None} == SET_ASIDE | OBJECTED
    assert known[60] == known[58]
    alone = read(table.slice(1, 1))
    assert known[1] == model().score(alone).to_pylist()[0]
    assert len({score for score in known if score is not None}) > 10


def test_lines_that_could_not_be_split_have_no_score_and_keep_their_place(tmp_path):
    LIBRARIES["csv_file"](damaged_register(), tmp_path)
    lines = (tmp_path / "register.csv").read_text(encoding="utf-8").splitlines()
    whole = model().score(read(tmp_path / "register.csv")).to_pylist()
    (tmp_path / "register.csv").write_text("\n".join([*lines[:3], "x", *lines[3:]]), encoding="utf-8")
    register = read(tmp_path / "register.csv")
    assert model().score(register).to_pylist() == [*whole[:2], None, *whole[2:]]
    assert cm.select(register, scheme(), score=[1.0] * 62).to_arrow().num_rows == 1
    with pytest.raises(InputError, match="score= holds 61 values; the source has 62 rows"):
        cm.select(register, scheme(), score=[1.0] * 61)


def test_scores_can_be_put_beside_the_rows_of_a_pandas_frame():
    frame = damaged_register().to_pandas()
    frame.index = [f"row {row}" for row in range(len(frame))][::-1]
    register = read(frame)
    frame["s"] = model().score(register)
    assert {row for row, missing in enumerate(frame["s"].isna()) if missing} == SET_ASIDE | OBJECTED
    assert frame["s"].dropna().astype(float).tolist() == [
        s for s in model().score(register).to_pylist() if s is not None
    ]
    again = cm.select(read(frame), scheme(), score="s")
    by_model = cm.select(register, scheme(), model=model())
    assert again.to_arrow()["patient_id"].to_pylist() == by_model.to_arrow()["patient_id"].to_pylist()


def chosen(register, score) -> list[str]:
    return cm.select(register, scheme(), score=score).to_arrow()["patient_id"].to_pylist()


# The highest of all are set aside or object; the next is row 57.
ROWS = np.where(np.isin(np.arange(61), [*SET_ASIDE, *OBJECTED]), 1000.0, 100.0 - abs(np.arange(61) - 57))
ROWS[60] = ROWS[58]
KINDS = {
    "numpy": lambda scores, frame: scores,
    "whole numbers": lambda scores, frame: scores.astype(int),
    "list": lambda scores, frame: scores.tolist(),
    "tuple": lambda scores, frame: tuple(scores.tolist()),
    "pyarrow": lambda scores, frame: pa.array(scores),
    "pyarrow chunks": lambda scores, frame: pa.chunked_array([pa.array(scores[:7]), pa.array(scores[7:])]),
    "polars": lambda scores, frame: pl.Series(scores),
    "pandas": lambda scores, frame: pd.Series(scores, index=frame.index),
    "pandas shuffled": lambda scores, frame: pd.Series(scores, index=frame.index).sample(frac=1, random_state=1),
    "pandas in part": lambda scores, frame: pd.Series(scores, index=frame.index)[50:58],
    "pandas nullable": lambda scores, frame: pd.Series(scores, index=frame.index).astype("Float64"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_of_any_kind_meets_the_right_people_where_rows_are_set_aside(kind):
    table = damaged_register()
    frame = table.to_pandas()
    frame.index = 1000 - 3 * np.arange(len(frame))
    register = read(frame)
    assert chosen(register, KINDS[kind](ROWS, frame)) == ["020057"]
    if not kind.startswith("pandas"):
        assert chosen(read(table), KINDS[kind](ROWS, None)) == ["020057"]


def test_a_score_may_be_the_name_of_a_column_of_text_or_numbers():
    table = damaged_register()
    for values in (pa.array(ROWS), pa.array([str(score) for score in ROWS])):
        assert chosen(read(table.append_column("my score", values)), "my score") == ["020057"]


def test_a_pandas_series_is_matched_on_row_numbers_where_the_register_has_no_index():
    shuffled = pd.Series(ROWS).sample(frac=1, random_state=2)
    assert chosen(read(damaged_register()), shuffled) == ["020057"]


WRONG = [
    (np.ones(60), "score= holds 60 values; the source has 61 rows"),
    (np.ones(49), "quarantined rows included"),
    (np.ones((61, 1)), "score= is a table of 1 column"),
    (5.0, "score="),
    ([], "score= holds 0 values"),
    (["high"] * 61, "score= holds something that is not a number"),
    ([True] * 61, "score="),
    (np.array(["2015-04-01"] * 61, dtype="datetime64[D]"), "score= holds something that is not a number"),
    ("no such column", "score= names 'no such column', which is no column"),
    ("Age", "Did you mean 'age'?"),
    (pd.Series(np.ones(61), index=range(1, 62)), "1 label of its index that the register's source does not have"),
    (pd.Series(np.ones(61), index=[0] * 61), "labels occur twice"),
    (pd.Series(np.arange(61.0)), "score= gives different values to repeats of one row"),
    (np.arange(61.0), "score= gives different values to repeats of one row"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_score_that_cannot_be_matched_is_refused(number):
    score, message = WRONG[number]
    with pytest.raises(InputError) as refusal:
        cm.select(read(damaged_register()), scheme(), score=score)
    assert message in str(refusal.value)


def test_a_series_whose_labels_the_frame_repeats_is_refused():
    frame = damaged_register().to_pandas().set_index(pd.Index([0] * 61))
    with pytest.raises(InputError, match="labels occur twice"):
        cm.select(read(frame), scheme(), score=pd.Series(ROWS))


def test_scores_worked_out_elsewhere_from_the_frame_select_as_the_model_does():
    table = awkward_table()
    register = read(table, extracted_on="2015-04-20")
    scores = model().score(register)
    by_score = cm.select(register, scheme(), score=scores, over_cap="queue").to_arrow()
    by_model = cm.select(register, scheme(), model=model(), over_cap="queue").to_arrow()
    same = [name for name in by_model.column_names if not name.startswith(("reason_", "inputs_"))]
    assert by_score.select(same).equals(by_model.select(same))
