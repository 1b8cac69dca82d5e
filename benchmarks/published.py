"""A published list for every practice, from the wide file: `casemgmt select` as a whole process.

There is no other tool for it. polars writes the selected of each practice as a CSV file, and does much less: no ranks,
no reasons, no removals, no manifest, no summary for the commissioner, nothing private or whole-or-not-at-all; and its
time begins after its imports, where casemgmt's is that of the whole process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import ours, with_ids
from benchmarks.answers import Answer, DiffersError, answer_of_table
from benchmarks.data import AS_OF
from benchmarks.formula import FOLDER
from benchmarks.processes import python
from benchmarks.works import SCHEME, Inputs

REMOVALS = "-removals"


def by_casemgmt(inputs: Inputs) -> Callable[[], Path]:
    """The command, as a user types it."""
    command = ["-m", "casemgmt", "select", str(inputs.wide), "--as-of", AS_OF, "--scheme", str(SCHEME)]
    command += ["--model", str(FOLDER), "--threads", str(inputs.threads), "--quiet", "--out", str(inputs.out)]

    def run() -> Path:
        python(command)
        return inputs.out

    return run


def a_file_a_practice(chosen: Any, folder: Path) -> Path:
    """What polars selected, as a CSV file a practice."""
    lists = folder / "practices"
    lists.mkdir(parents=True)
    for (practice,), people in chosen.partition_by("practice_id", as_dict=True).items():
        people.write_csv(lists / f"{practice}.csv")
    return folder


by_polars = with_ids.polars_from_wide(with_ids.at_its_best, a_file_a_practice)


def from_lists(folder: Path) -> Answer:
    """Who is on the lists of the practices, each person on the list of the right one."""
    return answer_of_table(ours.works_columns(_lists(folder)))


def from_parts(folder: Path) -> Answer:
    """The same of the files of polars."""
    return answer_of_table(_lists(folder))


def _lists(folder: Path) -> Any:
    import pyarrow as pa
    import pyarrow.csv

    tables = []
    for path in sorted((folder / "practices").glob("*.csv")):
        if path.stem.endswith(REMOVALS):
            continue
        types = {"practice_id": pa.string(), "patient_id": pa.string(), "score": pa.float64()}
        table = pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=types))
        if table.num_rows and set(table.column("practice_id").unique().to_pylist()) != {path.stem}:
            raise DiffersError("1 differ: a list that holds another practice's people.")
        if table.num_rows:
            tables.append(table.select([name for name in table.column_names if not name.startswith("reason_")]))
    return pa.concat_tables(tables, promote_options="permissive")
