"""Which of the emergency admissions were for chronic ambulatory-care-sensitive conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.aims.stays import Stays
from casemgmt.codes.avoidable import AvoidableAdmissions, avoidable_admissions
from casemgmt.codes.events import Events

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Avoidable:
    """Avoidable admissions among the stays that count.

    Attributes
    ----------
    counts : by practice and year
    groups : by practice, year and group of conditions
    undecided : by practice and year, the stays that depend on a code which cannot be read; they do not count
    otherwise : episodes that the rules count and that begin no emergency stay that counts
    faults : the codes that cannot be read
    """

    counts: Mapping[tuple[str, int], int]
    groups: Mapping[tuple[str, int, str], int]
    undecided: Mapping[tuple[str, int], int]
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
    group_of: dict[int, str] = {}
    unsure: set[int] = set()
    otherwise = 0
    for row, group, is_undecided in _judged(found):
        stay = stays.row_spell.get(row, -1)
        counts = stay >= 0 and bool(stays.emergency[stay] and stays.counted[stay])
        if is_undecided:
            unsure |= {stay} if counts else set()
        elif counts:
            group_of[stay] = min(group, group_of.get(stay, group))
        else:
            otherwise += 1
    unsure -= group_of.keys()
    keys = {stay: (stays.practices[stays.practice[stay]], int(stays.year[stay])) for stay in (*group_of, *unsure)}
    return Avoidable(
        counts=Counter(keys[stay] for stay in group_of),
        groups=Counter((*keys[stay], group) for stay, group in group_of.items()),
        undecided=Counter(keys[stay] for stay in unsure),
        otherwise=otherwise,
        faults=found.faults,
    )


def _judged(found: AvoidableAdmissions) -> list[tuple[int, str, bool]]:
    """Source row, group and whether it is undecided, of the episodes that are one or the other."""
    from casemgmt.codes.avoidable import UNDECIDED

    columns = (found.episodes.column(name).to_pylist() for name in ("source_row", "group", "reason"))
    return [
        (row, group or "", reason == UNDECIDED)
        for row, group, reason in zip(*columns, strict=True)
        if group or reason == UNDECIDED
    ]
