"""How many care homes several practices serve, told only as far as it says nothing of anybody's residents.

A home has a resident, and one that two practices serve has two. So a count of homes bounds the residents from below.
It is shown only where practices of which nothing is hidden have so many residents anyway, at the least that their
published counts allow: then whatever is hidden of the other practices stays as open as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES
from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.worlds import Publication, hides_something

COUNTS = ("care_homes", "shared_care_homes")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCounts:
    """Care homes with residents on the lists.

    Attributes
    ----------
    route : the scheme's route that lets every resident in, by whose published counts these are held back
    homes, shared : all over; shared ones have residents of more than one practice
    by_practice : of each practice, the homes in which it has residents, and those that it shares
    """

    route: str
    homes: int
    shared: int
    by_practice: Mapping[str, tuple[int, int]]


def homes_that_may_leave(counted: HomeCounts, publication: Publication) -> list[dict[str, Any]]:
    """A row a practice, and one of all: care_homes, shared_care_homes, note; a null is explained by the note."""
    least = {
        practice: behind(next(row["met"] for row in rows if row["route"] == counted.route))[0]
        for practice, rows in publication.rows.items()
        if not hides_something(rows)
    }
    told_shared = _shared_may_be_told(counted, least)
    rows = []
    for practice in publication.rows:
        homes, shared = counted.by_practice.get(practice, (0, 0))
        rows.append(_row(practice, (homes, shared), (practice in least, practice in least and told_shared)))
    whole = behind(suppress(counted.homes))[0], behind(suppress(counted.shared))[0]
    enough = sum(least.values())
    may = bool(least) and enough >= sum(whole)
    apart = may and told_shared and enough - max(least.values()) >= whole[1]
    return [*rows, _row(ALL_PRACTICES, (counted.homes, counted.shared), (may, apart))]


def _shared_may_be_told(counted: HomeCounts, least: Mapping[str, int]) -> bool:
    """Whether practices of which nothing is hidden could share all those homes among themselves."""
    shared = {each: behind(suppress(counted.by_practice.get(each, (0, 0))[1]))[0] for each in least}
    return all(sum(shared.values()) - own >= own for own in shared.values())


def _row(practice: str, counts: tuple[int, int], may: tuple[bool, bool]) -> dict[str, Any]:
    row: dict[str, Any] = {"practice_id": practice}
    said = []
    for name, count, allowed in zip(COUNTS, counts, may, strict=True):
        row[name] = suppress(count) if allowed else None
        if row[name] is None:
            said.append(f"{name} {SUPPRESSED if allowed else WITHHELD}")
    return {**row, "note": "; ".join(said) or None}
