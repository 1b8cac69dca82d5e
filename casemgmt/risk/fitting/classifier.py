"""A classifier whose log-odds are a sum of one amount an input, and of a few chosen pairs, as tables can hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, check_random_state, validate_data

from casemgmt.risk.fitting.parts import parts_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

Kind = Literal["boosted", "logistic"]
ENOUGH_TO_STOP_EARLY = 10_000  # rows; with fewer, those held out tell too little
PARTS = 4  # at least: each classifier leaves out one


class Member(Protocol):
    """One of the classifiers that are averaged."""

    n_iter_: int

    def decision_function(self, X: Floats) -> Floats:  # noqa: N803
        """Log-odds."""


class InOrder:
    """A classifier that was shown the inputs in another order."""

    def __init__(self, member: Member, order: list[int]) -> None:
        self.member, self.order, self.n_iter_ = member, order, member.n_iter_

    def decision_function(self, X: Floats) -> Floats:  # noqa: N803
        """Log-odds."""
        return self.member.decision_function(X[:, self.order])


class AdditiveRiskClassifier(ClassifierMixin, BaseEstimator):
    """Log-odds as a sum of one amount an input: boosted trees that look at one input each, or penalised logistic.

    Parameters
    ----------
    kind : ``boosted`` (:class:`sklearn.ensemble.HistGradientBoostingClassifier` without interactions) or ``logistic``
        (:class:`sklearn.linear_model.LogisticRegression` on straight lines between knots)
    bags : how many classifiers are averaged. Each leaves out another part of the groups, which says when it has
        learned enough; steps that only some of them take become smooth. 1: one classifier
    learning_rate, max_iter, max_leaf_nodes, min_samples_leaf, l2_regularization, max_bins : of the trees, as
        scikit-learn has them. A tree changes one input's table alone, so it may take longer steps than usual
    monotonic_cst : 1 rises, -1 falls, 0 either: a list, one an input, or a mapping from names (boosted)
    pairs : pairs of inputs, by number or name, that may act together (boosted); each input alone otherwise
    categorical_features : inputs, by number or name, that hold whole numbers from 0 which stand for categories; one
        that was not seen adds what a missing one does
    early_stopping : whether trees are added only while that helps the groups left out; ``auto``: from 10,000 rows on
    n_iter_no_change : so many trees without improvement are the end
    C : inverse strength of the penalty (logistic)
    knots : so many straight lines at most describe an input (logistic)
    random_state : seed

    Attributes
    ----------
    classes_ : the two classes
    members_ : the classifiers that are averaged
    out_of_fold_ : log-odds of each row by the one classifier that has not learned from it; NaN where all have
    left_out_ : such classifiers, each with the rows that it left out
    n_iter_ : trees, or steps of Newton's method; the most of any
    n_features_in_ : number of inputs
    feature_names_in_ : their names, where ``X`` has them

    Notes
    -----
    A missing value (NaN) is learned as a value of its own. Y. Lou, R. Caruana, J. Gehrke. Intelligible models for
    classification and regression. KDD 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from casemgmt.risk import AdditiveRiskClassifier
    >>> age = np.arange(200.0)[:, None] % 100
    >>> AdditiveRiskClassifier().fit(age, age[:, 0] > 60).predict([[30], [90]])
    array([False,  True])
    """

    def __init__(
        self,
        kind: Kind = "boosted",
        *,
        bags: int = 1,
        learning_rate: float = 0.2,
        max_iter: int = 300,
        max_leaf_nodes: int = 4,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_bins: int = 255,
        monotonic_cst: Sequence[int] | dict[str, int] | None = None,
        pairs: Sequence[tuple[int | str, int | str]] = (),
        categorical_features: Sequence[int | str] = (),
        early_stopping: bool | Literal["auto"] = "auto",
        n_iter_no_change: int = 10,
        C: float = 1.0,  # noqa: N803
        knots: int = 6,
        random_state: int | None = None,
    ) -> None:
        self.kind = kind
        self.bags = bags
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_bins = max_bins
        self.monotonic_cst = monotonic_cst
        self.pairs = pairs
        self.categorical_features = categorical_features
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.C = C
        self.knots = knots
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may try it with."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self,
        X: npt.ArrayLike,  # noqa: N803
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AdditiveRiskClassifier:
        """Learn from people and what became of them.

        Parameters
        ----------
        X : (people, inputs), numbers; NaN is missing
        y : two classes, the later one in order the outcome
        sample_weight : how much each person counts
        groups : one label a person, such as the practice: all of a group are left out together, or none
        progress : called with (classifiers done, in all); an error raised in it ends the fit

        Returns
        -------
        the classifier itself

        Raises
        ------
        ValueError : the data are not as above, as scikit-learn says it
        """
        seen, given = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        had, weights = self._classes_of(given), _weights_of(sample_weight, seen)
        if groups is not None and len(np.asarray(groups)) != len(seen):
            raise ValueError(f"groups has {len(np.asarray(groups))} labels for {len(seen)} rows.")
        counted = np.ones(len(seen), dtype=np.bool_) if weights is None else weights > 0
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        held_out = self._held_out(len(seen), groups, seed)
        total = len(held_out) + (self.kind == "logistic" and self.bags > 1)
        self.members_: list[Member] = []
        self.left_out_: list[tuple[Member, Whole]] = []
        self.out_of_fold_ = np.full(len(seen), np.nan)
        for done, out in enumerate(held_out):
            _tell(progress, done, total)
            member = self._member(seen, had, weights, counted & ~out, counted & out, seed + done)
            self.members_.append(member)
            if out.any():
                self.out_of_fold_[out] = member.decision_function(seen[out])
                self.left_out_.append((member, np.flatnonzero(out)))
        if self.kind == "logistic" and self.bags > 1:  # those that leave rows out only show how well it does
            _tell(progress, total - 1, total)
            self.members_ = [self._member(seen, had, weights, counted, counted & False, seed)]
        _tell(progress, total, total)
        self.n_iter_ = max(member.n_iter_ for member in self.members_)
        return self

    def decision_function(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """The log-odds of the outcome, one a row."""
        check_is_fitted(self)
        seen = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        found: Floats = np.mean([member.decision_function(seen) for member in self.members_], axis=0)
        return found

    def predict_proba(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """The probabilities of the two classes, (rows, 2)."""
        from scipy.special import expit

        risk = expit(self.decision_function(X))
        return np.column_stack([1 - risk, risk])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:  # noqa: N803
        """The likelier class of each row."""
        is_likelier = self.decision_function(X) > 0
        likelier: npt.NDArray[Any] = self.classes_[is_likelier.astype(int)]
        return likelier

    def _classes_of(self, y: npt.NDArray[Any]) -> Whole:
        if self.kind not in ("boosted", "logistic"):
            raise ValueError("kind must be 'boosted' or 'logistic'.")
        if self.bags < 1:
            raise ValueError("bags must be at least 1.")
        if not isinstance(self.knots, (int, np.integer)) or self.knots < 1:
            raise ValueError("knots must be a whole number, at least 1.")
        if self.kind == "logistic" and (self.monotonic_cst is not None or len(self.pairs)):
            raise ValueError("monotonic_cst and pairs belong to kind='boosted'.")
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        return codes.astype(np.int64)

    def _held_out(self, rows: int, groups: npt.ArrayLike | None, seed: int) -> list[npt.NDArray[np.bool_]]:
        """The rows that each classifier leaves out."""
        stops = self.kind == "boosted" and (
            rows > ENOUGH_TO_STOP_EARLY if self.early_stopping == "auto" else self.early_stopping
        )
        if self.bags == 1 and not stops:
            return [np.zeros(rows, dtype=bool)]
        part = parts_of(rows, groups, max(PARTS, self.bags), seed)
        return [part == number for number in range(self.bags)]

    def _member(
        self,
        X: Floats,  # noqa: N803
        y: Whole,
        weights: Floats | None,
        learned: npt.NDArray[np.bool_],
        out: npt.NDArray[np.bool_],
        seed: int,
    ) -> Member:
        """One classifier."""
        order = self._order(X.shape[1])
        seen = X if order is None else X[:, order]
        own, known = seen[learned], y[learned]
        if len(np.unique(known)) < 2:
            raise ValueError("Classifier can't train when only one class is present in the groups that it learns from.")
        own_weights = None if weights is None else weights[learned]
        if self.kind == "logistic":
            from casemgmt.risk.fitting.lines import StraightLines

            categories = [self._number_of(each) for each in self.categorical_features]
            return StraightLines(self.C, self.knots, categories).fit(own, known, own_weights)
        trees = self._trees(order or list(range(X.shape[1])), stops=bool(out.any()), seed=seed)
        held: dict[str, Any] = {"X_val": seen[out], "y_val": y[out]} if out.any() else {}
        if out.any() and weights is not None:
            held["sample_weight_val"] = weights[out]
        member: Member = trees.fit(own, known, sample_weight=own_weights, **held)
        return member if order is None else InOrder(member, order)

    def _order(self, inputs: int) -> list[int] | None:
        """The order in which the trees are shown the inputs: categories first where pairs are chosen; None: as it is.

        scikit-learn moves categories to the front, and up to 1.9 its ``interaction_cst`` then names other columns.
        """
        if self.kind == "logistic" or not len(self.pairs) or not len(self.categorical_features):
            return None
        first = [self._number_of(each) for each in self.categorical_features]
        return [*first, *(number for number in range(inputs) if number not in first)]

    def _trees(self, order: list[int], *, stops: bool, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        place = {number: at for at, number in enumerate(order)}
        pairs = [{place[self._number_of(one)], place[self._number_of(other)]} for one, other in self.pairs]
        directions = self.monotonic_cst
        if isinstance(directions, dict):
            by_number = {self._number_of(name): direction for name, direction in directions.items()}
            directions = [by_number.get(number, 0) for number in range(len(order))]
        if directions is not None:
            directions = [directions[number] for number in order]
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            max_bins=self.max_bins,
            monotonic_cst=directions,
            categorical_features=[place[self._number_of(each)] for each in self.categorical_features] or None,
            interaction_cst=[*({number} for number in range(len(order))), *pairs],
            early_stopping=stops,
            n_iter_no_change=self.n_iter_no_change,
            random_state=seed,
        )

    def _number_of(self, each: int | str) -> int:
        """The number of an input that is named."""
        if not isinstance(each, str):
            return int(each)
        names = list(getattr(self, "feature_names_in_", ()))
        if each not in names:
            raise ValueError(f"'{each}' is no column of X.")
        return names.index(each)


def _weights_of(sample_weight: npt.ArrayLike | None, X: Floats) -> Floats | None:  # noqa: N803
    if sample_weight is None:
        return None
    weights: Floats = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return weights


def _tell(progress: Callable[[int, int], None] | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
