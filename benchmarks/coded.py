"""Coded rows to Charlson and hospital frailty scores, against comorbidipy: ``python -m benchmarks.coded``.

Works of ``python -m benchmarks`` whose names begin with ``coded`` hold Charlson scores against polars and DuckDB.
comorbidipy needs a newer Python than this package, so it runs in one of its own, given with ``--comorbidipy``:

    python3.13 -m venv other && other/bin/pip install comorbidipy
    python -m benchmarks.coded --comorbidipy other/bin/python

The scores of every patient are compared before anything is timed; then both sides take turns. Memory is measured in a
process that does one work alone.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import casemgmt as cm
from benchmarks.coded_rows import make_rows
from benchmarks.timing import timed

MODELS = {"charlson": ("charlson-quan-2011", "charlson-quan-2005"), "hfrs": ("hospital-frailty-risk-score", "hfrs")}
OTHER = Path(__file__).with_name("coded_comorbidipy.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One thing to do: the rows (see :func:`write_rows`), how their codes are held, and the score."""

    rows: str
    score: str
    dictionary: bool

    @property
    def title(self) -> str:
        order = "rows in patient order" if "order" in self.rows else "rows in any order"
        ids = ", text ids" if "text" in self.rows else ""
        return f"{self.score}, {'dictionary-encoded' if self.dictionary else 'plain'} codes, {order}{ids}"


WORKS = (
    Work(rows="order", score="charlson", dictionary=True),
    Work(rows="any", score="charlson", dictionary=True),
    Work(rows="any", score="charlson", dictionary=False),
    Work(rows="order", score="hfrs", dictionary=True),
    Work(rows="any", score="hfrs", dictionary=True),
    Work(rows="any_text", score="charlson", dictionary=False),
    Work(rows="order_text", score="charlson", dictionary=True),
)


def write_rows(folder: Path, rows: int, patients: int) -> None:
    """The same rows four times: in any order and by patient, ids as whole numbers and as text."""
    ids, places, codes = make_rows(rows, patients)
    by_patient = np.argsort(ids, kind="stable")
    for name, order in (("any", slice(None)), ("order", by_patient)):
        code = pa.DictionaryArray.from_arrays(pa.array(places[order]), pa.array(codes)).cast(pa.string())
        number = pa.array(ids[order])
        table = pa.table({"id": number, "code": code})
        pq.write_table(table, folder / f"{name}.parquet")
        text = pa.array(np.char.add("P", np.char.zfill(ids[order].astype(f"U{len(str(patients))}"), 9)))
        pq.write_table(table.set_column(0, "id", text), folder / f"{name}_text.parquet")


def load(folder: Path, work: Work) -> pa.Table:
    """The rows of a work, as a user would hold them."""
    table = pq.read_table(folder / f"{work.rows}.parquet", read_dictionary=["code"] if work.dictionary else [])
    return table.combine_chunks().rename_columns(["patient_id", "code"])


@functools.cache
def loaded(score: str) -> tuple[Any, cm.CodeList]:
    """Model and code list, which both sides hold before they begin: comorbidipy's are Python dictionaries."""
    model, codelist = MODELS[score]
    return cm.load_model(model), cm.load_codelist(codelist)


def ours(table: pa.Table, score: str) -> pa.Table:
    """From rows to one score a patient; every distinct code is checked and looked up in the same call."""
    model, codelist = loaded(score)
    return cm.derive_conditions(table, codelist, as_of="2024-02-01", undated_as_ever=True).score(model)


