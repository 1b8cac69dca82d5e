"""A caseload as what was before a selection: who is on it, whose removal waits, and who has left."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.deciding.standing import lists_published
from casemgmt.caseload.removals import NO_ROUTE
from casemgmt.caseload.state.asking import events_known
from casemgmt.caseload.state.state import State
from casemgmt.caseload.state.statuses import LEFT
from casemgmt.errors import InputError
from casemgmt.selection.earlier import keys_of

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.workings import Workings


def caseload_before(caseload: Caseload | State, as_of: dt.date) -> CaseloadBefore:
    """A caseload as it stands on the list date of a register, or a state of it as that is.

    Raises
    ------
    InputError : lists of a later day were proposed to it, and it is not said on which day it is meant; or it is the
        state of one practice alone
    """
    if isinstance(caseload, State):
        if caseload.of_one_practice:
            raise InputError(
                "previous: the state is of one practice, asked for with practice_id=, and everyone on the caseload of "
                f"another would be missed. Give previous=caseload.on('{caseload.date}'), of all practices."
            )
        return CaseloadBefore(caseload)
    known = events_known(caseload.store)
    last = max((each.date for own in lists_published(known.events).values() for each in own), default=as_of)
    if last > as_of:
        raise InputError(
            f"previous: a list of {last} was proposed in this caseload, after the list date of this register, {as_of}. "
            f"Give the as_of that is meant; or, to select for that day once more, previous=caseload.on('{as_of}'), "
            "with known_at= where only what was known by then is to count."
        )
    return CaseloadBefore(known.state_on(caseload.store, as_of))


class CaseloadBefore:
    """The state of a caseload, as :class:`casemgmt.selection.lists.Earlier`."""

    named, where, dated = "the caseload", "on the caseload", "the state of the caseload"
    workings: Workings | None = None

    def __init__(self, state: State) -> None:
        self.state = state
        self.as_of = state.date.isoformat()

    def on_caseload(self) -> pa.Array:
        """Everyone proposed or managed."""
        return keys_of(self.state.to_arrow())

    def left(self) -> pa.Table:
        """Everyone who was not accepted, or ended, moved or died."""
        import pyarrow.compute as pc

        from casemgmt.arrow import texts

        table = self.state.to_arrow(everyone=True)
        table = table.filter(pc.is_in(table.column("status"), value_set=texts(LEFT)))
        return table.select(["practice_id", "patient_id", "status", "left_on"])

    def pending_removals(self) -> pa.Table:
        """With the reason and the day of the first proposal."""
        names = ["practice_id", "patient_id", "removal_reason", "removal_detail", "removal_proposed_on"]
        new = ["practice_id", "patient_id", "reason", "detail", "proposed_on"]
        table = self.state.removals().select(names).rename_columns(new)
        return table.set_column(3, "detail", table.column("detail").fill_null(NO_ROUTE))

    def ids(self) -> pa.Array | pa.ChunkedArray:
        """Of everyone on the caseload."""
        return self.state.to_arrow().column("patient_id")

    def practices(self) -> list[str]:
        """Those with anybody on the caseload."""
        found: list[str] = self.state.to_arrow().column("practice_id").unique().to_pylist()
        return found

    def facts(self) -> dict[str, Any]:
        """The day, what was known, the ends of the practices' chains, and how many were on the caseload."""
        state = self.state
        status = state.to_arrow().column("status").to_pylist()
        return {
            "on": self.as_of,
            "known_at": None if state.known_at is None else state.known_at.isoformat(),
            "heads": {code: [head.number, head.hash.hex()] for code, head in sorted(state.heads.items())},
            "managed": status.count("managed"),
            "proposed": status.count("proposed"),
        }
