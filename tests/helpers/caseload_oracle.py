"""The state of a caseload in plain Python: slow, obvious, a patient at a time, written from the words of the rules."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

Row = dict[str, Any]


def state(rows: list[Row], date: dt.date, review_every_months: int, known_at: dt.datetime | None = None) -> list[Row]:
    """The rows of ``to_arrow(everyone=True)`` from the rows of an events table."""
    rows = [row for row in rows if known_at is None or row["recorded_at"] <= known_at]  # rule 1
    found = []
    for practice in {row["practice_id"] for row in rows} - {""}:
        events = what_holds([row for row in rows if row["practice_id"] == practice])
        for patient in {row["patient_id"] for row in events} - {None}:
            own = [row for row in events if row["patient_id"] == patient and row["happened_on"] <= date]
            own.sort(key=lambda row: (row["happened_on"], row["number"]))  # rule 4
            told = one_patient(own, date, review_every_months)
            if told["status"] is not None:
                found.append({"practice_id": practice, "patient_id": patient, **told})
    return sorted(found, key=lambda row: (row["practice_id"].encode(), row["patient_id"].encode()))


def settings(rows: list[Row], date: dt.date) -> int:
    """Rule 11."""
    own = sorted((row["happened_on"], row["number"], row["details"]) for row in rows if row["practice_id"] == "")
    said = own[0]
    for each in own:
        if each[0] <= date:
            said = each
    return json.loads(said[2])["review_every_months"]


def what_holds(rows: list[Row]) -> list[Row]:
    """Rules 2 and 3 for one practice: the events in force, with corrected days and details."""
    rows = sorted(({**row, "details": json.loads(row["details"] or "{}")} for row in rows), key=lambda r: r["number"])
    withdrawn = set()
    for row in reversed(rows):
        if row["kind"] == "withdrawn" and row["number"] not in withdrawn:
            withdrawn.add(row["corrects"])
    rows = [row for row in rows if row["number"] not in withdrawn]
    for row in rows:
        if row["kind"] == "corrected":
            for wrong in rows:
                if wrong["number"] == row["corrects"]:
                    for name, value in row["details"]["values"].items():
                        if name == "happened_on":
                            wrong["happened_on"] = dt.date.fromisoformat(value)
                        else:
                            wrong["details"][name] = value
    return [row for row in rows if row["kind"] not in ("corrected", "withdrawn")]


def one_patient(events: list[Row], date: dt.date, review_every_months: int) -> Row:
    """Rules 5 to 10, event after event."""
    nothing = dict.fromkeys(("since", "proposed_on", "route", "plan", "plan_on", "told_on"))
    removal = dict.fromkeys(("removal_proposed_on", "removal_reason", "removal_detail"))
    left = dict.fromkeys(("left_on", "left_reason"))
    home = dict.fromkeys(("accountable_gp", "care_home_type", "care_home_id"))
    none_pending = dict(removal)
    status, last_review, route_accepted = None, None, None
    spell = dict(nothing)
    for event in events:
        kind, day, details = event["kind"], event["happened_on"], event["details"]
        standing = status in ("proposed", "managed")
        final = status == "died" and kind != "returned"
        if kind in ("accepted", "returned", "practice_changed") and not final:
            if not standing:
                spell, route_accepted = dict(nothing), None
            if status != "managed":
                spell["since"] = day
            if kind == "accepted" and details.get("route") is not None:
                route_accepted = details["route"]
            status, removal, left = "managed", dict(none_pending), dict.fromkeys(left)
        elif kind == "proposed" and not final:
            if not standing:
                spell, route_accepted = dict(nothing), None
                status, left = "proposed", dict.fromkeys(left)
            if spell["proposed_on"] is None:
                spell["proposed_on"], spell["route"] = day, details.get("route")
        elif kind in ("not_accepted", "ended", "moved", "died") and not final:
            status, spell, removal = kind.replace("_", " "), dict(nothing), dict(none_pending)
            route_accepted = None
            left = {"left_on": day, "left_reason": details["reason"] if kind in ("not_accepted", "ended") else None}
        elif kind in ("removal_lapsed", "removal_rejected"):
            removal = dict(none_pending)
        elif kind == "removal_proposed" and standing:
            first = removal["removal_proposed_on"]
            if first is None:
                said = details.get("first_proposed_on")
                first = day if said is None else dt.date.fromisoformat(said)
            removal = {
                "removal_proposed_on": first,
                "removal_reason": details["reason"],
                "removal_detail": details.get("detail"),
            }
        elif kind in ("plan_agreed", "plan_declined") and standing:
            spell["plan"], spell["plan_on"] = kind.removeprefix("plan_"), day
        elif kind == "patient_told" and standing and spell["told_on"] is None:
            spell["told_on"] = day
        elif kind == "gp_named":
            home["accountable_gp"] = details["gp"]
        elif kind == "home_changed":
            home["care_home_type"], home["care_home_id"] = details["care_home_type"], details.get("care_home_id")
        elif kind == "reviewed":
            last_review = day
    if route_accepted is not None:
        spell["route"] = route_accepted
    next_review = None
    if status == "managed":
        next_review = when_next(events, last_review, spell, review_every_months)
    return {
        "status": status,
        "since": spell["since"],
        "proposed_on": spell["proposed_on"],
        "route": spell["route"],
        "plan": spell["plan"],
        "plan_on": spell["plan_on"],
        "last_review": last_review,
        "next_review": next_review,
        "review_due": next_review is not None and next_review <= date,
        "told_on": spell["told_on"],
        **home,
        **removal,
        **left,
    }


def when_next(events: list[Row], last_review: dt.date | None, spell: Row, months: int) -> dt.date:
    """Rule 9."""
    given = None
    for event in events:
        said = event["details"].get("next_review_on")
        on_or_after = last_review is None or event["happened_on"] >= last_review
        if event["kind"] in ("plan_agreed", "reviewed") and said is not None and on_or_after:
            given = dt.date.fromisoformat(said)
    if given is not None:
        return given
    days = [last_review, spell["since"], spell["plan_on"] if spell["plan"] == "agreed" else None]
    return months_later(max(day for day in days if day is not None), months)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or the first of the month after where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:
        year, month = divmod(day.year * 12 + day.month + months, 12)
        return dt.date(year, month + 1, 1)
