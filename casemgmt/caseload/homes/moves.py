"""What changed in care homes between two days: which came to one practice, and which residents moved towards it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from casemgmt.caseload.homes.alignment import Homes, main_practice, of_each_home, table_of
from casemgmt.caseload.homes.residents import Resident
from casemgmt.caseload.plans.labels import NOT_FOR_LEAVING, labelled
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

NEWLY, NO_LONGER, BOTH, NEITHER = "newly aligned", "no longer aligned", "aligned on both days", "not aligned"
FIRST, NONE_LEFT = "first residents", "no residents left"
CHANGES: Final = (NEWLY, NO_LONGER, BOTH, NEITHER, FIRST, NONE_LEFT)

COLUMNS: Final = {
    "residents_start": "permanent residents on the first day",
    "came": "residents on the last day who were no residents of the home on the first",
    "went": "residents on the first day who were no residents of the home on the last",
    "residents_end": "permanent residents on the last day; residents_start + came - went",
    "practices_start": "practices on whose lists they were on the first day",
    "practices_end": "practices on whose lists they are on the last day",
    "main_start": "the practice with most of them on the first day; null without residents",
    "main_end": "the practice with most of them on the last day; null without residents",
    "with_main_start": "residents on the list of main_start on the first day",
    "with_main_end": "residents on the list of main_end on the last day",
    "moved_towards": "residents of the home on both days who came from another practice to main_end",
    "moved_away": "residents of the home on both days who left main_end, or main_start for another than main_end",
    "moved_otherwise": "residents of the home on both days who changed between other practices",
    "change": f"one of: {', '.join(CHANGES)}; aligned: all residents on one practice's list",
}
_TEXTS = ("care_home_id", "main_start", "main_end", "change")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class HomeChanges:
    """What changed in care homes between two days. Made by :meth:`casemgmt.Caseload.homes_between`.

    A resident is known again in another practice by the patient id: where each practice has pseudonyms of its own, a
    change of practice is counted as one who went and one who came.

    Attributes
    ----------
    start, end : the homes on the two days
    homes : one row a home with residents on either day: care_home_id and the columns of ``COLUMNS``
    """

    start: Homes
    end: Homes
    homes: pa.Table

    def summary(self) -> dict[str, int]:
        """Homes by their change, and residents who came, went and moved: whole counts of all homes together."""
        rows = self.homes.to_pylist()
        changes = {each.replace(" ", "_"): sum(row["change"] == each for row in rows) for each in CHANGES}
        names = ("came", "went", "moved_towards", "moved_away", "moved_otherwise")
        return changes | {name: sum(row[name] for row in rows) for name in names}

    def __repr__(self) -> str:
        """Counts only."""
        found = self.summary()
        return (
            f"<HomeChanges from {self.start.date} to {self.end.date}: {plural(found['newly_aligned'], 'home')} newly "
            f"aligned, {found['no_longer_aligned']:,} no longer; {plural(found['moved_towards'], 'resident')} moved "
            f"towards a home's main practice, {found['moved_away']:,} away>"
        )


def changes_between(start: Homes, end: Homes) -> HomeChanges:
    """What changed from one day to a later one."""
    before, after = of_each_home(start.people), of_each_home(end.people)
    homes = sorted({*before, *after}, key=str.encode)
    rows = [_changed(home, before.get(home, []), after.get(home, [])) for home in homes]
    facts = {"from": start.date.isoformat(), "to": end.date.isoformat(), "of": end.whose, "note": NOT_FOR_LEAVING}
    table = table_of(rows, ("care_home_id", *COLUMNS), _TEXTS, ())
    return HomeChanges(start=start, end=end, homes=labelled(table, COLUMNS, facts))


def _changed(home: str, before: list[Resident], after: list[Resident]) -> dict[str, Any]:
    row: dict[str, Any] = {"care_home_id": home}
    for name, own in (("start", before), ("end", after)):
        practices, main = {each.practice for each in own}, main_practice(own) if own else None
        row |= {f"residents_{name}": len(own), f"practices_{name}": len(practices), f"main_{name}": main}
        row[f"with_main_{name}"] = sum(each.practice == main for each in own)
    moves = _moves(before, after)
    there, here = ({(each.practice, each.patient) for each in own} for own in (before, after))
    row |= {"went": len(there - here) - len(moves), "came": len(here - there) - len(moves)}
    directions = Counter(_direction(old, new, row["main_start"], row["main_end"]) for old, new in moves)
    row |= {f"moved_{each}": directions[each] for each in ("towards", "away", "otherwise")}
    row["change"] = _change(row["practices_start"], row["practices_end"])
    return row


def _moves(before: Sequence[Resident], after: Sequence[Resident]) -> list[tuple[str, str]]:
    """The practices from and to which residents of the home changed who were once in it on each day."""
    here = [_once(own) for own in (before, after)]
    both = here[0].keys() & here[1].keys()
    return [(here[0][each], here[1][each]) for each in sorted(both) if here[0][each] != here[1][each]]


def _once(own: Sequence[Resident]) -> dict[str, str]:
    """The practice of each patient who is on the list of one."""
    times = Counter(each.patient for each in own)
    return {each.patient: each.practice for each in own if times[each.patient] == 1}


def _direction(old: str, new: str, main_start: str, main_end: str) -> str:
    if new == main_end:
        return "towards"
    return "away" if old in (main_end, main_start) else "otherwise"


def _change(start: int, end: int) -> str:
    """What became of a home with residents of so many practices on the two days."""
    if not start:
        return FIRST
    if not end:
        return NONE_LEFT
    return {(False, True): NEWLY, (True, False): NO_LONGER, (True, True): BOTH, (False, False): NEITHER}[
        start == 1, end == 1
    ]
