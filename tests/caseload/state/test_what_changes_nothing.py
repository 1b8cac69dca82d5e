"""What changes nothing in a state: other practices' events, the order in which practices write, what is taken back."""

from __future__ import annotations

import datetime as dt
import json

from caseload_events import FIRST, add, of_a_patient, stores
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent, moment_of

dates = st.dates(dt.date(2014, 12, 25), dt.date(2016, 6, 1))
moments = st.one_of(st.none(), st.integers(-1, 500).map(lambda day: FIRST + dt.timedelta(days=day)))
LATER = FIRST + dt.timedelta(days=5_000)


def rows_of(store, date, **options):
    return Caseload(store).on(date, **options).to_arrow(everyone=True).to_pylist()


def copied(store, renamed):
    """A store with the same events under other practice codes, each chain written whole, in the order given."""
    copy = MemoryStore()
    for code, other in renamed.items():
        for event in store.chains.get(code, []):
            day, details = dt.date.fromisoformat(event.happened_on), json.loads(event.details or "{}")
            new = NewEvent(other, event.kind, day, event.patient_id, event.by, event.basis, event.corrects, details)
            add(copy, moment_of(event.recorded_at), new)
    return copy


@settings(deadline=None, max_examples=60)
@given(stores(("C87001", "C87002")), stores(("C87000", "C87003", "c")), dates, moments)
def test_another_practices_events_change_nothing(store, others, date, known_at):
    before = rows_of(store, date, known_at=known_at)
    store.chains.update({code: chain for code, chain in others.chains.items() if code})
    after = rows_of(store, date, known_at=known_at)
    assert [row for row in after if row["practice_id"] in ("C87001", "C87002")] == before
    for code in set(store.chains) - {""}:
        alone = rows_of(store, date, known_at=known_at, practice_id=code)
        assert alone == [row for row in after if row["practice_id"] == code]


@settings(deadline=None, max_examples=60)
@given(stores(), st.permutations(["", "C87001", "C87002", "Y00001"]), st.permutations("abc"), dates, moments)
def test_neither_the_codes_of_practices_nor_the_order_in_which_they_write_change_anything(
    store, order, codes, date, known_at
):
    renamed = {"": "", **dict(zip(("C87001", "C87002", "Y00001"), codes, strict=True))}
    copy = copied(store, {code: renamed[code] for code in order})
    expected = [{**row, "practice_id": renamed[row["practice_id"]]} for row in rows_of(store, date, known_at=known_at)]
    expected.sort(key=lambda row: row["practice_id"])
    assert rows_of(copy, date, known_at=known_at) == expected


@settings(deadline=None, max_examples=60)
@given(stores(), st.lists(of_a_patient(("C87001", "C87002")), min_size=1, max_size=4), dates)
def test_what_was_written_and_withdrawn_changes_nothing_now(store, mistakes, date):
    before = rows_of(store, date)
    for stored in add(store, LATER, *mistakes):
        add(store, LATER, _withdrawal(stored, date))
    assert rows_of(store, date) == before


@settings(deadline=None, max_examples=60)
@given(stores(), dates, st.data())
def test_a_withdrawal_that_is_withdrawn_changes_nothing_now(store, date, data):
    before = rows_of(store, date)
    chains = [event for code, chain in store.chains.items() if code for event in chain]
    if chains:
        (taken_back,) = add(store, LATER, _withdrawal(data.draw(st.sampled_from(chains)), date))
        add(store, LATER, _withdrawal(taken_back, date))
    assert rows_of(store, date) == before


@settings(deadline=None, max_examples=60)
@given(stores(), st.lists(of_a_patient(("C87001", "C87002")), min_size=1, max_size=4), dates)
def test_what_happens_after_the_date_or_is_recorded_after_the_moment_changes_nothing(store, more, date):
    before, known = rows_of(store, date), rows_of(store, date, known_at=FIRST + dt.timedelta(days=100))
    add(store, LATER, *(event._replace(happened_on=date + dt.timedelta(days=i + 1)) for i, event in enumerate(more)))
    assert rows_of(store, date) == before
    add(store, LATER, *more)
    assert rows_of(store, date, known_at=FIRST + dt.timedelta(days=100)) == known


def _withdrawal(stored, date):
    return NewEvent(stored.practice_id, "withdrawn", date, stored.patient_id, corrects=stored.number)
