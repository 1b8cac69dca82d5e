"""Which episodes make one spell: a stay in hospital, of which each consultant's part is a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.codes.events import Batch
from casemgmt.register.cleaning import distinct_values

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_SPELL_BY_ID = "A spell is the episodes of one patient with one spell_id"
_SPELL_BY_DAY = "A spell is the episodes of one patient with one admission date{provider}"


def spell_numbers(batch: Batch, rows: Any, ids: pa.Array, days: Any) -> tuple[npt.NDArray[np.int64], str]:
    """A number for each spell, the same for its episodes, and how spells were told apart."""
    import numpy as np

    patient = _numbers(ids, rows)
    if "spell_id" in batch.columns:
        within, rule = _numbers(batch.columns["spell_id"], rows), _SPELL_BY_ID
        lost = within < 0
        # An episode without a spell_id is a spell of its own.
        within = np.where(lost, within.max(initial=0) + 1 + np.arange(len(rows)), within)
        parts = [patient, within]
    else:
        by_provider = "provider_id" in batch.columns
        rule = _SPELL_BY_DAY.format(provider=" at one provider" if by_provider else "")
        parts = [patient, days[rows].astype(np.int64)]
        parts += [_numbers(batch.columns["provider_id"], rows)] if by_provider else []
    spell = np.zeros(len(rows), dtype=np.int64)
    for part in parts:
        _, place = np.unique(part, return_inverse=True)
        _, spell = np.unique(spell * (len(rows) + 1) + place, return_inverse=True)
    return spell, rule


def _numbers(column: pa.Array, rows: Any) -> npt.NDArray[np.int64]:
    import pyarrow as pa

    numbers, _ = distinct_values(pa.chunked_array([column]))
    found: npt.NDArray[np.int64] = numbers[rows]
    return found


def as_texts(column: pa.Array) -> npt.NDArray[Any]:
    """A column of small codes as texts; empty where there is none."""
    import numpy as np
    import pyarrow as pa

    places, values = distinct_values(pa.chunked_array([column]))
    words = [str(value).strip().lower() if isinstance(value, bool) else str(value).strip() for value in values]
    found: npt.NDArray[Any] = np.array([*words, ""])[places]
    return found


def order_in_spell(column: pa.Array) -> npt.NDArray[np.int64]:
    """The order of an episode in its spell; what is no number comes last."""
    import numpy as np
    import pyarrow as pa

    places, values = distinct_values(pa.chunked_array([column]))
    numbers = [int(text) if (text := str(value).strip()).isdecimal() else 10**6 for value in values]
    order: npt.NDArray[np.int64] = np.array([*numbers, 10**6], dtype=np.int64)[places]
    return order
