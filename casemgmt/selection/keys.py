"""What ranks, as whole numbers: a model's sums, or the values a user gives, mapped so that order and ties are kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, InputWarning, plural
from casemgmt.register.ranked import BARRED
from casemgmt.risk.moved import why_no_risk
from casemgmt.risk.scoring import NO_SCORE_64, compile_model, points_of
from casemgmt.scheme.routes import Band
from casemgmt.selection.loop_arrays import ScoreSource
from casemgmt.selection.plain_rows import MAGNITUDE, keys_of, keys_of_floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.loop_arrays import Keys

LARGEST_KEY = 2**63 - 1


def floats_of_keys(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The scores that :func:`casemgmt.selection.plain_rows.keys_of_floats` was given; NaN where there is none."""
    import numpy as np

    bits = np.where(keys < 0, keys ^ MAGNITUDE, keys)
    return np.where(keys == NO_SCORE_64, np.nan, bits.view(np.float64))


class ModelRanking:
    """Ranks by a model's sums.

    ``why_no_risk`` says why the model's numbers are no probabilities for the register's people; None where they are. A
    ``part`` of a register is not asked: the whole is.
    """

    given_risks: None = None
    why_no_risk: str | None = None

    def __init__(self, model: Model, register: Register, *, part: bool = False) -> None:
        import numpy as np

        self.model = model
        self.why_no_risk = None if part else why_no_risk(model, register.counts.accepted)
        scorer = compile_model(model, register, BARRED)
        key = scorer.key_type
        floor = max(scorer.floor, scorer.no_score + 1)
        self.source = ScoreSource(
            scorer.columns,
            scorer.tables,
            np.empty(0, dtype=key),
            key(scorer.no_score),
            key(scorer.lowest),
            key(floor),
        )

    def wide(self, keys: Keys) -> npt.NDArray[np.int64]:
        """Keys of the kernel's type as int64, with one sign for no score."""
        import numpy as np

        return np.where(keys == self.source.no_score, NO_SCORE_64, keys.astype(np.int64))

    def scores(self, keys: Keys) -> npt.NDArray[np.float64]:
        """The scores of keys; NaN where there is none."""
        return points_of(self.model, self.wide(keys))

    def risks(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The risks of scores; NaN where the model gives none, or none of these people."""
        import numpy as np

        from casemgmt.risk.link import risk

        if self.why_no_risk is not None:
            return np.full(len(scores), np.nan)
        return risk(self.model, scores)

    def risks_of(self, rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The same of packed rows with these scores."""
        return self.risks(scores)

    def check_bands(self, bands: Sequence[Band]) -> None:
        """Refuse a band on risk for a model that gives none, or none of these people; warn of the latter anyway."""
        if self.why_no_risk is not None:
            refuse_bands_on_risk(bands, self.why_no_risk)
        if self.model.link == "points" and any(band.on == "risk" for band in bands):
            raise InputError(
                f"The model '{self.model.name}' gives points, not risks, and the scheme has a band on risk. "
                "Choose a model with a logistic or survival link, or give risks with score=."
            )


class GivenRanking:
    """Ranks by values that the user gives."""

    model: None = None

    def __init__(
        self,
        scores: npt.NDArray[np.float64],
        register: Register,
        risks: npt.NDArray[np.float64] | None = None,
    ) -> None:
        import numpy as np

        from casemgmt.register.lookup import TableBuilder

        barred = TableBuilder(register.packed, np.int64, np.add, 0)
        for flag, value in BARRED:
            if flag in register.packed.slots:
                barred.add_field(flag, [int(code == value) for code in (0, 1)])
        columns, tables = barred.build()
        bits = np.ascontiguousarray(scores, dtype=np.float64).view(np.int64)
        self.source = ScoreSource(columns, tables, bits, *(np.int64(n) for n in (NO_SCORE_64, NO_SCORE_64, 0)))
        self._as_risks = False
        self.given_risks = risks

    def wide(self, keys: Keys) -> npt.NDArray[np.int64]:
        """The keys themselves."""
        import numpy as np

        return keys.astype(np.int64, copy=False)

    def scores(self, keys: Keys) -> npt.NDArray[np.float64]:
        """The scores of keys; NaN where there is none."""
        return floats_of_keys(self.wide(keys))

    def risks(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The given values where the scheme asks for risks, else none."""
        import numpy as np

        return scores if self._as_risks else np.full(len(scores), np.nan)

    def risks_of(self, rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The risks of packed rows with these scores: those given beside the scores, where they were."""
        import numpy as np

        if self.given_risks is None:
            return self.risks(scores)
        return np.where(np.isnan(scores), np.nan, self.given_risks[rows])

    def check_bands(self, bands: Sequence[Band]) -> None:
        """Take the values as risks where the scheme has a band on risk; refuse any outside 0 to 1.

        Risks that were given beside them have been looked at.
        """
        if self.given_risks is not None or not any(band.on == "risk" for band in bands):
            return
        refuse_outside(self.outside())
        self._as_risks = True

    def outside(self) -> int:
        """How many values are no risks."""
        import numpy as np

        scores = self.scores(keys_of(self.source))
        return int(np.count_nonzero((scores < 0) | (scores > 1)))


def refuse_bands_on_risk(bands: Iterable[Band], why: str) -> None:
    """Refuse a scheme with a band on risk where a model states none of these people, and warn of an empty column else.

    Raises
    ------
    InputError
    """
    if any(band.on == "risk" for band in bands):
        raise InputError(f"The scheme has a band on risk. {why}")
    warnings.warn(f"The column 'risk' is empty. {why}", InputWarning, stacklevel=2)


def refuse_outside(values: int) -> None:
    """Refuse given scores of which so many are no risks."""
    if values:
        raise InputError(
            f"score=: {plural(values, 'value')} outside 0 to 1, and the scheme has a band on risk. "
            "Give risks between 0 and 1 (divide percentages by 100), or give them beside the scores, as risk=."
        )


Ranking = ModelRanking | GivenRanking


def band_keys(band: Band, ranking: Ranking) -> tuple[int, int]:
    """The lowest and highest key inside a band, both inclusive; an empty range where nothing can be.

    Score and risk rise with the key, so each end is found by bisection over the very comparison that defines the band.
    Risks that were given beside the scores need not: a band on them is a condition of its own, and leaves no key out.
    """
    import numpy as np

    if band.on == "risk" and ranking.given_risks is not None:
        return _key_range(ranking)

    def inside(key: int, below: bool) -> bool:
        score = ranking.scores(np.array([key], dtype=np.int64))
        value = float((score if band.on == "score" else ranking.risks(score))[0])
        edges = band.edges
        if below:
            return (edges.at_least is None or value >= float(edges.at_least)) and (
                edges.above is None or value > float(edges.above)
            )
        return (edges.below is None or value < float(edges.below)) and (
            edges.at_most is None or value <= float(edges.at_most)
        )

    least, most = _key_range(ranking)
    low = _first_true(lambda key: inside(key, True), least, most + 1)
    high = _first_true(lambda key: not inside(key, False), least, most + 1) - 1
    return low, high


def _key_range(ranking: Ranking) -> tuple[int, int]:
    if ranking.model is not None:
        bound = ranking.model.largest_sum
        return -bound, bound
    import numpy as np

    largest = int(keys_of_floats(np.array([np.finfo(np.float64).max]))[0])
    return -largest - 1, min(largest, LARGEST_KEY)


def _first_true(test: Callable[[int], bool], low: int, high: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low
