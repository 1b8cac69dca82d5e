"""``casemgmt caseload status``, ``due``, ``letters``, ``history``, ``homes`` and ``payments``: what is asked of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.caseload.telling import show_counts, write_people
from casemgmt.cli.files import check_writable
from casemgmt.cli.options import ScoreOverwriteOption
from casemgmt.cli.reading import a_date
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import InputError, plural

On = Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="What happened up to the end of this day.")]
KnownAt = Annotated[
    str | None,
    typer.Option(
        metavar="DATE|TIME",
        help="As known then: a date (its end, UTC), or a time with its zone. [default: as known now]",
    ),
]
Practice = Annotated[str | None, typer.Option(metavar="CODE", help="One practice alone.")]
ToFile = Annotated[Path, typer.Option(metavar="FILE", help="Where to write: .csv or .parquet.")]
ToFileOrNone = Annotated[
    Path | None, typer.Option("--to", metavar="FILE", help="Write the people, one a row: .csv or .parquet.")
]


def status(
    on: On,
    store: StoreArgument = None,
    known_at: KnownAt = None,
    practice: Practice = None,
    to: ToFileOrNone = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="With --to: those who left, and who were not accepted, too.")
    ] = False,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Count who is on the caseload on a date, with a plan, and due; --to says who."""
    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    with opened(where) as caseload, working("Asking"):
        state = caseload.on(on, known_at=known_at, practice_id=practice)
    known = "now" if state.known_at is None else f"at {state.known_at:%Y-%m-%d %H:%M} UTC"
    give(on=state.date, known_at=state.known_at, review_every_months=state.review_every_months)
    say(f"Caseload on {state.date}, as known {known}; reviews every {plural(state.review_every_months, 'month')}")
    say()
    show_counts(state.summary())
    if to is not None:
        say()
        write_people(state.to_arrow(everyone=everyone), to, overwrite=overwrite, of="patient")


def due(
    until: Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The last day on which one is due.")],
    to: ToFile,
    store: StoreArgument = None,
    on: Annotated[
        dt.date | None,
        typer.Option(
            parser=a_date, metavar="DATE", help="Say too whose review is overdue on this day, by what was so then."
        ),
    ] = None,
    known_at: KnownAt = None,
    practice: Practice = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """List whose review is due until a day, the longest overdue first."""
    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    with opened(where) as caseload, working("Asking"):
        state = caseload.on(until if on is None else on, known_at=known_at, practice_id=practice)
        people = state.due(until=until)
    give(until=until, reviews=people.num_rows, on=on)
    if on is None:
        people = people.drop_columns(["overdue"])
        say(f"{plural(people.num_rows, 'review')} due until {until}.")
    else:
        late = sum(people.column("overdue").to_pylist())
        give(overdue=late)
        say(f"{plural(people.num_rows, 'review')} due until {until}, {late:,} of them overdue on {on}.")
    write_people(people, to, overwrite=overwrite, of="patient")


def history(
    practice: Annotated[str, typer.Option(metavar="CODE", help="The practice.")],
    patient: Annotated[str, typer.Option(metavar="ID", help="The patient, as the events write it.")],
    to: ToFile,
    store: StoreArgument = None,
    known_at: KnownAt = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Write every event about one patient of a practice, with corrections shown as such."""
    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    with opened(where) as caseload, working("Asking"):
        events = caseload.history(practice, patient, known_at=known_at)
    if not events.num_rows:
        raise InputError(
            "The caseload knows of no such patient in that practice. Write --practice and --patient as its events do."
        )
    kinds = Counter(events.column("kind").to_pylist())
    table("events", ("event", "times"), [(kind.replace("_", " "), count) for kind, count in kinds.items()])
    write_people(events, to, overwrite=overwrite, of="event")
