"""Stores of random events, back-dated, corrected and withdrawn, of several practices and patients."""

from __future__ import annotations

import datetime as dt
from typing import Any

from caseload_events import (
    add,
    correcting,
    days,
    gaps,
    months,
    of_a_patient,
    of_some_practice,
    of_twenty,
    opened,
    yes_or_no,
)
from hypothesis import strategies as st
from memory_store import MemoryStore

PRACTICES = ("C87001", "C87002", "Y00001")
FIRST = dt.datetime(2015, 1, 1, 9, tzinfo=dt.UTC)


@st.composite
def stores(draw: Any, most: int = 40) -> MemoryStore:
    """Events of three patients in three practices, recorded day after day; some ended for death or a move."""
    store, moment = MemoryStore(), FIRST
    add(store, moment, opened(draw(months), draw(days)))
    for _ in range(draw(st.integers(0, most))):
        moment += dt.timedelta(days=draw(gaps))
        earlier = [event for code, chain in store.chains.items() if code for event in chain]
        what = draw(of_twenty)
        if what < 2:
            add(store, moment, draw(of_some_practice(PRACTICES)))
        elif what < 6 and earlier:
            add(store, moment, correcting(draw, earlier))
        else:
            new = draw(of_a_patient(PRACTICES, patients=3))
            if new.kind == "ended" and draw(yes_or_no):
                new = new._replace(details={"reason": "died or moved"})
            add(store, moment, new)
    return store
