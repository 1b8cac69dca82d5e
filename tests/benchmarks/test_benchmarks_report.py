"""What the benchmarks print is what their JSON holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import _options, jobs
from benchmarks.__main__ import main as run_benchmarks
from benchmarks.contenders import PACKED
from benchmarks.plot import plot_sizes
from benchmarks.processes import python
from benchmarks.report import losses, main, merged, readme_table, report_of, sizes_table, table_of, threads_table
from benchmarks.run import Job, chosen

MACHINE = {
    "processor": "A processor",
    "architecture": "x",
    "system": "s",
    "cpu_count": 2,
    "usable_cores": 2,
    "memory_bytes": 8_000_000_000,
    "load_average_1min": 0.1,
    "python": "3",
    "versions": {"casemgmt": "1"},
}


def contender(key: str, warm: list[float], cold: float = 1.0, peak: int | None = None) -> dict[str, Any]:
    return {
        "key": key,
        "name": f"the {key}",
        "versions": {},
        "ties": "some of the tied",
        "does_more": False,
        "cold_s": cold,
        "warm_s": warm,
        "processor_s": warm,
        "peak_bytes": [] if peak is None else [peak] * len(warm),
    }


def run(*contenders: dict[str, Any], patients: int = 1_000, threads: int = 2) -> dict[str, Any]:
    return {
        "work": "wide-file",
        "title": "a file",
        "patients": patients,
        "practices": 10,
        "order": "shuffled",
        "threads": threads,
        "selected": 31,
        "practices_with_ties_at_the_cut": 4,
        "run_peak_bytes": 1,
        "contenders": list(contenders),
    }


FILES = run(
    contender("casemgmt", [0.25, 0.2, 0.4], 2.0, 500_000_000),
    contender("polars-rank", [0.9, 0.8, 0.7], 1.0, 1_000_000_000),
    contender("pandas", [0.1, 0.5, 3.0], 4.0, 400_000_000),
)


def test_the_readme_table_gives_the_best_times_and_the_memory_in_ratio() -> None:
    assert readme_table([FILES]).splitlines()[-1] == (
        "| a file | 1,000 in 10 | shuffled | 200 ms, 0.50 GB | 3.5× (memory 2.0×) | **0.50×** (memory 0.8×) |"
    )


def test_a_part_of_the_work_is_a_share_of_the_time_and_no_loss() -> None:
    part = contender("part", [0.05, 0.06]) | {"is_part": True}
    both = run(contender("casemgmt", [0.25, 0.2, 0.4]), part)
    assert readme_table([both]).splitlines()[-1] == "| a file | 1,000 in 10 | shuffled | 200 ms | 25%: the part |"
    assert "| the part (a part alone) | " in table_of(both)
    assert losses([both]) == []


def test_a_contender_that_a_run_lacks_is_a_dash() -> None:
    numpy = run(contender("casemgmt", [1.0]), contender("numpy", [12.34]))
    assert readme_table([numpy, FILES]).splitlines()[2:] == [
        "| a file | 1,000 in 10 | shuffled | 1.00 s | 12× | – | – |",
        "| a file | 1,000 in 10 | shuffled | 200 ms, 0.50 GB | – | 3.5× (memory 2.0×) | **0.50×** (memory 0.8×) |",
    ]


def test_a_table_tells_best_median_and_first_call_apart() -> None:
    row = next(line for line in table_of(FILES).splitlines() if "polars-rank" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:5] == ["3.50", "3.20", "**0.50**", "3.50"]
    assert cells[5:7] == ["700 ms, 800 ms, 1.00 s", "1.00 GB"]


def test_every_loss_is_listed_and_nothing_else() -> None:
    polars, pandas = losses([FILES])
    assert polars.endswith("the polars-rank (first call 0.50)")
    assert pandas.endswith("the pandas (best 0.50, processor 0.50, memory 0.80)")
    assert losses([run(contender("casemgmt", [1.0]), contender("pandas", [2.0], 2.0))]) == []


def test_sizes_and_threads_are_shown_where_there_are_several() -> None:
    small, large = run(contender("casemgmt", [1e-5])), run(contender("casemgmt", [2e-3]), patients=100_000)
    alone = run(contender("casemgmt", [4e-3]), patients=100_000, threads=1)
    assert sizes_table([large]) is None and threads_table([small, large]) is None
    sizes, threads = sizes_table([large, small, alone]), threads_table([large, small, alone])
    assert sizes is not None and "1,000: 10.0 · 100,000: 20.0 |" in sizes
    assert threads is not None and "1: 4.0 ms · 2: 2.0 ms |" in threads


def test_the_report_says_what_the_machine_was() -> None:
    report = report_of({"machine": MACHINE, "touched_gb": 2.0, "runs": [FILES], "start_up": None})
    assert "Before each turn in memory, 2 GB of memory were taken and given back." in report
    assert "A processor (x), 2 of 2 cores, 8 GB of memory" in report and "casemgmt 1" in report


def test_the_readme_part_comes_from_files_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_up = {
        "imports": {"import casemgmt": [0.02], "import pandas": [0.2]},
        "processes": {"casemgmt select": [0.5, 0.3], "import pandas, sklearn.ensemble": [0.6, 0.9]},
    }
    first = {"machine": MACHINE, "runs": [FILES], "start_up": None}
    second = {"machine": MACHINE, "runs": [run(contender("casemgmt", [1.0]), patients=9)], "start_up": start_up}
    paths = [tmp_path / "1.json", tmp_path / "2.json"]
    for path, content in zip(paths, (first, second), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(path) for path in paths]) == 0
    printed = capsys.readouterr().out
    assert readme_table([*first["runs"], *second["runs"]]) in printed
    assert "| casemgmt select | 0.50 | 0.53 |" in printed and "| import casemgmt | 0.10 | 0.10 |" in printed
    assert merged([first, second])["start_up"] == start_up


def test_lines_are_drawn_over_sizes_and_the_same_from_the_same_numbers(tmp_path: Path) -> None:
    runs = [run(contender("casemgmt", [n * 1e-8]), contender("pandas", [n * 1e-6]), patients=n) for n in (10, 1_000)]
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        plot_sizes({"runs": runs}, folder)
    one, other = (tmp_path / name / "time-per-patient.svg" for name in "ab")
    assert one.read_bytes() == other.read_bytes() and "nanoseconds a patient" in one.read_text(encoding="utf-8")
    plot_sizes({"runs": runs[:1]}, tmp_path)
    assert not (tmp_path / "time-per-patient.svg").exists()


def test_ours_is_timed_beside_whichever_contenders_are_asked_for() -> None:
    assert [each.key for each in chosen(PACKED, ("duckdb", "numpy"))] == ["casemgmt", "numpy", "duckdb"]
    assert chosen(PACKED, ()) == PACKED.contenders


def test_a_run_that_fails_is_the_end_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(job: Job, results: Path) -> dict[str, Any]:
        raise RuntimeError("DiffersError: 3 differ")

    monkeypatch.setattr("benchmarks.__main__.run_apart", fails)
    assert run_benchmarks(["--works", "packed", "--out", str(tmp_path / "out")]) == 1
    assert "packed: stopped; DiffersError: 3 differ." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_fresh_process_caches_its_bytecode_and_its_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import os, sys; print(sys.dont_write_bytecode, os.environ['ONE'])"
    assert python(["-c", code], {"ONE": "1"}).stdout == "False 1\n"
    with pytest.raises(RuntimeError, match="ValueError: no"):
        python(["-c", "raise ValueError('no')"])


def test_sizes_orders_and_threads_make_a_job_each(tmp_path: Path) -> None:
    def asked(*arguments: str) -> list[tuple[Any, ...]]:
        found = jobs(_options(arguments), tmp_path)
        return [(job.work, job.patients, job.practices, job.order, job.threads) for job in found]

    assert asked("--works", "wide-file", "--patients", "1000", "2_000", "--practices", "3", "--threads", "1") == [
        ("wide-file", patients, 3, order, 1) for patients in (1_000, 2_000) for order in ("shuffled", "sorted")
    ]
    assert asked("--works", "packed", "--orders", "shuffled") == []
    sizes = ("--patients", "10_000", "1_000_000", "10_000_000")
    assert [job[1] for job in asked(*sizes, "--threads", "2") if job[0] == "csv-file"] == [10_000, 1_000_000]
    assert [job[1] for job in asked("--patients", "9_000_000", "60_400_000") if job[0] == "csv-file"] == [1_000_000]
    assert [job[1] for job in asked("--works", "csv-file", *sizes)] == [10_000, 1_000_000, 10_000_000]
    assert [job[-1] for job in asked("--works", "packed", "--by-threads", "1", "2")] == [1, 2]
    # All England is read from files: packed, and wide as it comes; a CSV of a million stands for text, and ten million
    # coded rows for all of them.
    england = asked("--patients", "60,400,000", "--threads", "2")
    coded = [job for job in england if job[0].startswith("coded")]
    assert len(coded) == 9 and {job[1] for job in coded} == {1_250_000}
    assert [job for job in england if job not in coded] == [
        ("wide-file", 60_400_000, 6_720, "shuffled", 2),
        ("csv-file", 1_000_000, 100, "shuffled", 2),
        ("packed-file", 60_400_000, 6_720, "sorted", 2),
    ]
