"""One event: what it says, and how it is written for its hash.

The chain: each practice's events are numbered from 1, and each carries the SHA-256 of the one before, so a changed,
lost, added or moved event breaks the chain where it stands.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

FORMAT: Final = 1
NO_HASH: Final = bytes(32)  # that which the first event of a chain carries

# Texts in which moments are stored sort as the moments do.
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_JSON_IN_ORDER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NewEvent(NamedTuple):
    """What somebody wants written down; see :mod:`casemgmt.caseload.events.kinds` for what each kind needs.

    Attributes
    ----------
    practice_id : ODS code; empty in the chain of the store itself
    kind : one of ``KINDS``
    happened_on : the day in the world, whenever it became known
    patient_id : of events about a patient
    by : who did it
    basis : number of the practice's ``list_published`` event whose list was seen
    corrects : number of the practice's event that this one corrects or withdraws
    details : what else the kind may say
    """

    practice_id: str
    kind: str
    happened_on: dt.date
    patient_id: str | None = None
    by: str | None = None
    basis: int | None = None
    corrects: int | None = None
    details: Mapping[str, Any] = {}


class Event(NamedTuple):
    """An event as it is stored.

    Attributes
    ----------
    number : 1, 2, 3 … in its practice's chain
    recorded_at : when the store was told, UTC, as :func:`moment_text` writes it; it never falls along a chain
    happened_on : ISO text
    details : canonical JSON (see :func:`details_text`), empty where there is nothing to say
    previous : hash of the event before, :data:`NO_HASH` for the first
    hash : of this one
    """

    practice_id: str
    number: int
    kind: str
    patient_id: str | None
    happened_on: str
    recorded_at: str
    by: str | None
    basis: int | None
    corrects: int | None
    details: str
    previous: bytes
    hash: bytes


def details_text(details: Mapping[str, Any]) -> str:
    """The details in the one way they are written: JSON, keys in order, nothing where there are none."""
    if not details:
        return ""
    return _JSON_IN_ORDER.encode(_plain(details))


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """Dates as ISO text, inner mappings alike."""
    return {
        name: value.isoformat()
        if isinstance(value, dt.date)
        else _plain(value)
        if isinstance(value, Mapping)
        else value
        for name, value in details.items()
    }


def moment_text(moment: dt.datetime) -> str:
    """A moment in UTC to the microsecond; texts sort as their moments do.

    Examples
    --------
    >>> moment_text(dt.datetime(2015, 4, 1, 9, 30, tzinfo=dt.UTC))
    '2015-04-01T09:30:00.000000Z'
    """
    return moment.astimezone(dt.UTC).strftime(_MOMENT)


def moment_of(text: str) -> dt.datetime:
    """The moment that a text of :func:`moment_text` says."""
    return dt.datetime.strptime(text, _MOMENT).replace(tzinfo=dt.UTC)


def hash_of(values: tuple[Any, ...], previous: bytes) -> bytes:
    """The hash of an event from its ten values, ``practice_id`` to ``details`` in the order of :class:`Event`.

    SHA-256 of the hash before and of the values as a JSON array, with the number of this format.
    """
    said = _JSON.encode([FORMAT, *values])
    return hashlib.sha256(previous + said.encode("utf-8", "surrogatepass")).digest()


def chained(new: NewEvent, number: int, recorded_at: str, previous: bytes) -> Event:
    """The event that is stored of a new one, after the event before it."""
    values = (
        new.practice_id,
        number,
        new.kind,
        new.patient_id,
        new.happened_on.isoformat(),
        recorded_at,
        new.by,
        new.basis,
        new.corrects,
        details_text(new.details),
    )
    return Event(*values, previous, hash_of(values, previous))


def new_of(event: Event) -> NewEvent:
    """What somebody wanted written down, from what is stored; details that are no JSON come as their text."""
    day = dt.date.fromisoformat(event.happened_on)
    try:
        details: Any = json.loads(event.details) if event.details else {}
    except ValueError:
        details = event.details
    return NewEvent(
        event.practice_id, event.kind, day, event.patient_id, event.by, event.basis, event.corrects, details
    )
