"""However many write at once, every event is there once, and no chain forks."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from appending import append_many, children, proposed

import casemgmt as cm
from casemgmt.caseload.events.table import COLUMNS

PRACTICES = ["A", "B", "C"]


def check_all_there(caseload, writers, count):
    table = caseload.store.events(COLUMNS, practices=PRACTICES)
    patients = Counter(table.column("patient_id").to_pylist())
    assert patients == Counter({f"{writer}-{turn}": 1 for writer in range(writers) for turn in range(count)})
    assert caseload.verify(caseload.heads()).whole
    for code in PRACTICES:
        own = caseload.store.events(("number", "recorded_at", "patient_id"), practices=[code]).to_pylist()
        assert [row["number"] for row in own] == list(range(1, len(own) + 1))
        moments = [row["recorded_at"] for row in own]
        assert moments == sorted(moments)
        for writer in range(writers):  # what one writer wrote stands in the order in which it was written
            turns = [int(row["patient_id"].split("-")[1]) for row in own if row["patient_id"].startswith(f"{writer}-")]
            assert turns == sorted(turns)


def processes(where, writers, count):
    cm.open_caseload(where, create=True, review_every_months=3).close()
    context = children()
    running = [context.Process(target=append_many, args=(where, PRACTICES, writer, count)) for writer in range(writers)]
    for each in running:
        each.start()
    for each in running:
        each.join(500)
    assert [each.exitcode for each in running] == [0] * writers
    with cm.open_caseload(where) as caseload:
        check_all_there(caseload, writers, count)


def test_8_processes_that_append_25_events_each(where):
    processes(where, 8, 25)


@pytest.mark.long
def test_50_processes_that_append_100_events_each(where):
    processes(where, 50, 100)


def test_threads_share_a_caseload(caseload):
    def append(writer):
        for turn in range(10):
            code = PRACTICES[(writer + turn) % 3]
            with caseload.store.writing([code]) as writing:
                writing.append([proposed(code, f"{writer}-{turn}")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))
    check_all_there(caseload, 8, 10)


def test_writers_of_several_practices_in_any_order_do_not_wait_for_one_another_for_ever(caseload):
    def append(writer):
        codes = PRACTICES if writer % 2 else PRACTICES[::-1]
        for turn in range(5):
            with caseload.store.writing(codes) as writing:
                writing.append([proposed(codes[turn % 3], f"{writer}-{turn}")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    check_all_there(caseload, 6, 5)


def test_a_reader_does_not_wait_for_a_writer_and_sees_nothing_half(caseload):
    with caseload.store.writing(["A"]) as writing:
        writing.append([proposed("A", "1")])
        assert caseload.practices == ()
        assert caseload.events(practice_id="A").num_rows == 0
        assert writing.events().num_rows == 1
    assert caseload.practices == ("A",)
