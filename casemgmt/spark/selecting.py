"""Selecting from a Spark DataFrame, one practice at a time, to the rows that the local engine gives.

Needs pyspark 3.5 or later (``pip install "casemgmt[spark]"``), and casemgmt in the Python of every worker.

Each practice is read, checked and ranked by one worker; what only the whole register can tell (ids in two practices,
codes that differ only in case, columns nobody can read, nominations over the cap) is found in Spark or on the driver,
to which nothing but practice codes, counts and messages travel. The frame is read four times, and once more where ids
stand in two practices. What was before stands in the column ``on_caseload``: where a caseload is kept, it is whom
``caseload.on(…)`` holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, no_such_column
from casemgmt.register import fixed_width, lost_zeros
from casemgmt.register.counts import Counts
from casemgmt.register.identity import ODS_PATTERN
from casemgmt.register.limits import MAX_CORRECTED, MAX_QUARANTINED, Limits, Share
from casemgmt.risk.demonstration import is_demonstration
from casemgmt.risk.moved import why_no_risk
from casemgmt.scheme.routes import Band, Scheme
from casemgmt.selection.expected import LIST_SIZE_WITHIN, Expected
from casemgmt.selection.facts import caseload_notes
from casemgmt.selection.keys import refuse_bands_on_risk
from casemgmt.spark.groups import each_group
from casemgmt.spark.ids import MARKS, PRACTICE, ids_with_lost_zeros, marked, text_column
from casemgmt.spark.job import Job, Question, rehearse, with_field_names
from casemgmt.spark.one_practice import select_alone
from casemgmt.spark.result import SparkSelection
from casemgmt.spark.side_by_side import TABLE, in_words, part, side_by_side
from casemgmt.spark.versions import Keeper, to_arrow, types_of
from casemgmt.spark.whole import (
    Account,
    check_columns,
    check_counts,
    check_mappings,
    check_refusals,
    check_whole,
    warn_of_scores,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model
    from casemgmt.selection.places import OverCap

_NUMBER = "number"
# England has some seven thousand practices: with more codes than this, the column holds something else.
_MOST_CODES = 100_000


def select(
    frame: DataFrame,
    scheme: Scheme,
    *,
    as_of: str | dt.date,
    model: Model | None = None,
    score: str | None = None,
    over_cap: OverCap = "error",
    list_sizes: Mapping[str, int] | None = None,
    reference: Reference = "base",
    allow_demonstration: bool = False,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] = (),
    practice_pattern: str = ODS_PATTERN,
    expected_rows: int | None = None,
    max_quarantined: Share = MAX_QUARANTINED,
    max_corrected: Share = MAX_CORRECTED,
    allow_missing_practices: bool | Iterable[str] = False,
    list_size_within: Share | None = LIST_SIZE_WITHIN,
    row_number: str | None = None,
    keep_in: str | None = None,
) -> SparkSelection:
    """Select patients in each practice of a Spark DataFrame, by a scheme and a model or a column of scores.

    The rows are those of ``cm.select(cm.read_register(to_arrow(frame), …), …)``, with the same columns, types and
    values. :mod:`casemgmt.spark.selecting` says how it is done. Of the columns, none may be ``extracted_on``: say it.

    Parameters
    ----------
    frame : one row a registered patient. Every column takes part in deciding whether two rows with one id are
        identical, so choose the columns you need first
    score : a column's name
    row_number : a column of whole numbers that says where each row stood in its source. It is no part of the register;
        quarantine and corrections repeat it as ``source_row``, and of identical repeats the first stays
    keep_in : how the names of three new tables begin that hold what the run gave, patients among it, instead of the
        executors; such as ``"catalog.schema.run"``
    scheme, model, over_cap, list_sizes, reference, allow_demonstration, allow_missing_practices, list_size_within : as
        in :func:`casemgmt.select`. Nothing in a Spark DataFrame says that its people are made up
    as_of, extracted_on, columns, values, date_format, null_means_absent, practice_pattern, expected_rows : as in
        :func:`casemgmt.read_register`, and so are ``max_quarantined`` and ``max_corrected``

    Raises
    ------
    InputError, CapExceededError
        What reading or selecting in one piece would refuse; or the frame was not the same each time it was read.
    """
    _check_arguments(frame, score)
    absent = [null_means_absent] if isinstance(null_means_absent, str) else list(null_means_absent)
    reading: dict[str, Any] = {"as_of": as_of, "extracted_on": extracted_on}
    reading |= {"values": values, "date_format": date_format}
    reading |= {"null_means_absent": absent, "practice_pattern": practice_pattern}
    choosing = _choosing(score, over_cap, reference, allow_demonstration)
    question = Question.of(scheme, model, reading, choosing, list_sizes)
    limits, keeper = Limits.of(max_quarantined, max_corrected), Keeper.of(frame, keep_in)
    expected = Expected.of(list_sizes, None, allow_missing_practices, list_size_within)
    how = (columns or {}, expected_rows, row_number, limits, expected, keeper)
    return _result(scheme, model, *_run(frame, question, *how))


def _choosing(score: str | None, over_cap: OverCap, reference: Reference, allow_demonstration: bool) -> dict[str, Any]:
    said = {"score": score, "over_cap": over_cap, "reference": reference}
    return {**said, "allow_demonstration": allow_demonstration}


def _check_arguments(frame: object, score: object) -> None:
    if not all(hasattr(frame, name) for name in ("groupBy", "toDF", "mapInArrow")):
        raise InputError(f"frame: give a Spark DataFrame, not {type(frame).__name__}; others go to cm.read_register.")
    if score is not None and not isinstance(score, str):
        raise InputError("score: name a column of the frame. Rows of a Spark DataFrame have no order to match.")


def _result(
    scheme: Scheme,
    model: Model | None,
    tables: DataFrame,
    job: Job,
    account: Account,
    accepted: Mapping[str, int],
    in_two_practices: int,
    notes: tuple[str, ...],
) -> SparkSelection:
    parts = {name: part(tables, name) for name in SparkSelection.__dataclass_fields__ if name in job.schemas}
    if model is not None and is_demonstration(model):
        parts["selection"] = parts["selection"].withMetadata("score", {"demonstration_only": True})
    if model is not None and (why := why_no_risk(model, accepted)) is not None:
        parts["selection"] = _without_risks(parts["selection"], scheme, why)
    made = {"account": account, "practices": job.practices, "in_two_practices": in_two_practices, "notes": notes}
    return SparkSelection(**(parts | made), scheme=scheme, model=model)


def _without_risks(selection: DataFrame, scheme: Scheme, why: str) -> DataFrame:
    """The lists of a model that states no risks of these people; a scheme that needs them is refused."""
    from pyspark.sql import functions as F

    refuse_bands_on_risk((route for route in scheme.routes if isinstance(route, Band)), why)
    return selection.withColumn("risk", F.lit(None).cast("double"))


def _run(
    frame: DataFrame,
    question: Question,
    columns: Mapping[str, str],
    expected_rows: int | None,
    row_number: str | None,
    limits: Limits,
    expected: Expected,
    keeper: Keeper,
) -> tuple[DataFrame, Job, Account, Mapping[str, int], int, tuple[str, ...]]:
    """Every table of every practice, checked; the job, the account, each practice's patients, how many ids stand in two
    practices, and notes.
    """
    rows, schema = _opened(frame, row_number)
    schema = with_field_names(schema, columns, question.reading)
    rehearse(question, schema, {})  # what is wrong with the columns is said before any row is read
    rows, widths, led_by_zeros = _trimmed(rows, schema, question)
    rows_of_code = _rows_of_code(rows, schema)
    total = sum(rows_of_code.values())
    if expected_rows is not None and total != expected_rows:
        raise InputError(f"{total:,} rows where {expected_rows:,} were expected: the source is not whole.")
    job = rehearse(question, schema, rows_of_code)
    with_marks, in_two_practices = marked(_keyed(rows, job), job, keeper)
    lost = ids_with_lost_zeros(rows, schema.names) if led_by_zeros else 0
    lost_zeros.warn_of(lost)
    tables = keeper.keep(_selected(with_marks, job, row_number is not None), "lists")
    account, accepted, notes = _checked(tables, job, total, limits, expected)
    notes = (
        *fixed_width.notes_of(widths),
        *lost_zeros.notes_of(lost),
        *notes,
        *caseload_notes(question.scheme, job.names),
    )
    return tables, job, account, accepted, in_two_practices, (*notes, *keeper.notes)


def _opened(frame: DataFrame, row_number: str | None) -> tuple[DataFrame, pa.Schema]:
    """The frame with columns that no name can confuse, the row number last; and what the register's columns are."""
    import pyarrow as pa
    from pyspark.sql import functions as F

    names = list(frame.columns)
    rows = frame.toDF(*(f"c{i}" for i in range(len(names))))
    kinds = types_of(rows)
    number = F.lit(None).cast("bigint")
    kept = list(rows.columns)
    if row_number is not None:
        if names.count(row_number) != 1:
            raise no_such_column("row_number", row_number, names)
        place = names.index(row_number)
        if not pa.types.is_integer(kinds[place]):
            raise InputError(f"row_number= names '{row_number}', which holds {kinds[place]}, not whole numbers.")
        number = F.col(kept[place]).cast("bigint")
        del names[place], kinds[place], kept[place]
    rows = rows.select(*kept, number).toDF(*(f"c{i}" for i in range(len(names))), _NUMBER)
    return rows, pa.schema(list(zip(names, kinds, strict=True)))


