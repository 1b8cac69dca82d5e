"""Why a patient has their score: what each input adds, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from casemgmt.arrow import array_of, texts
from casemgmt.errors import InputError
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.risk.inputs import LARGEST_VALUE, MILLION, ModelInput
from casemgmt.risk.words import against_base, base_cell, in_words, size_in_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model

Reference = Literal["base", "practice"]

LARGEST_REASONS = 3


def missing_inputs(model: Model, register: Register, rows: Any) -> npt.NDArray[np.int64]:
    """How many of the model's inputs are missing, for each row."""
    import numpy as np

    count = np.zeros(len(rows), dtype=np.int64)
    for each in model.inputs:
        count += _is_missing(model, each, register, rows)
    return count


def _is_missing(model: Model, each: ModelInput, register: Register, rows: Any) -> npt.NDArray[np.bool_]:
    """Where an input has no value, also where the register reads that as one, such as sex as U."""
    import numpy as np

    from casemgmt.risk.scoring import cells_of

    missing = cells_of(model, each, register, rows) == len(each.cells) - 1
    if each.name in register.packed.slots:
        missing |= register.packed.is_missing(each.name, rows)
    return np.asarray(missing)


def explain_patient(model: Model, register: Register, patient_id: str) -> pa.Table:
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
            "input": pa.array(names, pa.string()),
            "label": pa.array(labels, pa.string()),
            "words": pa.array(words, pa.string()),
            "contribution": pa.array([None if a is None else a / unit for a in amounts], pa.float64()),
            "millionths": pa.array(amounts, pa.int64()),
            "against": pa.array(against, pa.string()),
            "difference": pa.array([None if d is None else d / unit for d in differences], pa.float64()),
            "missing": pa.array(missing, pa.bool_()),
        }
    )


_Explained = tuple[str, str, str, int | None, str, int | None, bool]


def _explained_inputs(model: Model, register: Register, row: Any) -> list[_Explained]:
    from casemgmt.risk.scoring import cells_of

    rows: list[_Explained] = []
    for each in model.inputs:
        cell = int(cells_of(model, each, register, row)[0])
        amount = each.contributions[cell]
        difference = None if amount is None else amount - (each.contributions[base_cell(each)] or 0)
        is_missing = bool(_is_missing(model, each, register, row)[0])
        words = in_words(each, len(each.cells) - 1 if is_missing else cell)
        rows.append((each.name, each.label, words, amount, against_base(each), difference, is_missing))
    return sorted(rows, key=lambda row: -(row[5] or 0))


def reasons_of(model: Model, register: Register, rows: Any, reference: Reference = "base") -> list[pa.Array]:
    """The three largest positive contributions of each row as sentences, largest first; null where there are fewer.

    Parameters
    ----------
    rows : packed rows
    reference : what a contribution is held against: the table's ``base`` (absent, none, the youngest), or the average
        of the ranked patients of the row's ``practice``

    Notes
    -----
    Equal contributions come in the order of the model file. Amounts are compared as whole numbers.
    """
    import numpy as np
    import pyarrow as pa

    from casemgmt.risk.scoring import cells_of

    cells = np.column_stack([cells_of(model, each, register, rows) for each in model.inputs])
    amounts = np.empty(cells.shape, dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        amounts[:, place] = by_cell[cells[:, place]]
    taken, people = _reference_amounts(model, register, rows, reference)
    excess = amounts * people[:, None] - taken
    own, arrays = np.arange(len(rows)), []
    for _ in range(min(LARGEST_REASONS, len(model.inputs))):
        chosen = excess.argmax(axis=1)  # the first of equals: the order of the model file
        arrays.append(_sentences(model, chosen, cells[own, chosen], excess[own, chosen], people, reference))
        excess[own, chosen] = np.iinfo(np.int64).min
    return [*arrays, *[pa.nulls(len(rows), pa.string())] * (LARGEST_REASONS - len(arrays))]


def _reference_amounts(model: Model, register: Register, rows: Any, reference: Reference) -> tuple[Any, Any]:
    """What is taken from each contribution, times a number of people, and that number: (rows, inputs) and (rows)."""
    import numpy as np

    from casemgmt.risk.scoring import NO_SCORE_64, cells_of, sums_of

    if reference == "base":
        base = np.array([each.contributions[base_cell(each)] or 0 for each in model.inputs], dtype=np.int64)
        return np.broadcast_to(base, (len(rows), len(base))), np.ones(len(rows), dtype=np.int64)
    packed = register.packed
    ranked = packed.is_set("on_list") & packed.is_set("present") & ~packed.is_set("objected")
    ranked &= sums_of(model, register) != NO_SCORE_64
    everyone, practice = packed.practice_of(np.flatnonzero(ranked)), packed.practice_of(rows)
    people = np.maximum(np.bincount(everyone, minlength=len(register.practices)), 1)[practice]
    taken = np.empty((len(rows), len(model.inputs)), dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        sums = np.zeros(len(register.practices), dtype=np.int64)
        np.add.at(sums, everyone, by_cell[cells_of(model, each, register)[ranked]])
        taken[:, place] = sums[practice]
    return taken, people


def _sentences(model: Model, chosen: Any, cells: Any, excess: Any, people: Any, reference: Reference) -> pa.Array:
    """One sentence a row for its chosen input; each distinct sentence is worded once."""
    import numpy as np
    import pyarrow as pa

    # One whole number for each sentence: the input, its cell and, for an average, the difference in thousandths.
    widest = max(len(each.cells) for each in model.inputs)
    thousandths = np.rint(excess / people / 1000).astype(np.int64) if reference == "practice" else np.int64(0)
    spread = LARGEST_VALUE // 1000 + 1
    keys = (chosen * widest + cells) * (2 * spread) + thousandths + spread
    distinct, first, where = np.unique(keys, return_index=True, return_inverse=True)
    amounts = (distinct % (2 * spread) - spread) * 1000 if reference == "practice" else excess[first]
    words, caution = [], f" ({DEMONSTRATION_ONLY})" if is_demonstration(model) else ""
    for place, cell, amount in zip(chosen[first].tolist(), cells[first].tolist(), amounts.tolist(), strict=True):
        each = model.inputs[place]
        size = size_in_words(model, amount)
        against = "the practice's average" if reference == "practice" else against_base(each)
        plain = _is_plain(model, each, reference)
        words.append(f"{in_words(each, cell)}: {size}" + ("" if plain else f" against {against}") + caution)
    return texts(words).take(array_of(where.reshape(-1), pa.int64(), excess > 0))


def _is_plain(model: Model, each: ModelInput, reference: Reference) -> bool:
    """Points against nothing need no comparison."""
    return model.link == "points" and reference == "base" and not each.contributions[base_cell(each)]
