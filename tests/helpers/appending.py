"""What child processes do to a caseload: append, import and migrate, and say what was acknowledged."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from multiprocessing.context import ForkServerContext

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent

DAY = dt.date(2015, 4, 1)


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


def append_and_say(where: str, pipe: int, batch: int) -> None:
    """Append batches for ever; say the number of each once it is written."""
    with cm.open_caseload(where) as caseload:
        turn = 0
        while True:
            with caseload.store.writing(["A", "B"]) as writing:
                writing.append([proposed(code, f"{turn}-{place}") for place in range(batch) for code in ("A", "B")])
            os.write(pipe, f"{turn}\n".encode())
            turn += 1
