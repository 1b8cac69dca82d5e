"""Judging a score: one call, from a model or anybody's risks to figures, tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import InputError, not_one_of
from casemgmt.evaluation.at_cut import Cells, at_cut_table, cells_of, thresholds_of
from casemgmt.evaluation.beside import rules_table
from casemgmt.evaluation.bootstrap import Replicates, cells_drawn, interval, ranking_of, replicates_of
from casemgmt.evaluation.calibration import calibration_of
from casemgmt.evaluation.discrimination import auroc
from casemgmt.evaluation.funnel import funnel_table
from casemgmt.evaluation.judged import Judged, judge
from casemgmt.evaluation.measures import measures_table
from casemgmt.evaluation.result import Evaluation
from casemgmt.evaluation.rules import Rule, inside_by, rules_for
from casemgmt.register.register import Register, a_register
from casemgmt.risk.traps import NEARLY_DETERMINED, TOO_GOOD, Trap, score_that_tells, traps_in

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.annotations import Values
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.places import OverCap

    Flags = npt.NDArray[np.bool_]
    Progress = Callable[[int, int], None]

FEWEST_REPLICATES, MOST_REPLICATES = 100, 100_000


@arguments.checked(
    register=a_register,
    scheme=arguments.instance_or_none("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme"),
    rules=arguments.yes_or_no,
    are_risks=arguments.yes_or_no,
    replicates=arguments.whole,
    seed=arguments.whole,
    allow_demonstration=arguments.yes_or_no,
    threads=arguments.whole_or_none,
    progress=arguments.to_be_called_or_none,
)
def evaluate(
    model_or_risks: Model | Values,
    outcome: Values,
    register: Register,
    scheme: Scheme | None = None,
    *,
    rules: bool = True,
    threshold: float | None = None,
    are_risks: bool = True,
    replicates: int = 1000,
    seed: int = 1,
    over_cap: OverCap = "error",
    allow_demonstration: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge a score by what happened: on the whole, at the scheme's cut in each practice, and beside simple rules.

    Parameters
    ----------
    model_or_risks : a model; or risks from 0 to 1 in any form that ``score=`` of :func:`casemgmt.select` takes, such as
        a column's name, or ``classifier.predict_proba(X)[:, 1]`` of the source's rows
    outcome : the column that says what happened after the list date; or true and false, 0 and 1, or words such as
        ``yes`` and ``N`` in the same forms, keyed by patient id included. Null where it is not known
    register : from :func:`casemgmt.read_register`, best of people whom the model has not seen: see
        :func:`casemgmt.validate`
    scheme : whose cut the score is judged at; without one the ranking and the risks alone are judged
    rules : whether to put simple rules beside it that get the same places: age, last year's emergency admissions,
        frailty deficits and the Cambridge Multimorbidity Score, each where the register has its columns
    threshold : the risk from which on case management is worth its price, for the net benefit; by default the lowest
        risk inside each practice's cut
    are_risks : False for given scores that rank and are no risks, such as points: calibration is left out
    replicates, seed : how often the people are drawn anew for the intervals, 100 to 100,000; and a whole number
    over_cap, allow_demonstration : as :func:`casemgmt.select` takes them
    threads : how many to use; the result does not depend on it
    progress : called with (replicates done, replicates in all, those of the rules included)

    Raises
    ------
    InputError, CapExceededError
        Scores, outcome or register that cannot be used; fewer than ten people with or without the outcome; more
        nominations than places.

    Examples
    --------
    >>> risks = cm.load_model("demonstration-admission")
    >>> cm.evaluate(risks, "outcome_emergency_admission_12m", register, rules=False, replicates=100)
    <Evaluation by 5,754 people in 1 practice, of whom 405 had the outcome. AUROC 0.81...>
    """
    check_options(threshold=threshold, replicates=replicates, seed=seed, over_cap=over_cap, threads=threads)
    judged = judge(
        *(model_or_risks, outcome, register, scheme),
        are_risks=are_risks,
        over_cap=over_cap,
        allow_demonstration=allow_demonstration,
    )
    return evaluation_of(
        judged,
        rules=rules,
        threshold=threshold,
        replicates=replicates,
        seed=seed,
        threads=threads,
        progress=progress,
        outcome_name=name_of(outcome),
    )


