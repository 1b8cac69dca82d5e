"""What changed between two registers in each input: shares of its cells, missing values, range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from casemgmt.evaluation.values import numbers_of
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.fields import FIELDS
from casemgmt.register.ranked import is_listable
from casemgmt.risk.scoring import cells_of
from casemgmt.risk.traps import usual_inputs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

MISSING = "missing"
OF_CHANCE = 3.0  # standard errors of the place of a 99th hundredth among the people
PARTS = 10  # of the old register, into which numbers are divided


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputShares:
    """The people of both registers by the cells of one input.

    Attributes
    ----------
    name : the column
    cells : what each cell holds, in words; the last is ``missing``
    old, new : people in each
    old_range, new_range : the 1st, 50th and 99th hundredth of a number, and the lowest and highest that the last is by
        chance, NaN of people too few to say; None of anything else
    """

    name: str
    cells: tuple[str, ...]
    old: Whole
    new: Whole
    old_range: Floats | None = None
    new_range: Floats | None = None

    @property
    def shares(self) -> tuple[Floats, Floats]:
        """The share of the people in each cell, old and new."""
        return self.old / max(int(self.old.sum()), 1), self.new / max(int(self.new.sum()), 1)

    @property
    def psi(self) -> float:
        """The population stability index: the sum of (new − old) · ln(new ÷ old), half a person added to each cell."""
        return stability_index(self.old, self.new)

    @property
    def by_chance(self) -> float:
        """The index that two draws from the same people stay under, but for one pair in about thirty thousand."""
        used = int(((self.old + self.new) > 0).sum()) - 1
        unit = 1 / max(int(self.old.sum()), 1) + 1 / max(int(self.new.sum()), 1)
        return float((max(used, 0) + 4 * (2 * max(used, 0)) ** 0.5) * unit)


def stability_index(old: Whole, new: Whole) -> float:
    """The population stability index of two counts of the same cells, half a person added to each that is not empty."""
    import numpy as np

    used = (old + new) > 0
    a, b = old[used] + 0.5, new[used] + 0.5
    a, b = a / a.sum(), b / b.sum()
    return float(((b - a) * np.log(b / a)).sum())


def compared_inputs(old: Register, new: Register, model: Model | None) -> tuple[list[InputShares], list[str]]:
    """Each input of the model, or each usual field, in both registers; and the names that only one of them has."""
    names: Sequence[str]
    if model is None:
        names = list(dict.fromkeys((*usual_inputs(old), *usual_inputs(new))))
    else:
        names = [each.name for each in model.inputs if each.kind in ("flag", "integer", "category", "number")]
    both = [name for name in names if name in old.column_names and name in new.column_names]
    found = [_of_model(old, new, model, name) if model is not None else _of_field(old, new, name) for name in both]
    return found, [name for name in names if name not in both]


def _listed(register: Register) -> Whole:
    import numpy as np

    return np.flatnonzero(is_listable(register.packed))


def _of_model(old: Register, new: Register, model: Model, name: str) -> InputShares:
    """By the cells of the model's own table."""
    import numpy as np

    each = model.input_named(name)
    counts = [
        np.bincount(cells_of(model, each, register, _listed(register)), minlength=len(each.cells))
        for register in (old, new)
    ]
    has_range = each.kind in ("integer", "number")
    ranges = [_range(_numbers(register, name)) if has_range else None for register in (old, new)]
    return InputShares(
        name=name, cells=each.cells, old=counts[0], new=counts[1], old_range=ranges[0], new_range=ranges[1]
    )


def _numbers(register: Register, name: str) -> Floats:
    from casemgmt.risk.trap_columns import numbers_or_none

    found = numbers_or_none(register, name)
    import numpy as np

    return np.full(0, np.nan) if found is None else found[_listed(register)]


def _range(values: Floats) -> Floats | None:
    """See :class:`InputShares`; the ends are the hundredths three standard errors of their place away."""
    import numpy as np

    known = values[np.isfinite(values)]
    if not len(known):
        return None
    reach = OF_CHANCE * (0.01 * 0.99 / len(known)) ** 0.5
    ends = np.quantile(known, [0.99 - reach, 0.99 + reach]) if reach <= 0.01 else np.full(2, np.nan)
    return np.concatenate([np.quantile(known, [0.01, 0.5, 0.99]), ends])


