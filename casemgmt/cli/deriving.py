"""``casemgmt derive``: coded rows to one row a patient of conditions, and a score where one is asked for."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.reading import a_date, pairs
from casemgmt.cli.show import say, table, working
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.codes.derived import Derived

MOST_CODES = 5


def derive(
    events: Annotated[list[Path], typer.Argument(metavar="EVENTS", help="Parquet, CSV or Arrow files of coded rows.")],
    codelist: Annotated[
        list[str], typer.Option(metavar="NAME|PATH", help="A shipped code list, or the path of one. Repeatable.")
    ],
    as_of: Annotated[
        dt.date, typer.Option(parser=a_date, metavar="DATE", help="The list date; later rows do not count.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write: .parquet or .csv.")],
    lookback: Annotated[
        str | None, typer.Option(metavar="TEXT", help="How far back a row counts: '24 months'. [default: ever]")
    ] = None,
    rules: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="A TOML file of rules, or a model that has some.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Write the scores of a model in place of the conditions.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="ITS_NAME=OURS", help="A column under another name: START=date. Repeatable."),
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(metavar="FORM", help="How dates are written: %d/%m/%Y. [default: ISO]")
    ] = None,
    undated_as_ever: Annotated[
        bool, typer.Option("--undated-as-ever", help="Count rows without a date for what has no look-back.")
    ] = False,
    max_set_aside: Annotated[
        str, typer.Option(metavar="SHARE", help="The share of codes, dates or ids that may be unreadable.")
    ] = "20%",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write where each row to look at stands, and why.")
    ] = None,
    unmapped: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the codes that are in no list.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of CSV files.")] = "utf-8",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")] = False,
) -> None:
    """Turn coded rows into conditions, one row a patient, and account for every row."""
    from casemgmt.codes.deriving import derive_conditions
    from casemgmt.risk.files import load_model

    for path in (out, report, unmapped):
        if path is not None:
            check_writable(path, overwrite=overwrite)
    scoring = None if model is None else load_model(model)
    with working("Reading the coded rows"):
        derived = derive_conditions(
            events[0] if len(events) == 1 else events,
            codelist,
            as_of=as_of,
            lookback=lookback,
            rules=() if rules is None else rules,
            columns=pairs(column, "--column", "START=date"),
            date_format=date_format,
            encoding=encoding,
            undated_as_ever=undated_as_ever,
            max_set_aside=max_set_aside,
        )
    made = derived.to_arrow() if scoring is None else derived.score(scoring)
    write_table(made, out, overwrite=overwrite)
    _show(derived)
    say(f"Written: {out} ({plural(made.num_rows, 'patient')}).")
    for path, found in ((report, derived.report), (unmapped, derived.unmapped)):
        if path is not None:
            write_table(found, path, overwrite=overwrite)
            say(f"Written: {path} ({plural(found.num_rows, 'row')}).")


def _show(derived: Derived) -> None:
    account = derived.account.to_pylist()[0]
    system = account.pop("system")
    table(
        ("fate", "rows"),
        [(name.replace("_", " "), rows) for name, rows in account.items() if rows or name == "rows_in"],
    )
    say()
    reasons = Counter((row["field"] or "line", row["reason"]) for row in derived.report.to_pylist())
    if reasons:
        told = [
            (name, why, rows) for (name, why), rows in sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
        ]
        table(("column", "why", "rows"), told, title="Values that could not be used")
        say()
    table(("condition", "patients"), [(name, int(derived.flag(name).sum())) for name in derived.conditions])
    say()
    found = derived.unmapped.slice(0, MOST_CODES).to_pylist()
    if found:
        rows = [(row["code"], row["rows"]) for row in found]
        table(
            ("code", "rows"), rows, title=f"The most frequent {system} codes in no list, of {len(derived.unmapped):,}"
        )
        say()
