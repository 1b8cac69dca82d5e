"""Results for people and for later comparison: a Markdown table of ratios, and a JSON file with every time."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.timing import Times
from benchmarks.works import Inputs, Work, usable_cores

RATIOS = ("best_ratio", "median_ratio", "cold_ratio", "processor_ratio")


def results_of(work: Work, inputs: Inputs, times: Sequence[Times]) -> dict[str, Any]:
    """One work's results, as plain values; times in seconds."""
    ours = times[0]
    return {
        "work": work.name,
        "title": work.title,
        "patients": inputs.patients,
        "practices": inputs.practices,
        "order": work.order,
        "threads": inputs.threads,
        "selected": len(inputs.truth.answer.people),
        "practices_with_ties_at_the_cut": inputs.truth.tied_practices,
        "contenders": [
            {
                "name": each.contender.name,
                "versions": versions_of(each.contender.packages),
                "ties": each.contender.ties,
                "does_more": each.contender.more,
                "best_ratio": each.best / ours.best,
                "median_ratio": each.median / ours.median,
                "cold_ratio": each.cold / ours.cold,
                "processor_ratio": min(each.processor) / min(ours.processor),
                "cold_s": each.cold,
                "warm_s": list(each.warm),
                "processor_s": list(each.processor),
            }
            for each in times
        ],
    }


def table_of(results: dict[str, Any]) -> str:
    """One work as Markdown: ratios to the first contender, and its times once, for context."""
    first = results["contenders"][0]
    lines = [
        f"### {results['title']}: {results['patients']:,} patients, {results['practices']:,} practices "
        f"({results['order']}, {results['threads']} threads)",
        "",
        f"Time ÷ time of {first['name']}: over 1 is slower than {first['name']}. Every answer was checked first.",
        "",
        "| contender | best | median | first call | processor time, best | ties at the cut |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for each in results["contenders"]:
        ratios = " | ".join(f"{each[key]:.2f}" for key in RATIOS)
        mark = " (does more)" if each["does_more"] else ""
        lines.append(f"| {each['name']}{mark} | {ratios} | {each['ties']} |")
    warm = sorted(first["warm_s"])
    lines += [
        "",
        f"{first['name']}: best {1000 * warm[0]:.1f} ms, median {1000 * _middle(warm):.1f} ms of {len(warm)}, "
        f"first call in the process {1000 * first['cold_s']:.0f} ms (compiled code loaded or made), "
        f"processor time of all threads {1000 * min(first['processor_s']):.1f} ms at best. "
        f"{results['selected']:,} selected; the cut parts equal scores in "
        f"{results['practices_with_ties_at_the_cut']:,} practices.",
    ]
    return "\n".join(lines)


def _middle(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def versions_of(packages: Sequence[str]) -> dict[str, str]:
    """The installed versions; casemgmt's own from its source."""
    import casemgmt

    return {name: casemgmt.__version__ if name == "casemgmt" else importlib.metadata.version(name) for name in packages}


def machine() -> dict[str, Any]:
    """What the times depend on, without the machine's name."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "usable_cores": usable_cores(),
        "load_average_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def machine_line(before: dict[str, Any]) -> str:
    """The machine and the versions in one line each."""
    packages = ("casemgmt", "numpy", "numba", "pyarrow", "pandas", "polars", "duckdb")
    versions = ", ".join(f"{name} {version}" for name, version in versions_of(packages).items())
    return (
        f"{before['processor']} ({before['architecture']}), {before['usable_cores']} of {before['cpu_count']} cores, "
        f"load average before the run {before['load_average_1min']}; Python {before['python']}, {versions}; "
        f"{peak_memory_gb():.1f} GB at most."
    )


def peak_memory_gb() -> float:
    """The most memory that this process has held, inputs of all contenders included."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1_000_000 if platform.system() != "Darwin" else 1_000_000_000)