class Comorbidipy:
    """comorbidipy in its own process."""

    def __init__(self, python: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [python, str(OTHER), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions = self._answer()

    def run(self, work: Work, path: Path | None = None) -> tuple[float, float]:
        """Seconds by the clock and of processor time."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([[work.rows, work.score], path and str(path)]) + "\n")
        self._process.stdin.flush()
        clock, processor = self._answer()
        return clock, processor

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def compare(work: Work, table: pa.Table, found: pa.Table, path: Path) -> str:
    """Say in words how the two sides' scores agree; raise where a difference has no explanation."""
    other = pq.read_table(path).sort_by("id")
    if (
        not other.column("id")
        .combine_chunks()
        .cast(found.schema.field(0).type)
        .equals(found.column("patient_id").combine_chunks())
    ):
        raise AssertionError(f"{work.title}: not the same patients")
    theirs, mine = other.column("score").to_numpy(), found.column("score").to_numpy()
    differ = np.abs(theirs - mine) > 1e-9
    if work.score == "charlson":
        # The 2011 weight of HIV is 4 points (Am J Epidemiol 173:676), and comorbidipy's is 2.
        derived = cm.derive_conditions(table, "charlson-quan-2005", as_of="2024-02-01", undated_as_ever=True)
        hiv = derived.flag("charlson_hiv_aids")
        if np.abs(theirs - mine + 2 * hiv).max() > 0:
            raise AssertionError(f"{work.title}: a difference that is not the weight of HIV")
        return (
            f"{len(mine) - differ.sum():,} scores equal; {differ.sum():,} of people with HIV differ by the 2 points by "
            "which comorbidipy's weight falls short of the paper's"
        )
    extra = counted_twice(table, found)
    if np.abs(theirs - mine - extra).max() > 1e-6:
        raise AssertionError(f"{work.title}: a difference that is not a code counted twice")
    return (
        f"{len(mine) - differ.sum():,} scores equal; {differ.sum():,} differ by exactly the points of codes with the "
        "same three characters, which comorbidipy counts once for each full code and the score once a patient"
    )


def counted_twice(table: pa.Table, found: pa.Table) -> np.ndarray:
    """The points that full codes add beyond the first of their three characters, a patient."""
    model = cm.load_model("hospital-frailty-risk-score")
    points = {each.name.removeprefix("hfrs_").upper(): each.table[1] / 1e6 for each in model.inputs}
    code = table.column("code").combine_chunks()
    code = code if pa.types.is_dictionary(code.type) else code.dictionary_encode()
    texts = code.dictionary.to_pylist()
    ids = table.column("patient_id").to_numpy().astype(np.int64)
    pairs = np.unique(ids * len(texts) + code.indices.to_numpy())
    stems = sorted({text[:3] for text in texts})
    stem_of = np.array([stems.index(text[:3]) for text in texts])
    worth = np.array([points.get(stem, 0.0) for stem in stems]) / model.divide_by
    who, what = pairs // len(texts), stem_of[pairs % len(texts)]
    once = np.unique(who * len(stems) + what)
    everyone = found.column("patient_id").to_numpy()
    full = np.bincount(np.searchsorted(everyone, who), weights=worth[what], minlength=len(everyone))
    single = np.bincount(
        np.searchsorted(everyone, once // len(stems)), weights=worth[once % len(stems)], minlength=len(everyone)
    )
    return full - single


def measure(folder: Path, work: Work, other: Comorbidipy | None, repeats: int) -> dict[str, Any]:
    """Check, then time in turns."""
    table = load(folder, work)
    found = ours(table, work.score)
    said = "not compared"
    if other is not None:
        path = folder / "theirs.parquet"
        other.run(work, path)
        said = compare(work, table, found, path)
    del found
    mine, theirs = [], []
    for _ in range(repeats):
        if other is not None:
            theirs.append(other.run(work))
        turn, _ = timed(lambda: ours(table, work.score))
        mine.append((turn.clock, turn.processor))
    return {"title": work.title, "said": said, "ours": mine, "theirs": theirs}


def show(result: dict[str, Any]) -> None:
    mine = [clock for clock, _ in result["ours"]]
    print(f"{result['title']}\n  {result['said']}")
    print(f"  casemgmt best {min(mine) * 1e3:.0f} ms, median {median(mine) * 1e3:.0f} ms")
    if result["theirs"]:
        theirs = [clock for clock, _ in result["theirs"]]
        processor = [min(seconds for _, seconds in result[side]) for side in ("theirs", "ours")]
        print(
            f"  comorbidipy best {min(theirs) * 1e3:.0f} ms, median {median(theirs) * 1e3:.0f} ms: "
            f"{min(theirs) / min(mine):.0f}× by the best, {median(theirs) / median(mine):.0f}× by the median, "
            f"{processor[0] / processor[1]:.0f}× in processor time",
            flush=True,
        )


def status(name: str) -> int:
    """A line of this process's memory, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def memory(folder: Path, work: Work) -> None:
    """How much the work takes beside its input, printed; the compiled code is loaded before."""
    ours(load(folder, work).slice(0, 1000), work.score)
    table = load(folder, work)
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = status("VmRSS")
    ours(table, work.score)
    extra = status("VmHWM") - before
    print(
        f"{work.title}: input {table.nbytes / 1e6:.0f} MB, peak beside it {extra / 1e6:.0f} MB: "
        f"{(table.nbytes + extra) / table.nbytes:.2f} times the input in all",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--patients", type=int, default=1_250_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--comorbidipy", metavar="PYTHON", help="a Python that has comorbidipy")
    parser.add_argument("--work", type=int, action="append", help="a work by its number, from 0; all without")
    parser.add_argument("--memory-of", nargs=2, metavar=("FOLDER", "WORK"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory_of:
        memory(Path(asked.memory_of[0]), WORKS[int(asked.memory_of[1])])
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder, asked.rows, asked.patients)
        other = Comorbidipy(asked.comorbidipy, folder) if asked.comorbidipy else None
        if other is not None:
            print("comorbidipy {}, polars {}, Python {}".format(*other.versions))
        load = os.getloadavg()[0]
        print(f"{asked.rows:,} rows, {asked.patients:,} patients, {os.cpu_count()} cores; load {load:.1f}")
        for number in asked.work or range(len(WORKS)):
            show(measure(folder, WORKS[number], other, asked.repeats))
            subprocess.run(
                [sys.executable, "-m", "benchmarks.coded", "--memory-of", str(folder), str(number)], check=True
            )


if __name__ == "__main__":
    main()
