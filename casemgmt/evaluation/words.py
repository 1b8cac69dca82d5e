"""The sentences of an evaluation: what it comes to, and what a reader must know beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.selection.facts import ranked_by

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.evaluation.findings import Findings

NOWHERE = "–"


def number(value: float | None, digits: int = 2) -> str:
    """A figure with so many decimals, and a minus that reads as one; a dash where there is none.

    Examples
    --------
    >>> number(-0.128), number(None)
    ('−0.13', '–')
    """
    if value is None:
        return NOWHERE
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def in_hundred(share: float | None) -> str:
    """A share as people in a hundred.

    Examples
    --------
    >>> in_hundred(0.418), in_hundred(0.004)
    ('42 in 100', '0.4 in 100')
    """
    if share is None:
        return NOWHERE
    return f"{number(100 * share, 0 if share >= 0.1 or share == 0 else 1)} in 100"


def figure(row: dict[str, Any], name: str, digits: int = 2, times: float = 1) -> str:
    """``0.42 (0.41 to 0.43)``: a figure of a table's row with its interval."""
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return NOWHERE
    if low is None and high is None:
        return number(value * times, digits)
    ends = [number(None if each is None else each * times, digits) for each in (low, high)]
    return f"{number(value * times, digits)} ({ends[0]} to {ends[1]})"


def headline(found: Findings) -> list[str]:
    """What it comes to, in one to four sentences."""
    measures = {row["measure"]: row for row in found.measures.to_pylist()}
    said = [f"AUROC {_with_interval(measures['auroc'], 3)}."]
    if "calibration_slope" in measures:
        slope, large = measures["calibration_slope"], measures["observed_to_expected"]
        said.append(
            f"Calibration slope {_with_interval(slope, 2)}; {number(large['value'])} outcomes for each one expected."
        )
    if found.at_cut is not None:
        said.append(_at_the_cut(found.at_cut.slice(0, 1).to_pylist()[0]))
    if found.rules is not None and found.rules.num_rows > 1 and found.rules["inside"][0].as_py():
        said.append(beside_rules(found.rules))
    return said


def _at_the_cut(row: dict[str, Any]) -> str:
    if not row["inside"]:
        return "Nobody who is judged is inside the cut."
    need = number(row["number_needed_to_manage"], 1)
    return (
        f"Of {row['inside']:,} inside the cut {in_hundred(row['ppv'])} had the outcome: {need} managed for each; and "
        f"{in_hundred(row['sensitivity'])} of all who had it were inside."
    )


def beside_rules(rules: pa.Table) -> str:
    """Which simple rules the score beats at the cut, which beat it, and which cannot be told from it."""
    better: list[str] = []
    worse: list[str] = []
    same: list[str] = []
    for row in rules.to_pylist()[1:]:
        low, high = row["ppv_gained_low"], row["ppv_gained_high"]
        where = same if low is None or high is None or low <= 0 <= high else better if low > 0 else worse
        where.append(row["ranking"])
    said = [
        f"{verb} {', '.join(names)}"
        for verb, names in (("beats", better), ("is beaten by", worse), ("cannot be told from", same))
        if names
    ]
    return f"With the same places it {'; '.join(said)}."


def notes_of(found: Findings) -> tuple[str, ...]:
    """What a reader must know beside the figures."""
    judged, notes = found.judged, []
    if judged.register.synthetic:
        notes.append("The people are synthetic: the figures say how the machinery works, and nothing of real patients.")
    notes.append(f"Ranked by {ranked_by(judged.model)}; the outcome is {found.outcome_name}.")
    seen = sorted(set(judged.practices) & set(judged.model.calibrated_in)) if judged.model is not None else []
    if seen:
        notes.append(
            f"The model was fitted or recalibrated on people of {len(seen):,} of the "
            f"{plural(len(judged.practices), 'practice')} that judge it: there its figures are flattered."
        )
    aside = {why: count for why, count in judged.set_aside.items() if count}
    notes.append(
        "Set aside: " + "; ".join(f"{count:,} {why}" for why, count in aside.items()) + "."
        if aside
        else "Nobody was set aside."
    )
    notes += [f"Look at this before anything else ({trap.kind}): {trap}" for trap in found.traps]
    if why := found.why_no_calibration():
        notes.append(why)
    elif found.calibration is not None and found.calibration.at_the_ends:
        notes.append(
            f"{plural(found.calibration.at_the_ends, 'person has', 'people have')} a risk of exactly 0 or 1, which no "
            "model can know; for slope and curve it was taken as a millionth from there."
        )
    if found.at_cut is not None:
        notes.append(_of_threshold(found))
    notes.append(
        f"Intervals are of 95%: by {found.replicates:,} bootstrap replicates within practices, inside and outside the "
        f"cut apart (seed {found.seed}); exact where all or none had the outcome; those of calibration by the logistic "
        "model. They say how much chance there is in these people, not how the score will do elsewhere or later."
    )
    notes.append(found.validated or "A score judged on the people whom it was fitted on is flattered.")
    notes.append("Ranking well is no claim that case management helps those who are ranked high.")
    return tuple(notes)


def _of_threshold(found: Findings) -> str:
    if found.threshold is not None:
        odds = (1 - found.threshold) / found.threshold
        return (
            f"Net benefit takes one outcome reached to be worth {number(odds, 1)} people managed without it: a "
            f"threshold of {in_hundred(found.threshold)}."
        )
    if found.judged.risk is None:
        return "Net benefit needs a threshold, and a score without risks has none at its cut: give threshold=."
    return (
        "Net benefit takes the lowest risk inside a practice's cut as its threshold, of all practices together their "
        "mean by places; the simple rules are held to the same one."
    )


def _with_interval(row: dict[str, Any], digits: int) -> str:
    return figure({"value": row["value"], "value_low": row["low"], "value_high": row["high"]}, "value", digits)
