"""Plots of a run's JSON: ratios as bars, and time a patient as lines over sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import best, on_most_threads, ratios, several

# Okabe and Ito's colours, told apart by people who are colour-blind; each line has a marker of its own as well.
LOOKS = {
    "casemgmt": ("#000000", "o"),
    "numpy": ("#0072B2", "s"),
    "numpy-loose": ("#56B4E9", "P"),
    "polars-rank": ("#D55E00", "^"),
    "polars-best": ("#E69F00", "v"),
    "duckdb": ("#009E73", "D"),
    "pandas": ("#CC79A7", "X"),
    "sklearn": ("#CC79A7", "p"),
    "polars-rank-packed": ("#D55E00", "<"),
    "polars-best-packed": ("#E69F00", ">"),
    "casemgmt-table": ("#777777", "*"),
    "part": ("#F0E442", "d"),
    "part-ids": ("#F0E442", "P"),
}


def plot_ratios(results: dict[str, Any], folder: Path) -> None:
    """``ratios.png`` and ``.svg``: a panel a run, a bar a contender, away from 1 on a logarithmic axis of one scale."""
    runs = on_most_threads(results["runs"])
    if not runs:
        return
    figure, panels = _panels(runs)
    every = [ratios(run, each)["best"] for run in runs for each in run["contenders"]]
    limits = min(0.9, *every) / 1.3, max(2, *every) * 2
    for panel, run in zip(panels, runs, strict=True):
        for place, each in enumerate(run["contenders"][:0:-1]):
            ratio = ratios(run, each)["best"]
            panel.barh(place, ratio - 1, left=1, color=LOOKS[each["key"]][0])
            panel.text(max(ratio, 1), place, f" {ratio:.2g}×", va="center", fontsize=8)
        names = [each["name"] for each in run["contenders"][:0:-1]]
        panel.set_yticks(range(len(names)), names)
        panel.axvline(1, color="black", linewidth=1)
        panel.set_xscale("log")
        panel.set_xlim(*limits)
        _plain_axis(panel.xaxis, _steps(limits), "{:g}")
        panel.set_title(_title(run, f"{run['patients']:,} patients"), fontsize=8)
        panel.tick_params(labelsize=8)
    figure.supxlabel("time ÷ time of casemgmt (right of the line: slower than casemgmt)", fontsize=9)
    _save(figure, folder / "ratios")


def _plain_axis(axis: Any, ticks: Sequence[float], form: str) -> None:
    """Ticks on a logarithmic axis, with their numbers written out."""
    from matplotlib.ticker import NullFormatter

    axis.set_ticks(ticks, [form.format(tick) for tick in ticks])
    axis.set_minor_formatter(NullFormatter())


def _steps(limits: tuple[float, float]) -> list[float]:
    """1, 2, 5, 10, … within the limits; powers of ten where those are many."""
    within = {
        step: [step * 10.0**power for power in range(-4, 9) if limits[0] <= step * 10.0**power <= limits[1]]
        for step in (1, 2, 5)
    }
    every = sorted(tick for ticks in within.values() for tick in ticks)
    return every if len(every) <= 8 else within[1]


def _title(run: dict[str, Any], size: str = "") -> str:
    threads = f"{run['threads']} thread{'s' if run['threads'] > 1 else ''}"
    return ", ".join(filter(None, [f"{run['work']} ({run['order']})", size, threads]))


def plot_sizes(results: dict[str, Any], folder: Path) -> None:
    """``time-per-patient.png`` and ``.svg``: a panel a work that was run at several sizes, a line a contender."""
    groups = list(several(on_most_threads(results["runs"]), "patients"))
    if not groups:
        return
    figure, panels = _panels(groups)
    lines: dict[str, Any] = {}
    for panel, runs in zip(panels, groups, strict=True):
        found: dict[str, tuple[str, list[tuple[int, float]]]] = {}
        for run in runs:
            for each in run["contenders"]:
                points = found.setdefault(each["key"], (each["name"], []))[1]
                points.append((run["patients"], 1e9 * best(each) / run["patients"]))
        for key, (name, points) in found.items():
            colour, marker = LOOKS[key]
            (lines[name],) = panel.plot(*zip(*points, strict=True), color=colour, marker=marker, linewidth=1.2)
        panel.set_xscale("log")
        panel.set_yscale("log")
        _plain_axis(panel.xaxis, [run["patients"] for run in runs], "{:,.0f}")
        _plain_axis(panel.yaxis, _steps(panel.get_ylim()), "{:g}")
        panel.set_title(_title(runs[0]), fontsize=8)
        panel.tick_params(labelsize=8)
    figure.supxlabel("patients", fontsize=9)
    figure.supylabel("nanoseconds a patient", fontsize=9)
    figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    _save(figure, folder / "time-per-patient")


def _panels(each: Sequence[Any]) -> tuple[Any, list[Any]]:
    """A figure with a panel for each, two in a row."""
    from matplotlib.figure import Figure

    across = min(2, len(each))
    down = -(-len(each) // across)
    figure = Figure(figsize=(5.5 * across, 2.9 * down), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).flat)
    for spare in panels[len(each) :]:
        spare.set_axis_off()
    return figure, panels[: len(each)]


def _save(figure: Any, path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "casemgmt", "svg.fonttype": "none"}):
        figure.savefig(path.with_suffix(".png"), dpi=150)
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
