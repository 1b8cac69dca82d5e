"""``casemgmt report``: what a commissioner is told of a published selection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.options import PublishedBeforeOption
from casemgmt.cli.reading import Reading, takes_register
from casemgmt.cli.show import give, say, working, wrote

SelectionOption = Annotated[
    Path, typer.Option("--selection", metavar="DIR", help="The published selection that the report is of.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")]


@takes_register
def report(
    reading: Reading,
    selection: SelectionOption,
    out: OutOption,
    tariff: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="What a plan, a review and a head are paid. [default: none]")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The last report, to show the change since then.")
    ] = None,
    published_before: PublishedBeforeOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier report in that folder.")] = False,
) -> None:
    """Write the report to the commissioner: a page, a workbook and CSV files, suppressed and rounded together."""
    from casemgmt.results.published import load_selection
    from casemgmt.results.reporting import commissioner_report

    lists = load_selection(selection)
    with working("Reading the register"):
        register = reading.register()
    with working("Working out what may leave"):
        made = commissioner_report(
            lists, register=register, tariff=tariff, previous=previous, published_before=published_before or ()
        )
        made.save(out, overwrite=overwrite)
        wrote(out)
    give(report=f"{made}".strip("<>"))
    say(f"{made}".strip("<>"))
    say(f"Saved in {out}: report.html, report.xlsx, and the data of each figure in figures/.")
    say("Counts of 1 to 7 are suppressed, and the figures were held against the publications beside it.")
