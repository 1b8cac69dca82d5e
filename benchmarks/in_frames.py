"""polars, DuckDB and pandas: the way people write it, and polars at its best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.answers import RESIDENTS, SHARE_PER_CENT
from benchmarks.data import CATEGORIES
from benchmarks.formula import AGE_FROM, AGE_SQUARE, COUNTS, FLAGS, IMD_STEP, INTERCEPT, MALE
from benchmarks.works import Inputs

_RESIDENT_CODES = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]


def polars_by_rank(inputs: Inputs) -> Callable[[], Any]:
    """A sum of expressions, then a rank within each practice."""
    import polars as pl

    frame = pl.DataFrame(inputs.population.plain_columns())
    total = pl.lit(INTERCEPT, pl.Int32)
    for name, weight in FLAGS.items():
        total = total + pl.col(name).cast(pl.Int32) * weight
    for part in _polars_numbers():
        total = total + part
    score = pl.when(~pl.col("objected")).then(total)
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
    if inputs.population.order == "sorted":
        frame = frame.with_columns(pl.col("practice").set_sorted())
    total = pl.lit(INTERCEPT, pl.Int32)
    for name, weight in FLAGS.items():
        total = total + pl.when(pl.col(name)).then(pl.lit(weight, pl.Int32)).otherwise(pl.lit(0, pl.Int32))
    for part in _polars_numbers():
        total = total + part
    # -2**31 is under every score, so that no null has to be carried.
    score = pl.when(pl.col("objected")).then(pl.lit(-(2**31), pl.Int32)).otherwise(total)
    scored = frame.lazy().select(
        "row", "practice", score=score, resident=pl.col("care_home_type").is_between(*_ends(_RESIDENT_CODES))
    )
    cut = pl.col("score").top_k(pl.len() * SHARE_PER_CENT // 100).min().over("practice")
    by_risk = ((pl.col("score") >= cut) & (pl.col("score") > -(2**31))).fill_null(False)

    def run() -> Any:
        found = scored.collect(engine="streaming").with_columns(by_risk=by_risk)
        return found.filter(pl.col("by_risk") | pl.col("resident")).select("row", "by_risk")

    return run


def _polars_numbers() -> list[Any]:
    import polars as pl

    years = (pl.col("age").cast(pl.Int32) - AGE_FROM).clip(lower_bound=0)
    return [
        pl.col("sex").cast(pl.Int32) * MALE,
        (10 - pl.col("imd_decile").cast(pl.Int32)) * IMD_STEP,
        years * years * AGE_SQUARE,
        *(pl.col(name).clip(upper_bound=cap).cast(pl.Int32) * weight for name, (weight, cap) in COUNTS.items()),
    ]


def _ends(codes: list[int]) -> tuple[int, int]:
    return min(codes), max(codes)


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
    terms = [
        str(INTERCEPT),
        *(f"{weight} * {name}::INT" for name, weight in FLAGS.items()),
        f"{MALE} * sex",
        f"{IMD_STEP} * (10 - imd_decile::INT)",
        f"{AGE_SQUARE} * greatest(age::INT - {AGE_FROM}, 0) * greatest(age::INT - {AGE_FROM}, 0)",
        *(f"{weight} * least({name}, {cap})::INT" for name, (weight, cap) in COUNTS.items()),
    ]
    codes = ", ".join(map(str, _RESIDENT_CODES))
    query = f"""
        WITH scored AS (
            SELECT row, practice, care_home_type IN ({codes}) AS resident,
                   CASE WHEN NOT objected THEN {" + ".join(terms)} END AS score
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
        score = INTERCEPT + MALE * frame["sex"].astype("int32") + IMD_STEP * (10 - frame["imd_decile"].astype("int32"))
        for name, weight in FLAGS.items():
            score += frame[name].astype("int32") * weight
        score += AGE_SQUARE * (frame["age"].astype("int32") - AGE_FROM).clip(lower=0) ** 2
        for name, (weight, cap) in COUNTS.items():
            score += frame[name].clip(upper=cap).astype("int32") * weight
        rank = score.mask(frame["objected"]).groupby(frame["practice"]).rank(method="first", ascending=False)
        places = frame.groupby("practice")["row"].transform("size") * SHARE_PER_CENT // 100
        by_risk = rank <= places
        chosen = by_risk | frame["care_home_type"].isin(_RESIDENT_CODES)
        return frame.loc[chosen, ["row"]].assign(by_risk=by_risk[chosen])

    return run
