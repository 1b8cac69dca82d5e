"""The largest contributions to each score, as sentences.

All cells of all inputs are put in one order, largest contribution first: a row's reasons are then the three smallest of
its cells' places in that order, which small whole numbers hold and which any order of work finds alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import array_of, numpy_of, texts
from casemgmt.register.ranked import is_ranked
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.risk.inputs import LARGEST_VALUE, ModelInput
from casemgmt.risk.words import against_base, base_cell, in_words, size_in_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.lookup import Columns
    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.chosen import ChosenRows
    from casemgmt.risk.explain import Reference

LARGEST_REASONS = 3

_GROUPS = {"word": 0, "byte": 1, "short": 2}
_EXTRA = 3
_NO_REASON = -1
# A sentence's key is its cell and, against an average, the difference in thousands of millionths, below this.
_SPREAD = 2 * LARGEST_VALUE // 1000 + 1


class Fields(NamedTuple):
    """Where each input's codes lie and which cell each means; see :func:`~casemgmt.risk.reason_kernels.three_least`."""

    fields: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]


class _Cells(NamedTuple):
    """The cells of all inputs one after the other; ``starts[k]`` is the first of input ``k``, ``amounts`` what each
    adds in millionths.
    """

    starts: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]


def reasons_of(
    model: AdditiveModel,
    chosen: ChosenRows,
    practice: npt.NDArray[np.int64],
    shown: npt.NDArray[np.bool_],
    reference: Reference = "base",
) -> list[pa.DictionaryArray]:
    """The three largest positive contributions of each row as sentences, largest first; null where there are fewer.

    Each distinct sentence is held once, in the dictionary.

    Parameters
    ----------
    chosen : the rows, practices together
    practice : index of the practice of each row
    shown : whether the row's score is shown; reasons are null where it is not
    reference : what a contribution is held against: the table's ``base`` (absent, none, the youngest), or the average
        of the ranked patients of the row's ``practice``

    Notes
    -----
    Equal contributions come in the order of the model file. Amounts are compared as whole numbers.
    """
    import numpy as np

    cells = _cells_of(chosen)
    fields = _fields_of(chosen, cells)
    bases = np.array([each.input.contributions[base_cell(each.input)] or 0 for each in chosen.inputs], dtype=np.int64)
    against_bases = cells.amounts - np.repeat(bases, np.diff(cells.starts))
    keys = np.empty((LARGEST_REASONS, chosen.rows), dtype=np.int64)
    if reference == "base":
        _write_keys(chosen, fields, 0, chosen.rows, against_bases, None, keys)
    else:
        for start, stop, excess, people in _by_practice(model, chosen.register, practice, cells):
            _write_keys(chosen, fields, start, stop, excess, people, keys)
    keys[:, ~shown] = _NO_REASON
    words = _Sentences(model, cells.starts, against_bases, reference)
    return [words.of(row) for row in keys]


def _cells_of(chosen: ChosenRows) -> _Cells:
    import numpy as np

    amounts = [[amount or 0 for amount in each.input.contributions] for each in chosen.inputs]
    starts = np.cumsum([0, *map(len, amounts)])
    return _Cells(starts, np.array([amount for table in amounts for amount in table], dtype=np.int64))


def _fields_of(chosen: ChosenRows, cells: _Cells) -> Fields:
    import numpy as np

    fields = np.zeros((len(chosen.inputs), 4), dtype=np.int64)
    for k, each in enumerate(chosen.inputs):
        if each.slot is None:
            fields[k] = (_EXTRA, each.row, 0, 2**31 - 1)
        else:
            width = each.slot.width if each.slot.group == "word" else 16
            fields[k] = (_GROUPS[each.slot.group], each.row, each.slot.shift, (1 << width) - 1)
    numbered = [each.cells + first for each, first in zip(chosen.inputs, cells.starts[:-1], strict=True)]
    starts = np.cumsum([0, *map(len, numbered)])
    return Fields(fields, np.concatenate(numbered).astype(np.int32), starts)


def _write_keys(
    chosen: ChosenRows,
    fields: Fields,
    start: int,
    stop: int,
    excess: npt.NDArray[np.int64],
    people: int | None,
    keys: npt.NDArray[np.int64],
) -> None:
    """Write into ``keys[:, start:stop]`` the keys of those rows' sentences; -1 for none.

    ``excess`` is each cell's difference from the base or, where there are ``people``, their number times the difference
    from their average.
    """
    import numpy as np

    order = np.argsort(-excess, kind="stable")  # the first of equals: the order of the model file
    order = order[: np.count_nonzero(excess > 0)]
    none = len(order)
    ranks = np.full(len(excess), none, dtype=np.int32)
    ranks[order] = np.arange(none, dtype=np.int32)
    thousands = 0 if people is None else np.rint(excess[order] / people / 1000).astype(np.int64)
    key_of_rank = np.append(order * _SPREAD + thousands, _NO_REASON)
    found = np.full((LARGEST_REASONS, stop - start), none, dtype=np.int32)
    walk = three_least
    if chosen.compiled:
        from casemgmt.risk import reason_kernels

        walk = reason_kernels.three_least
    walk(chosen.columns, *fields, ranks, start, stop, found)
    keys[:, start:stop] = key_of_rank[found]


