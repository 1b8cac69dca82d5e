"""The table of works and contenders. A later work (from frames, files, all England) is one more entry of `WORKS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import in_frames, in_numpy
from benchmarks.answers import Answer, answer_of
from benchmarks.data import people_of
from benchmarks.works import Contender, Inputs, Work


def _ours(inputs: Inputs) -> Callable[[], Any]:
    import casemgmt as cm

    register, scheme, model = inputs.register, inputs.scheme, inputs.model
    return lambda: cm.select(register, scheme, model=model, threads=inputs.threads)


def _ours_as_table(inputs: Inputs) -> Callable[[], Any]:
    select = _ours(inputs)
    return lambda: select().to_arrow()


def _from_selection(selection: Any) -> Answer:
    choice = selection._workings.choice
    return answer_of(choice.rows, choice.member & np.uint32(1) != 0)


def _from_table(table: Any) -> Answer:
    people = people_of(table.column("patient_id").combine_chunks())
    return answer_of(people, table.column("highest_risk").to_numpy())


def _from_rows(found: tuple[Any, Any]) -> Answer:
    return answer_of(*found)


def _from_columns(found: Any) -> Answer:
    return answer_of(np.asarray(found["row"]), np.asarray(found["by_risk"]))


PACKED = Work(
    name="packed",
    title="score + select, packed register",
    order="sorted",
    contenders=(
        Contender(
            name="casemgmt",
            packages=("casemgmt", "numpy", "numba"),
            ties="written order",
            prepare=_ours,
            read=_from_selection,
        ),
        Contender(
            name="NumPy, the same packed arrays",
            packages=("numpy",),
            ties="written order",
            prepare=in_numpy.packed,
            read=_from_rows,
        ),
        Contender(
            name="NumPy, loose columns",
            packages=("numpy",),
            ties="written order",
            prepare=in_numpy.loose,
            read=_from_rows,
        ),
        Contender(
            name="polars at its best",
            packages=("polars",),
            ties="all of the tied",
            prepare=in_frames.polars_at_its_best,
            read=_from_columns,
        ),
        Contender(
            name="polars by rank",
            packages=("polars",),
            ties="some of the tied",
            prepare=in_frames.polars_by_rank,
            read=_from_columns,
        ),
        Contender(
            name="DuckDB by rank",
            packages=("duckdb",),
            ties="some of the tied",
            prepare=in_frames.duckdb_by_rank,
            read=_from_columns,
        ),
        Contender(
            name="pandas by rank",
            packages=("pandas",),
            ties="some of the tied",
            prepare=in_frames.pandas_by_rank,
            read=_from_columns,
        ),
        Contender(
            name="casemgmt, with the published table",
            packages=("casemgmt", "pyarrow"),
            ties="written order",
            prepare=_ours_as_table,
            read=_from_table,
            more=True,
        ),
    ),
)

WORKS = (PACKED,)
