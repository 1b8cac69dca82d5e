"""What child processes do to a caseload: append, import and migrate, and say what was acknowledged."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import pwd
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.opening import restored_caseload
from casemgmt.caseload.store import migrating

DAY = dt.date(2015, 4, 1)
BATCH = 20
READY = b"ready"


def children() -> ForkServerContext:
    """Processes that start with the library loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["casemgmt.caseload.store.opening", "sqlalchemy.dialects.sqlite", "appending"])
    return context


def proposed(practice_id: str, patient_id: str) -> NewEvent:
    return NewEvent(practice_id, "proposed", DAY, patient_id, details={"route": "risk"})


def append_many(where: str, practices: list[str], writer: int, count: int) -> None:
    """Append events, one a transaction, to one practice after the other; each event names the writer and its turn."""
    with cm.open_caseload(where) as caseload:
        for turn in range(count):
            code = practices[(writer + turn) % len(practices)]
            with caseload.store.writing([code]) as writing:
                writing.append([proposed(code, f"{writer}-{turn}")])


def append_and_say(where: str, said: Connection, run: int) -> None:
    """Append batches for ever; say the number of each once it is written."""
    with cm.open_caseload(where) as caseload:
        said.send_bytes(READY)
        turn = 0
        while True:
            with caseload.store.writing(["A", "B"]) as writing:
                writing.append([proposed(code, f"{run}-{turn}-{n}") for n in range(BATCH) for code in ("A", "B")])
            said.send_bytes(str(turn).encode())
            turn += 1


def import_and_say(where: str, said: Connection, events: pa.Table) -> None:
    """Make a caseload of the events of another; say that it is done."""
    said.send_bytes(READY)
    restored_caseload(where, events).close()
    said.send_bytes(b"done")


def migrate_and_say(where: str, said: Connection, scripts: Path) -> None:
    """Take a store to the last step of some migrations; say that it is done."""
    migrating.SCRIPTS = scripts
    said.send_bytes(READY)
    cm.open_caseload(where, migrate=True).close()
    said.send_bytes(b"done")


def append_as_nobody(where: str, said: Connection) -> None:
    """Append as a user who may not write; say what was raised."""
    with TemporaryDirectory() as folder:  # everything is imported before: another user may not read the libraries
        cm.open_caseload(f"{folder}/c.sqlite", create=True, review_every_months=3).close()
        append_many(f"{folder}/c.sqlite", ["A"], 0, 1)
    nobody = pwd.getpwnam("nobody")
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    try:
        append_many(where, ["A"], 0, 1)
    except Exception as problem:
        said.send_bytes(f"{type(problem).__name__}: {problem}".encode())
    else:
        said.send_bytes(b"nothing")
