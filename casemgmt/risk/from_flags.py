"""Scores straight from derived flags: the model's tables over the packed bits, added up by the one scoring loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from casemgmt.arrow import array_of
from casemgmt.errors import InputError, did_you_mean, plural
from casemgmt.register.lookup import CHUNK_ENTRIES, Columns, Tables
from casemgmt.register.packing import CHUNK_BITS
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput
from casemgmt.risk.pairs import PairInput
from casemgmt.texts.numbering import BLOCK_ROWS
from casemgmt.threads import threads_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.risk.model import Model


class Flags(Protocol):
    """Flags of patients, packed; see :class:`casemgmt.codes.derived.Derived`.

    Attributes
    ----------
    patients : ids
    words : uint64, (words, patients): the flags, a bit each
    bits : the bit of each flag, from 0, through the words
    """

    @property
    def patients(self) -> pa.Array:
        """Ids."""

    @property
    def words(self) -> npt.NDArray[np.uint64]:
        """The flags, a bit each."""

    @property
    def bits(self) -> Mapping[str, int]:
        """The bit of each flag."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The flags, in order."""

    def flag(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether each patient has a condition."""

    def __len__(self) -> int:
        """Patients."""


def score_derived(derived: Flags, model: Model) -> pa.Table:
    """One row a patient, patient_id and score; see :meth:`Derived.score`."""
    import pyarrow as pa

    flags = [each.name for each in model.inputs if each.kind == "flag"]
    others = [each.name for each in model.inputs if each.kind not in ("flag", "pair")]
    missing = [name for name in flags if name not in derived.bits]
    if missing or others:
        raise _not_made(model.name, missing, others, derived.conditions)
    return pa.table(
        {"patient_id": derived.patients, "score": array_of(scores_of_derived(derived, model), pa.float64())}
    )


def _not_made(model: str, flags: Sequence[str], others: Sequence[str], made: Sequence[str]) -> InputError:
    """One error that names every input of a model that coded rows did not give, and what to do about each kind."""
    lines = [f"{plural(len(flags) + len(others), 'input')} of the model '{model}' that no code list or rule makes:"]
    lines += [f"  '{name}' is missing.{did_you_mean(name, made)}" for name in flags]
    lines += [f"  '{name}' is missing; no coded row says it." for name in others]
    if flags:
        lines.append(
            "  Give derive_conditions the code list that makes them (was one forgotten, or cut by only()?); rename a "
            f"condition with CodeList.renamed; or, where nobody is to have them, say absent=['{flags[0]}', …]."
        )
    if others:
        lines.append("  Score the register that build_register makes of these conditions and the list of patients.")
    return InputError("\n".join(lines))


def scores_of_derived(derived: Flags, model: Model) -> npt.NDArray[np.float64]:
    """Each patient's score: flags are never missing, so everybody has one, the double nearest to the exact decimal."""
    import numpy as np

    # Whoever derived these has the compiled loops at hand.
    from casemgmt.risk.kernels import add_entries

    columns, tables = compile_flags(derived, model)
    least = tables.base.dtype.type(-model.largest_sum if model.floor is None else model.floor)
    rows, unit = len(derived), MILLION * model.divide_by
    scores = np.empty(rows, dtype=np.float64)

    def score(first: int, last: int) -> None:
        sums = np.empty(min(BLOCK_ROWS, last - first), dtype=tables.base.dtype)
        for start in range(first, last, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, last)
            block = sums[: stop - start]
            add_entries(columns, tables, start, stop, block)
            np.maximum(block, least, out=block)
            np.divide(block, unit, out=scores[start:stop])

    threads = threads_for(rows)
    bounds = [rows * k // threads for k in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(score, bounds[:-1], bounds[1:]))
    return scores


def compile_flags(derived: Flags, model: Model) -> tuple[Columns, Tables]:
    """The model's tables over the derived words.

    A flag and those that supersede it must be looked up together. A look-up takes eleven bits that follow one another
    from any place of a word, so that neighbours share one; a family that is spread wider becomes a column of its own.
    """
    import numpy as np

    dtype: type[np.int32 | np.int64] = np.int32 if model.largest_sum < 2**31 - 1 else np.int64
    close: list[list[ModelInput]] = []
    spread: list[list[ModelInput]] = []
    for family in families([each for each in model.inputs if each.kind == "flag"]):
        bits = [derived.bits[each.name] for each in family]
        same_word = len({bit // 64 for bit in bits}) == 1
        (close if same_word and max(bits) - min(bits) < CHUNK_BITS else spread).append(family)
    lookups = _lookups(close, derived)
    word_tables = [_table(inputs, start, derived, dtype) for (_, start), inputs in lookups]
    pairs = [each for each in model.inputs if isinstance(each, PairInput)]
    cells = [_cells(family, derived) for family in spread] + [_pair_cells(pair, derived) for pair in pairs]
    amounts = [[_amount(family, code) for code in range(1 << len(family))] for family in spread]
    amounts += [list(pair.table) for pair in pairs]
    extra_tables = np.zeros((len(amounts), max(map(len, amounts), default=1)), dtype=dtype)
    for row, table in enumerate(amounts):
        extra_tables[row, : len(table)] = table
    empty = np.zeros(0, dtype=np.int64)
    tables = Tables(
        base=dtype(model.intercept),
        word_rows=np.array([word for (word, _), _ in lookups], dtype=np.int64),
        word_shifts=np.array([start for (_, start), _ in lookups], dtype=np.int64),
        word_tables=np.stack(word_tables) if word_tables else np.zeros((0, CHUNK_ENTRIES), dtype=dtype),
        byte_rows=empty,
        byte_tables=np.zeros((0, 256), dtype=dtype),
        short_rows=empty,
        short_tables=np.zeros((0, 65_536), dtype=dtype),
        extra_tables=extra_tables,
    )
    rows = len(derived)
    extra = np.stack(cells) if cells else np.empty((0, rows), dtype=np.int32)
    words = np.ascontiguousarray(derived.words)
    return Columns(words, np.empty((0, rows), np.uint8), np.empty((0, rows), np.uint16), extra), tables


def families(inputs: Sequence[ModelInput]) -> list[list[ModelInput]]:
    """The flags in groups: those that supersede one another together, every other alone."""
    by_name = {each.name: each for each in inputs}
    groups = {each.name: {each.name} for each in inputs}
    for each in inputs:
        for name in each.superseded_by:
            joined = groups[each.name] | groups[name]
            for member in joined:
                groups[member] = joined
    found = {frozenset(group) for group in groups.values()}
    order = list(by_name)
    return sorted(
        ([by_name[name] for name in order if name in group] for group in found), key=lambda f: order.index(f[0].name)
    )


def _lookups(close: Sequence[list[ModelInput]], derived: Flags) -> list[tuple[tuple[int, int], list[ModelInput]]]:
    """The word and first bit of each look-up, and the flags it answers for: as few as a walk from the left finds."""
    placed = sorted((sorted(derived.bits[each.name] for each in family), family) for family in close) if close else []
    lookups: list[tuple[tuple[int, int], list[ModelInput]]] = []
    for bits, family in placed:
        word, first, last = bits[0] // 64, bits[0] % 64, bits[-1] % 64
        if lookups:
            (open_word, start), inputs = lookups[-1]
            if open_word == word and last - start < CHUNK_BITS:
                inputs.extend(family)
                continue
        lookups.append(((word, first), list(family)))
    return lookups


def _table(
    inputs: Sequence[ModelInput], start: int, derived: Flags, dtype: type[np.int32 | np.int64]
) -> npt.NDArray[np.int32 | np.int64]:
    """What each pattern of eleven bits adds."""
    import numpy as np

    codes = np.arange(CHUNK_ENTRIES)
    is_set = {each.name: (codes >> (derived.bits[each.name] % 64 - start)) & 1 for each in inputs}
    table = np.zeros(CHUNK_ENTRIES, dtype=dtype)
    for each in inputs:
        alone = is_set[each.name].astype(bool)
        for name in each.superseded_by:
            alone &= ~is_set[name].astype(bool)
        table += np.where(alone, dtype(each.table[PRESENT]), dtype(0))
    return table


def _cells(family: Sequence[ModelInput], derived: Flags) -> npt.NDArray[np.int32]:
    """The flags of a family as one small number a patient."""
    import numpy as np

    cells = np.zeros(len(derived), dtype=np.int32)
    for place, each in enumerate(family):
        cells |= derived.flag(each.name).astype(np.int32) << np.int32(place)
    return cells


def _pair_cells(pair: PairInput, derived: Flags) -> npt.NDArray[np.int32]:
    """The cell of a pair of flags that each patient is in; a superseded flag counts as absent."""
    import numpy as np

    first, second = (side.input for side in pair.sides)
    present = []
    for each in (first, second):
        alone = derived.flag(each.name).copy()
        for name in each.superseded_by:
            alone &= ~derived.flag(name)
        present.append(alone.astype(np.int32))
    return np.asarray(2 * present[0] + present[1])


def _amount(family: Sequence[ModelInput], code: int) -> int:
    """What the flags of a family add where they are set as the bits of ``code``."""
    present = {each.name for place, each in enumerate(family) if code >> place & 1}
    return sum(
        each.table[PRESENT] for each in family if each.name in present and present.isdisjoint(each.superseded_by)
    )
