"""Questions to a store, and what is checked before they are answered from its events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.caseload.plans.letters import days_to_tell, letters_table, stated_days
from casemgmt.caseload.plans.payments import payments_table
from casemgmt.caseload.plans.process import process_measures
from casemgmt.caseload.plans.register_tests import register_test, test_of
from casemgmt.caseload.state.asking import events_known, state_on
from casemgmt.dates import as_date
from casemgmt.errors import InputError
from casemgmt.outputs.report.tariff import load_tariff

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Store
    from casemgmt.scheme.routes import Scheme

Day = str | dt.date
Moment = dt.datetime | dt.date | str | None

MOST_DAYS_BEFORE = 366  # that a list may be older than the day it is wanted for


def process_of(
    store: Store, start: Day, end: Day, scheme: Scheme | None, tell_within_days: int | None, known_at: Moment
) -> pa.Table:
    """See :meth:`casemgmt.Caseload.process`."""
    first, last = as_date(start, "start"), as_date(end, "end")
    days = stated_days(scheme) if tell_within_days is None else days_to_tell(tell_within_days, None)
    known = events_known(store, known_at=known_at)
    every, events = known.review_every_months(store, last), known.events
    return process_measures(events, first, last, review_every_months=every, tell_within_days=days)


def letters_of(store: Store, on: Day, within_days: int | None, scheme: Scheme | None, known_at: Moment) -> pa.Table:
    """See :meth:`casemgmt.Caseload.letters_due`."""
    days = days_to_tell(within_days, scheme)
    return letters_table(state_on(store, as_date(on, "on"), known_at=known_at), days)


def register_test_of(
    store: Store, scheme: Scheme, quarter: tuple[Day, Day], list_within_days: int, known_at: Moment
) -> pa.Table:
    """See :meth:`casemgmt.Caseload.register_test`."""
    test = test_of(scheme)
    first, last = as_date(quarter[0], "quarter_start"), as_date(quarter[1], "quarter_end")
    before = _days_before(list_within_days)
    return register_test(events_known(store, known_at=known_at).events, test, first, last, list_within_days=before)


def payments_of(
    store: Store,
    scheme: Scheme,
    year: int,
    tariff: str | Path | None,
    declared: Mapping[str, Iterable[str]] | None,
    until: Day | None,
    list_within_days: int,
    *,
    known_at: Moment,
) -> pa.Table:
    """See :meth:`casemgmt.Caseload.payments`."""
    rules = scheme.caseload
    if tariff is not None:
        paid = load_tariff(tariff).payments
    elif rules is not None and rules.payments:
        paid = rules.payments
    else:
        raise InputError(
            f"The scheme '{scheme.id}' states no payments. Give tariff=, a tariff by name or by path, or write "
            "[[caseload.payment]] into the scheme's file."
        )
    return payments_table(
        events_known(store, known_at=known_at).events,
        paid,
        year,
        test=None if rules is None else rules.register_test,
        declared=declared,
        until=None if until is None else as_date(until, "until"),
        list_within_days=_days_before(list_within_days),
    )


def _days_before(days: int) -> int:
    if not 0 <= days <= MOST_DAYS_BEFORE:
        raise InputError(f"list_within_days: from 0 to {MOST_DAYS_BEFORE}.")
    return days
