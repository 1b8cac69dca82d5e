"""People aged 65 and over at home 91 days after they left hospital."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casemgmt.aims.grid import Grid
from casemgmt.aims.intervals import of_difference
from casemgmt.aims.stays import NO_AGE, Stays
from casemgmt.evaluation.intervals import of_share
from casemgmt.register.columns import NO_DAY

AFTER_DAYS, FROM_AGE = 91, 65
# NHS Data Dictionary, DESTINATION OF DISCHARGE CODE and SOURCE OF ADMISSION CODE, which share these: a usual or a
# temporary place of residence; a care home of the NHS, the council or others, and with and without nursing.
HOME, CARE_HOME, DIED = ("19", "29"), ("54", "55", "56", "65", "85"), "79"
# Other hospitals, secure ones included.
HOSPITAL = ("30", "48", "49", "50", "51", "52", "53", "84", "87")
ORDINARY = "1"
OUTCOMES = ("at_home", "died", "in_hospital", "in_care_home", "unknown", "not_followed")
NOT_COUNTED = (
    *("younger", "age_unknown", "not_ordinary", "still_in_hospital", "died_in_hospital", "to_another_hospital"),
    *("care_home_resident", "residence_unknown", "other_destination", "destination_unknown"),
    *("soon_after_another", "not_of_these_years"),
)


@dataclass(slots=True)
class Followed:
    """What became of discharges.

    Attributes
    ----------
    outcomes : by practice, year of discharge and one of ``OUTCOMES``
    not_counted : stays by the reason why their end is no discharge that counts
    """

    outcomes: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    not_counted: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is known of people beside their stays, by the number of the patient in the stays.

    Attributes
    ----------
    died : day number of death
    moved : day number on which somebody moved into a care home
    """

    died: Mapping[int, int]
    moved: Mapping[int, int]


def follow(grid: Grid, stays: Stays, elsewhere: Elsewhere, covers: tuple[int, int]) -> Followed:
    """What became of each discharge that counts, 91 days after it.

    Parameters
    ----------
    covers : first and last day number of which everything is known
    """
    found = Followed()
    years = grid.lists.years.of_days(stays.end)
    for stays_of_one in _by_patient(stays):
        last_counted = NO_DAY
        for at in stays_of_one:
            moved = elsewhere.moved.get(int(stays.patient[at]))
            why = _not_counted(stays, at, covers, grid, int(years[at]), moved)
            end = int(stays.end[at])
            if not why and last_counted != NO_DAY and end <= last_counted + AFTER_DAYS:
                why = "soon_after_another"
            if why:
                found.not_counted[why] += 1
                continue
            last_counted = end
            key = (stays.practices[stays.practice[at]], int(years[at]))
            found.outcomes[(*key, _outcome(stays, at, stays_of_one, elsewhere, covers[1]))] += 1
    return found


def _by_patient(stays: Stays) -> Iterator[list[int]]:
    """The stays of each patient by the day on which they ended; those that have not come last."""
    import numpy as np

    ends = np.where(stays.end == NO_DAY, np.iinfo(np.int32).max, stays.end)
    order = np.lexsort((stays.destination, stays.start, ends, stays.patient))
    patients = stays.patient[order]
    for part in np.split(order, np.flatnonzero(np.diff(patients)) + 1):
        if len(part):
            yield part.tolist()


def _not_counted(stays: Stays, at: int, covers: tuple[int, int], grid: Grid, year: int, moved: int | None) -> str:
    """Why the end of a stay is no discharge that counts; "" where it is one."""
    end, age, went = int(stays.end[at]), int(stays.age[at]), str(stays.destination[at])
    if end == NO_DAY or end < stays.start[at]:
        return "still_in_hospital"
    practice = int(stays.practice[at])
    listed = practice >= 0 and (stays.practices[practice], year) in grid.lists.sizes
    if not (covers[0] <= end <= covers[1] and listed):
        return "not_of_these_years"
    if age == NO_AGE or age < FROM_AGE:
        return "age_unknown" if age == NO_AGE else "younger"
    is_ordinary = (
        stays.classification[at] == ORDINARY if "patient_classification" in stays.has else end > stays.start[at]
    )
    if not is_ordinary:
        return "not_ordinary"
    if went in HOME or went in CARE_HOME:
        if stays.source[at] in CARE_HOME or (moved is not None and moved <= stays.start[at]):
            return "care_home_resident"
        return "residence_unknown" if went in CARE_HOME and not stays.source[at] else ""
    told = {DIED: "died_in_hospital", "": "destination_unknown", **dict.fromkeys(HOSPITAL, "to_another_hospital")}
    return told.get(went, "other_destination")


def _outcome(stays: Stays, at: int, of_the_patient: list[int], elsewhere: Elsewhere, last: int) -> str:
    """What became of a discharge on its 91st day."""
    patient, end = int(stays.patient[at]), int(stays.end[at])
    day = end + AFTER_DAYS
    if day > last:
        return "not_followed"
    if elsewhere.died.get(patient, day + 1) <= day:
        return "died"
    went, is_open = str(stays.destination[at]), False
    for other in of_the_patient:
        start, over = int(stays.start[other]), int(stays.end[other])
        if other == at or start > day:
            continue
        if over == NO_DAY or over < start:
            is_open = is_open or start >= end
        elif over > day:
            return "in_hospital"
        elif over > end:
            went = str(stays.destination[other])
            if went == DIED:
                return "died"
    if is_open:
        return "unknown"
    if went in CARE_HOME or elsewhere.moved.get(patient, day + 1) <= day:
        return "in_care_home"
    return "at_home" if went in HOME else "unknown"


def home_rows(grid: Grid, followed: Followed, last: int) -> list[dict[str, Any]]:
    """A row a practice and year of discharge: what became of the discharges, the share at home, and its change.

    Parameters
    ----------
    last : the last day number of which everything is known
    """
    from casemgmt.dates import day_number

    def whole(year: int) -> bool:
        return grid.complete(year) and day_number(grid.lists.years.last_day(year)) + AFTER_DAYS <= last

    rows = []
    for cell in grid.cells():
        counts = {
            name: sum(followed.outcomes[practice, cell.year, name] for practice in cell.members) for name in OUTCOMES
        }
        known = sum(counts.values()) - counts["unknown"] - counts["not_followed"]
        row: dict[str, Any] = {**grid.head(cell), "complete": whole(cell.year), "discharges": sum(counts.values())}
        row |= {**counts, "known": known}
        ends = of_share(counts["at_home"], known) if known else (None, None)
        share = (counts["at_home"] / known if known else None, *ends)
        row |= dict(zip(("share_at_home", "share_low", "share_high"), share, strict=True))
        names = ("base_difference", "base_difference_low", "base_difference_high")
        pair = grid.against(cell, grid.base)
        row |= dict.fromkeys(names)
        if pair and whole(cell.year) and whole(grid.base):
            now, then = (_known(followed, each.members, each.year) for each in pair)
            if now[1] and then[1]:
                gap = now[0] / now[1] - then[0] / then[1]
                row |= dict(zip(names, (gap, *of_difference(*now, *then)), strict=True))
        rows.append(row)
    return rows


def _known(followed: Followed, members: tuple[str, ...], year: int) -> tuple[int, int]:
    """At home, and known at all."""

    def of(name: str) -> int:
        return sum(followed.outcomes[practice, year, name] for practice in members)

    return of("at_home"), sum(of(name) for name in OUTCOMES if name not in ("unknown", "not_followed"))
