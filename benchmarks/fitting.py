"""A logistic model fitted to people and judged by what happened to them: casemgmt beside scikit-learn and NumPy.

27 conditions, deprivation, age and five counts, each a straight line; counts are cut off and ages clipped so that no
value is rare, for casemgmt joins rare ones. `cm.fit_model` also checks and encodes the register, looks for traps, reads
the tables off the classifier and proves them; `cm.evaluate` also gives calibration and its curve, a funnel of practices
and traps. The others begin with arrays of numbers and do none of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.answers import DiffersError, Ties
from benchmarks.data import Population
from benchmarks.formula import COUNTS
from benchmarks.works import Contender, Inputs, Work
from casemgmt.register.fields import CONDITIONS

Floats = npt.NDArray[np.float64]
Run = Callable[[], Any]
# Who judges an answer is asked for the log-odds of everybody.
LogOdds = Callable[["Outcomes"], Floats]

OURS = ("casemgmt", "numpy", "numba", "pyarrow", "scikit-learn")
MOST = dict(zip(COUNTS, (4, 5, 6, 8, 8), strict=True))
AGES = (20, 89)
NAMES = (*CONDITIONS, "imd_decile", "age", *MOST)
TRUE = np.array([0.2] * len(CONDITIONS) + [-0.03, 0.03, 0.3, 0.1, 0.05, 0.03, 0.05])
TRUE_INTERCEPT, PENALTY, TOLERANCE = -4.5, 1.0, 1e-9
# Half a millionth for each input and the intercept is what casemgmt promises of its tables.
PROMISED = 0.5e-6 * (len(NAMES) + 1)
REPLICATES = 100
FIGURES = ("auroc", "average_precision", "brier")


class Outcomes(Inputs):
    """The people of the other works, with fewer different values, and what became of them."""

    @cached_property
    def population(self) -> Population:
        people = super().population
        limits = {name: (0, most) for name, most in MOST.items()} | {"age": AGES}
        clipped = {name: np.clip(people.columns[name], *ends) for name, ends in limits.items()}
        return replace(people, columns={**people.columns, **clipped})

    @cached_property
    def columns(self) -> Floats:
        """(people, inputs), each input from 0."""
        found = np.column_stack([self.population.columns[name].astype(np.float64) for name in NAMES])
        found[:, NAMES.index("age")] -= AGES[0]
        found[:, NAMES.index("imd_decile")] -= 1
        return found

    @cached_property
    def risk(self) -> Floats:
        """By which outcomes are drawn."""
        return 1 / (1 + np.exp(-(self.columns @ TRUE + TRUE_INTERCEPT)))

    @cached_property
    def had(self) -> npt.NDArray[np.bool_]:
        """Who had the outcome."""
        drawn: npt.NDArray[np.bool_] = np.random.default_rng(self.patients).random(self.patients) < self.risk
        return drawn

    @cached_property
    def used(self) -> npt.NDArray[np.bool_]:
        """Who did not object."""
        return ~self.population.columns["objected"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """The right log-odds of those who did not object."""

    inputs: Outcomes
    log_odds: Floats

    @property
    def counts(self) -> dict[str, int]:
        """How many were fitted to."""
        return {"people": len(self.log_odds), "outcomes": int(self.inputs.had[self.inputs.used].sum())}

    def check(self, answer: LogOdds, ties: Ties | None = None) -> None:
        """Refuse a model whose log-odds are further off than tables in millionths may be."""
        off = np.abs(answer(self.inputs)[self.inputs.used] - self.log_odds)
        wrong = np.count_nonzero(~(off <= PROMISED))
        if wrong:
            raise DiffersError(f"{wrong:,} differ: the log-odds, by up to {off.max():.2g}.")


class ToFit(Outcomes):
    """Judged by a plain Newton's method, to its end."""

    @cached_property
    def truth(self) -> Fitted:
        seen, had = self.columns[self.used], self.had[self.used]
        scale = np.sqrt((seen**2).mean(axis=0))
        design = np.column_stack([seen / scale, np.ones(len(seen))])
        penalty = np.append(np.ones(len(scale)), 0.0) / PENALTY
        found = np.zeros(design.shape[1])
        for _ in range(50):
            risk = 1 / (1 + np.exp(-(design @ found)))
            slope = design.T @ (risk - had) + penalty * found
            curve = (design.T * (risk * (1 - risk))) @ design + np.diag(penalty)
            step = np.linalg.solve(curve, slope)
            found -= step
            if np.abs(step).max() < 1e-12:
                break
        return Fitted(inputs=self, log_odds=design @ found)


