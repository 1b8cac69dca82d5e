"""Counts of people, places and outcomes by group, and what a group would have at the rates of others of its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.evaluation.judged import Judged

    Groups = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

TENTHS = 10


def counts_by_group(judged: Judged, group: Groups, groups: int) -> list[dict[str, Any]]:
    """Whole counts of each group; None where there is no scheme, or none with a share.

    Parameters
    ----------
    group : int64, one a person judged: the number of the group, below ``groups``
    """
    import numpy as np

    had, inside, below = judged.outcome, judged.inside, judged.just_below
    masks: dict[str, npt.NDArray[np.bool_] | None] = {
        "people": np.ones(len(judged), dtype=bool),
        "events": had,
        "inside": inside,
        "events_inside": None if inside is None else inside & had,
        "missed": None if inside is None else ~inside & had,
        "just_below": below,
        "events_just_below": None if below is None else below & had,
    }
    counted = {
        name: [None] * groups if mask is None else np.bincount(group[mask], minlength=groups).tolist()
        for name, mask in masks.items()
    }
    return [{name: counts[place] for name, counts in counted.items()} for place in range(groups)]


def expected_by_group(judged: Judged, group: Groups, groups: int) -> dict[str, list[float | None]]:
    """How many outcomes each group was to have: at the rate of everyone of its people's scores, and by its risks."""
    at_score = _sums(rates_at_scores(judged.score, judged.outcome), group, groups)
    by_risk: list[float | None] = [None] * groups
    if judged.risk is not None:
        by_risk = list(_sums(judged.risk, group, groups))
    return {"expected_at_score": list(at_score), "expected": by_risk}


def rates_at_scores(score: Floats, outcome: npt.NDArray[np.bool_]) -> Floats:
    """The share with the outcome at each person's score, among everyone: rising with the score, or level.

    The rising steps that are nearest to what happened (isotonic regression, by pooling adjacent violators), so that no
    width of a band has to be chosen, and the sum over all people is the number of outcomes.
    """
    import numpy as np
    from sklearn.isotonic import isotonic_regression

    distinct, where, people = np.unique(score, return_inverse=True, return_counts=True)
    events = np.bincount(where, weights=outcome, minlength=len(distinct))
    rates = isotonic_regression(events / people, sample_weight=people.astype(np.float64), increasing=True)
    return np.asarray(rates[where], dtype=np.float64)


def _sums(values: Floats, group: Groups, groups: int) -> list[float]:
    """The sum of each group, which does not depend on the order of its people."""
    import numpy as np

    return [float(np.sort(values[group == each]).sum()) for each in range(groups)]


def by_tenths(judged: Judged, group: Groups, groups: int) -> list[dict[str, Any]]:
    """People and outcomes of each group and tenth of everyone judged, by score; people of one score stay together."""
    import numpy as np

    distinct, where, people = np.unique(judged.score, return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(people)[:-1]])
    tenth_of = TENTHS * below // len(judged)
    tenth = tenth_of[where]
    cell = group * TENTHS + tenth
    counted = np.bincount(cell, minlength=groups * TENTHS)
    events = np.bincount(cell[judged.outcome], minlength=groups * TENTHS)
    rows = []
    for number in np.flatnonzero(counted).tolist():
        each, place = divmod(number, TENTHS)
        scores = distinct[tenth_of == place]
        rows.append(
            {
                "group": each,
                "tenth": place + 1,
                "score_from": float(scores[0]),
                "score_to": float(scores[-1]),
                "people": int(counted[number]),
                "events": int(events[number]),
            }
        )
    return rows
