"""What a fit says of each item of a model's card: people, cells, kind, and how it does on people left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from casemgmt.errors import listed, plural
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.card.answers import cell, plain
from casemgmt.risk.inputs import MILLION, ModelInput, decimal_text

if TYPE_CHECKING:
    from casemgmt.risk.fitting.record import Fitting

_KINDS = {
    "boosted": "Gradient boosting of small trees that look at one input each (scikit-learn, "
    "HistGradientBoostingClassifier without interactions), averaged over bags and written out as tables.",
    "logistic": "Penalised logistic regression on straight lines (scikit-learn), written out as tables.",
    "points": "Whole points: the tables of a boosted model rounded to at most 10 rows of -5 to 10 points.",
}


def answers_of_fit(model: AdditiveModel, fitting: Fitting) -> dict[str, str]:
    """Item number -> what the fit says of it, as Markdown."""
    groups = f"whole groups of `{fitting.groups}` were" if fitting.groups else "people were"
    people = plural(fitting.people, "person", "people")
    outcomes = "" if fitting.outcomes is None else f", {fitting.outcomes:,} with the outcome"
    left_out = plain("; ".join(fitting.left_out))
    answers = {
        "4": "The model is made here; its figures come from people left out while it was made.",
        "6b": "People on the list of their practice on its date, who have not objected, and whose outcome is known.",
        "9a": f"{plural(len(fitting.inputs), 'column')} asked for. " + (f"Left out: {left_out}." if left_out else ""),
        "10": f"{people}{outcomes}. No cell of a table was learned from fewer than 8 people.",
        "12a": f"{groups.capitalize()} left out in turn, to see how well the model does and when it has learned "
        "enough; in the end everyone taught it.",
        "12b": _cells(fitting),
        "12c": _KINDS.get(fitting.kind, f"Tables probed from a fitted `{fitting.kind}`.") + _only_rise(fitting),
        "12e": "The chance that of two people left out, one with and one without the outcome, the former scores higher "
        "(AUROC). Calibration, the figures at the cut and groups: `cm.evaluate`.",
        "12g": f"Tables and estimator differ by {fitting.discrepancy:.2g} at most, in log-odds. Seed {fitting.seed}; "
        + ", ".join(f"{name} {version}" for name, version in fitting.versions.items())
        + ".",
        "13": "Nothing was done about the outcome being rare: nobody was counted more or less than another.",
        "20a": _flow(fitting, f"{people}{outcomes}"),
        "21": f"{people}{outcomes}.",
        "23a": _performance(fitting),
    }
    if fitting.traps:
        answers["26"] = "Found in the data that it was made from:\n\n" + "\n".join(
            f"- {plain(each)}" for each in fitting.traps
        )
    if fitting.kind == "points":
        answers["22"] = "\n".join(_points(model))
    return answers


def _cells(fitting: Fitting) -> str:
    words = [f"{plural(len(fitting.merged), 'time')} cells share an amount, since fewer than 8 people had them"]
    return (
        "; ".join(words) + ":\n\n" + "\n".join(f"- {plain(each)}" for each in fitting.merged)
        if fitting.merged
        else ("No cells had to share an amount.")
    )


def _only_rise(fitting: Fitting) -> str:
    if not fitting.monotone:
        return ""
    return f" Amounts may only rise, or only fall, with {listed(sorted(fitting.monotone), len(fitting.monotone))}."


def _flow(fitting: Fitting, taught: str) -> str:
    lines = ["| people | number |", "|---|---|"]
    lines += [f"| set aside: {cell(reason)} | {count:,} |" for reason, count in fitting.set_aside.items()]
    return "\n".join([*lines, f"| taught the model | {taught} |"])


def _performance(fitting: Fitting) -> str:
    rows = (
        ("estimator", fitting.auroc_held_out),
        ("tables", fitting.auroc_tables),
        ("whole points", fitting.auroc_points),
    )
    lines = [f"| {name} | {value:.3f} |" for name, value in rows if value is not None]
    if not lines:
        return "Not measured in the fit."
    cost = ""
    if fitting.auroc_points is not None and fitting.auroc_held_out is not None:
        cost = f"\n\nThe points cost {fitting.auroc_held_out - fitting.auroc_points:.3f} of AUROC."
    return "\n".join(["| by the | AUROC of people left out |", "|---|---|", *lines]) + cost


def _points(model: AdditiveModel) -> Iterator[str]:
    """The table that is added up by hand, and what risk each sum means."""
    import numpy as np

    from casemgmt.risk.link import exp

    yield "| row | points |"
    yield "|---|---|"
    for each in model.inputs:
        yield f"| {cell(each.label)} | {cell('; '.join(_runs(each)))} |"
    low, high = ((total - model.intercept) // MILLION for total in model.extremes)
    sums = np.arange(low, high + 1)
    risks = 1 / (1 + exp(-(sums + model.intercept / MILLION) / model.divide_by))
    yield from ("", f"{model.divide_by} points are one unit of log-odds.", "")
    yield from ("| points in all | risk, in 100 |", "|---|---|")
    yield from (f"| {total} | {100 * risk:.1f} |" for total, risk in zip(sums.tolist(), risks.tolist(), strict=True))


def _runs(each: ModelInput) -> Iterator[str]:
    """Runs of cells with the same points."""
    names, start = each.cells, 0
    for place in range(1, len(each.table) + 1):
        if place == len(each.table) or each.table[place] != each.table[start]:
            run = ", ".join(names[start:place])
            if each.kind == "integer" and place - start > 1:
                run = f"{names[start]} to {names[place - 1]}"
            yield f"{run}: {decimal_text(each.table[start])}"
            start = place
