"""A process killed at any moment: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import pytest
from appending import BATCH, READY, append_and_say, children, import_and_say, migrate_and_say, proposed
from older_stores import later_scripts

import casemgmt as cm
from casemgmt.caseload.store import migrating
from casemgmt.caseload.store.schema import VERSIONS


def killed(target, where, seconds, *given):
    """What a child said before it was killed, some time after it was ready."""
    context = children()
    heard, said = context.Pipe(duplex=False)
    child = context.Process(target=target, args=(where, said, *given))
    child.start()
    said.close()
    assert heard.recv_bytes() == READY
    time.sleep(seconds)
    with suppress(ProcessLookupError):  # it may have ended by then
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    told = []
    while True:
        try:
            told.append(heard.recv_bytes())
        except EOFError:
            return told


def check_appends(where, kills, seed):
    cm.open_caseload(where, create=True, review_every_months=3).close()
    draw = random.Random(seed)
    acknowledged = {}
    for run in range(kills):
        told = killed(append_and_say, where, draw.random() * 0.2, run)
        acknowledged[run] = int(told[-1]) + 1 if told else 0
        with cm.open_caseload(where) as caseload:
            patients = caseload.store.events(("patient_id",), practices=["A", "B"]).column("patient_id").to_pylist()
        batches = Counter(patient.rpartition("-")[0] for patient in patients)
        assert set(batches.values()) <= {2 * BATCH}  # whole batches
        for earlier, count in acknowledged.items():
            turns = {int(name.partition("-")[2]) for name in batches if name.startswith(f"{earlier}-")}
            assert turns == set(range(len(turns)))
            assert count <= len(turns) <= count + 1  # written, and killed before it could say so
    assert sum(acknowledged.values()) > 0
    with cm.open_caseload(where) as caseload:
        assert caseload.verify(caseload.heads()).whole


def test_5_kills_while_events_are_appended(where):
    check_appends(where, 5, 1)


@pytest.mark.long
def test_100_kills_while_events_are_appended(where):
    check_appends(where, 100, 2)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Some thousands of events."""
    path = tmp_path_factory.mktemp("whole") / "caseload.sqlite"
    with cm.open_caseload(path, create=True, review_every_months=3) as made:
        codes = ["A", "B"]
        with made.store.writing(codes) as writing:
            writing.append([proposed(code, str(n)) for code in codes for n in range(3_000)])
        return made.events()


def check_imports(place, events, kills, seed):
    draw = random.Random(seed)
    done = 0
    for _ in range(kills):
        where = place()
        told = killed(import_and_say, where, draw.random() * 0.8, events)
        if told:  # acknowledged
            with cm.open_caseload(where) as caseload:
                assert caseload.events().equals(events)
            done += 1
            continue
        try:
            with cm.open_caseload(where) as caseload:  # written, and killed before it could say so
                assert caseload.events().equals(events)
                assert caseload.verify().whole
        except cm.InputError:  # nothing of it, and it can be made there
            with cm.open_caseload(where, create=True, review_every_months=6) as caseload:
                assert caseload.events().num_rows == 1
                assert caseload.settings.review_every_months == 6
    return done


def places(kind, request, tmp_path):
    if kind == "sqlite":
        return lambda: str(tmp_path / f"{random.random()}.sqlite")
    return request.getfixturevalue("postgresql").new_database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_5_kills_while_a_caseload_is_imported(kind, request, tmp_path, events):
    assert check_imports(places(kind, request, tmp_path), events, 5, 1) < 5


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_50_kills_while_a_caseload_is_imported(kind, request, tmp_path, events):
    assert check_imports(places(kind, request, tmp_path), events, 50, 2) < 50


def check_migrations(place, events, scripts, kills, seed, monkeypatch):
    from casemgmt.caseload.opening import restored_caseload

    draw = random.Random(seed)
    for _ in range(kills):
        where = place()
        restored_caseload(where, events).close()
        told = killed(migrate_and_say, where, draw.random() * 0.4, scripts)
        with monkeypatch.context() as later:
            later.setattr(migrating, "SCRIPTS", scripts)
            with cm.open_caseload(where, migrate=not told) as caseload:
                assert caseload.events().equals(events)
                assert caseload.verify().whole
                with caseload.store.engine.begin() as connection:
                    found = connection.exec_driver_sql("SELECT count(*) FROM copies").scalar()
                    assert found == 3 * events.num_rows
                    assert connection.exec_driver_sql(f"SELECT * FROM {VERSIONS}").fetchall() == [("0002",)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_5_kills_while_a_store_is_migrated(kind, request, tmp_path, events, monkeypatch):
    check_migrations(places(kind, request, tmp_path), events, later_scripts(tmp_path), 5, 1, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_50_kills_while_a_store_is_migrated(kind, request, tmp_path, events, monkeypatch):
    check_migrations(places(kind, request, tmp_path), events, later_scripts(tmp_path), 50, 2, monkeypatch)
