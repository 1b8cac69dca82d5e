"""Why a patient has their score: what each input adds, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.risk.inputs import MILLION, decimal_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model

LARGEST_REASONS = 3


def contributions_of(model: Model, register: Register, rows: Any) -> npt.NDArray[np.int64]:
    """What each input adds for each row, in millionths: (rows, inputs); 0 where an input means "no score"."""
    import numpy as np

    from casemgmt.risk.scoring import cells_of

    amounts = np.empty((len(rows), len(model.inputs)), dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        amounts[:, place] = by_cell[cells_of(model, each, register, rows)]
    return amounts


def missing_inputs(model: Model, register: Register, rows: Any) -> npt.NDArray[np.int64]:
    """How many of the model's inputs are missing, for each row."""
    import numpy as np

    from casemgmt.risk.scoring import cells_of

    count = np.zeros(len(rows), dtype=np.int64)
    for each in model.inputs:
        count += cells_of(model, each, register, rows) == len(each.cells) - 1
    return count


def explain_patient(model: Model, register: Register, patient_id: str) -> pa.Table:
    """One row an input: ``input, label, cell, contribution, missing``; the contributions add up to the score.

    An ``intercept`` row comes first where the model has one, and a ``floor`` row last where the floor lifted the sum.
    ``contribution`` is null where a missing input means that there is no score. A score is the sum divided by the
    model's ``divide_by``.
    """
    import numpy as np
    import pyarrow as pa

    from casemgmt.errors import InputError
    from casemgmt.risk.scoring import cells_of

    register.require(model.columns, f"the model '{model.name}'")
    row = np.array([register.find(patient_id)])
    if register.packed.is_set("objected", row)[0]:
        raise InputError("The patient objected to risk stratification: no score is shown or explained.")
    rows: list[tuple[str, str, str, int | None, bool]] = []
    if model.intercept:
        rows.append(("intercept", "Everyone", "", model.intercept, False))
    for each in model.inputs:
        cell = int(cells_of(model, each, register, row)[0])
        is_missing = cell == len(each.cells) - 1
        rows.append((each.name, each.label, each.cells[cell], each.contributions[cell], is_missing))
    total = sum(amount or 0 for _, _, _, amount, _ in rows)
    floored = model.floored(total)
    if floored is not None and floored != total:
        rows.append(("floor", "Lowest score", decimal_text(floored), floored - total, False))
    return pa.table(
        {
            "input": pa.array([name for name, *_ in rows], pa.string()),
            "label": pa.array([label for _, label, *_ in rows], pa.string()),
            "cell": pa.array([cell for _, _, cell, *_ in rows], pa.string()),
            "contribution": pa.array([None if a is None else a / MILLION for *_, a, _ in rows], pa.float64()),
            "missing": pa.array([missing for *_, missing in rows], pa.bool_()),
        }
    )


def reasons_of(model: Model, register: Register, rows: Any) -> list[pa.Array]:
    """The three largest positive contributions of each row as sentences, largest first; null where there are fewer.

    Equal contributions come in the order of the model file.
    """
    import numpy as np
    import pyarrow as pa

    from casemgmt.risk.scoring import cells_of

    amounts = contributions_of(model, register, rows)
    order = np.argsort(-amounts, axis=1, kind="stable")[:, :LARGEST_REASONS]
    sentences: list[str] = []
    starts = []
    for each in model.inputs:
        starts.append(len(sentences))
        for cell, amount in zip(each.cells, each.contributions, strict=True):
            sentences.append(_sentence(model, each.label, each.kind, cell, amount or 0))
    cells = np.empty(amounts.shape, dtype=np.int64)
    for place, each in enumerate(model.inputs):
        cells[:, place] = cells_of(model, each, register, rows) + starts[place]
    words = pa.array(sentences, pa.string())
    arrays = []
    for k in range(LARGEST_REASONS):
        if k < order.shape[1]:
            chosen = order[:, k : k + 1]
            positive = np.take_along_axis(amounts, chosen, 1)[:, 0] > 0
            which = np.take_along_axis(cells, chosen, 1)[:, 0]
            arrays.append(words.take(pa.array(which, mask=~positive)))
        else:
            arrays.append(pa.nulls(len(rows), pa.string()))
    return arrays


def _sentence(model: Model, label: str, kind: str, cell: str, amount: int) -> str:
    what = label if kind == "flag" and cell == "present" else f"{label}: {cell}"
    unit = "points" if model.link == "points" else "log-odds" if model.link == "logistic" else "log-hazard"
    size = decimal_text(amount)
    return f"{what} (+{size} {'point' if unit == 'points' and size == '1' else unit})"
