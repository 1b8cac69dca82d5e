"""What practices answered to a proposed list, as decisions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from casemgmt.caseload.deciding.decided import UNCHANGED, Decided
from casemgmt.caseload.deciding.recording import ever_held, settle
from casemgmt.caseload.deciding.standing import PublishedList, lists_published, of_kind
from casemgmt.caseload.deciding.words import NOMINATED, REVIEWED, Decision
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import RETURN_READ
from casemgmt.errors import InputError, listed, plural
from casemgmt.outputs.practice.answers import ACCEPT, DIED_OR_MOVED, DONE, JUDGEMENT, REVIEWS
from casemgmt.outputs.practice.marks import fingerprint_of

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Store
    from casemgmt.selection.lists import Lists

_ANSWER = ("practice_id", "patient_id", "sheet", "answer", "reason", "who", "date", "nomination_order")
_NO_NOMINATION = "nominates nobody: nothing of the caseload changes"
_NO_REVIEW = "says that no review is wanted: nothing of the caseload changes"
_TOO_MANY = "is one of more nominations than the practice has places left: it is for the practice to put them in order"


class Answers(Protocol):
    """What :func:`casemgmt.read_returns` gives; see :class:`casemgmt.Returns`."""

    @property
    def lists(self) -> Lists:
        """The selection that was answered."""

    @property
    def accepted(self) -> pa.Table:
        """One row an answer."""

    def overflow(self) -> pa.Table:
        """The nominations of practices that accepted more than they have places left."""

    def counts(self) -> pa.Table:
        """One row a practice: accepted, explained, unanswered."""


class _Read(NamedTuple):
    """What one practice sent: its rows, the hash of its answers, and the counts of its return."""

    rows: list[Decision]
    answers: str
    counts: Mapping[str, int]


def apply(store: Store, returns: Answers, *, recorded_at: dt.datetime | None = None) -> Decided:
    """See :meth:`casemgmt.caseload.caseload.Caseload.apply`."""
    if not all(hasattr(returns, name) for name in ("lists", "accepted", "overflow", "counts")):
        raise InputError("returns: give what practices sent back, from cm.read_returns.")
    fingerprint = fingerprint_of(returns.lists)
    read = _read(returns)
    practices = [code for code in sorted(read, key=str.encode) if code in store.heads()]
    with store.writing(practices, recorded_at) as writing:
        events = writing.events()
        answered = _lists_answered(lists_published(events), read, fingerprint, returns.lists.facts["as_of"])
        before = _read_before(events)
        known = {code for code, own in read.items() if (code, answered[code].number, own.answers) in before}
        rows = [_counted(row, answered[row.practice_id]) for own in read.values() for row in own.rows]
        held = ever_held(events, [row for row in rows if row.practice_id in known])
        new = [row for row in rows if row.practice_id not in known or row.row not in held]
        settled = settle(events, new, writing.recorded_on)
        told = [
            _return_read(code, own, answered[code], [event for event in settled.events if event.practice_id == code])
            for code, own in read.items()
            if code not in known
        ]
        added = writing.append([*settled.events, *told])
    said = dict(zip((row.row for row in new), settled.outcome, strict=True))
    rows.sort(key=lambda row: row.row)
    return Decided(rows=tuple(rows), outcome=tuple(said.get(row.row, UNCHANGED) for row in rows), added=tuple(added))


def _read(returns: Answers) -> dict[str, _Read]:
    """What each practice that answered sent, in byte order of the codes."""
    too_many = set(returns.overflow().column("practice_id").to_pylist())
    counts = {row.pop("practice_id"): row for row in returns.counts().to_pylist()}
    table = returns.accepted.select(list(_ANSWER)).to_pylist()
    by_practice: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for place, row in enumerate(table, start=1):
        by_practice.setdefault(row["practice_id"], []).append((place, row))
    return {
        code: _Read(
            rows=[_decision(place, row, code in too_many) for place, row in own],
            answers=_hash_of([row for _, row in own]),
            counts=counts[code],
        )
        for code, own in sorted(by_practice.items(), key=lambda each: each[0].encode())
    }


def _hash_of(rows: list[dict[str, Any]]) -> str:
    """SHA-256 of a practice's accepted answers, in whatever order they came."""
    said = sorted(json.dumps([str(row[name]) for name in _ANSWER], ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _decision(place: int, row: Mapping[str, Any], too_many: bool) -> Decision:
    sheet, answer = row["sheet"], row["answer"]
    said, problem = answer, ""
    details = {} if row["reason"] is None else {"reason": row["reason"]}
    if sheet == JUDGEMENT:
        said = NOMINATED
        problem = _NO_NOMINATION if answer != ACCEPT else _TOO_MANY if too_many else ""
        if row["nomination_order"] is not None:
            details["order"] = row["nomination_order"]
    elif sheet == REVIEWS:
        said = REVIEWED if answer == DONE else answer
        problem = "" if answer in (DONE, DIED_OR_MOVED) else _NO_REVIEW
    return Decision(
        row=place,
        practice_id=row["practice_id"],
        patient_id=row["patient_id"],
        said=said,
        by=row["who"],
        date=row["date"],
        details=details,
        sheet=sheet,
        sent=True,
        problem=problem,
    )


def _lists_answered(
    lists: Mapping[str, list[PublishedList]], read: Mapping[str, _Read], fingerprint: str, as_of: str
) -> dict[str, PublishedList]:
    """The ``list_published`` that each practice answers.

    Raises
    ------
    InputError : there is none
    """
    found: dict[str, PublishedList] = {}
    for code in read:
        own = [each for each in lists.get(code, []) if each.fingerprint == fingerprint]
        if own:
            found[code] = own[-1]
    unknown = [code for code in read if code not in found]
    if unknown:
        raise InputError(
            f"The list of {as_of} that {plural(len(unknown), 'practice')} answered ({listed(unknown)}) was never "
            "proposed in this caseload: nothing was recorded. Propose the selection first, with caseload.propose(…)."
        )
    return found


def _counted(row: Decision, answered: PublishedList) -> Decision:
    """A decision about a list, which counts from the list's day at the earliest; a review counts from its own."""
    date = row.date if row.said == REVIEWED else max(row.date, answered.date)
    return row._replace(date=date, basis=answered.number)


def _read_before(events: pa.Table) -> set[tuple[str, int, str]]:
    rows = of_kind(events, [RETURN_READ]).select(["practice_id", "basis", "details"]).to_pylist()
    return {(row["practice_id"], row["basis"], json.loads(row["details"])["answers"]) for row in rows}


def _return_read(code: str, own: _Read, answered: PublishedList, events: list[NewEvent]) -> NewEvent:
    details = {"answers": own.answers, **own.counts}
    day = max([answered.date, *(event.happened_on for event in events)])
    return NewEvent(code, RETURN_READ, day, basis=answered.number, details=details)
