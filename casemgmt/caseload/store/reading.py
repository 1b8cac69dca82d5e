"""Events from a database into Arrow: the database writes each as a line of text, which Arrow reads.

That takes a quarter of the time of a Python object for each value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import empty_table
from casemgmt.caseload.events.table import COLUMNS, MAY_BE_NULL, schema
from casemgmt.caseload.store.refusals import not_readable
from casemgmt.errors import InputError, listed

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

# No text of an event holds these, so one of them in a line shows that somebody else has written it.
_BETWEEN, _NOTHING = 31, 30
_HASHES = ("previous", "hash")
_BYTES_AT_ONCE = 1 << 24
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
    pieces = _pieces(connection, wanted, practices, until)
    first = next(pieces, None)
    if first is None or sum(map(len, first[1])) <= _BYTES_AT_ONCE:  # there is no second
        parts = [] if first is None else [_table(first, wanted, shown)]
    else:
        with ThreadPoolExecutor(1) as beside:  # Arrow reads one piece while the database writes the next
            parts = list(beside.map(lambda piece: _table(piece, wanted, shown), chain([first], pieces)))
    whole = pa.concat_tables(parts).combine_chunks() if parts else empty_table(kinds)
    return whole.select(list(columns)).cast(pa.schema([kinds.field(name) for name in columns]))


def _pieces(
    connection: sa.Connection, columns: list[str], practices: Sequence[str] | None, until: str | None
) -> Iterator[tuple[int, list[bytes]]]:
    """How many events, and their lines, some megabytes at a time."""
    is_sqlite = connection.dialect.name == "sqlite"
    where, values = _condition("?" if is_sqlite else "%s", practices, until)
    cursor = connection.connection.cursor()
    cursor.execute(_of_sqlite(columns, where) if is_sqlite else _of_postgresql(columns, where), values)
    rows, size = 0, 0
    lines: list[bytes] = []
    while found := cursor.fetchmany(1):
        text = found[0][1] or ""
        lines.append(text.encode() if isinstance(text, str) else text)
        rows, size = rows + found[0][0], size + len(text)
        if size > _BYTES_AT_ONCE:
            yield rows, lines
            rows, lines, size = 0, [], 0
    if lines:
        yield rows, lines


def _of_sqlite(columns: list[str], where: str) -> str:
    """The lines of a practice in one text. They come in the order of their numbers, in which the table is kept."""
    values = ", ".join(_in_sqlite(name) for name in columns)
    line = f"printf('{chr(_BETWEEN).join('%s' for _ in columns)}', {values})"
    return (
        f"SELECT count(*), CAST(group_concat({line}, char(10)) AS BLOB) FROM events {where} "  # noqa: S608
        "GROUP BY practice_id ORDER BY practice_id"
    )


def _of_postgresql(columns: list[str], where: str) -> str:
    line = f" || chr({_BETWEEN}) || ".join(_in_postgresql(name) for name in columns)
    piece = f"practice_id, number / {_IN_A_PIECE}"
    return (
        f"SELECT count(*), string_agg({line}, chr(10) ORDER BY number) FROM events {where} "  # noqa: S608
        f"GROUP BY {piece} ORDER BY {piece}"
    )


def _in_sqlite(name: str) -> str:
    """A column as text; where it is null, a character of its own."""
    return f"hex({name})" if name in _HASHES else f"ifnull({_quoted(name)}, char({_NOTHING}))"


def _in_postgresql(name: str) -> str:
    if name in _HASHES:
        return f"encode({name}, 'hex')"
    text = f"{_quoted(name)}::text"
    return f"coalesce({text}, chr({_NOTHING}))" if name in MAY_BE_NULL else text


def _quoted(name: str) -> str:
    return '"by"' if name == "by" else name


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


def _table(piece: tuple[int, list[bytes]], columns: list[str], shown: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    (rows, lines), kinds = piece, {each.name: each.type for each in schema()}
    try:
        table = csv.read_csv(
            pa.py_buffer(b"\n".join(lines)),
            csv.ReadOptions(column_names=columns, block_size=1 << 23, use_threads=rows > _IN_A_PIECE),
            csv.ParseOptions(delimiter=chr(_BETWEEN), quote_char=False, escape_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types={name: pa.string() if name in _HASHES else kinds[name] for name in columns},
                null_values=[chr(_NOTHING)],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, ValueError):
        raise not_readable(shown) from None
    lacks_some = any(table.column(name).null_count for name in columns if name not in MAY_BE_NULL)
    if lacks_some or table.num_rows != rows:
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


def heads_of(rows: Iterable[Any], shown: str) -> list[tuple[str, int, bytes]]:
    """Practice, number and hash of rows that have them.

    Raises
    ------
    VerifyError : a row lacks one, as where a file was cut short
    """
    found = [(row[0], row[1], row[2]) for row in rows]
    kinds_of = ((str, int, bytes), (str, int, memoryview))
    if not all(tuple(map(type, row)) in kinds_of for row in found):
        raise not_readable(shown)
    return [(code, number, bytes(own)) for code, number, own in found]


def heads_until(connection: sa.Connection, shown: str, until: str) -> list[tuple[str, int, bytes]]:
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
    return heads_of(connection.execute(found), shown)
