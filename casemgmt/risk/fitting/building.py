"""A model from amounts: tables in whole millionths, the words of its file, and how far it is from its estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.errors import ModelError, plural
from casemgmt.risk.fitting.cells import InputCells, model_input
from casemgmt.risk.fitting.probing import Probed, bound
from casemgmt.risk.inputs import MILLION, ModelInput
from casemgmt.risk.model import Model
from casemgmt.risk.pairs import PairInput, PairSide
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.fitting.record import Fitting

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]


WORDS = ("title", "source", "outcome", "population", "intended_use", "not_for", "licence", "version")


class Wording(NamedTuple):
    """What a model file says in words, where the user has not said it otherwise."""

    name: str
    outcome: str
    horizon_days: int
    words: Mapping[str, str]
    source: str
    population: str
    demonstration: bool = False
    calibrated_in: tuple[str, ...] = ()

    def of(self) -> dict[str, str]:
        """The keys of the model file."""
        said = {
            "title": f"Fitted model: {self.outcome}",
            "source": self.source,
            "outcome": f"'{self.outcome}' within {plural(self.horizon_days, 'day')}, as the data had it",
            "population": self.population,
            "intended_use": "Not stated by whoever fitted it. Say what it is for before it is used",
            "not_for": "People unlike those it was fitted to; any use before it is judged on people it has not seen",
            "licence": "Not stated",
            "version": "1.0",
        }
        return {"name": self.name, **said, **self.words}


def register_wording(
    register: Register, people: int, name: str, outcome: str, horizon_days: int, words: Mapping[str, str]
) -> Wording:
    """The words of a model that was fitted to a register."""
    from casemgmt.version import __version__

    who = "synthetic people" if register.synthetic else "people"
    where = plural(len(register.practices), "practice")
    return Wording(
        name=name,
        outcome=outcome,
        horizon_days=horizon_days,
        words=words,
        source=f"Fitted by casemgmt {__version__} to {people:,} {who} in {where}, list date {register.as_of}",
        population=f"Those on the lists of {where} on {register.as_of} who had not objected"
        + ("; synthetic, no real patient" if register.synthetic else ""),
        demonstration=register.synthetic,
        calibrated_in=() if register.synthetic else register.practices,  # made-up people calibrate nothing
    )


def decimal_amounts(tables: Probed) -> Probed:
    """The same in whole millionths, as decimals."""
    import numpy as np

    def rounded(values: Floats) -> Floats:
        return np.asarray(np.rint(values * MILLION) / MILLION)

    return replace(
        tables,
        base=round(tables.base * MILLION) / MILLION,
        amounts=tuple(rounded(each) for each in tables.amounts),
        pairs={pair: rounded(table) for pair, table in tables.pairs.items()},
    )


def built_model(
    inputs: Sequence[InputCells],
    tables: Probed,
    wording: Wording,
    needed: Sequence[str],
    fitting: Fitting,
    *,
    codes: Codes,
    truth: Floats,
    within: float | None = None,
) -> Model:
    """A model whose tables are these amounts, held against its estimator on the people that it was made from.

    Parameters
    ----------
    codes, truth : the cells of those people, and the log-odds that the estimator gives them
    within : the most that the two may differ by; None: half a millionth for each input and the intercept

    Raises
    ------
    ModelError : they differ by more
    """
    decimal = decimal_amounts(tables)
    off = abs(decimal.sums(codes) - truth)
    from casemgmt.risk.fitting.record import settled

    discrepancy = float(off.max()) if len(off) else 0.0
    allowed = bound(len(inputs)) if within is None else within
    # Sums of floats here, of whole millionths in the model: the last bits of a float are no difference.
    if discrepancy > allowed * (1 + 1e-6) + 1e-12:
        raise ModelError(
            f"the tables differ by up to {discrepancy:.3g} in log-odds from the estimator; {allowed:.3g} is the most "
            "that rounding to millionths explains."
        )
    return finished(
        wording,
        intercept=round(decimal.base * MILLION),
        inputs=with_pairs(inputs, decimal, needed),
        fitting=replace(fitting, discrepancy=settled(discrepancy)),
    )


def with_pairs(inputs: Sequence[InputCells], tables: Probed, needed: Sequence[str]) -> tuple[ModelInput, ...]:
    """The inputs, and after them the pairs."""
    singles = [
        input_of(each, whole(amounts), each.name in needed)
        for each, amounts in zip(inputs, tables.amounts, strict=True)
    ]
    pairs = [
        pair_of((inputs[one], inputs[other]), (singles[one], singles[other]), table)
        for (one, other), table in tables.pairs.items()
    ]
    return (*singles, *pairs)


def whole(amounts: Floats) -> list[int]:
    """Log-odds in whole millionths."""
    return [round(amount * MILLION) for amount in amounts.tolist()]


def pair_of(cells: tuple[InputCells, InputCells], inputs: tuple[ModelInput, ModelInput], table: Floats) -> PairInput:
    """A pair from what the cells of its two inputs add together beyond what each adds alone.

    What was not learned, a missing value or a category that nobody had, adds nothing beyond.
    """
    sides = tuple(
        PairSide(input=each, edges=tuple(start * MILLION for start in own.starts[1:]))
        for own, each in zip(cells, inputs, strict=True)
    )
    groups = [max(side.groups) + 1 for side in sides]
    known = [len(own.people) for own in cells]
    learned = [
        own.learns_missing and each.missing_contribution is not None for own, each in zip(cells, inputs, strict=True)
    ]
    body = [
        round(float(table[row, column]) * MILLION) if row < known[0] and column < known[1] else 0
        for row in range(groups[0])
        for column in range(groups[1])
    ]
    lacking = [
        tuple(
            round(float(amount) * MILLION)
            for amount in (*line[: known[other]], *[0.0] * (groups[other] - known[other]))
        )
        if learned[one]
        else ()
        for one, other, line in ((0, 1, table[-1]), (1, 0, table[:, -1]))
    ]
    return PairInput(
        name=f"{inputs[0].name} and {inputs[1].name}",
        label=f"{inputs[0].label} and {inputs[1].label[0].lower()}{inputs[1].label[1:]}",
        kind="pair",
        sides=(sides[0], sides[1]),
        table=tuple(body),
        missing_first=lacking[0],
        missing_second=lacking[1],
        missing=round(float(table[-1, -1]) * MILLION) if all(learned) else 0,
    )


def input_of(cells: InputCells, amounts: list[int], is_needed: bool) -> ModelInput:
    """An input from the amounts of its cells and, where enough people lack a value, of missing.

    What was not learned, a missing value or a category that nobody had, adds what people add on average.
    """
    known = amounts[: len(cells.people)]
    average = round(sum(a * n for a, n in zip(known, cells.people, strict=True)) / max(sum(cells.people), 1))
    missing = amounts[len(cells.people)] if cells.learns_missing else average
    other = known[-1] if cells.has_other else average if cells.other_scores else None
    return model_input(cells, known, missing=None if is_needed else missing, other=other)


def finished(
    wording: Wording, *, intercept: int, inputs: tuple[ModelInput, ...], fitting: Fitting, divide_by: int = 1
) -> Model:
    """A model with the text of its file and its vectors, as if it had been loaded."""
    model = Model(
        **wording.of(),
        link="logistic",
        horizon_days=wording.horizon_days,
        intercept=intercept,
        centre=None,
        floor=None,
        divide_by=divide_by,
        bands=(),
        inputs=inputs,
        nested={},
        demonstration=wording.demonstration,
        calibrated_in=wording.calibrated_in,
        fitting=fitting,
        recalibration=None,
    )
    return replace(model, text=model_text(model), vectors_text=covering_vectors(model))
