"""Tables of counts on the screen, and tables of people in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.cli.files import write_table
from casemgmt.cli.show import say, table
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that are about one person: no table with one of them is printed.
_OF_PEOPLE = frozenset({"patient_id", "by", "details"})
_FEWEST_FOR_TOTALS = 2


def show_counts(counts: pa.Table, *, total: bool = True) -> None:
    """Print a table of whole numbers a practice, without columns that are nought everywhere, and their totals."""
    if _OF_PEOPLE & set(counts.column_names):
        raise AssertionError("a table of people is written into a file, never printed")
    rows = counts.to_pylist()
    if not rows:
        say("No practice.")
        return
    names = [name for name in counts.column_names if name == "practice_id" or any(row[name] for row in rows)]
    heads = ["practice" if name == "practice_id" else name.replace("_", " ") for name in names]
    shown = [[row[name] for name in names] for row in rows]
    if total and len(rows) >= _FEWEST_FOR_TOTALS:
        shown.append(["all", *(_summed([row[name] for row in rows]) for name in names[1:])])
    table(heads, shown)


def _summed(values: list[object]) -> object:
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return sum(numbers) if len(numbers) == len(values) else None


def write_people(people: pa.Table, to: Path, *, overwrite: bool, of: str = "row") -> None:
    """Write a table of people, and say where it is."""
    write_table(people, to, overwrite=overwrite)
    say(f"Written: {to} ({plural(people.num_rows, of)}).")
