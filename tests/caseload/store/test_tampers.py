"""Whatever is done to the rows of a store, verify finds it, where it was done, and once."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import sqlite3

import pytest
from appending import DAY
from tampers import KINDS, tampered

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.store.engines import writing_on
from casemgmt.caseload.store.verifying import faults_of

MOMENT = dt.datetime(2015, 4, 1, 9, tzinfo=dt.UTC)
COUNTS = {"C87001": 13, "C87002": 7, "C87003": 1}


def fill(caseload):
    """Three practices of different lengths, with every kind of value."""
    for code, count in COUNTS.items():
        with caseload.store.writing([code], MOMENT) as writing:
            details = {"scheme": "s", "list_date": DAY, "fingerprint": f"of {code}"}
            writing.append([NewEvent(code, "list_published", DAY, details=details)])
            for turn in range(count - 1):
                writing.append([an_event(code, turn)])


def an_event(code, turn):
    patient = f"{code}-{turn}"
    if turn % 3 == 0:
        return NewEvent(code, "proposed", DAY, patient, basis=1, details={"route": "risk", "rank": turn})
    if turn % 3 == 1:
        return NewEvent(code, "accepted", DAY, patient, by="Dr É")
    return NewEvent(
        code, "withdrawn", DAY, f"{code}-{turn - 1}", corrects=turn + 1, details={"reason": 'a "slip" \\ 7'}
    )


@pytest.fixture
def filled(caseload):
    fill(caseload)
    return caseload


def check_tamper(filled, seed):
    with tampered(writing_on(filled.store.engine), seed) as (connection, expected):
        found = faults_of(connection)
    told = f"{seed}: {expected}\n{found}"
    assert found, told
    assert len(found) <= expected.most, told
    assert {fault.practice_id for fault in found} <= expected.at.keys(), told
    for code, numbers in expected.at.items():
        own = [fault.number for fault in found if fault.practice_id == code]
        assert own if expected.most == len(expected.at) else True, told
        assert set(own) <= numbers, told


def test_300_random_tampers_are_located(filled):
    for seed in range(300):
        check_tamper(filled, seed)
    assert filled.verify(filled.heads()).whole  # all were taken back


@pytest.mark.long
def test_10000_random_tampers_are_located(filled, where):
    for seed in range(10_000 if "://" not in where else 2_000):
        check_tamper(filled, seed)


def test_every_kind_of_tamper_is_drawn():
    drawn = {random.Random(seed).choice(KINDS) for seed in range(300)}
    assert drawn == set(KINDS)


def test_a_chain_written_anew_is_seen_by_a_printed_head_alone(filled, tmp_path):
    """Whoever owns the database can make every hash anew; what was printed stays."""
    printed = filled.heads()
    forged = tmp_path / "forged.sqlite"
    with cm.open_caseload(forged, create=True, review_every_months=3) as other:
        for code, count in COUNTS.items():
            with other.store.writing([code], MOMENT) as writing:
                details = {"scheme": "s", "list_date": DAY, "fingerprint": "g"}
                writing.append([NewEvent(code, "list_published", DAY, details=details)])
                writing.append([an_event(code, turn) for turn in range(count - 1)])
        assert other.verify().whole
        found = other.verify({code: (number, digits[:16]) for code, number, digits in rows(printed) if code})
    assert [(fault.practice_id, fault.number) for fault in found.found] == list(COUNTS.items())


def rows(heads):
    return list(zip(*(heads.column(name).to_pylist() for name in ("practice_id", "number", "hash")), strict=True))


def test_a_head_that_was_printed_long_ago_is_still_in_its_chain(filled):
    printed = filled.heads()
    with filled.store.writing(["C87002"]) as writing:
        writing.append([NewEvent("C87002", "died", DAY, "C87002-0")])
    assert filled.verify(printed).whole
    assert filled.verify(filled.heads()).whole


def test_a_head_of_a_practice_or_an_event_that_is_not_there_is_a_fault(filled):
    digits = "ab" * 32
    found = filled.verify({"C87009": (1, digits), "C87001": (99, digits)}).found
    assert {(fault.practice_id, fault.number) for fault in found} == {("C87009", 1), ("C87001", 99)}


@pytest.mark.parametrize(
    "heads",
    [
        7,
        "",
        {"A": 1},
        {"A": (0, "ab" * 32)},
        {"A": (1, "ab")},
        {"A": (1, "x" * 64)},
        {3: (1, "ab" * 32)},
        {"A": (True, "ab" * 32)},
    ],
)
def test_heads_that_are_none_are_refused(filled, heads):
    with pytest.raises(cm.InputError):
        filled.verify(heads)


def test_faults_are_told_without_a_patient(filled):
    with tampered(writing_on(filled.store.engine), 5) as (connection, _):
        found = faults_of(connection)
    assert "C87001-" not in str(found)


@pytest.fixture
def file(tmp_path):
    """The file of a filled store, closed."""
    path = tmp_path / "caseload.sqlite"
    with cm.open_caseload(path, create=True, review_every_months=3) as made:
        fill(made)
        return path, made.events(), made.heads()


def check_flip(file, tmp_path, seed):
    path, events, heads = file
    draw = random.Random(seed)
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(data)
    for end in ("-wal", "-shm"):
        broken.with_name(broken.name + end).unlink(missing_ok=True)
    try:
        with cm.open_caseload(broken) as caseload:
            if not caseload.verify().whole:
                return True
            assert caseload.heads().equals(heads), seed
            assert caseload.events().equals(events), seed
            return False
    except cm.CasemgmtError:
        return True


def test_a_flipped_bit_of_the_file_is_seen_or_harmless(file, tmp_path):
    assert sum(check_flip(file, tmp_path, seed) for seed in range(60)) > 5


@pytest.mark.long
def test_1500_flipped_bits_of_the_file_are_seen_or_harmless(file, tmp_path):
    assert sum(check_flip(file, tmp_path, seed) for seed in range(1_500)) > 100


def test_a_file_cut_short_is_seen(file, tmp_path):
    path, _, _ = file
    data = path.read_bytes()
    for length in range(1, len(data), 997):
        broken = tmp_path / f"{length}.sqlite"
        broken.write_bytes(data[:length])
        with pytest.raises(cm.CasemgmtError), cm.open_caseload(broken) as caseload:
            caseload.verify().raise_if_broken()


def test_what_was_damaged_is_said(file):
    path, _, _ = file
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE events SET patient_id = 'secret' WHERE practice_id = 'C87002' AND number = 3")
    connection.close()
    with cm.open_caseload(copy) as caseload:
        found = caseload.verify()
        assert not found.whole
        assert found.faults.to_pylist() == [
            {
                "practice_id": "C87002",
                "number": 3,
                "last": 3,
                "fault": "edited: it does not say what it said when it was written",
            }
        ]
        with pytest.raises(cm.VerifyError, match="practice 'C87002', event 3: edited") as refused:
            found.raise_if_broken()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("value", ["CAST(x'43b7' AS TEXT)", "x'43'", "'C' || char(10)", "7"])
def test_a_practice_code_that_is_none_is_found(file, value):
    path, _, _ = file
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE events SET practice_id = {value} WHERE practice_id = 'C87002' AND number = 3")
    connection.close()
    with cm.open_caseload(path) as caseload:
        found = caseload.verify()
        assert ("C87002", 3) in [(fault.practice_id, fault.number) for fault in found.found]
        assert len(found.found) == found.faults.num_rows == 2


@pytest.mark.parametrize("value", ["CAST(x'43b7' AS TEXT)", "x'43'", "7"])
def test_an_event_of_no_practice_is_found(file, value):
    path, _, _ = file
    with sqlite3.connect(path) as connection:
        connection.execute(
            f"INSERT INTO events SELECT {value}, 1, {COLUMNS_BUT} FROM events WHERE {HERE} AND number = 1"
        )
    connection.close()
    with cm.open_caseload(path) as caseload:
        assert ["inserted" in fault.fault for fault in caseload.verify().found] == [True]


COLUMNS_BUT = 'kind, patient_id, happened_on, recorded_at, "by", basis, corrects, details, previous, hash'
HERE = "practice_id = 'C87001'"
TOLD = {
    f"UPDATE events SET patient_id = 'x' WHERE {HERE} AND number = 4": [
        "C87001 4 edited: it does not say what it said"
    ],
    f"UPDATE events SET hash = previous WHERE {HERE} AND number = 4": ["C87001 4 edited: its hash is another"],
    f"UPDATE events SET hash = previous WHERE {HERE} AND number = 13": ["C87001 13 edited: its hash is another"],
    f"UPDATE events SET previous = hash WHERE {HERE} AND number = 4": ["C87001 4 edited: its link to the event before"],
    f"UPDATE events SET number = 50 WHERE {HERE} AND number = 4": ["C87001 4 reordered: it stands at 50"],
    f"UPDATE events SET number = 50 WHERE {HERE} AND number = 13": ["C87001 13 renumbered: it stands at 50"],
    f"UPDATE events SET practice_id = 'D' WHERE {HERE} AND number = 4": [
        "C87001 4 deleted",
        "D 4 inserted: it is event 4 of practice 'C87001'",
    ],
    f"DELETE FROM events WHERE {HERE} AND number IN (4, 5, 9)": ["C87001 4 deleted: 2 events", "C87001 9 deleted"],
    f"DELETE FROM events WHERE {HERE} AND number > 11": ["C87001 12 deleted: 2 events, from the end of the chain"],
    f"DELETE FROM events WHERE {HERE}": ["C87001 1 deleted: 13 events, from the end of the chain"],
    f"DELETE FROM chains WHERE {HERE}": ["C87001 13 the head of the chain is missing"],
    f"UPDATE chains SET number = 2000000000 WHERE {HERE}": ["C87001 13 the head of the chain was edited"],
    f"UPDATE chains SET number = 0 WHERE {HERE}": ["C87001 13 the head of the chain was edited"],
    f"UPDATE chains SET number = 5, hash = (SELECT hash FROM events WHERE {HERE} AND number = 7) WHERE {HERE}": [
        "C87001 13 the head of the chain was edited"
    ],
    f"UPDATE events SET patient_id = 'x', hash = previous WHERE {HERE} AND number = 4": [
        "C87001 4 edited: it does not say what it said"
    ],
    f"INSERT INTO events SELECT practice_id, 14, {COLUMNS_BUT} FROM events WHERE {HERE} AND number = 4": [
        "C87001 14 inserted: a copy of event 4"
    ],
    f"INSERT INTO events SELECT 'C87002', 8, {COLUMNS_BUT} FROM events WHERE {HERE} AND number = 4": [
        "C87002 8 inserted: a copy of event 4 of practice 'C87001'"
    ],
}


@pytest.mark.parametrize("change", TOLD)
def test_what_was_done_is_told(filled, change):
    with writing_on(filled.store.engine).begin() as connection:
        connection.exec_driver_sql(change)
    found = filled.verify().found
    assert len(found) == len(TOLD[change])
    for fault, told in zip(found, TOLD[change], strict=True):
        assert f"{fault.practice_id} {fault.number} {fault.fault}".startswith(told)
