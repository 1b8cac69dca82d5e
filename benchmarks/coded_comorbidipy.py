"""The other side of ``benchmarks.coded``: comorbidipy in a Python of its own, told over its standard input what to do.

Each line in is a JSON list: the work, and a path to write the scores to (or null). Each line out is a JSON list of
seconds by the clock and of processor time. It needs comorbidipy alone.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import polars as pl
from comorbidipy import comorbidity, hfrs


def scored(frame: pl.DataFrame, score: str) -> pl.DataFrame:
    """One row an id."""
    if score == "hfrs":
        return hfrs(frame).select("id", score="hfrs_score")
    return comorbidity(frame).select("id", score="comorbidity_score")


def main(folder: Path) -> None:
    frames: dict[str, pl.DataFrame] = {}
    print(json.dumps([version("comorbidipy"), version("polars"), sys.version.split()[0]]), flush=True)
    for line in sys.stdin:
        (name, score), path = json.loads(line)
        if name not in frames:
            frames.clear()
            frames[name] = pl.read_parquet(folder / f"{name}.parquet")
        gc.collect()
        before, start = time.process_time(), time.perf_counter()
        found = scored(frames[name], score)
        seconds = time.perf_counter() - start, time.process_time() - before
        if path is not None:
            found.write_parquet(path)
        print(json.dumps(seconds), flush=True)


main(Path(sys.argv[1]))
