"""Whether chains are whole, before they leave a store or enter one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.caseload.events.chain import broken_links, events_of
from casemgmt.errors import VerifyError, plural

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 5


def refuse_faults(events: pa.Table, what: str, remedy: str) -> None:
    """Refuse events whose chains are broken.

    Raises
    ------
    VerifyError : where, by practice and number
    """
    found = broken_links(events_of(events))
    if found:
        where = "; ".join(f"practice '{code}', event {number}: {fault}" for code, number, fault in found[:_MOST])
        more = f"; and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
        raise VerifyError(f"{what}: {plural(len(found), 'event')} of a broken chain: {where}{more}. {remedy}")
