"""The unscored: everyone who could have been ranked and has no score, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt import compiling
from casemgmt.arrow import rows_of, texts
from casemgmt.register.ranked import is_ranked
from casemgmt.risk.scoring import cells_of
from casemgmt.selection.ordering import by_practice_and_id

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Workings

_ROWS_AT_ONCE = 1 << 16


def unscored_table(made: Workings) -> pa.Table:
    """Everyone listable who has not objected and has no score, and which inputs are to blame."""
    import pyarrow as pa

    register = made.register
    rows = _unscored_rows(made)
    practice = register.packed.practice_of(rows)
    ids = register.column("patient_id", rows)
    order = by_practice_and_id(practice, ids)
    return pa.table(
        {
            "practice_id": texts(register.practices).take(rows_of(practice[order])),
            "patient_id": ids.take(rows_of(order)),
            "reason": _why(made.model, register, rows[order]),
        }
    )


def _unscored_rows(made: Workings) -> npt.NDArray[np.int64]:
    """Packed rows, in their order."""
    import numpy as np

    from casemgmt.selection.plain_rows import keys_of

    register, source = made.register, made.ranking.source
    nobody = np.empty(0, dtype=np.int64)
    if not made.choice.outcome.unscored.any():  # counted while the practices were gone through
        return nobody
    compiled = compiling.pays(len(register)) and not len(source.given)
    keys = np.empty(_ROWS_AT_ONCE, dtype=source.no_score.dtype)
    found = [nobody]
    for start in range(0, len(register), _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, len(register))
        if compiled:
            from casemgmt.risk.kernels import add_entries

            add_entries(source.columns, source.tables, start, stop, keys)
            without = keys[: stop - start] < source.lowest
        else:
            without = keys_of(source, slice(start, stop)) == source.no_score
        rows = start + np.flatnonzero(without)
        found.append(rows[is_ranked(register.packed, rows)])
    return np.concatenate(found)


def _why(model: Model | None, register: Register, rows: npt.NDArray[np.int64]) -> pa.Array:
    """A sentence a row; each distinct one is worded once."""
    import numpy as np
    import pyarrow as pa

    if model is None or not len(rows):
        return texts(["no finite score was given"]).take(rows_of(np.zeros(len(rows), dtype=np.int64)))
    silent = [each for each in model.inputs if None in each.contributions]
    blamed = np.zeros((len(silent), len(rows)), dtype=bool)
    for place, each in enumerate(silent):
        barred = np.array([amount is None for amount in each.contributions])
        blamed[place] = barred[cells_of(model, each, register, rows)]
    # The inputs to blame are the bits of a few bytes, and equal bytes share a sentence.
    bits = np.packbits(blamed, axis=0).T
    pattern = pa.binary(bits.shape[1])
    encoded = pa.Array.from_buffers(
        pattern, len(rows), [None, pa.py_buffer(np.ascontiguousarray(bits))]
    ).dictionary_encode()
    names = np.array([each.name for each in silent], dtype=object)
    sentences = []
    for one in encoded.dictionary.to_pylist():
        which = np.unpackbits(np.frombuffer(one, dtype=np.uint8), count=len(silent)).astype(bool)
        sentences.append(f"no score without a usable value of {', '.join(names[which])}")
    return texts(sentences).take(encoded.indices)
