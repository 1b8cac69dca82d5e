"""Who is on the caseload and not selected again: a proposal for a person to decide, never a silent drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import texts
from casemgmt.caseload.people import find_ids
from casemgmt.caseload.why import SET_ASIDE, how_left, where_now
from casemgmt.register.columns import person_keys, person_parts

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.result import Selection, Workings

ENDED, REMOVE, CHECK = "confirm ended", "propose removal", "check the record"


def removals_table(selection: Selection) -> pa.Table:
    """See :meth:`casemgmt.selection.result.Selection.removals`."""
    import pyarrow as pa

    made = selection._made()
    found = {person: _plain_reason(made, row) for person, row in _on_caseload_and_out(made).items()}
    if made.previous is not None:
        gone = _gone(made.register, made.previous)
        ids = find_ids([patient for _, patient in gone], made.register)
        found |= {person: ("registration", where_now(made.register, ids, i)) for i, person in enumerate(gone)}
        found |= _compared_reasons(made.previous, selection, set(found))
    rows = sorted(
        ((*person, *said) for person, said in found.items()), key=lambda row: (row[0].encode(), row[1].encode())
    )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    practice, patient, reason, detail = columns
    return pa.table(
        {
            "practice_id": texts(practice),
            "patient_id": texts(patient),
            "proposal": texts(_proposal(*said) for said in zip(reason, detail, strict=True)),
            "reason": texts(reason),
            "detail": texts(detail),
        }
    )


def _proposal(reason: str, detail: str) -> str:
    if reason != "registration":
        return REMOVE
    return CHECK if detail == SET_ASIDE else ENDED


Person = tuple[str, str]


def _on_caseload_and_out(made: Workings) -> dict[Person, int]:
    """Everyone of the register on the caseload and not case managed now, and their packed row."""
    import numpy as np

    out = made.register.packed.is_set("on_caseload")
    out[made.choice.rows[made.choice.place >= 0]] = False
    rows = np.flatnonzero(out)
    practices = made.register.column("practice_id", rows).to_pylist()
    patients = made.register.column("patient_id", rows).to_pylist()
    return dict(zip(zip(practices, patients, strict=True), rows.tolist(), strict=True))


def _gone(register: Register, previous: Selection) -> list[Person]:
    """Case-managed patients of the earlier selection who have no row in their practice now."""
    import pyarrow.compute as pc

    listed = previous.to_arrow()
    listed = listed.filter(listed.column("case_managed"))
    keys = person_keys(listed.column("practice_id"), listed.column("patient_id"))
    own = person_keys(register.column("practice_id"), register.column("patient_id"))
    return list(zip(*person_parts(keys.filter(pc.invert(pc.is_in(keys, value_set=own)))), strict=True))


def _compared_reasons(previous: Selection, selection: Selection, wanted: set[Person]) -> dict[Person, tuple[str, str]]:
    """The exact reasons of a comparison; none where the earlier selection was read back from files, or scanned."""
    from casemgmt.caseload.comparing import CASE_MANAGED, compare

    if previous.register is None or not previous.register.is_whole:
        return {}
    changes = compare(previous, selection).changes
    names = ("practice_id", "patient_id", "route", "change", "reason", "detail")
    return {
        (practice, patient): (reason, detail)
        for practice, patient, route, change, reason, detail in zip(
            *(changes.column(name).to_pylist() for name in names), strict=True
        )
        if route == CASE_MANAGED and change == "leaver" and (practice, patient) in wanted
    }


def _plain_reason(made: Workings, row: int) -> tuple[str, str]:
    """What this month's register alone can say."""
    packed = made.register.packed
    if not (packed.is_set("on_list", [row])[0] and packed.is_set("present", [row])[0]):
        return "registration", how_left(made.register, row)
    if packed.is_set("objected", [row])[0]:
        return "objection", "objects to risk stratification"
    return "not selected", "on the caseload, and no route lets the patient in now"
