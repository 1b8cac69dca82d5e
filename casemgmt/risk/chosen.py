"""A model's inputs on some rows of a register: all that is needed to say what is missing, and why they rank high."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from casemgmt import compiling
from casemgmt.register.fields import FIELDS
from casemgmt.register.lookup import Columns, TableBuilder, answers_by_code, look_up
from casemgmt.register.packing import Slot
from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.pairs import PairInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel

    T = TypeVar("T", bound=np.generic)


class CodedInput(NamedTuple):
    """One input: where its codes lie, and what each of them means.

    ``slot`` is None for an input that is no packed field: ``row`` of the extra columns then holds its cells. ``cells``
    is the cell of each code, ``missing`` whether it stands for no value, also where the register reads that as one,
    such as sex as U; a pair has none of its own to be missing.
    """

    input: ModelInput
    slot: Slot | None
    row: int
    cells: npt.NDArray[np.int64]
    missing: npt.NDArray[np.bool_]


class ChosenRows(NamedTuple):
    """Rows of a register as a model sees them.

    ``columns`` holds these rows alone, ``rows`` of them, in the order they were given.
    """

    register: Register
    inputs: list[CodedInput]
    columns: Columns
    rows: int
    compiled: bool


def chosen_rows(
    model: AdditiveModel, register: Register, rows: npt.NDArray[np.int64], *, compiled: bool | None = None
) -> ChosenRows:
    """A model's inputs on some packed rows.

    Parameters
    ----------
    rows : int array of packed rows
    compiled : whether compiled loops walk them (True), or NumPy (False), or what suits the register (None)
    """
    import numpy as np

    from casemgmt.risk.scoring import cells_of

    packed = register.packed
    inputs: list[CodedInput] = []
    extra: list[npt.NDArray[np.int32]] = []
    for each in model.inputs:
        if each.name in packed.slots and each.name in FIELDS and not each.superseded_by:
            slot = packed.slots[each.name]
            cells = answers_by_code(each.name, slot, each.cell_of)
            missing = cells == each.cell_of(None)
            if slot.missing is not None:
                missing[slot.missing] = True
            inputs.append(CodedInput(each, slot, slot.row, cells, missing))
        else:
            cells = np.arange(len(each.contributions))
            missing = (cells == len(cells) - 1) & (each.kind != "pair")
            inputs.append(CodedInput(each, None, len(extra), cells, missing))
            extra.append(cells_of(model, each, register, rows))
    columns = Columns(
        _gathered(packed.words, rows),
        _gathered(packed.bytes, rows),
        _gathered(packed.shorts, rows),
        np.stack(extra) if extra else np.empty((0, len(rows)), dtype=np.int32),
    )
    compiled = compiling.pays(len(register)) if compiled is None else compiled
    return ChosenRows(register, inputs, columns, len(rows), compiled)


def _gathered(columns: npt.NDArray[T], rows: npt.NDArray[np.int64]) -> npt.NDArray[T]:
    import numpy as np

    out = np.empty((len(columns), len(rows)), dtype=columns.dtype)
    for row, column in enumerate(columns):
        np.take(column, rows, out=out[row], mode="clip")  # the rows are there; "raise" would copy once more
    return out


def is_missing(
    model: AdditiveModel, each: ModelInput, register: Register, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Where an input has no value, also where the register reads that as one, such as sex as U; either of a pair."""
    import numpy as np

    from casemgmt.risk.scoring import cells_of

    if isinstance(each, PairInput):
        first, second = (is_missing(model, side.input, register, rows) for side in each.sides)
        return np.asarray(first | second)
    missing = cells_of(model, each, register, rows) == len(each.cells) - 1
    if each.name in register.packed.slots:
        missing |= register.packed.is_missing(each.name, rows)
    return np.asarray(missing)


def missing_inputs(model: AdditiveModel, chosen: ChosenRows, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """How many of the model's inputs are missing, for each row, those of the scores that it takes included.

    A column counts once, whichever of the models look at it. A score that the model takes counts by itself only where
    there is none although all of its own inputs are known.

    Parameters
    ----------
    chosen : the model's inputs on ``rows``
    rows : int array of packed rows
    """
    import numpy as np

    if model.nested:
        every = _missing_by_name(model, chosen.register, rows)
        return np.asarray(np.sum(list(every.values()), axis=0, dtype=np.int32))
    # A sum of tables, as a score is.
    builder = TableBuilder(chosen.register.packed, np.int32, np.add, 0)
    for each in chosen.inputs:
        if each.slot is None:
            builder.add_cells(chosen.columns.extra[each.row], each.missing.astype(np.int64).tolist())
        else:
            builder.add_field(each.input.name, each.missing.astype(np.int64))
    tables = builder.build()[1]
    if not chosen.compiled:
        return np.asarray(look_up(chosen.columns, tables, np.add, slice(0, chosen.rows)))
    from casemgmt.risk.kernels import add_entries

    missing = np.empty(chosen.rows, dtype=np.int32)
    add_entries(chosen.columns, tables, 0, chosen.rows, missing)
    return missing


def _missing_by_name(
    model: AdditiveModel, register: Register, rows: npt.NDArray[np.int64]
) -> dict[tuple[str, str], npt.NDArray[np.bool_]]:
    """Where each column, and each score without one of its own to blame, is missing: by kind and name."""
    import numpy as np

    found: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for each in model.inputs:
        if each.kind == "pair":
            continue  # its columns count as those of its two inputs
        own = is_missing(model, each, register, rows)
        if each.kind == "score":
            inner = _missing_by_name(model.nested[each.name], register, rows)
            found |= inner
            found["score", each.name] = own & ~np.any(list(inner.values()), axis=0)
        else:
            found["column", each.name] = own
    return found


def missing_within(
    model: AdditiveModel, each: ModelInput, register: Register, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many inputs of the score that a score input takes are missing, for each of some packed rows."""
    import numpy as np

    found = _missing_by_name(model.nested[each.name], register, rows)
    return np.asarray(np.sum(list(found.values()), axis=0, dtype=np.int64))
