"""What a caseload is run by, as the store's own chain says."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import OPENED, SETTINGS, STORE
from casemgmt.dates import day_number
from casemgmt.errors import InputError

if TYPE_CHECKING:
    from casemgmt.caseload.store.keeping import Store

MOST_MONTHS = 60


class Settings(NamedTuple):
    """What a caseload is run by.

    Attributes
    ----------
    review_every_months : calendar months between two reviews of a patient
    """

    review_every_months: int


def check_months(months: int) -> int:
    """The months between two reviews, if they can be that."""
    if not 1 <= months <= MOST_MONTHS:
        raise InputError(f"review_every_months must be 1 to {MOST_MONTHS} calendar months.")
    return int(months)


def opened(day: dt.date, months: int) -> NewEvent:
    """The first event of a store."""
    return NewEvent(STORE, OPENED, day, details={"review_every_months": months})


def settings_on(store: Store, date: dt.date | None = None, known_at: dt.datetime | None = None) -> Settings:
    """The settings as of a date; the last ones without. Before the first, the first ones hold."""
    table = store.events(("number", "happened_on", "details"), practices=[STORE], known_at=known_at)
    rows = sorted(zip(*(table.column(name).to_pylist() for name in ("happened_on", "number", "details")), strict=True))
    if not rows:
        raise InputError(f"{store.where}: there are no settings, as known then.")
    held = [row for row in rows if date is None or day_number(row[0]) <= day_number(date)] or rows[:1]
    return Settings(json.loads(held[-1][2])["review_every_months"])


def change_settings(
    store: Store,
    review_every_months: int,
    by: str | None = None,
    since: dt.date | None = None,
    recorded_at: dt.datetime | None = None,
) -> Settings:
    """Write down that the settings are these from a day on; the day of writing without."""
    months = check_months(review_every_months)
    with store.writing([STORE], recorded_at) as writing:
        day = writing.recorded_on if since is None else since
        writing.append([NewEvent(STORE, SETTINGS, day, by=by, details={"review_every_months": months})])
    return Settings(months)
