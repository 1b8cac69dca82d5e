"""``python -m benchmarks.caseload``: a caseload of five years in a store, and how long its questions take.

A month holds an event for everyone who is managed: mostly reviews, some plans, letters, homes, removals proposed and
decided, deaths and moves; one event in a hundred is corrected or withdrawn later, one in twenty was told late.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from casemgmt.caseload.events.event import NewEvent
from casemgmt.dates import date_months_after

FIRST = dt.date(2011, 1, 1)
# What happens to those who are managed, in a month, and how often.
MONTHLY = {
    "reviewed": 0.66,
    "plan_agreed": 0.12,
    "gp_named": 0.05,
    "patient_told": 0.05,
    "home_changed": 0.03,
    "removal_proposed": 0.05,
    "plan_declined": 0.02,
    "died": 0.008,
    "moved": 0.006,
    "ended": 0.006,
}
DECISIONS = ("removal_rejected", "removal_lapsed", "accepted")


class Months:
    """Made-up events, one month after the other; the same seed, the same events."""

    def __init__(self, patients: int, managed: int, practices: int, seed: int = 2015) -> None:
        self.random = np.random.default_rng(seed)
        self.practice = np.sort(self.random.integers(0, practices, patients))
        self.codes = [f"C87{number:03d}" for number in range(1, practices + 1)]
        self.managed, self.waiting = managed, list(self.random.permutation(patients))
        self.on: list[int] = []
        self.pending: set[int] = set()
        self.numbers = dict.fromkeys(self.codes, 0)
        self.earlier: list[tuple[NewEvent, int]] = []

    def month(self, first: dt.date) -> list[NewEvent]:
        """The events that are written down at the end of a month."""
        self.new: list[NewEvent] = []
        for code in self.codes:
            details = {"scheme": "rotherham-2015-16", "list_date": first, "fingerprint": f"{first:%Y%m}{code}"}
            self._add(NewEvent(code, "list_published", first, details=details))
        for patient in self.on:
            if patient in self.pending:
                self.pending.discard(patient)
                self._say(patient, DECISIONS[self.random.integers(3)], first)
        kinds = self.random.choice(list(MONTHLY), len(self.on), p=list(MONTHLY.values()))
        gone = set()
        for patient, kind in zip(self.on, kinds.tolist(), strict=True):
            self._say(patient, kind, first)
            if kind in ("died", "moved", "ended"):
                gone.add(patient)
            elif kind == "removal_proposed":
                self.pending.add(patient)
        self.on = [patient for patient in self.on if patient not in gone]
        while len(self.on) < self.managed:
            patient = self.waiting.pop()
            self.on.append(patient)
            for kind in ("proposed", "accepted", "gp_named", "patient_told", "plan_agreed"):
                self._say(patient, kind, first)
        self._correct(first)
        return self.new

    def _add(self, event: NewEvent) -> None:
        self.numbers[event.practice_id] += 1
        self.new.append(event)
        if event.patient_id is not None and event.kind != "withdrawn" and self.random.random() < 0.01:
            self.earlier.append((event, self.numbers[event.practice_id]))

    def _say(self, patient: int, kind: str, first: dt.date) -> None:
        late = 60 if self.random.random() < 0.05 else 0
        day = first + dt.timedelta(days=int(self.random.integers(0, 28)) - late)
        by = f"Dr {self.random.integers(20)}" if kind in ("accepted", "removal_rejected", "ended") else None
        code = self.codes[self.practice[patient]]
        self._add(NewEvent(code, kind, day, f"{9_000_000_000 + patient}", by=by, details=self._details(kind, day)))

    def _details(self, kind: str, day: dt.date) -> dict[str, Any]:
        if kind in ("reviewed", "plan_agreed"):
            return {"next_review_on": day + dt.timedelta(days=91)} if self.random.random() < 0.3 else {}
        return {
            "proposed": {"route": "highest_risk", "rank": int(self.random.integers(1, 300))},
            "gp_named": {"gp": f"Dr {self.random.integers(20)}"},
            "home_changed": {"care_home_type": "nursing", "care_home_id": f"home {self.random.integers(35)}"},
            "removal_proposed": {"reason": "not selected", "detail": "no route lets the patient in now"},
            "ended": {"reason": "declined"},
        }.get(kind, {})

    def _correct(self, first: dt.date) -> None:
        for wrong, number in self.earlier:
            kind, details = "withdrawn", {}
            if self.random.random() < 0.7 and wrong.kind != "corrected":
                kind = "corrected"
                details = {"values": {"happened_on": wrong.happened_on - dt.timedelta(days=7)}}
            code = wrong.practice_id
            self.numbers[code] += 1
            self.new.append(NewEvent(code, kind, first, wrong.patient_id, corrects=number, details=details))
        self.earlier = []


def monthly_events(patients: int, managed: int, practices: int, months: int) -> Iterator[tuple[dt.datetime, list[Any]]]:
    """When each month's events are written down, and the events."""
    made = Months(patients, managed, practices)
    for number in range(months):
        first = date_months_after(FIRST, number)
        yield dt.datetime.combine(first, dt.time(12), dt.UTC) + dt.timedelta(days=28), made.month(first)


