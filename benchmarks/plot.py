"""Plots of a run's JSON: ratios as bars, and time a patient as lines over sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import best, ratios, several

# Okabe and Ito's colours, told apart by people who are colour-blind; each line has a marker of its own as well.
LOOKS = {
    "casemgmt": ("#000000", "o"),
    "numpy": ("#0072B2", "s"),
    "numpy-loose": ("#56B4E9", "P"),
    "polars-rank": ("#D55E00", "^"),
    "polars-best": ("#E69F00", "v"),
    "duckdb": ("#009E73", "D"),
    "pandas": ("#CC79A7", "X"),
    "polars-rank-packed": ("#D55E00", "<"),
    "polars-best-packed": ("#E69F00", ">"),
    "casemgmt-table": ("#777777", "*"),
}


def plot_ratios(results: dict[str, Any], folder: Path) -> None:
    """``ratios.png`` and ``.svg``: a panel a run, a bar a contender, away from 1 on a logarithmic axis of one scale."""
    runs = results["runs"]
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
        _ratio_axis(panel, limits)
        panel.set_title(_title(run, f"{run['patients']:,} patients"), fontsize=9)
        panel.tick_params(labelsize=8)
    figure.supxlabel("time ÷ time of casemgmt (right of the line: slower than casemgmt)", fontsize=9)
    _save(figure, folder / "ratios")


def _ratio_axis(panel: Any, limits: tuple[float, float]) -> None:
    from matplotlib.ticker import NullFormatter

    ticks = [step * 10.0**power for power in range(-4, 5) for step in (1, 2, 5)]
    ticks = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
    if len(ticks) > 8:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1")]
    panel.set_xscale("log")
    panel.set_xlim(*limits)
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.xaxis.set_minor_formatter(NullFormatter())


def _title(run: dict[str, Any], size: str = "") -> str:
    threads = f"{run['threads']} thread{'s' if run['threads'] > 1 else ''}"
    return ", ".join(filter(None, [f"{run['work']} ({run['order']})", size, threads]))


def plot_sizes(results: dict[str, Any], folder: Path) -> None:
    """``time-per-patient.png`` and ``.svg``: a panel a work that was run at several sizes, a line a contender."""
    groups = list(several(results["runs"], "patients"))
    if not groups:
        return
    figure, panels = _panels(groups)
    for panel, runs in zip(panels, groups, strict=True):
        found: dict[str, tuple[str, list[tuple[int, float]]]] = {}
        for run in runs:
            for each in run["contenders"]:
                points = found.setdefault(each["key"], (each["name"], []))[1]
                points.append((run["patients"], 1e9 * best(each) / run["patients"]))
        for key, (name, points) in found.items():
            colour, marker = LOOKS[key]
            panel.plot(*zip(*points, strict=True), color=colour, marker=marker, label=name, linewidth=1.2, markersize=5)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_title(_title(runs[0]), fontsize=9)
        panel.set_xlabel("patients", fontsize=8)
        panel.set_ylabel("nanoseconds a patient", fontsize=8)
        panel.tick_params(labelsize=8)
        panel.legend(fontsize=7, frameon=False)
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
