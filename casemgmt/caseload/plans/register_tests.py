"""The register test of a scheme: whether enough patients are managed at the end of a period, by practice."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from casemgmt.arrow import column_of
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.plans.labels import NOT_FOR_LEAVING, labelled
from casemgmt.caseload.plans.list_sizes import IN_WORDS, ListSizes
from casemgmt.caseload.plans.registered import count_registered
from casemgmt.caseload.state.settling import settled
from casemgmt.dates import day_number
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.caseload_rules import RegisterTest
    from casemgmt.scheme.routes import Scheme

DEFINITIONS: Final = {
    "register_on": "the last day of the period; the register is that of its end",
    "list_on": "the day of the list that the register is divided by",
    "register": "patients who count: managed at the end of register_on, as the scheme says who of them counts",
    "declined": "of register: who declined a care plan",
    "gone": "of register: who died or moved in the period, where the scheme counts them",
    "not_counted": "managed at the end of register_on, and not in register: by a route beside it, or without plan or GP",
    "list_size": "people on the list on list_on of whom the share is; null: not recorded",
    "share": "register/list_size, as it is; null: it cannot be tested",
    "needed": "the fewest patients whose share is large enough",
    "passed": "whether register is at least needed; null: it cannot be tested",
    "short_by": "needed - register where that is over nought, else 0",
    "note": "why it cannot be tested, or of which earlier day the list is",
}


def register_test(
    events: pa.Table, test: RegisterTest, start: dt.date, end: dt.date, *, list_within_days: int = 0
) -> pa.Table:
    """The register at the end of a period against the list at its start, one row a practice with an event.

    Parameters
    ----------
    events : as :func:`casemgmt.caseload.events.table.schema` has them, of whole practices up to some moment
    test : who counts, and which share of whom is enough
    start, end : the day of the list, and the last day of the period
    list_within_days : how many days before ``start`` the list may be

    Returns
    -------
    pyarrow.Table
        practice_id, register_on, list_on, register, declined, gone, not_counted, list_size, share (text, exact),
        needed, passed, short_by, note; definitions in the fields' metadata

    Raises
    ------
    InputError : the period ends before it begins, or the events are no whole caseload
    """
    if end < start:
        raise InputError("The period ends before it begins: give the day of the list, then that of the register.")
    found = settled(events)
    codes = [code for code in found.practice.values.to_pylist() if code != STORE]
    counts = count_registered(events, found, test, start, end, codes)
    sizes = ListSizes(found)
    rows = []
    for place, code in enumerate(codes):
        size = sizes.on(code, start, test.part, list_within_days)
        row: dict[str, Any] = {"practice_id": code, "register_on": end, "list_on": size.day or start}
        row |= {name: int(each[place]) for name, each in counts.items()}
        rows.append(row | outcome(row["register"], size.size, test) | _note(size.size, size.why, test))
    return labelled(
        _table(rows),
        DEFINITIONS | {"list_size": f"{IN_WORDS[test.part]} on list_on; null: not recorded"},
        {"from": start.isoformat(), "to": end.isoformat(), "rule": test.describe(), "note": NOT_FOR_LEAVING},
    )


def outcome(register: int, size: int | None, test: RegisterTest) -> dict[str, Any]:
    """Whether so many patients are enough for a list of this size, in whole numbers throughout."""
    if not size:
        return {"list_size": size, "share": None, "needed": None, "passed": None, "short_by": None}
    needed = test.share.places(size)
    return {
        "list_size": size,
        "share": f"{register}/{size}",
        "needed": needed,
        "passed": register >= needed,
        "short_by": max(needed - register, 0),
    }


def test_of(scheme: Scheme) -> RegisterTest:
    """The register test that a scheme states.

    Raises
    ------
    InputError : it states none
    """
    if scheme.caseload is None or scheme.caseload.register_test is None:
        raise InputError(
            f"The scheme '{scheme.id}' states no register test. Write a table [caseload.register_test] into its file."
        )
    return scheme.caseload.register_test


def _note(size: int | None, why: str, test: RegisterTest) -> dict[str, str | None]:
    if size is None:
        return {"note": f"it cannot be tested: {why}"}
    if not size:
        return {"note": f"it cannot be tested: nobody is on the list ({IN_WORDS[test.part]})"}
    return {"note": why or None}


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    whole, day, text = pa.int64(), pa.date32(), pa.string()
    kinds_of = {
        "practice_id": text,
        "register_on": day,
        "list_on": day,
        **dict.fromkeys(("register", "declined", "gone", "not_counted", "list_size"), whole),
        "share": text,
        "needed": whole,
        "passed": pa.bool_(),
        "short_by": whole,
        "note": text,
    }
    columns = {}
    for name, kind in kinds_of.items():
        values = [row[name] for row in rows]
        if kind == day:
            columns[name] = column_of([day_number(each) for each in values], pa.int32()).cast(day)
        else:
            columns[name] = column_of(values, kind)
    return pa.table(columns)
