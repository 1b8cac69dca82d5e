"""What only the whole register knows of an id, found in Spark: in two practices, in two forms, with lost zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.register.identity import ANY_ID_FAULT
from casemgmt.spark.groups import each_group
from casemgmt.spark.job import Job
from casemgmt.spark.one_practice import is_settled
from casemgmt.spark.versions import Keeper, by_bytes
from casemgmt.texts.id_forms import LEFT_OUT, OUTSIDE_DIGITS, TEN_DIGITS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

PRACTICE = "practice"
MARKS = _SHARED, _IN_TWO_FORMS, _SETTLED = "shared", "in_two_forms", "settled"
# So many ids are sent to every worker; more are joined by a shuffle.
_FEW_IDS = 100_000


def text_column(names: Sequence[str], name: str) -> Column:
    """A text column of rows whose columns are ``c0``, ``c1`` …, compared byte by byte whatever its collation."""
    from pyspark.sql import functions as F

    return by_bytes(F.col(f"c{names.index(name)}"))


def ids_with_lost_zeros(rows: DataFrame, names: Sequence[str]) -> int:
    """How many ids of digits stand there with different numbers of leading zeros."""
    from pyspark.sql import functions as F

    person = text_column(names, "patient_id")
    ids = rows.select(person.alias("person")).where(F.col("person").rlike(r"^0*[1-9][0-9]*\z"))
    bare = ids.distinct().groupBy(F.regexp_replace("person", "^0+", "")).count()
    return int(bare.where("count > 1").count())


def marked(rows: DataFrame, job: Job, keeper: Keeper) -> tuple[DataFrame, int]:
    """The rows, marked where an id stands under two codes or in two forms; and how many ids stand under two codes."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    person = text_column(job.names, "patient_id")
    practice = F.col(PRACTICE)
    by_person = rows.select(person.alias("person"), practice).where("person is not null").groupBy("person")
    seen = by_person.agg(
        F.min(practice).alias("low"),
        F.max(practice).alias("high"),
        F.count("*").alias("rows"),
        F.count(practice).alias("placed"),
    )
    form = F.lower(F.regexp_replace("person", LEFT_OUT, ""))
    usable = ~F.col("person").rlike(ANY_ID_FAULT) & (form != "")
    # As casemgmt.texts.id_forms.in_two_ways has it.
    shape = F.lower(F.regexp_replace("person", LEFT_OUT, "-"))
    for pattern, keeps in OUTSIDE_DIGITS:
        shape = F.regexp_replace(shape, pattern, "$1" if keeps else "")
    of_form = Window.partitionBy(F.when(usable, form))
    of_shape = Window.partitionBy(F.when(usable, form), F.when(usable, shape))
    whole = F.max(shape == form).over(of_form)
    same = whole | (F.count("*").over(of_shape) > 1) | form.rlike(TEN_DIGITS)
    twice = usable & (F.count("*").over(of_form) > 1) & same
    shared = F.expr("coalesce(low <> high, false) or (placed > 0 and placed < rows)")
    judged = seen.select("person", shared.alias(_SHARED), twice.alias(_IN_TWO_FORMS))
    known = keeper.keep(judged.where(F.col(_SHARED) | F.col(_IN_TWO_FORMS)), "ids")
    count = known.count()
    if not count:
        return rows.withColumns(dict.fromkeys(MARKS, F.lit(False))), 0
    joined = rows.join(F.broadcast(known) if count <= _FEW_IDS else known, person == F.col("person"), "left")
    settled = _settled(joined.where(F.col(_SHARED) & ~F.col(_IN_TWO_FORMS)), job, keeper)
    open_ones = 0
    if settled is None:
        joined = joined.withColumn(_SETTLED, F.lit(False))
    else:
        open_ones = settled.count()
        joined = joined.join(F.broadcast(settled) if open_ones <= _FEW_IDS else settled, "person", "left")
    for mark in MARKS:
        joined = joined.withColumn(mark, F.coalesce(mark, F.lit(False)))
    return joined.drop("person"), known.where(_SHARED).count() - open_ones


def _settled(rows: DataFrame, job: Job, keeper: Keeper) -> DataFrame | None:
    """The ids, of rows that stand under two codes, of patients of whom one registration is open and is kept."""
    from pyspark.sql import functions as F

    if "deregistered_on" not in job.names:
        return None

    def patient_alone(person: str | None, rows: pa.Table) -> pa.Table:
        import pyarrow as pa

        from casemgmt.arrow import column_of, texts

        own = rows.select([f"c{i}" for i in range(len(job.names))]).rename_columns(list(job.names))
        return pa.table({"person": texts([person]), _SETTLED: column_of([is_settled(job, own)], pa.bool_())})

    found = each_group(rows, "person", patient_alone, f"person string, {_SETTLED} boolean")
    return keeper.keep(found.where(F.col(_SETTLED)), "open")
