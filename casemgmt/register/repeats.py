"""Several rows with one id: identical ones are merged, ended registrations and contradictions are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, in_one_piece, numpy_of, taken_rows, text_scalar, texts, validity_of
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.registrations import EARLIER, REGISTRATION, Registrations
from casemgmt.texts.id_forms import TWO_FORMS, in_two_ways, numbers_by_form

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.verdicts import Verdict


def judge_repeats(
    verdict: Verdict,
    table: pa.Table,
    ids: pa.ChunkedArray,
    among: npt.NDArray[np.int64],
    registrations: Registrations | None = None,
) -> None:
    """Merge identical rows with one id into the first; set all differing rows with one id aside.

    So are all rows whose id is written in two ways; and of someone whose rows are registrations one after the other,
    the open one stays. Rows whose id is already refused take no part; rows refused for another reason do, since they
    show that an id stands for two things.

    Parameters
    ----------
    verdict : of all rows
    table, ids : some rows, rising; no other row has an id of theirs, or one of the same form
    among : which rows those are
    registrations : how to tell an open registration from one that has ended; None: not at all
    """
    import numpy as np

    indices, distinct = _id_numbers(ids)
    usable = verdict.names_somebody(among)
    in_two_ways = _written_in_two_ways(indices, distinct, usable)
    if in_two_ways is not None:
        verdict.set_aside(among[in_two_ways], "patient_id", TWO_FORMS)
        usable &= ~in_two_ways
    if len(distinct) == len(ids):
        return
    counts = np.bincount(indices[usable], minlength=len(distinct))
    own = np.flatnonzero((counts[indices] > 1) & usable)
    if len(own):
        own = own[np.argsort(indices[own], kind="stable")]
        _judge_groups(verdict, taken_rows(table, own), among[own], indices[own], registrations)


def _written_in_two_ways(
    indices: npt.NDArray[np.int32], distinct: pa.Array, usable: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """Which usable rows have an id that others of them write in another way; None where no two ids have one form."""
    import numpy as np

    forms = numbers_by_form(distinct)
    if forms is None:
        return None
    is_met = np.zeros(len(distinct), dtype=bool)
    is_met[indices[usable]] = True
    met = np.flatnonzero(is_met & (forms >= 0))
    return np.asarray(usable & in_two_ways(distinct, forms, met)[indices])


def _judge_groups(
    verdict: Verdict,
    table: pa.Table,
    rows: npt.NDArray[np.int64],
    group: npt.NDArray[np.int32],
    registrations: Registrations | None,
) -> None:
    """Judge rows of which several have one id.

    Parameters
    ----------
    table : the rows, those of one id next to each other
    rows : where each stands among all rows
    group : the number of each one's id, rising
    """
    import numpy as np

    first = np.concatenate([[True], group[1:] != group[:-1]])
    leader = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    same, same_person = np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
    for name in table.column_names:
        codes = _row_codes(table.column(name))
        equal = codes == codes[leader]
        same &= equal
        if name not in REGISTRATION:
            same_person &= equal
    group_same = np.logical_and.reduceat(same, np.flatnonzero(first))[np.cumsum(first) - 1]
    differing = ~group_same
    if registrations is not None and differing.any():
        earlier = np.zeros(len(rows), dtype=bool)
        earlier[differing] = registrations.earlier(
            taken_rows(table, np.flatnonzero(differing)), group[differing], same_person[differing]
        )
        verdict.set_aside(rows[earlier], "deregistered_on", EARLIER)
        differing &= ~np.isin(group, group[earlier])
    verdict.set_aside(rows[differing], "patient_id", "differing rows with one id")
    repeats = np.flatnonzero(group_same & ~first & (verdict.code[rows] == 0))
    verdict.merged_into.update(zip(rows[repeats].tolist(), rows[leader[repeats]].tolist(), strict=True))


def _id_numbers(ids: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Where each id stands among the distinct ids, and those."""
    import pyarrow.compute as pc

    encoded = in_one_piece(pc.fill_null(ids, text_scalar("", ids.type))).dictionary_encode()
    return numpy_of(encoded.indices), encoded.dictionary


def _row_codes(column: pa.ChunkedArray) -> npt.NDArray[np.integer]:
    """A whole number for each value, equal where the values are, whatever the column's layout."""
    import numpy as np
    import pyarrow as pa

    column = comparable(column)
    try:
        return distinct_values(column)[0]
    except (pa.ArrowException, NotImplementedError):
        seen: dict[str, int] = {}
        return np.array([seen.setdefault(text, len(seen)) for text in _in_text(column)], dtype=np.int64)


def comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in which equal values are equal: text of one layout, one zero, and no number that is none (NaN)."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        return column.cast(pa.large_string())
    if not pa.types.is_floating(column.type):
        return column
    values, present = numpy_of(column), validity_of(column)
    given = ~np.isnan(values) if present is None else present & ~np.isnan(values)
    return pa.chunked_array([array_of(values + values.dtype.type(0), column.type, given)])  # -0.0 + 0 is 0.0


def stacked(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of parts of one register, one under the other, to be compared: text columns may differ in layout."""
    import pyarrow as pa

    columns = {}
    for name in tables[0].column_names:
        parts = [comparable(table.column(name)) for table in tables]
        try:
            both = pa.concat_tables([pa.table({name: part}) for part in parts], promote_options="permissive")
            columns[name] = both.column(0)
        except pa.ArrowException:
            columns[name] = pa.chunked_array([texts(_in_text(part)) for part in parts])
    return pa.table(columns)


def _in_text(column: pa.ChunkedArray) -> list[str]:
    return [repr(value) for value in column.to_pylist()]