def _trimmed(rows: DataFrame, schema: pa.Schema, question: Question) -> tuple[DataFrame, dict[str, int], bool]:
    """The rows without the padding of ids and practice codes, where the whole frame has it; and the widths of those.

    And whether an id begins with a zero, of digits alone.
    """
    from pyspark.sql import functions as F

    values = question.reading["values"] or {}
    asked = [F.max(text_column(schema.names, "patient_id").rlike(r"^ *0+[1-9][0-9]* *\z")).alias("led by zeros")]
    for name in fixed_width.COLUMNS:
        if any(str(key) != str(key).strip(" ") for key in values.get(name, ())):
            continue
        text = text_column(schema.names, name)
        length = F.char_length(text)
        ends, starts = (
            F.coalesce(F.bool_and(each(text, F.lit(" "))), F.lit(False)) for each in (F.endswith, F.startswith)
        )
        asked += [F.min(length).alias(f"least {name}"), F.max(length).alias(f"most {name}")]
        asked += [ends.alias(f"after {name}"), starts.alias(f"before {name}")]
    widths = {}
    found = rows.agg(*asked).first().asDict()
    for name in fixed_width.COLUMNS:
        if not found.get(f"most {name}") or found[f"least {name}"] != found[f"most {name}"]:
            continue
        after, before = found[f"after {name}"], found[f"before {name}"]
        if after != before:
            widths[name] = found[f"most {name}"] * (1 if after else -1)
            own = f"c{schema.names.index(name)}"
            rows = rows.withColumn(own, (F.rtrim if after else F.ltrim)(F.col(own)))
    return rows, widths, bool(found["led by zeros"])


