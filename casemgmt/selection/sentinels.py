"""Given scores of which one value stands far from all others, as a number written for 'no score' does."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from casemgmt.compiling import pays_once_made
from casemgmt.errors import InputWarning, plural
from casemgmt.selection.plain_rows import MAGNITUDE
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# So many people have the value, and the others so many different ones: two-valued scores have no far value.
FEWEST = 3
_DIFFERENT = 5
_LOOKED_AT = 10_000  # scores of a part, for different ones
_AT_ONCE = 1 << 15  # scores that stay in the cache while they are gone through
_A_PIECE = 1 << 20  # scores worth handing to a thread


@dataclass(slots=True)
class _End:
    """The outermost score on one side, how many share it, and the next one; all signed so that larger is further."""

    last: float | None = None
    shared: int = 0
    next: float | None = None

    def is_within(self, last: float) -> bool:
        """Whether values that reach no further than ``last`` change nothing, as most of a long run do."""
        return self.next is not None and last <= self.next

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """More values, all finite."""
        import numpy as np

        last = float(values.max())
        if self.is_within(last):
            return
        shared = int(np.count_nonzero(values == last))
        if self.next is not None and last == self.last and shared == np.count_nonzero(values > self.next):
            self.shared += shared
            return
        inside = values[values != last]
        nearest = float(inside.max()) if len(inside) else None
        self.merge(last, shared, nearest)

    def merge(self, last: float, shared: int, nearest: float | None) -> None:
        """What other values say of this end."""
        if self.last is None or last > self.last:
            known = [each for each in (self.last, nearest) if each is not None]
            self.last, self.shared, self.next = last, shared, max(known, default=None)
            return
        if last == self.last:
            self.shared += shared
        known = [each for each in (self.next, nearest, last if last < self.last else None) if each is not None]
        self.next = max(known, default=None)


@dataclass(slots=True)
class Span:
    """How far given scores reach, gathered part by part."""

    scores: int = 0
    _above: _End = field(default_factory=_End)
    _below: _End = field(default_factory=_End)
    _different: set[float] = field(default_factory=set)

    def add(self, scores: npt.NDArray[np.float64]) -> None:
        """More scores; those that are not finite are none."""
        import numpy as np

        for start in range(0, len(scores), _AT_ONCE):
            given = scores[start : start + _AT_ONCE]
            # Not a number is both, and no infinity is within; so all of these are finite.
            if self._above.is_within(float(given.max())) and self._below.is_within(-float(given.min())):
                self.scores += len(given)
                continue
            given = _finite(given)
            if len(given):
                self.scores += len(given)
                self._above.add(given)
                self._below.add(-given)
        if len(self._different) <= _DIFFERENT + 1:
            given = _finite(scores[:: len(scores) // _LOOKED_AT + 1])
            self._different.update(np.unique(given)[: _DIFFERENT + 2].tolist())

    @property
    def text(self) -> str:
        """What is known, as a text that :meth:`take_in` reads."""
        ends = [(end.last, end.shared, end.next) for end in (self._above, self._below)]
        return json.dumps({"scores": self.scores, "ends": ends, "different": sorted(self._different)})

    def take_in(self, text: str) -> None:
        """What another span of other scores knows."""
        told = json.loads(text)
        self.scores += told["scores"]
        for end, (last, shared, following) in zip((self._above, self._below), told["ends"], strict=True):
            if last is not None:
                end.merge(last, shared, following)
        self._different.update(told["different"])

    def warn(self) -> None:
        """Warn of a value far from all others that several people share."""
        if len(self._different) <= _DIFFERENT:
            return
        high, low = self._above, self._below
        if _is_far(high, low):
            self._say(high.shared, "above", "rank first")
        if _is_far(low, high):
            self._say(low.shared, "below", "rank last")

    def _say(self, shared: int, where: str, effect: str) -> None:
        if shared < FEWEST:
            return
        warnings.warn(
            f"score=: {shared:,} of {plural(self.scores, 'score')} are one and the same value, far {where} all others, "
            f"so that these patients {effect}. If it stands for 'no score', write it as missing (NaN or null).",
            InputWarning,
            stacklevel=4,
        )


def warn_of_far_scores(scores: npt.NDArray[np.float64]) -> None:
    """Warn of a far value among the scores of a whole register."""
    if _shows_that_none_is_far(scores):
        return
    span = Span()
    span.add(scores)
    span.warn()


def _shows_that_none_is_far(scores: npt.NDArray[np.float64]) -> bool:
    """Whether a few of the scores show that neither end is far from the rest; most are done with after this.

    An end is far where it is further from the next score than that from the other end. So it is not, where any score
    but itself is nearer to it than to the other end.
    """
    import numpy as np

    if len(scores) < _LOOKED_AT:
        return False

    found = np.array(on_threads(lambda start: _ends(scores[start : start + _A_PIECE]), range(0, len(scores), _A_PIECE)))
    low, high = found[:, 0].min(), found[:, 1].max()
    if not (np.isfinite(low) and np.isfinite(high)):
        return False
    few = scores[:: len(scores) // _LOOKED_AT]
    few = few[np.isfinite(few)]
    from_low, to_high = few - low, high - few
    near_high = (to_high > 0) & (to_high <= from_low / 2)
    near_low = (from_low > 0) & (from_low <= to_high / 2)
    return bool(near_high.any() and near_low.any())


def _ends(scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The least and the greatest of some scores; what is no number is passed over, and what is infinite may be."""
    import numpy as np

    from casemgmt.selection.row_kernels import finite_ends

    if not pays_once_made(len(scores), finite_ends):
        return float(np.fmin.reduce(scores)), float(np.fmax.reduce(scores))
    ends = np.array(finite_ends(np.ascontiguousarray(scores).view(np.int64)), dtype=np.int64)
    low, high = np.where(ends < 0, ends ^ MAGNITUDE, ends).view(np.float64).tolist()
    return low, high


def _finite(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    finite = np.isfinite(scores)
    return scores if finite.all() else scores[finite]


def _is_far(end: _End, other: _End) -> bool:
    """Whether the last score is further from the next than that is from the other end."""
    if end.last is None or end.next is None or other.last is None:
        return False
    within = end.next + (other.last if other.last != -end.last else 0)
    return end.last - end.next > within
