"""What an event may not say is refused before it is stored, with the column, how many, and what to do; no value."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

import casemgmt as cm
from casemgmt.caseload.events import checking
from casemgmt.caseload.events.checking import Known, check
from casemgmt.caseload.events.event import NewEvent, details_text
from casemgmt.caseload.events.kinds import KINDS, STORE

DAY = dt.date(2015, 4, 1)
TODAY = dt.date(2015, 6, 30)
SHA = "0123456789abcdef" * 4
KNOWN = {
    ("A", 1): Known("list_published", None),
    ("A", 2): Known("accepted", "p1"),
    ("A", 3): Known("corrected", "p1"),
    ("A", 4): Known("withdrawn", "p1"),
    ("A", 5): Known("list_size", None),
    ("A", 6): Known("plan_agreed", "p2"),
    ("B", 1): Known("list_published", None),
    (STORE, 1): Known("opened", None),
}
ENDS = {"A": 6, "B": 1, STORE: 1}
RIGHT = {
    "text": "some words",
    "integer": 3,
    "date": "2015-04-01",
    "flag": True,
    "sha256": SHA,
    "values": {"reason": "another"},
}


def a_value(name, value):
    return checking.WORDS.get(name, (RIGHT[value],))[0]


def looked_at(*events):
    check(events, ENDS, KNOWN, TODAY)


def right(kind, every=True):
    """An event that says all that its kind may, or only what it must."""
    details = {name: a_value(name, value) for name, value in (kind.details if every else kind.needs).items()}
    correcting = kind.name in ("corrected", "withdrawn")
    return NewEvent(
        practice_id=STORE if kind.about == "store" else "A",
        kind=kind.name,
        happened_on=DAY,
        patient_id="p1" if kind.about == "patient" else None,
        by="AB" if kind.by_needed else None,
        corrects=2 if correcting else None,
        details=details,
    )


def refusal(*events):
    with pytest.raises(cm.InputError) as refused:
        looked_at(*events)
    return str(refused.value)


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_may_say_is_taken(name, every):
    looked_at(right(KINDS[name], every))


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_must_say_is_asked_for(name):
    kind = KINDS[name]
    event = right(kind)
    for detail in kind.needs:
        told = refusal(event._replace(details={k: v for k, v in event.details.items() if k != detail}))
        assert f"  {detail} is missing, and '{name}' needs it (1 event)." in told
    if kind.by_needed:
        assert f"by is missing: '{name}' is a person's decision" in refusal(event._replace(by=None))
    if kind.about == "patient":
        assert "patient_id is" in refusal(event._replace(patient_id=None))
    else:
        assert f"patient_id must be left out: '{name}' is about the {kind.about}" in refusal(
            event._replace(patient_id="p1")
        )
    told = refusal(event._replace(practice_id="A" if kind.about == "store" else STORE))
    assert "practice_id " in told


@pytest.mark.parametrize("name", KINDS)
def test_a_detail_of_another_kind_is_refused(name):
    wrong = {
        "text": (7, None, "", " ", "a\0", "a\nb", "\ud800", "x" * 2_001, "a\x85", "\u2028"),
        "integer": (-1, 2_000_000_001, 1.0, "3", True, None),
        "date": (
            "2015-13-01",
            "01/04/2015",
            "2015-4-1",
            "1899-12-31",
            7,
            None,
            dt.datetime(2015, 4, 1),
            "２０１５-04-01",
        ),
        "flag": (1, "true", None),
        "sha256": (SHA.upper(), SHA[1:], "g" * 64, SHA + "\n", None),
        "values": (7, "x", None, [("reason", "x")]),
    }
    event = right(KINDS[name])
    for detail, kind in KINDS[name].details.items():
        for value in wrong[kind]:
            told = refusal(event._replace(details={**event.details, detail: value}))
            assert f"  {detail} " in told, (detail, value)
    assert "details hold a name that" in refusal(event._replace(details={**event.details, "nmae": "x"}))
    assert "details hold a name that is no text" in refusal(event._replace(details={**event.details, 3: "x"}))
    assert "details must be a mapping" in refusal(event._replace(details=[]))


ACCEPTED = NewEvent("A", "accepted", DAY, "p1", by="AB")
WRONG = {
    "kind is none that is known. Did you mean 'accepted'?": ACCEPTED._replace(kind="acepted"),
    "kind is none that is known. Known: 'opened'": ACCEPTED._replace(kind=None),
    "happened_on must be a date": ACCEPTED._replace(happened_on="2015-04-01"),
    "happened_on must be a date without a time of day": ACCEPTED._replace(happened_on=dt.datetime(2015, 4, 1)),
    "happened_on must lie between 1900 and 2200": ACCEPTED._replace(happened_on=dt.date(1899, 12, 31)),
    "happened_on lies after the day it is written down": ACCEPTED._replace(happened_on=TODAY + dt.timedelta(2)),
    "practice_id is empty": ACCEPTED._replace(practice_id=" "),
    "practice_id must be text": ACCEPTED._replace(practice_id=7),
    "practice_id is longer than 200": ACCEPTED._replace(practice_id="x" * 201),
    "practice_id holds a control character": ACCEPTED._replace(practice_id="A\t"),
    "practice_id names a practice that is not being written to": ACCEPTED._replace(practice_id="C"),
    "patient_id is empty": ACCEPTED._replace(patient_id=" "),
    "patient_id must be text": ACCEPTED._replace(patient_id=9990000018),
    "patient_id is longer than 200": ACCEPTED._replace(patient_id="x" * 201),
    "patient_id holds a control character": ACCEPTED._replace(patient_id="a\x1f"),
    "by is empty": ACCEPTED._replace(by=""),
    "by must be text": ACCEPTED._replace(by=7),
    "basis is not the number of an earlier 'list_published' of the same practice": ACCEPTED._replace(basis=2),
    "basis is not the number of an earlier": ACCEPTED._replace(basis=7),
    "basis is not the number": ACCEPTED._replace(basis=True),
    "basis is not": ACCEPTED._replace(practice_id="B", basis=6),
    "corrects must be left out: 'accepted' corrects no other event": ACCEPTED._replace(corrects=2),
    "corrects is not the number of an earlier event": NewEvent("A", "withdrawn", DAY, "p1", corrects=7),
    "corrects is not the number of": NewEvent("A", "withdrawn", DAY, "p1"),
    "patient_id is not that of the event that 'corrects' names": NewEvent("A", "withdrawn", DAY, "p9", corrects=2),
    "patient_id is not that": NewEvent("A", "withdrawn", DAY, "p9", corrects=5),
    "patient_id is missing, and 'withdrawn'": NewEvent("A", "withdrawn", DAY, None, corrects=2),
    "corrects names a correction or a withdrawal": NewEvent(
        "A", "corrected", DAY, "p1", corrects=3, details={"values": {"reason": "x"}}
    ),
    "values are empty": NewEvent("A", "corrected", DAY, "p1", corrects=2, details={"values": {}}),
    "values hold a name that 'accepted' may not. Did you mean 'reason'?": NewEvent(
        "A", "corrected", DAY, "p1", corrects=2, details={"values": {"raeson": "x"}}
    ),
    "values hold a name that 'accepted' may not.": NewEvent(
        "A", "corrected", DAY, "p1", corrects=2, details={"values": {3: "x"}}
    ),
    "reason must be text": NewEvent("A", "corrected", DAY, "p1", corrects=2, details={"values": {"reason": 3}}),
    "happened_on in values lies after": NewEvent(
        "A", "corrected", DAY, "p1", corrects=2, details={"values": {"happened_on": "2015-07-02"}}
    ),
    "happened_on in values must be a date": NewEvent(
        "A", "corrected", DAY, "p1", corrects=2, details={"values": {"happened_on": "1/4/2015"}}
    ),
}


@pytest.mark.parametrize("told", WRONG)
def test_what_is_wrong_is_said(told):
    text = refusal(WRONG[told])
    assert f"  {told}" in text
    assert text.startswith("1 event given, and none was written:\n")
    assert text.endswith("(1 event).")
    assert len(text.splitlines()) == 2  # one thing is wrong


def test_what_may_be_is_taken():
    looked_at(
        ACCEPTED._replace(happened_on=TODAY + dt.timedelta(1)),  # clocks of two places
        ACCEPTED._replace(basis=1),
        ACCEPTED._replace(practice_id="B", basis=1),
        NewEvent("A", "withdrawn", DAY, "p1", corrects=4),
        NewEvent("A", "withdrawn", DAY, None, corrects=5),
        NewEvent("A", "corrected", DAY, None, corrects=5, details={"values": {"whole": 5_000}}),
        NewEvent("A", "corrected", DAY, "p2", corrects=6, details={"values": {"next_review_on": "2199-01-01"}}),
        NewEvent("A", "corrected", DAY, "p1", corrects=2, details={"values": {"happened_on": DAY}}),
        NewEvent("A", "reviewed", DAY, "p1", details={"next_review_on": dt.date(2016, 1, 1)}),
    )


def test_an_event_may_name_one_that_is_written_with_it():
    published = NewEvent("A", "list_published", DAY, details={"scheme": "s", "list_date": DAY, "fingerprint": "f"})
    looked_at(published, NewEvent("A", "proposed", DAY, "p3", basis=7, details={"route": "risk"}))
    told = refusal(NewEvent("A", "proposed", DAY, "p3", basis=8, details={"route": "risk"}), published, published)
    assert "basis is not the number of an earlier" in told
    assert "basis is not" in refusal(
        NewEvent("A", "proposed", DAY, "p3", basis=7, details={"route": "risk"}), published
    )


def test_each_thing_is_said_once_with_its_count_and_without_a_value():
    secret = "9990000018"
    told = refusal(
        *[ACCEPTED._replace(patient_id=f"{secret}\t{n}") for n in range(1_500)],
        ACCEPTED,
        ACCEPTED._replace(by=None, patient_id=secret),
        ACCEPTED._replace(kind=secret),
        ACCEPTED._replace(details={secret: secret, "reason": [secret]}),
        ACCEPTED._replace(practice_id=secret),
    )
    assert told.splitlines()[0] == "1,505 events given, and none was written:"
    assert told.count("(1,500 events)") == 1
    assert told.count("(1 event)") == 5
    assert secret not in told


def test_no_events_are_right():
    looked_at()


def test_limits_are_those_that_are_said():
    longest = replace(KINDS["ended"]).name
    looked_at(NewEvent("A", longest, DAY, "x" * 200, by="y" * 200, details={"reason": "z" * 2_000}))
    assert checking.LONGEST_DETAIL == 2_000


def test_details_are_written_in_one_way():
    one = details_text({"b": dt.date(2015, 4, 1), "a": {"d": 1, "c": "É"}})
    assert one == '{"a":{"c":"É","d":1},"b":"2015-04-01"}'
    assert details_text({}) == ""


def test_a_home_of_no_known_type_is_refused():
    home = NewEvent("A", "home_changed", DAY, "p1", details={"care_home_type": "Nursing"})
    with pytest.raises(cm.InputError, match="care_home_type is none of: none, nursing, residential"):
        looked_at(home)
    looked_at(home._replace(details={"care_home_type": "nursing"}))
