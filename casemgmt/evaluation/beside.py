"""The score beside simple rules that get the same places, in the same replicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.evaluation.at_cut import NO_FIGURE, Cells, Cut, Figure, cut_columns, cut_of, table_of
from casemgmt.evaluation.bootstrap import Replicates, interval
from casemgmt.evaluation.discrimination import auroc
from casemgmt.evaluation.judged import Judged
from casemgmt.evaluation.rules import Rule

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

THIS = "this score"


def rules_table(
    judged: Judged,
    rules: Sequence[Rule],
    drawn: Sequence[Replicates],
    own: Sequence[npt.NDArray[np.int32]],
    cells: Cells,
    threshold: float | None,
) -> pa.Table:
    """One row for the score that is judged, then one a rule, of all practices together.

    Parameters
    ----------
    drawn : what the replicates of the score came to, then the same people ranked by each rule
    own : people of each cell, as drawn inside and outside the cut of the score, then that of each rule: a rule has its
        places whoever the patients are, as the score has
    cells : the people by the list of the score, then that of each rule
    threshold : of all practices together
    """
    together = [cut_of(cells, drawn[0].cells, i) for i in range(len(rules) + 1)]
    cuts = [cut_of(cells, each, i) for i, each in enumerate(own)]
    areas = [auroc(judged.score, judged.outcome), *(_auroc_of(rule, judged) for rule in rules)]
    rows = []
    for i, (cut, area, replicated) in enumerate(zip(cuts, areas, drawn, strict=True)):
        name, words = (rules[i - 1].name, rules[i - 1].words) if i else (THIS, "the score that is judged")
        row: dict[str, object] = {"ranking": name, "words": words}
        row |= {key: value for key, value in cut_columns(name, cut, threshold).items() if key != "practice_id"}
        row |= _three("auroc", (area, *interval(replicated.auroc)))
        gained = (areas[0] - area, *interval(drawn[0].auroc - replicated.auroc)) if i else NO_FIGURE
        row |= _three("ppv_gained", _ppv_gained(together[0], together[i]) if i else NO_FIGURE)
        rows.append(row | _three("auroc_gained", gained))
    return table_of(rows)


def _three(name: str, figure: Figure) -> dict[str, float | None]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), figure, strict=True))


def _auroc_of(rule: Rule, judged: Judged) -> float:
    """People of whom the rule knows nothing rank last."""
    import numpy as np

    score = rule.score[judged.rows]
    return auroc(np.where(np.isnan(score), -np.inf, score), judged.outcome)


def _ppv_gained(this: Cut, other: Cut) -> Figure:
    if not (this.inside and other.inside):
        return NO_FIGURE
    gained = this.events_inside / this.inside - other.events_inside / other.inside
    return gained, *interval(_ppv(this) - _ppv(other))


def _ppv(cut: Cut) -> npt.NDArray[np.float64]:
    """The share with the outcome of those inside, in each replicate; NaN where nobody is."""
    import numpy as np

    shares = np.full(len(cut.replicated_inside), np.nan)
    np.divide(cut.replicated_events_inside, cut.replicated_inside, out=shares, where=cut.replicated_inside > 0)
    return shares
