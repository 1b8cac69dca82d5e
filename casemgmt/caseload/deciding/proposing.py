"""A selection as proposals: a list of each practice, who joins, whose removal is to be decided. Nobody's state changes
by silence: whoever is on the caseload stays on it until a person says otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import numpy_of
from casemgmt.caseload.deciding.proposed import TALLIED, Proposed
from casemgmt.caseload.deciding.standing import (
    PublishedList,
    Standing,
    deciding_events,
    lists_published,
    mask_of,
    of_kind,
    standing_on,
)
from casemgmt.caseload.events.event import Event, NewEvent
from casemgmt.caseload.events.kinds import LIST_PUBLISHED, NOMINATED, PROPOSED, REMOVAL_LAPSED, REMOVAL_PROPOSED
from casemgmt.caseload.removals import NO_ROUTE, NOT_SELECTED
from casemgmt.caseload.state.asking import READ
from casemgmt.errors import InputError, listed
from casemgmt.outputs.practice.marks import fingerprint_of
from casemgmt.register.columns import person_parts
from casemgmt.scheme.routes import Nominated, Scheme
from casemgmt.selection.earlier import keys_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Store
    from casemgmt.selection.lists import Lists

_PERSON = ("practice_id", "patient_id")
_OF_REMOVALS = ("taken_over", "removals_proposed")
# The route of who was on the caseload before the store knew of it.
ON_CASELOAD_BEFORE = "on_caseload"


@dataclass(slots=True)
class _OfPractice:
    """What became of a practice's list: its event, whether that was there before, and how many events of each sort."""

    published: PublishedList | None = None
    known: bool = False
    tally: dict[str, int] = field(default_factory=dict)


class _Removal(NamedTuple):
    """Why a selection does not keep someone, and when it was first proposed."""

    reason: str
    detail: str | None
    first: dt.date


def propose(store: Store, selection: Any, *, by: str | None = None, recorded_at: dt.datetime | None = None) -> Proposed:
    """See :meth:`casemgmt.caseload.caseload.Caseload.propose`."""
    if not isinstance(getattr(selection, "scheme", None), Scheme) or not callable(
        getattr(selection, "pending_removals", None)
    ):
        raise InputError("selection: give the selection whose lists are proposed, from cm.select or cm.load_selection.")
    proposal = _Proposal(selection, by)
    with store.writing(proposal.practices, recorded_at) as writing:
        events = writing.events(READ)
        proposal.meet(lists_published(events))
        added = writing.append(proposal.lists())
        proposal.number(added)
        added += writing.append(proposal.about_people(events))
    return proposal.told(added)


