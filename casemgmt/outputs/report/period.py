"""The figures of a period on a caseload, each from counts that may leave together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES, AT_LEAST
from casemgmt.outputs.disclosure.period_counts import (
    Flow,
    FollowedUp,
    Form,
    Relation,
    Stock,
    Told,
    forms_that_may_leave,
    note_of,
    number_of,
)
from casemgmt.outputs.disclosure.suppression import SMALL, WITHHELD
from casemgmt.outputs.report.figures import Figure, Row, percent, totals_first
from casemgmt.outputs.report.homes_over_time import homes_figure, said_of_homes

INF: Final = float("inf")

# The measures that leave, in the order of the table; of two that are as small, the later is withheld first.
MEASURES: Final = {
    "managed_end": "Case managed at the end",
    "managed_start": "At the start",
    "joined": "Joined",
    "left": "Left",
    "proposed_end": "Proposed, not decided",
    "plan_agreed_end": "Plan agreed",
    "plan_declined_end": "Plan declined",
    "plan_none_end": "No plan yet",
    "reviews_done": "Reviews done",
    "reviews_due_end": "Reviews due",
    "told_in_time": "Told in time",
    "told_late": "Told late",
    "not_told": "Not told",
    "removals_pending_end": "Removals to decide",
}
REGISTER: Final = "register"
SHOWN: Final = 16  # hexadecimal digits of a hash; no file of a report holds more

_SUMS: Final = (
    Relation({"managed_start": 1, "joined": 1, "left": -1, "managed_end": -1}, 0, 0, of_parts=True),
    Relation({"plan_agreed_end": 1, "plan_declined_end": 1, "plan_none_end": 1, "managed_end": -1}, 0, 0),
    Relation({"reviews_due_end": 1, "managed_end": -1}, -INF, 0),
    Relation({"told_in_time": 1, "told_late": 1, "not_told": 1, "joined": -1}, -INF, 0, of_parts=True),
    Relation({"told_in_time": 1, "told_late": 1, "joined": -1}, -INF, 0, of_parts=True),
    Relation({"not_told": 1, "joined": -1}, -INF, 0, of_parts=True),
    # Who joined and was not told has left, or is still managed.
    Relation({"joined": 1, "told_in_time": -1, "told_late": -1, "not_told": -1, "left": -1}, -INF, 0),
    Relation({"not_told": 1, "managed_end": -1}, -INF, 0),
    # Who waits for a decision is managed or proposed.
    Relation({"removals_pending_end": 1, "managed_end": -1, "proposed_end": -1}, -INF, 0),
    # Who died or moved in the period may be on a register beside those who are managed at its end.
    Relation({REGISTER: 1, "managed_end": -1, "left": -1}, -INF, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOutcome:
    """The register test of a practice: how many are needed, whether there are so many, and what else to say."""

    register: int
    needed: int | None
    passed: bool | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A part of a payment per head of the list: its amount is known to whoever knows the list.

    Attributes
    ----------
    practice_id, payment, instalment : what it is, and whose
    pounds : its amount where its condition is met; None where the list is not recorded
    condition : ``none``, ``declared`` or ``register_test``
    met : None where it is not known
    certainty, note : in words
    tested : of a register test, the day of the list and that of the register
    """

    practice_id: str
    payment: str
    instalment: str
    pounds: float | None
    condition: str
    met: bool | None
    certainty: str
    note: str
    tested: tuple[dt.date, dt.date] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole counts of a period; none of them leaves as it is.

    Attributes
    ----------
    start, end : its first and last day
    known_at : the moment up to which events were taken
    heads : practice → the hash of its last event then; its number would tell how much happened
    counts : practice → measure → whole count; measures that nobody can know are left out
    tests : practice → its register test; empty where the scheme has none
    rule : of the register test, in words
    paid : parts of payments per head
    homes : counts of care homes and of their residents, all practices together
    """

    start: dt.date
    end: dt.date
    known_at: str
    heads: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    tests: Mapping[str, RegisterOutcome] = field(default_factory=dict)
    rule: str = ""
    paid: Sequence[Paid] = ()
    homes: Mapping[str, int] = field(default_factory=dict)


def said_of(period: Period, before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a report says of a period, as its manifest keeps it: forms that may leave beside those of other reports.

    Parameters
    ----------
    before : what other reports on the same caseload keep
    """
    held = [_told(one, practice) for one in before for practice in one["rows"]]
    keys = _keys(period.start, period.end, period.rule)
    forms = {}
    for practice, counts in period.counts.items():
        forms.update(forms_that_may_leave(*_asked(practice, counts, period), held, keys))
    needed = {
        practice: [test.needed, test.passed]
        for practice, test in period.tests.items()
        if practice in forms and _is_told(test, forms[practice][REGISTER])
    }
    days = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    return {
        **days,
        "rows": forms,
        "tests": needed,
        "rule": period.rule,
        "homes": said_of_homes(period.homes, (period.start, period.end), before),
    }


