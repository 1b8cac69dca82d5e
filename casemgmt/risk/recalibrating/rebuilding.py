"""A model with other amounts: every table multiplied, and rounded to millionths once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from casemgmt.errors import InputError
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.bands import ScoreBand
from casemgmt.risk.inputs import LARGEST_VALUE, MILLION, MissingRule, ModelInput
from casemgmt.risk.pairs import PairInput, PairSide
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

M = TypeVar("M", bound=AdditiveModel)


def times(amount: int, factor: Fraction) -> int:
    """An amount in millionths multiplied exactly and rounded once, halves to the even."""
    return round(amount * factor)


def multiplied(model: AdditiveModel, factor: Fraction) -> tuple[ModelInput, ...]:
    """The inputs with every amount multiplied; pairs look at the new ones."""
    single = {each.name: _multiplied(each, factor) for each in model.inputs if not isinstance(each, PairInput)}
    return tuple(
        _pair(each, factor, single) if isinstance(each, PairInput) else single[each.name] for each in model.inputs
    )


def _multiplied(each: ModelInput, factor: Fraction) -> ModelInput:
    return replace(
        each,
        table=_amounts(each.table, factor),
        missing=_rule(each.missing, factor),
        other=times(each.other, factor) if isinstance(each.other, int) else each.other,
    )


def _pair(pair: PairInput, factor: Fraction, single: dict[str, ModelInput]) -> PairInput:
    first, second = (PairSide(input=single[side.input.name], edges=side.edges) for side in pair.sides)
    return replace(
        pair,
        sides=(first, second),
        table=_amounts(pair.table, factor),
        missing=_rule(pair.missing, factor),
        missing_first=_amounts(pair.missing_first, factor),
        missing_second=_amounts(pair.missing_second, factor),
    )


def _amounts(table: Iterable[int], factor: Fraction) -> tuple[int, ...]:
    made = tuple(times(amount, factor) for amount in table)
    if any(abs(amount) > LARGEST_VALUE for amount in made):
        raise InputError("An amount would be larger than a model file holds. Is the outcome all but certain from it?")
    return made


def _rule(rule: MissingRule, factor: Fraction) -> MissingRule:
    return times(rule, factor) if isinstance(rule, int) else rule


def shifted(bands: tuple[ScoreBand, ...], by: int) -> tuple[ScoreBand, ...]:
    """Bands of a score that every person's has moved by so many millionths of a point."""

    def moved(edge: int | None) -> int | None:
        return None if edge is None else edge + by

    return tuple(replace(band, lower=moved(band.lower), upper=moved(band.upper)) for band in bands)


def with_own_files(model: M) -> M:
    """A model whose text and vectors are made from its tables, as those of one that was read are its file's."""
    made = replace(model, text="", vectors_text="")
    return replace(made, text=model_text(made), vectors_text=covering_vectors(made))


def in_millionths(value: float) -> int:
    """A number as whole millionths."""
    return round(Fraction(value) * MILLION)
