"""Makes the list of each practice from a selection's workings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from casemgmt.arrow import numpy_of
from casemgmt.errors import InputError, PublishError, unknown_name
from casemgmt.outputs.practice import answers
from casemgmt.outputs.practice.candidates import Prompted, prompted_in
from casemgmt.outputs.practice.heads import heads_in, in_words
from casemgmt.outputs.practice.marks import Marker, marker_of
from casemgmt.outputs.practice.people import Facts, Practices, Ranks, facts_of_rows
from casemgmt.outputs.practice.practice_list import (
    LEFT_BEFORE,
    NEW,
    STAYS,
    WAS_ON_LIST,
    Candidate,
    EmptyRow,
    Listed,
    Person,
    PracticeList,
    Removal,
    RoutePlaces,
    risk_in_words,
)
from casemgmt.outputs.practice.reviews import reviews_of
from casemgmt.outputs.practice.shown import shown_of
from casemgmt.outputs.practice.wording import (
    SENT_BY_DEFAULT,
    Sending,
    cautions_of,
    legend_of,
    plain_reason,
    purpose_of,
    reason_of_keeping,
    reason_of_route,
    route_title,
    rule_in_words,
    tasks_of,
)
from casemgmt.register.columns import person_keys
from casemgmt.scheme.routes import Nominated, Review, Route
from casemgmt.selection.earlier import keys_of
from casemgmt.selection.tables import REASONS, table_rows

if TYPE_CHECKING:
    from casemgmt.selection.lists import Lists
    from casemgmt.selection.workings import Workings

SomeRow = TypeVar("SomeRow", bound=Person)

_FEWEST_EMPTY, MOST_EMPTY = 10, 60


def practice_lists(
    lists: Lists,
    practices: Iterable[str] | None = None,
    *,
    key: str | Path | None = None,
    sending: Sending = SENT_BY_DEFAULT,
) -> Iterator[PracticeList]:
    """What each practice is shown of a selection, one at a time.

    Parameters
    ----------
    lists : a selection that was made now, from a register that is held whole
    practices : codes; None: all, in order
    key : of the marks; see :func:`casemgmt.outputs.practice.marks.marker_of`
    sending : what the sender says beside the lists

    Raises
    ------
    InputError : a practice that is not there; a register of which not every row is held; a key that is too weak;
        answers wanted by a day before the list's
    PublishError : the selection was read back from files
    """
    wanted = list(lists.practices if practices is None else practices)
    for code in wanted:
        if code not in lists.practices:
            raise unknown_name("practice", code, lists.practices)
    if lists.workings is None:
        raise PublishError("This selection was read back from files: read the register and select again.")
    lists.workings.register.require_whole("A practice's workbook or page")
    if sending.reply_by is not None and sending.reply_by < lists.workings.register.as_of:
        raise InputError(f"reply_by: {sending.reply_by} is before the list date, {lists.workings.register.as_of}.")
    made = _Making(lists, lists.workings, marker_of(lists, key), sending, wanted)
    for code in wanted:
        yield made.of(code)


class _Row(NamedTuple):
    """Someone case managed, as the selection's table has it."""

    patient_id: str
    packed: int
    score: float | None
    risk: float | None
    place: str
    reasons: tuple[str, ...]
    facts: Facts


