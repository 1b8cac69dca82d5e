"""``casemgmt fit``: a model learned from a register and what became of its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from casemgmt.cli.model_options import (
    BagsOption,
    FitKindOption,
    FreeOption,
    GroupsOption,
    HorizonOption,
    InputOption,
    Kind,
    ModelNameOption,
    ModelOutOption,
    ModelOverwriteOption,
    NeededOption,
    OutcomeOption,
    PairOption,
    SeedOption,
    WordOption,
)
from casemgmt.cli.options import DEMONSTRATION
from casemgmt.cli.reading import Reading, pairs, takes_register
from casemgmt.cli.selecting import show_account
from casemgmt.cli.show import give, progress, say, table, working, wrote
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.risk.fitting.record import Fitting


@takes_register
def fit(
    reading: Reading,
    outcome: OutcomeOption,
    out: ModelOutOption,
    kind: FitKindOption = Kind.boosted,
    input: InputOption = None,  # the option is --input
    needed: NeededOption = None,
    pair: PairOption = None,
    any_direction: FreeOption = False,
    groups: GroupsOption = "practice_id",
    bags: BagsOption = 4,
    seed: SeedOption = 0,
    name: ModelNameOption = "fitted-model",
    horizon_days: HorizonOption = 365,
    word: WordOption = None,
    overwrite: ModelOverwriteOption = False,
) -> None:
    """Fit a model of your own, and write its folder: tables, test vectors, card."""
    from casemgmt.risk.fitting.fit import fit_model
    from casemgmt.risk.saving import replaced_by

    replaced_by(out, overwrite=overwrite)
    together = [_two(text) for text in pair or []]
    with working("Reading the register"):
        register = reading.register()
    with progress("Fitting", "steps") as moved:
        model = fit_model(
            register,
            outcome,
            inputs=input or None,
            kind=kind.value,
            name=name,
            horizon_days=horizon_days,
            needed=needed or (),
            monotone=not any_direction,
            pairs=together,
            groups=groups or None,
            bags=bags,
            seed=seed,
            words=pairs(word, "--word", "population='People of all ages'"),
            progress=moved,
        )
    model.save(out, overwrite=overwrite)
    wrote(out)
    give(model=model.name, demonstration=model.demonstration)
    if model.fitting is not None:
        _show(model.fitting)
    show_account(register)
    if model.demonstration:
        say(DEMONSTRATION)
    say(f"Written: {out}. Judge it on other people before it is used; its card says what a person must write.")


def _two(text: str) -> tuple[str, str]:
    first, comma, second = text.partition(",")
    if not (first and comma and second) or "," in second:
        raise typer.BadParameter("write it as age,heart_failure.", param_hint="--pair")
    return first, second


def _show(fitting: Fitting) -> None:
    give(people=fitting.people, outcomes=fitting.outcomes, inputs=list(fitting.inputs), set_aside=fitting.set_aside)
    give(left_out=list(fitting.left_out))
    give(auroc={"estimator": fitting.auroc_held_out, "tables": fitting.auroc_tables, "points": fitting.auroc_points})
    outcomes = "" if fitting.outcomes is None else f", {fitting.outcomes:,} with the outcome"
    say(f"{plural(fitting.people, 'person', 'people')}{outcomes}; {plural(len(fitting.inputs), 'input')}.")
    for reason, count in fitting.set_aside.items():
        say(f"Set aside: {count:,} {reason}")
    for sentence in fitting.left_out:
        say(f"Left out: {sentence}")
    if fitting.merged:
        say(f"{plural(len(fitting.merged), 'time')} cells share an amount, since fewer than 8 people had them.")
    rows = (
        ("estimator", fitting.auroc_held_out),
        ("tables", fitting.auroc_tables),
        ("whole points", fitting.auroc_points),
    )
    table("", ("people left out", "AUROC"), [(name, f"{value:.3f}") for name, value in rows if value is not None])
