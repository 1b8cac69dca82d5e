"""Columns as the search for traps looks at them: people by value, dates after the list date, copies, people alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import local_times, numpy_of, validity_of
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.fields import CONDITIONS, FIELDS
from casemgmt.register.ranked import is_listable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Whole = npt.NDArray[np.int64]

MOST_CELLS = 50
FEWEST_IN_CELL = 20
ALIKE = 0.99  # of people with either, for whom a column repeats another
FEWEST_WITH_EITHER = 30
NO_GROUP = 5  # people not managed, fewer than which say nothing of those alike


class Counted(NamedTuple):
    """People with one value, and how many of them had the outcome."""

    people: int
    events: int

    @property
    def share(self) -> float:
        """Of them, how many had it."""
        return self.events / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Cells:
    """People by the value of one column; rare values together, missing ones apart.

    Attributes
    ----------
    counted : the people of each cell that has some
    exact : whether each cell holds one value; of numbers with more than fifty, or with too few people for so many, each
        holds a fiftieth of the people, or forty of them
    """

    counted: tuple[Counted, ...]
    exact: bool

    @property
    def auroc(self) -> float:
        """How well the cells, in order of their share with the outcome, tell who has it; 0.5 to 1."""
        import numpy as np

        counts = sorted(self.counted, key=lambda each: each.share)
        events = np.array([each.events for each in counts], dtype=np.float64)
        others = np.array([each.people for each in counts], dtype=np.float64) - events
        below = np.cumsum(others) - others
        pairs = events.sum() * others.sum()
        return float((events * (below + others / 2)).sum() / pairs) if pairs else 0.5


def by_value(register: Register, name: str, rows: Flags, y: Flags) -> Cells:
    """The people of some rows by their value of a column.

    Parameters
    ----------
    register, name : the column
    rows : which packed rows
    y : who of those has the outcome
    """
    import numpy as np

    numbers = numbers_or_none(register, name)
    if numbers is None:
        import pyarrow as pa

        place, distinct = distinct_values(pa.chunked_array([register.column(name)]))
        # A missing value is the cell before the first, which is the last.
        return Cells(_counted(np.asarray(place)[rows] % (len(distinct) + 1), y), True)
    values = numbers[rows]
    known = np.isfinite(values)
    edges, exact = np.unique(values[known]), True
    # Cells of fewer people than count would all be one, and tell nothing.
    most = min(MOST_CELLS, max(len(values[known]) // (2 * FEWEST_IN_CELL), 2))
    if len(edges) > most:
        edges, exact = np.unique(np.quantile(values[known], np.linspace(0, 1, most + 1))), False
    return Cells(_counted(np.where(known, np.searchsorted(edges, values, side="right"), 0), y), exact)


def _counted(place: npt.NDArray[np.integer], y: Flags) -> tuple[Counted, ...]:
    """The people and events of each cell; those of cells with few people together, at the end."""
    import numpy as np

    people = np.bincount(place)
    events = np.bincount(place[y], minlength=len(people))
    few = people < FEWEST_IN_CELL
    cells = [Counted(*each) for each in zip(people[~few].tolist(), events[~few].tolist(), strict=True)]
    rest = Counted(int(people[few].sum()), int(events[few].sum()))
    return (*cells, rest) if rest.people else tuple(cells)


def numbers_or_none(register: Register, name: str) -> Floats | None:
    """A column as numbers, NaN where missing; None where it holds anything else. Text of numbers is read."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column = register.column(name)
    kind = column.type
    if is_text(kind) and name not in FIELDS:
        column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, kind), column)
        if not pc.all(pc.match_substring_regex(column, r"^\s*[+-]?[0-9]+(\.[0-9]*)?\s*$")).as_py():
            return None
        column = pc.utf8_trim_whitespace(column)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return None
    column = column.cast(pa.float64(), safe=False)
    present, values = validity_of(column), numpy_of(column)
    return np.asarray(values if present is None else np.where(present, values, np.nan))