class _Making:
    """What is worked out once for all practices."""

    def __init__(self, lists: Lists, made: Workings, marker: Marker, sending: Sending, wanted: list[str]) -> None:
        register = made.register
        self._made, self._facts, self._marker, self._sending = made, lists.facts, marker, sending
        self._where = Practices(made)
        self._heads = heads_in(lists.facts)
        self._rows = _managed_rows(lists, made)
        self._removals = _removals_by_practice(lists)
        self._summary = {(row["practice_id"], row["route"]): row for row in lists.summary().to_pylist()}
        self._number = {code: p for p, code in enumerate(register.practices)}
        self._kept = {
            (int(row), route.name)
            for place, route in enumerate(made.scheme.routes)
            for row in made.choice.rows[made.choice.kept & (1 << place) != 0]
        }
        self._caseload = register.packed.is_set("on_caseload")
        self._earlier_known = made.previous is not None or "on_caseload" in register.fields
        self._left = _left_before(made)
        self._judgement = next((route for route in made.scheme.routes if isinstance(route, Nominated)), None)
        self._prompted: dict[int, list[Prompted]] = {}
        if self._judgement is not None:
            places = [self._judgement_figure(code, "places") for code in wanted]
            self._prompted = prompted_in(made, self._where, [self._number[code] for code in wanted], places)

    def of(self, code: str) -> PracticeList:
        """The list of one practice."""
        made, facts, model, number = self._made, self._facts, self._made.model, self._number[code]
        ranks = Ranks(made, self._where.rows(number))
        places, used = (self._judgement_figure(code, name) for name in ("places", "used"))
        removals = self._marked(code, answers.REMOVALS, self._removals.get(code, []))
        return PracticeList(
            practice_id=code,
            as_of=made.register.as_of,
            scheme_id=made.scheme.id,
            scheme_title=made.scheme.title,
            scheme_source=made.scheme.source,
            ranked_by=facts["ranked_by"],
            model_title="" if model is None else model.title,
            purpose=purpose_of(model),
            cautions=cautions_of(synthetic=facts["synthetic"], demonstration=facts["demonstration"]),
            fingerprint=self._marker.fingerprint,
            list_size=self._summary[code, made.scheme.routes[0].name]["list_size"],
            routes=tuple(self._route(code, route) for route in made.scheme.routes),
            tasks=tasks_of(made.scheme, self._sending, removals=bool(removals)),
            contact=self._sending.contact,
            listed=self._listed(code, ranks),
            candidates=self._candidates(code, ranks),
            empty_rows=self._empty_rows(code, places - used),
            judgement=self._judgement.name if self._judgement else None,
            judgement_places=places,
            judgement_used=used,
            judgement_left=max(places - used, 0),
            reviews=self._marked(code, answers.REVIEWS, reviews_of(made, self._where, number)),
            removals=removals,
            legend=legend_of(made.scheme, model, left=bool(self._left)),
            caseload_head=in_words(self._heads.get(code)),
        )

    def _judgement_figure(self, code: str, name: str) -> int:
        return (self._summary[code, self._judgement.name][name] or 0) if self._judgement else 0

    def _route(self, code: str, route: Route) -> RoutePlaces:
        row = self._summary[code, route.name]
        return RoutePlaces(
            name=route.name,
            title=route_title(route.name),
            rule=rule_in_words(route),
            kind=route.kind,
            places=row["places"],
            used=row["used"],
            left=row["unused"],
            met=row["met"],
            due=row["due"] if isinstance(route, Review) else None,
        )

    def _standing(self, packed: int, *, managed: bool) -> str:
        if not self._earlier_known:
            return ""
        if self._caseload[packed]:
            return STAYS if managed else WAS_ON_LIST
        return self._left.get(packed, NEW if managed else "")

    def _marked(self, code: str, sheet: str, rows: Iterable[SomeRow]) -> tuple[SomeRow, ...]:
        mark = self._marker.mark
        return tuple(replace(row, mark=mark(code, sheet, row.patient_id, shown_of(row))) for row in rows)

    def _listed(self, code: str, ranks: Ranks) -> tuple[Listed, ...]:
        routes = {route.name: route for route in self._made.scheme.routes}
        listed = [
            Listed(
                mark="",
                patient_id=row.patient_id,
                row=row.packed,
                age=row.facts.age,
                care_home=row.facts.care_home,
                last_review=row.facts.last_review,
                rank=ranks.of(row.packed),
                score=row.score,
                risk=row.risk,
                risk_words=risk_in_words(row.risk),
                reasons=self._reasons(row, routes[row.place]),
                standing=self._standing(row.packed, managed=True),
                route=row.place,
                route_title=route_title(row.place),
            )
            for row in self._rows.get(code, [])
        ]
        return self._marked(code, answers.LIST, sorted(listed, key=_by_score))

    def _reasons(self, row: _Row, route: Route) -> tuple[str, ...]:
        kept = reason_of_keeping(route) if (row.packed, route.name) in self._kept else ()
        others = () if kept else reason_of_route(route, row.facts.care_home, row.reasons)
        return (*kept, *others, *row.reasons)

    def _candidates(self, code: str, ranks: Ranks) -> tuple[Candidate, ...]:
        found = [
            Candidate(
                mark="",
                patient_id=each.patient_id,
                row=each.packed,
                age=each.facts.age,
                care_home=each.facts.care_home,
                last_review=each.facts.last_review,
                rank=ranks.of(each.packed),
                score=each.score,
                risk=each.risk,
                risk_words=risk_in_words(each.risk),
                reasons=tuple(map(plain_reason, each.reasons)),
                standing=self._standing(each.packed, managed=False),
                prompts=each.prompts,
                waits=each.waits,
                order=each.order,
            )
            for each in self._prompted.get(self._number[code], [])
        ]
        return self._marked(code, answers.JUDGEMENT, found)

    def _empty_rows(self, code: str, left: int) -> tuple[EmptyRow, ...]:
        count = min(max(left, _FEWEST_EMPTY), MOST_EMPTY) if self._judgement else 0
        mark = self._marker.mark
        return tuple(
            EmptyRow(mark=mark(code, answers.JUDGEMENT, empty_name(number), ()), number=number)
            for number in range(1, count + 1)
        )


