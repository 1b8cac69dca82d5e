"""Events that are held answer as their store does for the moment they are of."""

from __future__ import annotations

import datetime as dt

import pytest
from caseload_stores import FIRST, stores
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.state.asking import READ
from casemgmt.caseload.store.held import HeldStore

DAYS = ("2015-01-05", "2015-06-30")


@settings(max_examples=60, deadline=None)
@given(stores(), st.one_of(st.none(), st.integers(0, 400)))
def test_what_is_held_answers_as_the_store(store, days):
    moment = None if days is None else FIRST + dt.timedelta(days=days)
    held = HeldStore(store, moment, (*READ, "recorded_at"))
    assert held.heads() == store.heads(moment)
    one, other = Caseload(held), Caseload(store)
    if len(held.heads()) < 2:
        return
    assert one.process(*DAYS) == other.process(*DAYS, known_at=moment)
    assert one.homes_between(*DAYS).homes == other.homes_between(*DAYS, known_at=moment).homes
    assert one.on(DAYS[1]).to_arrow() == other.on(DAYS[1], known_at=moment).to_arrow()
    code = one.practices[0]
    assert (
        one.on(DAYS[1], practice_id=code).to_arrow() == other.on(DAYS[1], practice_id=code, known_at=moment).to_arrow()
    )


@settings(max_examples=1)
@given(stores())
def test_nothing_is_written_and_another_moment_is_not_held(store):
    held = HeldStore(store, FIRST, READ)
    with pytest.raises(TypeError, match="held to be read"):
        held.writing(["C87001"])
    with pytest.raises(ValueError, match="another moment"):
        held.heads(FIRST + dt.timedelta(days=1))
