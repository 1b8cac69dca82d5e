"""Why a patient has their score: what each input adds, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from casemgmt.arrow import column_of, texts
from casemgmt.errors import InputError, plural
from casemgmt.risk.chosen import is_missing, missing_within
from casemgmt.risk.inputs import MILLION
from casemgmt.risk.words import against_base, base_cell, in_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.inputs import ModelInput

Reference = Literal["base", "practice"]


def explain_patient(model: AdditiveModel, register: Register, patient_id: str) -> pa.Table:
    """One row an input, largest difference from the base first; the contributions add up to the score.

    Returns
    -------
    pyarrow.Table
        input, label, words (what is known of the patient), contribution (in points of the score; null where a missing
        input means that there is no score), millionths (the same as a whole number of millionths of the model's sum,
        so that it adds up exactly), against (the base in words), difference (in points, from the base) and missing. An
        ``intercept`` row comes first where the model has one, and a ``floor`` row last where the floor lifted the sum.

    Raises
    ------
    InputError
        The register has no such patient, lacks a column, or the patient objected to risk stratification.
    """
    import numpy as np
    import pyarrow as pa

    if not hasattr(register, "packed"):
        register.require_whole("Explaining a score")
    register.require(model.columns, f"the model '{model.name}'")
    row = np.array([register.find(patient_id)])
    if register.packed.is_set("objected", row)[0]:
        raise InputError("The patient objected to risk stratification: no score is shown or explained.")
    rows = _explained_inputs(model, register, row)
    if model.intercept:
        rows.insert(0, ("intercept", "Everyone", "Everyone starts here", model.intercept, "", 0, False))
    total = sum(amount or 0 for _, _, _, amount, *_ in rows)
    floored = model.floored(total)
    scored = all(amount is not None for _, _, _, amount, *_ in rows)
    if scored and floored is not None and floored != total:
        rows.append(("floor", "Lowest score", "The score is never lower", floored - total, "", 0, False))
    names, labels, words, amounts, against, differences, missing = zip(*rows, strict=True)
    unit = MILLION * model.divide_by
    return pa.table(
        {
            "input": texts(names),
            "label": texts(labels),
            "words": texts(words),
            "contribution": column_of([None if a is None else a / unit for a in amounts], pa.float64()),
            "millionths": column_of(amounts, pa.int64()),
            "against": texts(against),
            "difference": column_of([None if d is None else d / unit for d in differences], pa.float64()),
            "missing": column_of(missing, pa.bool_()),
        }
    )


Explained = tuple[str, str, str, int | None, str, int | None, bool]


def _explained_inputs(model: AdditiveModel, register: Register, row: npt.NDArray[np.int64]) -> list[Explained]:
    from casemgmt.risk.scoring import cells_of

    rows = []
    for each in model.inputs:
        cell = int(cells_of(model, each, register, row)[0])
        unknown = bool(is_missing(model, each, register, row)[0])
        lacking = int(missing_within(model, each, register, row)[0]) if each.kind == "score" else 0
        rows.append(explained(each, cell, unknown=unknown, lacking=lacking))
    return sorted(rows, key=lambda row: -(row[5] or 0))


def explained(each: ModelInput, cell: int, *, unknown: bool, lacking: int) -> Explained:
    """What one cell of an input says and adds: input, label, words, millionths, against, difference, missing.

    Parameters
    ----------
    unknown : whether the patient has no value
    lacking : of a score that the model takes, how many of its own inputs are missing
    """
    amount = each.contributions[cell]
    difference = None if amount is None else amount - (each.contributions[base_cell(each)] or 0)
    words = in_words(each, len(each.cells) - 1 if unknown and each.kind != "pair" else cell)
    if lacking:
        words, unknown = f"{words} ({plural(lacking, 'input')} of it not recorded)", True
    return each.name, each.label, words, amount, against_base(each), difference, unknown
