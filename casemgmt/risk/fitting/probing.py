"""The tables of an estimator that nobody has to open: its log-odds, one input moved at a time, and then all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from casemgmt.errors import ModelError, listed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

HALF_A_MILLIONTH = 0.5e-6
_JOINT_PROBES = 4_096
_PROBES_A_PAIR = 48
MOST_PAIRS = 20
_AT_ONCE = 200_000  # rows shown to an estimator at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The log-odds of an estimator as amounts.

    Attributes
    ----------
    base : log-odds where each input is in its base cell
    amounts : of each input, what each cell adds to that
    pairs : of two inputs, by their numbers, what their cells add beyond the two amounts: (cells, cells)
    discrepancy : the largest difference, in log-odds, between the estimator and the sum of the amounts, over joint
        probes of all inputs at random
    """

    base: float
    amounts: tuple[Floats, ...]
    pairs: dict[tuple[int, int], Floats] = field(default_factory=dict)
    discrepancy: float

    def sums(self, codes: Codes) -> Floats:
        """The log-odds of rows of cells."""
        import numpy as np

        total = np.full(len(codes), self.base)
        for number, amounts in enumerate(self.amounts):
            total += amounts[codes[:, number]]
        for (one, other), table in self.pairs.items():
            total += table[codes[:, one], codes[:, other]]
        return total


def bound(inputs: int) -> float:
    """How far tables in millionths may be from their estimator: half a millionth for each input and the intercept."""
    return HALF_A_MILLIONTH * (inputs + 1)


def probed(
    decide: Callable[[Codes], Floats],
    cells: Sequence[int],
    base: Sequence[int],
    names: Sequence[str],
    *,
    seed: int,
    pairs: Sequence[tuple[int, int]] | None = (),
) -> Probed:
    """Amounts that add up to an estimator's log-odds.

    Parameters
    ----------
    decide : log-odds of rows of cells, (rows, inputs)
    cells : how many cells each input has
    base : the cell of each input that adds nothing
    names : of the inputs, for messages
    seed : of the joint probes
    pairs : those that may act together; None: they are looked for

    Raises
    ------
    ModelError : the log-odds are no such sum; the message has the largest discrepancy
    """
    import numpy as np

    origin = np.array(base, dtype=np.int32)
    rows = np.concatenate([np.repeat(origin[None], count, axis=0) for count in (1, *cells)])
    at = 1
    for number, count in enumerate(cells):
        rows[at : at + count, number] = np.arange(count)
        at += count
    found = _asked(decide, rows)
    if not np.isfinite(found).all():
        raise ModelError("the estimator gives log-odds that are not finite numbers: no table can hold them.")
    split = np.split(found[1:] - found[0], np.cumsum(cells)[:-1])
    alone = Probed(base=float(found[0]), amounts=tuple(split), discrepancy=0.0)
    random = np.random.default_rng(seed)
    joint = np.column_stack([random.integers(0, count, _JOINT_PROBES) for count in cells]).astype(np.int32)
    truth = _asked(decide, joint)
    if pairs is None:
        off = float(np.abs(truth - alone.sums(joint)).max())
        pairs = [] if off <= bound(len(cells)) else _pairs_of(decide, alone, cells, origin, random)
    tables = {pair: _pair_table(decide, alone, cells, origin, pair) for pair in pairs}
    both = Probed(base=alone.base, amounts=alone.amounts, pairs=tables, discrepancy=0.0)
    discrepancy = float(np.abs(truth - both.sums(joint)).max())
    if not discrepancy <= bound(len(cells)):
        shown = (
            f" Pairs were looked at as well: {listed([f'{names[a]} and {names[b]}' for a, b in pairs], 5)}."
            if pairs
            else ""
        )
        raise ModelError(
            f"the estimator is not additive: over {_JOINT_PROBES:,} joint probes its log-odds differ by up to "
            f"{discrepancy:.3g} from the sum of what each input adds.{shown} Fit one without interactions "
            "(casemgmt.risk.AdditiveRiskClassifier), or give its risks to cm.select as they are, score=."
        )
    return Probed(base=alone.base, amounts=alone.amounts, pairs=tables, discrepancy=discrepancy)


def _asked(decide: Callable[[Codes], Floats], rows: Codes) -> Floats:
    import numpy as np

    return np.concatenate([decide(rows[at : at + _AT_ONCE]) for at in range(0, len(rows), _AT_ONCE)])


def _pairs_of(
    decide: Callable[[Codes], Floats],
    alone: Probed,
    cells: Sequence[int],
    origin: Codes,
    random: np.random.Generator,
) -> list[tuple[int, int]]:
    """The pairs whose two inputs, moved together with all others at the base, do not simply add up."""
    import numpy as np

    every = list(combinations(range(len(cells)), 2))
    rows = np.repeat(origin[None], len(every) * _PROBES_A_PAIR, axis=0)
    for place, pair in enumerate(every):
        here = slice(place * _PROBES_A_PAIR, (place + 1) * _PROBES_A_PAIR)
        for number in pair:
            rows[here, number] = random.integers(0, cells[number], _PROBES_A_PAIR)
    off = np.abs(_asked(decide, rows) - alone.sums(rows)).reshape(len(every), _PROBES_A_PAIR).max(axis=1)
    found = [(float(most), pair) for most, pair in zip(off, every, strict=True) if most > bound(2)]
    if len(found) > MOST_PAIRS:
        raise ModelError(
            f"the estimator is not additive: {len(found)} pairs of its inputs act together, by up to "
            f"{max(found)[0]:.3g} in log-odds; {MOST_PAIRS} is the most that are tabulated."
        )
    return [pair for _, pair in found]


def _pair_table(
    decide: Callable[[Codes], Floats], alone: Probed, cells: Sequence[int], origin: Codes, pair: tuple[int, int]
) -> Floats:
    import numpy as np

    one, other = pair
    rows = np.repeat(origin[None], cells[one] * cells[other], axis=0)
    rows[:, one] = np.repeat(np.arange(cells[one]), cells[other])
    rows[:, other] = np.tile(np.arange(cells[other]), cells[one])
    beyond = _asked(decide, rows) - alone.sums(rows)
    return beyond.reshape(cells[one], cells[other])
