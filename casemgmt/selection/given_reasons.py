"""Reasons for given scores, from what each input was said to add: as sentences, and patient by patient."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

from casemgmt.arrow import column_of, texts
from casemgmt.errors import InputError
from casemgmt.risk.words import factor_in_words, value_in_words
from casemgmt.selection.plain_rows import keys_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.contributions import GivenContributions
    from casemgmt.selection.workings import Workings

LARGEST_REASONS = 3
# More digits of a factor than are ever shown.
_DIGITS = Context(prec=12)
_LARGEST_LOG_ODDS = 13.8
EVERYONE = "Everyone starts here"


def reasons_of(
    given: GivenContributions, register: Register, rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]
) -> list[pa.Array]:
    """The three largest positive contributions of each row as sentences, largest first; null where there are fewer.

    Equal contributions come in the order of the frame's columns.

    Parameters
    ----------
    rows : packed rows
    scores : float64, of each; NaN where none is shown, and then no reason is
    """
    import numpy as np

    added = np.where(np.isnan(scores)[:, None], np.nan, given.values[rows])
    positive = np.where(added > 0, added, 0.0)
    order = np.argsort(-positive, axis=1, kind="stable")[:, :LARGEST_REASONS]
    reasons: list[pa.Array] = []
    for nth in range(LARGEST_REASONS):
        said: list[str | None] = [None] * len(rows)
        which = order[:, nth] if nth < order.shape[1] else np.full(len(rows), -1)
        for place, name in enumerate(given.names):
            own = np.flatnonzero(which == place)
            own = own[positive[own, place] > 0]
            values = _values(register, name, rows[own])
            for at, (row, size) in enumerate(zip(own.tolist(), positive[own, place].tolist(), strict=True)):
                said[row] = f"{_words(name, values, at)}: {_size_in_words(size, given.as_odds)}"
        reasons.append(texts(said))
    return reasons


def _values(register: Register, name: str, rows: npt.NDArray[np.int64]) -> list[object] | None:
    """What the register holds of an input, row by row; None for an input that is no column of it."""
    if name not in register.column_names:
        return None
    values: list[object] = register.column(name, rows).to_pylist()
    return values


def _words(name: str, values: list[object] | None, row: int) -> str:
    return value_in_words(name) if values is None else value_in_words(name, values[row])


def _size_in_words(size: float, as_odds: bool) -> str:
    """``odds × 2.1``, or ``adds 0.43 to the score``."""
    if as_odds and size > _LARGEST_LOG_ODDS:
        return "odds × more than 1,000,000"
    if as_odds:
        return f"odds × {factor_in_words(Decimal(size).exp(_DIGITS))}"
    text = f"{size:,.0f}" if abs(size) >= 9.95 else f"{size:.2g}"
    return f"adds {text} to the score"


def explain_given(made: Workings, patient_id: str) -> pa.Table:
    """One row an input, what adds most first; a row ``base`` before them, and together they add up to the score.

    Returns
    -------
    pyarrow.Table
        The columns of :func:`casemgmt.risk.explain.explain_patient`. ``millionths`` is null: given contributions are
        no whole numbers; ``difference`` is the contribution, which is against what everyone starts from

    Raises
    ------
    InputError
        The register has no such patient; the patient objected, has no score, or none of the contributions is theirs.
    """
    import numpy as np
    import pyarrow as pa

    register, given = made.register, made.contributions
    assert given is not None  # noqa: S101  -- the caller has looked
    row = np.array([register.find(patient_id)])
    if register.packed.is_set("objected", row)[0]:
        raise InputError("The patient objected to risk stratification: no score is shown or explained.")
    if np.isnan(made.ranking.scores(keys_of(made.ranking.source, row)))[0]:
        raise InputError("The patient has no score, so that there is nothing to explain.")
    if not given.given(row)[0]:
        raise InputError("contributions= holds nothing of that patient: give the frame a row with the patient_id.")
    amounts = given.values[row[0]]
    order = np.argsort(-amounts, kind="stable").tolist()
    names = [given.names[place] for place in order]
    held = [_values(register, name, row) for name in names]
    missing = [values is not None and values[0] is None for values in held]
    words = [_words(name, values, 0) for name, values in zip(names, held, strict=True)]
    added = [float(given.base[row[0]]), *(float(amounts[place]) for place in order)]
    against = ["", *["what everyone starts from"] * len(names)]
    return pa.table(
        {
            "input": texts(["base", *names]),
            "label": texts(["Everyone", *(value_in_words(name) for name in names)]),
            "words": texts([EVERYONE, *words]),
            "contribution": column_of(added, pa.float64()),
            "millionths": pa.nulls(len(added), pa.int64()),
            "against": texts(against),
            "difference": column_of([0.0, *added[1:]], pa.float64()),
            "missing": column_of([False, *missing], pa.bool_()),
        }
    )
