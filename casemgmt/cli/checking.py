"""``casemgmt check``: what became of every row and value, in counts and places, never values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.files import refuse_existing, write_table, write_text
from casemgmt.cli.reading import Reading, takes_register
from casemgmt.cli.show import give, say, stands, table, working
from casemgmt.errors import InputError, plural
from casemgmt.register.facts import account_facts, account_lines
from casemgmt.register.forms import CSV, TAB, TEXT, ending_of

if TYPE_CHECKING:
    from casemgmt.register.register import Register

FIRST_ROWS = 3


@takes_register
def check(
    reading: Reading,
    scheme: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Also check that the columns this scheme needs are there.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Also check that the columns this model needs are there.")
    ] = None,
    quarantine: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write where each quarantined row stands, and why.")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write where each corrected value stands, and why.")
    ] = None,
    write_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Draft a mapping file for this source, to look through, and stop."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")] = False,
) -> None:
    """Read a register and account for every row of it."""
    if write_config is not None:
        _draft(reading, write_config, scheme, model, overwrite=overwrite)
        return
    with working("Reading the register"):
        register = reading.register()
    _show_account(register)
    for line in account_lines(account_facts(register)):
        say(line)
    say()
    above = reading.lines_above()
    _show_reasons("quarantined", "Quarantined rows", register.quarantine, above)
    _show_reasons("corrected", "Corrected values (the person stays)", register.corrections, above)
    if register.quarantine.num_rows or register.corrections.num_rows:
        first = "the first of the file" if above else "the header"
        say(f"Lines of a CSV file count from 1, {first}, without blank ones below it; rows of other files from 0.\n")
    _show_missing(register)
    _check_needs(register, scheme, model)
    for path, found in ((quarantine, register.quarantine), (corrections, register.corrections)):
        if path is not None:
            write_table(found, path, overwrite=overwrite)
            say(f"Written: {path} ({plural(found.num_rows, 'row')}).")
    stands()
    register.check_limits()  # last, so that everything that is wrong has been shown


def _draft(reading: Reading, path: Path, scheme: str | None, model: str | None, *, overwrite: bool) -> None:
    """Draft a mapping file; nothing is checked yet."""
    from casemgmt.results.drafting import draft_config
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    if path.suffix.lower() != ".toml":
        raise InputError("--write-config writes a mapping file: give a name that ends in .toml.")
    refuse_existing(path, overwrite=overwrite)
    rules = None if scheme is None else load_scheme(scheme)
    ranking = None if model is None else load_model(model)
    with working("Looking through the register"):
        found = draft_config(
            list(reading.registers), scheme=rules, model=ranking, columns=reading.columns(), **reading.form()
        )
    write_text(found.text, path, overwrite=overwrite)
    give(questions=found.questions)
    marked = f', with {plural(found.questions, "question")}, each a "?"' if found.questions else ""
    say(f"Written: {path}{marked}. {'Look through it' if not found.questions else 'Answer in it'}, then:")
    read = f"{' '.join(map(_typed, reading.registers))} --as-of {reading.as_of} --config {_typed(path)}"
    if scheme is None:
        say(f"casemgmt check {read}")
        return
    ranked = "--score COLUMN" if model is None else f"--model {_typed(model)}"
    ranks = f" {ranked}" if rules is None or rules.ranks else ""
    say(f"casemgmt select {read} --scheme {_typed(scheme)}{ranks} --out lists")


def _typed(word: Path | str) -> str:
    """A word as it is typed, in quotes where a shell would split it."""
    return f'"{word}"' if " " in str(word) else str(word)


def _show_account(register: Register) -> None:
    table(
        "",
        ("file", "rows", "SHA-256"),
        [(part.name, part.rows, (part.sha256 or "")[:16]) for part in register.parts],
    )
    say()
    say(
        f"{plural(register.rows_in, 'row')} in = {len(register):,} accepted + "
        f"{plural(register.merged, 'merged repeat')} + {register.quarantine.num_rows:,} quarantined"
    )
    on_list = int(register.packed.is_set("on_list").sum())
    say(
        f"{plural(on_list, 'patient')} on the list of {plural(len(register.practices), 'practice')} on "
        f"{register.as_of}; {plural(register.corrections.num_rows, 'value')} corrected"
    )
    if register.synthetic:
        say("The source says that its people are synthetic.")
    if register.carried:
        say(f"Carried along untouched, being no field: {', '.join(register.carried)}")
    say()


def _show_reasons(name: str, title: str, rows: Any, above: int) -> None:
    """Counts by field and reason, with the first places where each occurs."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows.to_pylist():
        found.setdefault((row["field"] or "the whole line", row["reason"]), []).append(place_of(row, above))
    if not found:
        return
    files = len(set(rows.column("source_file").to_pylist()))
    shown = [
        (field, reason, len(places), "; ".join(p if files > 1 else p.partition(": ")[2] for p in places[:FIRST_ROWS]))
        for (field, reason), places in found.items()
    ]
    table(name, ("field", "reason", "rows", "first at"), shown, title=title)
    say()


def place_of(row: dict[str, Any], above: int = 0) -> str:
    """Where a row stands in its file, as a person counts: a CSV file's header is below the lines above it."""
    name, number = row["source_file"], row["source_row"]
    is_text = ending_of(Path(name))[0] in CSV + TAB + TEXT
    where = f"line {number + above + 2:,}" if is_text else f"row {number:,}"
    return f"{name}: {where}"


def _show_missing(register: Register) -> None:
    from casemgmt.register.fields import FIELDS

    counts = {name: register.column(name).null_count for name in register.fields}
    rows = [(name, count, FIELDS[name].missing) for name, count in counts.items() if count]
    if rows:
        table(
            "missing", ("field", "missing", "a missing value means"), rows, title="Missing values among accepted rows"
        )
        say()


def _check_needs(register: Register, scheme: str | None, model: str | None) -> None:
    if scheme is not None:
        from casemgmt.scheme.files import load_scheme

        wanted = load_scheme(scheme)
        register.require(wanted.required, f"the scheme '{wanted.id}'")
        give(scheme=wanted.id)
        say(f"The scheme {wanted.id} has the columns it needs.")
        absent = [name for name in wanted.optional if name not in register.column_names]
        if absent:
            say(f"  It would also use, and goes without: {', '.join(absent)}")
    if model is not None:
        from casemgmt.risk.files import load_model

        ranking = load_model(model)
        register.require(ranking.columns, f"the model '{ranking.name}'")
        give(model=ranking.name)
        say(f"The model {ranking.name} has the columns it needs.")
