"""Stub of the fold: replaced on merging."""

from __future__ import annotations

import json
from typing import Any

ON = {"accepted": "managed", "returned": "managed", "practice_changed": "managed"}
OFF = {"not_accepted": "not accepted", "ended": "ended", "moved": "moved", "died": "died"}


class State:
    def __init__(self, rows: list[dict[str, Any]], date: Any) -> None:
        self._rows, self.date, self.known_at, self.heads = rows, date, None, {}

    def to_arrow(self, *, everyone: bool = False) -> Any:
        import pyarrow as pa

        text, day = pa.string(), pa.date32()
        schema = pa.schema(
            [
                ("practice_id", text), ("patient_id", text), ("status", text), ("route", text),
                ("removal_proposed_on", day), ("removal_reason", text), ("removal_detail", text),
                ("left_on", day), ("left_reason", text),
            ]
        )  # fmt: skip
        rows = [r for r in self._rows if everyone or r["status"] in ("proposed", "managed")]
        return pa.Table.from_pylist(rows, schema)


def state_at(events: Any, date: Any, *, review_every_months: int) -> State:
    import datetime as dt

    people: dict[Any, Any] = {}
    out = set()
    rows = events.to_pylist()
    for row in reversed(rows):
        if row["kind"] == "withdrawn" and (row["practice_id"], row["number"]) not in out:
            out.add((row["practice_id"], row["corrects"]))
    fixes: dict[Any, Any] = {}
    for row in rows:
        if row["kind"] == "corrected" and (row["practice_id"], row["number"]) not in out:
            fixes.setdefault((row["practice_id"], row["corrects"]), {}).update(json.loads(row["details"])["values"])
    for row in rows:
        if row["patient_id"] is None or (row["practice_id"], row["number"]) in out:
            continue
        row["details"] = json.loads(row["details"] or "{}")
        fix = dict(fixes.get((row["practice_id"], row["number"]), {}))
        if "happened_on" in fix:
            row["happened_on"] = dt.date.fromisoformat(fix.pop("happened_on"))
        row["details"] |= fix
        if row["happened_on"] <= date:
            people.setdefault((row["practice_id"], row["patient_id"]), []).append(row)
    found = []
    for (practice, patient), own in sorted(people.items(), key=lambda p: (p[0][0].encode(), p[0][1].encode())):
        s: dict[str, Any] = {"practice_id": practice, "patient_id": patient, "status": None}
        for row in sorted(own, key=lambda r: (r["happened_on"], r["number"])):
            kind, details = row["kind"], row["details"]
            if s["status"] == "died" and kind != "returned":
                continue
            if kind == "proposed" and s["status"] not in ("managed", "proposed"):
                s |= {"status": "proposed", "route": details["route"]}
            elif kind in ON or kind in OFF:
                s["status"] = ON.get(kind) or OFF[kind]
                s |= {"removal_proposed_on": None, "removal_reason": None, "removal_detail": None}
                if kind in OFF:
                    s |= {"left_on": row["happened_on"], "left_reason": details.get("reason")}
                else:
                    s |= {"left_on": None, "left_reason": None}
            elif kind == "removal_proposed" and s["status"] in ("proposed", "managed"):
                if s.get("removal_proposed_on") is None:
                    first = details.get("first_proposed_on")
                    s |= {
                        "removal_proposed_on": dt.date.fromisoformat(first) if first else row["happened_on"],
                        "removal_reason": details["reason"],
                        "removal_detail": details.get("detail"),
                    }
            elif kind in ("removal_lapsed", "removal_rejected"):
                s |= {"removal_proposed_on": None, "removal_reason": None, "removal_detail": None}
        if s["status"] is not None:
            found.append(s)
    return State(found, date)
