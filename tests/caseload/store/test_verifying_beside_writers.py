"""Verify sees a store at one moment: whoever writes meanwhile makes no fault; and a store of five years stays small."""

from __future__ import annotations

import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from appending import proposed

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent


def test_a_store_is_whole_while_others_write(caseload):
    def write(code):
        for turn in range(30):
            with caseload.store.writing([code, "C"]) as writing:
                writing.append([proposed(code, str(turn)), proposed("C", f"{code}-{turn}")])

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, code) for code in ("A", "B")]
        looks = 0
        while not all(each.done() for each in writers) or not looks:
            printed = caseload.heads()
            assert caseload.verify(printed).found == ()
            looks += 1
        for each in writers:
            each.result()
    found = caseload.verify()
    assert found.whole
    assert found.events == 1 + 120
    assert "121 events, 0 faults" in repr(found)


def test_progress_is_told(caseload, monkeypatch):
    from casemgmt.caseload.store import verifying

    monkeypatch.setattr(verifying, "_OFTEN", 10)
    with caseload.store.writing(["A"]) as writing:
        writing.append([proposed("A", str(n)) for n in range(24)])
    told = []
    caseload.verify(progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 25), (20, 25), (25, 25)]


def test_what_is_in_no_database_is_not_verified():
    from memory_store import MemoryStore

    with pytest.raises(cm.InputError, match="only what is kept in a database"):
        cm.Caseload(MemoryStore()).verify()


@pytest.mark.long
def test_five_years_of_a_town_take_less_than_200_megabytes(tmp_path):
    """12,000 patients of 40 practices, each with an event a month."""
    path = tmp_path / "caseload.sqlite"
    codes, draw = [f"C87{n:03d}" for n in range(40)], random.Random(1)
    with cm.open_caseload(path, create=True, review_every_months=3) as caseload:
        for month in range(60):
            day = dt.date(2011 + month // 12, 1 + month % 12, 7)
            moment = dt.datetime(day.year, day.month, 8, 9, 10, 11, 123_456, dt.UTC)
            events = [
                NewEvent(
                    code, "reviewed", day, f"{draw.randrange(10**10):010d}", "Dr A B", details={"next_review_on": day}
                )
                for code in codes
                for _ in range(300)
            ]
            with caseload.store.writing(codes, moment) as writing:
                writing.append(events)
        table = caseload.store.events()
        assert table.num_rows == 720_001
        assert caseload.verify(caseload.heads()).whole
    assert path.stat().st_size < 200_000_000
