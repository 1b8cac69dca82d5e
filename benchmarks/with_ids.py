"""The works with ids in polars, DuckDB and pandas, from frames and from files.

Each does the same job: refuse a repeated patient id, score, rank within each practice those who do not object, take at
most 3% of the list, add every resident, and give practice_id, patient_id, score, by_risk and resident.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.answers import COLUMNS, RESIDENTS, SHARE_PER_CENT, DuplicateError
from benchmarks.expressions import pandas_total, polars_packed_column, polars_total, sql_total
from benchmarks.files import COMPRESSION
from benchmarks.works import Inputs
from casemgmt.risk.inputs import MILLION

Run = Callable[[], Any]
# From a lazy frame, and what stands for the fields in it, to the selected.
Polars = Callable[[Any, "_Fields"], Any]


class _Fields:
    """The expressions that a polars contender needs, over columns as a practice system gives them."""

    def __init__(self) -> None:
        import polars as pl

        self.column: Callable[[str], Any] = pl.col
        self.man = pl.col("sex") == "M"
        self.resident = pl.col("care_home_type").is_in(RESIDENTS)


class _PackedFields(_Fields):
    """The same, over a packed file."""

    def __init__(self, path: Path) -> None:
        import polars as pl

        places = ours.packed_places(path)
        self.column = polars_packed_column(places)
        self.man = self.column("sex") == places["sex"].code("M")
        homes = [places["care_home_type"].code(name) for name in RESIDENTS]
        self.resident = self.column("care_home_type").is_in(pl.Series(homes, dtype=pl.UInt64).implode())


def _polars_scored(people: Any, fields: _Fields, *, branches: bool) -> Any:
    import polars as pl

    total = polars_total(fields.man, branches=branches, column=fields.column)
    score = pl.when(~fields.column("objected")).then(total)
    return people.select("practice_id", "patient_id", score=score, resident=fields.resident)


def _polars_chosen(people: Any) -> Any:
    import polars as pl

    chosen = people.filter(pl.col("by_risk") | pl.col("resident"))
    texts = (pl.col("practice_id").cast(pl.String), pl.col("patient_id").cast(pl.String))  # ids are packed as bytes
    return chosen.with_columns(*texts, pl.col("score") / MILLION).select(COLUMNS)


def by_rank(people: Any, fields: _Fields) -> Any:
    """The way people write it: a rank over the practice."""
    import polars as pl

    scored = _polars_scored(people, fields, branches=False).collect()
    if scored["patient_id"].n_unique() != len(scored):
        raise DuplicateError
    places = pl.len().over("practice_id") * SHARE_PER_CENT // 100
    rank = pl.col("score").rank("ordinal", descending=True).over("practice_id")
    return _polars_chosen(scored.with_columns(by_risk=(rank <= places).fill_null(False)))


def at_its_best(people: Any, fields: _Fields) -> Any:
    """The streaming engine, practices as categories, ids told apart by their hashes, one threshold a practice."""
    import polars as pl

    scored = _polars_scored(people, fields, branches=True)
    scored = scored.with_columns(pl.col("practice_id").cast(pl.Categorical)).collect(engine="streaming")
    if scored["patient_id"].hash().n_unique() != len(scored):
        raise DuplicateError
    top = pl.col("score").top_k(pl.len() * SHARE_PER_CENT // 100)
    cuts = scored.lazy().group_by("practice_id").agg(cut=top.min())
    by_risk = (pl.col("score") >= pl.col("cut")).fill_null(False)
    joined = scored.lazy().join(cuts, on="practice_id", how="left").with_columns(by_risk=by_risk)
    return _polars_chosen(joined).collect()


def polars_from_polars(way: Polars) -> Callable[[Inputs], Run]:
    """From the polars frame."""

    def prepare(inputs: Inputs) -> Run:
        frame = inputs.polars_frame
        return lambda: way(frame.lazy(), _Fields())

    return prepare


def polars_from_pandas(way: Polars) -> Callable[[Inputs], Run]:
    """From the pandas frame, taken over first."""

    def prepare(inputs: Inputs) -> Run:
        import polars as pl

        frame = inputs.pandas_frame
        return lambda: way(pl.from_pandas(frame).lazy(), _Fields())

    return prepare


def _polars_written(chosen: Any, out: Path) -> Path:
    chosen.write_parquet(out, compression=COMPRESSION)
    return out


def polars_from_wide(way: Polars, written: Callable[[Any, Path], Path] = _polars_written) -> Callable[[Inputs], Run]:
    """From the wide file to another."""

    def prepare(inputs: Inputs) -> Run:
        import polars as pl

        path, out = inputs.wide, inputs.out
        return lambda: written(way(pl.scan_parquet(path), _Fields()), out)

    return prepare


def polars_from_csv(way: Polars) -> Callable[[Inputs], Run]:
    """From the CSV file; ids and codes stay text, as they would be by the first rows of any such file."""

    def prepare(inputs: Inputs) -> Run:
        import polars as pl

        path, out = inputs.csv, inputs.out
        texts = dict.fromkeys(("patient_id", "practice_id"), pl.String)
        return lambda: _polars_written(way(pl.scan_csv(path, schema_overrides=texts), _Fields()), out)

    return prepare


def polars_from_packed(way: Polars) -> Callable[[Inputs], Run]:
    """From the packed file, its bits taken apart by expressions; polars does not look at page checksums."""

    def prepare(inputs: Inputs) -> Run:
        import polars as pl

        path, out = inputs.packed_file, inputs.out
        return lambda: _polars_written(way(pl.scan_parquet(path), _PackedFields(path)), out)

    return prepare


def duckdb_from_polars(inputs: Inputs) -> Run:
    """DuckDB over the polars frame."""
    return _duckdb_from_frame(inputs.polars_frame, inputs.threads)


def duckdb_from_pandas(inputs: Inputs) -> Run:
    """DuckDB over the pandas frame."""
    return _duckdb_from_frame(inputs.pandas_frame, inputs.threads)


def _duckdb_from_frame(frame: Any, threads: int) -> Run:
    connection = _duckdb(threads)
    connection.register("people", frame)

    def run() -> Any:
        _duckdb_unique(connection, "people")
        return connection.sql(_duckdb_query("people")).to_arrow_table()

    return run


def duckdb_from_wide(inputs: Inputs) -> Run:
    """DuckDB from the wide file to another."""
    return _duckdb_from_file(f"read_parquet('{inputs.wide}')", inputs)


def duckdb_from_csv(inputs: Inputs) -> Run:
    """DuckDB from the CSV file, read once into a table of its own, since it is asked twice."""
    return _duckdb_from_file(f"read_csv('{inputs.csv}', types = {{'patient_id': 'VARCHAR'}})", inputs, held=True)


def _duckdb_from_file(people: str, inputs: Inputs, *, held: bool = False) -> Run:
    connection, out = _duckdb(inputs.threads), inputs.out

    def run() -> Path:
        source = people
        if held:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE people AS SELECT * FROM {people}")
            source = "people"
        _duckdb_unique(connection, source)
        connection.execute(f"COPY ({_duckdb_query(source)}) TO '{out}' (FORMAT parquet, COMPRESSION {COMPRESSION})")
        return out

    return run


def _duckdb(threads: int) -> Any:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    return connection


def _duckdb_unique(connection: Any, people: str) -> None:
    if connection.execute(f"SELECT count(*) <> count(DISTINCT patient_id) FROM {people}").fetchall()[0][0]:
        raise DuplicateError


def _duckdb_query(people: str) -> str:
    homes = ", ".join(f"'{name}'" for name in RESIDENTS)
    men = "sex = 'M'"
    return f"""
        WITH scored AS (
            SELECT practice_id, patient_id, care_home_type IN ({homes}) AS resident,
                   CASE WHEN NOT objected THEN {sql_total(men)} END AS score
            FROM {people}
        )
        SELECT practice_id, patient_id, score / {MILLION} AS score,
               score IS NOT NULL
               AND row_number() OVER (PARTITION BY practice_id ORDER BY score DESC NULLS LAST)
                   <= count(*) OVER (PARTITION BY practice_id) * {SHARE_PER_CENT} // 100 AS by_risk,
               resident
        FROM scored
        QUALIFY by_risk OR resident
    """


def pandas_from_pandas(inputs: Inputs) -> Run:
    """From the pandas frame."""
    frame = inputs.pandas_frame
    return lambda: _pandas_chosen(frame)


def pandas_from_polars(inputs: Inputs) -> Run:
    """From the polars frame, taken over first."""
    frame = inputs.polars_frame
    return lambda: _pandas_chosen(frame.to_pandas())


def pandas_from_wide(inputs: Inputs) -> Run:
    """From the wide file to another."""
    import pandas as pd

    path, out = inputs.wide, inputs.out

    def run() -> Path:
        _pandas_chosen(pd.read_parquet(path)).to_parquet(out, compression=COMPRESSION, index=False)
        return out

    return run


def pandas_from_csv(inputs: Inputs) -> Run:
    """From the CSV file."""
    import pandas as pd

    path, out = inputs.csv, inputs.out

    def run() -> Path:
        frame = pd.read_csv(path, dtype={"patient_id": str}, keep_default_na=False)
        _pandas_chosen(frame).to_parquet(out, compression=COMPRESSION, index=False)
        return out

    return run


def _pandas_chosen(frame: Any) -> Any:
    if frame["patient_id"].duplicated().any():
        raise DuplicateError
    score = pandas_total(frame, frame["sex"] == "M").mask(frame["objected"])
    by_practice = score.groupby(frame["practice_id"])
    rank = by_practice.rank(method="first", ascending=False)
    by_risk = rank <= by_practice.transform("size") * SHARE_PER_CENT // 100
    resident = frame["care_home_type"].isin(RESIDENTS)
    chosen = by_risk | resident
    return frame.loc[chosen, ["practice_id", "patient_id"]].assign(
        score=score[chosen] / MILLION, by_risk=by_risk[chosen], resident=resident[chosen]
    )
