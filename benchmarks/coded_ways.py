"""The coded works in casemgmt, polars and DuckDB: from rows of patient and code to a Charlson score a patient.

casemgmt checks and matches every distinct code, and every id, in the timed call, and gives patients in the order of
their ids. The others are given the distinct codes with their conditions as bits, and the score of every set of
conditions, beforehand; they check nothing, and their patients come in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.coded_rows import CodedRows, loaded, scores_by_mask
from benchmarks.files import COMPRESSION

Run = Callable[[], Any]
LIST_DATE = "2024-02-01"


def _scored(rows: Any) -> Any:
    import casemgmt as cm

    model, codelist = loaded()
    return cm.derive_conditions(rows, codelist, as_of=LIST_DATE, undated_as_ever=True).score(model)


def ours(*, dictionary: bool) -> Callable[[CodedRows], Run]:
    """The public API, on an Arrow table in one piece, as polars has its frame."""

    def prepare(inputs: CodedRows) -> Run:
        import pyarrow as pa

        from casemgmt.arrow import in_one_piece

        loaded()
        chunked = inputs.table(dictionary=dictionary)
        rows = pa.table({name: in_one_piece(chunked.column(name)) for name in chunked.column_names})
        return lambda: _scored(rows)

    return prepare


def ours_from_file(inputs: CodedRows) -> Run:
    """The public API, from a file to another."""
    import pyarrow.parquet as pq

    loaded()

    def run() -> Path:
        pq.write_table(_scored(inputs.file), inputs.out, compression=COMPRESSION, use_dictionary=False)
        return inputs.out

    return run


def _polars_scores(rows: Any, inputs: CodedRows) -> Any:
    """Codes as numbers of a fixed list, their bits looked up by number, one or over a patient, the score looked up."""
    import polars as pl

    bits, scores = pl.lit(pl.Series(inputs.masks)), pl.lit(pl.Series(scores_by_mask()))
    number = pl.col("code").cast(pl.Enum(inputs.codes)).to_physical()
    found = rows.select("patient_id", bits=bits.gather(number)).group_by("patient_id").agg(pl.col("bits").bitwise_or())
    return found.select("patient_id", score=scores.gather(pl.col("bits")))


def polars(*, dictionary: bool) -> Callable[[CodedRows], Run]:
    """Streaming engine, on a polars frame; where codes are a dictionary, the frame's are an Enum."""

    def prepare(inputs: CodedRows) -> Run:
        import polars as pl

        frame = pl.from_arrow(inputs.table(dictionary=dictionary)).rechunk()
        if dictionary:
            frame = frame.with_columns(pl.col("code").cast(pl.Enum(inputs.codes)))
        scores = _polars_scores(frame.lazy(), inputs)
        return lambda: scores.collect(engine="streaming")

    return prepare


def polars_from_file(inputs: CodedRows) -> Run:
    """Streaming engine, from a file to another."""
    import polars as pl

    scores = _polars_scores(pl.scan_parquet(inputs.file), inputs)

    def run() -> Path:
        scores.sink_parquet(inputs.out, compression=COMPRESSION, engine="streaming")
        return inputs.out

    return run


# Codes that count are joined, so that few rows meet a partner; the others' patients have no bits, which is 0.
_QUERY = """
    SELECT patient_id, score
    FROM (SELECT patient_id, coalesce(bit_or(bits), 0) AS bits FROM {rows} LEFT JOIN codes USING (code) GROUP BY ALL)
    JOIN scores USING (bits)
"""


def _duckdb(inputs: CodedRows) -> Any:
    """A connection that holds the tables of codes and of scores."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    connection.execute(f"SET threads = {inputs.threads}")
    connection.execute("SET preserve_insertion_order = false")
    masks, scores = inputs.masks, scores_by_mask()
    counts = masks > 0
    tables = {
        "codes": pa.table({"code": pa.array(inputs.codes).filter(pa.array(counts)), "bits": masks[counts]}),
        "scores": pa.table({"bits": np.arange(len(scores), dtype=np.int32), "score": scores}),
    }
    for name, table in tables.items():
        connection.register("given", table)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")
    return connection


def duckdb(*, dictionary: bool) -> Callable[[CodedRows], Run]:
    """Over the Arrow table."""

    def prepare(inputs: CodedRows) -> Run:
        connection = _duckdb(inputs)
        connection.register("rows", inputs.table(dictionary=dictionary))
        return lambda: connection.sql(_QUERY.format(rows="rows")).to_arrow_table()

    return prepare


def duckdb_from_file(inputs: CodedRows) -> Run:
    """From a file to another."""
    connection = _duckdb(inputs)
    query = _QUERY.format(rows=f"read_parquet('{inputs.file}')")

    def run() -> Path:
        connection.execute(f"COPY ({query}) TO '{inputs.out}' (FORMAT parquet, COMPRESSION {COMPRESSION})")
        return inputs.out

    return run
