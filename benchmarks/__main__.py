"""``python -m benchmarks``: make the data, check that all contenders agree, time them in turn, write what came out."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.check import compared, told
from benchmarks.contenders import WORKS
from benchmarks.data import usual_practices
from benchmarks.machine import machine
from benchmarks.report import machine_and_tables, report_of, table_of
from benchmarks.run import Job, run_apart
from benchmarks.startup import start_up_times
from benchmarks.works import Work, usable_cores

# Frames of more people than this, and all that is made from them, are held only where a work is asked for by name.
MOST_IN_FRAMES = 20_000_000
QUICK_PATIENTS = 10_000
START_UP = "start-up"
KEYS = tuple(dict.fromkeys(each.key for work in WORKS for each in work.contenders))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every contender, time them in turn, write the table, the plots and every time."""
    options = _options(arguments)
    earlier = _earlier(options)
    results: dict[str, Any] = {"machine": machine(), "touched_gb": options.touch_gb, "runs": [], "start_up": None}
    with tempfile.TemporaryDirectory(prefix="casemgmt-benchmarks-") as folder:
        scratch = Path(folder)
        data = options.data or scratch
        data.mkdir(parents=True, exist_ok=True)
        for job in jobs(options, data.resolve()):
            try:
                results["runs"].append(run_apart(job, scratch / "run.json"))
            except RuntimeError as error:
                print(f"{job.work}: stopped; {error}.", file=sys.stderr)
                return 1
            print(table_of(results["runs"][-1]), end="\n\n", flush=True)
        if START_UP in options.works:
            results["start_up"] = start_up_times(options.repeats, scratch)
    print(machine_and_tables(results), flush=True)
    if options.out is not None:
        write(results, options.out)
    if earlier is None:
        return 0
    found = compared(earlier, results)
    print(f"\n{told(found)}", flush=True)
    return int(any(each.has_regressed for each in found))


def _earlier(options: argparse.Namespace) -> dict[str, Any] | None:
    """The run to compare with, read before this one takes its place."""
    if options.check is None:
        return None
    path = options.check if options.check != Path() else (options.out / "results.json" if options.out else None)
    if path is None or not path.is_file():
        print("--check: name the results.json of an earlier run, or an --out that holds one.", file=sys.stderr)
        raise SystemExit(2)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(results: dict[str, Any], out: Path) -> None:
    """Every time as JSON, the report made from it, and the plots."""
    from benchmarks.plot import plot_ratios, plot_sizes

    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "report.md").write_text(report_of(results) + "\n", encoding="utf-8")
    plot_ratios(results, out)
    plot_sizes(results, out)


def jobs(options: argparse.Namespace, data: Path) -> Iterator[Job]:
    """Every work at every size, in every order, on every number of threads."""
    for place, asked in enumerate(options.patients):
        given = options.practices[min(place, len(options.practices) - 1)] if options.practices else None
        for work in WORKS:
            patients = asked if work.most is None or options.by_name else min(asked, work.most)
            is_again = patients < asked and (patients in options.patients or asked != max(options.patients))
            if is_again or work.name not in options.works:
                continue
            if work.files or patients <= MOST_IN_FRAMES or options.by_name:
                for order in _orders(work, options, patients):
                    for threads in options.by_threads or [options.threads]:
                        yield Job(
                            work=work.name,
                            patients=patients,
                            practices=given or usual_practices(patients),
                            order=order,
                            threads=threads,
                            repeats=options.repeats,
                            data=str(data),
                            contenders=tuple(options.contenders),
                            touched_bytes=int(options.touch_gb * 1e9),
                        )


def _orders(work: Work, options: argparse.Namespace, patients: int) -> list[str]:
    """Those asked for that the work knows; by default all of a file's, but only the first of frames and of England."""
    if options.orders is not None:
        return [order for order in work.orders if order in options.orders]
    return list(work.orders if work.files and not options.quick and patients <= MOST_IN_FRAMES else work.orders[:1])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    names = (*(work.name for work in WORKS), START_UP)
    parser.add_argument("--works", nargs="+", choices=names, help="all that take seconds, by default")
    parser.add_argument("--patients", nargs="+", type=_count, help="sizes [default: 10,000,000]")
    parser.add_argument("--practices", nargs="+", type=_count, help="one for all sizes, or one each")
    parser.add_argument("--orders", nargs="+", choices=("sorted", "shuffled"), help="of the rows")
    parser.add_argument("--repeats", type=_count, help="rounds after the first, checked call [default: 7]")
    parser.add_argument("--threads", type=_count, default=usable_cores(), help="for every contender that takes them")
    parser.add_argument("--by-threads", nargs="+", type=_count, help="each of these numbers of threads in turn")
    parser.add_argument("--contenders", nargs="+", choices=KEYS, default=(), help="beside casemgmt; all, by default")
    touch = "of memory taken and given back before each turn in memory, where a host takes it from the machine"
    parser.add_argument("--touch-gb", type=float, default=0.0, help=touch)
    parser.add_argument("--quick", action="store_true", help=f"everything once, with {QUICK_PATIENTS:,} patients")
    parser.add_argument("--data", type=Path, help="where files are kept for later runs [default: nowhere]")
    parser.add_argument("--out", type=Path, help="the folder for results.json, report.md and the plots")
    check = "name what fell beyond noise since this run [default: results.json in --out]"
    parser.add_argument("--check", nargs="?", const=Path(), type=Path, metavar="FILE", help=check)
    options = parser.parse_args(arguments)
    options.by_name = options.works is not None
    options.works = options.works or (*(work.name for work in WORKS if work.by_default), START_UP)
    options.patients = options.patients or [QUICK_PATIENTS if options.quick else 10_000_000]
    options.repeats = options.repeats or (1 if options.quick else 7)
    return options


def _count(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
