"""Exports between SQLite and PostgreSQL; and imports that are killed: the new store is whole or absent."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from a_server import server, why_no_server
from every_event import fill
from memory_store import MemoryStore

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.caseload.exchange.reading import read_export

FORMATS = ("parquet", "csv")
KILLED = """
import sys
import casemgmt as cm
from casemgmt.caseload.store import opening, writing
import pyarrow.csv, pyarrow.parquet, sqlalchemy, alembic
print("ready", flush=True)
sys.stdin.readline()
cm.import_caseload(sys.argv[1], sys.argv[2]).close()
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def new_database():
    if why_no_server():
        pytest.skip(why_no_server())
    with server() as running:
        yield running.new_database


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", FORMATS)
def test_between_the_two_databases_nothing_is_lost_and_the_bytes_are_the_same(new_database, tmp_path, form):
    store = MemoryStore()
    fill(store)
    first = Caseload(store).export(tmp_path / "first", form)
    with cm.import_caseload(first, new_database()) as on_server:
        assert files_of(on_server.export(tmp_path / "second", form)) == files_of(first)
        assert on_server.store.events(COLUMNS).equals(store.events(COLUMNS))
    with cm.import_caseload(tmp_path / "second", tmp_path / "new.sqlite") as in_file:
        assert files_of(in_file.export(tmp_path / "third", form)) == files_of(first)
    with cm.import_caseload(tmp_path / "third", new_database()) as again:
        assert again.store.heads() == store.heads()


def test_a_database_that_holds_anything_is_refused_and_stays_as_it_was(new_database, tmp_path):
    store = MemoryStore()
    fill(store, ("C87001",))
    folder = Caseload(store).export(tmp_path / "first")
    where = new_database()
    with cm.open_caseload(where, create=True, review_every_months=6) as there:
        heads = there.store.heads()
    with pytest.raises(cm.PublishError, match="is not empty"):
        cm.import_caseload(folder, where)
    with cm.open_caseload(where) as there:
        assert there.store.heads() == heads


def many_events(folder: Path) -> Path:
    store = MemoryStore()
    fill(store, tuple(f"C8{number:04d}" for number in range(60)))
    return Caseload(store).export(folder)


def importing(folder: Path, where: str) -> subprocess.Popen:
    """A process that has loaded everything and begins to import."""
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).resolve().parent.parent)}
    program = [sys.executable, "-c", KILLED, str(folder), where]
    child = subprocess.Popen(program, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()
    return child


def killed_while_importing(folder: Path, where: str, after_seconds: float) -> bool:
    """Whether the import had been done when it was killed."""
    child = importing(folder, where)
    try:
        child.wait(after_seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=60)
    return "done" in said


def seconds_of(folder, where):
    """How long an import takes that nobody stops."""
    child, begun = importing(folder, where), time.monotonic()
    assert child.wait(120) == 0
    child.communicate()
    return time.monotonic() - begun


def opened_or_none(where):
    try:
        return cm.open_caseload(where)
    except cm.CasemgmtError:
        return None


def check_killed(folder, places, seconds):
    """Kill around the moment at which it is written, sooner after a whole store and later after none.

    What is there then is whole, or can be made.
    """
    events, found = read_export(folder), {"whole": 0, "absent": 0}
    spread = random.Random(1)
    for where in places:
        done = killed_while_importing(folder, where, seconds * spread.uniform(0.3, 1.5))
        there = opened_or_none(where)
        found["whole" if there else "absent"] += 1
        seconds *= 0.9 if there else 1.1
        assert there or not done
        try:
            there = there or cm.import_caseload(folder, where)
        except cm.PublishError:  # a server may have been about to write what the killed process had sent
            there = cm.open_caseload(where)
        with there:
            assert there.store.events(COLUMNS).equals(events)
    return found


def test_an_import_that_is_killed_leaves_the_store_whole_or_absent(tmp_path):
    folder = many_events(tmp_path / "export")
    places = [str(tmp_path / f"{number}.sqlite") for number in range(6)]
    found = check_killed(folder, places, seconds_of(folder, str(tmp_path / "first.sqlite")))
    assert found["absent"] and sum(found.values()) == len(places)


@pytest.mark.long
def test_200_imports_that_are_killed_on_both_databases(new_database, tmp_path):
    folder = many_events(tmp_path / "export")
    files = [str(tmp_path / f"{number}.sqlite") for number in range(101)]
    for places in (files, [new_database() for _ in range(101)]):
        found = check_killed(folder, places[1:], seconds_of(folder, places[0]))
        assert found["absent"] > 20 and found["whole"] > 20, found
