"""``casemgmt caseload letters``, ``homes``, ``payments`` and ``list-sizes``: what a scheme asks of a caseload."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.caseload.asking import KnownAt, On, ToFile
from casemgmt.cli.caseload.places import VARIABLE, StoreArgument, in_their_places, opened
from casemgmt.cli.caseload.telling import show_counts, write_people
from casemgmt.cli.files import check_writable
from casemgmt.cli.options import ScoreOverwriteOption
from casemgmt.cli.reading import Reading, a_date, takes_register
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import plural

Scheme = Annotated[str, typer.Option(metavar="NAME|PATH", help="Whose rules of a caseload they are.")]


def letters(
    on: On,
    to: ToFile,
    store: StoreArgument = None,
    scheme: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Whose days they are, where it states any.")
    ] = None,
    within_days: Annotated[int | None, typer.Option(min=0, max=366, help="Or so many days from acceptance.")] = None,
    known_at: KnownAt = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """List who is managed and has not been told so, and who their named GP is; those to be told first at the head."""
    from casemgmt.scheme.files import load_scheme

    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    rules = None if scheme is None else load_scheme(scheme)
    with opened(where) as caseload, working("Asking"):
        people = caseload.letters_due(on, within_days=within_days, scheme=rules, known_at=known_at)
    late = sum(people.column("overdue").to_pylist())
    give(on=on, letters=people.num_rows, overdue=late)
    say(f"{plural(people.num_rows, 'patient')} to tell, {late:,} of them overdue on {on}.")
    write_people(people, to, overwrite=overwrite, of="patient")


def homes(
    on: On,
    store: StoreArgument = None,
    known_at: KnownAt = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the homes, one a row: .csv or .parquet.")
    ] = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Count residents on the caseload by practice, and how many care homes one practice serves."""
    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    with opened(where) as caseload, working("Asking"):
        found = caseload.homes(on, known_at=known_at)
    say(f"{found}".strip("<>"))
    say()
    give(on=on, homes=found.summary())
    table("", ("counted", "number"), [(name.replace("_", " "), count) for name, count in found.summary().items()])
    say()
    show_counts(found.practices)
    if to is not None:
        say()
        write_people(found.homes, to, overwrite=overwrite, of="home")


def payments(
    scheme: Scheme,
    year: Annotated[
        int, typer.Option(min=1990, max=2200, help="In which the financial year begins: 2014 for 2014/15.")
    ],
    store: StoreArgument = None,
    tariff: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="What is paid, in place of the scheme's own payments.")
    ] = None,
    declared: Annotated[
        list[str] | None,
        typer.Option(metavar="PRACTICE:INSTALMENT", help="An instalment whose condition is declared met. Repeatable."),
    ] = None,
    until: Annotated[
        dt.date | None,
        typer.Option(parser=a_date, metavar="DATE", help="The last day that is known of, in a year that is not over."),
    ] = None,
    list_within_days: Annotated[int, typer.Option(min=0, max=366, help="How old a recorded list size may be.")] = 0,
    known_at: KnownAt = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the whole table: .csv or .parquet.")
    ] = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Work out what is paid for a year, by practice, payment and instalment, to the penny."""
    from casemgmt.scheme.files import load_scheme

    (where,) = in_their_places(store)
    check_writable(to, overwrite=overwrite)
    said: dict[str, list[str]] = {}
    for text in declared or []:
        practice, colon, part = text.partition(":")
        if not (practice and colon and part):
            raise typer.BadParameter("write it as C87002:INSTALMENT.", param_hint="--declared")
        said.setdefault(practice, []).append(part)
    with opened(where) as caseload, working("Working out"):
        found = caseload.payments(
            load_scheme(scheme),
            year,
            tariff=tariff,
            declared=said,
            until=until,
            list_within_days=list_within_days,
            known_at=known_at,
        )
    shown = ("practice_id", "payment", "instalment", "counted", "amount", "met", "payable")
    heads = ("practice", *(name for name in shown[1:]))
    rows = [
        ["not known" if name in ("counted", "met", "payable") and row[name] is None else row[name] for name in shown]
        for row in found.to_pylist()
    ]
    say(f"Financial year {year}/{(year + 1) % 100:02d}, in pounds")
    say()
    give(year=year, payments=found.to_pylist())
    table("", heads, rows)
    if to is not None:
        say()
        write_people(found, to, overwrite=overwrite)


@takes_register
def list_sizes(
    reading: Reading,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="STORE", help=f"The file or PostgreSQL address of a caseload. [default: as {VARIABLE} says]"
        ),
    ] = None,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where the sizes come from.")] = "counted in the register",
) -> None:
    """Write down how large each practice's list is on a register's date; tests and payments divide by it."""
    (where,) = in_their_places(store, named=("--store",))
    with working("Reading the register"):
        register = reading.register()
    with opened(where) as caseload:
        written = caseload.record_list_sizes(register, source=source)
    known = len(register.practices) - written
    give(as_of=register.as_of, practices=len(register.practices), written_down=written, known_before=known)
    say(f"List sizes of {register.as_of}: {plural(written, 'practice')} written down, {known:,} known already.")
