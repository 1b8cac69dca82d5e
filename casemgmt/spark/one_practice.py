"""One practice selected from alone, to the very rows it has in the whole register.

A practice's list, cut and ties are its own. What the register decides as a whole (codes that cannot be used, ids that
stand in more than one practice, columns nobody can read) comes with the job or goes back with the answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, column_of, in_one_piece, numpy_of, rows_of, text_scalar, texts
from casemgmt.dates import as_date
from casemgmt.errors import CasemgmtError, InputError, InputWarning
from casemgmt.register.cleaning import clean_column
from casemgmt.register.contradictions import contradictions_of
from casemgmt.register.fields import FIELDS
from casemgmt.register.given.values import values_given
from casemgmt.register.identity import long_text
from casemgmt.register.readable_counts import count_of, text_of_count
from casemgmt.register.reading import read_practice
from casemgmt.register.register import Register
from casemgmt.register.registrations import EARLIER
from casemgmt.register.repeats import judge_repeats
from casemgmt.register.verdicts import Verdict
from casemgmt.scheme.routes import Nominated, TopShare
from casemgmt.selection.sentinels import Span
from casemgmt.spark.job import CLEANED_KINDS, Job
from casemgmt.texts.id_forms import TWO_FORMS
from casemgmt.version import __version__

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.results.selection import Selection

IN_TWO_PRACTICES = ("patient_id", "differing rows with one id")
ENDED = ("deregistered_on", EARLIER)
IN_TWO_FORMS = ("patient_id", TWO_FORMS)


def select_alone(
    job: Job,
    practice: str | None,
    rows: pa.Table,
    shared: npt.NDArray[np.bool_],
    numbers: pa.Array | None,
    in_two_forms: npt.NDArray[np.bool_] | None = None,
    settled: npt.NDArray[np.bool_] | None = None,
) -> dict[str, pa.Table]:
    """The tables of one practice, by the names of ``job.schemas``; what cannot be done is a row of ``refusal``.

    Parameters
    ----------
    job : what is asked, and what the register as a whole says
    practice : the code all the rows stand for, after mapping; None for the rows without one
    rows : the practice's rows, in any order, columns as in ``job.names``
    shared : bool, one a row: its id stands under another code, too
    numbers : int64, one a row: where it stood in the source; None where nobody knows
    in_two_forms : bool, one a row: its id is written in another way elsewhere; None where none is
    settled : bool, one a row: :func:`is_settled` of all rows with its id, wherever; None where none is
    """
    in_two_forms, settled = (shared & False if each is None else each for each in (in_two_forms, settled))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)  # nobody reads those of a worker, nor is a practice the whole
            found = _answered(job, practice, rows, (shared, in_two_forms, settled), numbers)
    except CasemgmtError as error:
        said: dict[str, list[Any]] = {
            "practice_id": [practice],
            "error": [type(error).__name__],
            "message": [str(error)],
        }
        return {"refusal": _table(said, job.schemas["refusal"])}
    return {name: table.cast(job.schemas[name]) for name, table in found.items()}


def _answered(
    job: Job,
    practice: str | None,
    rows: pa.Table,
    marks: tuple[npt.NDArray[np.bool_], ...],
    numbers: pa.Array | None,
) -> dict[str, pa.Table]:
    import pyarrow as pa

    if job.question.version != __version__:
        raise InputError(
            f"casemgmt is {job.question.version} where the selection was asked for and {__version__} on a "
            "worker. Install one version everywhere."
        )
    usable = practice is not None and practice in job.practices
    if not usable and practice not in job.refused:
        raise InputError("The frame changed while it was read: it now holds a practice code that it did not hold.")
    if numbers is not None:
        rows, marks, numbers = _in_order(rows, marks, numbers)
    shared, in_two_forms, settled = marks
    earlier = settled & ~in_two_forms
    earlier[earlier] = job.question.registrations.ended(rows.filter(array_of(earlier, pa.bool_())))
    register = _read(job, rows, (shared & ~settled) | in_two_forms | earlier, usable)
    unusable = ("practice_id", job.refused.get(practice, ""))
    faults = [unusable] * len(shared)
    if usable:
        of_ended = [ENDED if ended else IN_TWO_PRACTICES for ended in earlier]
        faults = [IN_TWO_FORMS if two else fault for two, fault in zip(in_two_forms, of_ended, strict=True)]
    register = _with_own_account(register, practice, faults, numbers)
    found = {
        "quarantine": register.quarantine,
        "corrections": register.corrections,
        "column": _columns(job, rows, register),
        "mapping": _mapping(job, rows),
    }
    chosen = {}
    if usable:
        selection = job.question.answer(register)
        chosen = {
            "selection": selection.to_arrow(),
            "summary": _summary(job, selection),
            "unscored": selection.unscored(),
            "kept": selection.kept(),
            "queue": _numbered(selection.queue()),
            "span": _span(job, register),
        }
    return found | chosen | {"account": _account(job, practice, register, chosen.get("selection"))}


def is_settled(job: Job, rows: pa.Table) -> bool:
    """Whether the rows of one patient, in whatever practices, are registrations of which one is open and kept.

    The others, which have ended, are set aside as such and not as contradictions.
    """
    import numpy as np

    verdict = Verdict(np.zeros(rows.num_rows, dtype=np.uint8))
    ids = long_text(in_one_piece(rows.column("patient_id")))
    judge_repeats(verdict, rows, ids, np.arange(rows.num_rows), job.question.registrations)
    return ENDED in {verdict.reasons[code] for code in verdict.code.tolist()}


def _mapping(job: Job, rows: pa.Table) -> pa.Table:
    """What ``values=`` found to map here; whether that was nothing is for the whole register to say."""
    maps = job.question.value_maps()
    maps.add(rows)
    found = maps.tally()
    schema = job.schemas["mapping"]
    return _table({name: [row[name] for row in found] for name in schema.names}, schema)


def _in_order(rows: pa.Table, marks: tuple[Any, ...], numbers: pa.Array) -> tuple[pa.Table, tuple[Any, ...], pa.Array]:
    """As they stood in the source: of identical repeats the first stays."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order = pc.sort_indices(pa.table({"number": numbers}), [("number", "ascending")])
    moved = tuple(each[numpy_of(order)] for each in marks)
    return rows.take(order), moved, in_one_piece(numbers.take(order))


