"""What a model file itself says of each item of its card; the rest comes from a fit, a judgement or a person."""

from __future__ import annotations

from collections.abc import Mapping

from casemgmt.errors import plural
from casemgmt.risk.additive import AdditiveModel, missing_in_words
from casemgmt.risk.inputs import PRESENT, ModelInput, decimal_text
from casemgmt.version import __version__

_LINKS = {
    "points": "The score is the sum of the tables. It orders people, and is no probability",
    "logistic": "The sum of the tables is the log-odds: risk = 1 / (1 + exp(-sum))",
    "survival": "The sum of the tables moves the survival of the average person: risk = 1 - S0 ^ exp(sum - centre)",
}


def answers_of_model(model: AdditiveModel) -> dict[str, str]:
    """Item number -> what the model file says of it, as Markdown; items that it says nothing of are left out."""
    horizon = "no horizon is stated" if model.horizon_days is None else f"within {plural(model.horizon_days, 'day')}"
    rules: dict[str, list[str]] = {}
    for each in model.inputs:
        rule = "adds an amount of its own" if isinstance(each.missing, int) else missing_in_words(each)
        rules.setdefault(rule, []).append(each.label)
    return {
        "1": f"{plain(model.title)}. People: {plain(model.population)}. Outcome: {plain(model.outcome)}.",
        "3b": f"People: {plain(model.population)}. Use: {plain(model.intended_use)}. Not for: {plain(model.not_for)}.",
        "5a": plain(model.source),
        "8a": f"{plain(model.outcome)}; {horizon}.",
        "9b": _inputs(model),
        "11": "What a missing value does, by input: "
        + "; ".join(plain(f"{rule}: {', '.join(labels)}") for rule, labels in rules.items())
        + ".",
        "12b": "Each input is a table: a value falls in one cell, and the cell adds its amount. Amounts are decimals "
        "of at most six places.",
        "12c": f"A sum of {plural(len(model.inputs), 'table')}; {model.link} link.",
        "12g": _formula(model),
        "15": _output(model),
        "18f": f"casemgmt {__version__} (MIT licence) reads `model.toml`, checks it against `vectors.csv`, and scores.",
        "22": "All of it is in `model.toml`: the intercept and every cell of every table. `vectors.csv` holds worked "
        "examples that touch every cell; the model does not load where one disagrees.",
        "27a": "A person without a value that is needed gets no score, is never ranked and is listed as unscored: "
        + (plain(", ".join(model.no_score_inputs)) or "no input is needed so")
        + ". Every list says how many inputs were missing (`inputs_missing`).",
    }


def _formula(model: AdditiveModel) -> str:
    words = [_LINKS[model.link], f"intercept {decimal_text(model.intercept)}"]
    words += [f"S0 {model.baseline_survival}"] if model.baseline_survival is not None else []
    words += [f"centre {decimal_text(model.centre)}"] if model.centre is not None else []
    words += [f"never below {decimal_text(model.floor)}"] if model.floor is not None else []
    words += [f"divided by {model.divide_by:,}"] if model.divide_by != 1 else []
    return "; ".join(words) + ". `model.to_sql()` and `model.to_r()` give the same in SQL and R."


def _output(model: AdditiveModel) -> str:
    gives = "A score" if model.link == "points" else "A score and a risk from 0 to 1"
    bands = f"; bands: {', '.join(band.name for band in model.bands)}" if model.bands else ""
    return f"{gives}{bands}. Which of the ranked are selected is said by the scheme, not by the model."


def _inputs(model: AdditiveModel) -> str:
    lines = ["| input | kind | cells | adds | missing |", "|---|---|---|---|---|"]
    for each in model.inputs:
        cells = (cell(each.label), each.kind, str(len(each.table)), _range(each), missing_in_words(each))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(each: ModelInput) -> str:
    if each.kind == "flag":
        return decimal_text(each.table[PRESENT])
    low, high = min(each.table), max(each.table)
    return decimal_text(low) if low == high else f"{decimal_text(low)} to {decimal_text(high)}"


def plain(text: str) -> str:
    """Words of a file or a column's name in one line of Markdown, of which nothing is taken for HTML."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")


def cell(text: str) -> str:
    """Text in a cell of a Markdown table."""
    return plain(text).replace("|", "\\|")


def joined(first: Mapping[str, str], *more: Mapping[str, str]) -> dict[str, str]:
    """Answers of several sources; what is said of one item stands in one paragraph after another."""
    found = dict(first)
    for answers in more:
        for number, words in answers.items():
            found[number] = f"{found[number]}\n\n{words}" if number in found else words
    return found
