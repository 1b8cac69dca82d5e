"""The scores of a register as a table: one row a source row."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, rows_of, text_scalar, texts
from casemgmt.errors import InputWarning
from casemgmt.risk.moved import risks_of_scores, why_no_risk

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model


def score_table(register: Register, model: Model, *, demonstration: bool = False) -> pa.Table:
    """One row a source row: source_file, source_row, patient_id, score, risk (null where there is none).

    It is null for everybody where the model was calibrated on other people, and a warning says so.

    A demonstration model adds a column ``note`` that says so in every row.
    """
    import numpy as np
    import pyarrow as pa

    from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration

    scores = model.score(register, allow_demonstration=demonstration)
    # The table row of the patient that each source row speaks of; NaN where it was quarantined.
    accepted = register.to_source_rows(register.table_row.astype(np.float64))
    kept = ~np.isnan(accepted)
    ids = register.ids.take(array_of(np.where(kept, accepted, 0), pa.int64(), kept))
    moved = why_no_risk(model, register.counts.accepted)
    if moved is not None:
        warnings.warn(moved, InputWarning, stacklevel=2)
    rows = [part.rows for part in register.parts]
    which = rows_of(np.repeat(np.arange(len(rows)), rows))
    note = {"note": pa.repeat(text_scalar(DEMONSTRATION_ONLY), register.rows_in)} if is_demonstration(model) else {}
    return pa.table(
        {
            "source_file": texts(part.name for part in register.parts).take(which),
            "source_row": rows_of(np.concatenate([np.arange(each) for each in rows])),
            "patient_id": ids.cast(pa.string()),
            "score": scores,
            "risk": risks_of_scores(model, scores) if moved is None else pa.nulls(len(scores), pa.float64()),
            **note,
        }
    )
