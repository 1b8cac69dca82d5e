"""``casemgmt caseload measures``: what a quarter came to, practice by practice, in whole counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.caseload.asking import KnownAt
from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.caseload.telling import show_counts
from casemgmt.cli.reading import a_date
from casemgmt.cli.show import give, say, working, wrote
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.caseload import Caseload

_SHOWN = ("managed_start", "joined", "left", "managed_end", "plan_agreed_end", "reviews_done", "reviews_overdue_end")


def measures(
    selection: Annotated[
        Path, typer.Option(metavar="DIR", help="A published selection that was proposed, whose scheme is reported on.")
    ],
    quarter_start: Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The first day.")],
    quarter_end: Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The last day.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to make.")],
    store: StoreArgument = None,
    known_at: KnownAt = None,
    list_within_days: Annotated[
        int, typer.Option(min=0, max=366, help="How many days before the quarter a recorded list size may be.")
    ] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier one in that folder.")] = False,
) -> None:
    """Write a quarter's process measures, one row a practice. Whole counts: they are not for the commissioner."""
    from casemgmt.caseload.exchange.quarter import save_quarter
    from casemgmt.results.published import load_selection

    (where,) = in_their_places(store)
    with working("Checking every file"):
        lists = load_selection(selection)
    with opened(where) as caseload, working("Counting"):
        check_proposed(caseload, lists)
        asked: dict[str, Any] = {"scheme": lists.scheme, "known_at": known_at}
        tables = {"process": caseload.process(quarter_start, quarter_end, **asked)}
        rules = lists.scheme.caseload
        if rules is not None and rules.register_test is not None:
            tables["register_test"] = caseload.register_test(
                lists.scheme, quarter_start, quarter_end, list_within_days=list_within_days, known_at=known_at
            )
        facts = {"from": quarter_start.isoformat(), "to": quarter_end.isoformat(), "scheme": lists.scheme.id}
        save_quarter(tables, caseload.on(quarter_end, known_at=known_at).heads, facts, to, overwrite=overwrite)
    wrote(to)
    _show(tables, quarter_start, quarter_end)
    give(quarter_start=quarter_start, quarter_end=quarter_end, practices=tables["process"].to_pylist())
    give(register_test=tables["register_test"].to_pylist() if "register_test" in tables else None)
    say(f"Saved in {to}. It holds whole counts, small ones included: it is not for the commissioner.")


def check_proposed(caseload: Caseload, lists: Any) -> None:
    """Refuse a selection of which this caseload knows nothing."""
    from casemgmt.caseload.deciding.standing import lists_published
    from casemgmt.outputs.practice.marks import fingerprint_of

    own = fingerprint_of(lists)
    known = lists_published(caseload.store.events())
    if not any(each.fingerprint == own for lists_of in known.values() for each in lists_of):
        raise InputError(
            f"The selection of {lists.facts['as_of']} was never proposed to {caseload.store.where}. Give one that was, "
            "or propose it first."
        )


def _show(tables: dict[str, pa.Table], start: dt.date, end: dt.date) -> None:
    process = tables["process"]
    say(f"{start} to {end}, {plural(process.num_rows, 'practice')}")
    say()
    show_counts(process.select(["practice_id", *_SHOWN]))
    say()
    if "register_test" in tables:
        passed = tables["register_test"].column("passed").to_pylist()
        say(
            f"Register test: {passed.count(True):,} passed, {passed.count(False):,} failed, "
            f"{passed.count(None):,} without a list size."
        )
