"""What the tables of a selection are made of, and those beside the selected: who was kept, and who waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, empty_table, rows_of, texts
from casemgmt.dates import completed_months
from casemgmt.errors import missing_columns
from casemgmt.register.columns import NO_DAY
from casemgmt.register.packing import Rows
from casemgmt.scheme.routes import Review, TopShare
from casemgmt.selection.ordering import by_practice_and_id, ranks_within
from casemgmt.selection.stretches import ids_in_stretches, many_together

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.loop_arrays import Keys
    from casemgmt.selection.workings import Workings

REASONS = ("reason_1", "reason_2", "reason_3")


def wanted_columns(names: Sequence[str], columns: Iterable[str] | None, *, reasons: bool) -> list[str]:
    """Of a table's columns those that are named, or all; ``reasons`` says whether reasons are among all.

    Raises
    ------
    MissingColumnsError : there is no such column
    """
    if columns is None:
        return [name for name in names if reasons or name not in REASONS]
    wanted = [columns] if isinstance(columns, str) else list(columns)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise missing_columns(missing, names, "columns=", is_own=True)
    return wanted


def ids_and_order(made: Workings) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The order of the table, by practice, then by id; and the chosen patients' ids in that order."""
    choice, register = made.choice, made.register
    if many_together(choice.practice):
        where = choice.rows if register.order is None else register.order[choice.rows]
        order, ids = ids_in_stretches(choice.practice, register.ids, where)
        return ids, order
    ids = register.column("patient_id", choice.rows)
    order = by_practice_and_id(choice.practice, ids)
    return ids.take(rows_of(order)), order


def table_rows(made: Workings) -> npt.NDArray[np.int64]:
    """The packed row of each row of the table."""
    rows: npt.NDArray[np.int64] = made.choice.rows[ids_and_order(made)[1]]
    return rows


def ranks_of(made: Workings) -> npt.NDArray[np.int32]:
    """For those in a share route 1 + the number in the practice with a higher score; 0 for the others."""
    import numpy as np

    choice, routes = made.choice, made.scheme.routes
    mask = np.uint32(sum(1 << i for i, route in enumerate(routes) if isinstance(route, TopShare)))
    inside = np.flatnonzero(choice.member & mask)
    ranks = np.zeros(len(choice.rows), dtype=np.int32)
    if any(not _lets_in_from_the_top(route) for route in routes if isinstance(route, TopShare)):
        _rank_in_whole_practices(made, inside, ranks)
    else:
        # Everyone with a higher score than someone let in was let in as well.
        ranks[inside] = ranks_within(choice.practice[inside], choice.keys[inside])
    return ranks


def _lets_in_from_the_top(route: TopShare) -> bool:
    """Whether everyone with a higher score than someone whom the route lets in is let in by it as well."""
    return route.among.is_everyone and route.keep_within is None


def _rank_in_whole_practices(made: Workings, inside: npt.NDArray[np.int64], ranks: npt.NDArray[np.int32]) -> None:
    import numpy as np

    choice, rows_of_practice = made.choice, made.register.packed.by_practice()
    practice = choice.practice[inside]
    for p in np.unique(practice).tolist():
        own = inside[slice(*np.searchsorted(practice, [p, p + 1]))]
        keys = eligible_keys(made, rows_of_practice(p))
        keys = np.sort(keys[keys != made.ranking.source.no_score])
        ranks[own] = 1 + len(keys) - np.searchsorted(keys, choice.keys[own], side="right")


def eligible_keys(made: Workings, rows: Rows, route: int | None = None) -> Keys:
    """The key of each of some rows; the sign for no score where the patient is not ranked, or not by ``route``."""
    import numpy as np

    from casemgmt.selection.plain_rows import bits_of, keys_of

    keys = keys_of(made.ranking.source, rows)
    if route is None:
        return np.asarray(keys)
    eligible = bits_of(made.choice.plan.conditions, rows) & np.uint32(1 << route) != 0
    return np.asarray(np.where(eligible, keys, made.ranking.source.no_score))


