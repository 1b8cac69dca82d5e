"""What a state answers: the people, who is due, the counts, removals; what is shown, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import re

import pyarrow as pa
import pytest
from caseload_events import add, store_of

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import Event, NewEvent
from casemgmt.caseload.events.table import events_table
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.moments import moment_known
from casemgmt.errors import InputError

NOON = dt.datetime(2015, 6, 30, 12, tzinfo=dt.UTC)
HERE, THERE = "C87001", "C87002"


def told(patient, kind, day, practice=HERE, corrects=None, **details):
    return NewEvent(practice, kind, dt.date.fromisoformat(day), patient, by="AB", corrects=corrects, details=details)


EVENTS = [
    told("a", "accepted", "2015-01-10"),
    told("a", "gp_named", "2015-01-10", gp="Dr A"),
    told("a", "patient_told", "2015-01-12"),
    told("a", "plan_agreed", "2015-01-20"),
    told("b", "accepted", "2015-03-30"),
    told("b", "plan_declined", "2015-04-01"),
    told(
        "b", "removal_proposed", "2015-05-01", reason="not selected", detail="no route", first_proposed_on="2015-04-01"
    ),
    told("c", "accepted", "2014-01-31", THERE),
    told("c", "reviewed", "2015-03-20", THERE, next_review_on="2015-04-20"),
    told("d", "proposed", "2015-06-01", route="care_home"),
    told("d", "plan_agreed", "2015-06-02"),
    told("e", "proposed", "2015-06-01", route="care_home"),
    told("e", "not_accepted", "2015-06-02", reason="too ill"),
    told("f", "ended", "2015-06-02", reason="declined"),
    told("g", "ended", "2015-06-03", reason="declined"),
    told("h", "moved", "2015-06-03", to_practice=THERE),
    told("i", "died", "2015-06-03", THERE),
    told("j", "accepted", "2015-06-03", THERE),
    NewEvent("C87003", "list_size", dt.date(2015, 6, 1), details={"whole": 9000}),
]


@pytest.fixture
def caseload():
    return Caseload(store_of([(NOON, event) for event in EVENTS]))


def test_those_on_the_caseload_come_by_practice_and_patient_and_everyone_where_asked(caseload):
    state = caseload.on("2015-06-30")
    assert state.to_arrow().column("patient_id").to_pylist() == ["a", "b", "d", "c", "j"]
    assert state.to_arrow(everyone=True).column("patient_id").to_pylist() == [*"abdefgh", *"cij"]
    assert state.to_pandas().equals(state.to_arrow().to_pandas())
    assert len(state.to_pandas(everyone=True)) == 10
    assert [(field.name, str(field.type)) for field in state.to_arrow().schema] == [
        *((name, "string") for name in ("practice_id", "patient_id", "status")),
        *(("since", "date32[day]"), ("proposed_on", "date32[day]"), ("route", "string"), ("plan", "string")),
        *((name, "date32[day]") for name in ("plan_on", "last_review", "next_review")),
        *(("review_due", "bool"), ("told_on", "date32[day]")),
        *((name, "string") for name in ("accountable_gp", "care_home_type", "care_home_id")),
        *(("removal_proposed_on", "date32[day]"), ("removal_reason", "string"), ("removal_detail", "string")),
        *(("left_on", "date32[day]"), ("left_reason", "string")),
    ]
    assert caseload.on("2010-01-01").to_arrow(everyone=True).schema == state.to_arrow().schema


def test_ids_and_practices_come_in_the_order_of_their_bytes():
    ids = ["é", "z", "Z", "😀", "\uffee", "10", "9", " "]
    events = [told(each, "accepted", "2015-01-10", practice) for practice in ("b", "B", "ß", "zz") for each in ids]
    rows = Caseload(store_of([(NOON, each) for each in events])).on("2015-06-30").to_arrow().to_pylist()
    found = [(row["practice_id"], row["patient_id"]) for row in rows]
    assert found == sorted(found, key=lambda row: (row[0].encode(), row[1].encode()))
    assert len(found) == 32


def test_the_summary_counts_each_practice(caseload):
    head = (
        "practice_id proposed managed plans_agreed plans_declined without_plan reviews_due reviews_overdue told untold"
    )
    head += " removals_pending not_accepted ended moved died"
    table = caseload.on("2015-06-30").summary()
    assert table.column_names == head.split()
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (HERE, 1, 2, 1, 1, 0, 2, 1, 1, 1, 1, 1, 2, 1, 0),
        (THERE, 0, 2, 0, 0, 2, 1, 1, 0, 2, 0, 0, 0, 0, 1),
        ("C87003", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ]


def test_those_who_left_are_counted_by_reason(caseload):
    assert [tuple(row.values()) for row in caseload.on("2015-06-30").left().to_pylist()] == [
        (HERE, "not accepted", "too ill", 1),
        (HERE, "ended", "declined", 2),
        (HERE, "moved", None, 1),
        (THERE, "died", None, 1),
    ]
    assert caseload.on("2015-06-01").left().num_rows == 0


def due(state, **until):
    names = ("patient_id", "next_review", "overdue")
    return [(row[names[0]], str(row[names[1]]), row[names[2]]) for row in state.due(**until).to_pylist()]


def test_the_due_list_has_the_longest_overdue_first(caseload):
    state = caseload.on("2015-06-30")
    overdue = [("a", "2015-04-20", True), ("c", "2015-04-20", True)]
    assert due(state) == [*overdue, ("b", "2015-06-30", False)]
    assert due(state, until="2015-06-29") == overdue
    assert due(state, until=dt.date(2015, 4, 19)) == []
    assert due(state, within_months=0) == due(state)
    assert due(state, within_months=2) == due(state)
    assert due(state, within_months=3) == [*overdue, ("b", "2015-06-30", False), ("j", "2015-09-03", False)]
    assert state.due().to_pylist()[0] == {
        "practice_id": HERE,
        "patient_id": "a",
        "next_review": dt.date(2015, 4, 20),
        "overdue": True,
        "last_review": None,
        "since": dt.date(2015, 1, 10),
        "plan": "agreed",
        "plan_on": dt.date(2015, 1, 20),
        "accountable_gp": "Dr A",
        "care_home_type": None,
        "care_home_id": None,
        "removal_proposed_on": None,
    }


@pytest.mark.parametrize(
    ("date", "months", "last"), [("2016-02-29", 12, "2017-03-01"), ("2015-01-31", 1, "2015-03-01")]
)
def test_a_month_ahead_is_one_of_the_calendar(date, months, last):
    after = dt.date.fromisoformat(last) + dt.timedelta(days=1)
    events = [
        told("in", "accepted", "2015-01-10"),
        told("out", "accepted", "2015-01-10"),
        told("in", "plan_agreed", "2015-01-11", next_review_on=last),
        told("out", "plan_agreed", "2015-01-11", next_review_on=after.isoformat()),
    ]
    state = Caseload(store_of([(NOON, each) for each in events])).on(date)
    assert state.due(within_months=months).column("patient_id").to_pylist() == ["in"]


def test_the_interval_is_the_setting_as_of_the_date():
    store = store_of([(NOON, told("a", "accepted", "2015-01-10"))], months=3)
    add(store, NOON, NewEvent("", "settings_changed", dt.date(2015, 5, 1), details={"review_every_months": 6}))
    add(store, NOON, NewEvent("", "settings_changed", dt.date(2015, 3, 1), details={"review_every_months": 1}))
    dates = ("2015-02-28", "2015-03-01", "2015-05-01")
    found = [Caseload(store).on(date) for date in dates]
    assert [state.review_every_months for state in found] == [3, 1, 6]
    assert [str(state.to_arrow()["next_review"][0]) for state in found] == ["2015-04-10", "2015-02-10", "2015-07-10"]
    known = Caseload(store).on("2015-06-01", known_at="2015-06-01")  # before any of it was written
    assert (known.review_every_months, known.to_arrow(everyone=True).num_rows) == (3, 0)


def test_pending_removals(caseload):
    assert caseload.on("2015-06-30").removals().to_pylist() == [
        {
            "practice_id": HERE,
            "patient_id": "b",
            "status": "managed",
            "since": dt.date(2015, 3, 30),
            "removal_proposed_on": dt.date(2015, 4, 1),
            "removal_reason": "not selected",
            "removal_detail": "no route",
        }
    ]
    assert caseload.on("2015-04-30").removals().num_rows == 0


def test_a_state_is_shown_by_counts_alone(caseload):
    state = caseload.on("2015-06-30", known_at="2015-07-01T09:00+01:00")
    words = "caseload on 2015-06-30, as known at 2015-07-01 08:00 UTC: 4 managed and 1 proposed in 3 practices"
    assert repr(state) == f"<State: {words}>"
    html = state._repr_html_()
    assert words in html
    assert re.findall(r"reviews overdue</td><td[^>]*>(\d+)<", html) == ["2"]
    assert not re.search(r"Dr A|>[a-j]<|too ill", html)
    assert "known" not in repr(caseload.on("2015-06-30"))


def test_one_practice_alone_is_what_the_whole_says_of_it(caseload):
    whole, alone = caseload.on("2015-06-30"), caseload.on("2015-06-30", practice_id=THERE)
    rows = whole.to_arrow(everyone=True).to_pylist()
    assert alone.to_arrow(everyone=True).to_pylist() == [row for row in rows if row["practice_id"] == THERE]
    assert (alone.practices, whole.practices) == ((THERE,), (HERE, THERE, "C87003"))
    assert alone.heads == {THERE: whole.heads[THERE]}
    assert whole.heads == {code: head for code, head in caseload.store.heads().items() if code}


def test_a_practice_of_which_nothing_was_known_yet_has_nobody(caseload):
    early = caseload.on("2015-06-30", known_at="2015-01-01", practice_id=THERE)
    assert (early.to_arrow(everyone=True).num_rows, early.heads, early.practices) == (0, {}, ())


@pytest.mark.parametrize("practice", ["C87009", "", "c87001"])
def test_an_unknown_practice_is_refused(practice, caseload):
    for ask in (lambda: caseload.on("2015-06-30", practice_id=practice), lambda: caseload.history(practice, "a")):
        with pytest.raises(InputError, match="There is no practice"):
            ask()


@pytest.mark.parametrize("wrong", [7, ["C87001"], b"C87001", "\ud800", {}])
def test_a_practice_or_patient_that_is_no_text_is_refused(wrong, caseload):
    for ask in (
        lambda: caseload.on("2015-06-30", practice_id=wrong),
        lambda: caseload.history(wrong, "a"),
        lambda: caseload.history(HERE, wrong),
        lambda: caseload.on(wrong),
        lambda: caseload.on("2015-06-30", known_at=wrong),
    ):
        with pytest.raises(InputError, match=r"practice_id|patient_id|date|known_at"):
            ask()


def test_what_is_written_while_it_is_read_is_left_out(caseload, monkeypatch):
    store, read = caseload.store, caseload.store.events

    def written_meanwhile(*arguments, **options):
        monkeypatch.setattr(store, "events", read)
        add(store, NOON, told("a", "died", "2015-06-30"), told("z", "accepted", "2015-06-30"))
        add(store, NOON, told("z", "accepted", "2015-06-30", "C87004"))
        return read(*arguments, **options)

    before = caseload.on("2015-06-30")
    monkeypatch.setattr(store, "events", written_meanwhile)
    meanwhile = caseload.on("2015-06-30")
    assert meanwhile.to_arrow(everyone=True).equals(before.to_arrow(everyone=True))
    assert (meanwhile.heads, meanwhile.practices) == (before.heads, before.practices)
    assert not caseload.on("2015-06-30").to_arrow(everyone=True).equals(before.to_arrow(everyone=True))


# Moments


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        (None, None),
        ("2015-04-15", "2015-04-15T23:59:59.999999+00:00"),
        (dt.date(2015, 4, 15), "2015-04-15T23:59:59.999999+00:00"),
        ("2015-04-15T09:00:00Z", "2015-04-15T09:00:00+00:00"),
        ("2015-04-15 09:00+01:00", "2015-04-15T08:00:00+00:00"),
        (dt.datetime(2015, 4, 15, 9, tzinfo=dt.timezone(dt.timedelta(hours=-5))), "2015-04-15T14:00:00+00:00"),
    ],
)
def test_what_was_known_is_asked_by_a_moment_a_date_or_a_text(given, moment):
    found = moment_known(given)
    assert (found and found.isoformat()) == moment


@pytest.mark.parametrize(
    "given", ["2015-04-15T09:00", dt.datetime(2015, 4, 15), "yesterday", "", 7, "2015-02-30", "0001-01-01T00:00+14:00"]
)
def test_a_moment_without_its_time_zone_is_refused(given):
    with pytest.raises(InputError, match="known_at: give a date, or a time with its time zone"):
        moment_known(given)


# History


def test_the_history_shows_corrections_as_such():
    store = store_of([(NOON, told("b", "accepted", "2015-01-01"))])
    add(store, NOON, told("a", "accepted", "2015-01-10"), told("a", "reviewed", "2015-02-10"))
    add(
        store,
        NOON,
        told("a", "corrected", "2015-03-01", corrects=2, values={"happened_on": "2015-01-11", "route": "x"}),
    )
    add(store, NOON, told("a", "withdrawn", "2015-03-02", corrects=3))
    add(store, NOON, told("a", "died", "2015-05-02"), told("a", "withdrawn", "2015-03-02", corrects=5))
    found = Caseload(store).history(HERE, "a")
    names = "number kind in_force withdrawn_by corrected_by corrected_happened_on corrected_details"
    assert [tuple(row.values()) for row in found.select(names.split()).to_pylist()] == [
        (2, "accepted", True, None, 4, dt.date(2015, 1, 11), '{"route":"x"}'),
        (3, "reviewed", True, None, None, None, None),
        (4, "corrected", True, None, None, None, None),
        (5, "withdrawn", False, 7, None, None, None),
        (6, "died", True, None, None, None, None),
        (7, "withdrawn", True, None, None, None, None),
    ]
    assert found["happened_on"].to_pylist()[0] == dt.date(2015, 1, 10)
    assert found.column_names[:8] == [
        *("number", "kind", "happened_on", "recorded_at", "by", "basis", "corrects", "details"),
    ]
    add(store, NOON, told("a", "withdrawn", "2015-03-02", corrects=2), told("a", "withdrawn", "2015-03-02", corrects=2))
    assert Caseload(store).history(HERE, "a")["withdrawn_by"].to_pylist()[0] == 9  # the last of several
    add(store, NOON, told("a", "corrected", "2015-03-01", corrects=2, values={"route": "y"}))
    last = Caseload(store).history(HERE, "a").to_pylist()[0]
    assert (last["corrected_by"], last["corrected_details"]) == (10, '{"route":"y"}')
    assert last["corrected_happened_on"] == dt.date(2015, 1, 11)
    assert Caseload(store).history(HERE, "nobody").num_rows == 0
    assert Caseload(store).history(HERE, "a", known_at="2015-01-01").num_rows == 0


# What is refused


def stored(*events):
    """A table of events as a database that somebody wrote to might hold it: nothing is checked."""
    defaults = {"practice_id": HERE, "patient_id": "p", "happened_on": "2015-01-10", "details": ""}
    rows = []
    for number, event in enumerate(events, 1):
        row = {"number": number, "recorded_at": "2015-06-30T12:00:00.000000Z", **defaults, **event}
        rows.append(Event(*(row.get(name) for name in Event._fields[:10]), bytes(32), bytes(32)))
    return events_table(rows)


def refused(table, match):
    with pytest.raises(InputError, match=match) as error:
        state_at(table, dt.date(2015, 6, 30), review_every_months=3)
    assert not re.search(r"\bp\b|2015", str(error.value))


ACCEPTED = {"kind": "accepted"}
CHANGED = "not whole.*verify"


def test_an_unknown_kind_of_a_later_version_is_refused_and_not_guessed():
    refused(
        stored(ACCEPTED, {"kind": "telephoned"}, {"kind": "telephoned"}),
        r"2 events of a kind that this version of casemgmt does not know \('telephoned'\).*or a later one",
    )


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "withdrawn", "corrects": 7},
        {"kind": "withdrawn", "corrects": 0},
        {"kind": "withdrawn", "corrects": None},
        {"kind": "withdrawn", "corrects": 2},
        {"kind": "withdrawn", "corrects": -1},
        {"kind": "withdrawn", "corrects": 1, "patient_id": "q"},
        {"kind": "withdrawn", "corrects": 1, "patient_id": None},
        {"kind": "withdrawn", "corrects": 1, "practice_id": "C87002"},
        {"kind": "corrected", "corrects": 7, "details": '{"values":{"happened_on":"2015-01-01"}}'},
    ],
)
def test_a_correcting_event_that_names_nothing_is_refused(event):
    refused(stored(ACCEPTED, event), f"1 correcting event that names no earlier event.*{CHANGED}|{CHANGED}")


def test_a_correction_of_a_correction_is_refused():
    values = {"kind": "corrected", "details": '{"values":{"happened_on":"2015-01-01"}}'}
    refused(stored(ACCEPTED, {**values, "corrects": 1}, {**values, "corrects": 2}), CHANGED)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "gp_named", "details": "[1]"},
        {"kind": "gp_named", "details": "{"},
        {"kind": "gp_named", "details": '{"gp":7}'},
        {"kind": "reviewed", "details": '{"next_review_on":"soon"}'},
        {"kind": "reviewed", "details": '{"next_review_on":20150101}'},
        {"kind": "corrected", "corrects": 1, "details": ""},
        {"kind": "corrected", "corrects": 1, "details": '{"values":[]}'},
        {"kind": "corrected", "corrects": 1, "details": '{"values":{"happened_on":"soon"}}'},
        {"kind": "corrected", "corrects": 1, "details": '{"values":{"happened_on":null}}'},
    ],
)
def test_details_that_this_library_never_wrote_are_refused(event):
    refused(stored(ACCEPTED, event), CHANGED)


def test_events_out_of_order_are_refused():
    table = stored(ACCEPTED, ACCEPTED)
    refused(table.take([1, 0]), "do not come by practice and number")
    refused(table.take([0, 0]), "do not come by practice and number")


@pytest.mark.parametrize("months", [0, -1, True, 2.0, "3", None])
def test_an_interval_that_is_no_number_of_months_is_refused(months):
    with pytest.raises(InputError, match="review_every_months is a whole number of months"):
        state_at(stored(ACCEPTED), dt.date(2015, 6, 30), review_every_months=months)


@pytest.mark.parametrize(
    ("until", "match"),
    [
        ({"within_months": 1, "until": "2015-07-01"}, "not both"),
        ({"within_months": -1}, "0 to 1,200"),
        ({"within_months": True}, "0 to 1,200"),
        ({"within_months": 1.5}, "0 to 1,200"),
        ({"within_months": 10**9}, "0 to 1,200"),
        ({"until": "soon"}, "until: write an ISO date"),
    ],
)
def test_a_due_list_until_no_day_is_refused(until, match, caseload):
    with pytest.raises(InputError, match=match):
        caseload.on("2015-06-30").due(**until)


def test_a_state_of_no_events_at_all_is_empty():
    state = state_at(stored(), dt.date(2015, 6, 30), review_every_months=3)
    assert (state.to_arrow(everyone=True).num_rows, state.summary().num_rows, state.due().num_rows) == (0, 0, 0)
    assert repr(state) == "<State: caseload on 2015-06-30: 0 managed and 0 proposed in 0 practices>"


def test_events_in_pieces_give_the_same_state(caseload):
    whole = caseload.store.events()
    pieces = pa.concat_tables([whole.slice(at, 3) for at in range(0, whole.num_rows, 3)])
    assert pieces.column("kind").num_chunks > 3
    found = [state_at(each, dt.date(2015, 6, 30), review_every_months=3) for each in (whole, pieces)]
    assert found[0].to_arrow(everyone=True).equals(found[1].to_arrow(everyone=True))


def test_details_in_odd_texts_are_read_as_they_were_written():
    gp = 'Dr "A\\" {é} "gp":"B"'
    store = store_of([(NOON, told("a", "accepted", "2015-01-10")), (NOON, told("a", "gp_named", "2015-01-10", gp=gp))])
    assert Caseload(store).on("2015-06-30").to_arrow()["accountable_gp"].to_pylist() == [gp]
    assert json.loads(store.events()["details"][2].as_py()) == {"gp": gp}


def test_no_date_of_pandas_is_no_date():
    import pandas as pd

    caseload = Caseload(store_of([], 3))
    with pytest.raises(InputError, match="date: give a date"):
        caseload.on(pd.NaT)


def test_what_is_due_after_the_last_day_of_the_calendar_is_due_by_it():
    caseload = Caseload(store_of([], 3))
    assert caseload.on("9999-12-31").due(within_months=5).num_rows == 0
