"""The files that works read: made once, kept under a folder, and taken again by every later run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.answers import Answer, Truth
from benchmarks.data import Order, Population

COMPRESSION = "snappy"
ROWS_A_GROUP = 1_000_000
# A change of what is written under the same arguments needs a new number, so that no old file is taken for it.
EDITION = 1

TEXTS = ("practice_id", "sex", "care_home_type")


def name_of(kind: str, patients: int, practices: int, order: Order | None = None) -> str:
    """What a kept file is called, without its ending."""
    parts = (kind, order, f"{patients}-in-{practices}", f"e{EDITION}")
    return "-".join(part for part in parts if part is not None)


def made_once(path: Path, make: Callable[[Path], None]) -> Path:
    """The file, made first where it is not there; it appears whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            make(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def write_wide(population: Population, path: Path, rows_a_group: int = ROWS_A_GROUP) -> None:
    """A Parquet file with a column a field, as a practice system would export it; one row group at a time."""
    import pyarrow.parquet as pq

    schema = population.to_arrow(0, 0).schema
    with pq.ParquetWriter(
        path, schema, compression=COMPRESSION, use_dictionary=list(TEXTS), write_page_checksum=True
    ) as writer:
        for start in range(0, len(population), rows_a_group):
            stop = min(start + rows_a_group, len(population))
            writer.write_table(population.to_arrow(start, stop), row_group_size=rows_a_group)


def write_csv(population: Population, path: Path) -> None:
    """The same as text: a header, flags as true and false, some hundred thousand rows at a time."""
    import pyarrow.csv

    with pyarrow.csv.CSVWriter(
        path, population.to_arrow(0, 0).schema, write_options=pyarrow.csv.WriteOptions(quoting_style="none")
    ) as writer:
        for start in range(0, len(population), ROWS_A_GROUP):
            writer.write_table(population.to_arrow(start, min(start + ROWS_A_GROUP, len(population))))


def write_truth(truth: Truth, path: Path) -> None:
    """The reference, as plain arrays."""
    with path.open("wb") as file:
        np.savez(
            file,
            people=truth.answer.people,
            by_risk=truth.answer.by_risk,
            practice=truth.practice,
            keys=truth.keys,
            ranked=truth.ranked,
            resident=truth.resident,
            taken=truth.taken,
            cut=truth.cut,
            tied_practices=np.array(truth.tied_practices),
        )


def read_truth(path: Path) -> Truth:
    """The reference, as `write_truth` left it."""
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    return Truth(
        answer=Answer(people=arrays.pop("people"), by_risk=arrays.pop("by_risk")),
        tied_practices=int(arrays.pop("tied_practices")),
        **arrays,
    )
