"""Penalised logistic regression on straight lines between knots: the plain alternative to trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class StraightLines:
    """Log-odds that are, for each input, straight lines between knots or an amount a category, and one for missing.

    Parameters
    ----------
    C : inverse strength of the penalty, on columns that have been brought to one scale
    knots : so many straight lines at most describe an input
    categories : numbers of the inputs that hold categories
    """

    def __init__(self, C: float, knots: int, categories: Sequence[int]) -> None:  # noqa: N803
        self.C, self.knots, self.categories = C, knots, frozenset(categories)

    def fit(self, X: Floats, y: npt.NDArray[np.int64], weights: Floats | None) -> StraightLines:  # noqa: N803
        """Learn; see :class:`~casemgmt.risk.fitting.classifier.AdditiveRiskClassifier`."""
        from sklearn.linear_model import LogisticRegression

        share = np.ones(len(X)) if weights is None else weights
        self.bases = [self._basis_of(number, X[:, number], share) for number in range(X.shape[1])]
        design = self._design(X)
        # A column that is 0 everywhere, such as that of what is never missing, has a coefficient of 0.
        used = np.asarray(design.any(axis=0))
        design = design[:, used]
        # A penalty means nothing until the columns are on one scale.
        spread = np.sqrt(np.maximum(np.average(design**2, axis=0, weights=share), 1e-12))
        spread = np.where(spread > 1e-6, spread, 1.0)
        design /= spread
        # To the very end, so that the millionths do not depend on where it stopped.
        made: Any = LogisticRegression(C=self.C, solver="newton-cholesky", tol=1e-9, max_iter=200)
        made.fit(design, y, sample_weight=weights)
        self.n_iter_ = int(made.n_iter_[0])
        self.coefficients, self.intercept = np.zeros(len(used)), float(made.intercept_[0])
        self.coefficients[used] = made.coef_[0] / spread
        return self

    def decision_function(self, X: Floats) -> Floats:  # noqa: N803
        """Log-odds."""
        found: Floats = self._design(X) @ self.coefficients + self.intercept
        return found

    def _basis_of(self, number: int, values: Floats, share: Floats) -> Floats:
        """Knots, the first of which is the start; or the categories that occur."""
        known = ~np.isnan(values) & (share > 0)
        distinct, place = np.unique(values[known], return_inverse=True)
        if number in self.categories or len(distinct) <= 2:
            return distinct
        heights = np.cumsum(np.bincount(place, weights=share[known]))
        at = np.searchsorted(heights / heights[-1], np.arange(1, self.knots) / self.knots)
        inner = distinct[np.clip(at, 1, len(distinct) - 2)]
        return np.unique(np.concatenate([distinct[:1], inner]))

    def _design(self, X: Floats) -> Floats:  # noqa: N803
        columns: list[Floats] = []
        for number, basis in enumerate(self.bases):
            values = X[:, number]
            missing = np.isnan(values)
            if number in self.categories:
                columns += [(values == each).astype(np.float64) for each in basis]
            else:
                columns += [np.where(missing, 0.0, np.maximum(values - knot, 0.0)) for knot in basis]
            columns.append(missing.astype(np.float64))
        return np.column_stack(columns)
