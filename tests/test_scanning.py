"""A register scanned from files gives what the register read whole gives, to the byte, however the files are cut."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engines import score_argument
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from registers import Case, arrow_of, cases, packed_case, read_scheme
from scanned import assert_says_the_same, files_in, said_by, scanned, written
from test_selection_oracle import MODEL_COLUMNS, a_model

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
LONG = settings(SETTINGS, max_examples=3000, derandomize=False)


def table_of(case: Case) -> tuple[pa.Table, Any]:
    """The case's rows, and what ranks them as ``score=``."""
    table = arrow_of(case.rows, case.columns)
    if case.score_as == "column":
        return table.append_column("my_score", pa.array(case.scores, pa.float64())), "my_score"
    return table, score_argument(case)


@st.composite
def ways(draw: Any, rows: int) -> dict[str, Any]:
    """How a register of so many rows is cut into files, row groups and pieces, and read."""
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=3)))
    return {
        "cuts": cuts,
        "rows_in_a_group": draw(st.sampled_from((None, 1, 7, 40))) if rows else None,
        "rows_at_a_time": draw(st.sampled_from((None, 1, 5, 137))) if rows < 200 else draw(st.sampled_from((None, 50))),
        "statistics": draw(st.booleans()),
        "decoder": draw(st.sampled_from(("polars", "pyarrow"))),
        "threads": draw(st.sampled_from((1, 2, 8))),
    }


def assert_scanned_as_read(case: Case, way: dict[str, Any], model: Any = None) -> None:
    import casemgmt as cm

    table, score = table_of(case)
    ranked_by = {"score": score} if model is None else {"model": model}
    options = {"over_cap": case.over_cap, "list_sizes": case.list_sizes, "threads": way["threads"], **ranked_by}
    dates = {"as_of": case.as_of, "extracted_on": case.extracted_on}
    scheme = read_scheme(case.scheme_text)
    with tempfile.TemporaryDirectory() as folder:
        paths = written(
            table,
            Path(folder),
            way["cuts"],
            rows_in_a_group=way["rows_in_a_group"],
            write_statistics=way["statistics"],
        )
        read = said_by(lambda: cm.select(cm.read_register(paths, **dates), scheme, **options))
        again = said_by(
            lambda: cm.select(
                scanned(paths, rows_at_a_time=way["rows_at_a_time"], decoder=way["decoder"], **dates), scheme, **options
            )
        )
    assert_says_the_same(read, again)


@SETTINGS
@given(st.data())
def test_a_scanned_register_is_selected_from_as_the_one_read_whole(data):
    case = data.draw(cases())
    assert_scanned_as_read(case, data.draw(ways(len(case.rows))))


@SETTINGS
@given(st.data())
def test_a_model_ranks_a_scanned_register_as_the_one_read_whole(data):
    case = data.draw(cases(needed=MODEL_COLUMNS, has_risk=True))
    assert_scanned_as_read(case, data.draw(ways(len(case.rows))), a_model("logistic"))
