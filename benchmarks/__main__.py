"""``python -m benchmarks [--patients N] [--practices N] [--repeats N] [--threads N] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every contender, time them in turn, print the ratios."""
    options = _options(arguments)
    # polars and numba read these once, when they are imported.
    os.environ.setdefault("POLARS_MAX_THREADS", str(options.threads))

    from benchmarks.contenders import WORKS
    from benchmarks.report import machine, machine_line, peak_memory_gb, results_of, table_of
    from benchmarks.startup import start_up_table, start_up_times
    from benchmarks.timing import measure
    from benchmarks.works import Inputs

    before = machine()
    results = []
    for work in WORKS:
        inputs = Inputs(
            patients=options.patients, practices=options.practices, threads=options.threads, order=work.order
        )
        times = measure(work, inputs, options.repeats, lambda text: print(text, file=sys.stderr, flush=True))
        results.append(results_of(work, inputs, times))
        print(table_of(results[-1]), end="\n\n", flush=True)
    start_up = start_up_times(options.repeats)
    print(start_up_table(start_up), machine_line(before), sep="\n\n", flush=True)
    if options.json is not None:
        content = {"machine": before, "peak_memory_gb": peak_memory_gb(), "works": results, "start_up_s": start_up}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    from benchmarks.works import usable_cores

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--patients", type=_count, default=10_000_000)
    parser.add_argument("--practices", type=_count, default=1_000)
    parser.add_argument("--repeats", type=_count, default=7, help="rounds after the first, checked call")
    parser.add_argument("--threads", type=_count, default=usable_cores(), help="for every contender that takes them")
    parser.add_argument("--json", type=Path, help="where every time is written")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