def evaluation_of(
    judged: Judged,
    *,
    rules: bool = True,
    threshold: float | None = None,
    replicates: int = 1000,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
    outcome_name: str = "the outcome given",
    validated: str = "",
) -> Evaluation:
    """The same of people who have been brought together; see :func:`evaluate`."""
    beside = rules_for(judged) if rules and judged.workings is not None else []
    lists = _lists(judged, beside)
    cells = cells_of(judged.practice, judged.outcome, lists)
    drawn = _drawn(judged, beside, cells, replicates, seed, threads, progress)
    own = [drawn[0].cells]
    for inside in lists[1:]:
        stratum = 2 * judged.practice + inside
        own.append(cells_drawn(cells.of_person, stratum, replicates=replicates, seed=seed, threads=threads))
    calibration = None if judged.risk is None else calibration_of(judged.risk, judged.outcome)
    thresholds = thresholds_of(judged, threshold)
    with_cut = bool(lists)
    return Evaluation(
        judged=judged,
        outcome_name=outcome_name,
        measures=measures_table(judged, drawn[0], calibration),
        calibration=calibration,
        at_cut=at_cut_table(judged, cells, drawn[0].cells, thresholds) if with_cut else None,
        rules=rules_table(judged, beside, drawn, own, cells, thresholds[-1]) if with_cut else None,
        funnel=None if judged.risk is None else funnel_table(judged),
        traps=_traps(judged, drawn[0].auroc),
        threshold=threshold,
        replicates=replicates,
        seed=seed,
        validated=validated,
    )


def _traps(judged: Judged, drawn: npt.NDArray[np.float64]) -> tuple[Trap, ...]:
    """What is wrong with the data of the people judged, by the inputs of a model, and by any score itself.

    Parameters
    ----------
    drawn : float64, the AUROC of each replicate
    """
    import numpy as np

    happened = np.full(len(judged.register), np.nan)
    happened[judged.rows] = judged.outcome
    columns = () if judged.model is None else judged.model.columns
    found = traps_in(judged.register, happened, columns)
    area, low = auroc(judged.score, judged.outcome), interval(drawn)[0]
    told = any(trap.kind == "tells the outcome" for trap in found)
    if told or area < TOO_GOOD or low is None or low < NEARLY_DETERMINED:
        return found
    return (score_that_tells(area), *found)


def name_of(outcome: object) -> str:
    """What an outcome is called in words: its column."""
    return outcome if isinstance(outcome, str) else "the outcome given"


def _lists(judged: Judged, beside: Sequence[Rule]) -> list[Flags]:
    """Who of the people judged is inside, by the score and then by each rule; none without a scheme."""
    if judged.workings is None or judged.inside is None:
        return []
    return [judged.inside, *(inside_by(judged.workings, rule.score)[judged.rows] for rule in beside)]


def _drawn(
    judged: Judged,
    beside: Sequence[Rule],
    cells: Cells,
    replicates: int,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> list[Replicates]:
    """What the replicates come to by the score, then by each rule: the same people are drawn for all of them."""
    import numpy as np

    stratum = judged.practice if judged.inside is None else 2 * judged.practice + judged.inside
    square = None if judged.risk is None else np.square(judged.risk - judged.outcome)
    scores = [judged.score, *(rule.score[judged.rows] for rule in beside)]
    return [
        replicates_of(
            ranking_of(score, judged.outcome, stratum),
            replicates=replicates,
            seed=seed,
            cell=None if i else cells.of_person,
            square=None if i else square,
            threads=threads,
            progress=_part_of(progress, i, len(scores)),
        )
        for i, score in enumerate(scores)
    ]


@arguments.checked(replicates=arguments.whole, seed=arguments.whole, threads=arguments.whole_or_none)
def check_options(
    *,
    threshold: object = None,
    replicates: int = FEWEST_REPLICATES,
    seed: int = 0,
    over_cap: object = "error",
    threads: int | None = None,
) -> None:
    """Refuse options of :func:`evaluate` that are out of range.

    Raises
    ------
    InputError
    """
    if threshold is not None and (
        isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 < threshold < 1
    ):
        raise InputError("threshold is a risk between 0 and 1, such as threshold=0.2.")
    if not FEWEST_REPLICATES <= replicates <= MOST_REPLICATES:
        raise InputError(f"replicates is a whole number from {FEWEST_REPLICATES} to {MOST_REPLICATES:,}.")
    if not 0 <= seed < 2**63:
        raise InputError("seed is a whole number from 0 to 2**63 - 1.")
    if not isinstance(over_cap, str) or over_cap not in ("error", "queue"):
        raise not_one_of("over_cap", ("error", "queue"))
    if threads is not None and not 1 <= threads <= 1024:
        raise InputError("threads is a whole number from 1 to 1024.")


def _part_of(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Progress of one ranking as that of all."""
    if progress is None:
        return None
    return lambda done, in_all: progress(part * in_all + done, parts * in_all)
