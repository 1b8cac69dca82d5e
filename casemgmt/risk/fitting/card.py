"""The card of a fitted model: what the run knows, and what a person must still write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from casemgmt.errors import plural
from casemgmt.risk.inputs import MILLION, ModelInput, decimal_text

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.fitting.record import Fitting

_STILL = "*To be written by whoever answers for this model:*"


def card_text(model: AdditiveModel, fitting: Fitting | None) -> str:
    """The text of a ``card.md``."""
    lines = [f"# {model.title}", ""]
    if model.demonstration:
        lines += ["**For demonstration only.** It was fitted to made-up people and knows no patient.", ""]
    lines += ["| | |", "|---|---|"]
    facts = {
        "Outcome": model.outcome,
        "Horizon": "none" if model.horizon_days is None else plural(model.horizon_days, "day"),
        "People": model.population,
        "Source": model.source,
        "For": model.intended_use,
        "Not for": model.not_for,
        "Licence": model.licence,
        "Version": model.version,
        "Kind": f"{plural(len(model.inputs), 'input')}; the sum of the tables, link {model.link}",
    }
    lines += [f"| {key} | {_cell(value)} |" for key, value in facts.items()]
    if fitting is not None:
        lines += ["", "## How it was fitted", "", *_fitted(fitting)]
    if model.divide_by > 1 and model.link == "logistic":
        lines += ["", "## The points", "", *_points(model)]
    lines += ["", "## Inputs", "", "| input | kind | adds, log-odds | when missing |", "|---|---|---|---|"]
    lines += [_input_row(model, each) for each in model.inputs]
    lines += [
        "",
        "## What is not known",
        "",
        "Whether it is right elsewhere, later, or in any one practice: judge it on people that it has not seen, at the "
        "cut where it is to be used, before it is used. Its amounts are associations in the data; none says what would "
        "happen if a value were changed.",
        "",
        f"{_STILL} why this outcome; who was left out of the data and why; who checked the inputs' definitions; what "
        "was decided about fairness; who may use it, and who looks after it.",
        "",
        "`vectors.csv` was made from the tables: it guards the file against a changed digit, and checks nothing else.",
    ]
    return "\n".join(lines) + "\n"


def _fitted(fitting: Fitting) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield f"| Method | {fitting.kind} |"
    outcomes = "" if fitting.outcomes is None else f", {fitting.outcomes:,} with the outcome"
    yield f"| People | {fitting.people:,}{outcomes} |"
    for reason, count in fitting.set_aside.items():
        yield f"| Set aside: {_cell(reason)} | {count:,} |"
    left_out = f"whole groups of `{fitting.groups}`" if fitting.groups else "people"
    for title, value in (
        ("by the estimator", fitting.auroc_held_out),
        ("by the tables", fitting.auroc_tables),
        ("by the points", fitting.auroc_points),
    ):
        if value is not None:
            yield f"| AUROC of those left out ({left_out}), {title} | {value:.3f} |"
    if fitting.auroc_points is not None and fitting.auroc_held_out is not None:
        yield f"| What the points cost | {fitting.auroc_held_out - fitting.auroc_points:.3f} of AUROC |"
    yield f"| Largest difference between tables and estimator | {fitting.discrepancy:.2g} in log-odds |"
    if fitting.monotone:
        yield f"| May only rise or fall | {', '.join(fitting.monotone)} |"
    yield f"| Seed | {fitting.seed} |"
    yield f"| Versions | {', '.join(f'{name} {version}' for name, version in fitting.versions.items())} |"
    for heading, sentences in (("Left out", fitting.left_out), ("Cells that share an amount", fitting.merged)):
        if sentences:
            yield from ("", f"{heading}:", "", *(f"- {each}" for each in sentences))


def _points(model: AdditiveModel) -> Iterator[str]:
    """The table that is added up by hand, and what risk each sum means."""
    import numpy as np

    from casemgmt.risk.link import exp

    yield "| row | points |"
    yield "|---|---|"
    for each in model.inputs:
        yield f"| {each.label} | {'; '.join(_bands(each))} |"
    low, high = ((total - model.intercept) // MILLION for total in model.extremes)
    sums = np.arange(low, high + 1)
    log_odds = (sums + model.intercept / MILLION) / model.divide_by
    risks = 1 / (1 + exp(-log_odds))
    yield from (
        "",
        f"{model.divide_by} points are one unit of log-odds.",
        "",
        "| points in all | risk, in 100 |",
        "|---|---|",
    )
    yield from (f"| {total} | {100 * risk:.1f} |" for total, risk in zip(sums.tolist(), risks.tolist(), strict=True))


def _bands(each: ModelInput) -> Iterator[str]:
    """Runs of cells with the same points."""
    names, start = each.cells, 0
    for place in range(1, len(each.table) + 1):
        if place == len(each.table) or each.table[place] != each.table[start]:
            first, last = names[start], names[place - 1]
            run = (
                first
                if place - start == 1
                else f"{first} to {last}"
                if each.kind == "integer"
                else ", ".join(names[start:place])
            )
            yield f"{run}: {decimal_text(each.table[start])}"
            start = place


def _input_row(model: AdditiveModel, each: ModelInput) -> str:
    shown = [f"{amount / MILLION / model.divide_by:.2f}" for amount in (min(each.table), max(each.table))]
    missing = (
        "no score"
        if each.missing_contribution is None
        else f"{each.missing_contribution / MILLION / model.divide_by:.2f}"
    )
    return f"| {each.label} (`{each.name}`) | {each.kind} | {shown[0]} to {shown[1]} | {missing} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
