"""The packed work in polars, DuckDB and pandas: a frame of numbers in, row numbers out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.answers import RESIDENTS, SHARE_PER_CENT
from benchmarks.data import CATEGORIES, SEXES
from benchmarks.expressions import pandas_total, polars_total, sql_total
from benchmarks.works import Inputs

_RESIDENT_CODES = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]
_MAN = SEXES.index("M")


def polars_by_rank(inputs: Inputs) -> Callable[[], Any]:
    """A sum of expressions, then a rank within each practice."""
    import polars as pl

    frame = pl.DataFrame(inputs.population.plain_columns())
    score = pl.when(~pl.col("objected")).then(polars_total(pl.col("sex") == _MAN, branches=False))
    places = pl.len().over("practice") * SHARE_PER_CENT // 100
    by_risk = score.rank("ordinal", descending=True).over("practice") <= places
    resident = pl.col("care_home_type").is_in(_RESIDENT_CODES)
    query = (
        frame.lazy()
        .select("row", by_risk=by_risk.fill_null(False), resident=resident)
        .filter(pl.col("by_risk") | pl.col("resident"))
        .select("row", "by_risk")
    )
    run: Callable[[], Any] = query.collect
    return run


def polars_at_its_best(inputs: Inputs) -> Callable[[], Any]:
    """Conditional sums on the streaming engine, then one threshold a practice from its top few; the tied all stay."""
    import polars as pl

    frame = pl.DataFrame(inputs.population.plain_columns())
    if inputs.order == "sorted":
        frame = frame.with_columns(pl.col("practice").set_sorted())
    total = polars_total(pl.col("sex") == _MAN, branches=True)
    # -2**31 is under every score, so that no null has to be carried.
    score = pl.when(pl.col("objected")).then(pl.lit(-(2**31), pl.Int32)).otherwise(total)
    scored = frame.lazy().select(
        "row",
        "practice",
        score=score,
        resident=pl.col("care_home_type").is_between(min(_RESIDENT_CODES), max(_RESIDENT_CODES)),
    )
    cut = pl.col("score").top_k(pl.len() * SHARE_PER_CENT // 100).min().over("practice")
    by_risk = ((pl.col("score") >= cut) & (pl.col("score") > -(2**31))).fill_null(False)

    def run() -> Any:
        found = scored.collect(engine="streaming").with_columns(by_risk=by_risk)
        return found.filter(pl.col("by_risk") | pl.col("resident")).select("row", "by_risk")

    return run


def duckdb_by_rank(inputs: Inputs) -> Callable[[], Any]:
    """A window rank over DuckDB's own table, held in memory."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    connection.execute(f"SET threads = {inputs.threads}")
    source = pa.table(inputs.population.plain_columns())
    connection.register("source", source)
    connection.execute("CREATE TABLE people AS SELECT * FROM source")
    connection.unregister("source")
    codes = ", ".join(map(str, _RESIDENT_CODES))
    query = f"""
        WITH scored AS (
            SELECT row, practice, care_home_type IN ({codes}) AS resident,
                   CASE WHEN NOT objected THEN {sql_total(f"sex = {_MAN}")} END AS score
            FROM people
        )
        SELECT row, score IS NOT NULL
               AND row_number() OVER (PARTITION BY practice ORDER BY score DESC NULLS LAST)
                   <= count(*) OVER (PARTITION BY practice) * {SHARE_PER_CENT} // 100 AS by_risk
        FROM scored
        QUALIFY by_risk OR resident
    """
    return lambda: connection.execute(query).fetchnumpy()


def pandas_by_rank(inputs: Inputs) -> Callable[[], Any]:
    """A sum of columns, then `groupby.rank`."""
    import pandas as pd

    frame = pd.DataFrame(inputs.population.plain_columns())

    def run() -> Any:
        score = pandas_total(frame, frame["sex"] == _MAN)
        rank = score.mask(frame["objected"]).groupby(frame["practice"]).rank(method="first", ascending=False)
        places = frame.groupby("practice")["row"].transform("size") * SHARE_PER_CENT // 100
        by_risk = rank <= places
        chosen = by_risk | frame["care_home_type"].isin(_RESIDENT_CODES)
        return frame.loc[chosen, ["row"]].assign(by_risk=by_risk[chosen])

    return run
