"""``casemgmt caseload init``, ``verify``, ``export`` and ``import``: the store itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.show import say, table, working
from casemgmt.errors import plural

_MOST_FAULTS = 20


class Form(StrEnum):
    """How the events of an export are written."""

    parquet = "parquet"
    csv = "csv"


def init(
    review_every: Annotated[
        int, typer.Option(min=1, max=120, metavar="MONTHS", help="Calendar months from one review to the next.")
    ],
    store: StoreArgument = None,
) -> None:
    """Make a new, empty caseload: one file, or the tables in a PostgreSQL database."""
    from casemgmt.caseload.opening import open_caseload

    (where,) = in_their_places(store)
    with open_caseload(where, create=True, review_every_months=review_every) as caseload:
        say(f"A caseload is at {caseload.store.where}: reviews every {plural(review_every, 'month')}.")
        say("Keep a back-up of it, and keep a file off network shares; a team shares a PostgreSQL database.")


def verify(
    store: StoreArgument = None,
    heads: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Hold it against the last events that an export or a publication states."),
    ] = None,
) -> None:
    """Check every event against its hash and the one before, and say where a chain is broken."""
    (where,) = in_their_places(store)
    with opened(where) as caseload:
        with working("Checking every event"):
            known: Any = None if heads is None else _heads_of(heads)
            found = caseload.verify(known)
            events = sum(head.number for head in caseload.heads().values())
        if found.whole:
            practices = plural(len(caseload.practices), "practice")
            say(f"{caseload.store.where}: {plural(events, 'event')} of {practices} intact.")
            if known is not None:
                say(f"It holds every event that {heads} states.")
            return
        rows = [(row["practice_id"] or "(store)", row["number"], row["fault"]) for row in found.faults.to_pylist()]
        say(f"{caseload.store.where}: {plural(len(rows), 'fault')}. Restore it from a back-up.")
        table(("practice", "event", "fault"), rows[:_MOST_FAULTS])
        if len(rows) > _MOST_FAULTS:
            say(f"and {len(rows) - _MOST_FAULTS:,} more")
        raise typer.Exit(1)


def export(
    store: StoreArgument = None,
    folder: Annotated[str | None, typer.Argument(metavar="DIR", help="The folder to make.", show_default=False)] = None,
    form: Annotated[Form, typer.Option("--format", help="How the events are written.")] = Form.parquet,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export in that folder.")] = False,
) -> None:
    """Write the whole store flat, with a description that other programs read, so that nothing is lost."""
    where, named = in_their_places(store, folder, named=("STORE", "DIR"))
    with opened(where) as caseload, working("Writing every event"):
        written = caseload.export(named, format=form.value, overwrite=overwrite)
        events = sum(head.number for head in caseload.heads().values())
    say(f"{plural(events, 'event')} in {named}: events.{form.value}, described by datapackage.json.")
    say("It holds patients' ids: it is for those who may see the caseload.")
    del written


def import_(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that `casemgmt caseload export` made.")],
    store: Annotated[
        str | None,
        typer.Argument(metavar="STORE", help="The new file, or an empty PostgreSQL database.", show_default=False),
    ] = None,
) -> None:
    """Read an export into a new store, after checking every byte of it; moments and hashes stay as they are."""
    from casemgmt.caseload.exchange.importing import import_caseload

    (where,) = in_their_places(store)
    with working("Checking and writing every event"), import_caseload(folder, where) as caseload:
        events = sum(head.number for head in caseload.heads().values())
        say(f"{plural(events, 'event')} of {plural(len(caseload.practices), 'practice')} in {caseload.store.where}.")


def _heads_of(folder: Path) -> Any:
    from casemgmt.caseload.exchange.reading import heads_of_export

    return heads_of_export(folder)