class _Proposal:
    """What one selection proposes, held against what the store knows."""

    def __init__(self, lists: Lists, by: str | None) -> None:
        self._lists, self._by = lists, by
        self._date = dt.date.fromisoformat(lists.facts["as_of"])
        table = lists.to_arrow(reasons=False)
        self._managed = table.filter(table.column("case_managed"))
        self._removals = {
            (row["practice_id"], row["patient_id"]): _Removal(row["reason"], row["detail"], row["proposed_on"])
            for row in lists.pending_removals().to_pylist()
        }
        self._nominees = _nominees(lists, table)
        self.fingerprint = fingerprint_of(lists)
        # A practice that is in the register no more has a list of nobody, on which its removals are proposed.
        codes = {*lists.practices, *(practice for practice, _ in self._removals)}
        self.practices = tuple(sorted(codes, key=str.encode))
        self._of = {code: _OfPractice() for code in self.practices}
        self._stayers: dict[str, int] = {}

    def meet(self, known: dict[str, list[PublishedList]]) -> None:
        """Find the lists that were proposed before.

        Raises
        ------
        InputError : a practice has had a list of a later day
        """
        late = []
        for code, counts in self._of.items():
            own = known.get(code, [])
            counts.published = next((each for each in reversed(own) if each.fingerprint == self.fingerprint), None)
            counts.known = counts.published is not None
            if not counts.known and own and max(each.date for each in own) > self._date:
                late.append(code)
        if late:
            raise InputError(
                f"The selection's list is of {self._date}, and a later list was proposed already to "
                f"{len(late):,} of its practices ({listed(late)}): nothing was recorded. Propose lists in the order of "
                "their dates; select again as of a later day."
            )

    def lists(self) -> Iterator[NewEvent]:
        """A ``list_published`` of each practice whose list is new."""
        sizes = _list_sizes(self._lists)
        managed = _tally(self._managed.column("practice_id"))
        manifest = getattr(self._lists, "manifest_sha256", None)
        facts = self._lists.facts
        for code, counts in self._of.items():
            if counts.known:
                continue
            details: dict[str, Any] = {
                "scheme": self._lists.scheme.id,
                "list_date": self._date,
                "fingerprint": self.fingerprint,
                "ranked_by": facts["ranked_by"],
                "case_managed": managed.get(code, 0),
            }
            if manifest:
                details["manifest"] = manifest
            if code in sizes:
                details["list_size"] = sizes[code]
            yield NewEvent(code, LIST_PUBLISHED, self._date, by=self._by, details=details)

    def number(self, added: list[Event]) -> None:
        """Take note of the numbers under which the lists stand."""
        for event in added:
            self._of[event.practice_id].published = PublishedList(event.number, self._date, self.fingerprint)

    def about_people(self, events: pa.Table) -> list[NewEvent]:
        """Who is nominated, joins, is not selected again, or is selected again after all."""
        found: list[NewEvent] = []
        now = standing_on(deciding_events(events), self._date)
        heard_of = _people_of(events)
        for counted, some in (
            ("nominated", self._nominated(events, now)),
            ("joiners", self._joining(now)),
            ("taken_over", self._on_the_register(now)),
            ("removals_proposed", self._not_selected(now)),
            ("removals_lapsed", self._selected_again(now)),
        ):
            for event in some:
                own = self._of[event.practice_id]
                # The same list may come with more people to remove: its fingerprint is of the selected alone.
                is_more = counted in _OF_REMOVALS and (event.practice_id, event.patient_id) not in heard_of
                if (is_more or not own.known) and own.published is not None:
                    own.tally[counted] = own.tally.get(counted, 0) + 1
                    found.append(event._replace(by=self._by, basis=own.published.number))
        return sorted(found, key=lambda event: event.practice_id.encode())

    def _nominated(self, events: pa.Table, now: Standing) -> Iterator[NewEvent]:
        """Nominees of whom no nomination is known since they were last on the caseload."""
        last: dict[tuple[str, str], dt.date] = {}
        for row in of_kind(events, [NOMINATED]).select([*_PERSON, "happened_on"]).to_pylist():
            person = (row["practice_id"], row["patient_id"])
            last[person] = max(last.get(person, dt.date.min), row["happened_on"])
        gone = now.table.filter(now.table.column("left_on").is_valid()).select([*_PERSON, "left_on"])
        left = {(row["practice_id"], row["patient_id"]): row["left_on"] for row in gone.to_pylist()}
        for (code, patient), order in self._nominees.items():
            known = last.get((code, patient))
            if known is None or known <= left.get((code, patient), dt.date.min):
                details = {} if order is None else {"order": order}
                yield NewEvent(code, NOMINATED, self._date, patient, details=details)

    def _joining(self, now: Standing) -> Iterator[NewEvent]:
        stays = _is_in(keys_of(self._managed), now.people.filter(mask_of(now.on_caseload)))
        self._stayers = _tally(self._managed.filter(mask_of(stays)).column("practice_id"))
        for row in self._managed.filter(mask_of(~stays)).select([*_PERSON, "place", "rank"]).to_pylist():
            details = {"route": row["place"]} | ({} if row["rank"] is None else {"rank": int(row["rank"])})
            yield NewEvent(row["practice_id"], PROPOSED, self._date, row["patient_id"], details=details)

    def _on_the_register(self, now: Standing) -> Iterator[NewEvent]:
        """Whose removal is proposed, and who is on the caseload by the register, or an earlier selection, alone."""
        known = frozenset(zip(*(now.table.column(name).to_pylist() for name in _PERSON), strict=True))
        for code, patient in self._removals:
            if (code, patient) not in known:
                yield NewEvent(code, PROPOSED, self._date, patient, details={"route": ON_CASELOAD_BEFORE})

    def _not_selected(self, now: Standing) -> Iterator[NewEvent]:
        """Everyone on a practice's caseload whom the selection does not keep, and about whom nothing waits already."""
        here = frozenset(self._lists.practices)
        known = frozenset(zip(*(now.table.column(name).to_pylist() for name in _PERSON), strict=True))
        out = now.on_caseload & ~now.pending & ~_is_in(now.people, keys_of(self._managed))
        on_caseload = zip(*person_parts(now.people.filter(mask_of(out))), strict=True)
        for code, patient in (*on_caseload, *(person for person in self._removals if person not in known)):
            said = self._removals.get((code, patient))
            if said is None and code not in here:
                continue  # the selection says nothing of this practice
            said = said or _Removal(NOT_SELECTED, NO_ROUTE, self._date)
            details = {"reason": said.reason} | ({} if said.detail is None else {"detail": said.detail})
            details |= {} if said.first == self._date else {"first_proposed_on": said.first.isoformat()}
            yield NewEvent(code, REMOVAL_PROPOSED, self._date, patient, details=details)

    def _selected_again(self, now: Standing) -> Iterator[NewEvent]:
        again = now.pending & _is_in(now.people, keys_of(self._managed))
        for code, patient in zip(*person_parts(now.people.filter(mask_of(again))), strict=True):
            yield NewEvent(code, REMOVAL_LAPSED, self._date, patient)

    def told(self, added: list[Event]) -> Proposed:
        """The counts of each practice, and the events."""
        managed = _tally(self._managed.column("practice_id"))
        waiting = _tally(self._lists.queue().column("practice_id"))
        rows = [
            {
                "practice_id": code,
                "known_before": counts.known,
                "case_managed": managed.get(code, 0),
                "stayers": self._stayers.get(code, 0),
                **{name: counts.tally.get(name, 0) for name in TALLIED},
                "waiting": waiting.get(code, 0),
            }
            for code, counts in self._of.items()
        ]
        return Proposed(list_date=self._date, fingerprint=self.fingerprint, rows=tuple(rows), added=tuple(added))


