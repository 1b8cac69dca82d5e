"""Which episodes make one spell: a stay in hospital, of which each consultant's part is a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from casemgmt.codes.events import Batch
from casemgmt.codes.small_codes import check_readable, whole_texts
from casemgmt.errors import not_text
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import is_missing_word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Of spells that a transfer may join: days from the end of the stay before, as in the published method that
# `admission_codes` names; and how long a stay without a discharge date is taken to have lasted at most (our decision).
TRANSFER_DAYS, STAY_DAYS = 2, 28

_SPELL_BY_ID = "A spell is the episodes of one patient with one spell_id"
_SPELL_BY_DAY = "A spell is the episodes of one patient with one admission date{provider}"
_NO_ORDER = 10**6
# Whole numbers above it have been rounded where they came as decimals.
_EXACT = 2.0**53


def spell_numbers(batch: Batch, rows: Any, ids: pa.Array, days: Any) -> tuple[npt.NDArray[np.int64], str]:
    """A number for each spell, the same for its episodes, and how spells were told apart."""
    import numpy as np

    patient = _numbers(ids, rows)
    if "spell_id" in batch.columns:
        within, rule = id_numbers(batch.columns["spell_id"], "spell_id")[rows], _SPELL_BY_ID
        lost = within < 0
        # An episode without a spell_id is a spell of its own.
        within = np.where(lost, within.max(initial=0) + 1 + np.arange(len(rows)), within)
        parts = [patient, within]
    else:
        by_provider = "provider_id" in batch.columns
        rule = _SPELL_BY_DAY.format(provider=" at one provider" if by_provider else "")
        parts = [patient, days[rows].astype(np.int64)]
        parts += [id_numbers(batch.columns["provider_id"], "provider_id")[rows]] if by_provider else []
    return together(parts), rule


def together(parts: list[Any]) -> npt.NDArray[np.int64]:
    """A number for each row, the same where all of the parts are."""
    import numpy as np

    number = np.zeros(len(parts[0]), dtype=np.int64)
    for part in parts:
        _, place = np.unique(part, return_inverse=True)
        _, number = np.unique(number * (len(number) + 1) + place, return_inverse=True)
    return number


def _numbers(column: pa.Array, rows: Any) -> npt.NDArray[np.int64]:
    import pyarrow as pa

    numbers, _ = distinct_values(pa.chunked_array([column]))
    found: npt.NDArray[np.int64] = numbers[rows]
    return found


def id_numbers(column: pa.Array, name: str) -> npt.NDArray[np.int64]:
    """A number for each id of a spell or provider; -1 where there is none: a blank, ``NULL``, NaN, zeros alone.

    Raises
    ------
    InputError
        Ids that came as decimals and were rounded, so that two have become one.
    """
    import numpy as np
    import pyarrow as pa

    places, values = distinct_values(pa.chunked_array([column]))
    texts = []
    for value in values:
        if isinstance(value, float) and not math.isnan(value) and abs(value) > _EXACT:
            raise not_text(name, "decimals so long that their last digits are lost, and two ids become one")
        text = str(int(value)) if isinstance(value, float) and value == value // 1 else str(value).strip()
        is_zeros = len(text) > 1 and not text.strip("0")
        texts.append("" if is_missing_word(text) or is_zeros else text)
    number = {text: place for place, text in enumerate(dict.fromkeys(texts)) if text}
    found: npt.NDArray[np.int64] = np.array([*(number.get(text, -1) for text in texts), -1], dtype=np.int64)[places]
    return found


def order_in_spell(column: pa.Array) -> npt.NDArray[np.int64]:
    """The order of an episode in its spell; what is no number comes last."""
    import numpy as np

    places, values = whole_texts(column, "episode_order")
    numbers = [int(text) if text.isdecimal() and len(text) < 7 else _NO_ORDER for text in values]
    order: npt.NDArray[np.int64] = np.array([*numbers, _NO_ORDER], dtype=np.int64)[places]
    given = np.array([*(text != "" for text in values), False])[places]
    unread = int((given & (order == _NO_ORDER)).sum())
    expected, remedy = "the place of an episode in its spell (1, 2, …)", "Leave the column out, or export it again."
    check_readable("episode_order", expected, int(given.sum()) - unread, unread, remedy, "not a whole number")
    return order


def first_of_each(group: npt.NDArray[np.int64], keys: list[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The row that comes first in each group by ``keys``, the weightiest first; and of each row, that of its group.

    Rows that are alike in every key are alike in all that is counted, so that their order in the table says nothing.
    """
    import numpy as np

    by_group = np.lexsort((*keys[::-1], group))
    starts = np.flatnonzero(np.diff(group[by_group], prepend=-1))
    first = np.empty(len(group), dtype=np.int64)
    first[by_group] = by_group[np.repeat(starts, np.diff(np.append(starts, len(group))))]
    return by_group[starts], first


def joined_by_transfer(
    patient: npt.NDArray[np.int64], start: Any, end: Any, transfer: npt.NDArray[np.bool_], keys: list[Any]
) -> npt.NDArray[np.bool_]:
    """Which spells only carry on a stay: they began by a transfer, soon after an earlier spell of the patient ended.

    Parameters
    ----------
    patient : a number of each spell's patient
    start, end : day numbers; ``end`` is NO_DAY where no discharge is known
    transfer : whether the spell began by a transfer from another hospital
    keys : what decides between spells of one day, the weightiest first
    """
    import numpy as np

    start = start.astype(np.int64)
    over = np.where(end == NO_DAY, start + STAY_DAYS, np.maximum(end, start)).astype(np.int64)
    order = np.lexsort((*keys[::-1], transfer, start, patient))
    # Of each patient, the latest end so far: patients are set far enough apart that none reaches the next.
    span = np.int64(1 << 33)
    so_far = np.maximum.accumulate(over[order] + span * patient[order]) - span * patient[order]
    follows = np.concatenate([[False], patient[order][1:] == patient[order][:-1]])[: len(order)]
    before = np.concatenate([so_far[:1], so_far[:-1]])[: len(order)]
    joined = np.zeros(len(order), dtype=bool)
    joined[order] = transfer[order] & follows & (start[order] <= before + TRANSFER_DAYS)
    return joined
