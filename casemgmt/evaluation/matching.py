"""Matched comparison: beside each who was managed the nearest in score who was not, of one practice, age and sex.

References
----------
Austin PC. Optimal caliper widths for propensity-score matching. Pharm Stat 2011;10:150-161 (a fifth of a standard
deviation); Balance diagnostics for comparing the distribution of baseline covariates. Stat Med 2009;28:3083-3107
(standardized differences, of which up to 0.1 is taken as balance).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.evaluation.values import numbers_of
from casemgmt.register.fields import CONDITIONS, FIELDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Rows = npt.NDArray[np.int64]

CALIPER = 0.2  # standard deviations of the score
AGE_BAND = 10  # years


class Pairs(NamedTuple):
    """Positions of the managed and of those like them, one entry a pair; and the managed who have nobody like them."""

    managed: Rows
    like: Rows
    unmatched: int


def nearest_pairs(score: Floats, managed: Flags, group: Rows) -> Pairs:
    """Each of the managed beside the nearest in score of the same group who is not, within the caliper, each once.

    The managed come in order of score from the highest, who have the fewest like them.

    Parameters
    ----------
    score : what ranked
    managed : who was managed
    group : number of the group within which people are matched
    """
    import numpy as np

    reach = CALIPER * float(np.std(score, ddof=1)) if len(score) > 1 else 0.0
    found: list[tuple[int, int]] = []
    order = np.lexsort((score, group))
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        own = order[start:stop]
        if managed[own].any() and not managed[own].all():
            found += _within(own[managed[own]], own[~managed[own]], score, reach)
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return Pairs(pairs[:, 0], pairs[:, 1], int(managed.sum()) - len(pairs))


def _within(managed: Rows, others: Rows, score: Floats, reach: float) -> Iterator[tuple[int, int]]:
    """Pairs of one group; both in rising order of score."""
    import numpy as np

    left = score[others]
    free = np.ones(len(others), dtype=bool)
    for each in managed[::-1].tolist():
        low, high = np.searchsorted(left, [score[each] - reach, score[each] + reach + 1e-12])
        near = np.flatnonzero(free[low:high]) + low
        if len(near):
            taken = int(near[np.argmin(np.abs(left[near] - score[each]))])
            free[taken] = False
            yield each, int(others[taken])


def groups_of_people(register: Register, rows: Rows, practice: Rows) -> Rows:
    """A number for each practice, sex and band of ten years of age; unknown age and sex are groups of their own."""
    import numpy as np

    age = numbers_of(register, "age", rows) // AGE_BAND
    sex = _sex(register, rows)
    return np.asarray((practice * 100 + np.where(np.isnan(age), 99, age)) * 10 + sex, dtype=np.int64)


def _sex(register: Register, rows: Rows) -> npt.NDArray[np.int64]:
    """A number for each sex, 0 where it is not known."""
    import numpy as np

    if "sex" not in register.packed.slots:
        return np.zeros(len(rows), dtype=np.int64)
    return register.packed.codes("sex", rows).astype(np.int64)


def balance_table(
    register: Register, rows: Rows, score: Floats, managed: Flags, pairs: Pairs, outcome: Floats | None
) -> pa.Table:
    """One row a characteristic: means of the managed and the others, before matching and after, and how far apart.

    The outcome, where there is one, is the last row.

    Returns
    -------
    pyarrow.Table
        characteristic; managed, others (means of all); matched_managed, matched_others (means of the pairs);
        difference, matched_difference (standardized: in standard deviations, 0.1 and less being near)
    """
    import numpy as np
    import pyarrow as pa

    shown: dict[str, list[float | str | None]] = {
        name: []
        for name in (
            *("characteristic", "managed", "others", "difference"),
            *("matched_managed", "matched_others", "matched_difference"),
        )
    }
    last = () if outcome is None else (("outcome", outcome),)
    for name, values in (*_characteristics(register, rows, score), *last):
        known = ~np.isnan(values)
        before = (values[managed & known], values[~managed & known])
        after = tuple(values[which][known[which]] for which in (pairs.managed, pairs.like))
        shown["characteristic"].append(name)
        spread = _spread(*before)
        for prefix, (one, other) in (("", before), ("matched_", after)):
            means = [float(each.mean()) if len(each) else None for each in (one, other)]
            shown[f"{prefix}managed"].append(means[0])
            shown[f"{prefix}others"].append(means[1])
            apart = None if means[0] is None or means[1] is None or not spread else (means[0] - means[1]) / spread
            shown[f"{prefix}difference"].append(apart)
    kinds = {name: pa.string() if name == "characteristic" else pa.float64() for name in shown}
    return pa.table({name: pa.array(values, kinds[name]) for name, values in shown.items()})


def _spread(one: Floats, other: Floats) -> float:
    """The standard deviation that differences are told in: of both groups as they were before matching."""
    import numpy as np

    return float(np.sqrt((one.var() + other.var()) / 2)) if len(one) and len(other) else 0.0


def _characteristics(register: Register, rows: Rows, score: Floats) -> Iterator[tuple[str, Floats]]:
    """The score, whole numbers, sex, and how many conditions: what a register says of everyone; NaN where unknown."""
    import numpy as np

    packed = register.packed
    yield "score", score
    for name in register.fields:
        if FIELDS[name].kind == "integer" and name != "nomination_order":
            yield name, numbers_of(register, name, rows)
    if "sex" in packed.slots:
        sex, female = _sex(register, rows), FIELDS["sex"].allowed.index("F") + 1
        yield "female", np.where(sex == 0, np.nan, (sex == female).astype(np.float64))
    held = [name for name in CONDITIONS if name in packed.slots]
    if held:
        yield "conditions", np.sum([packed.is_set(name, rows) for name in held], axis=0, dtype=np.float64)
