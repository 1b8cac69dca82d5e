"""Where a store is: a file for SQLite, or the address of a PostgreSQL database, shown without its password."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.errors import InputError

if TYPE_CHECKING:
    import sqlalchemy as sa

_POSTGRESQL = "postgresql+psycopg"
_WHERE = (
    "where= is the path of a file, such as 'caseload.sqlite', or the address of a PostgreSQL database, such as "
    "'postgresql+psycopg://user@server/database'."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a store.

    Attributes
    ----------
    shown : for people; no password
    path : of the file; None for a server
    url : for the driver
    """

    shown: str
    path: Path | None
    url: sa.URL = field(repr=False)


def place_of(where: object) -> Place:
    """Read what :func:`casemgmt.open_caseload` was given.

    Raises
    ------
    InputError : it is neither a path nor the address of a database this library knows
    """
    from sqlalchemy import URL
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not isinstance(where, (str, os.PathLike)) or isinstance(path := os.fspath(where), bytes):
        raise InputError(_WHERE)
    _check_text(path)
    if not isinstance(where, str) or "://" not in where:
        return _file(Path(path))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise InputError(_WHERE) from None
    if url.get_backend_name() == "sqlite" and url.drivername in ("sqlite", "sqlite+pysqlite"):
        if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
            raise InputError("where=: a caseload in SQLite is a file: give its path, such as 'caseload.sqlite'.")
        return _file(Path(url.database))
    if url.drivername not in ("postgres", "postgresql", _POSTGRESQL):
        raise InputError(f"{_WHERE} No other database is known.")
    url = url.set(drivername=_POSTGRESQL)
    return Place(_shown(url), None, url if isinstance(url, URL) else make_url(url))


def _check_text(path: str) -> None:
    if not path.strip() or any(ord(letter) < 32 for letter in path):
        raise InputError(_WHERE)
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InputError(_WHERE) from None


def _file(path: Path) -> Place:
    from sqlalchemy import URL

    return Place(str(path), path, URL.create("sqlite+pysqlite", database=str(path.absolute())))


def _shown(url: sa.URL) -> str:
    """User, host, port and database, from wherever in the address they stand; nothing else."""
    host = url.query.get("host") if url.host is None else url.host
    host = ",".join(host) if isinstance(host, tuple) else host
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"{url.drivername}://{user}{host or ''}{port}/{url.database or ''}"
