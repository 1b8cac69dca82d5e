"""Process measures of a period in plain Python: a practice and a patient at a time, event after event."""

from __future__ import annotations

import datetime as dt
from typing import Any

import caseload_oracle

from casemgmt.caseload.plans.measures import DEFINITIONS

Row = dict[str, Any]


def process(rows: list[Row], start: dt.date, end: dt.date, months: int, days: int | None) -> list[Row]:
    """The rows of ``caseload.process`` from the rows of an events table."""
    found = []
    at_end = caseload_oracle.state(rows, end, months)
    for practice in sorted({row["practice_id"] for row in rows} - {""}, key=str.encode):
        holds = caseload_oracle.what_holds([row for row in rows if row["practice_id"] == practice])
        counts = Counts(dict.fromkeys(DEFINITIONS, 0))
        for patient in {row["patient_id"] for row in holds} - {None}:
            own = [row for row in holds if row["patient_id"] == patient and row["happened_on"] <= end]
            own.sort(key=lambda row: (row["happened_on"], row["number"]))
            one_patient(own, start, end, days, counts)
        of_managed(counts, [row for row in at_end if row["practice_id"] == practice], end)
        if days is None:
            counts.update(told_in_time=None, told_late=None, not_told_overdue=None)
        found.append({"practice_id": practice, **counts})
    return found


class Counts(dict):
    def add(self, name, times=1):
        self[name] = self[name] + times


class Patient:
    status = None
    pending = False
    told: dt.date | None = None


def after(status: str | None, kind: str) -> str | None:
    """Rule 5 of the state."""
    if status == "died" and kind != "returned":
        return status
    if kind in ("accepted", "returned", "practice_changed"):
        return "managed"
    if kind == "proposed":
        return "managed" if status == "managed" else "proposed"
    return kind.replace("_", " ") if kind in ("not_accepted", "ended", "moved", "died") else status


def one_patient(events: list[Row], start: dt.date, end: dt.date, days: int | None, counts: Counts) -> None:
    """Follow a patient, and count what happens from the first day on."""
    here, joined = Patient(), []
    began = False
    for event in [*events, None]:
        if not began and (event is None or event["happened_on"] >= start):
            began = True
            counts.add("managed_start", here.status == "managed")
            counts.add("proposed_start", here.status == "proposed")
            counts.add("removals_pending_start", here.pending)
        if event is None:
            break
        kind, day, before, was_pending = event["kind"], event["happened_on"], here.status, here.pending
        here.status = after(before, kind)
        on_caseload = here.status in ("proposed", "managed")
        if on_caseload and before not in ("proposed", "managed"):
            here.told = None
        if kind == "patient_told" and on_caseload and here.told is None:
            here.told = day
            for each in joined:
                if each["stands"]:
                    each["told"] = day
        clears = ("removal_lapsed", "removal_rejected", "accepted", "returned", "practice_changed")
        if kind in (*clears, "not_accepted", "ended", "moved", "died"):
            here.pending = False
        if kind == "removal_proposed" and on_caseload:
            here.pending = True
        if not on_caseload:
            for each in joined:
                each["stands"] = False
        if day < start:
            continue
        if here.status == "managed" and before != "managed":
            joined.append({"day": day, "told": here.told, "stands": True})
        count_event(event, before, here, was_pending, counts)
    counts.add("removals_pending_end", here.pending)
    counts.add("patients_reviewed", any(e["kind"] == "reviewed" and e["happened_on"] >= start for e in events))
    for each in joined:
        count_told(each, end, days, counts)


def count_event(event: Row, before: str | None, here: Patient, was_pending: bool, counts: Counts) -> None:
    kind, status = event["kind"], here.status
    counts.add("reviews_done", kind == "reviewed")
    counts.add("plans_agreed", kind == "plan_agreed")
    counts.add("plans_declined", kind == "plan_declined")
    counts.add("decisions", kind in ("accepted", "not_accepted", "ended", "removal_rejected"))
    counts.add("joined", status == "managed" and before != "managed")
    counts.add("proposals_accepted", status == "managed" and before == "proposed")
    counts.add("newly_proposed", status == "proposed" and before != "proposed")
    if before == "managed" and status != "managed":
        either = status == "ended" and event["details"]["reason"] == "died or moved"
        counts.add("left")
        counts.add("left_died_or_moved" if either else f"left_{status.replace(' ', '_')}")
    if before == "proposed" and status not in ("proposed", "managed"):
        counts.add("proposals_not_accepted" if status == "not accepted" else "proposals_dropped")
    counts.add("removals_proposed", here.pending and not was_pending)
    if was_pending and not here.pending:
        ends = {"removal_lapsed": "removals_lapsed", "moved": "removals_overtaken", "died": "removals_overtaken"}
        counts.add(ends.get(kind, "removals_decided"))


def count_told(each: Row, end: dt.date, days: int | None, counts: Counts) -> None:
    tell_by = each["day"] + dt.timedelta(days=days or 0)
    if each["told"] is not None:
        counts.add("told_in_time" if each["told"] <= tell_by else "told_late")
    elif each["stands"]:
        counts.add("not_told")
        counts.add("not_told_overdue", tell_by < end)
    else:
        counts.add("left_untold")


def of_managed(counts: Counts, state: list[Row], end: dt.date) -> None:
    managed = [row for row in state if row["status"] == "managed"]
    counts["managed_end"] = len(managed)
    counts["proposed_end"] = sum(row["status"] == "proposed" for row in state)
    for name, plan in (("agreed", "agreed"), ("declined", "declined"), ("none", None)):
        counts[f"plan_{name}_end"] = sum(row["plan"] == plan for row in managed)
    counts["reviews_due_end"] = sum(row["next_review"] <= end for row in managed)
    counts["reviews_overdue_end"] = sum(row["next_review"] < end for row in managed)
