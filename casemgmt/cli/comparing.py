"""``casemgmt compare``: who joined, who left, and the one reason for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from casemgmt.cli.facts import selection_facts
from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import (
    DEMONSTRATION,
    AllowMissing,
    CompareListSizesOption,
    CompareOutOption,
    CompareScoreOption,
    Demonstration,
    ListSizesBeforeOption,
    ListSizeWithin,
    ModelBeforeOption,
    ModelOption,
    OverCap,
    OverCapOption,
    PracticeOption,
    SchemeBeforeOption,
    SchemeOption,
    ScoreOverwriteOption,
)
from casemgmt.cli.reading import Reading, read_list_sizes, takes_two_registers
from casemgmt.cli.selecting import need_one_ranking, within_of
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import CasemgmtError, plural
from casemgmt.selection.facts import fact_lines

if TYPE_CHECKING:
    from casemgmt.results.comparison import Comparison
    from casemgmt.results.selection import Selection


_COUNTED = ("before", "after", "stayers", "joiners", "leavers")


@takes_two_registers
def compare(
    before: Reading,
    after: Reading,
    scheme: SchemeOption,
    scheme_before: SchemeBeforeOption = None,
    model: ModelOption = None,
    model_before: ModelBeforeOption = None,
    score: CompareScoreOption = None,
    out: CompareOutOption = None,
    practice: PracticeOption = False,
    over_cap: OverCapOption = OverCap.error,
    list_sizes: CompareListSizesOption = None,
    list_sizes_before: ListSizesBeforeOption = None,
    list_size_within: ListSizeWithin = "10%",
    allow_missing_practice: AllowMissing = None,
    overwrite: ScoreOverwriteOption = False,
    demonstration: Demonstration = False,
) -> None:
    """Select from two registers, or twice from one, and explain every change between the lists."""
    need_one_ranking(model, score)
    if model is None and model_before is not None:
        raise typer.BadParameter(
            "is the model of BEFORE, and AFTER has none: give --model.", param_hint="--model-before"
        )
    from casemgmt.results.comparison import compare as compare_selections

    check_writable(out, overwrite=overwrite)
    options = {
        "score": score,
        "over_cap": over_cap.value,
        "allow_demonstration": demonstration,
        "list_size_within": within_of(list_size_within),
        "allow_missing_practices": allow_missing_practice or False,
    }
    with _named("BEFORE"):
        old = _selected(before, scheme_before or scheme, model_before or model, list_sizes_before, options)
    with _named("AFTER"):
        new = _selected(after, scheme, model, list_sizes, options)
    with working("Comparing"):
        found = compare_selections(old, new)
    if out is not None:
        write_table(found.changes, out, overwrite=overwrite)
    _show(found, each_practice=practice)
    if out is not None:
        say(f"Written: {out} ({plural(found.changes.num_rows, 'row')}, all practices).")


@contextmanager
def _named(register: str) -> Iterator[None]:
    """Say which of the two registers an error is about."""
    try:
        yield
    except CasemgmtError as error:
        raise type(error)(f"{register}: {error}") from None


def _selected(
    reading: Reading, scheme: str, model: str | None, list_sizes: Path | None, options: dict[str, Any]
) -> Selection:
    from casemgmt.results.selecting import select
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    rules = load_scheme(scheme)
    ranking = None if model is None else load_model(model)
    sizes = None if list_sizes is None else read_list_sizes(list_sizes)
    with working("Reading the register"):
        register = reading.register()
    with working("Selecting"):
        return select(register, rules, model=ranking, list_sizes=sizes, **options)


def _show(found: Comparison, *, each_practice: bool) -> None:
    """Print counts by route and by reason, over all practices and for each: whole counts, for who may see them."""
    for name, selection in (("Before", found.before), ("After", found.after)):
        facts = selection.facts
        say(f"{name}: {selection.scheme.title}")
        say(f"  list of {facts['as_of']}, ranked by {facts['ranked_by']}")
        for line in fact_lines(facts):
            say(f"  {line}")
    both = (found.before.facts, found.after.facts)
    if all(facts["synthetic"] for facts in both):
        say("The people are synthetic.")
    if any(facts["demonstration"] for facts in both):
        say(DEMONSTRATION)
    say()
    summary, reasons = found.summary().to_pylist(), found.reasons().to_pylist()
    give(before=selection_facts(found.before), after=selection_facts(found.after))
    give(routes=_totals(summary), reasons=_why(reasons), practices=summary if each_practice else None)
    _show_counts(summary, reasons)
    if each_practice:
        for practice in dict.fromkeys(row["practice_id"] for row in summary):
            say(f"\nPractice {practice}\n")
            _show_counts(*([row for row in rows if row["practice_id"] == practice] for rows in (summary, reasons)))
    say("\ncase_managed counts each patient once. churn: leavers of before; overlap: stayers of all on either list.")


def _show_counts(summary: list[dict[str, Any]], reasons: list[dict[str, Any]]) -> None:
    totals = []
    for counts in _totals(summary):
        either = counts["before"] + counts["joiners"]
        shares = (_share(counts["leavers"], counts["before"]), _share(counts["stayers"], either))
        totals.append((*counts.values(), *shares))
    table("", ("route", *_COUNTED, "churn", "overlap"), totals)
    why = _why(reasons)
    if why:
        say()
        table("", ("route", "change", "reason", "patients"), [tuple(row.values()) for row in why])


def _totals(summary: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each route, how many over all practices."""
    routes = dict.fromkeys(row["route"] for row in summary)
    return [
        {"route": route} | {name: sum(row[name] for row in summary if row["route"] == route) for name in _COUNTED}
        for route in routes
    ]


def _why(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each route and change, how many for each reason over all practices."""
    why: dict[tuple[str, str, str], int] = {}
    for row in reasons:
        key = (row["route"], row["change"], row["reason"])
        why[key] = why.get(key, 0) + row["patients"]
    heads = ("route", "change", "reason", "patients")
    return [dict(zip(heads, (*key, count), strict=True)) for key, count in sorted(why.items())]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
