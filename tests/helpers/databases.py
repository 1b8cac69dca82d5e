"""Databases to run a query in: each takes an Arrow table by name and answers a SELECT with tuples."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_session import frame_of, spark_session, why_no_spark

_USER, _GIVE_TO = os.geteuid, os.chown  # as they are before a test simulates a system without them
KINDS = {"int64": "BIGINT", "double": "DOUBLE PRECISION", "bool": "BOOLEAN", "string": "TEXT"}


def why_no_postgres() -> str | None:
    """What is missing for a server; None where nothing is."""
    if shutil.which("initdb") is None or shutil.which("postgres") is None:
        return "PostgreSQL is not installed"
    return None


class Sqlite:
    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")

    def load(self, name: str, table: pa.Table) -> None:
        columns = ", ".join(f"{_quoted(column)} {_kind_in_sqlite(table[column].type)}" for column in table.column_names)
        self._connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
        self._connection.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
        marks = ", ".join("?" * table.num_columns)
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        self._connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", rows)

    def answer(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


class DuckDB:
    def __init__(self) -> None:
        import duckdb

        self._connection = duckdb.connect()

    def load(self, name: str, table: pa.Table) -> None:
        self._connection.register(name, table)

    def answer(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


class Spark:
    def __init__(self, session: Any) -> None:
        self._session = session

    def load(self, name: str, table: pa.Table) -> None:
        quoted = name.replace("`", "``")
        frame_of(self._session, table).createOrReplaceTempView(f"`{quoted}`")

    def answer(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(query).collect()]


class Postgres:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def load(self, name: str, table: pa.Table) -> None:
        columns = ", ".join(f"{_quoted(column)} {KINDS[str(table[column].type)]}" for column in table.column_names)
        self._connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
        self._connection.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
        with self._connection.cursor().copy(f"COPY {_quoted(name)} FROM STDIN") as copy:
            for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                copy.write_row(row)

    def answer(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind_in_sqlite(kind: pa.DataType) -> str:
    return {"string": "TEXT", "double": "REAL"}.get(str(kind), "INTEGER")


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A server of its own, which ends with the tests; PostgreSQL refuses to run as root, so somebody else runs it."""
    import psycopg

    folder.mkdir(parents=True, exist_ok=True)
    data, before = folder / "data", []
    if _USER() == 0:
        nobody = pwd.getpwnam("nobody")
        _GIVE_TO(folder, nobody.pw_uid, nobody.pw_gid)
        before = ["runuser", "-u", "nobody", "--"]
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == 0 and parent != Path("/") and parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
    initdb = ["initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run([*before, *initdb], check=True, capture_output=True, cwd=folder)
    options = ["-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "jit=off"]
    server = subprocess.Popen([*before, "postgres", *options], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        for attempt in range(200):
            try:
                connection = psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True)
                break
            except psycopg.OperationalError:
                if attempt == 199 or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield Postgres(connection)
        connection.close()
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def database(dialect: str, folder: Path) -> Iterator[Any]:
    """A database that speaks a dialect; the test is left out where it is not installed."""
    match dialect:
        case "sqlite":
            yield Sqlite()
        case "duckdb":
            yield DuckDB()
        case "postgres":
            if why_no_postgres():
                pytest.skip(why_no_postgres() or "")
            with postgres(folder / "pg") as server:
                yield server
        case "spark":
            if why_no_spark():
                pytest.skip(why_no_spark() or "")
            with spark_session(folder) as session:
                yield Spark(session)
