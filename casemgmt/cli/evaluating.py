"""``casemgmt evaluate``: how well a model or a column of risks tells who will have the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.cli.files import refuse_existing, write_text
from casemgmt.cli.model_options import (
    CardOutOption,
    CutOption,
    EvaluationOutOption,
    JudgedModelOption,
    JudgedScoreOption,
    OutcomeOption,
    PointsOption,
    ReplicatesOption,
    SeedOption,
    ThresholdOption,
)
from casemgmt.cli.options import Demonstration, OverCap, OverCapOption, ScoreOverwriteOption, ThreadsOption
from casemgmt.cli.reading import Reading, takes_register
from casemgmt.cli.selecting import need_one_ranking, show_account
from casemgmt.cli.show import give, progress, say, table, working, wrote

if TYPE_CHECKING:
    from casemgmt.evaluation.result import Evaluation


@takes_register
def evaluate(
    reading: Reading,
    outcome: OutcomeOption,
    model: JudgedModelOption = None,
    score: JudgedScoreOption = None,
    points: PointsOption = False,
    scheme: CutOption = None,
    threshold: ThresholdOption = None,
    replicates: ReplicatesOption = 1000,
    seed: SeedOption = 1,
    over_cap: OverCapOption = OverCap.error,
    out: EvaluationOutOption = None,
    card: CardOutOption = None,
    overwrite: ScoreOverwriteOption = False,
    threads: ThreadsOption = None,
    demonstration: Demonstration = False,
) -> None:
    """Judge a model or a column of risks: ranking, calibration, and what the scheme's cut finds."""
    need_one_ranking(model, score)
    if card is not None:
        refuse_existing(card, overwrite=overwrite)
    from casemgmt.evaluation.evaluate import evaluate as judge
    from casemgmt.evaluation.saving import refuse_taken
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    if out is not None:
        refuse_taken(out)
    ranking = score or "" if model is None else load_model(model)
    rules = None if scheme is None else load_scheme(scheme)
    with working("Reading the register"):
        register = reading.register()
    with progress("Judging", "replicates") as moved:
        found = judge(
            ranking,
            outcome,
            register,
            rules,
            threshold=threshold,
            are_risks=not points,
            replicates=replicates,
            seed=seed,
            over_cap=over_cap.value,
            allow_demonstration=demonstration,
            threads=threads,
            progress=moved,
        )
    if out is not None:
        found.save(out)
        wrote(out)
    if card is not None:
        write_text(found.card(), card, overwrite=overwrite)
    _show(found)
    show_account(register)
    for written in (out, card):
        if written is not None:
            say(f"Written: {written}.")


def _show(found: Evaluation) -> None:
    from casemgmt.evaluation.words import figure, headline

    for sentence in headline(found):
        say(sentence)
    say()
    give(measures=found.measures.to_pylist(), rules=None if found.rules is None else found.rules.to_pylist())
    give(remarks=list(found.notes()))
    rows = [
        (
            row["measure"].replace("_", " "),
            figure({"v": row["value"], "v_low": row["low"], "v_high": row["high"]}, "v", 3),
        )
        for row in found.measures.to_pylist()
    ]
    table("", ("figure", "value, with its 95% interval"), rows)
    if found.rules is not None:
        say()
        table(
            "",
            ("with the same places", "PPV", "sensitivity", "AUROC"),
            [
                (row["words"], *(figure(row, name) for name in ("ppv", "sensitivity", "auroc")))
                for row in found.rules.to_pylist()
            ],
        )
    say()
    for note in found.notes():
        say(note)
