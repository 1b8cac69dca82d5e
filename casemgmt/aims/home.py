"""People aged 65 and over at home 91 days after they left hospital."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.aims.grid import Grid
from casemgmt.aims.intervals import of_difference
from casemgmt.aims.stays import NO_AGE, Stays
from casemgmt.codes.admission_codes import UNKNOWN_SOURCES
from casemgmt.evaluation.intervals import of_share
from casemgmt.register.columns import NO_DAY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

AFTER_DAYS, FROM_AGE = 91, 65
# NHS Data Dictionary, DESTINATION OF DISCHARGE CODE and SOURCE OF ADMISSION CODE, which share these: a usual or a
# temporary place of residence; a care home of the NHS, the council or others, and with and without nursing.
HOME, CARE_HOME, DIED = ("19", "29"), ("54", "55", "56", "65", "85"), "79"
# Other hospitals, secure ones included.
HOSPITAL = ("30", "48", "49", "50", "51", "52", "53", "84", "87")
ORDINARY = "1"
OUTCOMES = ("at_home", "died", "in_hospital", "in_care_home", "unknown", "not_followed")
_NEVER = 2**40


@dataclass(slots=True)
class Followed:
    """What became of discharges.

    Attributes
    ----------
    outcomes : by practice, year of discharge and one of ``OUTCOMES``
    not_counted : stays by the reason why their end is no discharge that counts, the first that holds
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
    import numpy as np

    found = Followed()
    moved = np.array([elsewhere.moved.get(each, _NEVER) for each in range(len(stays.ids))], dtype=np.int64)
    reasons = _reasons(grid, stays, covers, moved[stays.patient])
    found.not_counted.update(Counter(reason for reason in reasons.tolist() if reason))
    years = grid.lists.years.of_days(stays.end)
    for stays_of_one in _by_patient(stays, reasons == ""):
        last_counted = NO_DAY
        for at in stays_of_one:
            if reasons[at]:
                continue
            end = int(stays.end[at])
            if last_counted != NO_DAY and end <= last_counted + AFTER_DAYS:
                found.not_counted["soon_after_another"] += 1
                continue
            last_counted = end
            key = (stays.practices[stays.practice[at]], int(years[at]))
            found.outcomes[(*key, _outcome(stays, at, stays_of_one, elsewhere, covers[1]))] += 1
    return found


def _by_patient(stays: Stays, counts: npt.NDArray[np.bool_]) -> Iterator[list[int]]:
    """The stays of each patient of whom one counts, by the day on which they ended; those that have not come last."""
    import numpy as np

    ends = np.where(stays.end == NO_DAY, np.iinfo(np.int32).max, stays.end)
    order = np.lexsort((stays.destination, stays.start, ends, stays.patient))
    order = order[np.isin(stays.patient[order], stays.patient[counts])]
    starts = np.flatnonzero(np.diff(stays.patient[order], prepend=-1)).tolist()
    places = order.tolist()
    for first, last in zip(starts, [*starts[1:], len(places)], strict=True):
        yield places[first:last]


def _reasons(grid: Grid, stays: Stays, covers: tuple[int, int], moved: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Why the end of each stay is no discharge that counts; "" where it is one.

    Parameters
    ----------
    moved : the day number on which the patient of each stay moved into a care home, or one that never comes
    """
    import numpy as np

    end, went = stays.end, stays.destination
    years = grid.lists.years.of_days(end)
    keys = zip(stays.practice.tolist(), years.tolist(), strict=True)
    listed = np.array([at >= 0 and (stays.practices[at], year) in grid.lists.sizes for at, year in keys], dtype=bool)
    is_ordinary = stays.classification == ORDINARY if "patient_classification" in stays.has else end > stays.start
    to_home, to_care = np.isin(went, HOME), np.isin(went, CARE_HOME)
    is_resident = np.isin(stays.source, CARE_HOME) | (moved <= stays.start)
    said = {
        "still_in_hospital": (end == NO_DAY) | (end < stays.start),
        "not_of_these_years": ~listed | (end < covers[0]) | (end > covers[1]),
        "age_unknown": stays.age == NO_AGE,
        "younger": stays.age < FROM_AGE,
        "not_ordinary": ~is_ordinary,
        "care_home_resident": (to_home | to_care) & is_resident,
        "residence_unknown": to_care & np.isin(stays.source, ("", *UNKNOWN_SOURCES)),
        "died_in_hospital": went == DIED,
        "destination_unknown": went == "",
        "to_another_hospital": np.isin(went, HOSPITAL),
        "other_destination": ~(to_home | to_care),
    }
    found: npt.NDArray[Any] = np.select(list(said.values()), list(said), default="")
    return found


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
