"""From accepted answers to nominations: who holds a place, who was accepted, who waits, and who was one too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import column_of, texts
from casemgmt.outputs.practice.answers import ACCEPT, DIED_OR_MOVED, ENDING, JUDGEMENT, LIST, REMOVALS, REVIEWS
from casemgmt.scheme.routes import Nominated

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.lists import Lists

_LAST = 2**31


class _Answered(NamedTuple):
    """The answers of one practice: (patient, order, said yes) of its judgement sheet, and who is to leave its list."""

    judged: list[tuple[str, int | None, bool]]
    ended: set[str]


def nominations_table(lists: Lists, accepted: pa.Table) -> pa.Table:
    """See :meth:`casemgmt.returns.returns.Returns.nominations`."""
    import pyarrow as pa

    holders, waiting = _holders(lists), _waiting(lists)
    rows: list[tuple[str, str, bool, int | None]] = []
    for practice, own in _by_practice(accepted).items():
        said_no = own.ended | {patient for patient, _, yes in own.judged if not yes}
        chosen = [each for each in own.judged if each[2]]
        chosen = sorted(chosen, key=lambda each: each[1] or _LAST)  # stable: then as they stand on the sheet
        told = {patient for patient, _, _ in own.judged}
        yes = dict.fromkeys([patient for patient in holders.get(practice, []) if patient not in said_no])
        yes |= dict.fromkeys(patient for patient, _, _ in chosen)
        yes |= dict.fromkeys(patient for patient in waiting.get(practice, []) if patient not in told | said_no)
        rows += [(practice, patient, True, order) for order, patient in enumerate(yes, start=1)]
        rows += [(practice, patient, False, None) for patient in sorted(said_no - yes.keys(), key=str.encode)]
    return pa.table(
        {
            "practice_id": texts(row[0] for row in rows),
            "patient_id": texts(row[1] for row in rows),
            "nominated": column_of([row[2] for row in rows], pa.bool_()),
            "nomination_order": column_of([row[3] for row in rows], pa.int32()),
        }
    )


def overflow_table(lists: Lists, accepted: pa.Table) -> pa.Table:
    """See :meth:`casemgmt.returns.returns.Returns.overflow`."""
    import pyarrow as pa

    places, holders = _places(lists), _holders(lists)
    rows: list[tuple[str, int, str, int | None]] = []
    for practice, own in _by_practice(accepted).items():
        kept = [patient for patient in holders.get(practice, []) if patient not in own.ended]
        left = max(places.get(practice, 0) - len(kept), 0)
        chosen = [(patient, order) for patient, order, yes in own.judged if yes]
        if len(chosen) > left:
            rows += [(practice, left, patient, order) for patient, order in chosen]
    return pa.table(
        {
            "practice_id": texts(row[0] for row in rows),
            "places_left": column_of([row[1] for row in rows], pa.int64()),
            "patient_id": texts(row[2] for row in rows),
            "nomination_order": column_of([row[3] for row in rows], pa.int32()),
        }
    )


def ended_table(lists: Lists, accepted: pa.Table) -> pa.Table:
    """See :meth:`casemgmt.returns.returns.Returns.ended`."""
    import pyarrow as pa

    managed = _case_managed(lists)
    reasons: dict[str, str] = {}
    names = ("practice_id", "patient_id", "sheet", "answer", "reason")
    for practice, patient, sheet, answer, reason in zip(
        *(accepted.column(name).to_pylist() for name in names), strict=True
    ):
        of_review = sheet == REVIEWS and answer == DIED_OR_MOVED and (practice, patient) in managed
        if of_review or (sheet in (LIST, REMOVALS) and answer in ENDING):
            reasons.setdefault(patient, f"{answer}: {reason}" if reason else answer)
    return pa.table({"patient_id": texts(reasons), "reason": texts(reasons.values())})


def _case_managed(lists: Lists) -> set[tuple[str, str]]:
    table = lists.to_arrow(reasons=False)
    table = table.filter(table.column("case_managed"))
    return set(zip(*(table.column(name).to_pylist() for name in ("practice_id", "patient_id")), strict=True))


def _by_practice(accepted: pa.Table) -> dict[str, _Answered]:
    found: dict[str, _Answered] = {}
    names = ("practice_id", "patient_id", "sheet", "answer", "nomination_order")
    for practice, patient, sheet, answer, order in zip(
        *(accepted.column(name).to_pylist() for name in names), strict=True
    ):
        own = found.setdefault(practice, _Answered([], set()))
        if sheet == JUDGEMENT:
            own.judged.append((patient, order, answer == ACCEPT))
        elif (sheet == LIST and answer != ACCEPT) or (sheet == REVIEWS and answer == DIED_OR_MOVED):
            own.ended.add(patient)
    return found


def _route(lists: Lists) -> str | None:
    return next((route.name for route in lists.scheme.routes if isinstance(route, Nominated)), None)


def _holders(lists: Lists) -> dict[str, list[str]]:
    """Who uses a place of the nominated route, by practice."""
    table, route = lists.to_arrow(reasons=False), _route(lists)
    found: dict[str, list[str]] = {}
    names = ("practice_id", "patient_id", "place")
    for practice, patient, place in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        if place is not None and place == route:
            found.setdefault(practice, []).append(patient)
    return found


def _waiting(lists: Lists) -> dict[str, list[str]]:
    table = lists.queue()
    found: dict[str, list[str]] = {}
    for practice, patient in zip(*(table.column(n).to_pylist() for n in ("practice_id", "patient_id")), strict=True):
        found.setdefault(practice, []).append(patient)
    return found


def _places(lists: Lists) -> dict[str, int]:
    table, wanted = lists.summary(), _route(lists)
    names = ("practice_id", "route", "places")
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return {practice: places or 0 for practice, route, places in rows if route == wanted}
