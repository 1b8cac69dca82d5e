"""The table of works and contenders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bounds, in_frames, in_numpy, ours, own_scores, published, with_ids
from benchmarks.answers import Answer, Ties, answer_of, answer_of_table
from benchmarks.coded_works import CODED
from benchmarks.data import people_of
from benchmarks.fitting import EVALUATE, FIT
from benchmarks.works import Contender, Inputs, Work

Prepare = Callable[[Inputs], Callable[[], Any]]
Read = Callable[[Any], Answer]

OURS = ("casemgmt", "numpy", "numba", "pyarrow")


def _ours(inputs: Inputs) -> Callable[[], Any]:
    import casemgmt as cm

    register, scheme, model = inputs.register, inputs.scheme, inputs.model
    return lambda: cm.select(register, scheme, model=model, threads=inputs.threads)


def _ours_as_table(inputs: Inputs) -> Callable[[], Any]:
    select = _ours(inputs)
    return lambda: select().to_arrow()


def _ours_from_polars(inputs: Inputs) -> Callable[[], Any]:
    frame, scheme, model = inputs.polars_frame, inputs.scheme, inputs.model
    return lambda: ours.select_frame(frame, scheme, model, inputs.threads)


def _ours_from_pandas(inputs: Inputs) -> Callable[[], Any]:
    frame, scheme, model = inputs.pandas_frame, inputs.scheme, inputs.model
    return lambda: ours.select_frame(frame, scheme, model, inputs.threads)


def _ours_from_wide(inputs: Inputs) -> Callable[[], Any]:
    path, scheme, model = inputs.wide, inputs.scheme, inputs.model
    return lambda: ours.select_file(path, inputs.out, scheme, model, inputs.threads) or inputs.out


def _ours_from_csv(inputs: Inputs) -> Callable[[], Any]:
    path, scheme, model = inputs.csv, inputs.scheme, inputs.model
    return lambda: ours.select_csv(path, inputs.out, scheme, model, inputs.threads) or inputs.out


def _ours_from_packed(inputs: Inputs) -> Callable[[], Any]:
    path, scheme, model = inputs.packed_file, inputs.scheme, inputs.model
    return lambda: ours.select_packed(path, inputs.out, scheme, model, inputs.threads) or inputs.out


def _from_selection(selection: Any) -> Answer:
    choice = selection.workings.choice
    return answer_of(choice.rows, choice.member & np.uint32(1) != 0)


def _from_published(table: Any) -> Answer:
    people = people_of(table.column("patient_id").combine_chunks())
    return answer_of(people, table.column("highest_risk").to_numpy())


def _from_rows(found: tuple[Any, Any]) -> Answer:
    return answer_of(*found)


def _from_columns(found: Any) -> Answer:
    return answer_of(np.asarray(found["row"]), np.asarray(found["by_risk"]))


def _from_polars(frame: Any) -> Answer:
    return answer_of_table(frame.to_arrow())


def _from_codes(table: Any) -> Answer:
    """An Arrow table whose practices are codes of a dictionary."""
    import pyarrow as pa

    practice = table.column("practice_id").cast(pa.string())
    return answer_of_table(table.set_column(0, "practice_id", practice))


def _from_categories(frame: Any) -> Answer:
    import polars as pl

    return _from_polars(frame.with_columns(pl.col("practice_id").cast(pl.String)))


def _from_pandas(frame: Any) -> Answer:
    import pyarrow as pa

    return answer_of_table(pa.Table.from_pandas(frame, preserve_index=False))


def _from_file(path: Path) -> Answer:
    return answer_of_table(_read(path))


def _read(path: Path) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.read()


def _from_ours(table: Any) -> Answer:
    return answer_of_table(ours.works_columns(table))


def _from_our_file(path: Path) -> Answer:
    return _from_ours(_read(path))


def _polars_ready(inputs: Inputs) -> None:
    _ = inputs.truth, inputs.polars_frame
    inputs.let_people_go()


def _pandas_ready(inputs: Inputs) -> None:
    _ = inputs.truth, inputs.pandas_frame
    inputs.let_people_go()


def _wide_ready(inputs: Inputs) -> None:
    _ = inputs.truth, inputs.wide
    inputs.let_people_go()


def _csv_ready(inputs: Inputs) -> None:
    _ = inputs.truth, inputs.csv
    inputs.let_people_go()


def _packed_ready(inputs: Inputs) -> None:
    _wide_ready(inputs)
    _ = inputs.packed_file


def _casemgmt(prepare: Prepare, read: Read) -> Contender:
    return Contender(key="casemgmt", name="casemgmt", packages=OURS, ties="written order", prepare=prepare, read=read)


def _polars_by_rank(prepare: Prepare, read: Read) -> Contender:
    return _other("polars-rank", "polars by rank", "polars", "some of the tied", prepare, read)


def _polars_at_its_best(prepare: Prepare, read: Read) -> Contender:
    return _other("polars-best", "polars at its best", "polars", "all of the tied", prepare, read)


def _duckdb(prepare: Prepare, read: Read) -> Contender:
    return _other("duckdb", "DuckDB by rank", "duckdb", "some of the tied", prepare, read)


def _pandas(prepare: Prepare, read: Read) -> Contender:
    return _other("pandas", "pandas by rank", "pandas", "some of the tied", prepare, read)


def _other(key: str, name: str, package: str, ties: Ties, prepare: Prepare, read: Read) -> Contender:
    # polars works without pyarrow; the others read frames, text or Parquet with it.
    packages = (package,) if package == "polars" else (package, "pyarrow")
    return Contender(key=key, name=name, packages=packages, ties=ties, prepare=prepare, read=read)


def _numpy(key: str, name: str, prepare: Prepare) -> Contender:
    return Contender(key=key, name=name, packages=("numpy",), ties="written order", prepare=prepare, read=_from_rows)


PACKED = Work(
    name="packed",
    title="in memory, packed: score + select",
    orders=("sorted",),
    contenders=(
        _casemgmt(_ours, _from_selection),
        _numpy("numpy", "NumPy, the same packed arrays", in_numpy.packed),
        _numpy("numpy-loose", "NumPy, loose columns", in_numpy.loose),
        _polars_by_rank(in_frames.polars_by_rank, _from_columns),
        _polars_at_its_best(in_frames.polars_at_its_best, _from_columns),
        _duckdb(in_frames.duckdb_by_rank, _from_columns),
        _pandas(in_frames.pandas_by_rank, _from_columns),
        Contender(
            key="casemgmt-table",
            name="casemgmt, with the published table",
            packages=OURS,
            ties="written order",
            prepare=_ours_as_table,
            read=_from_published,
            more=True,
        ),
        bounds.PACKED,
    ),
)

OWN_SCORES = Work(
    name="own-scores",
    title="in memory, the user's own risk column → selected table",
    orders=("sorted",),
    contenders=(
        _casemgmt(own_scores.in_casemgmt, _from_ours),
        _other("numpy", "NumPy, a partition a practice", "numpy", "some of the tied", own_scores.in_numpy, _from_codes),
        _polars_by_rank(own_scores.polars_by_rank, _from_categories),
        _polars_at_its_best(own_scores.polars_at_its_best, _from_categories),
        bounds.OWN_SCORES,
    ),
)

POLARS_FRAME = Work(
    name="polars-frame",
    title="from a polars frame, text ids, duplicate check",
    orders=("shuffled", "sorted"),
    ready=_polars_ready,
    contenders=(
        _casemgmt(_ours_from_polars, _from_ours),
        _polars_by_rank(with_ids.polars_from_polars(with_ids.by_rank), _from_polars),
        _polars_at_its_best(with_ids.polars_from_polars(with_ids.at_its_best), _from_polars),
        _duckdb(with_ids.duckdb_from_polars, answer_of_table),
        _pandas(with_ids.pandas_from_polars, _from_pandas),
        bounds.POLARS_IDS,
        bounds.POLARS_DISTINCT,
    ),
)

PANDAS_FRAME = Work(
    name="pandas-frame",
    title="from a pandas frame, text ids, duplicate check",
    orders=("shuffled", "sorted"),
    ready=_pandas_ready,
    contenders=(
        _casemgmt(_ours_from_pandas, _from_ours),
        _polars_by_rank(with_ids.polars_from_pandas(with_ids.by_rank), _from_polars),
        _polars_at_its_best(with_ids.polars_from_pandas(with_ids.at_its_best), _from_polars),
        _duckdb(with_ids.duckdb_from_pandas, answer_of_table),
        _pandas(with_ids.pandas_from_pandas, _from_pandas),
        bounds.PANDAS_IDS,
        bounds.PANDAS_DISTINCT,
    ),
)

WIDE_FILE = Work(
    name="wide-file",
    title="wide Parquet → selected Parquet",
    orders=("shuffled", "sorted"),
    files=True,
    ready=_wide_ready,
    contenders=(
        _casemgmt(_ours_from_wide, _from_our_file),
        _polars_by_rank(with_ids.polars_from_wide(with_ids.by_rank), _from_file),
        _polars_at_its_best(with_ids.polars_from_wide(with_ids.at_its_best), _from_file),
        _duckdb(with_ids.duckdb_from_wide, _from_file),
        _pandas(with_ids.pandas_from_wide, _from_file),
        bounds.WIDE_FILE,
    ),
)

CSV_FILE = Work(
    name="csv-file",
    title="CSV → selected Parquet",
    orders=("shuffled",),
    files=True,
    most=1_000_000,
    ready=_csv_ready,
    contenders=(
        _casemgmt(_ours_from_csv, _from_our_file),
        _polars_by_rank(with_ids.polars_from_csv(with_ids.by_rank), _from_file),
        _polars_at_its_best(with_ids.polars_from_csv(with_ids.at_its_best), _from_file),
        _duckdb(with_ids.duckdb_from_csv, _from_file),
        _pandas(with_ids.pandas_from_csv, _from_file),
        bounds.CSV_FILE,
    ),
)

PACKED_FILE = Work(
    name="packed-file",
    title="packed file, checksums verified → selected Parquet (the others from wide Parquet)",
    orders=("sorted",),
    files=True,
    ready=_packed_ready,
    contenders=(
        _casemgmt(_ours_from_packed, _from_our_file),
        *WIDE_FILE.contenders[1:-1],
        _other(
            "polars-rank-packed",
            "polars by rank, on the packed file",
            "polars",
            "some of the tied",
            with_ids.polars_from_packed(with_ids.by_rank),
            _from_file,
        ),
        _other(
            "polars-best-packed",
            "polars at its best, on the packed file",
            "polars",
            "all of the tied",
            with_ids.polars_from_packed(with_ids.at_its_best),
            _from_file,
        ),
        bounds.PACKED_FILE,
    ),
)

# A whole process a call takes seconds: it is asked for by name.
PUBLISHED = Work(
    name="published",
    title="wide Parquet → a published list for every practice, the whole process",
    orders=("shuffled", "sorted"),
    files=True,
    by_default=False,
    ready=_wide_ready,
    contenders=(
        _casemgmt(published.by_casemgmt, published.from_lists),
        Contender(
            key="polars-best",
            name="polars at its best, a CSV file a practice",
            packages=("polars",),
            ties="all of the tied",
            prepare=published.by_polars,
            read=published.from_parts,
            less=True,
        ),
    ),
)

WORKS = (
    PACKED,
    OWN_SCORES,
    POLARS_FRAME,
    PANDAS_FRAME,
    WIDE_FILE,
    CSV_FILE,
    PACKED_FILE,
    PUBLISHED,
    *CODED,
    FIT,
    EVALUATE,
)