def days_after(register: Register, name: str) -> int:
    """How many people have a date in this column after the list date; 0 where it holds no dates."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _dates(register, name)
    if column is None:
        return 0
    later = pc.greater(local_times(column).cast(pa.date32(), safe=False), pa.scalar(register.as_of, pa.date32()))
    return pc.sum(later).as_py() or 0


def holds_dates(register: Register, name: str) -> bool:
    """Whether a column holds dates, or nothing."""
    return name in register.column_names and (
        _dates(register, name) is not None or register.column(name).null_count == len(register)
    )


def _dates(register: Register, name: str) -> pa.Array | None:
    """A column as dates or moments; None where it holds none, or is not there."""
    import pyarrow as pa

    if name not in register.column_names:
        return None
    column = register.column(name)
    if is_text(column.type) and name not in FIELDS:
        column = _iso_dates(column)
    return column if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type) else None


def _iso_dates(column: pa.Array) -> pa.Array:
    """Text that begins like ``2015-04-01`` in every row, as dates; anything else as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.filter(column, pc.is_valid(column))
    if not len(texts) or not pc.all(pc.match_substring_regex(texts, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]|$)")).as_py():
        return column
    try:
        return pc.utf8_slice_codeunits(column, 0, 10).cast(pa.date32())
    except pa.ArrowInvalid:  # the 31st of February
        return column


def copies_among(register: Register, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Inputs that are counts and repeat another count, with the people who have either."""
    import numpy as np

    counts: dict[str, Floats] = {}
    for name in dict.fromkeys((*names, *register.fields, *register.carried)):
        if name not in register.column_names or (name in FIELDS and FIELDS[name].kind != "integer"):
            continue
        values = numbers_or_none(register, name)
        if values is not None and len(values) and np.nanmax(np.append(values, -1.0)) > 1:
            counts[name] = np.nan_to_num(values)
    sums = {name: float(values.sum()) for name, values in counts.items()}
    seen: set[frozenset[str]] = set()
    for name in names:
        for other in counts if name in counts else ():
            pair = frozenset((name, other))
            if other == name or pair in seen or abs(sums[name] - sums[other]) > (1 - ALIKE) * abs(sums[name]):
                continue
            seen.add(pair)
            either = (counts[name] != 0) | (counts[other] != 0)
            people = int(np.count_nonzero(either))
            same = np.count_nonzero(counts[name][either] == counts[other][either])
            if people >= FEWEST_WITH_EITHER and same >= ALIKE * people and len(np.unique(counts[name][either])) > 1:
                yield name, other, people


class Alike(NamedTuple):
    """The managed against people alike who are not: how many could be compared, ratio of outcomes, how sure."""

    people: int
    ratio: float
    deviation: float


def managed_against_alike(register: Register, happened: Floats, managed: str) -> Alike | None:
    """The outcome of the managed over that of people alike in age, admissions, attendances, medicines and illness.

    None where nobody is managed, or too few to say anything.
    """
    import numpy as np

    if managed not in register.column_names:
        return None
    column = numbers_or_none(register, managed)
    known = ~np.isnan(happened) & is_listable(register.packed)
    if column is None or np.count_nonzero(known & (column == 1)) < FEWEST_WITH_EITHER:
        return None
    group = np.unique(_people_alike(register)[known], return_inverse=True)[1]
    y, inside = happened[known] == 1, (column == 1)[known]
    others = np.bincount(group, ~inside)
    rate = np.divide(np.bincount(group, y & ~inside), others, out=np.zeros(len(others)), where=others > 0)
    compared = inside & (others[group] >= NO_GROUP)
    expected = rate[group[compared]]
    own = np.bincount(group[compared], minlength=len(others))
    variance = float((expected * (1 - expected)).sum() + (own**2 * rate * (1 - rate) / np.maximum(others, 1)).sum())
    total = float(expected.sum())
    if not total or not variance:
        return None
    events = int(y[compared].sum())
    return Alike(int(compared.sum()), events / total, (events - total) / variance**0.5)


def _people_alike(register: Register) -> Whole:
    """A number for each kind of people: age in tens, admissions, medicines and frailty in fours, conditions in twos."""
    import numpy as np

    group = np.zeros(len(register), dtype=np.int64)
    parts = (("age", 10, 9), ("emergency_admissions_12m", 1, 3), ("ae_attendances_12m", 1, 2))
    for name, width, most in (*parts, ("repeat_medicines", 4, 3), ("frailty_deficits", 4, 6)):
        values = numbers_or_none(register, name) if name in register.column_names else None
        value = np.zeros(len(register)) if values is None else np.nan_to_num(values)
        group = group * (most + 1) + np.minimum(value // width, most).astype(np.int64)
    held = [name for name in CONDITIONS if name in register.packed.slots]
    conditions = np.sum([register.packed.is_set(name) for name in held], axis=0) if held else np.zeros(len(register))
    return np.asarray(group * 5 + np.minimum(conditions // 2, 4).astype(np.int64))
