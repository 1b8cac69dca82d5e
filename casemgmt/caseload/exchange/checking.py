"""Whether chains are whole, before they leave a store or enter one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import VerifyError, plural

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 5


def faults_of(events: pa.Table) -> list[tuple[str, int, str]]:
    """Where the chains are broken: practice, number and fault, in the order of the table."""
    import pyarrow as pa

    from casemgmt.caseload.events.event import NO_HASH, hash_of
    from casemgmt.caseload.events.table import ASKED
    from casemgmt.caseload.exchange.flat import as_text

    shown = as_text(events)
    days = shown.column("happened_on").cast(pa.string())
    shown = shown.set_column(shown.schema.get_field_index("happened_on"), "happened_on", days)
    rows = zip(*(shown.column(name).to_pylist() for name in (*ASKED, "previous", "hash")), strict=True)
    found: list[tuple[str, int, str]] = []
    practice, number, head, moment = "", 0, NO_HASH, ""
    for *values, previous, held in rows:
        if values[0] != practice:
            if values[0].encode() < practice.encode():
                found.append((values[0], values[1], "stands out of the order of practices"))
            practice, number, head, moment = values[0], 0, NO_HASH, ""
        if values[1] != number + 1:
            found.append((practice, values[1], f"follows event {number}"))
        elif previous != head:
            found.append((practice, values[1], "does not carry the hash of the event before"))
        elif hash_of(tuple(values), previous) != held:
            found.append((practice, values[1], "is not what its hash says"))
        elif values[5] < moment:
            found.append((practice, values[1], "was recorded before the event before"))
        number, head, moment = values[1], held, values[5]
    return found


def refuse_faults(events: pa.Table, what: str, remedy: str) -> None:
    """Refuse events whose chains are broken.

    Raises
    ------
    VerifyError : where, by practice and number
    """
    found = faults_of(events)
    if found:
        where = "; ".join(f"practice '{code}', event {number}: {fault}" for code, number, fault in found[:_MOST])
        more = f"; and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
        raise VerifyError(f"{what}: {plural(len(found), 'event')} of a broken chain: {where}{more}. {remedy}")
