"""``casemgmt plan``: what lists of other lengths would hold, and take."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import (
    DEMONSTRATION,
    BudgetOption,
    ContactsOption,
    Demonstration,
    HourPriceOption,
    HoursOption,
    ListSizesOption,
    MinutesOption,
    ModelOption,
    PatientPriceOption,
    PlanOutOption,
    PlanPracticesOption,
    RankedAloneOption,
    RiskOption,
    SchemeOption,
    ScoreOption,
    ScoreOverwriteOption,
    ShareOption,
    WeeksOption,
)
from casemgmt.cli.reading import Reading, read_list_sizes, takes_register
from casemgmt.cli.selecting import need_one_ranking
from casemgmt.cli.show import give, progress, say, table, working
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.evaluation.plan_result import Plan


@takes_register
def plan(
    reading: Reading,
    scheme: SchemeOption,
    model: ModelOption = None,
    score: ScoreOption = None,
    risk: RiskOption = None,
    share: ShareOption = None,
    hours_a_week: HoursOption = None,
    pounds_a_year: BudgetOption = None,
    ranked_alone: RankedAloneOption = False,
    contacts: ContactsOption = 12.0,
    minutes: MinutesOption = 30.0,
    pounds_an_hour: HourPriceOption = 50.0,
    pounds_a_patient: PatientPriceOption = 0.0,
    weeks: WeeksOption = 52.0,
    list_sizes: ListSizesOption = None,
    to: PlanOutOption = None,
    practice: PlanPracticesOption = False,
    overwrite: ScoreOverwriteOption = False,
    demonstration: Demonstration = False,
) -> None:
    """Plan: what a list of each length would hold and take, or how long a list the hours or the money allow."""
    from casemgmt.evaluation.planning import SHARES
    from casemgmt.evaluation.planning import plan as work_out
    from casemgmt.evaluation.tariff import Tariff
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    need_one_ranking(model, score)
    _check_file(to, practice=practice, overwrite=overwrite)
    tariff = Tariff(
        contacts_a_patient=contacts,
        minutes_a_contact=minutes,
        pounds_an_hour=pounds_an_hour,
        pounds_a_patient=pounds_a_patient,
        weeks=weeks,
    )
    rules, ranking = load_scheme(scheme), None if model is None else load_model(model)
    sizes = None if list_sizes is None else read_list_sizes(list_sizes)
    with working("Reading the register"):
        register = reading.register()
    with progress("Planning", "shares") as moved:
        found = work_out(
            register,
            rules,
            ranking,
            score=score,
            risk=risk,
            tariff=tariff,
            shares=share or SHARES,
            list_sizes=sizes,
            allow_demonstration=demonstration,
            progress=moved,
        )
    _show(found, ranking, synthetic=register.synthetic)
    _show_longest(found, hours_a_week, pounds_a_year, ranked_alone=ranked_alone)
    if to is not None:
        write_table(found.practices if practice else found.table, to, overwrite=overwrite)
    if to is not None:
        say(f"Written: {to}.")


def _check_file(to: Path | None, *, practice: bool, overwrite: bool) -> None:
    if practice and to is None:
        raise typer.BadParameter("says what --to writes: give --to FILE.", param_hint="--practice")
    check_writable(to, overwrite=overwrite)


def _show_longest(found: Plan, hours: float | None, pounds: float | None, *, ranked_alone: bool) -> None:
    for given, longest, words in (
        (hours, found.for_hours, "hours a week"),
        (pounds, found.for_budget, "pounds a year"),
    ):
        if given is not None:
            rows = longest(given, ranked_alone=ranked_alone).to_pylist()
            give(**{f"longest_for_{words.replace(' ', '_')}": rows[0] if rows else None})
            say(f"\nThe longest list for {given:,g} {words}:")
            _show_rows(rows)


def _show(found: Plan, model: Any, *, synthetic: bool) -> None:
    from casemgmt.risk.demonstration import is_demonstration

    say(found.asked.scheme.title)
    say(f"{plural(len(found.asked.register.practices), 'practice')}; tariff: {found.tariff.describe()}")
    if synthetic:
        say("The people are synthetic.")
    if model is not None and is_demonstration(model):
        say(DEMONSTRATION)
    say()
    give(
        scheme=found.asked.scheme.id, tariff=found.tariff.describe(), synthetic=synthetic, lists=found.table.to_pylist()
    )
    _show_rows(found.table.to_pylist())
    say("\nexpected: of those by rank, how many the risks expect to have the outcome, whether or not they are managed.")
    say("of 100 more: how many of 100 patients ranked beyond the row above. No admission is counted as avoided.")


def _show_rows(rows: Iterable[dict[str, Any]]) -> None:
    heads = (
        "share",
        "by rank",
        "other routes",
        "patients",
        "expected",
        "of 100 more",
        "contacts",
        "hours a week",
        "£ a year",
    )
    table(
        "",
        heads,
        [
            (
                row["share"],
                *(row[name] for name in ("ranked", "other_routes", "patients")),
                round(row["expected_admissions"]),
                None if row["marginal_yield"] is None else round(100 * row["marginal_yield"]),
                row["contacts"],
                round(row["hours_a_week"]),
                round(row["pounds_a_year"]),
            )
            for row in rows
        ],
    )
