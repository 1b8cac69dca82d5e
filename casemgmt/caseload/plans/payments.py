"""What a scheme or a tariff pays for a year, by practice and instalment, exact to the penny."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from casemgmt.arrow import column_of
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.plans.done import done_between
from casemgmt.caseload.plans.labels import NOT_FOR_LEAVING, labelled
from casemgmt.caseload.plans.list_sizes import ListSizes
from casemgmt.caseload.plans.pennies import PENNY, split, year_of
from casemgmt.caseload.plans.register_tests import register_test
from casemgmt.caseload.state.settling import Settled, settled
from casemgmt.dates import day_number
from casemgmt.errors import InputError, unknown_name
from casemgmt.scheme.payments import DayOfYear, Instalment, Payment

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.caseload_rules import RegisterTest

Declared = Mapping[str, Iterable[str]]

WHOLE: Final = "whole"  # stands for the instalment of a payment that has none
FIRST_OF_APRIL: Final = DayOfYear(4, 1)
DEFINITIONS: Final = {
    "each": "pounds for one head, plan or review",
    "counted": "heads of the whole list on counted_on, patients with a plan agreed in the year, or reviews of the "
    "year; null: not recorded",
    "counted_on": "of heads, the day of the list; of plans and reviews, the last day of the year or that asked for",
    "amount": "pounds of the instalment where its condition is met; each instalment is rounded to the nearest penny, "
    "halves up, and the last is what is left of the whole",
    "condition": "none, declared (somebody declares what says has) or register_test",
    "met": "whether the condition is; null: nobody declared it, the day has not come, or it cannot be tested",
    "payable": "amount where the condition is met, 0 where it is not; null: not known",
    "certainty": "A primary source, B good secondary source, C recall, D decided here",
}


def payments_table(
    events: pa.Table,
    payments: Iterable[Payment],
    year: int,
    *,
    test: RegisterTest | None = None,
    declared: Declared | None = None,
    until: dt.date | None = None,
    list_within_days: int = 0,
) -> pa.Table:
    """What is paid for a year, one row a practice with an event, payment and instalment.

    Parameters
    ----------
    events : as :func:`casemgmt.caseload.events.table.schema` has them, of whole practices up to some moment
    payments : of a scheme or a tariff
    year : in which the financial year begins, on 1 April
    test : the register test that instalments ask for
    declared : practice → names of the instalments whose condition somebody declared to be met
    until : the last day that is known of; a register test of a later day is not decided yet. None: the year is over
    list_within_days : how many days before its day a list may be

    Returns
    -------
    pyarrow.Table
        practice_id, payment, instalment (``whole`` where a payment has none), per, each, counted, counted_on, share
        (text), amount, condition, says, met, payable, certainty, note. Amounts are decimals in pounds; definitions
        stand in the fields' metadata

    Raises
    ------
    InputError : a test is asked for and none is stated, a declared practice or instalment that is not there, or a year
        that cannot be
    """
    payments = tuple(payments)
    first, last = year_of(year)
    last = last if until is None else min(last, until)
    found = settled(events)
    codes = [code for code in found.practice.values.to_pylist() if code != STORE]
    said = _declared(declared, codes, payments)
    tests = {
        part: _tested(events, part, year, test, until, list_within_days)
        for payment in payments
        for part in payment.instalments
        if part.condition == "register_test"
    }
    counted = _Counted(found, first, last, list_within_days)
    rows: list[dict[str, Any]] = []
    for code in codes:
        for payment in payments:
            head = {"practice_id": code, "payment": payment.name, "per": payment.per, "certainty": payment.certainty}
            head |= {"each": Decimal(payment.pence) * PENNY, **counted.of(code, payment, year)}
            amounts = split(head["counted"], payment)
            for part, amount in zip(payment.instalments or (None,), amounts, strict=True):
                met, why = (True, "") if part is None else _met(code, part, said, tests.get(part))
                note = "; ".join(each for each in (head["note"], why) if each)
                rows.append(head | _row(part, amount, met) | {"note": note or None})
    facts = {"from": first.isoformat(), "to": last.isoformat(), "note": NOT_FOR_LEAVING}
    return labelled(_table(rows), DEFINITIONS, facts)


class _Counted:
    """How many heads, plans or reviews each practice has."""

    def __init__(self, found: Settled, first: dt.date, last: dt.date, list_within_days: int) -> None:
        codes = found.practice.values.to_pylist()
        done = done_between(found, day_number(first), day_number(last), len(codes))
        self._sizes, self._within, self._last = ListSizes(found), list_within_days, last
        per = (("plan", "patients_planned"), ("review", "reviews_done"))
        self._done = {name: dict(zip(codes, done[of].tolist(), strict=True)) for name, of in per}

    def of(self, code: str, payment: Payment, year: int) -> dict[str, Any]:
        """``counted``, ``counted_on`` and ``note`` of a practice."""
        if payment.per != "head":
            return {"counted": self._done[payment.per][code], "counted_on": self._last, "note": ""}
        day = (payment.list_on or FIRST_OF_APRIL).in_year(year)
        size = self._sizes.on(code, day, "whole", self._within)
        return {"counted": size.size, "counted_on": size.day or day, "note": size.why}


def _declared(declared: Declared | None, codes: list[str], payments: tuple[Payment, ...]) -> set[tuple[str, str]]:
    """Practices and the instalments that are declared of them."""
    names = [part.name for each in payments for part in each.instalments if part.condition == "declared"]
    found = set()
    for practice, parts in (declared or {}).items():
        if practice not in codes:
            raise unknown_name("practice", practice, codes)
        for name in parts:
            if name not in names:
                raise unknown_name("declared instalment", name, names)
            found.add((practice, name))
    return found


def _tested(
    events: pa.Table, part: Instalment, year: int, test: RegisterTest | None, until: dt.date | None, within: int
) -> dict[str, tuple[bool | None, str]]:
    """Whether each practice passes the register test of an instalment, and what there is to say of it."""
    if test is None:
        raise InputError(
            f"The instalment '{part.name}' asks for a register test: give a scheme whose file states one, in a table "
            "[caseload.register_test]."
        )
    if part.list_on is None or part.register_on is None:
        raise InputError(f"The instalment '{part.name}' does not say on which days its register test is.")
    start, end = part.list_on.in_year(year), part.register_on.in_year(year)
    if until is not None and end > until:
        return {}
    rows = register_test(events, test, start, end, list_within_days=within).to_pylist()
    return {row["practice_id"]: (row["passed"], _said(row)) for row in rows}


def _said(row: dict[str, Any]) -> str:
    if row["passed"] is None:
        return str(row["note"])
    short = f", {row['short_by']} short" if row["short_by"] else ""
    return f"register {row['share']} on {row['register_on']}, at least {row['needed']} needed{short}"


def _met(
    code: str, part: Instalment, said: set[tuple[str, str]], tested: dict[str, tuple[bool | None, str]] | None
) -> tuple[bool | None, str]:
    """Whether the condition of an instalment is met, and what there is to say of it."""
    if part.condition == "declared":
        return (True, "") if (code, part.name) in said else (None, "nobody has declared it")
    return (tested or {}).get(code, (None, f"the register is tested on {part.register_on}, which has not come"))


def _row(part: Instalment | None, amount: Decimal | None, met: bool | None) -> dict[str, Any]:
    paid = amount if met else Decimal(0) if met is False else None
    if part is None:
        told: dict[str, Any] = {"instalment": WHOLE, "share": "100%", "condition": "none", "says": None}
    else:
        told = {
            "instalment": part.name,
            "share": part.share_text,
            "condition": part.condition,
            "says": part.says or None,
        }
    return told | {"amount": amount, "met": met, "payable": paid}


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    text, money = pa.string(), pa.decimal128(18, 2)
    kinds_of = {
        **dict.fromkeys(("practice_id", "payment", "instalment", "per"), text),
        "each": money,
        "counted": pa.int64(),
        "counted_on": pa.date32(),
        "share": text,
        "amount": money,
        "condition": text,
        "says": text,
        "met": pa.bool_(),
        "payable": money,
        "certainty": text,
        "note": text,
    }
    columns = {}
    for name, kind in kinds_of.items():
        values = [row[name] for row in rows]
        if kind == money:
            columns[name] = pa.array(values, kind)
        elif kind == pa.date32():
            columns[name] = column_of([day_number(each) for each in values], pa.int32()).cast(kind)
        else:
            columns[name] = column_of(values, kind)
    return pa.table(columns)
