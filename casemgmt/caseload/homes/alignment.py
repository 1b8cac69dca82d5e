"""Homes on a day: their residents by practice, and how many are with one practice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from casemgmt import arguments
from casemgmt.arrow import column_of
from casemgmt.caseload.homes.residents import Resident
from casemgmt.caseload.plans.labels import NOT_FOR_LEAVING, labelled
from casemgmt.errors import plural
from casemgmt.outputs.disclosure.homes import HomeCounts
from casemgmt.outputs.report.counted import homes_of

if TYPE_CHECKING:
    import pyarrow as pa

HOMES: Final = {
    "residents": "permanent residents whose home is known to be this one",
    "practices": "practices on whose lists they are",
    "main_practice": "the practice with most of them; of several with as many, the first in byte order of their codes",
    "with_main": "residents on its list",
    "share": "with_main/residents, as it is",
    "aligned": "whether all residents are on one practice's list",
    "chose_other_practice": "residents of whom it is recorded that they chose another practice than the home's",
    "aligned_but_for_choice": "whether all others are on one practice's list, and there are others",
}
PRACTICES: Final = {
    "residents": "permanent residents on the practice's list, in any home",
    "home_not_known": "of them: it is not recorded which home it is",
    "homes": "homes in which the practice has residents",
    "shared_homes": "of homes: other practices have residents there too",
    "main_for": "of homes: the practice is the main one",
    "chose_other_practice": "residents of whom it is recorded that they chose another practice than the home's",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Homes:
    """Care homes and the practices that serve them on a day. Made by :meth:`casemgmt.Caseload.homes`.

    Attributes
    ----------
    date : the end of this day is meant
    whose : ``the caseload``, or ``the register`` where one was given
    residents : one row a home and practice: care_home_id, practice_id, residents, chose_other_practice
    homes : one row a home: care_home_id and the columns of ``HOMES``
    practices : one row a practice with a resident: practice_id and the columns of ``PRACTICES``
    people : the residents, from whom all this is counted
    """

    date: dt.date
    whose: str
    residents: pa.Table
    homes: pa.Table
    practices: pa.Table
    people: Sequence[Resident]

    def summary(self) -> dict[str, int]:
        """Whole counts of all homes together.

        Returns
        -------
        residents, of them home_not_known and chose_other_practice; homes, of them aligned and aligned_but_for_choice;
        with_main, residents on the list of their home's main practice
        """
        homes = self.homes.to_pylist()
        return {
            "residents": len(self.people),
            "home_not_known": sum(each.home is None for each in self.people),
            "chose_other_practice": sum(each.chose for each in self.people),
            "homes": len(homes),
            "aligned": sum(home["aligned"] for home in homes),
            "aligned_but_for_choice": sum(home["aligned_but_for_choice"] for home in homes),
            "with_main": sum(home["with_main"] for home in homes),
        }

    @arguments.checked(route=arguments.text)
    def counts(self, route: str) -> HomeCounts:
        """What a report holds back before anything of it leaves.

        Parameters
        ----------
        route : the scheme's route of all residents
        """
        return homes_of(route, ((each.practice, each.home) for each in self.people))

    def __repr__(self) -> str:
        """Counts only."""
        found = self.summary()
        return (
            f"<Homes of {self.whose} on {self.date}: {plural(found['residents'], 'resident')} in "
            f"{plural(found['homes'], 'home')}, {found['aligned']:,} of them with one practice; of "
            f"{found['home_not_known']:,} the home is not known>"
        )


def homes_on(people: Sequence[Resident], date: dt.date, whose: str) -> Homes:
    """The homes of some residents.

    Parameters
    ----------
    people : one a practice and patient
    """
    facts = {"date": date.isoformat(), "of": whose, "note": NOT_FOR_LEAVING}
    by_home = of_each_home(people)
    homes = {home: _home(home, own) for home, own in by_home.items()}
    pairs = Counter((each.home, each.practice) for each in people if each.home is not None)
    chose = Counter((each.home, each.practice) for each in people if each.chose)
    rows = [
        {
            "care_home_id": home,
            "practice_id": practice,
            "residents": count,
            "chose_other_practice": chose[home, practice],
        }
        for (home, practice), count in sorted(pairs.items(), key=lambda pair: _bytes(*map(str, pair[0])))
    ]
    told = {"residents": "permanent residents of the home on the practice's list"}
    told["chose_other_practice"] = HOMES["chose_other_practice"]
    return Homes(
        date=date,
        whose=whose,
        residents=labelled(_table(rows, ("care_home_id", "practice_id", *told)), told, facts),
        homes=labelled(_table(list(homes.values()), ("care_home_id", *HOMES)), HOMES, facts),
        practices=labelled(_table(_practices(people, homes), ("practice_id", *PRACTICES)), PRACTICES, facts),
        people=tuple(people),
    )


def of_each_home(people: Sequence[Resident]) -> dict[str, list[Resident]]:
    """The residents of each home that is known, in byte order of the homes."""
    found: dict[str, list[Resident]] = {}
    for each in people:
        if each.home is not None:
            found.setdefault(each.home, []).append(each)
    return dict(sorted(found.items(), key=lambda pair: pair[0].encode()))


def main_practice(own: Sequence[Resident]) -> str:
    """The practice with most of a home's residents; of several with as many, the first in byte order."""
    counts = Counter(each.practice for each in own)
    return min(counts, key=lambda practice: (-counts[practice], practice.encode()))


def _home(home: str, own: list[Resident]) -> dict[str, Any]:
    main, practices = main_practice(own), {each.practice for each in own}
    with_main = sum(each.practice == main for each in own)
    others = {each.practice for each in own if not each.chose}
    return {
        "care_home_id": home,
        "residents": len(own),
        "practices": len(practices),
        "main_practice": main,
        "with_main": with_main,
        "share": f"{with_main}/{len(own)}",
        "aligned": len(practices) == 1,
        "chose_other_practice": sum(each.chose for each in own),
        "aligned_but_for_choice": len(others) == 1,
    }


def _practices(people: Sequence[Resident], homes: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    by_practice: dict[str, list[Resident]] = {}
    for each in people:
        by_practice.setdefault(each.practice, []).append(each)
    found = []
    for practice, own in sorted(by_practice.items(), key=lambda pair: pair[0].encode()):
        serves = {each.home for each in own if each.home is not None}
        found.append(
            {
                "practice_id": practice,
                "residents": len(own),
                "home_not_known": sum(each.home is None for each in own),
                "homes": len(serves),
                "shared_homes": sum(homes[home]["practices"] > 1 for home in serves),
                "main_for": sum(homes[home]["main_practice"] == practice for home in serves),
                "chose_other_practice": sum(each.chose for each in own),
            }
        )
    return found


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pa.Table:
    return table_of(rows, names, TEXTS, FLAGS)


TEXTS: Final = ("care_home_id", "practice_id", "main_practice", "share")
FLAGS: Final = ("aligned", "aligned_but_for_choice")


def table_of(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], of_text: Sequence[str], of_flags: Sequence[str]
) -> pa.Table:
    """A table of some rows: the columns named are text, or true and false, and the others whole numbers."""
    import pyarrow as pa

    kinds = {name: pa.string() for name in of_text} | {name: pa.bool_() for name in of_flags}
    return pa.table({name: column_of([row[name] for row in rows], kinds.get(name, pa.int64())) for name in names})


def _bytes(*texts: str) -> tuple[bytes, ...]:
    return tuple(each.encode() for each in texts)
