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
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.fitting.record import Fitting

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]


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
            "not_for": "People unlike those it was fitted to; any use before it has been judged on people it has not seen",
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
        calibrated_in=register.practices,
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
    discrepancy = float(off.max()) if len(off) else 0.0
    allowed = bound(len(inputs)) if within is None else within
    # Sums of floats here, of whole millionths in the model: the last bits of a float are no difference.
    if discrepancy > allowed * (1 + 1e-6) + 1e-12:
        raise ModelError(
            f"the tables differ by up to {discrepancy:.3g} in log-odds from the estimator; {allowed:.3g} is the most that "
            "rounding to millionths explains."
        )
    return finished(
        wording,
        intercept=round(decimal.base * MILLION),
        inputs=tuple(
            input_of(each, [round(a * MILLION) for a in amounts.tolist()], each.name in needed)
            for each, amounts in zip(inputs, decimal.amounts, strict=True)
        ),
        fitting=replace(fitting, discrepancy=discrepancy),
    )


def input_of(cells: InputCells, amounts: list[int], is_needed: bool) -> ModelInput:
    """An input from the amounts of its cells and, where enough people lack a value, of missing.

    What was not learned, a missing value or a category that nobody had, adds what people add on average.
    """
    known = amounts[: len(cells.people)]
    average = round(sum(a * n for a, n in zip(known, cells.people, strict=True)) / max(sum(cells.people), 1))
    missing = amounts[len(cells.people)] if cells.learns_missing else average
    other = known[-1] if cells.has_other else average
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
        divide_by=divide_by,
        inputs=inputs,
        demonstration=wording.demonstration,
        fitting=fitting,
    )
    return replace(model, text=model_text(model), vectors_text=covering_vectors(model))
