"""A PostgreSQL server of one's own: Debian's programs, in a temporary folder, on a socket of it and on no network."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_COUNTED = itertools.count()
_USER, _GIVE_TO = os.geteuid, os.chown  # as they are before a test simulates a system without them


def programs() -> Path | None:
    """The folder of the server's programs: on the path, or where Debian keeps them."""
    if (found := shutil.which("initdb")) and shutil.which("postgres"):
        return Path(found).parent
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(folders, key=lambda path: int(path.parent.name)) if folders else None


def why_no_server() -> str | None:
    """What is missing for a server; None where nothing is."""
    if programs() is None:
        return "PostgreSQL is not installed (Debian: apt install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed, or libpq is missing"
    return None


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def address(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"caseload_{next(_COUNTED)}"
        self.run(f"CREATE DATABASE {name}")
        return self.address(name)

    def run(self, statement: str, database: str = "postgres") -> list[tuple]:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def server() -> Iterator[Server]:
    """PostgreSQL refuses to run as root, so nobody runs it for root."""
    import psycopg

    bins = programs()
    with TemporaryDirectory(prefix="pg", dir="/tmp") as name:  # a socket's path must be short
        folder, before = Path(name), []
        if _USER() == 0:
            nobody = pwd.getpwnam("nobody")
            _GIVE_TO(folder, nobody.pw_uid, nobody.pw_gid)
            before = ["runuser", "-u", "nobody", "--"]
        data = folder / "data"
        initdb = [f"{bins}/initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
        subprocess.run([*before, *initdb, "--locale=C.UTF-8"], check=True, capture_output=True, cwd=folder)
        options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=120", "-c", "jit=off"]
        run = [*before, f"{bins}/postgres", "-D", str(data), *options]
        process = subprocess.Popen(run, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            for attempt in range(300):
                try:
                    psycopg.connect(host=name, user="postgres", dbname="postgres").close()
                    break
                except psycopg.OperationalError:
                    if attempt == 299 or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield Server(folder)
        finally:
            stop = [f"{bins}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop"]
            subprocess.run([*before, *stop], check=True, capture_output=True, cwd=folder)
            process.wait(60)
