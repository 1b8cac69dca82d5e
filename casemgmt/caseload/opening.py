"""The caseload opened or made: what ``casemgmt.open_caseload`` does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.arguments import checked, whole_or_none, yes_or_no
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.kinds import STORE
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


@checked(create=yes_or_no, review_every_months=whole_or_none, migrate=yes_or_no)
def open_caseload(
    where: str | Path, *, create: bool = False, review_every_months: int | None = None, migrate: bool = False
) -> Caseload:
    """Open the store of a caseload, or make one.

    Parameters
    ----------
    where : path of its file, in SQLite; or address of a PostgreSQL database, such as
        ``postgresql+psycopg://user@server/database``. SQLite's file lies on a disk of this machine, not on a network
        share. The file is private (0600; on Windows as private as its folder)
    create : whether to make it, at an empty place
    review_every_months : of a new caseload, the calendar months between two reviews of a patient, 1 to 60; there is no
        default, for schemes differ
    migrate : whether a store of an earlier release may be changed to this release's tables; copy it first

    Returns
    -------
    Caseload

    Raises
    ------
    InputError
        There is no caseload, or something else; it is of a later release, or of an earlier one without ``migrate``; or
        psycopg is missing.
    PublishError
        Something is at the place already, it cannot be made, or no write-ahead log can be kept there.
    VerifyError
        It is damaged.

    Examples
    --------
    >>> import casemgmt as cm, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with cm.open_caseload(f"{folder.name}/c.sqlite", create=True, review_every_months=3) as caseload:
    ...     caseload.settings.review_every_months
    3
    >>> folder.cleanup()
    """
    from casemgmt.caseload.settings import check_months, opened
    from casemgmt.caseload.store.opening import create_store, open_store
    from casemgmt.caseload.store.places import place_of

    place = place_of(where)
    if not create:
        if review_every_months is not None:
            raise InputError(
                "review_every_months= belongs to create=True. Of a caseload that is there, use change_settings."
            )
        return Caseload(open_store(place, migrate=migrate))
    if review_every_months is None:
        raise InputError("create=True needs review_every_months=, the calendar months between two reviews.")
    months = check_months(review_every_months)
    return Caseload(create_store(place, lambda writing: writing.append([opened(writing.recorded_on, months)])))


def restored_caseload(where: str | Path, events: pa.Table) -> Caseload:
    """Make a caseload of the events of another one, as :meth:`casemgmt.Caseload.events` gives them; hashes and all.

    Raises
    ------
    InputError
        An event says what it may not, or the store's own chain is missing.
    VerifyError
        A chain is not whole.
    PublishError
        Something is at the place already, or it cannot be made.
    """
    from casemgmt.caseload.events.checking import check
    from casemgmt.caseload.events.event import new_of
    from casemgmt.caseload.events.table import stored_events
    from casemgmt.caseload.store.opening import create_store
    from casemgmt.caseload.store.places import place_of

    rows = stored_events(events)
    practices = {row.practice_id for row in rows}
    if STORE not in practices:
        raise InputError("The events lack the store's own chain, in which its settings are: export all of them.")
    last = dt.date.fromisoformat(max(row.recorded_at for row in rows)[:10])
    check([new_of(row) for row in rows], dict.fromkeys(practices, 0), {}, last)
    return Caseload(create_store(place_of(where), lambda writing: writing.restore(rows), practices))
