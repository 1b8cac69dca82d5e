"""``casemgmt caseload init``, ``verify``, ``export`` and ``import``: the store itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.files import note_who_may_read
from casemgmt.cli.show import give, progress, say, table, working, wrote
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    from casemgmt.caseload.caseload import Caseload

_MOST_FAULTS = 20


class Form(StrEnum):
    """How the events of an export are written."""

    parquet = "parquet"
    csv = "csv"


def init(
    review_every: Annotated[
        int, typer.Option(min=1, max=60, metavar="MONTHS", help="Calendar months from one review to the next.")
    ],
    store: StoreArgument = None,
) -> None:
    """Make a new, empty caseload: one file, or the tables in a PostgreSQL database."""
    from casemgmt.caseload.opening import open_caseload

    (where,) = in_their_places(store)
    with open_caseload(where, create=True, review_every_months=review_every) as caseload:
        give(store=caseload.store.where, review_every_months=review_every)
        say(f"A caseload is at {caseload.store.where}: reviews every {plural(review_every, 'month')}.")
        say("Keep a back-up of it, and keep a file off network shares; a team shares a PostgreSQL database.")
        if "://" not in caseload.store.where:
            note_who_may_read()


def migrate(store: StoreArgument = None) -> None:
    """Change the tables of a caseload that an earlier release made into this release's. Copy it first."""
    from casemgmt.caseload.opening import open_caseload

    (where,) = in_their_places(store)
    with working("Checking and migrating"), open_caseload(where, migrate=True) as caseload:
        give(store=caseload.store.where, events=_count(caseload))
        say(f"{caseload.store.where} has this release's tables: {plural(_count(caseload), 'event')}.")


def verify(
    store: StoreArgument = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Hold it against the last events that a publication, report, quarter, export or table states.",
        ),
    ] = None,
) -> None:
    """Check every event against its hash and the one before, and say where a chain is broken."""
    (where,) = in_their_places(store)
    with opened(where) as caseload:
        known = None if heads is None else _stated(heads, caseload)
        with progress("Checking every event", "events") as moved:
            found = caseload.verify(known, moved)
        give(store=caseload.store.where, whole=found.whole, events=found.events, faults=found.faults.to_pylist())
        if found.whole:
            practices = plural(len(caseload.practices), "practice")
            say(f"{caseload.store.where}: {plural(found.events, 'event')} of {practices} intact.")
            if known is not None:
                say(f"It holds every event that {heads} states.")
            return
        rows = [(_named(row["practice_id"]), row["number"], row["fault"]) for row in found.faults.to_pylist()]
        say(f"{caseload.store.where}: {plural(len(rows), 'fault')}. Restore it from a back-up.")
        table("", ("practice", "event", "fault"), rows[:_MOST_FAULTS])
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
        caseload.export(named, form.value, overwrite=overwrite)
        events = _count(caseload)
    wrote(named)
    give(events=events)
    say(f"{plural(events, 'event')} in {named}: events.{form.value}, described by datapackage.json.")
    say("It holds patients' ids: it is for those who may see the caseload.")


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
        practices = plural(len(caseload.practices), "practice")
        give(store=caseload.store.where, events=_count(caseload), practices=len(caseload.practices))
        say(f"{plural(_count(caseload), 'event')} of {practices} in {caseload.store.where}.")


def _stated(where: Path, caseload: Caseload) -> Any:
    """The last events that a publication, a report, a quarter, an export or a table of heads states.

    Raises
    ------
    InputError : it states none
    """
    from casemgmt.caseload.exchange import package, quarter
    from casemgmt.caseload.exchange.reading import heads_of_export
    from casemgmt.outputs.practice.heads import published_heads
    from casemgmt.outputs.report import folder as report
    from casemgmt.results.reporting_period import reported_heads

    if not where.is_dir():
        return where
    if package.KIND.manifest_of(where) is not None:
        return heads_of_export(where)
    if quarter.KIND.manifest_of(where) is not None:
        return quarter.heads_of_quarter(where)
    if report.KIND.manifest_of(where) is not None:
        return reported_heads(where, caseload)
    found = published_heads(where)
    if not found:
        raise InputError(
            f"{where} states no last event: it was not made from a caseload, or the caseload held none yet. Give a "
            "publication that was made from one later."
        )
    return {code: (head.number, head.hash) for code, head in found.items()}


def _named(practice: str | None) -> str:
    return "not known" if practice is None else practice or "(the store)"


def _count(caseload: Caseload) -> int:
    return sum(caseload.heads().column("number").to_pylist())