def _asked(
    practice: str, counts: Mapping[str, int], period: Period
) -> tuple[dict[str, dict[str, int]], tuple[Relation, ...]]:
    """The counts of a practice, its register among them, and how they hang together; a test that is told is a bound."""
    own = {name: counts[name] for name in MEASURES if name in counts}
    test = period.tests.get(practice)
    if test is None:
        return {practice: own}, _SUMS
    own[REGISTER] = test.register
    if not _may_be_told(test) or test.needed is None:
        return {practice: own}, _SUMS
    return {practice: own}, (*_SUMS, _bound(test.needed, test.passed))


def _bound(needed: int, passed: bool | None) -> Relation:
    """What a test that is told says of the register."""
    return Relation({REGISTER: 1}, *((needed, INF) if passed else (-INF, needed - 1)))


def _told(said: Mapping[str, Any], practice: str) -> Told:
    """What another report says of a practice."""
    test = said["tests"].get(practice)
    relations = _SUMS if test is None else (*_SUMS, _bound(*test))
    return Told(
        rows={practice: said["rows"][practice]}, relations=relations, keys=_keys(*_days_of(said), said.get("rule", ""))
    )


def _may_be_told(test: RegisterOutcome) -> bool:
    """Whether it may be told that a register passes: never of a small one, of which it would say more than that."""
    return test.passed is not None and test.register > SMALL[1]


def _days_of(said: Mapping[str, Any]) -> tuple[dt.date, dt.date]:
    return dt.date.fromisoformat(said["start"]), dt.date.fromisoformat(said["end"])


def _keys(start: dt.date, end: dt.date, rule: str) -> dict[str, Hashable]:
    """What each count of a period counts: who is there on a day, or what happened from one day to another.

    The end of one day is the start of the next. Registers by two rules are of different people.
    """
    night = end + dt.timedelta(days=1)
    found: dict[str, Hashable] = {}
    for name in (*MEASURES, REGISTER):
        found[name] = (name, night) if name.endswith("_end") else (name, start, end)
    found |= {name: Flow(name, start, night) for name in ("joined", "left", "reviews_done")}
    found |= {name: FollowedUp(name, start, night, 1) for name in ("told_in_time", "told_late")}
    found[REGISTER] = (REGISTER, start, end, rule)
    found["not_told"] = FollowedUp("not_told", start, night, -1)
    return found | {"managed_start": Stock("managed", start), "managed_end": Stock("managed", night)}


