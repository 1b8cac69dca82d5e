"""Which of the emergency admissions were for chronic ambulatory-care-sensitive conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.aims.stays import Stays
from casemgmt.codes.avoidable import UNDECIDED, AvoidableAdmissions, avoidable_admissions
from casemgmt.codes.events import Events

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Avoidable:
    """Avoidable admissions among the stays that count.

    Attributes
    ----------
    places : of the stays that are avoidable admissions
    undecided : of those that depend on a code which cannot be read, and do not count
    otherwise : episodes that the rules count and that are in no emergency stay that counts
    faults : the codes that cannot be read
    """

    places: tuple[int, ...]
    undecided: tuple[int, ...]
    otherwise: int
    faults: pa.Table


def avoidable_of(
    events: Events,
    stays: Stays,
    *,
    assume: Sequence[str],
    diagnoses: str | Sequence[str],
    procedures: str | Sequence[str],
    max_set_aside: str,
) -> Avoidable:
    """The avoidable admissions: a stay counts once, and only where it counts as an emergency admission."""
    found = avoidable_admissions(
        events.source,
        diagnoses=diagnoses,
        procedures=procedures,
        columns=events.columns,
        assume=assume,
        date_format=events.date_format,
        max_set_aside=max_set_aside,
    )
    counted: set[int] = set()
    unsure: set[int] = set()
    otherwise = 0
    for row, is_undecided in _judged(found):
        stay = stays.row_spell.get(row, -1)
        if stay < 0 or not (stays.emergency[stay] and stays.counted[stay]):
            otherwise += not is_undecided
        else:
            (unsure if is_undecided else counted).add(stay)
    return Avoidable(tuple(sorted(counted)), tuple(sorted(unsure - counted)), otherwise, found.faults)


def _judged(found: AvoidableAdmissions) -> list[tuple[int, bool]]:
    """Source row, and whether it is undecided, of the episodes that are avoidable admissions or may be."""
    columns = (found.episodes.column(name).to_pylist() for name in ("source_row", "group", "reason"))
    return [(row, group is None) for row, group, reason in zip(*columns, strict=True) if group or reason == UNDECIDED]
