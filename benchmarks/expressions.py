"""The benchmark model's formula in the words of polars, SQL and pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.formula import AGE_FROM, AGE_SQUARE, COUNTS, FLAGS, IMD_STEP, INTERCEPT, MALE
from benchmarks.ours import Place


def polars_total(men: Any, *, branches: bool, column: Callable[[str], Any] | None = None) -> Any:
    """The sum in millionths, as a polars expression.

    Parameters
    ----------
    men : expression, true for men
    branches : each flag as ``when … then``, which the engine runs quicker, in place of a cast and a product
    column : name → expression of a field; by default the column of that name
    """
    import polars as pl

    of = pl.col if column is None else column
    total = pl.lit(INTERCEPT, pl.Int32)
    for name, weight in FLAGS.items():
        if branches:
            total = total + pl.when(of(name)).then(pl.lit(weight, pl.Int32)).otherwise(pl.lit(0, pl.Int32))
        else:
            total = total + of(name).cast(pl.Int32) * weight
    years = (of("age").cast(pl.Int32) - AGE_FROM).clip(lower_bound=0)
    parts = [
        men.cast(pl.Int32) * MALE,
        (10 - of("imd_decile").cast(pl.Int32)) * IMD_STEP,
        years * years * AGE_SQUARE,
        *(of(name).clip(upper_bound=cap).cast(pl.Int32) * weight for name, (weight, cap) in COUNTS.items()),
    ]
    for part in parts:
        total = total + part
    return total


def polars_packed_column(places: Mapping[str, Place]) -> Callable[[str], Any]:
    """Name → polars expression of a field of a packed file: a flag as true or false, a number as itself.

    A whole number of few values is held as its place among values that count from 1 after None, which is the number.
    """
    import polars as pl

    def column(name: str) -> Any:
        place = places[name]
        if place.mask is None:
            return pl.col(place.column)
        bits = pl.col(place.column) & pl.lit(place.mask << place.shift, pl.UInt64)
        if set(place.values) <= {False, True, None}:
            return bits == pl.lit(place.code(True) << place.shift, pl.UInt64)
        return bits // pl.lit(1 << place.shift, pl.UInt64)

    return column


def sql_total(men: str) -> str:
    """The sum in millionths, as SQL; ``men`` is an expression that is 1 for men."""
    terms = [
        str(INTERCEPT),
        *(f"{weight} * {name}::INT" for name, weight in FLAGS.items()),
        f"{MALE} * ({men})::INT",
        f"{IMD_STEP} * (10 - imd_decile::INT)",
        f"{AGE_SQUARE} * greatest(age::INT - {AGE_FROM}, 0) * greatest(age::INT - {AGE_FROM}, 0)",
        *(f"{weight} * least({name}, {cap})::INT" for name, (weight, cap) in COUNTS.items()),
    ]
    return " + ".join(terms)


def pandas_total(frame: Any, men: Any) -> Any:
    """The sum in millionths, as a pandas Series."""
    total = INTERCEPT + MALE * men.astype("int32") + IMD_STEP * (10 - frame["imd_decile"].astype("int32"))
    for name, weight in FLAGS.items():
        total += frame[name].astype("int32") * weight
    total += AGE_SQUARE * (frame["age"].astype("int32") - AGE_FROM).clip(lower=0) ** 2
    for name, (weight, cap) in COUNTS.items():
        total += frame[name].clip(upper=cap).astype("int32") * weight
    return total
