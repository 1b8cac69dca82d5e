"""Simple rules that a model must beat: the oldest, those admitted most, the frailest, the highest points.

Each rule gets as many places in each practice, by each route, as the score that is judged; ties are broken as the
library breaks them for any score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, validity_of
from casemgmt.register.ranked import is_ranked
from casemgmt.scheme.routes import Band, TopShare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.evaluation.judged import Judged
    from casemgmt.register.register import Register
    from casemgmt.selection.workings import Workings

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.int64]

# Columns of a register, each in words.
COLUMNS = {
    "age": "oldest first",
    "emergency_admissions_12m": "most emergency admissions in the last 12 months first",
    "frailty_deficits": "most frailty deficits first",
}
MODEL = "cambridge-multimorbidity-20"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A simple rule.

    Attributes
    ----------
    name, words : the column or model, and what the rule says
    score : float64, one a packed row; NaN where the rule knows nothing of the person, and gives no place
    """

    name: str
    words: str
    score: Floats


def rules_for(judged: Judged) -> list[Rule]:
    """The rules whose columns the register has; not the Cambridge score where that is what is judged."""
    from casemgmt.risk.files import load_model
    from casemgmt.risk.scoring import points_of, sums_of

    register = judged.register
    rules = [
        Rule(name=name, words=words, score=_numbers(register, name))
        for name, words in COLUMNS.items()
        if name in register.column_names
    ]
    model = load_model(MODEL)
    is_judged = judged.model is not None and judged.model.name == model.name
    if not is_judged and all(name in register.column_names for name in model.columns):
        words = "highest Cambridge Multimorbidity Score first"
        rules.append(Rule(name=MODEL, words=words, score=points_of(model, sums_of(model, register))))
    return rules


def _numbers(register: Register, name: str) -> Floats:
    import numpy as np

    column = register.column(name)
    present, values = validity_of(column), numpy_of(column).astype(np.float64)
    return values if present is None else np.where(present, values, np.nan)


def inside_by(workings: Workings, score: Floats) -> Flags:
    """Whom another score lets in, with the places that a selection filled by its share and band routes.

    Parameters
    ----------
    score : float64, one a packed row; NaN has no place

    Returns
    -------
    bool, one a packed row
    """
    import numpy as np

    from casemgmt.selection.plain_rows import bits_of

    register, choice = workings.register, workings.choice
    scored = is_ranked(register.packed) & np.isfinite(score)
    bits = bits_of(choice.plan.conditions, slice(0, len(register)))
    inside = np.zeros(len(register), dtype=bool)
    for i, route in enumerate(workings.scheme.routes):
        if isinstance(route, (TopShare, Band)):
            let_in = choice.practice[choice.member & np.uint32(1 << i) != 0]
            places = np.bincount(let_in, minlength=len(register.practices))
            rows = np.flatnonzero(scored & (bits & np.uint32(1 << i) != 0))
            inside[_highest(register, rows, score, places, workings.scheme.tie_key)] = True
    return inside


def _highest(register: Register, rows: Counts, score: Floats, places: Counts, tie_key: str) -> Counts:
    """The rows of the highest scores of each practice, as many as it has places."""
    import numpy as np

    from casemgmt.selection.ties import first_of_tied

    practice = register.packed.practice_of(rows)
    order = np.lexsort((-score[rows], practice))
    rows, practice = rows[order], practice[order]
    scores, sizes = score[rows], np.bincount(practice, minlength=len(places))
    starts = np.cumsum(sizes) - sizes
    take = np.minimum(places, sizes)
    cut = np.full(len(places), np.inf)
    some = take > 0
    cut[some] = scores[starts[some] + take[some] - 1]
    above, level = scores > cut[practice], scores == cut[practice]
    left = take - np.bincount(practice[above], minlength=len(places))
    fits = left == np.bincount(practice[level], minlength=len(places))
    chosen = above | (level & fits[practice])
    tied = np.flatnonzero(level & ~fits[practice])
    if len(tied):
        present, groups = np.unique(practice[tied], return_inverse=True)
        first = first_of_tied(register, rows[tied], groups, left[present], tie_key)
        chosen[tied[first]] = True
    return np.asarray(rows[chosen])
