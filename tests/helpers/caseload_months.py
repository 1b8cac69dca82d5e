"""Months of a caseload: small registers made anew each month, selections from them, and a store to propose them to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from caseload_events import add, opened
from memory_store import MemoryStore
from registers import read_scheme, scheme_text

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload

Person = tuple[str, str]

RANKED = """name = "highest_risk"
kind = "top_share"
share = "{share}"
limit = "at_most"
of = {{}}
among = {{}}
counts_as = "case_management"
"""
NOMINATED = """name = "judgement"
kind = "nominated"
share = "{share}"
limit = "at_most"
of = {{}}
counts_as = "case_management"
"""
MAY_BE_LEFT_OUT = ("nominated", "nomination_order", "on_caseload", "last_review")


def a_caseload(path: Path | None = None, months: int = 3) -> Caseload:
    """A new caseload: in memory, or in a file."""
    if path is not None:
        return cm.open_caseload(path, create=True, review_every_months=months)
    store = MemoryStore()
    add(store, dt.datetime(2014, 1, 1, tzinfo=dt.UTC), opened(months, dt.date(2014, 1, 1)))
    return Caseload(store)


def month(number: int) -> str:
    """The first day of a month, from January 2015 on."""
    year, place = divmod(number - 1, 12)
    return f"{2015 + year}-{place + 1:02d}-01"


def a_scheme(share: str = "1/2", judgement: str | None = None) -> Any:
    routes = [RANKED.format(share=share)] + ([NOMINATED.format(share=judgement)] if judgement else [])
    return read_scheme(scheme_text(routes, optional=MAY_BE_LEFT_OUT) if judgement else scheme_text(routes))


def a_register(scores: Mapping[Person, float], as_of: str, **columns: Mapping[Person, Any]) -> Any:
    """A register of some people; other columns by person, null for who is not named.

    ``on_caseload``, ``nominated`` and ``objected`` are sets of people, where they are given.
    """
    people = list(scores)
    table: dict[str, Any] = {
        "practice_id": [practice for practice, _ in people],
        "patient_id": [patient for _, patient in people],
        "age": [70] * len(people),
        "score": [float(scores[each]) for each in people],
    }
    for name, values in columns.items():
        if isinstance(values, Mapping):
            kind = pa.date32() if name.endswith(("_on", "_of_death", "review")) else pa.int32()
            table[name] = pa.array([values.get(each) for each in people], kind)
        else:
            table[name] = [each in values for each in people]
    return cm.read_register(pa.table(table), as_of=as_of)


def chosen(scores: Mapping[Person, float], as_of: str, *, share: str = "1/2", **more: Any) -> Any:
    """A selection from :func:`a_register`; ``columns`` are the register's, the rest goes to the selection."""
    columns = more.pop("columns", {})
    judgement = more.pop("judgement", None)
    register = a_register(scores, as_of, **columns)
    return cm.select(register, a_scheme(share, judgement), score="score", **more)


def managed(selection: Any) -> set[Person]:
    table = selection.to_arrow()
    return people_of(table.filter(table.column("case_managed")))


def people_of(table: pa.Table) -> set[Person]:
    return set(zip(table.column("practice_id").to_pylist(), table.column("patient_id").to_pylist(), strict=True))


def counted(result: Any, name: str) -> int:
    return sum(result.counts().column(name).to_pylist())


def statuses(caseload: Caseload, date: str | dt.date) -> dict[Person, str]:
    """Everybody's status."""
    rows = caseload.on(date).to_arrow(everyone=True).to_pylist()
    return {(row["practice_id"], row["patient_id"]): row["status"] for row in rows}


def kinds(table: pa.Table) -> list[tuple[Any, ...]]:
    """Events in few words: practice, kind, patient."""
    return list(zip(*(table.column(name).to_pylist() for name in ("practice_id", "kind", "patient_id")), strict=True))


def a_decision(person: Person, said: str, date: str, by: str | None = "Dr A", **more: Any) -> dict[str, Any]:
    return {"practice_id": person[0], "patient_id": person[1], "decision": said, "date": date, "by": by, **more}
