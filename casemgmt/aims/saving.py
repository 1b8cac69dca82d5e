"""Writing measures down: tables, definitions, the account, funnels, run charts and figures, all or nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.aims.definitions import AVOIDABLE, EMERGENCY, HOME, NO_EFFECT
from casemgmt.errors import InputError
from casemgmt.evaluation.saving import as_png, write_new
from casemgmt.outputs.csv_text import to_csv

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.aims.result import Outcomes

README = "README.txt"


def save(found: Outcomes, folder: Path) -> Path:
    """Write everything to a folder that is not there yet.

    Raises
    ------
    PublishError
    """
    return write_new(files_of(found), folder)


def files_of(found: Outcomes) -> dict[str, bytes]:
    """Every file's bytes by name."""
    drawn = charts_of(found)
    tables = {**found.tables, "definitions": found.definitions(), "account": found.account, "report": found.report}
    tables |= {name: table for name, (_, table) in drawn.items()}
    files = {f"{name}.csv": to_csv(_with_caution(table, name)) for name, table in tables.items()}
    files |= _figures(drawn)
    return files | {README: _readme(found, sorted(files)).encode()}


def charts_of(found: Outcomes) -> dict[str, tuple[str, pa.Table]]:
    """The funnels and run charts that the measures have numbers for, each with its kind."""
    drawn: dict[str, tuple[str, pa.Table]] = {}
    for measure in (EMERGENCY, AVOIDABLE, HOME):
        if measure in found.tables:
            try:
                drawn[f"{measure}-funnel"] = ("funnel", found.funnel(measure))
            except InputError:  # no year of it is covered whole, or nobody was followed
                continue
    for measure in (EMERGENCY, AVOIDABLE):
        if measure in found.tables:
            drawn[f"{measure}-run-chart"] = ("run_chart", found.run_chart(measure))
    return drawn


def _figures(drawn: dict[str, tuple[str, pa.Table]]) -> dict[str, bytes]:
    from casemgmt.aims.plots import SIZE, draw
    from casemgmt.evaluation.plots import require_matplotlib

    try:
        require_matplotlib()
    except InputError:
        return {}
    return {f"{name}.png": as_png(SIZE, partial(draw, which, table)) for name, (which, table) in drawn.items()}


def _with_caution(table: pa.Table, name: str) -> pa.Table:
    """The table with the caution on each line, which a CSV file cannot hold elsewhere; not that of rows and words."""
    import pyarrow as pa

    if name in ("definitions", "account", "report"):
        return table
    return table.append_column("caution", pa.array([NO_EFFECT] * table.num_rows, pa.string()))


def _readme(found: Outcomes, files: list[str]) -> str:
    lines = [
        NO_EFFECT,
        "",
        f"Years are held against {found.base_year}; records: {found.covers[0]} to {found.covers[1]}.",
    ]
    lines += [f"Left out: {name}: {why}." for name, why in found.left_out.items()]
    lines += [
        "These are whole counts: for the practices and whoever may see them. What may leave is",
        "by_practice(suppressed=True), or casemgmt outcomes --suppressed FILE.",
        "definitions.csv says what every column means, and how sure that is; account.csv what became of every row;",
        "report.csv which rows to look at.",
        "",
        *files,
    ]
    return "\n".join(lines) + "\n"