def fit_casemgmt(inputs: Outcomes) -> Run:
    """`cm.fit_model`, one classifier and nobody left out, as the other does."""
    import casemgmt as cm

    register, had = inputs.register, inputs.had
    options = {"knots": 1, "C": PENALTY}
    return lambda: cm.fit_model(
        register, had, inputs=list(NAMES), kind="logistic", bags=1, groups=None, options=options
    )


def fit_sklearn(inputs: Outcomes) -> Run:
    """`LogisticRegression` on columns brought to one scale."""
    from sklearn.linear_model import LogisticRegression

    seen, had = inputs.columns[inputs.used], inputs.had[inputs.used]

    def run() -> tuple[Floats, float]:
        scale = np.sqrt((seen**2).mean(axis=0))
        made = LogisticRegression(C=PENALTY, solver="newton-cholesky", tol=TOLERANCE, max_iter=200)
        made.fit(seen / scale, had)
        return made.coef_[0] / scale, float(made.intercept_[0])

    return run


def _log_odds_of_model(model: Any) -> LogOdds:
    return lambda inputs: model.score(inputs.register).to_numpy(zero_copy_only=False)


def _log_odds_of_lines(found: tuple[Floats, float]) -> LogOdds:
    return lambda inputs: inputs.columns @ found[0] + found[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """The right figures, and how wide their intervals are, about."""

    people: int
    outcomes: int
    values: dict[str, float]
    widths: dict[str, float]

    @property
    def counts(self) -> dict[str, int]:
        """Who was judged."""
        return {"people": self.people, "outcomes": self.outcomes}

    def check(self, answer: dict[str, tuple[float, float, float]], ties: Ties | None = None) -> None:
        """Refuse a figure that is another, and an interval that is not about it or not about as wide.

        Intervals are drawn at random, of a hundred replicates: their width may be a third off.
        """
        for name, value in self.values.items():
            found, low, high = answer[name]
            if not abs(found - value) < 1e-9:
                raise DiffersError(f"1 differ: {name}.")
            if not low < value < high or not abs((high - low) / self.widths[name] - 1) < 1 / 3:
                raise DiffersError(f"1 differ: the interval of {name}.")


class ToJudge(Outcomes):
    """Judged by the definitions of the figures, and by replicates of another seed, twice as many."""

    @cached_property
    def truth(self) -> Judged:
        from scipy.stats import rankdata

        risk, had = self.risk[self.used], self.had[self.used]
        cases = int(had.sum())
        ranks = rankdata(risk)
        down = np.argsort(-risk, kind="stable")
        alarms = np.cumsum(had[down]) / np.arange(1, len(had) + 1)
        last = np.append(np.flatnonzero(np.diff(risk[down])), len(had) - 1)  # of those with one risk
        above = np.diff(np.cumsum(had[down])[last], prepend=0)
        values = {
            "auroc": float((ranks[had].sum() - cases * (cases + 1) / 2) / (cases * (len(had) - cases))),
            "average_precision": float((alarms[last] * above).sum() / cases),
            "brier": float(((risk - had) ** 2).mean()),
        }
        drawn = _replicates(self, seed=2, replicates=2 * REPLICATES)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        widths = dict(zip(FIGURES, (high - low).tolist(), strict=True))
        return Judged(people=len(had), outcomes=cases, values=values, widths=widths)


def _draws(inputs: Outcomes, seed: int, replicates: int) -> Any:
    """Places of people drawn again within each practice, a replicate at a time."""
    practice = inputs.population.practice[inputs.used]
    sizes = np.bincount(practice)
    start, size = (np.cumsum(sizes) - sizes)[practice], sizes[practice]
    chance = np.random.default_rng(seed)
    for _ in range(replicates):
        yield start + (chance.random(len(practice)) * size).astype(np.int64)


def _replicates(inputs: Outcomes, seed: int, replicates: int) -> Floats:
    """(replicates, figures): people sorted by risk once, and weighed by how often they are drawn."""
    risk, had = inputs.risk[inputs.used], inputs.had[inputs.used]
    down = np.argsort(-risk, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(risk[down])), len(risk) - 1)
    square, case = (risk - had) ** 2, had[down]
    found = np.empty((replicates, len(FIGURES)))
    for number, places in enumerate(_draws(inputs, seed, replicates)):
        times = np.bincount(places, minlength=len(risk))
        weight = times[down]
        everyone = np.cumsum(weight)[ends]
        cases = np.cumsum(weight * case)[ends]
        own, others = np.diff(cases, prepend=0), np.diff(everyone - cases, prepend=0)
        total = cases[-1]
        won = (others * (2 * cases - own)).sum() / (2 * total * (everyone[-1] - total))
        precise = (own * (cases / np.maximum(everyone, 1))).sum() / total
        found[number] = won, precise, (times @ square) / len(risk)
    return found


