"""Scores of a whole register: a model compiled to integer tables, added up, exact in any order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from casemgmt.arrow import array_of, numpy_of, validity_of
from casemgmt.compiling import pays
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.fields import FIELDS
from casemgmt.register.lookup import Columns, TableBuilder, Tables, answers_by_code, look_up
from casemgmt.register.packing import Rows
from casemgmt.register.spellings import flag_of, is_missing_word
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput
from casemgmt.risk.pairs import PairInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
NO_SCORE_32, NO_SCORE_64 = -(2**31), -(2**63)


class Scorer(NamedTuple):
    """A model compiled for one register.

    ``poison`` stands in the tables for "no score": any sum below ``lowest`` has met it. ``floor`` is the least score.
    """

    columns: Columns
    tables: Tables
    lowest: int
    floor: int

    @property
    def no_score(self) -> int:
        """The sum that means no score: the smallest whole number of the tables' type."""
        return NO_SCORE_32 if self.tables.word_tables.dtype.itemsize == 4 else NO_SCORE_64

    @property
    def key_type(self) -> type[np.int32 | np.int64]:
        """The type of the sums, which is the tables' own."""
        import numpy as np

        return np.int32 if self.tables.word_tables.dtype.itemsize == 4 else np.int64


def compile_model(model: AdditiveModel, register: Register, barred: tuple[tuple[str, int], ...] = ()) -> Scorer:
    """Compile a model's tables for a register's layout.

    Parameters
    ----------
    model : the model
    register : the register, which must hold the model's columns
    barred : (flag, value) pairs that bar a patient from having a score, such as ``("objected", 1)``
    """
    import numpy as np

    register.require(model.columns, f"the model '{model.name}'")
    bound = model.largest_sum
    poisons = sum(None in each.contributions for each in model.inputs) + len(barred)
    # A poisoned sum must stay below every real one, and all poisons together must not overflow.
    poison = -(2 * bound + 1)
    small = bound - poison * poisons < 2**31 - 1
    dtype = np.int32 if small else np.int64
    builder = TableBuilder(register.packed, dtype, np.add, model.intercept)
    for each in model.inputs:
        amounts = [poison if amount is None else amount for amount in each.contributions]
        if _is_packed(register, each.name) and not each.superseded_by:
            cells = answers_by_code(each.name, register.packed.slots[each.name], each.cell_of)
            builder.add_field(each.name, np.array(amounts, dtype=np.int64)[cells])
        else:
            builder.add_cells(cells_of(model, each, register), amounts)
    for flag, value in barred:
        if flag in register.packed.slots:
            builder.add_field(flag, [poison if code == value else 0 for code in (0, 1)])
    columns, tables = builder.build()
    floor = -(2**62) if model.floor is None else model.floor
    return Scorer(columns, tables, -bound, max(floor, -bound))


def _is_packed(register: Register, name: str) -> bool:
    return name in register.packed.slots and name in FIELDS


def cells_of(
    model: AdditiveModel, each: ModelInput, register: Register, rows: Rows | None = None
) -> npt.NDArray[np.int32]:
    """The cell of one input's table that each packed row falls in, for all rows or those given."""
    import numpy as np

    if isinstance(each, PairInput):
        first, second = (cells_of(model, side.input, register, rows) for side in each.sides)
        counts = [range(len(side.groups)) for side in each.sides]
        by_cells = np.array([[each.cell_at(row, column) for column in counts[1]] for row in counts[0]], dtype=np.int32)
        return np.asarray(by_cells[first, second])
    cells = _own_cells_of(model, each, register, rows)
    for name in each.superseded_by:
        greater = _own_cells_of(model, model.input_named(name), register, rows) == PRESENT
        cells = np.where(greater & (cells == PRESENT), np.int32(each.superseded_cell), cells)
    return cells


