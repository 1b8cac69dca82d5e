"""One case, answered by the oracle and by the library, in the same words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import oracle
import pyarrow as pa
from oracle import OracleSelection
from registers import Case, arrow_of, read_scheme

# Random registers are worse, and their list sizes further off, than any that is not refused.
ANY_QUALITY = {"max_quarantined": 1, "max_corrected": 1}
ANY_SIZE = {"list_size_within": None, "allow_missing_practices": True}

OVER_THE_CAP = re.compile(r"^\s+(\S+): ([\d,]+) nominations? for ([\d,]+) places?\b", re.MULTILINE)


def by_oracle(case: Case, model: Any = None) -> OracleSelection:
    return oracle.select(
        case.rows,
        read_scheme(case.scheme_text),
        case.scores if model is None else model,
        as_of=case.as_of,
        extracted_on=case.extracted_on,
        over_cap=case.over_cap,
        list_sizes=case.list_sizes,
    )


def by_library(case: Case, model: Any = None) -> OracleSelection:
    """The same, through ``cm.select``: the compiled loop, which must agree with its NumPy twin on every table."""
    with compiling_from(10**9):
        twin = found_by_library(case, model)
    with compiling_from(0):
        compiled = found_by_library(case, model)
    assert_same(twin, compiled)
    return compiled


@contextmanager
def compiling_from(rows: int) -> Iterator[None]:
    """Use the compiled loops from a number of rows on."""
    from casemgmt import compiling

    with patch.object(compiling, "COMPILE_FROM", rows):
        yield


def found_by_library(case: Case, model: Any = None) -> OracleSelection:
    """One selection's tables; ``error`` is read back from the exception's text."""
    from casemgmt.errors import CapExceededError

    try:
        selection = library_selection(case, model)
    except CapExceededError as error:
        return OracleSelection(selected=[], summary=[], queue=[], error=read_error(str(error)))
    table = selection.to_arrow()
    table = table.drop_columns([name for name in table.column_names if name.startswith("reason_")])
    return OracleSelection(
        selected=table.to_pylist(),
        summary=selection.summary().to_pylist(),
        queue=selection.queue().to_pylist(),
        error=None,
        kept=selection.kept().to_pylist(),
    )


def read_error(message: str) -> list[tuple[str, int, int]]:
    lines = OVER_THE_CAP.findall(message)
    assert len(lines) == len([line for line in message.splitlines() if "nomination" in line and " for " in line])
    return [(practice, *(int(number.replace(",", "")) for number in numbers)) for practice, *numbers in lines]


def library_selection(case: Case, model: Any = None, *, table: pa.Table | None = None) -> Any:
    import casemgmt as cm

    table = arrow_of(case.rows, case.columns) if table is None else table
    score: Any = None
    if model is None and case.score_as == "column":
        score = "my_score"
        table = table.append_column(score, pa.array(case.scores, pa.float64()))
    elif model is None:
        score = score_argument(case)
    register = cm.read_register(table, as_of=case.as_of, extracted_on=case.extracted_on, **ANY_QUALITY)
    options = {"list_sizes": case.list_sizes, **ANY_SIZE} if case.list_sizes is not None else {}
    ranked_by = {"score": score} if model is None else {"model": model}
    return cm.select(register, read_scheme(case.scheme_text), **ranked_by, over_cap=case.over_cap, **options)


def score_argument(case: Case) -> Any:
    if case.score_as == "list":
        return case.scores
    if case.score_as == "arrow":
        return pa.array(case.scores, pa.float64())
    return np.array([np.nan if score is None else score for score in case.scores], dtype=np.float64)


def assert_same(expected: OracleSelection, found: OracleSelection) -> None:
    """Every column of every table, exactly; over the cap, every practice with its two counts, and no other practice."""
    assert found.error == expected.error
    assert_rows_same(expected.selected, found.selected)
    assert_rows_same(expected.summary, found.summary)
    assert_rows_same(expected.queue, found.queue)
    assert_rows_same(expected.kept, found.kept)


def assert_rows_same(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    for wanted, got in zip(expected, found, strict=False):
        differ = {name: (wanted.get(name), got.get(name)) for name in {**wanted, **got} if not _same(wanted, got, name)}
        assert not differ, (wanted.get("practice_id"), wanted.get("patient_id", wanted.get("route")), differ)
    assert len(expected) == len(found)


def _same(wanted: dict[str, Any], got: dict[str, Any], name: str) -> bool:
    if name not in wanted or name not in got:
        return False
    a, b = wanted[name], got[name]
    if isinstance(b, float) and not math.isfinite(b):
        return False
    return type(a) is type(b) and a == b
