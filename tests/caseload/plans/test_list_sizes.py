"""List sizes are counted in a register as every denominator is, and written once."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pytest
from caseload_by_hand import RECORDED, caseload_of, event
from caseload_events import add, store_of
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.errors import InputError

AS_OF = dt.date(2015, 4, 1)


def register_of(people, as_of=AS_OF):
    """People as (practice, age, day of leaving or None)."""
    return cm.read_register(
        pa.table(
            {
                "patient_id": [f"p{place:05d}" for place in range(len(people))],
                "practice_id": [practice for practice, _, _ in people],
                "age": pa.array([age for _, age, _ in people], pa.int32()),
                "deregistered_on": pa.array([left for _, _, left in people], pa.date32()),
            }
        ),
        as_of=as_of,
        extracted_on=dt.date(2015, 6, 1),
        max_corrected="100%",
    )


def sizes_in(caseload, day=AS_OF):
    rows = [row for row in caseload.events().to_pylist() if row["kind"] == "list_size"]
    return {row["practice_id"]: json.loads(row["details"]) for row in rows if row["happened_on"] == day}


people = st.lists(
    st.tuples(
        st.sampled_from(["C87001", "C87002", "C87003"]),
        st.one_of(st.none(), st.sampled_from([0, 17, 18, 64, 65, 74, 75, 90])),
        st.sampled_from([None, None, dt.date(2015, 4, 1), dt.date(2015, 4, 2)]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(people)
def test_the_sizes_are_those_of_a_plain_count(people):
    expected = {}
    for practice, age, left in people:
        own = expected.setdefault(practice, {"whole": 0, "adults": 0, "aged_65": 0, "aged_75": 0})
        if left is None or left > AS_OF:
            own["whole"] += 1
            for name, least in (("adults", 18), ("aged_65", 65), ("aged_75", 75)):
                own[name] += age is not None and age >= least
    caseload = caseload_of()
    assert caseload.record_list_sizes(register_of(people)) == len(expected)
    assert sizes_in(caseload) == {
        practice: {**counts, "source": "counted in the register"} for practice, counts in expected.items()
    }
    assert caseload.record_list_sizes(register_of(people)) == 0


def test_a_size_that_changed_is_written_again_and_holds_from_then_on():
    caseload = caseload_of()
    caseload.record_list_sizes(register_of([("C87001", 40, None)] * 2), recorded_at=RECORDED)
    assert caseload.record_list_sizes(register_of([("C87001", 40, None)] * 3), recorded_at=RECORDED) == 1
    assert caseload.record_list_sizes(register_of([("C87001", 40, None)] * 3)) == 0
    scheme = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
    (row,) = caseload.register_test(scheme, AS_OF, "2015-06-30").to_pylist()
    assert (row["list_size"], row["needed"]) == (3, 1)


def test_sizes_of_another_day_or_source_are_written_beside():
    caseload = caseload_of()
    caseload.record_list_sizes(register_of([("C87001", 40, None)]))
    assert caseload.record_list_sizes(register_of([("C87001", 40, None)], dt.date(2015, 3, 1))) == 1
    assert caseload.record_list_sizes(register_of([("C87001", 40, None)]), source="official") == 1
    assert caseload.events().num_rows == 4


def test_a_size_that_was_withdrawn_is_written_anew():
    store = store_of([])
    caseload = Caseload(store)
    caseload.record_list_sizes(register_of([("C87001", 40, None)]), recorded_at=RECORDED)
    add(store, RECORDED, NewEvent("C87001", "withdrawn", AS_OF, corrects=1))
    assert caseload.record_list_sizes(register_of([("C87001", 40, None)]), recorded_at=RECORDED) == 1


def test_a_register_without_ages_or_of_something_else_is_refused():
    table = pa.table({"patient_id": ["p1"], "practice_id": ["C87001"]})
    with pytest.raises(InputError, match="age"):
        caseload_of().record_list_sizes(cm.read_register(table, as_of=AS_OF))
    with pytest.raises(InputError, match=r"a register from cm\.read_register"):
        caseload_of().record_list_sizes(table)
    with pytest.raises(InputError, match="source"):
        caseload_of().record_list_sizes(register_of([("C87001", 40, None)]), source=3)


def test_the_sizes_of_a_register_are_enough_for_the_test_and_the_payments_of_a_year():
    caseload = caseload_of(event("accepted", "2015-05-01"))
    caseload.record_list_sizes(register_of([("C87001", 40, None)] * 50 + [("C87001", 4, None)] * 50))
    scheme = cm.load_scheme("avoiding-unplanned-admissions-2015-16")
    amounts = [row["amount"] for row in caseload.payments(scheme, 2015).to_pylist()]
    assert str(sum(amounts)) == "287.00"
    assert caseload.register_test(scheme, AS_OF, "2015-09-30").column("list_size").to_pylist() == [50]
