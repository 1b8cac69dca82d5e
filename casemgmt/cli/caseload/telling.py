"""Tables of counts on the screen, and tables of people in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.cli.files import write_table
from casemgmt.cli.show import give, say, table
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that are about one person: no table with one of them is printed.
_OF_PEOPLE = frozenset({"patient_id", "by", "details"})
_FEWEST_FOR_TOTALS = 2


def show_counts(counts: pa.Table, *, total: bool = True) -> None:
    """Print a table of whole numbers a practice, without columns that are nought everywhere, and their totals.

    The JSON document has every column of it as ``practices``.
    """
    if _OF_PEOPLE & set(counts.column_names):
        raise AssertionError("a table of people is written into a file, never printed")
    rows = counts.to_pylist()
    give(practices=rows)
    if not rows:
        say("No practice.")
        return
    columns = [each for each in counts.column_names if each == "practice_id" or any(row[each] for row in rows)]
    heads = ["practice" if each == "practice_id" else each.replace("_", " ") for each in columns]
    shown = [[row[each] for each in columns] for row in rows]
    if total and len(rows) >= _FEWEST_FOR_TOTALS:
        shown.append(["all", *(_summed([row[each] for row in rows]) for each in columns[1:])])
    table("", heads, shown)


def _summed(values: list[object]) -> object:
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return sum(numbers) if len(numbers) == len(values) else None


def write_people(people: pa.Table, to: Path, *, overwrite: bool, of: str = "row") -> None:
    """Write a table of people, and say where it is."""
    write_table(people, to, overwrite=overwrite)
    say(f"Written: {to} ({plural(people.num_rows, of)}).")
