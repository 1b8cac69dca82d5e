"""The people that a model is recalibrated on: their exact sums, what became of them, and their practices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import in_one_piece
from casemgmt.errors import InputError, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.ranked import is_ranked
from casemgmt.register.spellings import flag_of, is_missing_word
from casemgmt.risk.scoring import NO_SCORE_64, sums_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel

FEWEST_EVENTS = 50  # with the outcome, and as many without: with fewer, a slope says nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Those who are ranked, have a score, and whose outcome is known; arrays have one entry a person.

    Attributes
    ----------
    rows : int64, packed row
    sums : int64, millionths of the model's sum, after its floor
    had : bool, whether each had the outcome
    practice : int64, index in ``practices``
    practices : practice codes, in byte order
    set_aside : why others are left out → how many, each under the first reason that is true
    """

    rows: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    had: npt.NDArray[np.bool_]
    practice: npt.NDArray[np.int64]
    practices: tuple[str, ...]
    set_aside: dict[str, int]

    @property
    def events(self) -> int:
        """How many had the outcome."""
        return int(self.had.sum())

    @property
    def with_people(self) -> tuple[str, ...]:
        """The practices that any of them is of."""
        import numpy as np

        return tuple(self.practices[place] for place in np.unique(self.practice).tolist())


def people_of(model: AdditiveModel, register: Register, outcome: object, fewest: int = FEWEST_EVENTS) -> People:
    """The people that a model can be held against.

    Raises
    ------
    InputError : an outcome that cannot be read, or too few people who had it or had it not
    """
    import numpy as np

    register.require_whole("Recalibrating")
    register.check_limits()
    sums, happened = sums_of(model, register), outcome_of(register, outcome)
    keep, set_aside = np.ones(len(register), dtype=bool), {"quarantined rows": register.quarantine.num_rows}
    reasons = {
        "not ranked: not on the list, gone, or objected": ~is_ranked(register.packed),
        "without a score": sums == NO_SCORE_64,
        "outcome not known": np.isnan(happened),
    }
    for why, applies in reasons.items():
        set_aside[why] = int(np.count_nonzero(keep & applies))
        keep &= ~applies
    rows = np.flatnonzero(keep)
    found = People(
        rows=rows,
        sums=sums[rows],
        had=happened[rows] == 1,
        practice=register.packed.practice_of(rows),
        practices=register.practices,
        set_aside={why: count for why, count in set_aside.items() if count},
    )
    if min(found.events, len(rows) - found.events) < fewest:
        raise InputError(
            f"outcome: of {plural(len(rows), 'person', 'people')} with a score and a known outcome, {found.events:,} "
            f"had it. At least {fewest} must have had it, and as many not: with fewer, nothing can be set right."
        )
    return found


def outcome_of(register: Register, outcome: object) -> npt.NDArray[np.float64]:
    """Each packed row's outcome: 1 it happened, 0 it did not, NaN not known.

    Parameters
    ----------
    outcome : the name of a column of true and false or 0 and 1; or such values, one a source row in source order

    Raises
    ------
    InputError : there is no such column, there are more or fewer values than rows, or a value is neither
    """
    import numpy as np
    import pyarrow as pa

    if isinstance(outcome, str):
        register.require((outcome,), "the outcome")
        column = register.column(outcome)
    else:
        column = _given(register, outcome)
    places, values = distinct_values(pa.chunked_array([column]))
    meant = np.array([*map(_meant, values), np.nan], dtype=np.float64)
    odd = int(np.isin(places, np.flatnonzero(np.isinf(meant))).sum())
    if odd:
        raise InputError(
            f"outcome: {plural(odd, 'value')} neither true nor false, 0 nor 1. Null says that it is not known; of a "
            "count, give whether it is above 0."
        )
    return np.asarray(meant[places])


def _given(register: Register, outcome: Any) -> pa.Array:
    import pyarrow as pa

    wrong = InputError("outcome is the name of a column, or true and false for each row of the source.")
    if outcome is None or isinstance(outcome, (bytes, dict, set, type)) or hasattr(outcome, "columns"):
        raise wrong
    if hasattr(outcome, "reindex"):
        _check_index(register, outcome)
    try:
        given = outcome if isinstance(outcome, (pa.Array, pa.ChunkedArray)) else pa.array(outcome, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise wrong from None
    if len(given) != register.rows_in:
        raise InputError(
            f"outcome holds {plural(len(given), 'value')}; the source has {plural(register.rows_in, 'row')}, "
            "quarantined rows included."
        )
    source = register.table_row if register.source_row is None else register.source_row[register.table_row]
    return in_one_piece(given).take(pa.array(source))


def _check_index(register: Register, outcome: Any) -> None:
    """Refuse a pandas Series whose labels are not those of the source's rows, in their order."""
    labels = range(register.rows_in) if register.index is None else register.index
    if len(labels) == len(outcome) and list(labels) != list(outcome.index):
        raise InputError(
            "outcome is a Series whose index is not that of the source. Put it in the source's order: "
            "outcome.reindex(frame.index)."
        )


def _meant(value: object) -> float:
    """1, 0, NaN for not known, infinity for what is none of them."""
    if isinstance(value, str):
        if is_missing_word(value):
            return float("nan")
        read = flag_of(value)
        return float("inf") if read is None else float(read)
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return float("nan")
    return float(value == 1) if isinstance(value, (bool, int, float)) and value in (0, 1) else float("inf")