def _rows_of_code(rows: DataFrame, schema: pa.Schema) -> dict[str | None, int]:
    by_code = rows.groupBy(text_column(schema.names, "practice_id").alias(PRACTICE)).count()
    counted = to_arrow(by_code.limit(_MOST_CODES + 1))
    if counted.num_rows > _MOST_CODES:
        raise InputError(f"Column 'practice_id' holds more than {_MOST_CODES:,} codes. Is it the right column?")
    return dict(zip(*(column.to_pylist() for column in counted.columns), strict=True))


def _keyed(rows: DataFrame, job: Job) -> DataFrame:
    """The rows with the practice they stand for; two codes may be mapped to one."""
    from pyspark.sql import functions as F

    code = text_column(job.names, "practice_id")
    if all(code == practice for code, practice in job.code_of.items()):
        return rows.withColumn(PRACTICE, code)
    codes = rows.sparkSession.createDataFrame(list(job.code_of.items()), f"code string, {PRACTICE} string")
    joined = rows.join(F.broadcast(codes), code.eqNullSafe(F.col("code")), "left")
    return joined.drop("code")


def _selected(rows: DataFrame, job: Job, has_numbers: bool) -> DataFrame:
    """Every table of every practice in one frame: a row names its table, and fills that table's column."""
    from casemgmt.arrow import in_one_piece, numpy_of

    def practice_alone(practice: str | None, rows: pa.Table) -> pa.Table:
        numbers = in_one_piece(rows.column(_NUMBER)) if has_numbers else None
        shared, in_two_forms, settled = (numpy_of(rows.column(mark)) for mark in MARKS)
        own = rows.select([f"c{i}" for i in range(len(job.names))]).rename_columns(list(job.names))
        return side_by_side(job.schemas, select_alone(job, practice, own, shared, numbers, in_two_forms, settled))

    return each_group(rows, PRACTICE, practice_alone, in_words(job.schemas))


def _counted(tables: DataFrame, name: str) -> dict[tuple[str | None, str, str], int]:
    """How many rows of a table name each practice, field and reason."""
    keys = ("practice_id", "field", "reason")
    found = to_arrow(part(tables, name).groupBy(*keys).count()).to_pylist()
    return {(row["practice_id"], row["field"], row["reason"]): row["count"] for row in found}


def _checked(
    tables: DataFrame, job: Job, total: int, limits: Limits, expected: Expected
) -> tuple[Account, Mapping[str, int], tuple[str, ...]]:
    """The account of the whole register, the patients of each practice, and notes.

    One error where it, or a practice, cannot be selected from.
    """
    counts = Counts()
    columns = to_arrow(part(tables, "column").select(*job.schemas["column"].names))
    refusals = to_arrow(part(tables, "refusal"))
    if not refusals.num_rows:  # what a practice that was refused met is not known
        check_mappings(job, to_arrow(part(tables, "mapping")))
    notes = check_columns(columns)
    accounts = to_arrow(part(tables, "account"))
    if not refusals.num_rows:
        found = (_counted(tables, name) for name in ("quarantine", "corrections"))
        counts = check_whole(job, limits, expected, accounts, columns, *found)
    check_refusals(refusals)
    account = Account.of(accounts, total)
    warn_of_scores(to_arrow(part(tables, "span")))
    counted = to_arrow(tables.groupBy(TABLE).count())
    check_counts(account, dict(zip(*(column.to_pylist() for column in counted.columns), strict=True)))
    return account, counts.accepted, notes
