"""Events of every kind, whose texts are those that files and spreadsheets spoil."""

from __future__ import annotations

import datetime as dt

from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import CORRECTING, KINDS, LIST_PUBLISHED, OPENED, STORE

OPENED_ON = dt.date(2015, 3, 31)
RECORDED = dt.datetime(2015, 4, 1, 9, 30, 0, 123, tzinfo=dt.UTC)

# Nothing here is refused by the checks of events: no line end, no hidden character.
TEXTS = (
    *("=1+1", "+44 20", "-5", "@SUM(A1)", "'=quoted", "''", 'Dr "A", GP', "a,b;c", "NULL", "NA", "007", "1e5", "true"),
    *("2015-04-01", "é ß 李", "＝cmd", "1/2", "<b>&amp;</b>", "{}", '{"a":1}', "\\N", "’"),
)


def of_every_kind(practice: str = "C87001") -> list[NewEvent]:
    """An event of each kind of a practice or patient, twice over: with what it must say, and with all that it may."""
    found = [NewEvent(practice, LIST_PUBLISHED, OPENED_ON, details=_details(KINDS[LIST_PUBLISHED].needs, 0))]
    for count, kind in enumerate(KINDS.values()):
        if kind.about == "store" or kind.name in CORRECTING:
            continue
        for details in (kind.needs, kind.details):
            patient = TEXTS[count % len(TEXTS)] if kind.about == "patient" else None
            day = OPENED_ON - dt.timedelta(days=count)
            by = TEXTS[(count + 3) % len(TEXTS)] if kind.by_needed or details is not kind.needs else None
            basis = 1 if patient is not None and details is not kind.needs else None
            found.append(NewEvent(practice, kind.name, day, patient, by, basis, None, _details(details, count)))
    some = next(number for number, event in enumerate(found, 1) if event.kind == "accepted")
    patient = found[some - 1].patient_id
    values = {"happened_on": OPENED_ON, "reason": "=corrected"}
    found.append(NewEvent(practice, "corrected", OPENED_ON, patient, "Dr A", None, some, {"values": values}))
    found.append(NewEvent(practice, "withdrawn", OPENED_ON, patient, "Dr A", None, len(found)))
    return found


def _details(wanted, count):
    made = {
        "text": TEXTS[count % len(TEXTS)],
        "integer": count,
        "date": OPENED_ON,
        "flag": count % 2 == 0,
        "sha256": "0a" * 32,
    }
    details = {name: made[kind] for name, kind in wanted.items()}
    return details | ({"care_home_type": "nursing"} if "care_home_type" in details else {})


def fill(store, practices=("C87001", "C87002")) -> None:
    """Open a store and write the events of each practice to it."""
    with store.writing([STORE], RECORDED) as writing:
        writing.append([NewEvent(STORE, OPENED, OPENED_ON, details={"review_every_months": 3})])
    for more, practice in enumerate(practices):
        with store.writing([practice], RECORDED + dt.timedelta(seconds=more)) as writing:
            writing.append(of_every_kind(practice))