def fill(caseload: Any, patients: int, managed: int, practices: int, months: int) -> int:
    """Write the months into a caseload; how many events that were."""
    count = 0
    for moment, events in monthly_events(patients, managed, practices, months):
        with caseload.store.writing({event.practice_id for event in events}, moment) as writing:
            count += len(writing.append(events))
    return count


def timed(what: Callable[[], Any], repeats: int = 5) -> tuple[float, float, float]:
    """Seconds of the first call, the fewest of those after it, and the fewest that the processor worked."""
    times, worked = [], []
    for _ in range(repeats + 1):
        before, before_work = time.perf_counter(), time.process_time()
        what()
        times.append(time.perf_counter() - before)
        worked.append(time.process_time() - before_work)
    return times[0], min(times[1:]), min(worked)


def questions(caseload: Any, date: dt.date) -> dict[str, Callable[[], Any]]:
    """What is timed, by its name."""
    from casemgmt.caseload.state.asking import READ
    from casemgmt.caseload.state.folding import state_at

    events = caseload.store.events(READ)
    state = caseload.on(date)
    code = caseload.practices[0]
    return {
        "the store's read": lambda: caseload.store.events(READ),
        "the state from events in memory": lambda: state_at(events, date, review_every_months=3),
        "state on a date": lambda: caseload.on(date),
        "state on a date as known a year before": lambda: caseload.on(date, known_at=date - dt.timedelta(days=365)),
        "state of one practice": lambda: caseload.on(date, practice_id=code),
        "due list, with the state": lambda: caseload.on(date).due(within_months=1),
        "due list of a state": lambda: state.due(within_months=1),
        "summary of a state": state.summary,
        "history of a patient": lambda: caseload.history(code, state.table.column("patient_id")[0].as_py()),
    }


def main() -> None:
    """Fill a store and print how long each question takes."""
    import casemgmt as cm

    parser = argparse.ArgumentParser(prog="python -m benchmarks.caseload", description=main.__doc__)
    parser.add_argument("--patients", type=int, default=250_000)
    parser.add_argument("--managed", type=int, default=12_000)
    parser.add_argument("--practices", type=int, default=31)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--where", type=Path, help="file of the store, kept; made where it is not there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casemgmt-caseload-") as folder:
        where = options.where or Path(folder) / "caseload.sqlite"
        if where.exists():
            caseload = cm.open_caseload(where)
        else:
            caseload = cm.open_caseload(where, create=True, review_every_months=3)
            before = time.perf_counter()
            count = fill(caseload, options.patients, options.managed, options.practices, options.months)
            took = time.perf_counter() - before
            print(f"{count:,} events written in {took:.1f} s, {where.stat().st_size / 1e6:,.0f} MB")
        with caseload:
            for name, ask in questions(caseload, date_months_after(FIRST, options.months)).items():
                first, best, worked = timed(ask)
                print(f"{name:40s} first {first:6.3f} s, best of the next {best:6.3f} s, processor {worked:6.3f} s")
            print(repr(caseload.on(date_months_after(FIRST, options.months))))


if __name__ == "__main__":
    main()