def _read(job: Job, rows: pa.Table, marked: Any, usable: bool) -> Register:
    """Read the rows and the witness; rows that the whole register refuses come without a practice."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = rows.column_names.index("practice_id")
    codes = rows.column(place)
    # Without a practice a row is refused, and a fault of its id still comes first, as it does in the whole register.
    outside = array_of(marked, pa.bool_()) if usable else array_of(marked | True, pa.bool_())
    nothing = pa.scalar(None, codes.type)
    rows = rows.set_column(place, "practice_id", pc.if_else(outside, nothing, codes))
    rows = pa.table(rows.columns, names=rows.column_names)  # a column that Spark says holds no null may have one here
    witness = job.witness.cast(rows.schema)
    if usable:
        witness = witness.set_column(place, "practice_id", codes.slice(0, 1))
    return read_practice(pa.concat_tables([rows, witness]), **job.question.reading)


def _with_own_account(
    register: Register, practice: str | None, faults: list[tuple[str, str]], numbers: pa.Array | None
) -> Register:
    """The register without the witness, its quarantine in the words that the whole register has for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(faults)

    def own(table: pa.Table) -> pa.Table:
        table = table.filter(pc.less(table.column("source_row"), rows))
        code = texts([practice]).take(array_of(numpy_of(table.column("source_row")) * 0, pa.int64()))
        where = pa.nulls(table.num_rows, pa.int64()) if numbers is None else numbers.take(table.column("source_row"))
        for name, column in (("practice_id", code), ("source_row", where)):
            table = table.set_column(table.column_names.index(name), name, column)
        return table

    quarantine = own(register.quarantine)
    unplaced = pc.equal(quarantine.column("field"), text_scalar("practice_id"))
    theirs = [faults[row] for row in register.quarantine.column("source_row").to_pylist() if row < rows]
    for place, name in enumerate(("field", "reason")):
        said = pc.if_else(unplaced, texts([fault[place] for fault in theirs]), quarantine.column(name))
        quarantine = quarantine.set_column(quarantine.column_names.index(name), name, said)
    account = replace(register.row_account, quarantine=quarantine, corrections=own(register.corrections), rows_in=rows)
    return replace(register, row_account=account)


