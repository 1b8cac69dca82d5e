"""Results for people, made from the JSON of a run alone: ``python -m benchmarks.report results.json`` prints the
tables of ``examples/speed.md``; ``--whole`` every table of the report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import machine_line
from benchmarks.startup import USUAL_IMPORTS

Run = dict[str, Any]
Contender = dict[str, Any]

# Columns of the table in examples/speed.md; a contender on the packed file, or with another input, is in the report.
COLUMNS = {
    "numpy": "good NumPy",
    "polars-rank": "polars by rank",
    "polars-best": "polars at its best",
    "duckdb": "DuckDB",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "part": "a part of it, alone",
    "part-ids": "ids alone, in polars",
}

# What a reference counts, in words.
COUNTS = {
    "selected": "selected",
    "practices_with_ties_at_the_cut": "practices in which the cut parts equal scores",
    "patients_scored": "patients with a score",
    "people": "people",
    "outcomes": "who had the outcome",
}


def best(contender: Contender) -> float:
    """Its quickest later call, in seconds."""
    return min(contender["warm_s"])


def peak(contender: Contender) -> int | None:
    """The median peak memory of its processes, in bytes; None where it shared one."""
    return int(median(contender["peak_bytes"])) if contender["peak_bytes"] else None


def ratios(run: Run, contender: Contender) -> dict[str, float]:
    """Its times ÷ those of the first contender."""
    ours = run["contenders"][0]
    return {
        "best": best(contender) / best(ours),
        "median": median(contender["warm_s"]) / median(ours["warm_s"]),
        "first call": contender["cold_s"] / ours["cold_s"],
        "processor": min(contender["processor_s"]) / min(ours["processor_s"]),
    }


def readme_table(runs: Sequence[Run]) -> str:
    """A line a run: time of casemgmt, and how many times as long, with how much of its memory, each other takes."""
    keys = [key for key in COLUMNS if any(_of(run, key) for run in runs)]
    lines = [
        f"| work | patients | rows | casemgmt | {' | '.join(COLUMNS[key] for key in keys)} |",
        f"|---|---:|---|---:|{'---:|' * len(keys)}",
    ]
    for run in runs:
        ours = run["contenders"][0]
        cells = [_ratio_cell(run, _of(run, key)) for key in keys]
        own = f"{seconds(best(ours))}{_memory(ours)}"
        lines.append(f"| {run['title']} | {_people(run)} | {run['order']} | {own} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _people(run: Run) -> str:
    rows = run["patients"] * run.get("rows_a_patient", 1)
    if rows > run["patients"]:
        return f"{run['patients']:,}, {rows:,} rows"
    return f"{run['patients']:,} in {run['practices']:,}"


def _size(run: Run) -> str:
    rows = run["patients"] * run.get("rows_a_patient", 1)
    other = f"{rows:,} rows" if rows > run["patients"] else f"{run['practices']:,} practices"
    return f"{run['patients']:,} patients, {other}"


def _of(run: Run, key: str) -> Contender | None:
    return next((each for each in run["contenders"] if each["key"] == key), None)


def _ratio_cell(run: Run, contender: Contender | None) -> str:
    if contender is None:
        return "–"
    ours = peak(run["contenders"][0])
    own = peak(contender)
    memory = f" (memory {own / ours:.1f}×)" if own and ours else ""
    ratio = ratios(run, contender)["best"]
    if contender.get("is_part"):
        return f"{ratio:.0%}: {contender['name']}"
    shown = f"{_number(ratio)}×"
    if contender.get("does_less"):
        return f"{shown}, doing less{memory}"
    return f"{_bold_below_one(ratio, shown)}{memory}"


def _bold_below_one(ratio: float, shown: str) -> str:
    """Where casemgmt loses is seen at once."""
    return f"**{shown}**" if ratio < 1 else shown


def _memory(contender: Contender) -> str:
    held = peak(contender)
    return "" if held is None else f", {held / 1e9:.2f} GB"


def _number(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def seconds(time: float) -> str:
    """A time with three digits or so."""
    return f"{time:.2f} s" if time >= 1 else f"{time * 1000:.0f} ms" if time >= 0.01 else f"{time * 1000:.1f} ms"


def table_of(run: Run) -> str:
    """One run as Markdown: all ratios, times and memory."""
    first = run["contenders"][0]
    lines = [
        f"### {run['title']}: {_size(run)} ({run['order']}, {run['threads']} threads)",
        "",
        f"Time ÷ time of {first['name']}: under 1, in bold, is quicker than {first['name']}. Every answer was checked "
        f"first: {', '.join(f'{run[name]:,} {words}' for name, words in COUNTS.items() if name in run)}.",
        "",
        "| contender | best | median | first call | processor time | best, median, first | peak memory | ties |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for each in run["contenders"]:
        relative = " | ".join(_bold_below_one(ratio, f"{ratio:.2f}") for ratio in ratios(run, each).values())
        times = ", ".join(seconds(time) for time in (best(each), median(each["warm_s"]), each["cold_s"]))
        held = peak(each)
        memory = "–" if held is None else f"{held / 1e9:.2f} GB"
        lines.append(f"| {each['name']}{_mark(each)} | {relative} | {times} | {memory} | {each['ties'] or '–'} |")
    return "\n".join(lines)


def _mark(contender: Contender) -> str:
    if contender.get("is_part"):
        return " (a part alone)"
    return " (does more)" if contender["does_more"] else " (does less)" if contender.get("does_less") else ""


def losses(runs: Iterable[Run]) -> list[str]:
    """Every place where another contender takes less time, or less memory, than casemgmt."""
    found = []
    for run in runs:
        ours = run["contenders"][0]
        for each in run["contenders"][1:]:
            if each.get("is_part"):
                continue
            slower = {name: ratio for name, ratio in ratios(run, each).items() if ratio < 1}
            held, own = peak(each), peak(ours)
            if held and own and held < own:
                slower["memory"] = held / own
            if slower:
                words = ", ".join(f"{name} {ratio:.2f}" for name, ratio in slower.items())
                where = f"{run['work']}, {run['patients']:,} {run['order']}, {run['threads']} threads"
                found.append(f"- {where}: {each['name']}{_mark(each)} ({words})")
    return found


def sizes_table(runs: Sequence[Run]) -> str | None:
    """Nanoseconds a patient by size, for each work that was run at several; None where none was."""

    def point(run: Run, time: float) -> str:
        return f"{run['patients']:,}: {1e9 * time / run['patients']:.1f}"

    return _lines(runs, "patients", "threads", "patients: ns each", point)


def threads_table(runs: Sequence[Run]) -> str | None:
    """Time by threads, for each work that was run on several numbers of them; None where none was."""
    return _lines(
        runs, "threads", "patients", "threads: best time", lambda run, time: f"{run['threads']}: {seconds(time)}"
    )


def _lines(runs: Sequence[Run], what: str, fixed: str, title: str, point: Callable[[Run, float], str]) -> str | None:
    """A line a contender over runs that differ in ``what`` alone."""
    lines = [f"| work | rows | {fixed} | contender | {title} |", "|---|---|---:|---|---|"]
    for same in several(runs, what):
        first = same[0]
        names = {each["key"]: each["name"] for run in same for each in run["contenders"]}
        for key, name in names.items():
            line = " · ".join(point(run, best(each)) for run in same if (each := _of(run, key)))
            lines.append(f"| {first['work']} | {first['order']} | {first[fixed]:,} | {name} | {line} |")
    return "\n".join(lines) if len(lines) > 2 else None


def on_most_threads(runs: Sequence[Run]) -> list[Run]:
    """Of runs that differ in threads alone the one with the most; the others are for the table by threads."""
    most: dict[tuple[Any, ...], int] = {}
    for run in runs:
        most[_but_threads(run)] = max(run["threads"], most.get(_but_threads(run), 0))
    return [run for run in runs if run["threads"] == most[_but_threads(run)]]


def _but_threads(run: Run) -> tuple[Any, ...]:
    return run["work"], run["patients"], run["practices"], run["order"]


def several(runs: Sequence[Run], what: str) -> Iterator[list[Run]]:
    """Groups of runs that differ in patients (and practices) or in threads alone, rising."""
    groups: dict[tuple[Any, ...], dict[int, Run]] = {}
    for run in runs:
        others = (run["work"], run["order"], run["threads"] if what == "patients" else run["patients"])
        groups.setdefault(others, {})[run[what]] = run
    for group in groups.values():
        if len(group) > 1:
            yield [run for _, run in sorted(group.items())]


def start_up_table(found: dict[str, dict[str, list[float]]]) -> str:
    """Fresh processes as Markdown: imports ÷ ``import pandas``, whole processes ÷ the usual imports."""
    lines = ["| fresh process | best | median | in ratio to | best time |", "|---|---:|---:|---|---:|"]
    for times, base in ((found["imports"], "import pandas"), (found["processes"], USUAL_IMPORTS)):
        for name, each in times.items():
            quickest, middle = min(each) / min(times[base]), median(each) / median(times[base])
            lines.append(f"| {name} | {quickest:.2f} | {middle:.2f} | `{base}` | {seconds(min(each))} |")
    return "\n".join(lines)


def machine_and_tables(results: dict[str, Any]) -> str:
    """All that follows the tables of single runs."""
    runs = on_most_threads(results["runs"])
    touched = results.get("touched_gb")
    said = f" Before each turn in memory, {touched:g} GB of memory were taken and given back." if touched else ""
    parts = [machine_line(results["machine"]) + said]
    if runs:
        lost = losses(runs)
        parts = [
            "## In short",
            readme_table(runs),
            *parts,
            "## Where casemgmt loses",
            "\n".join(lost) or "Nowhere here.",
        ]
    by_size, by_threads = sizes_table(runs), threads_table(results["runs"])
    parts += ["## Time a patient, by size", by_size] if by_size else []
    parts += ["## By threads", by_threads] if by_threads else []
    parts += ["## Start-up", start_up_table(results["start_up"])] if results["start_up"] else []
    return "\n\n".join(parts)


def report_of(results: dict[str, Any]) -> str:
    """The whole report."""
    return "\n\n".join(["# Timings", machine_and_tables(results), "## Every run", *map(table_of, results["runs"])])


def readme_part(results: dict[str, Any]) -> str:
    """What examples/speed.md shows: the table, the machine, start-up."""
    start_up = [start_up_table(results["start_up"])] if results["start_up"] else []
    table = [readme_table(on_most_threads(results["runs"]))] if results["runs"] else []
    return "\n\n".join([*table, machine_line(results["machine"]), *start_up])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print tables from a run's JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="results.json of one run, or of several of one machine")
    parser.add_argument("--whole", action="store_true", help="every table of the report")
    options = parser.parse_args(arguments)
    results = merged([json.loads(path.read_text(encoding="utf-8")) for path in options.results])
    print(report_of(results) if options.whole else readme_part(results))
    return 0


def merged(several_results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several runs as one; the first one's machine, the last one's start-up."""
    start_up = [each["start_up"] for each in several_results if each["start_up"]]
    return {
        "machine": several_results[0]["machine"],
        "runs": [run for each in several_results for run in each["runs"]],
        "start_up": start_up[-1] if start_up else None,
    }


if __name__ == "__main__":
    sys.exit(main())
