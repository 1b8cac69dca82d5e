"""What each input adds to the scores of many patients at once, exactly: as :mod:`casemgmt.risk.explain` says of one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.risk.chosen import is_missing, missing_within
from casemgmt.risk.explain import explained
from casemgmt.risk.inputs import MILLION
from casemgmt.risk.words import size_in_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel


class Contribution(NamedTuple):
    """What something known of a patient adds to the score.

    ``words`` say what is known; ``millionths`` is what it adds to the model's sum, as a whole number.
    """

    words: str
    millionths: int


class Contributions(NamedTuple):
    """The contributions of some patients.

    Attributes
    ----------
    distinct : each contribution once
    of_rows : for each patient the places in ``distinct`` of what adds something or is not recorded, the largest first;
        None where a missing input means that there is no score
    """

    distinct: list[Contribution]
    of_rows: list[list[int] | None]


def contributions_of(model: AdditiveModel, register: Register, rows: npt.NDArray[np.int64]) -> Contributions:
    """What adds to the score of each of some packed rows; of each patient they add up to the model's sum exactly."""
    from casemgmt.risk.scoring import cells_of

    said = _Said(model)
    of_rows: list[list[int] | None] = [
        [said.place("Everyone starts here", model.intercept)] if model.intercept else [] for _ in range(len(rows))
    ]
    for each in model.inputs:
        cells = cells_of(model, each, register, rows).tolist()
        unknown = is_missing(model, each, register, rows).tolist()
        is_score = each.kind == "score"
        lacking = missing_within(model, each, register, rows).tolist() if is_score else [0] * len(rows)
        known: dict[tuple[int, bool, int], int | None] = {}
        for at, key in enumerate(zip(cells, unknown, lacking, strict=True)):
            if key not in known:
                _, _, words, amount, _, _, missing = explained(each, key[0], unknown=key[1], lacking=key[2])
                adds = amount is None or amount != 0 or missing
                known[key] = said.place(words, amount) if adds else None
            place, own = known[key], of_rows[at]
            if place is not None and own is not None:
                own.append(place)
    for at, places in enumerate(of_rows):
        of_rows[at] = said.in_order(places or [])
    return Contributions(said.contributions(), of_rows)


def points_text(model: AdditiveModel, millionths: int) -> str:
    """An amount in points of the score, exactly: ``1.53``, ``-0.0021``."""
    points = Decimal(millionths) / (MILLION * model.divide_by)
    text = f"{points.normalize():f}"
    return "0" if text == "-0" else text


def factor_text(model: AdditiveModel, millionths: int) -> str:
    """The same as a factor on the odds or the rate, ``× 2.9``; empty for a model of points."""
    return "" if model.link == "points" else size_in_words(model, millionths).partition(" ")[2]


class _Said:
    """Each distinct contribution, numbered as it first comes; what everyone starts with is the first."""

    def __init__(self, model: AdditiveModel) -> None:
        self._model = model
        self._places: dict[tuple[str, int | None], int] = {}
        self._amounts: list[int | None] = []

    def place(self, words: str, amount: int | None) -> int:
        place = self._places.setdefault((words, amount), len(self._amounts))
        if place == len(self._amounts):
            self._amounts.append(amount)
        return place

    def contributions(self) -> list[Contribution]:
        return [Contribution(words, amount or 0) for words, amount in self._places]

    def in_order(self, places: list[int]) -> list[int] | None:
        """The largest first, what everyone starts with before and what a floor adds after; None for no score."""
        amounts = [amount for amount in (self._amounts[place] for place in places) if amount is not None]
        if len(amounts) < len(places):
            return None
        first = 1 if self._model.intercept else 0
        ordered = places[:first] + sorted(places[first:], key=lambda place: -(self._amounts[place] or 0))
        floored = self._model.floored(sum(amounts))
        if floored is not None and floored != sum(amounts):
            ordered.append(self.place("The score is never lower", floored - sum(amounts)))
        return ordered
