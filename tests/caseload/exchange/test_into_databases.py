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
from databases import postgres, why_no_postgres
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
def server(tmp_path_factory):
    if why_no_postgres():
        pytest.skip(why_no_postgres() or "")
    folder = tmp_path_factory.mktemp("pg")
    with postgres(folder) as running:

        def new_database(name: str) -> str:
            running._connection.execute(f"CREATE DATABASE {name}")
            return f"postgresql+psycopg://postgres@/{name}?host={folder}"

        yield new_database


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", FORMATS)
def test_between_the_two_databases_nothing_is_lost_and_the_bytes_are_the_same(server, tmp_path, form):
    store = MemoryStore()
    fill(store)
    first = Caseload(store).export(tmp_path / "first", form)
    with cm.import_caseload(first, server(f"a_{form}")) as on_server:
        assert files_of(on_server.export(tmp_path / "second", form)) == files_of(first)
        assert on_server.store.events(COLUMNS).equals(store.events(COLUMNS))
    with cm.import_caseload(tmp_path / "second", tmp_path / "new.sqlite") as in_file:
        assert files_of(in_file.export(tmp_path / "third", form)) == files_of(first)
    with cm.import_caseload(tmp_path / "third", server(f"b_{form}")) as again:
        assert again.store.heads() == store.heads()


def test_a_database_that_holds_anything_is_refused_and_stays_as_it_was(server, tmp_path):
    store = MemoryStore()
    fill(store, ("C87001",))
    folder = Caseload(store).export(tmp_path / "first")
    where = server("taken")
    with cm.open_caseload(where, create=True, review_every_months=6) as there:
        heads = there.store.heads()
    with pytest.raises(cm.InputError, match="is not empty"):
        cm.import_caseload(folder, where)
    with cm.open_caseload(where) as there:
        assert there.store.heads() == heads


def many_events(folder: Path) -> Path:
    store = MemoryStore()
    fill(store, tuple(f"C8{number:04d}" for number in range(60)))
    return Caseload(store).export(folder)


def killed_while_importing(folder: Path, where: str, after_seconds: float) -> bool:
    """Whether the import had been done when it was killed."""
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).resolve().parent.parent)}
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), where],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()
    time.sleep(after_seconds)
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=60)
    return "done" in said


def check_killed(folder, places, seed):
    """Kill at moments spread over the time that an import takes; what is there then is whole, or can be made."""
    events = read_export(folder)
    rng, found = random.Random(seed), {"whole": 0, "absent": 0}
    for where in places:
        done = killed_while_importing(folder, where, rng.uniform(0.0, 0.5))
        try:
            there = cm.open_caseload(where)
        except cm.CasemgmtError:
            assert not done
            found["absent"] += 1
            there = cm.import_caseload(folder, where)
        else:
            found["whole"] += 1
        with there:
            assert there.store.events(COLUMNS).equals(events)
    return found


def test_an_import_that_is_killed_leaves_the_store_whole_or_absent(tmp_path):
    folder = many_events(tmp_path / "export")
    found = check_killed(folder, [str(tmp_path / f"{number}.sqlite") for number in range(8)], seed=1)
    assert found["absent"]


@pytest.mark.long
def test_200_imports_that_are_killed_on_both_databases(server, tmp_path):
    folder = many_events(tmp_path / "export")
    places = [str(tmp_path / f"{number}.sqlite") for number in range(100)]
    found = check_killed(folder, [*places, *(server(f"killed_{number}") for number in range(100))], seed=2)
    assert found["absent"] > 20 and found["whole"] > 20, found