def _own_cells_of(
    model: AdditiveModel, each: ModelInput, register: Register, rows: Rows | None
) -> npt.NDArray[np.int32]:
    """The same from the input's own values alone: no greater flag is looked at."""
    import numpy as np
    import pyarrow as pa

    if each.kind == "score":
        sums = sums_of(model.nested[each.name], register)
        sums = sums if rows is None else sums[rows]
        edges = np.array([edge * each.scale for edge in each.edges], dtype=np.int64)
        cells = np.searchsorted(edges, sums, side=_side(each))
        return np.where(sums == NO_SCORE_64, len(each.cells) - 1, cells).astype(np.int32)
    if _is_packed(register, each.name):
        by_code = answers_by_code(each.name, register.packed.slots[each.name], each.cell_of).astype(np.int32)
        return np.asarray(by_code[register.packed.codes(each.name, slice(None) if rows is None else rows)])
    column = register.column(each.name, rows)
    if each.kind == "number" and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        present = validity_of(column)
        numbers = numpy_of(column.cast(pa.float64(), safe=False))
        numbers = numbers if present is None else np.where(present, numbers, np.nan)
        cells = np.searchsorted(np.array(each.edges_as_floats), numbers, side=_side(each))
        return np.where(np.isfinite(numbers), cells, len(each.cells) - 1).astype(np.int32)
    indices, distinct = distinct_values(pa.chunked_array([column]))
    by_value = [each.cell_of(value if each.kind == "category" else from_text(each.kind, value)) for value in distinct]
    return np.asarray(np.array([*by_value, len(each.cells) - 1], dtype=np.int32)[indices])


def _side(each: ModelInput) -> Literal["left", "right"]:
    """The side on which NumPy's search puts a value equal to an edge."""
    return "right" if each.closed == "left" else "left"


def from_text(kind: str, value: object) -> object:
    """A carried column of a CSV file holds numbers and flags as text; anything else is left for the input to judge."""
    if not isinstance(value, str):
        return value
    if _NUMBER.fullmatch(value):
        return float(value)
    if kind != "flag":
        return {"true": 1, "false": 0}.get(value.casefold(), value)
    flag = flag_of(value)
    return (None if is_missing_word(value) else value) if flag is None else int(flag)


def sums_of(model: AdditiveModel, register: Register, *, compiled: bool | None = None) -> npt.NDArray[np.int64]:
    """Each packed row's sum in millionths after the floor; the smallest int64 where there is no score.

    Parameters
    ----------
    compiled : use the compiled kernel (True), NumPy (False), or what suits the size (None); the sums are the same
    """
    import numpy as np

    scorer = compile_model(model, register)
    rows = len(register)
    if pays(rows) if compiled is None else compiled:
        from casemgmt.risk.kernels import add_entries

        sums = np.empty(rows, dtype=scorer.tables.word_tables.dtype)
        add_entries(scorer.columns, scorer.tables, 0, rows, sums)
    else:
        sums = look_up(scorer.columns, scorer.tables, np.add, slice(0, rows))
    wide = sums.astype(np.int64)
    return np.where(wide < scorer.lowest, NO_SCORE_64, np.maximum(wide, scorer.floor))


def points_of(model: AdditiveModel, sums: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Scores from sums: divided once, so each is the double nearest to the exact decimal; NaN where there is none."""
    import numpy as np

    scores: npt.NDArray[np.float64] = np.where(sums == NO_SCORE_64, np.nan, sums / (MILLION * model.divide_by))
    return scores


def score_register(model: AdditiveModel, register: Register) -> pa.Array:
    """One score a source row, null where the row was quarantined, the patient objected, or there is no score."""
    import numpy as np
    import pyarrow as pa

    register.require_whole("Scoring")
    scores = points_of(model, sums_of(model, register))
    scores[register.packed.is_set("objected")] = np.nan
    by_source = register.to_source_rows(scores)
    return array_of(by_source, pa.float64(), ~np.isnan(by_source))
