"""A caseload in SQLite counts as one in memory does, and writes list sizes once."""

from __future__ import annotations

import pyarrow as pa
import pytest
from caseload_by_hand import RECORDED, accepted, caseload_of, event, list_size
from caseload_events import add

import casemgmt as cm
from casemgmt.errors import InputError

SCHEME = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
EVENTS = [
    list_size("2014-07-01", 1000, adults=500),
    *accepted(9, "2014-08-01"),
    event("home_changed", "2014-08-01", "p00000", care_home_type="nursing", care_home_id="Elms"),
    event("removal_proposed", "2014-09-01", "p00001", reason="not selected"),
    event("patient_told", "2014-09-01", "p00002"),
    event("died", "2014-10-01", "p00003"),
]
QUARTER = ("2014-07-01", "2014-09-30")


@pytest.fixture
def stored(tmp_path):
    with cm.open_caseload(tmp_path / "caseload.sqlite", create=True, review_every_months=3) as caseload:
        for each in EVENTS:
            add(caseload.store, RECORDED, each)
        yield caseload


def test_the_same_events_give_the_same_counts(stored):
    memory = caseload_of(*EVENTS)
    assert stored.process(*QUARTER, scheme=SCHEME).equals(memory.process(*QUARTER, scheme=SCHEME), check_metadata=True)
    assert stored.letters_due("2014-09-30", scheme=SCHEME) == memory.letters_due("2014-09-30", scheme=SCHEME)
    assert stored.register_test(SCHEME, *QUARTER) == memory.register_test(SCHEME, *QUARTER)
    assert stored.payments(SCHEME, 2014) == memory.payments(SCHEME, 2014)
    assert stored.homes("2014-09-30").homes == memory.homes("2014-09-30").homes
    assert stored.homes_between(*QUARTER).summary() == memory.homes_between(*QUARTER).summary()


def test_list_sizes_are_written_whole_or_not_at_all(stored):
    table = pa.table({"patient_id": ["p1", "p2"], "practice_id": ["C87001", "C87002"], "age": [40, 80]})
    register = cm.read_register(table, as_of="2015-04-01")
    for wrong in ("yesterday", RECORDED.replace(tzinfo=None)):
        with pytest.raises(InputError, match="recorded_at"):
            stored.record_list_sizes(register, recorded_at=wrong)
    with pytest.raises(InputError):
        stored.record_list_sizes(register, source="x" * 3000)
    assert stored.practices == ("C87001",)
    assert stored.record_list_sizes(register) == 2
    assert stored.record_list_sizes(register) == 0
    assert stored.practices == ("C87001", "C87002")
