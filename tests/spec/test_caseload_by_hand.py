"""Each rule of the caseload's state, worked by hand on events few enough to follow by eye.

Every case is put to the oracle and to the library: the tables are the specification of both.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import caseload_oracle
import pytest
from caseload_events import store_of

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.state.moments import moment_known


@pytest.fixture(params=["oracle", "library"])
def ask(request: pytest.FixtureRequest) -> Any:
    """Some columns of the state of everyone with a status, a line a patient; ``-`` is null.

    A table has one event a row, in the order in which they were recorded, at noon of ``recorded``. ``says`` holds
    details as name=value; a correction says beside ``corrects=`` the values that hold instead.
    """

    def run(table: str, date: str, columns: str, *, known: str | None = None, months: int = 3) -> str:
        store = store_of(events_of(table), months)
        on, moment = dt.date.fromisoformat(date), moment_known(known)
        if request.param == "oracle":
            rows = caseload_oracle.state(store.events().to_pylist(), on, months, moment)
        else:
            rows = Caseload(store).on(on, known_at=moment).to_arrow(everyone=True).to_pylist()
        return "\n".join(" ".join(_text(row[name]) for name in columns.split()) for row in rows)

    return run


def events_of(table: str) -> list[tuple[dt.datetime, NewEvent]]:
    """The events of a table, each with when it was recorded."""
    head, *lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [_event(dict(zip(head, line, strict=True))) for line in lines]


def _event(row: dict[str, str]) -> tuple[dt.datetime, NewEvent]:
    says = dict(each.split("=") for each in row.get("says", "").split())
    corrects = says.pop("corrects", None)
    by = "Dr A" if KINDS[row["kind"]].by_needed else None
    new = NewEvent(
        row.get("practice_id", "C87001"),
        row["kind"],
        dt.date.fromisoformat(row["happened_on"]),
        row.get("patient_id", "p"),
        by=by,
        corrects=None if corrects is None else int(corrects),
        details={"values": says} if row["kind"] == "corrected" else says,
    )
    return dt.datetime.fromisoformat(f"{row['recorded']}T12:00Z"), new


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value).replace(" ", "_")


# As known then, as known now

DEATH_KNOWN_LATE = """
recorded   | kind     | happened_on | says
2015-01-05 | proposed | 2015-01-05  | route=highest_risk
2015-01-12 | accepted | 2015-01-12  |
2015-05-20 | died     | 2015-03-08  |
"""


def test_a_death_in_march_that_was_recorded_in_may(ask):
    columns = "status since next_review review_due left_on"
    assert ask(DEATH_KNOWN_LATE, "2015-04-15", columns, known="2015-04-15") == "managed 2015-01-12 2015-04-12 yes -"
    assert ask(DEATH_KNOWN_LATE, "2015-04-15", columns) == "died - - no 2015-03-08"
    assert ask(DEATH_KNOWN_LATE, "2015-03-07", columns) == "managed 2015-01-12 2015-04-12 no -"
    assert ask(DEATH_KNOWN_LATE, "2015-03-08", columns) == "died - - no 2015-03-08"


def test_what_was_recorded_on_the_day_itself_was_known_at_its_end(ask):
    assert ask(DEATH_KNOWN_LATE, "2015-06-01", "status", known="2015-05-19") == "managed"
    assert ask(DEATH_KNOWN_LATE, "2015-06-01", "status", known="2015-05-20") == "died"
    assert ask(DEATH_KNOWN_LATE, "2015-06-01", "status", known="2015-05-20T11:59:59+00:00") == "managed"
    assert ask(DEATH_KNOWN_LATE, "2015-06-01", "status", known="2015-05-20T13:00+01:00") == "died"


def test_a_review_recorded_after_the_death_is_kept_and_brings_nobody_back(ask):
    events = DEATH_KNOWN_LATE + "2015-05-21 | reviewed | 2015-03-20 |\n2015-05-21 | accepted | 2015-03-21 |\n"
    assert ask(events, "2015-06-01", "status left_on last_review next_review") == "died 2015-03-08 2015-03-20 -"


def test_nothing_is_known_before_the_first_event(ask):
    assert ask(DEATH_KNOWN_LATE, "2015-01-04", "status") == ""
    assert ask(DEATH_KNOWN_LATE, "2015-06-01", "status", known="2015-01-04") == ""


# Statuses and spells


@pytest.mark.parametrize(
    ("kinds", "status", "since", "proposed_on"),
    [
        ("nominated", "", "", ""),
        ("proposed", "proposed", "-", 1),
        ("proposed proposed", "proposed", "-", 1),
        ("accepted", "managed", 1, "-"),
        ("proposed accepted", "managed", 2, 1),
        ("proposed accepted accepted", "managed", 2, 1),
        ("proposed accepted proposed", "managed", 2, 1),
        ("accepted proposed", "managed", 1, 2),
        ("practice_changed", "managed", 1, "-"),
        ("practice_changed accepted returned", "managed", 1, "-"),
        ("proposed not_accepted", "not_accepted", "-", "-"),
        ("proposed not_accepted proposed", "proposed", "-", 3),
        ("proposed not_accepted accepted", "managed", 3, "-"),
        ("proposed accepted ended", "ended", "-", "-"),
        ("proposed accepted ended proposed accepted", "managed", 5, 4),
        ("proposed accepted moved returned", "managed", 4, "-"),
        ("proposed accepted moved ended", "ended", "-", "-"),
        ("died", "died", "-", "-"),
        ("died proposed", "died", "-", "-"),
        ("died accepted moved", "died", "-", "-"),
        ("died accepted proposed returned proposed", "managed", 4, 5),
        ("ended died", "died", "-", "-"),
        ("died returned ended accepted", "managed", 4, "-"),
    ],
)
def test_each_event_gives_a_status_or_leaves_it(kinds, status, since, proposed_on, ask):
    says = {"proposed": "route=highest_risk", "not_accepted": "reason=declined", "ended": "reason=declined"}
    says["practice_changed"] = "from_practice=C87009"
    rows = [f"2015-02-01 | {kind} | 2015-01-0{i} | {says.get(kind, '')}" for i, kind in enumerate(kinds.split(), 1)]
    days = " ".join(f"2015-01-0{day}" if isinstance(day, int) else day for day in (since, proposed_on))
    table = "\n".join(["recorded | kind | happened_on | says", *rows])
    assert ask(table, "2015-01-31", "status since proposed_on") == f"{status} {days}".strip()


def test_readmission_after_an_end_begins_anew_but_remembers_the_last_review(ask):
    events = """
    recorded   | kind        | happened_on | says
    2015-01-05 | proposed    | 2015-01-05  | route=highest_risk
    2015-01-12 | accepted    | 2015-01-12  |
    2015-01-12 | gp_named    | 2015-01-12  | gp=AB
    2015-01-20 | plan_agreed | 2015-01-20  |
    2015-01-21 | patient_told | 2015-01-21 | how=letter
    2015-02-10 | reviewed    | 2015-02-10  |
    2015-03-01 | ended       | 2015-03-01  | reason=declined
    2015-09-01 | proposed    | 2015-09-01  | route=care_home
    2015-09-08 | accepted    | 2015-09-08  |
    """
    columns = "status since route plan told_on last_review next_review accountable_gp left_on left_reason"
    assert ask(events, "2015-02-28", columns) == (
        "managed 2015-01-12 highest_risk agreed 2015-01-21 2015-02-10 2015-05-10 AB - -"
    )
    assert ask(events, "2015-04-01", columns) == "ended - - - - 2015-02-10 - AB 2015-03-01 declined"
    assert ask(events, "2015-09-02", columns) == "proposed - care_home - - 2015-02-10 - AB - -"
    assert ask(events, "2015-10-01", columns) == "managed 2015-09-08 care_home - - 2015-02-10 2015-12-08 AB - -"


def test_who_moved_and_returned_keeps_the_day_given_for_the_next_review(ask):
    events = """
    recorded   | kind     | happened_on | says
    2015-01-12 | accepted | 2015-01-12  |
    2015-02-15 | reviewed | 2015-02-15  | next_review_on=2015-05-15
    2015-03-01 | moved    | 2015-03-01  | to_practice=C87002
    2015-03-20 | returned | 2015-03-20  |
    """
    assert ask(events, "2015-03-10", "status left_on left_reason next_review") == "moved 2015-03-01 - -"
    assert ask(events, "2015-04-01", "status since next_review") == "managed 2015-03-20 2015-05-15"


def test_a_patient_of_two_practices_has_two_states(ask):
    events = """
    recorded   | practice_id | kind             | happened_on | says
    2015-01-12 | C87001      | accepted         | 2015-01-12  |
    2015-02-01 | C87001      | moved            | 2015-02-01  |
    2015-02-02 | C87002      | practice_changed | 2015-02-01  | from_practice=C87001
    """
    assert ask(events, "2015-03-01", "practice_id status since") == ("C87001 moved -\nC87002 managed 2015-02-01")


def test_events_of_one_day_count_in_the_order_of_their_numbers(ask):
    events = """
    recorded   | kind        | happened_on | says
    2015-01-12 | plan_agreed | 2015-01-12  |
    2015-01-12 | accepted    | 2015-01-12  |
    2015-01-12 | ended       | 2015-01-12  | reason=mistaken
    2015-01-12 | accepted    | 2015-01-12  |
    """
    assert ask(events, "2015-01-12", "status since plan left_on") == "managed 2015-01-12 - -"


def test_the_route_is_the_first_proposals_unless_the_practice_says_another(ask):
    events = """
    recorded   | kind     | happened_on | says
    2015-01-05 | proposed | 2015-01-05  | route=highest_risk
    2015-01-06 | proposed | 2015-01-06  | route=care_home
    2015-01-12 | accepted | 2015-01-12  |
    2015-02-12 | accepted | 2015-02-12  | route=judgement
    2015-03-12 | accepted | 2015-03-12  |
    """
    assert ask(events, "2015-02-01", "route") == "highest_risk"
    assert ask(events, "2015-04-01", "route proposed_on since") == "judgement 2015-01-05 2015-01-12"


def test_what_was_said_between_a_death_and_a_return_is_not_of_the_spell_that_follows(ask):
    events = """
    recorded   | kind             | happened_on | says
    2015-01-05 | proposed         | 2015-01-05  | route=highest_risk
    2015-01-12 | died             | 2015-01-12  |
    2015-01-13 | proposed         | 2015-01-13  | route=care_home
    2015-01-14 | accepted         | 2015-01-14  | route=judgement
    2015-01-15 | plan_agreed      | 2015-01-15  |
    2015-01-16 | patient_told     | 2015-01-16  | how=letter
    2015-01-17 | removal_proposed | 2015-01-17  | reason=not_selected
    2015-01-20 | returned         | 2015-01-20  |
    """
    columns = "status since proposed_on route plan told_on removal_proposed_on next_review"
    assert ask(events, "2015-01-31", columns) == "managed 2015-01-20 - - - - - 2015-04-20"
    assert ask(events, "2015-01-18", columns) == "died - - - - - - -"


# Corrections and withdrawals


def test_a_corrected_day_moves_the_event_and_the_last_correction_wins(ask):
    events = """
    recorded   | kind      | happened_on | says
    2015-01-05 | proposed  | 2015-01-05  | route=highest_risk
    2015-01-12 | accepted  | 2015-01-12  |
    2015-02-01 | corrected | 2015-02-01  | corrects=2 happened_on=2015-02-20
    2015-02-02 | corrected | 2015-02-02  | corrects=2 happened_on=2015-01-14
    2015-02-03 | withdrawn | 2015-02-03  | corrects=4
    """
    assert ask(events, "2015-01-31", "status since", known="2015-01-31") == "managed 2015-01-12"
    assert ask(events, "2015-01-31", "status since", known="2015-02-01") == "proposed -"
    assert ask(events, "2015-01-31", "status since", known="2015-02-02") == "managed 2015-01-14"
    assert ask(events, "2015-01-31", "status since") == "proposed -"
    assert ask(events, "2015-02-20", "status since") == "managed 2015-02-20"


def test_corrections_replace_value_by_value(ask):
    events = """
    recorded   | kind         | happened_on | says
    2015-01-12 | accepted     | 2015-01-12  |
    2015-01-12 | home_changed | 2015-01-12  | care_home_type=nursing care_home_id=h1
    2015-02-01 | corrected    | 2015-02-01  | corrects=2 care_home_id=h2 care_home_type=residential
    2015-02-02 | corrected    | 2015-02-02  | corrects=2 care_home_id=h3
    """
    assert ask(events, "2015-02-02", "care_home_type care_home_id") == "residential h3"


def test_a_correction_counts_whatever_day_it_carries_itself(ask):
    events = """
    recorded   | kind      | happened_on | says
    2015-01-12 | accepted  | 2015-01-12  |
    2015-06-01 | withdrawn | 2015-06-01  | corrects=1
    """
    assert ask(events, "2015-02-01", "status") == ""
    assert ask(events, "2015-02-01", "status", known="2015-05-31") == "managed"


@pytest.mark.parametrize(("withdrawals", "status"), [(0, "ended"), (1, "managed"), (2, "ended"), (3, "managed")])
def test_a_withdrawal_can_be_withdrawn(withdrawals, status, ask):
    events = """
    recorded   | kind      | happened_on | says
    2015-01-12 | accepted  | 2015-01-12  |
    2015-02-01 | ended     | 2015-02-01  | reason=declined
    """
    for number in range(2, 2 + withdrawals):
        events += f"2015-02-02 | withdrawn | 2015-02-02 | corrects={number}\n"
    assert ask(events, "2015-03-01", "status") == status


def test_an_event_withdrawn_twice_stays_withdrawn_when_one_withdrawal_is(ask):
    events = """
    recorded   | kind      | happened_on | says
    2015-01-12 | accepted  | 2015-01-12  |
    2015-02-01 | ended     | 2015-02-01  | reason=declined
    2015-02-02 | withdrawn | 2015-02-02  | corrects=2
    2015-02-03 | withdrawn | 2015-02-03  | corrects=2
    2015-02-04 | withdrawn | 2015-02-04  | corrects=3
    """
    assert ask(events, "2015-03-01", "status") == "managed"


# Plans and reviews


def test_a_declined_plan_still_counts_as_case_managed(ask):
    events = """
    recorded   | kind          | happened_on | says
    2015-01-12 | accepted      | 2015-01-12  |
    2015-01-20 | plan_agreed   | 2015-01-20  |
    2015-02-20 | plan_declined | 2015-02-20  | reason=prefers_not
    """
    assert ask(events, "2015-03-01", "status plan plan_on next_review") == "managed declined 2015-02-20 2015-04-12"
    assert ask(events, "2015-02-01", "status plan plan_on next_review") == "managed agreed 2015-01-20 2015-04-20"


@pytest.mark.parametrize(
    ("reviewed", "months", "due"),
    [
        ("2016-02-29", 12, "2017-03-01"),
        ("2016-02-29", 48, "2020-02-29"),
        ("2015-11-30", 3, "2016-03-01"),
        ("2015-11-29", 3, "2016-02-29"),
        ("2015-11-29", 15, "2017-03-01"),
        ("2015-08-31", 1, "2015-10-01"),
        ("2015-08-31", 6, "2016-03-01"),
    ],
)
def test_months_are_those_of_the_calendar_and_29_february_becomes_1_march(reviewed, months, due, ask):
    events = f"""
    recorded   | kind     | happened_on | says
    2015-01-12 | accepted | 2015-01-12  |
    2016-03-01 | reviewed | {reviewed}  |
    """
    assert ask(events, "2016-03-02", "last_review next_review", months=months) == f"{reviewed} {due}"


def test_a_review_is_due_on_its_day(ask):
    events = """
    recorded   | kind     | happened_on | says
    2015-01-12 | accepted | 2015-01-12  |
    """
    assert ask(events, "2015-04-11", "next_review review_due") == "2015-04-12 no"
    assert ask(events, "2015-04-12", "next_review review_due") == "2015-04-12 yes"


def test_a_day_given_on_the_day_of_the_last_review_or_later_counts(ask):
    events = """
    recorded   | kind        | happened_on | says
    2015-01-12 | accepted    | 2015-01-12  |
    2015-01-20 | plan_agreed | 2015-01-20  | next_review_on=2015-02-27
    2015-02-20 | plan_agreed | 2015-02-20  |
    2015-03-01 | reviewed    | 2015-03-01  | next_review_on=2015-03-15
    2015-03-10 | plan_agreed | 2015-03-10  | next_review_on=2015-07-01
    2015-03-10 | reviewed    | 2015-03-10  |
    2015-05-01 | reviewed    | 2015-05-01  |
    """
    assert ask(events, "2015-01-19", "next_review") == "2015-04-12"
    assert ask(events, "2015-02-20", "next_review") == "2015-02-27"
    assert ask(events, "2015-03-01", "next_review") == "2015-03-15"
    assert ask(events, "2015-03-10", "next_review") == "2015-07-01"
    assert ask(events, "2015-05-01", "next_review") == "2015-08-01"


def test_the_first_letter_of_the_standing_spell_is_shown(ask):
    events = """
    recorded   | kind         | happened_on | says
    2015-01-05 | patient_told | 2015-01-05  |
    2015-01-12 | accepted     | 2015-01-12  |
    2015-01-20 | patient_told | 2015-01-20  |
    2015-02-20 | patient_told | 2015-02-20  |
    """
    assert ask(events, "2015-01-15", "told_on") == "-"
    assert ask(events, "2015-03-01", "told_on") == "2015-01-20"


def test_the_number_of_an_earlier_home_does_not_outlive_a_move(ask):
    events = """
    recorded   | kind         | happened_on | says
    2015-01-12 | accepted     | 2015-01-12  |
    2015-01-13 | home_changed | 2015-01-13  | care_home_type=nursing care_home_id=h1
    2015-02-13 | home_changed | 2015-02-13  | care_home_type=none
    """
    assert ask(events, "2015-01-31", "care_home_type care_home_id") == "nursing h1"
    assert ask(events, "2015-02-28", "care_home_type care_home_id") == "none -"


# Removals


@pytest.mark.parametrize(
    ("kinds", "pending"),
    [
        ("removal_proposed", "-"),
        ("accepted removal_proposed", 2),
        ("proposed removal_proposed", 2),
        ("accepted removal_proposed removal_proposed", 2),
        ("accepted removal_proposed removal_lapsed", "-"),
        ("accepted removal_proposed removal_rejected removal_proposed", 4),
        ("accepted removal_proposed accepted", "-"),
        ("proposed removal_proposed accepted", "-"),
        ("accepted removal_proposed proposed", 2),
        ("accepted removal_proposed reviewed", 2),
        ("accepted removal_proposed ended", "-"),
        ("accepted removal_proposed moved returned", "-"),
        ("accepted removal_proposed died", "-"),
        ("accepted died removal_proposed", "-"),
        ("ended removal_proposed proposed", "-"),
    ],
)
def test_a_removal_is_pending_until_a_person_or_the_next_list_decides(kinds, pending, ask):
    says = {"proposed": "route=highest_risk", "ended": "reason=declined", "removal_proposed": "reason=not_selected"}
    rows = [f"2015-02-01 | {kind} | 2015-01-0{i} | {says.get(kind, '')}" for i, kind in enumerate(kinds.split(), 1)]
    found = ask("\n".join(["recorded | kind | happened_on | says", *rows]), "2015-01-31", "removal_proposed_on")
    assert (found or "-") == (pending if pending == "-" else f"2015-01-0{pending}")


def test_the_first_date_of_a_standing_removal_is_kept_with_the_latest_reason(ask):
    events = """
    recorded   | kind             | happened_on | says
    2015-01-12 | accepted         | 2015-01-12  |
    2015-03-01 | removal_proposed | 2015-03-01  | reason=not_selected detail=no_route first_proposed_on=2015-02-01
    2015-04-01 | removal_proposed | 2015-04-01  | reason=registration first_proposed_on=2015-03-15
    """
    columns = "removal_proposed_on removal_reason removal_detail"
    assert ask(events, "2015-03-01", columns) == "2015-02-01 not_selected no_route"
    assert ask(events, "2015-04-01", columns) == "2015-02-01 registration -"
