"""Care homes over time: plain counts of residents by home and practice, and moves that add up."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import caseload_oracle
import pyarrow as pa
import pytest
from caseload_by_hand import RECORDED, caseload_of, event
from caseload_events import add, opened
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.homes.alignment import HOMES, PRACTICES, main_practice
from casemgmt.caseload.homes.moves import COLUMNS
from casemgmt.caseload.homes.residents import Resident
from casemgmt.errors import InputError

FIRST, LAST = dt.date(2015, 4, 1), dt.date(2015, 7, 1)


def lives(patient, home, day="2015-01-01", practice="C87001", kind="nursing", chose=None):
    said = {"care_home_type": kind} | ({} if home is None else {"care_home_id": home})
    said |= {} if chose is None else {"chose_other_practice": chose}
    return event("home_changed", day, patient, practice=practice, **said)


def managed(patient, day="2015-01-01", practice="C87001"):
    return event("accepted", day, patient, practice=practice)


def resident(patient, home, practice="C87001", chose=None, day="2015-01-01"):
    return [managed(patient, day, practice), lives(patient, home, day, practice, chose=chose)]


# By hand

TWO_HOMES = [
    *resident("p1", "Elms"),
    *resident("p2", "Elms"),
    *resident("p3", "Elms", "C87002"),
    *resident("p4", "Oaks", "C87002"),
    *resident("p5", None, "C87002"),
    *resident("p6", "Ivy", "C87003", chose=True),
    *resident("p7", "Ivy", "C87004"),
]


def test_homes_and_the_practices_that_serve_them():
    homes = caseload_of(*TWO_HOMES).homes("2015-04-01")
    names = ("care_home_id", *HOMES)
    assert [tuple(row[name] for name in names) for row in homes.homes.to_pylist()] == [
        ("Elms", 3, 2, "C87001", 2, "2/3", False, 0, False),
        ("Ivy", 2, 2, "C87003", 1, "1/2", False, 1, True),  # of two practices with as many, the first
        ("Oaks", 1, 1, "C87002", 1, "1/1", True, 0, True),
    ]
    names = ("practice_id", *PRACTICES)
    assert [tuple(row[name] for name in names) for row in homes.practices.to_pylist()] == [
        ("C87001", 2, 0, 1, 1, 1, 0),
        ("C87002", 3, 1, 2, 1, 1, 0),
        ("C87003", 1, 0, 1, 1, 1, 1),
        ("C87004", 1, 0, 1, 1, 0, 0),
    ]
    assert homes.summary() == {
        "residents": 7,
        "home_not_known": 1,
        "chose_other_practice": 1,
        "homes": 3,
        "aligned": 1,
        "aligned_but_for_choice": 2,
        "with_main": 4,
    }
    assert repr(homes) == (
        "<Homes of the caseload on 2015-04-01: 7 residents in 3 homes, 1 of them with one practice; "
        "of 1 the home is not known>"
    )


def test_what_a_report_holds_back_is_counted_of_the_same_people():
    counts = caseload_of(*TWO_HOMES).homes("2015-04-01").counts("care_home")
    assert (counts.route, counts.homes, counts.shared) == ("care_home", 3, 2)
    assert counts.by_practice == {"C87001": (1, 1), "C87002": (2, 1), "C87003": (1, 1), "C87004": (1, 1)}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("nursing", 1), ("residential", 1), ("unspecified", 1), ("none", 0), ("respite", 0), ("supported_living", 0)],
)
def test_permanent_residents_are_counted_and_no_others(kind, counts):
    caseload = caseload_of(managed("p1"), lives("p1", "Elms", kind=kind))
    assert caseload.homes("2015-04-01").summary()["residents"] == counts


def test_residents_are_those_on_the_caseload_and_their_last_home_counts():
    caseload = caseload_of(
        event("proposed", "2015-01-01", "p1", route="care_home"),
        lives("p1", "Elms", chose=True),
        lives("p1", "Elms", "2015-02-01"),  # the choice is not said again, and no longer holds
        lives("p2", "Elms"),  # never on the caseload
        *resident("p3", "Elms"),
        event("died", "2015-03-01", "p3"),
        *resident("p4", "Elms"),
        lives("p4", "Oaks", "2015-03-31"),
    )
    homes = caseload.homes("2015-04-01")
    assert homes.residents.to_pylist() == [
        {"care_home_id": "Elms", "practice_id": "C87001", "residents": 1, "chose_other_practice": 0},
        {"care_home_id": "Oaks", "practice_id": "C87001", "residents": 1, "chose_other_practice": 0},
    ]


def test_residents_who_move_towards_the_practice_of_their_home():
    caseload = caseload_of(
        *resident("p1", "Elms"),
        *resident("p2", "Elms"),
        *resident("p3", "Elms", "C87002"),
        event("moved", "2015-05-01", "p3", practice="C87002", to_practice="C87001"),
        event("practice_changed", "2015-05-01", "p3", from_practice="C87002"),
        lives("p3", "Elms", "2015-05-01"),
        *resident("p4", "Oaks"),
        event("moved", "2015-05-01", "p4", to_practice="C87002"),
        event("practice_changed", "2015-05-01", "p4", practice="C87002", from_practice="C87001"),
        lives("p4", "Oaks", "2015-05-01", "C87002"),
        *resident("p5", "Oaks"),
        *resident("p6", "Oaks"),
        *resident("p7", "Ivy"),
        event("died", "2015-06-01", "p7"),
        *resident("p8", "Yews", day="2015-06-01"),
    )
    changes = caseload.homes_between(FIRST, LAST)
    names = ("care_home_id", *COLUMNS)
    assert [tuple(row[name] for name in names) for row in changes.homes.to_pylist()] == [
        ("Elms", 3, 0, 0, 3, 2, 1, "C87001", "C87001", 2, 3, 1, 0, 0, "newly aligned"),
        ("Ivy", 1, 0, 1, 0, 1, 0, "C87001", None, 1, 0, 0, 0, 0, "no residents left"),
        ("Oaks", 3, 0, 0, 3, 1, 2, "C87001", "C87001", 3, 2, 0, 1, 0, "no longer aligned"),
        ("Yews", 0, 1, 0, 1, 0, 1, None, "C87001", 0, 1, 0, 0, 0, "first residents"),
    ]
    summary = changes.summary()
    assert {name: count for name, count in summary.items() if count} == {
        "newly_aligned": 1,
        "no_longer_aligned": 1,
        "first_residents": 1,
        "no_residents_left": 1,
        "came": 1,
        "went": 1,
        "moved_towards": 1,
        "moved_away": 1,
    }
    assert repr(changes) == (
        "<HomeChanges from 2015-04-01 to 2015-07-01: 1 home newly aligned, 1 no longer; "
        "1 resident moved towards a home's main practice, 1 away>"
    )


def test_a_home_that_changes_its_main_practice_is_moved_towards():
    events = [each for place in range(3) for each in resident(f"p{place}", "Elms")]
    for place in range(3):
        events += [
            event("moved", "2015-05-01", f"p{place}"),
            event("practice_changed", "2015-05-01", f"p{place}", practice="C87002", from_practice="C87001"),
            lives(f"p{place}", "Elms", "2015-05-01", "C87002"),
        ]
    (row,) = caseload_of(*events).homes_between(FIRST, LAST).homes.to_pylist()
    assert (row["moved_towards"], row["moved_away"], row["change"]) == (3, 0, "aligned on both days")


def moved(patient, old, new):
    return [
        event("moved", "2015-05-01", patient, practice=old),
        event("practice_changed", "2015-05-01", patient, practice=new, from_practice=old),
        lives(patient, "Elms", "2015-05-01", new),
    ]


@pytest.mark.parametrize(("patient", "old"), [("a4", "C87001"), ("b3", "C87002")])
def test_who_leaves_the_main_practice_of_either_day_for_a_third_moved_away(patient, old):
    """Four of C87001, three of C87002; two go over to C87002, the main practice then; one leaves for C87003."""
    events = [each for place in range(1, 5) for each in resident(f"a{place}", "Elms")]
    events += [each for place in range(1, 4) for each in resident(f"b{place}", "Elms", "C87002")]
    events += [*moved("a1", "C87001", "C87002"), *moved("a2", "C87001", "C87002"), *moved(patient, old, "C87003")]
    (row,) = caseload_of(*events).homes_between(FIRST, LAST).homes.to_pylist()
    assert (row["main_start"], row["main_end"]) == ("C87001", "C87002")
    assert [row[f"moved_{each}"] for each in ("towards", "away", "otherwise")] == [2, 1, 0]


def test_who_is_on_two_lists_at_once_moved_nowhere():
    events = [*resident("p1", "Elms"), *resident("p1", "Elms", "C87002"), *resident("p2", "Elms", "C87003")]
    events += [event("moved", "2015-05-01", "p1", practice="C87002")]
    (row,) = caseload_of(*events).homes_between(FIRST, LAST).homes.to_pylist()
    assert (row["residents_start"], row["came"], row["went"], row["residents_end"]) == (3, 0, 1, 2)
    events += [*resident("p1", "Elms", "C87004", day="2015-05-01"), *resident("p1", "Elms", "C87005", day="2015-05-01")]
    events += [event("moved", "2015-05-01", "p1")]
    (row,) = caseload_of(*events).homes_between(FIRST, LAST).homes.to_pylist()
    assert (row["came"], row["went"], row["moved_towards"], row["moved_away"], row["moved_otherwise"]) == (
        2,
        2,
        0,
        0,
        0,
    )


def test_of_practices_with_as_many_residents_the_first_is_the_main_one_in_whatever_order_they_come():
    people = [Resident(practice, f"p{practice}", "Elms", False) for practice in ("Y2", "C9", "É1", "C8")]
    assert main_practice(people) == main_practice(people[::-1]) == "C8"


def test_a_choice_that_is_denied_or_was_withdrawn_is_none():
    caseload = caseload_of(*resident("p1", "Elms", chose=False), *resident("p2", "Elms"))
    (wrong,) = add(caseload.store, RECORDED, lives("p2", "Elms", "2015-02-01", chose=True))
    assert caseload.homes(FIRST).summary()["chose_other_practice"] == 1
    add(caseload.store, RECORDED, NewEvent("C87001", "withdrawn", FIRST, "p2", corrects=wrong.number))
    assert caseload.homes(FIRST).summary()["chose_other_practice"] == 0


def test_a_move_between_two_other_practices_is_neither():
    events = [each for place in range(3) for each in resident(f"p{place}", "Elms")]
    events += [
        *resident("p9", "Elms", "C87002"),
        event("moved", "2015-05-01", "p9", practice="C87002"),
        event("practice_changed", "2015-05-01", "p9", practice="C87003", from_practice="C87002"),
        lives("p9", "Elms", "2015-05-01", "C87003"),
    ]
    (row,) = caseload_of(*events).homes_between(FIRST, LAST).homes.to_pylist()
    assert [row[f"moved_{each}"] for each in ("towards", "away", "otherwise")] == [0, 0, 1]
    assert row["change"] == "not aligned"


# From a register


def register_of(rows, as_of=FIRST):
    columns = ("practice_id", "care_home_type", "care_home_id")
    table = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(columns)}
    return cm.read_register(
        pa.table({"patient_id": [f"p{place}" for place in range(len(rows))], "age": [80] * len(rows)} | table),
        as_of=as_of,
    )


def test_residents_of_a_register_are_all_of_them_with_the_choices_of_the_caseload():
    register = register_of(
        [
            ("C87002", "nursing", "Elms"),
            ("C87001", "residential", "Elms"),
            ("C87001", "unspecified", None),
            ("C87001", "none", None),
            ("C87001", "respite", "Elms"),
        ]
    )
    caseload = caseload_of(lives("p0", "Elms", practice="C87002", chose=True))
    homes = caseload.homes(FIRST, register=register)
    assert (homes.whose, homes.summary()["residents"], homes.summary()["home_not_known"]) == ("the register", 3, 1)
    (row,) = homes.homes.to_pylist()
    assert (row["residents"], row["aligned"], row["chose_other_practice"], row["aligned_but_for_choice"]) == (
        *(2, False, 1),
        True,
    )


def test_a_register_of_another_day_or_without_homes_is_refused():
    register = register_of([("C87001", "nursing", "Elms")])
    with pytest.raises(InputError, match="its list date is 2015-04-01, not 2015-04-02"):
        caseload_of().homes("2015-04-02", register=register)
    plain = cm.read_register(pa.table({"patient_id": ["p1"], "practice_id": ["C87001"], "age": [1]}), as_of=FIRST)
    with pytest.raises(InputError, match="residents by care home"):
        caseload_of().homes(FIRST, register=plain)
    with pytest.raises(InputError, match=r"a register from cm\.read_register"):
        caseload_of().homes(FIRST, register=plain.to_arrow())


@pytest.mark.parametrize(
    ("start", "end", "why"), [(LAST, FIRST, "before the first"), ("x", LAST, "start"), (FIRST, 3, "end")]
)
def test_days_that_cannot_be_are_refused(start, end, why):
    with pytest.raises(InputError, match=why):
        caseload_of(*TWO_HOMES).homes_between(start, end)
    with pytest.raises(InputError, match="date"):
        caseload_of().homes("2015")


def test_nobody_in_any_home_is_an_empty_answer():
    homes = caseload_of().homes(FIRST)
    assert (homes.homes.num_rows, homes.residents.num_rows, homes.practices.num_rows) == (0, 0, 0)
    assert caseload_of().homes_between(FIRST, LAST).homes.num_rows == 0


def test_definitions_stand_with_the_columns_and_the_tables_stay_inside():
    homes = caseload_of(*TWO_HOMES).homes(FIRST)
    changes = caseload_of(*TWO_HOMES).homes_between(FIRST, LAST)
    for table in (homes.residents, homes.homes, homes.practices, changes.homes):
        assert b"not for anybody outside" in table.schema.metadata[b"note"]
        told = [field.name for field in table.schema if not (field.metadata or {}).get(b"definition")]
        assert set(told) <= {"care_home_id", "practice_id"}


# Against a plain count

PLACES = ("Elms", "Oaks", None)


@st.composite
def stores(draw):
    store = MemoryStore()
    add(store, RECORDED, opened())
    for _ in range(draw(st.integers(0, 40))):
        practice, patient = draw(st.sampled_from(["C87001", "C87002", "C87003"])), f"p{draw(st.integers(1, 4))}"
        day = draw(st.sampled_from([dt.date(2015, month, 1) for month in range(1, 9)]))
        kind = draw(st.sampled_from(["accepted", "accepted", "moved", "home_changed", "home_changed", "home_changed"]))
        said = {}
        if kind == "home_changed":
            said["care_home_type"] = draw(st.sampled_from(["nursing", "nursing", "residential", "none"]))
            said |= {"care_home_id": home} if (home := draw(st.sampled_from(PLACES))) else {}
            said |= (
                {"chose_other_practice": flag}
                if (flag := draw(st.sampled_from([None, True, False]))) is not None
                else {}
            )
        by = "Dr A" if kind == "accepted" else None
        add(store, RECORDED, NewEvent(practice, kind, day, patient, by=by, details=said))
    return store


def residents(rows, date):
    """(practice, patient, home, chose) of everyone on the caseload who lives in a home."""
    found = []
    for told in caseload_oracle.state(rows, date, 1):
        practice, patient = told["practice_id"], told["patient_id"]
        if told["status"] not in ("proposed", "managed") or told["care_home_type"] not in ("nursing", "residential"):
            continue
        holds = caseload_oracle.what_holds([row for row in rows if row["practice_id"] == practice])
        own = [row for row in holds if (row["patient_id"], row["kind"]) == (patient, "home_changed")]
        own = sorted((row for row in own if row["happened_on"] <= date), key=lambda r: (r["happened_on"], r["number"]))
        found.append((practice, patient, told["care_home_id"], own[-1]["details"].get("chose_other_practice") is True))
    return found


@pytest.mark.parametrize(
    "runs", [pytest.param(100, id="100 lists"), pytest.param(2_000, id="2,000 lists", marks=pytest.mark.long)]
)
def test_homes_of_random_events_are_those_of_a_plain_count(runs):
    @settings(max_examples=runs, deadline=None)
    @given(stores(), st.dates(dt.date(2014, 12, 1), dt.date(2015, 9, 1)))
    def run(store, date):
        people = residents(store.events().to_pylist(), date)
        homes = Caseload(store).homes(date)
        pairs = Counter((home, practice) for practice, _, home, _ in people if home)
        assert {(r["care_home_id"], r["practice_id"]): r["residents"] for r in homes.residents.to_pylist()} == pairs
        chose = Counter((home, practice) for practice, _, home, flag in people if home and flag)
        assert all(
            chose[r["care_home_id"], r["practice_id"]] == r["chose_other_practice"] for r in homes.residents.to_pylist()
        )
        assert [row["care_home_id"] for row in homes.homes.to_pylist()] == sorted({home for home, _ in pairs})
        for row in homes.homes.to_pylist():
            own = {practice: count for (home, practice), count in pairs.items() if home == row["care_home_id"]}
            assert (row["residents"], row["practices"]) == (sum(own.values()), len(own))
            assert row["with_main"] == max(own.values()) == own[row["main_practice"]]
            assert row["aligned"] == (len(own) == 1)
            others = {practice for practice, _, home, flag in people if home == row["care_home_id"] and not flag}
            assert row["aligned_but_for_choice"] == (len(others) == 1)
        summary = homes.summary()
        assert summary["home_not_known"] == sum(home is None for _, _, home, _ in people)
        assert sum(row["residents"] for row in homes.practices.to_pylist()) == summary["residents"] == len(people)

    run()


@pytest.mark.parametrize(
    "runs", [pytest.param(100, id="100 lists"), pytest.param(2_000, id="2,000 lists", marks=pytest.mark.long)]
)
def test_residents_who_came_went_and_moved_add_up(runs):
    @settings(max_examples=runs, deadline=None)
    @given(stores(), st.tuples(*[st.dates(dt.date(2014, 12, 1), dt.date(2015, 9, 1))] * 2).map(sorted))
    def run(store, days):
        caseload = Caseload(store)
        changes = caseload.homes_between(*days)
        rows = store.events().to_pylist()
        before, after = (residents(rows, day) for day in days)
        for row in changes.homes.to_pylist():
            here, there = (
                {(practice, patient) for practice, patient, home, _ in each if home == row["care_home_id"]}
                for each in (before, after)
            )
            moved = row["moved_towards"] + row["moved_away"] + row["moved_otherwise"]
            assert row["residents_start"] + row["came"] - row["went"] == row["residents_end"]
            assert (row["residents_start"], row["residents_end"]) == (len(here), len(there))
            assert row["came"] + moved == len(there - here)
            assert row["went"] + moved == len(here - there)
            both = {patient for _, patient in here - there} & {patient for _, patient in there - here}
            assert moved <= len(both)
        same = caseload.homes_between(days[0], days[0]).summary()
        assert same["came"] == same["went"] == same["moved_towards"] == same["moved_away"] == same["newly_aligned"] == 0

    run()
