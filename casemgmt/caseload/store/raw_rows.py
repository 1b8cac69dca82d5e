"""The rows of a store exactly as they stand, of whatever types, for their hashes to be made again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.event import Event
from casemgmt.caseload.events.table import ASKED, COLUMNS

if TYPE_CHECKING:
    import sqlalchemy as sa

_AT_ONCE = 1 << 13
_IN_A_PIECE = 1_000


class NotTextError(Exception):
    """Bytes stand where a text should."""


def rows_of(connection: sa.Connection, practice: str | None = None, *, are_texts: bool = False) -> Iterator[Event]:
    """The rows of a practice, or of all, in the order in which the database keeps them.

    Parameters
    ----------
    are_texts : whether every text is taken to be one, which is faster; otherwise bytes that are none come as half
        characters, of which no hash was made

    Raises
    ------
    NotTextError : a text is none, though all are taken to be
    """
    if connection.dialect.name == "sqlite":
        return _of_sqlite(connection, practice, are_texts)
    return _of_postgresql(connection, practice)


def heads_of(connection: sa.Connection) -> dict[Any, tuple[Any, Any]]:
    """Number and hash of each head."""
    cursor = connection.connection.cursor()
    with _any_text(connection):
        cursor.execute("SELECT practice_id, number, hash FROM chains")
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def complaint_of(connection: sa.Connection) -> bool:
    """Whether SQLite's own check finds its file damaged."""
    if connection.dialect.name != "sqlite":
        return False
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA quick_check(1)")
    return bool(cursor.fetchall() != [("ok",)])


def _of_sqlite(connection: sa.Connection, practice: str | None, are_texts: bool) -> Iterator[Event]:
    names = ", ".join('"by"' if name == "by" else name for name in COLUMNS)
    mark = "CAST(? AS TEXT)" if isinstance(practice, str) else "?"
    where = "" if practice is None else f"WHERE practice_id = {mark}"
    cursor = connection.connection.cursor()
    with _as_texts() if are_texts else _any_text(connection):
        cursor.execute(
            f"SELECT {names} FROM events {where} ORDER BY practice_id, number",  # noqa: S608
            () if practice is None else (_raw(practice),),
        )
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from map(Event._make, rows)


@contextmanager
def _as_texts() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        if hasattr(problem, "sqlite_errorcode"):
            raise
        raise NotTextError from None  # the driver's own words hold the text


@contextmanager
def _any_text(connection: sa.Connection) -> Iterator[None]:
    """Bytes that are no text come as half characters, which no hash was made of."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    before = driver.text_factory
    driver.text_factory = _text
    try:
        yield
    finally:
        driver.text_factory = before


def _raw(text: Any) -> Any:
    """The bytes of a text, whatever they are; a blob stays one."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _of_postgresql(connection: sa.Connection, practice: str | None) -> Iterator[Event]:
    """As JSON, many rows at a time: the driver takes ten times as long for each value of its own."""
    names = ", ".join('"by"' if name == "by" else name for name in ASKED)
    where = "" if practice is None else "WHERE practice_id = %s"
    piece = f"practice_id, number / {_IN_A_PIECE}"
    with connection.connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(
            f"SELECT json_agg(json_build_array({names}, encode(previous, 'hex'), encode(hash, 'hex')) "  # noqa: S608
            f"ORDER BY number)::text FROM events {where} GROUP BY {piece} ORDER BY {piece}",
            None if practice is None else (practice,),
        )
        for (rows,) in cursor:
            for row in json.loads(rows):
                yield Event._make([*row[:-2], bytes.fromhex(row[-2]), bytes.fromhex(row[-1])])
