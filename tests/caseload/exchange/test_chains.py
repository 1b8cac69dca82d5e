"""Which events are whole chains: their numbers, links, hashes, moments and order."""

from __future__ import annotations

import datetime as dt

import pytest
from every_event import RECORDED, of_every_kind

from casemgmt.caseload.events.chain import heads_if_whole
from casemgmt.caseload.events.event import NO_HASH, chained, moment_text


def a_chain(practice="C87001", many=4, *, first=1, previous=NO_HASH, moments=None):
    """Events that follow each other, each with the hash that it should have."""
    found = []
    for place, new in enumerate(of_every_kind(practice)[:many]):
        moment = RECORDED + dt.timedelta(seconds=place if moments is None else moments[place])
        found.append(chained(new, first + place, moment_text(moment), previous))
        previous = found[-1].hash
    return found


def test_whole_chains_have_heads_and_no_events_have_none():
    one, two = a_chain(), a_chain("C87002", 2)
    assert heads_if_whole([*one, *two]) == {"C87001": (4, one[-1].hash), "C87002": (2, two[-1].hash)}
    assert heads_if_whole([]) == {}
    assert heads_if_whole(a_chain(moments=[0, 0, 0, 0])) is not None  # of one moment


one, other = a_chain(), a_chain("C87002")
BROKEN = {
    "numbered from 2": a_chain(first=2),
    "numbered from 0": a_chain(first=0),
    "a first event that follows another": a_chain(previous=b"x" * 32),
    "one missing": [*one[:1], *one[2:]],
    "one twice": [*one[:2], *one[1:]],
    "two exchanged": [one[0], one[2], one[1], one[3]],
    "one of another practice": [*one[:2], other[2], *one[3:]],
    "one edited": [*one[:2], one[2]._replace(happened_on="2015-01-02"), *one[3:]],
    "a hash that is another": [*one[:3], one[3]._replace(hash=b"y" * 32)],
    "moments that fall": a_chain(moments=[0, 5, 4, 6]),
    "practices out of order": [*other, *one],
    "a practice in two pieces": [*one[:2], *other, *one[2:]],
}


@pytest.mark.parametrize("what", BROKEN)
def test_chains_that_are_not_whole_have_no_heads(what):
    assert heads_if_whole(BROKEN[what]) is None