def judge_casemgmt(inputs: Outcomes) -> Run:
    """`cm.evaluate`, of given risks."""
    import casemgmt as cm

    register, risk, had = inputs.register, inputs.risk, inputs.had
    return lambda: cm.evaluate(risk, had, register, rules=False, replicates=REPLICATES, threads=inputs.threads)


def judge_sklearn(inputs: Outcomes) -> Run:
    """The functions of `sklearn.metrics`, on everybody and on each replicate."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    risk, had = inputs.risk[inputs.used], inputs.had[inputs.used]

    def figures(had: Any, risk: Any) -> tuple[float, ...]:
        return roc_auc_score(had, risk), average_precision_score(had, risk), brier_score_loss(had, risk)

    def run() -> Any:
        drawn = np.array([figures(had[places], risk[places]) for places in _draws(inputs, 1, REPLICATES)])
        return figures(had, risk), drawn

    return run


def judge_numpy(inputs: Outcomes) -> Run:
    """The figures of `sklearn.metrics` on everybody; replicates of people who were sorted once."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    risk, had = inputs.risk[inputs.used], inputs.had[inputs.used]

    def run() -> Any:
        values = roc_auc_score(had, risk), average_precision_score(had, risk), brier_score_loss(had, risk)
        return values, _replicates(inputs, 1, REPLICATES)

    return run


def _of_evaluation(found: Any) -> dict[str, tuple[float, float, float]]:
    rows = {row["measure"]: row for row in found.measures.to_pylist()}
    return {name: (rows[name]["value"], rows[name]["low"], rows[name]["high"]) for name in FIGURES}


def _of_replicates(found: Any) -> dict[str, tuple[float, float, float]]:
    values, drawn = found
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return dict(zip(FIGURES, zip(values, low.tolist(), high.tolist(), strict=True), strict=True))


def _ready(inputs: Outcomes) -> None:
    _ = inputs.truth, inputs.register


FIT = Work(
    name="fit",
    title="a register in memory → a logistic model of 34 inputs",
    orders=("sorted",),
    by_default=False,
    most=100_000,
    inputs=ToFit,
    ready=_ready,
    contenders=(
        Contender(key="casemgmt", name="casemgmt", packages=OURS, prepare=fit_casemgmt, read=_log_odds_of_model),
        Contender(
            key="sklearn",
            name="scikit-learn, LogisticRegression",
            packages=("scikit-learn",),
            prepare=fit_sklearn,
            read=_log_odds_of_lines,
            less=True,
        ),
    ),
)

EVALUATE = Work(
    name="evaluate",
    title=f"risks and outcomes in memory → AUROC, precision, Brier score, intervals of {REPLICATES} replicates",
    orders=("sorted",),
    by_default=False,
    most=100_000,
    inputs=ToJudge,
    ready=_ready,
    contenders=(
        Contender(key="casemgmt", name="casemgmt", packages=OURS, prepare=judge_casemgmt, read=_of_evaluation),
        Contender(
            key="sklearn",
            name="scikit-learn, its functions on each replicate",
            packages=("scikit-learn",),
            prepare=judge_sklearn,
            read=_of_replicates,
            less=True,
        ),
        Contender(
            key="numpy",
            name="NumPy, people sorted once",
            packages=("numpy", "scikit-learn"),
            prepare=judge_numpy,
            read=_of_replicates,
            less=True,
        ),
    ),
)