def figures_of_period(period: Period, said: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The figures of a period, from what may be said of it."""
    forms = said["rows"]
    return (
        _caseload_figure(period, forms),
        _test_figure(period, forms),
        _paid_figure(period, forms),
        homes_figure(said["homes"], _in_words(period)),
        _heads_figure(period),
    )


def _in_words(period: Period) -> str:
    return f"From {period.start} to {period.end}, as recorded by {period.known_at}."


def _caseload_figure(period: Period, forms: Mapping[str, Mapping[str, Form]]) -> Figure:
    shown = [name for name in MEASURES if any(name in own for own in forms.values())]
    rows: list[Row] = []
    for practice, own in forms.items():
        told = {name: own[name] for name in shown if name in own}
        numbers = {name: number_of(form) for name, form in told.items()}
        rows.append({"practice_id": practice, **numbers, "note": note_of(told)})
    rows.append(_sum_of(rows, shown))
    for row in rows:
        plans = (row.get("plan_agreed_end") or 0) + (row.get("plan_declined_end") or 0)
        whole = row.get("managed_end")
        known = row.get("plan_agreed_end") is not None and row.get("plan_declined_end") is not None
        row["plans_percent"] = min(percent(plans, whole) or 0.0, 100.0) if known and whole else None
    return Figure(
        name="caseload",
        title="The caseload over the period",
        says=f"{_in_words(period)} Who was case managed, joined and left; plans, reviews and removals. A patient who "
        "declined a plan is case managed all the same. Proposals that nobody has decided wait, and are counted apart.",
        headings={"practice_id": "Practice", **{name: MEASURES[name] for name in shown}}
        | {"plans_percent": "Plan agreed or declined, % (in 100)", "note": "Note"},
        kinds={**dict.fromkeys(shown, "whole"), "plans_percent": "share"},
        rows=totals_first(rows),
        missing="" if forms else "Nothing is recorded of any practice.",
    )


def _sum_of(rows: Sequence[Row], names: Sequence[str]) -> Row:
    """All practices together, from the published numbers alone."""
    total: Row = {"practice_id": ALL_PRACTICES}
    said = []
    for name in names:
        known = [row[name] for row in rows if row.get(name) is not None]
        total[name] = sum(known) if known else None
        if known and len(known) < len(rows):
            said.append(f"{name} {AT_LEAST}")
    return {**total, "note": "; ".join(said) or None}


def _test_figure(period: Period, forms: Mapping[str, Mapping[str, Form]]) -> Figure:
    rows: list[Row] = []
    for practice, test in period.tests.items():
        form = forms.get(practice, {}).get(REGISTER, WITHHELD)
        number = number_of(form)
        said = [f"{REGISTER} {form}"] if number is None else []
        told = _is_told(test, form)
        if test.passed is not None and not told:
            said.append(f"passed {WITHHELD}")
        if test.note:
            said.append(test.note)
        passed = ("yes" if test.passed else "no") if told else None
        row: Row = {"practice_id": practice, REGISTER: number, "needed": test.needed, "passed": passed}
        rows.append({**row, "note": "; ".join(said) or None})
    return Figure(
        name="register_test",
        title="Register test",
        says=f"{_in_words(period)} The register at the end, against the list at the start: {period.rule}. Whether it "
        "passes is worked out from the exact counts, and is withheld where the register is small.",
        headings={
            "practice_id": "Practice",
            REGISTER: "On the register",
            "needed": "Needed",
            "passed": "Passed",
            "note": "Note",
        },
        kinds={REGISTER: "whole", "needed": "whole"},
        rows=rows,
        missing="" if period.tests else "The scheme states no register test.",
    )


def _is_told(test: RegisterOutcome, form: Form) -> bool:
    return _may_be_told(test) and number_of(form) is not None


def _paid_figure(period: Period, forms: Mapping[str, Mapping[str, Form]]) -> Figure:
    rows: list[Row] = []
    for each in period.paid:
        open_to_all = each.met is None or each.condition != "register_test" or _test_is_told(each, period, forms)
        met = {None: "not known", True: "yes", False: "no"}[each.met] if open_to_all else None
        payable = None if each.met is None or not open_to_all else each.pounds if each.met else 0.0
        note = each.note if open_to_all else f"met {WITHHELD}" + _whose_report(each, period)
        row: Row = {"practice_id": each.practice_id, "payment": each.payment.replace("_", " ")}
        row |= {"instalment": each.instalment.replace("_", " "), "amount_pounds": each.pounds, "met": met}
        rows.append({**row, "payable_pounds": payable, "certainty": each.certainty, "note": note or None})
    return Figure(
        name="payments",
        title="Payments of the scheme",
        says="Instalments of payments per head of the list. Certainty: A primary source, B good secondary source, C "
        "recall, D decided here. For planning; no invoice.",
        headings={
            "practice_id": "Practice",
            "payment": "Payment",
            "instalment": "Instalment",
            "amount_pounds": "Amount, £",
            "met": "Condition met",
            "payable_pounds": "Payable, £",
            "certainty": "Certainty",
            "note": "Note",
        },
        kinds={"amount_pounds": "pounds", "payable_pounds": "pounds"},
        rows=rows,
        missing="" if rows else "The scheme states no payments per head.",
    )


def _test_is_told(paid: Paid, period: Period, forms: Mapping[str, Mapping[str, Form]]) -> bool:
    """Whether an instalment's register test is this period's, and told; one of other days is of another register."""
    test = period.tests.get(paid.practice_id)
    form = forms.get(paid.practice_id, {}).get(REGISTER, WITHHELD)
    return paid.tested == (period.start, period.end) and test is not None and _is_told(test, form)


def _whose_report(paid: Paid, period: Period) -> str:
    """Where a test of other days is told, if it may be; empty for the period's own."""
    if paid.tested in (None, (period.start, period.end)):
        return ""
    return ": a report from {} to {} tells it, where it may be told".format(*paid.tested or ())


def _heads_figure(period: Period) -> Figure:
    rows: list[Row] = [{"practice_id": code, "hash": digest[:SHOWN]} for code, digest in period.heads.items()]
    return Figure(
        name="heads",
        title="Last event of each practice",
        says=f"The events that this report rests on are those recorded by {period.known_at}. Whoever keeps it can tell "
        "later whether they were changed: casemgmt caseload verify --heads, with this report's folder.",
        headings={"practice_id": "Practice", "hash": "Hash of its last event, first 16 digits"},
        rows=rows,
        missing="" if rows else "No event is recorded.",
    )