def _of_field(old: Register, new: Register, name: str) -> InputShares:
    """By value; of whole numbers by tenths of the old register."""
    import numpy as np

    if FIELDS[name].kind != "integer":
        return _of_words(old, new, name)
    values = [numbers_of(register, name, _listed(register)) for register in (old, new)]
    known = values[0][~np.isnan(values[0])]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PARTS + 1)[1:-1])) if len(known) else np.zeros(1)
    edges = np.unique(np.ceil(edges))
    words = [f"under {edges[0]:g}", *(f"{a:g} to under {b:g}" for a, b in pairwise(edges))]
    words += [f"{edges[-1]:g} and over", MISSING]
    places = [np.where(np.isnan(each), len(edges) + 1, np.searchsorted(edges, each, side="right")) for each in values]
    old_counts, new_counts = (np.bincount(each, minlength=len(words)) for each in places)
    return InputShares(
        name=name,
        cells=tuple(words),
        old=old_counts,
        new=new_counts,
        old_range=_range(values[0]),
        new_range=_range(values[1]),
    )


def _of_words(old: Register, new: Register, name: str) -> InputShares:
    import numpy as np
    import pyarrow as pa

    counts: list[dict[str, int]] = []
    for register in (old, new):
        places, distinct = distinct_values(pa.chunked_array([register.column(name, _listed(register))]))
        said = [MISSING if value is None else _word(value) for value in distinct] + [MISSING]
        found: dict[str, int] = {}
        for place, count in enumerate(np.bincount(places % (len(distinct) + 1), minlength=len(said)).tolist()):
            found[said[place]] = found.get(said[place], 0) + count
        counts.append(found)
    words = sorted({word for each in counts for word in each} - {MISSING})
    cells = (*words, MISSING)
    old_counts, new_counts = (np.array([each.get(word, 0) for word in cells], dtype=np.int64) for each in counts)
    return InputShares(name=name, cells=cells, old=old_counts, new=new_counts)


def _word(value: object) -> str:
    return {True: "present", False: "absent"}[value] if isinstance(value, bool) else str(value)


def inputs_table(inputs: Sequence[InputShares]) -> pa.Table:
    """One row an input: input, psi, missing_old, missing_new (shares), the 1st, 50th and 99th hundredth of numbers."""
    import pyarrow as pa

    rows = []
    for each in inputs:
        old, new = each.shares
        row = {"input": each.name, "psi": each.psi, "missing_old": float(old[-1]), "missing_new": float(new[-1])}
        for which, said in (("old", each.old_range), ("new", each.new_range)):
            for place, name in enumerate(("p1", "median", "p99")):
                row[f"{name}_{which}"] = None if said is None else float(said[place])
        rows.append(row)
    names = list(rows[0]) if rows else ["input", "psi", "missing_old", "missing_new"]
    return pa.table(
        {n: pa.array([row[n] for row in rows], pa.string() if n == "input" else pa.float64()) for n in names}
    )


def cells_table(inputs: Sequence[InputShares]) -> pa.Table:
    """One row an input and cell that somebody is in: input, cell, people and share in the old register and the new."""
    import pyarrow as pa

    columns: dict[str, list[object]] = {
        name: [] for name in ("input", "cell", "people_old", "people_new", "share_old", "share_new")
    }
    for each in inputs:
        old, new = each.shares
        for place, cell in enumerate(each.cells):
            if each.old[place] or each.new[place]:
                row = (
                    each.name,
                    cell,
                    int(each.old[place]),
                    int(each.new[place]),
                    float(old[place]),
                    float(new[place]),
                )
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
    kinds = {"input": pa.string(), "cell": pa.string(), "people_old": pa.int64(), "people_new": pa.int64()}
    return pa.table({name: pa.array(values, kinds.get(name, pa.float64())) for name, values in columns.items()})
