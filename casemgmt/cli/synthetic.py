"""``casemgmt demo`` and ``synthesise``: registers made from published practice tables, with no real people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from casemgmt.cli.files import refuse_existing
from casemgmt.cli.reading import a_date
from casemgmt.cli.show import give, progress, say, table, working, wrote
from casemgmt.errors import plural

SYNTHETIC_DATE = dt.date(2021, 1, 1)  # the date of the published practice lists
LARGEST_CHECKED = 200  # practices; above, reading the whole file back would need too much memory

Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same people.")]


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to save; an earlier demo there is replaced.")] = Path(
        "casemgmt-demo"
    ),
    seed: Seed = 0,
) -> None:
    """Run the whole job on a synthetic Rotherham.

    Makes 265,018 patients in 29 practices, ranks them, selects by rotherham-2015-16 and saves the lists.
    """
    from casemgmt.outputs.disclosure import ROUND_TO, SUPPRESS_UP_TO, programme_lines, table_that_may_leave
    from casemgmt.results.selecting import select
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme
    from casemgmt.synthetic.synthesise import synthesise as make

    scheme, model = load_scheme("rotherham-2015-16"), load_model("cambridge-multimorbidity-20")
    with progress("Making Rotherham", "practices") as moved:
        register = make("03L", SYNTHETIC_DATE, seed, progress=moved)
    with working("Selecting"):
        selection = select(register, scheme, model=model)
    with working("Publishing"):
        selection.save(out, overwrite=True)
        wrote(out)
    say(scheme.title)
    say(
        f"{plural(len(register), 'synthetic patient')} of {plural(len(register.practices), 'practice')}, made from "
        f"published tables; list of {register.as_of}. No row is a real person."
    )
    say(f"Ranked by {model.name}, a score of long-term illness. It is not a risk of admission within 12 months.\n")
    published = table_that_may_leave(selection)
    give(as_of=register.as_of, patients=len(register), practices=len(register.practices), scheme=scheme.id)
    give(model=model.name, may_leave=published.to_pylist())
    _show_commissioner(published.to_pylist(), SUPPRESS_UP_TO, ROUND_TO)
    for line in programme_lines(selection, published):
        say(line)
    say(
        f"\nSaved in {out}: processor/ (all rows), practices/ (a list each), commissioner/ (this table), manifest.json."
    )
    say(f"Check it with: casemgmt verify {out}")


def _show_commissioner(rows: list[dict[str, Any]], hidden: int, nearest: int) -> None:
    """One line a practice: the patients who meet each route, from the published cells alone."""
    practices: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        practices.setdefault(row["practice_id"], []).append(row)
    routes = [row["route"] for row in rows[: len(practices[rows[0]["practice_id"]])]]
    lines = []
    for practice, own in practices.items():
        managed = own[-1]["percent_of_list"]
        share = "" if managed is None else f"{managed:.1f}%"
        lines.append((practice, own[0]["list_size"], *(_published_cell(row) for row in own), share))
    table(
        "",
        ("practice", "list_size", *routes, "managed"),
        lines,
        title=f"What may leave the practices: 1 to {hidden} suppressed, other counts to the nearest {nearest}",
    )
    say(
        "case_managed counts each patient once; managed is its share of the list. + : suppressed counts are left out.\n"
    )


def _published_cell(row: dict[str, Any]) -> str | int:
    """The count who meet a route, or what is published in its place."""
    notes = {name: text for name, _, text in (part.partition(" ") for part in (row["note"] or "").split("; "))}
    note = notes.get("met")
    if row["met"] is None:
        return note or ""
    return f"{row['met']:,}+" if note else int(row["met"])


def synthesise(
    area: Annotated[
        str, typer.Argument(metavar="[AREA]", help="A CCG code (03L is Rotherham), a practice code, or England.")
    ] = "03L",
    *,
    to: Annotated[Path, typer.Option(metavar="FILE.parquet", help="The register to write.")],
    as_of: Annotated[
        dt.date, typer.Option(parser=a_date, metavar="DATE", help="The list date; it moves dates and nothing else.")
    ] = SYNTHETIC_DATE,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")] = False,
) -> None:
    """Make a register of synthetic patients."""
    from casemgmt.synthetic.synthesise import synthesise as make

    if to.suffix.lower() not in (".parquet", ".pq"):
        raise typer.BadParameter("write to a file that ends in .parquet.", param_hint="--to")
    refuse_existing(to, overwrite=overwrite)
    with progress("Making patients", "practices") as moved:
        make(area, as_of, seed, to=to, progress=moved)
        wrote(to)
    with working("Counting"):
        rows = _age_shares(to)
    table("conditions", ("condition", "patients", "aged 65 and over", "basis of the age curve"), rows)
    say()
    _show_agreement(to, area)
    say(f"Written: {to}. No row is a real person.")


def _age_shares(path: Path) -> list[tuple[str, int, str, str]]:
    from casemgmt.synthetic.checks import condition_age_shares

    return [
        (
            row["condition"],
            row["registered"],
            "" if row["share_aged_65_over"] is None else f"{row['share_aged_65_over']:.0%}",
            row["basis"],
        )
        for row in condition_age_shares(path).to_pylist()
    ]


def _show_agreement(path: Path, area: str) -> None:
    """How many of the published counts the file meets."""
    import pyarrow.parquet as pq

    from casemgmt.synthetic.checks import check_against_published
    from casemgmt.synthetic.published import practices

    number, patients = len(practices(area)), pq.ParquetFile(path).metadata.num_rows
    give(patients=patients, practices=number)
    say(f"{patients:,} patients of {plural(number, 'practice')}.")
    if number > LARGEST_CHECKED:
        return
    found = check_against_published(pq.read_table(path)).to_pylist()
    outside = [row for row in found if not row["within"]]
    give(published_counts=len(found), published_counts_met=len(found) - len(outside))
    say(f"{len(found) - len(outside):,} of {len(found):,} published counts met within their tolerance.")
    for row in outside[:10]:
        say(f"  {row['practice']}, {row['measure']}: published {row['published']:g}, drawn {row['synthetic']:g}")
