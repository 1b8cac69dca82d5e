"""The figures of all practices together: how well the score ranks, and how right its risks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.evaluation.at_cut import NO_FIGURE, Figure, table_of
from casemgmt.evaluation.bootstrap import Replicates, interval
from casemgmt.evaluation.calibration import Calibration
from casemgmt.evaluation.discrimination import auroc, average_precision, brier
from casemgmt.evaluation.judged import Judged

if TYPE_CHECKING:
    import pyarrow as pa

MEANINGS = {
    "auroc": "how often someone with the outcome scores higher than someone without; 0.5 by chance, 1 at best",
    "average_precision": "area under the precision-recall curve; the event rate by chance, 1 at best",
    "event_rate": "share of the people judged who had the outcome",
    "brier": "mean squared difference of risk and outcome; 0 at best",
    "brier_null": "the same where everyone's risk is the event rate",
    "brier_scaled": "how much of that is gone; 0: no better than the event rate, 1 at best",
    "observed_to_expected": "outcomes that happened for each one expected; 1: right",
    "calibration_in_the_large": "log-odds by which risks are too low on the whole; 0: right",
    "calibration_slope": "log-odds of the outcome for each of the risk's; 1: right, below 1: risks too extreme",
    "calibration_intercept": "where the line with that slope crosses even odds; 0: right",
    "ici": "mean difference between risk and smoothed share; 0 at best",
    "e50": "median difference between risk and smoothed share",
    "e90": "difference that 9 in 10 people stay below",
    "emax": "largest difference between risk and smoothed share",
}


def measures_table(judged: Judged, drawn: Replicates, calibration: Calibration | None) -> pa.Table:
    """One row a figure of all practices together: measure, value, low, high, meaning."""
    rate = float(judged.outcome.mean())
    figures: dict[str, Figure] = {
        "auroc": (auroc(judged.score, judged.outcome), *interval(drawn.auroc)),
        "average_precision": (average_precision(judged.score, judged.outcome), *interval(drawn.average_precision)),
        "event_rate": (rate, None, None),
    }
    if judged.risk is not None and calibration is not None:
        null, found = rate * (1 - rate), brier(judged.risk, judged.outcome)
        low, high = interval(drawn.brier)
        scaled = [None if each is None else 1 - each / null for each in (found, high, low)]
        figures |= {
            "brier": (found, low, high),
            "brier_null": (null, None, None),
            "brier_scaled": (scaled[0], scaled[1], scaled[2]),
            "observed_to_expected": (calibration.observed_to_expected, None, None),
            "calibration_in_the_large": calibration.in_the_large or NO_FIGURE,
            "calibration_slope": calibration.slope or NO_FIGURE,
            "calibration_intercept": calibration.intercept or NO_FIGURE,
            **{name: (getattr(calibration, name), None, None) for name in ("ici", "e50", "e90", "emax")},
        }
    return table_of(
        [
            {"measure": name, "value": value, "low": low, "high": high, "meaning": MEANINGS[name]}
            for name, (value, low, high) in figures.items()
        ]
    )
