"""What a judgement says of each item of a model's card: on whom it was judged, how, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import plural
from casemgmt.evaluation.words import figure, headline, in_hundred, notes_of, number
from casemgmt.risk.card.answers import cell, plain

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.evaluation.findings import Findings


def answers_of_evaluation(found: Findings) -> dict[str, str]:
    """Item number -> what the judgement says of it, as Markdown."""
    judged = found.judged
    people = plural(len(judged), "person", "people")
    events, practices = int(judged.outcome.sum()), plural(len(judged.practices), "practice")
    register = judged.register
    answers = {
        "2": " ".join(headline(found)),
        "5b": f"Judged on a list of {register.as_of.isoformat()}.",
        "6a": f"Judged in {practices}.",
        "12e": "\n".join(f"- {plain(note)}" for note in notes_of(found)),
        "16": f"Judged on {people} in {practices}" + (", whose people are synthetic." if register.synthetic else "."),
        "20a": _flow(found, f"{people}, {events:,} with the outcome"),
        "21": f"Judged on {people}, {events:,} with the outcome.",
        "23a": _measures(found),
    }
    if found.at_cut is not None:
        answers["23a"] += "\n\n" + _at_cut(found.at_cut)
    if found.rules is not None and found.rules.num_rows > 1:
        answers["25"] = _rules(found.rules)
    if len(judged.practices) > 1 and found.at_cut is not None:
        answers["23b"] = _between_practices(found, found.at_cut)
    return answers


def _flow(found: Findings, judged: str) -> str:
    lines = ["| people | number |", "|---|---|"]
    lines += [f"| set aside: {cell(row['why'])} | {row['people']:,} |" for row in found.set_aside.to_pylist()]
    return "\n".join([*lines, f"| judged | {judged} |"])


def _measures(found: Findings) -> str:
    lines = ["| figure | value, with its 95% interval | means |", "|---|---|---|"]
    for row in found.measures.to_pylist():
        shown = figure({"v": row["value"], "v_low": row["low"], "v_high": row["high"]}, "v", 3)
        lines.append(f"| {row['measure'].replace('_', ' ')} | {shown} | {cell(row['meaning'])} |")
    why = found.why_no_calibration()
    return "\n".join(lines) + (f"\n\n{why}" if why else "")


def _at_cut(table: pa.Table) -> str:
    row = table.slice(0, 1).to_pylist()[0]
    return (
        f"At the scheme's cut, all practices together: {row['inside']:,} inside, of whom {figure(row, 'ppv')} had the "
        f"outcome (PPV); sensitivity {figure(row, 'sensitivity')}; {figure(row, 'number_needed_to_manage', 1)} managed "
        f"for each; net benefit {figure(row, 'net_benefit', 4)}."
    )


def _rules(table: pa.Table) -> str:
    lines = ["| with the same places | PPV | AUROC |", "|---|---|---|"]
    lines += [f"| {cell(row['words'])} | {figure(row, 'ppv')} | {figure(row, 'auroc')} |" for row in table.to_pylist()]
    return "\n".join(lines)


def _between_practices(found: Findings, at_cut: pa.Table) -> str:
    shares = [row["ppv"] for row in at_cut.to_pylist()[1:] if row["ppv"] is not None]
    words = [f"PPV at the cut by practice: {in_hundred(min(shares))} to {in_hundred(max(shares))}"] if shares else []
    if found.funnel is not None:
        rows = found.funnel.to_pylist()
        ratios = [row["ratio"] for row in rows if row["ratio"] is not None]
        outside = sum(row["position"] not in (None, "within") for row in rows)
        words.append(f"outcomes for each one expected: {number(min(ratios))} to {number(max(ratios))}")
        words.append(f"{plural(outside, 'practice')} of {len(rows)} outside the 95% limits of chance")
    return "; ".join(words) + "."
