"""Connections to the two databases, set so that what is written stays, and nobody writes at the same time."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.store.places import Place
from casemgmt.errors import InputError, PublishError
from casemgmt.system import file_address, number_on_disk

if TYPE_CHECKING:
    import sqlalchemy as sa

PATIENCE_SECONDS = 600.0  # fifty who write at once wait for one another
CONNECT_SECONDS = 30
_WRITING, _FILE = "casemgmt_writing", "casemgmt_file"


def engine_of(place: Place) -> sa.Engine:
    """An engine; it connects when it is first used.

    Raises
    ------
    InputError : the driver is not installed
    """
    return _postgresql(place) if place.path is None else _sqlite(place, place.path)


def writing_on(engine: sa.Engine) -> sa.Engine:
    """The same engine, whose transactions write: on SQLite they hold the file from their first statement on."""
    return engine.execution_options(**{_WRITING: True})


def looking_at_once(engine: sa.Engine) -> sa.Engine:
    """The same engine, whose transactions see the store at one moment, however many statements they make."""
    return engine.execution_options(isolation_level="REPEATABLE READ") if engine.name == "postgresql" else engine


def _sqlite(place: Place, path: Path) -> sa.Engine:
    import sqlalchemy as sa
    from sqlalchemy.pool import QueuePool

    path = path.absolute()
    engine = sa.create_engine(
        place.url,
        poolclass=QueuePool,
        max_overflow=-1,
        hide_parameters=True,
        creator=lambda: sqlite3.connect(  # a file that is there, and none made in the place of one that is gone
            f"{file_address(path)}?mode=rw",
            uri=True,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        ),
    )

    @sa.event.listens_for(engine, "connect")
    def _(connection: Any, record: Any) -> None:
        record.info[_FILE] = _file_at(path)
        cursor = connection.cursor()
        for setting in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "cell_size_check=ON"):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    # The driver begins no transaction of itself, so that tables, too, are made in one.
    @sa.event.listens_for(engine, "begin")
    def _(connection: sa.Connection) -> None:
        if connection.info[_FILE] != _file_at(path):
            raise PublishError(
                f"{place.shown}: the file was removed, or another put in its place, since it was opened; what is "
                "written would be lost. Open it again."
            )
        is_writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def _file_at(path: Path) -> tuple[int, ...] | None:
    """Which file is at a place; None where there is none. Windows lets nobody remove one that is open here."""
    try:
        return number_on_disk(path.stat())
    except OSError:
        return None


def _postgresql(place: Place) -> sa.Engine:
    import sqlalchemy as sa

    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise InputError(
            "A caseload in PostgreSQL needs psycopg: install casemgmt[postgresql], and its client library libpq."
        ) from None
    url = place.url
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    return sa.create_engine(url, hide_parameters=True, max_overflow=-1, isolation_level="READ COMMITTED")