def _columns(job: Job, rows: pa.Table, register: Register) -> pa.Table:
    """How much of each field's column can be read here, as text, and how many values its accepted rows gave.

    What that comes to is for the whole register to say.
    """
    names = [name for name in rows.column_names if name in FIELDS and FIELDS[name].kind in CLEANED_KINDS]
    cleaned = {n: clean_column(FIELDS[n], rows.column(n), **job.question.field_options(n)) for n in names}
    counts = {name: count_of(FIELDS[name], each) for name, each in cleaned.items()}
    for name, reason, clashing, of in contradictions_of(cleaned, as_date(job.question.reading["as_of"])):
        counts[name] = counts[name]._replace(clashes={**counts[name].clashes, reason: (len(clashing), of)})
    said: dict[str, list[Any]] = {
        "name": names,
        "counted": [text_of_count(counts[name]) for name in names],
        "given": [register.counts.given.get(name, 0) for name in names],
    }
    return _table(said, job.schemas["column"])


def _summary(job: Job, selection: Selection) -> pa.Table:
    """The summary, with what rows of no practice could change: they are counted in the whole register."""
    import pyarrow as pa

    table = selection.summary()
    if job.question.list_sizes is not None:
        return table
    may_change = []
    for route, row in zip(selection.scheme.routes, table.to_pylist(), strict=True):
        more = (row["denominator"] or 0) + row["quarantined"] + job.unattributed
        may_change.append(isinstance(route, (TopShare, Nominated)) and route.share.places(more) != row["places"])
    place = table.column_names.index("places_may_change")
    return table.set_column(place, "places_may_change", column_of(may_change, pa.bool_()))


def _numbered(queue: pa.Table) -> pa.Table:
    import numpy as np

    return queue.append_column("place_in_queue", rows_of(np.arange(1, queue.num_rows + 1)))


def _span(job: Job, register: Register) -> pa.Table:
    """How far given scores reach here; whether one stands far from all others is for the whole register to say."""
    span, score = Span(), job.question.choosing.get("score")
    if score is not None:
        span.add(values_given(register, score))
    return _table({"told": [span.text]}, job.schemas["span"])


def _account(job: Job, practice: str | None, register: Register, chosen: pa.Table | None) -> pa.Table:
    managed = 0 if chosen is None else int(numpy_of(chosen.column("case_managed")).sum())
    counts = {
        "rows_in": register.rows_in,
        "accepted": len(register),
        "merged": register.merged,
        "quarantined": register.quarantine.num_rows,
        "corrected": register.corrections.num_rows,
        "listed": 0 if chosen is None else chosen.num_rows,
        "case_managed": managed,
        "on_list": sum(register.counts.on_list.values()),
        **{why.replace(" ", "_"): count for why, count in register.counts.barred_in_all().items()},
    }
    said: dict[str, list[Any]] = {"practice_id": [practice], **{name: [count] for name, count in counts.items()}}
    return _table(said, job.schemas["account"])


def _table(columns: Mapping[str, list[Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.table({each.name: column_of(columns[each.name], each.type) for each in schema}, schema=schema)