def empty_name(number: int) -> str:
    """What the mark of an empty row is made over, in place of a patient's id."""
    return f"\x1fempty row {number}"  # no accepted id holds this character


def _left_before(made: Workings) -> dict[int, str]:
    """Who of the register left the caseload before, by packed row, and how."""
    left = None if made.previous is None else made.previous.left()
    if left is None or not left.num_rows:
        return {}
    import pyarrow.compute as pc

    own = person_keys(made.register.column("practice_id"), made.register.column("patient_id"))
    rows = pc.index_in(keys_of(left).cast(own.type), value_set=own).to_pylist()
    statuses = left.column("status").to_pylist()
    return {row: LEFT_BEFORE[status] for row, status in zip(rows, statuses, strict=True) if row is not None}


def _by_score(row: Listed) -> tuple[bool, float, bytes]:
    return (row.score is None, -(row.score or 0), row.patient_id.encode())


def _managed_rows(lists: Lists, made: Workings) -> dict[str, list[_Row]]:
    """Everyone whom a place is used for, by practice."""
    table = lists.to_arrow()
    managed = numpy_of(table.column("case_managed"))
    rows = table_rows(made)[managed]
    table = table.filter(table.column("case_managed"))
    names = ("practice_id", "patient_id", "score", "risk", "place")
    columns = [table.column(name).to_pylist() for name in names]
    reasons = zip(*(table.column(name).to_pylist() for name in REASONS), strict=True)
    found: dict[str, list[_Row]] = {}
    people = zip(*columns, reasons, rows.tolist(), facts_of_rows(made.register, rows), strict=True)
    for code, patient, score, risk, place, said, packed, facts in people:
        plain = tuple(plain_reason(each) for each in said if each is not None)
        found.setdefault(code, []).append(_Row(patient, packed, score, risk, place, plain, facts))
    return found


def _removals_by_practice(lists: Lists) -> dict[str, list[Removal]]:
    table: list[dict[str, Any]] = lists.removals().to_pylist()
    found: dict[str, list[Removal]] = {}
    for row in table:
        removal = Removal(
            mark="",
            patient_id=row["patient_id"],
            row=-1,
            age=None,
            care_home="",
            last_review=None,
            proposal=row["proposal"],
            reason=row["reason"],
            detail=row["detail"],
            proposed_on=row["proposed_on"],
        )
        found.setdefault(row["practice_id"], []).append(removal)
    return found