def review_due(
    made: Workings, rows: npt.NDArray[np.int64], member: npt.NDArray[np.uint32], only: int | None = None
) -> npt.NDArray[np.bool_]:
    """Who is entitled to a review, by any route or ``only`` by one, and has had none within its interval."""
    import numpy as np

    register = made.register
    due = np.zeros(len(rows), dtype=bool)
    for i, route in enumerate(made.scheme.routes):
        if isinstance(route, Review) and only in (None, i):
            entitled = member & np.uint32(1 << i) != 0
            due |= entitled & _overdue(register, rows, route.every_months)
    return due


def _overdue(register: Register, rows: npt.NDArray[np.int64], months: int) -> npt.NDArray[np.bool_]:
    import numpy as np

    if "last_review" not in register.days:
        return np.ones(len(rows), dtype=bool)
    last = register.days["last_review"][rows]
    never = last == NO_DAY
    since = completed_months(np.where(never, 0, last).astype(np.int32), register.as_of)
    return np.asarray(never | (since >= months))


def with_columns(made: Workings, table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The selection with register columns joined, each as ``register_<name>``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    register, choice = made.register, made.choice
    missing = [name for name in names if name not in register.column_names]
    if missing:
        raise missing_columns(missing, sorted(register.column_names), "include=", checked=True)
    order = ids_and_order(made)[1]
    for name in names:
        column = register.column(name, choice.rows[order])
        if name in made.given_columns:
            objected = array_of(register.packed.is_set("objected", choice.rows[order]), pa.bool_())
            column = pc.if_else(objected, pa.scalar(None, column.type), column)
        table = table.append_column(f"register_{name}", column)
    return table


def with_published_columns(table: pa.Table, included: pa.Table, names: Sequence[str]) -> pa.Table:
    """The selection with register columns that were published with it."""
    present = [name.removeprefix("register_") for name in included.column_names]
    missing = [name for name in names if name not in present]
    if missing:
        raise missing_columns(missing, present, "include=", checked=True)
    for name in names:
        table = table.append_column(f"register_{name}", included.column(f"register_{name}"))
    return table


def kept_table(made: Workings) -> pa.Table:
    """Whom a route lets in only because of its ``keep_within``; see :meth:`casemgmt.Selection.kept`."""
    import numpy as np
    import pyarrow as pa

    choice, names = made.choice, [route.name for route in made.scheme.routes]
    chosen = np.flatnonzero(choice.kept)
    ids = made.register.column("patient_id", choice.rows[chosen])
    order = by_practice_and_id(choice.practice[chosen], ids)
    chosen = chosen[order]
    by = choice.kept[chosen, None] & (np.uint32(1) << np.arange(len(names), dtype=np.uint32)) != 0
    person, route = np.nonzero(by)
    ranks = ranks_of(made)[chosen[person]] if len(person) else np.empty(0, dtype=np.int32)
    return pa.table(
        {
            "practice_id": texts(made.register.practices).take(rows_of(choice.practice[chosen[person]])),
            "patient_id": ids.take(rows_of(order[person])),
            "route": texts(names).take(rows_of(route)),
            "rank": array_of(ranks, pa.int32()),
        }
    )


def nobody_kept() -> pa.Table:
    """The table of :func:`kept_table` without a row."""
    import pyarrow as pa

    kinds = {"practice_id": pa.string(), "patient_id": pa.string(), "route": pa.string(), "rank": pa.int32()}
    return empty_table(pa.schema(kinds.items()))


def queue_table(made: Workings) -> pa.Table:
    """Nominees over the cap, in the order in which they wait."""
    import numpy as np
    import pyarrow as pa

    register, choice = made.register, made.choice
    rows = np.array([row for _, row in choice.queue], dtype=np.int64)
    practice = register.packed.practice_of(rows)
    order = np.argsort(practice, kind="stable")
    names = [made.scheme.routes[route].name for route, _ in choice.queue]
    orders = register.column("nomination_order", rows) if len(rows) else array_of(rows, pa.int32())
    return pa.table(
        {
            "practice_id": texts(register.practices[p] for p in practice[order]),
            "patient_id": register.column("patient_id", rows[order]),
            "route": texts(names[i] for i in order),
            "nomination_order": orders.take(rows_of(order)),
        }
    )
