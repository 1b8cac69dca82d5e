"""``casemgmt letters``: whom to tell about their named GP, and whom to ask to a review, a file a practice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.reading import Reading, takes_register
from casemgmt.cli.show import give, say, working, wrote
from casemgmt.errors import plural


@takes_register
def letters(
    reading: Reading,
    scheme: Annotated[str, typer.Option(metavar="NAME|PATH", help="Whose deadline and reviews they are.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")],
    within_days: Annotated[
        int | None,
        typer.Option(min=0, max=366, help="Tell within so many days of the list date. [default: as the scheme notes]"),
    ] = None,
    turning_75_by: Annotated[
        str, typer.Option(metavar="RULE|DATE", help="end_of_financial_year, end_of_calendar_year or an ISO date.")
    ] = "end_of_financial_year",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier folder of letters.")] = False,
) -> None:
    """List whom to tell about their named GP, and whose review is due, in a file a practice."""
    from casemgmt.outputs.telling import LETTERS, RECALLS, save_telling
    from casemgmt.results.selecting import select
    from casemgmt.scheme.files import load_scheme
    from casemgmt.scheme.routes import Review
    from casemgmt.selection.telling import letters_table

    rules = load_scheme(scheme)
    reviews = tuple(route for route in rules.routes if isinstance(route, Review))
    with working("Reading the register"):
        register = reading.register()
        # Nobody is ranked for a letter or a review: the other routes are left out.
        selection = select(register, replace(rules, routes=reviews)) if reviews else None
    told = letters_table(register, rules, within_days, turning_75_by)
    facts = {"as_of": register.as_of.isoformat(), "scheme": rules.id, "turning_75_by": turning_75_by}
    tables = {LETTERS: told} if selection is None else {LETTERS: told, RECALLS: selection.recalls()}
    save_telling(tables, register.practices, facts, out, overwrite=overwrite)
    wrote(out)
    deadlines = sorted({str(day) for day in told.column("tell_by").to_pylist() if day is not None})
    by = f", by {deadlines[0]}" if deadlines else "; the scheme states no deadline: give --within-days"
    give(letters=told.num_rows, tell_by=deadlines[0] if deadlines else None)
    give(reviews_due=tables[RECALLS].num_rows if reviews else None)
    say(f"{plural(told.num_rows, 'patient')} to tell about their named GP{by}.")
    say(f"{plural(tables[RECALLS].num_rows, 'review')} due." if reviews else "The scheme has no review.")
    say(f"Saved in {out}: a practice's file is for that practice alone.")
