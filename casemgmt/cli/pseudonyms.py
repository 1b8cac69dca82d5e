"""``casemgmt new-key``, ``pseudonymise`` and ``reidentify``: what a practice runs, apart from whoever scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.files import check_writable, refuse_existing, write_table, write_text
from casemgmt.cli.reading import pairs
from casemgmt.cli.show import give, say
from casemgmt.errors import listed, plural

if TYPE_CHECKING:
    import pyarrow as pa

KeyOption = Annotated[
    str, typer.Option("--key", metavar="FILE|env:NAME", help="Where the key is; never the key itself.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: .csv or .parquet.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")]


def new_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the key; it stays in the practice.")],
) -> None:
    """Make a random key for pseudonyms, in a file that its owner alone may read."""
    from casemgmt.pseudonyms.key import new_key as made

    refuse_existing(path, overwrite=False)
    write_text(made().decode(), path, overwrite=False)
    say(f"A new key is in {path}. Keep it in the practice, and a copy in a safe place: without it, pseudonyms change.")


def pseudonymise(
    register: Annotated[
        list[Path], typer.Argument(metavar="LIST", help="Files with NHS numbers: Parquet, CSV, Excel or Arrow.")
    ],
    key: KeyOption,
    out: OutOption,
    lookup: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write which pseudonym is whose, of one practice: it stays there."),
    ] = None,
    opt_outs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The numbers of those who object to risk stratification: patient_id."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="ITS_NAME=FIELD", help="A column under another name: NHSNo=patient_id. Repeatable."),
    ] = None,
    max_set_aside: Annotated[
        str, typer.Option(metavar="SHARE", help="Of rows, that may have no sound NHS number.")
    ] = "5%",
    overwrite: OverwriteOption = False,
) -> None:
    """Replace NHS numbers by keyed pseudonyms, in the practice, for a file that whoever scores may see."""
    from casemgmt.pseudonyms.lookup import pseudonym_lookup
    from casemgmt.pseudonyms.pseudonymising import pseudonymise as replaced

    for path in (out, lookup):
        check_writable(path, overwrite=overwrite)
    if lookup is not None and lookup.resolve() == out.resolve():
        raise typer.BadParameter("it is not the file of --out: the look-up stays in the practice.", param_hint="lookup")
    source: Any = register[0] if len(register) == 1 else register
    columns, where = pairs(column, "--column", "NHSNo=patient_id"), named_key(key)
    table = replaced(source, key=where, columns=columns, opt_outs=opt_outs, max_set_aside=max_set_aside)
    if lookup is not None:
        write_table(pseudonym_lookup(source, key=where, columns=columns), lookup, overwrite=overwrite)
    write_table(table, out, overwrite=overwrite)
    _say_account(table)
    say(f"For whoever scores: {out}.")
    if lookup is not None:
        say(f"Stays in the practice: {lookup}. Only with it does a list become names again (casemgmt reidentify).")


def reidentify(
    path: Annotated[Path, typer.Argument(metavar="LIST", help="The practice's own list, with pseudonyms.")],
    lookup: Annotated[Path, typer.Option(metavar="FILE", help="The practice's own look-up.")],
    out: OutOption,
    overwrite: OverwriteOption = False,
) -> None:
    """Put the NHS numbers back into a practice's own list, with the practice's own look-up."""
    from casemgmt.pseudonyms.lookup import reidentify as put_back

    check_writable(out, overwrite=overwrite)
    table = put_back(path, lookup)
    write_table(table, out, overwrite=overwrite)
    give(rows=table.num_rows)
    say(f"{plural(table.num_rows, 'row')} with NHS numbers in {out}. It stays in the practice.")


def named_key(text: str) -> Path | str:
    """A key as a command line names it: a file needs no separator here."""
    return text if text.startswith("env:") else Path(text)


def _say_account(table: pa.Table) -> None:
    from casemgmt.pseudonyms.pseudonymising import SAID
    from casemgmt.register.fields import FIELDS

    account = json.loads(table.schema.metadata[b"casemgmt"])[SAID]
    others = [name for name in table.column_names if name not in FIELDS]
    give(rows=account["rows"], with_pseudonym=table.num_rows, set_aside=account["set_aside"])
    give(objected=account["objected"], carried=others)
    say(f"{plural(table.num_rows, 'row')} of {account['rows']:,} have a pseudonym.")
    for reason, count in account["set_aside"].items():
        say(f"  left out, {reason}: {count:,}")
    objected = account["objected"]
    if objected is None:
        say("No column says who objects to risk stratification: give --opt-outs, or a column 'objected'.")
    else:
        words = plural(objected, "patient objects", "patients object")
        say(f"{words}: they stay in the list size and are never ranked.")
    if others:
        say(f"These go along and are no fields of a register; drop what says who somebody is: {listed(others)}.")
