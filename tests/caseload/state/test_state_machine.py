"""A store that is written to step by step, in any order, gives after each step the state that a list in memory gives.

The list is kept by the test from what it wrote, not read from the store; the plain oracle folds it.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from typing import Any

import caseload_oracle
import pytest
from caseload_events import BY, DETAILS, add, opened
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from memory_store import MemoryStore

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import STORE

PRACTICES = ("C87001", "C87002")
FIRST = dt.date(2015, 3, 1)
patients = st.tuples(st.sampled_from(PRACTICES), st.sampled_from(("p", "q")))
# Mostly told on the day, or within the weeks before; at times years late.
days_late = st.one_of(st.just(0), st.integers(0, 40), st.integers(0, 400))
# How many days before today is asked for, and as known how many days after that; both may lie ahead of today.
asked = st.tuples(st.integers(-60, 420), st.one_of(st.just(0), st.integers(-5, 100)))


class Steps(RuleBasedStateMachine):
    """What a practice does, one thing after the other."""

    make: Callable[[int], Any]

    @initialize(months=st.integers(1, 6))
    def open(self, months: int) -> None:
        self.today, self.minute = FIRST, 0
        self.store = self.make(months)
        self.rows: list[dict[str, Any]] = self.store.events().to_pylist()
        self.caseload = Caseload(self.store)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(days=st.one_of(st.integers(1, 10), st.integers(20, 100)))
    def time_passes(self, days: int) -> None:
        self.today += dt.timedelta(days=days)
        self.minute = 0

    @rule(months=st.integers(1, 12), late=days_late, question=asked)
    def change_the_settings(self, months: int, late: int, question: Any) -> None:
        self.write(STORE, "settings_changed", None, late, {"review_every_months": months}, question)

    @rule(practice=st.sampled_from(PRACTICES), late=days_late, question=asked)
    def count_the_list(self, practice: str, late: int, question: Any) -> None:
        self.write(practice, "list_size", None, late, {"whole": 9_000}, question)

    @precondition(lambda self: len(self.of_practices()) > 0)
    @rule(data=st.data(), question=asked)
    def correct(self, data: Any, question: Any) -> None:
        wrong = data.draw(
            st.sampled_from([row for row in self.of_practices() if row["kind"] not in CORRECTING] or [None])
        )
        if wrong is None:
            return
        values = data.draw(DETAILS[wrong["kind"]]) if wrong["kind"] in DETAILS else {}
        values = {name: value for name, value in values.items() if data.draw(st.booleans())}
        if not values or data.draw(st.booleans()):
            values["happened_on"] = self.today - dt.timedelta(days=data.draw(days_late))
        self.write(
            wrong["practice_id"], "corrected", wrong["patient_id"], 0, {"values": values}, question, wrong["number"]
        )

    @precondition(lambda self: len(self.of_practices()) > 0)
    @rule(data=st.data(), question=asked)
    def withdraw(self, data: Any, question: Any) -> None:
        wrong = data.draw(st.sampled_from(self.of_practices()))
        self.write(wrong["practice_id"], "withdrawn", wrong["patient_id"], 0, {}, question, wrong["number"])

    @precondition(lambda self: any(row["kind"] == "withdrawn" for row in self.rows))
    @rule(data=st.data(), question=asked)
    def withdraw_a_withdrawal(self, data: Any, question: Any) -> None:
        wrong = data.draw(st.sampled_from([row for row in self.rows if row["kind"] == "withdrawn"]))
        self.write(wrong["practice_id"], "withdrawn", wrong["patient_id"], 0, {}, question, wrong["number"])

    def of_practices(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["practice_id"] != STORE]

    def write(self, practice, kind, patient, late, details, question, corrects=None) -> None:
        self.minute += 1
        moment = dt.datetime.combine(self.today, dt.time(9), dt.UTC) + dt.timedelta(minutes=self.minute)
        day = self.today - dt.timedelta(days=late)
        by = "Dr A" if kind in BY else None
        add(self.store, moment, NewEvent(practice, kind, day, patient, by=by, corrects=corrects, details=details))
        chain = [row for row in self.rows if row["practice_id"] == practice]
        self.rows.append(
            {
                "practice_id": practice,
                "number": len(chain) + 1,
                "kind": kind,
                "patient_id": patient,
                "happened_on": day,
                "recorded_at": max([moment, *(row["recorded_at"] for row in chain)]),
                "corrects": corrects,
                "details": json.dumps(details, default=str),
            }
        )
        self.check(question)

    def check(self, question: tuple[int, int]) -> None:
        """On a date as known now, and as known at its end or at that of a day before or after."""
        date = self.today - dt.timedelta(days=question[0])
        then = dt.datetime.combine(date, dt.time.max, dt.UTC) + dt.timedelta(days=question[1])
        for known_at in (None, then):
            rows = [row for row in self.rows if known_at is None or row["recorded_at"] <= known_at]
            own = [row for row in self.rows if row["practice_id"] == STORE]
            months = caseload_oracle.settings([row for row in own if row in rows] or own, date)
            expected = caseload_oracle.state(rows, date, months)
            found = self.caseload.on(date, known_at=known_at)
            assert found.to_arrow(everyone=True).to_pylist() == expected
            assert found.review_every_months == months


CORRECTING = ("corrected", "withdrawn")
NAMES = {
    "proposed": "propose",
    "accepted": "accept",
    "not_accepted": "decline",
    "plan_agreed": "agree_a_plan",
    "plan_declined": "decline_a_plan",
    "reviewed": "review",
    "died": "die",
    "moved": "move",
    "ended": "end",
    "returned": "return_",
}


def _rule_for(kind: str) -> Any:
    def say(self, who, late, details, question) -> None:
        self.write(who[0], kind, who[1], late, details, question)

    say.__name__ = NAMES.get(kind, kind)
    return rule(who=patients, late=days_late, details=DETAILS[kind], question=asked)(say)


for _kind in DETAILS:
    setattr(Steps, NAMES.get(_kind, _kind), _rule_for(_kind))


def in_memory(months: int) -> MemoryStore:
    store = MemoryStore()
    add(store, dt.datetime(2014, 12, 1, tzinfo=dt.UTC), opened(months))
    return store


def in_sqlite(folder):
    """Makes stores in a file, from a copy of one that was made once for each interval."""

    def make(months: int) -> Any:
        empty, used = folder / f"empty-{months}.sqlite", folder / "used.sqlite"
        if not empty.exists():
            cm.open_caseload(empty, create=True, review_every_months=months).close()
        for left in folder.glob("used.sqlite*"):
            left.unlink()
        shutil.copy(empty, used)
        return cm.open_caseload(used).store

    return make


def run(make: Callable[[int], Any], runs: int) -> None:
    class Machine(Steps):
        pass

    Machine.make = staticmethod(make)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=runs, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


RUNS = [pytest.param(200, id="200 runs"), pytest.param(10_000, id="10,000 runs", marks=pytest.mark.long)]


@pytest.mark.parametrize("runs", RUNS)
def test_a_store_in_memory_agrees_after_each_step(runs):
    run(in_memory, runs)


@pytest.mark.parametrize("runs", [pytest.param(80, id="80 runs"), *RUNS[1:]])  # each writes a file
def test_a_store_in_sqlite_agrees_after_each_step(runs, tmp_path):
    run(in_sqlite(tmp_path), runs)
