"""The whole counts that a report is made from; none of them leaves as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import in_one_piece, numpy_of
from casemgmt.errors import CasemgmtError, InputError
from casemgmt.outputs.disclosure.homes import HomeCounts
from casemgmt.register.facts import account_facts
from casemgmt.scheme.routes import Everyone
from casemgmt.selection.summary import counts_by_value, groups_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

_PERSON = ("practice_id", "patient_id")
GROUPINGS = ("imd_decile", "ethnicity", "age_band", "sex")
NO_REGISTER = "the selection was read back from files: give its register as well"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Whole counts.

    Attributes
    ----------
    summary : by practice and route, as :meth:`casemgmt.Selection.summary` has them
    groups : by column, listed and case managed of each group; or why there are none
    values : of each column that groups or that a route asks for, whole counts by its values
    homes : care homes and how many practices serve them; or why they are not known
    """

    summary: pa.Table
    groups: Mapping[str, pa.Table | str]
    homes: HomeCounts | str
    values: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def count(lists: Lists, register: Register | None) -> Counted:
    """Count what a report needs of a selection.

    Parameters
    ----------
    register : that was selected from; where the selection holds its own, None

    Raises
    ------
    InputError : the register is not the one that was selected from
    """
    if register is None and lists.workings is not None:
        register = lists.workings.register
    elif register is not None:
        _refuse_another(lists, register)
    groups = {column: _groups(lists, register, column) for column in GROUPINGS}
    values: dict[str, list[dict[str, Any]]] = {}
    if register is not None and not all(isinstance(each, str) for each in groups.values()):
        asked = dict.fromkeys((*lists.scheme.fields, *("age" if each == "age_band" else each for each in GROUPINGS)))
        values = counts_by_value(register, asked, _managed_rows(lists, register), None)
    return Counted(summary=lists.summary(), groups=groups, homes=_homes(lists, register), values=values)


def care_home_route(scheme: Scheme) -> str | None:
    """The route that lets in everyone who lives in a home, and asks for nothing else."""
    for route in scheme.routes:
        if isinstance(route, Everyone) and set(route.where.fields) == {"care_home_type"}:
            return route.name
    return None


def _refuse_another(lists: Lists, register: Register) -> None:
    facts = lists.facts
    same = facts["as_of"] == register.as_of.isoformat() and facts["extracted_on"] == register.extracted_on.isoformat()
    known = [part["sha256"] for part in facts["sources"]]
    same = same and known == [part.sha256 for part in register.parts]
    if not (same and facts["rows"] == account_facts(register)["rows"]):
        raise InputError(
            "register: it is not the one that this selection was made from: its files, dates or rows differ. Read the "
            "same files for the same list date."
        )


def _groups(lists: Lists, register: Register | None, column: str) -> pa.Table | str:
    import numpy as np
    import pyarrow as pa

    if register is None:
        return NO_REGISTER
    try:
        register.require_whole("the counts by groups of people")
    except CasemgmtError:
        return "the register was read a part at a time: read it whole with cm.read_register"
    if ("age" if column == "age_band" else column) not in register.column_names:
        return f"the register has no column '{'age' if column == 'age_band' else column}'"
    group, names = groups_of(register, column)
    listed = np.bincount(group[register.packed.is_set("on_list")], minlength=len(names)).tolist()
    managed = np.bincount(group[_managed_rows(lists, register)], minlength=len(names)).tolist()
    shares = [m / n if n else None for m, n in zip(managed, listed, strict=True)]
    return pa.table(
        {
            column: pa.array(names, pa.string()),
            "listed": pa.array(listed, pa.int64()),
            "selected": pa.array(managed, pa.int64()),
            "share": pa.array(shares, pa.float64()),
            "just_below": pa.nulls(len(names), pa.int64()),
        }
    )


def _managed_rows(lists: Lists, register: Register) -> npt.NDArray[np.int64]:
    """The packed rows of those who are case managed."""
    import numpy as np
    import pyarrow.compute as pc

    if lists.workings is not None and lists.workings.register is register:
        choice = lists.workings.choice
        return choice.rows[choice.place >= 0]
    table = lists.to_arrow(reasons=False)
    wanted = _people(*(table.filter(table.column("case_managed")).column(name) for name in _PERSON))
    known = _people(*(register.column(name) for name in _PERSON))
    return np.flatnonzero(numpy_of(pc.is_in(known, wanted)).astype(bool))


def _people(practices: pa.Array, ids: pa.Array) -> pa.Array:
    """Who somebody is: one id may be two people of two practices."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [in_one_piece(each).cast(pa.large_string()) for each in (practices, ids)]
    return pc.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()))


def _homes(lists: Lists, register: Register | None) -> HomeCounts | str:
    import pyarrow.compute as pc

    route = care_home_route(lists.scheme)
    if route is None:
        return "the scheme has no route for everyone in a care home, by whose counts these are held back"
    if register is None:
        return NO_REGISTER
    if "care_home_id" not in register.column_names:
        return "the register has no column 'care_home_id'"
    table = lists.to_arrow(reasons=False)
    residents = _people(*(table.filter(table.column(route)).column(name) for name in _PERSON))
    chosen = pc.is_in(_people(*(register.column(name) for name in _PERSON)), residents)
    homes = register.column("care_home_id").filter(chosen).to_pylist()
    practices = register.column("practice_id").filter(chosen).to_pylist()
    return homes_of(route, zip(practices, homes, strict=True))


def homes_of(route: str, residents: Iterable[tuple[str, object]]) -> HomeCounts:
    """Homes and the practices that serve them, from a practice and a home a resident; those of no known home count not.

    Parameters
    ----------
    route : the scheme's route of all residents
    residents : pairs of practice and home, or None for the home
    """
    of_home: dict[str, set[str]] = {}
    for practice, home in residents:
        if home is not None and str(home).strip():
            of_home.setdefault(str(home).strip(), set()).add(practice)
    of_practice: dict[str, tuple[int, int]] = {}
    for serving in of_home.values():
        for practice in serving:
            own, shared = of_practice.get(practice, (0, 0))
            of_practice[practice] = own + 1, shared + (len(serving) > 1)
    several = sum(len(serving) > 1 for serving in of_home.values())
    return HomeCounts(route=route, homes=len(of_home), shared=several, by_practice=of_practice)
