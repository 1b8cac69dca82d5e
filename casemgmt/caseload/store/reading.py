"""Events from a database into Arrow: the database writes each as a line of text, which Arrow reads.

That takes a third of the time of a Python object for each value.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.table import COLUMNS, schema
from casemgmt.caseload.store.refusals import not_readable
from casemgmt.errors import InputError, listed

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

# No text of an event holds these, so one of them in a line shows that somebody else has written it.
_BETWEEN, _NOTHING = 31, 30
_MAY_BE_NULL = frozenset({"patient_id", "by", "basis", "corrects"})
_HASHES = ("previous", "hash")
_AT_ONCE = 1 << 16
_IN_A_PIECE = 1_000


def read_events(
    connection: sa.Connection, shown: str, columns: Sequence[str], practices: Sequence[str] | None, until: str | None
) -> pa.Table:
    """The events, by practice (bytes) and number; columns of :func:`casemgmt.caseload.events.table.schema`.

    Parameters
    ----------
    shown : where the store is
    practices : those of them; all, and the store's own chain, without
    until : the text of the last moment

    Raises
    ------
    VerifyError : an event is not what this library writes
    """
    import pyarrow as pa

    if unknown := [name for name in columns if name not in COLUMNS]:
        raise InputError(f"Events have no column {listed(unknown)}. They have {listed(COLUMNS, 12)}.")
    wanted = [*dict.fromkeys(columns)] or ["number"]
    kinds = schema()
    parts = [_table(data, wanted, shown) for data in _pieces(connection, wanted, practices, until)]
    whole = pa.concat_tables(parts).combine_chunks() if parts else kinds.empty_table()
    return whole.select(list(columns)).cast(pa.schema([kinds.field(name) for name in columns]))


def _pieces(
    connection: sa.Connection, columns: list[str], practices: Sequence[str] | None, until: str | None
) -> Iterator[bytes]:
    """Lines of text, many at a time."""
    is_sqlite = connection.dialect.name == "sqlite"
    where, values = _condition("?" if is_sqlite else "%s", practices, until)
    line = f" || {'char' if is_sqlite else 'chr'}({_BETWEEN}) || ".join(_written(name, is_sqlite) for name in columns)
    cursor = connection.connection.cursor()
    if is_sqlite:
        query = f"SELECT CAST({line} AS BLOB) FROM events {where} ORDER BY practice_id, number"  # noqa: S608
        cursor.execute(query, values)
        while rows := _fetched(cursor):
            lines = [row[0] for row in rows]
            yield b"" if None in lines else b"\n".join(lines)
        return
    query = (
        f"SELECT count(*), string_agg({line}, chr(10) ORDER BY number) FROM events {where} "  # noqa: S608
        f"GROUP BY practice_id, number / {_IN_A_PIECE} ORDER BY practice_id, number / {_IN_A_PIECE}"
    )
    cursor.execute(query, values)
    for rows, lines in cursor.fetchall():
        yield lines.encode() if lines.count("\n") == rows - 1 else b""


def _fetched(cursor: Any) -> list[Any]:
    with _no_collection():
        return cursor.fetchmany(_AT_ONCE)  # type: ignore[no-any-return]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the search for circles of objects, which a million new rows set off and of which they have none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _condition(mark: str, practices: Sequence[str] | None, until: str | None) -> tuple[str, list[str]]:
    parts: list[str] = []
    values: list[str] = []
    if practices is not None:
        parts.append(f"practice_id IN ({', '.join(mark for _ in practices) or 'NULL'})")
        values += practices
    if until is not None:
        parts.append(f"recorded_at <= {mark}")
        values.append(until)
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), values


def _written(name: str, is_sqlite: bool) -> str:
    """A column as text; a null that may be is a character of its own, and one that may not makes the line null."""
    quoted = '"by"' if name == "by" else name
    if name in _HASHES:
        return f"hex({name})" if is_sqlite else f"encode({name}, 'hex')"
    if name not in _MAY_BE_NULL:
        return quoted
    return f"ifnull({quoted}, char({_NOTHING}))" if is_sqlite else f"coalesce({quoted}::text, chr({_NOTHING}))"


def _table(data: bytes, columns: list[str], shown: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    kinds = {each.name: each.type for each in schema()}
    if not data:
        raise not_readable(shown)
    try:
        table = csv.read_csv(
            pa.py_buffer(data),
            csv.ReadOptions(column_names=columns, block_size=1 << 23),
            csv.ParseOptions(delimiter=chr(_BETWEEN), quote_char=False, escape_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types={name: pa.string() if name in _HASHES else kinds[name] for name in columns},
                null_values=[chr(_NOTHING)],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, ValueError):
        raise not_readable(shown) from None
    lacks = any(table.column(name).null_count for name in columns if name not in _MAY_BE_NULL)
    if lacks:
        raise not_readable(shown)
    for name in set(columns).intersection(_HASHES):
        place = table.column_names.index(name)
        table = table.set_column(place, pa.field(name, kinds[name]), _hashes(table.column(name), shown))
    return table


def _hashes(column: pa.ChunkedArray, shown: str) -> pa.ChunkedArray:
    """Hashes from their hexadecimal texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.equal(pc.utf8_length(column), 64)).as_py():
        raise not_readable(shown)
    return pa.chunked_array([_from_hex(chunk) for chunk in column.chunks], pa.binary(32))


def _from_hex(chunk: pa.Array) -> pa.Array:
    import pyarrow as pa

    text = memoryview(chunk.buffers()[2])[64 * chunk.offset : 64 * (chunk.offset + len(chunk))]
    return pa.Array.from_buffers(pa.binary(32), len(chunk), [None, pa.py_buffer(bytes.fromhex(str(text, "ascii")))])


def heads_until(connection: sa.Connection, until: str) -> Iterable[tuple[str, int, bytes]]:
    """Practice, number and hash of the last event of each chain up to a moment."""
    import sqlalchemy as sa

    from casemgmt.caseload.store.schema import events

    last = (
        sa.select(events.c.practice_id, sa.func.max(events.c.number).label("number"))
        .where(events.c.recorded_at <= until)
        .group_by(events.c.practice_id)
        .subquery()
    )
    found = sa.select(events.c.practice_id, events.c.number, events.c.hash).join(
        last, sa.and_(events.c.practice_id == last.c.practice_id, events.c.number == last.c.number)
    )
    return [(row[0], row[1], bytes(row[2])) for row in connection.execute(found)]
