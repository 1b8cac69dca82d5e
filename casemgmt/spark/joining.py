"""Conditions derived in Spark joined to the list of patients, as :func:`casemgmt.build_register` joins them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from casemgmt.codes.joining import NOT_WRITTEN_ALIKE, lost_their_zeros, of_few_people, written_in_another_way
from casemgmt.errors import InputError, listed, missing_columns, plural
from casemgmt.spark.conditions import SparkDerived
from casemgmt.spark.versions import by_bytes, types_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_ID = "casemgmt_patient"


def with_conditions(
    frame: DataFrame,
    derived: SparkDerived,
    *,
    columns: Mapping[str, str] | None = None,
    allow_unmatched: bool = False,
) -> DataFrame:
    """The list of patients with the conditions that were derived: a frame for :func:`casemgmt.spark.select`.

    Who has no record has no condition and counts of 0; latest days stay missing. Records of people who are not on the
    list are left out.

    Parameters
    ----------
    frame : one row a registered patient
    derived : what :func:`derive_conditions` gave
    columns : the frame's column name → ours, as :func:`casemgmt.spark.select` takes it: here for ``patient_id``
    allow_unmatched : take records of which fewer than a fifth of the patients are on the list, such as those of a whole
        region for one practice

    Raises
    ------
    InputError
        A column that is there already; records of other people than the list's; ids of records that are numbers where
        the list's begin with zeros, or that would be on the list but for case, spaces, hyphens or leading zeros.
    """
    from pyspark.sql import functions as F

    names = [name for name in derived.table.columns if name != "patient_id"]
    clash = [name for name in names if name in frame.columns]
    if clash:
        raise InputError(
            f"{plural(len(clash), 'column')} in the list and made from events: {listed(clash)}. Leave one out: drop "
            "it, or rename the condition with CodeList.renamed."
        )
    # Spark takes names that differ in case alone for one.
    rows = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))
    ids = by_bytes(F.col(f"c{_place_of_ids(frame, columns or {})}").cast("string"))
    table = derived.table.select("patient_id", *(f"`{name}`" for name in names))
    table = table.toDF(_ID, *(f"m{i}" for i in range(len(names)))).withColumn(_ID, F.col(_ID).cast("string"))
    _check_met(rows.select(ids.alias(_ID)).where(f"{_ID} is not null").distinct(), table, derived, allow_unmatched)
    joined = rows.join(table, ids == F.col(_ID), "left")
    filled = [_filled(f"m{i}", kind) for i, (_, kind) in enumerate(table.dtypes[1:])]
    return joined.select(*rows.columns, *filled).toDF(*frame.columns, *names)


def _filled(name: str, kind: str) -> Column:
    """A column in which who has no record has no condition, and a count of 0."""
    from pyspark.sql import functions as F

    if kind == "date":
        return F.col(name)
    return F.coalesce(F.col(name), F.lit(False) if kind == "boolean" else F.lit(0)).alias(name)


def _place_of_ids(frame: DataFrame, columns: Mapping[str, str]) -> int:
    """Where the list has its patients."""
    named = [place for place, name in enumerate(frame.columns) if columns.get(name, name) == "patient_id"]
    if len(named) != 1:
        raise missing_columns(["patient_id"], list(frame.columns), "this call")
    return named[0]


def _check_met(ids: DataFrame, made: DataFrame, derived: SparkDerived, allowed: bool) -> None:
    """Refuse records whose patients are not those of the list."""
    import pyarrow as pa
    from pyspark.sql import functions as F

    person = F.col(_ID)
    kind = types_of(derived.table.select("patient_id"))[0]
    if pa.types.is_integer(kind) and (padded := ids.where(person.rlike("^0[0-9]+$")).count()):
        raise lost_their_zeros("events", kind, padded)
    patients, met = made.count(), made.join(ids, _ID, "left_semi").count()
    if allowed or met == patients:
        return
    of_few_people("events", met, patients, lambda: "Check that both write patient_id alike.")
    plain = F.regexp_replace(F.lower(person), NOT_WRITTEN_ALIKE, "")
    plain = F.regexp_replace(F.regexp_replace(plain, r"\.0+$", ""), "^0+", "").alias("plain")
    strangers = made.select(_ID).join(ids, _ID, "left_anti").select(plain)
    found = strangers.join(ids.select(plain).distinct(), "plain", "left_semi")
    written_in_another_way("events", found.count(), patients)