def three_least(
    columns: Columns,
    fields: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int64],
    ranks: npt.NDArray[np.int32],
    start: int,
    stop: int,
    out: npt.NDArray[np.int32],
) -> None:
    """The NumPy twin of :func:`casemgmt.risk.reason_kernels.three_least`."""
    import numpy as np

    for k, (group, row, shift, mask) in enumerate(fields.tolist()):
        after = ranks[cells[starts[k] : starts[k + 1]]]
        if group == 0:
            codes = (columns.words[row, start:stop] >> np.uint64(shift)) & np.uint64(mask)
            after = after[codes.astype(np.intp)]
        else:
            after = after[columns[group][row, start:stop]]
        for kept in out:
            before = np.minimum(kept, after)
            after = np.maximum(kept, after)
            kept[:] = before


def _by_practice(
    model: AdditiveModel, register: Register, practice: npt.NDArray[np.int64], cells: _Cells
) -> Iterator[tuple[int, int, npt.NDArray[np.int64], int]]:
    """Each practice's rows, what its average leaves of each cell, times its ranked patients, and their number."""
    import numpy as np

    present, first = np.unique(practice, return_index=True)
    totals, people = _practice_totals(model, register)
    widths = np.diff(cells.starts)
    stretches = pairwise([*first.tolist(), len(practice)])
    for p, (start, stop) in zip(present.tolist(), stretches, strict=True):
        yield start, stop, cells.amounts * people[p] - np.repeat(totals[p], widths), people[p]


def _practice_totals(model: AdditiveModel, register: Register) -> tuple[npt.NDArray[np.int64], list[int]]:
    """What each input adds over each practice's ranked patients, (practices, inputs), and how many they are, or 1."""
    import numpy as np

    from casemgmt.risk.scoring import NO_SCORE_64, cells_of, sums_of

    packed = register.packed
    ranked = is_ranked(packed) & (sums_of(model, register) != NO_SCORE_64)
    practice = packed.practice_of(np.flatnonzero(ranked))
    people = np.maximum(np.bincount(practice, minlength=len(register.practices)), 1)
    totals = np.zeros((len(people), len(model.inputs)), dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        np.add.at(totals[:, place], practice, by_cell[cells_of(model, each, register)[ranked]])
    return totals, people.tolist()


class _Sentences:
    """Words each distinct reason once, and each input's cells and base once."""

    def __init__(
        self,
        model: AdditiveModel,
        starts: npt.NDArray[np.int64],
        against_bases: npt.NDArray[np.int64],
        reference: Reference,
    ) -> None:
        self._model, self._starts, self._against_bases = model, starts, against_bases
        self._reference = reference
        self._said: dict[int, str] = {}
        self._parts: dict[int, tuple[Sequence[str], str]] = {}
        self._caution = f" ({DEMONSTRATION_ONLY})" if is_demonstration(model) else ""

    def of(self, keys: npt.NDArray[np.int64]) -> pa.DictionaryArray:
        """The sentence of each key; null for -1."""
        import pyarrow as pa

        encoded = array_of(keys, pa.int64(), keys != _NO_REASON).dictionary_encode()
        sentences = texts(map(self._sentence, numpy_of(encoded.dictionary).tolist()))
        return pa.DictionaryArray.from_arrays(encoded.indices, sentences)

    def _sentence(self, key: int) -> str:
        if key not in self._said:
            self._said[key] = self._worded(*divmod(key, _SPREAD))
        return self._said[key]

    def _worded(self, number: int, thousands: int) -> str:
        import numpy as np

        place = int(np.searchsorted(self._starts, number, side="right")) - 1
        each, cell = self._model.inputs[place], number - int(self._starts[place])
        if place not in self._parts:
            self._parts[place] = (each.cells, self._comparison(each))
        cells, comparison = self._parts[place]
        amount = int(self._against_bases[number]) if self._reference == "base" else thousands * 1000
        return f"{in_words(each, cell, cells)}: {size_in_words(self._model, amount)}{comparison}{self._caution}"

    def _comparison(self, each: ModelInput) -> str:
        if self._reference == "practice":
            return " against the practice's average"
        return _against_base_of(self._model, each)


def _against_base_of(model: AdditiveModel, each: ModelInput) -> str:
    if model.link == "points" and not each.contributions[base_cell(each)]:
        return ""  # points against nothing need no comparison
    return f" against {against_base(each)}"


def worded_against_base(model: AdditiveModel, each: ModelInput, cell: int, difference: int) -> str:
    """One reason: a cell of an input, and by how many millionths it adds more than the input's base."""
    caution = f" ({DEMONSTRATION_ONLY})" if is_demonstration(model) else ""
    return f"{in_words(each, cell)}: {size_in_words(model, difference)}{_against_base_of(model, each)}{caution}"
