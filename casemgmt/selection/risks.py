"""Risks that a user gives beside the scores: what each score means, where the score itself is no risk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.scheme.conditions import Edges

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# Risks that are the logistic function of the scores to within this make log-odds of the scores.
_AS_LOG_ODDS = 1e-6
# From so many patients on, risks that are this much against the scores are those of something else: our decision.
_FEWEST_TOLD, _TURNED = 50, -0.5


class FaultyRisks(NamedTuple):
    """How many risks of ranked patients cannot be used: outside 0 to 1; lacking, or there, against the score.

    The sums are over patients with both: how many, scores, risks, their squares and products, which say whether risks
    fall as scores rise. Those of parts of a register add up.
    """

    outside: int = 0
    lacking: int = 0
    unscored: int = 0
    both: int = 0
    score: float = 0.0
    risk: float = 0.0
    score_squared: float = 0.0
    risk_squared: float = 0.0
    product: float = 0.0

    @property
    def correlation(self) -> float:
        """Of scores and risks; 0 where it says nothing."""
        scores = self.both * self.score_squared - self.score * self.score
        risks = self.both * self.risk_squared - self.risk * self.risk
        if not 0 < scores * risks < float("inf"):
            return 0.0
        return (self.both * self.product - self.score * self.risk) / math.sqrt(scores * risks)

    def refuse(self) -> None:
        """Refuse them.

        Raises
        ------
        InputError
        """
        if self.outside:
            raise InputError(
                f"risk=: {plural(self.outside, 'value')} outside 0 to 1, which no risk is. Divide percentages by 100."
            )
        if self.lacking:
            raise InputError(
                f"risk= has no value for {plural(self.lacking, 'patient')} with a score. Give each of them a risk, or "
                "no score."
            )
        if self.unscored:
            raise InputError(
                f"risk= has a value for {plural(self.unscored, 'patient')} without a score, who cannot be ranked. Give "
                "each of them a score, or no risk."
            )
        if self.both >= _FEWEST_TOLD and self.correlation < _TURNED:
            raise InputError(
                "risk= falls as the score rises: whoever ranks first would have the least risk. Is it the probability "
                "of not having the outcome? Of predict_proba, give the second column, [:, 1]."
            )


def faulty_risks(scores: Floats, risks: Floats, ranked: Flags) -> FaultyRisks:
    """What is wrong with the risks of those who are ranked.

    Parameters
    ----------
    scores, risks : NaN for none
    ranked : who can be ranked; what is given of others is not looked at
    """
    import numpy as np

    scored, given = np.isfinite(scores), ~np.isnan(risks)
    outside = given & ~((risks >= 0) & (risks <= 1))
    counted = (outside, scored & ~given, ~scored & given)
    both = scored & given & ~outside & ranked
    own, likely = scores[both], risks[both]
    with np.errstate(over="ignore"):  # of enormous scores nothing is told
        sums = [each.sum() for each in (own, likely, own**2, likely**2, own * likely)]
    beyond, lacking, unscored = (int(np.count_nonzero(each & ranked)) for each in counted)
    return FaultyRisks(beyond, lacking, unscored, len(own), *(float(each) for each in sums))


def inside(edges: Edges, risks: Floats) -> Flags:
    """Which risks lie within the edges, each edge as the float nearest to it; never NaN."""
    import numpy as np

    met = ~np.isnan(risks)
    if edges.at_least is not None:
        met &= risks >= float(edges.at_least)
    if edges.above is not None:
        met &= risks > float(edges.above)
    if edges.below is not None:
        met &= risks < float(edges.below)
    if edges.at_most is not None:
        met &= risks <= float(edges.at_most)
    return np.asarray(met)


def are_log_odds(scores: Floats, risks: Floats) -> bool:
    """Whether each score is the log-odds of its risk, so that what adds to the score multiplies the odds."""
    import numpy as np

    scored = np.isfinite(scores) & ~np.isnan(risks)
    if not scored.any():
        return False
    said = 1 / (1 + np.exp(-np.clip(scores[scored], -700, 700)))
    return bool(np.all(np.abs(said - risks[scored]) <= _AS_LOG_ODDS))