def _nominees(lists: Lists, table: pa.Table) -> dict[tuple[str, str], int | None]:
    """Whom the practices nominate, those who wait among them, with the practice's own order where it waits."""
    found: dict[tuple[str, str], int | None] = {}
    for route in lists.scheme.routes:
        if isinstance(route, Nominated):
            rows = table.filter(table.column(route.name))
            found |= dict.fromkeys(zip(*(rows.column(name).to_pylist() for name in _PERSON), strict=True))
    for row in lists.queue().to_pylist():
        found[row["practice_id"], row["patient_id"]] = row["nomination_order"]
    return dict(sorted(found.items(), key=lambda each: (each[0][0].encode(), each[0][1].encode())))


def _people_of(events: pa.Table) -> set[tuple[str, str]]:
    """Everyone of whom there is an event, withdrawn or not."""
    return set(zip(*(events.column(name).to_pylist() for name in _PERSON), strict=True))


def _list_sizes(lists: Lists) -> dict[str, int]:
    summary = lists.summary()
    columns = (summary.column(name).to_pylist() for name in ("practice_id", "list_size"))
    return {code: int(size) for code, size in zip(*columns, strict=True) if size is not None}


def _tally(column: Any) -> dict[str, int]:
    return {each["values"]: each["counts"] for each in column.value_counts().to_pylist()}


def _is_in(keys: pa.Array, others: pa.Array) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    return numpy_of(pc.is_in(keys, value_set=others))
