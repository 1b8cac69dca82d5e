"""The rows of a scanned register that can matter to the lists, with all that the lists will say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from casemgmt.arrow import taken_rows
from casemgmt.register.fields import FIELDS
from casemgmt.register.packing import Packed, group_order, is_rising

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.account import Account
    from casemgmt.register.register import Register


_Number = TypeVar("_Number", bound="np.integer")


class KeptRows(NamedTuple):
    """Some rows, in the order in which they were met.

    Attributes
    ----------
    practice : int32, the number of each row's practice
    keys, bits : what ranks each row, and which conditions it meets
    packed : the packed fields of the rows
    days, numbers : their days and wide numbers
    table : their ids and what else is not packed
    """

    practice: npt.NDArray[np.int32]
    keys: npt.NDArray[Any]  # whole numbers of the width that the ranking has
    bits: npt.NDArray[np.unsignedinteger]
    packed: Packed
    days: dict[str, npt.NDArray[np.int32]]
    numbers: dict[str, npt.NDArray[np.int32]]
    table: pa.Table

    def only(self, wanted: npt.NDArray[np.bool_]) -> KeptRows:
        """The wanted rows."""
        import numpy as np

        rows = np.flatnonzero(wanted)
        return self.at(rows, self.practice[rows])

    def at(self, rows: npt.NDArray[np.int64], practice: npt.NDArray[np.int32]) -> KeptRows:
        """Some rows, under these numbers of practices."""
        return KeptRows(
            practice,
            self.keys[rows],
            self.bits[rows],
            self.packed.take(rows, practice=practice),
            {name: days[rows] for name, days in self.days.items()},
            {name: numbers[rows] for name, numbers in self.numbers.items()},
            taken_rows(self.table, rows),
        )


def kept_rows_of(
    register: Register,
    rows: npt.NDArray[np.int64],
    practice: npt.NDArray[np.int32],
    keys: npt.NDArray[Any],
    bits: npt.NDArray[np.unsignedinteger],
) -> KeptRows:
    """Rows of a part: packed rows, with their practices' numbers, keys and bits."""
    names = [name for name in register.source_table.column_names if _is_unpacked(name)]
    in_table = rows if register.order is None else register.order[rows]
    unpacked = register.source_table.select(names)
    return KeptRows(
        practice,
        keys,
        bits,
        register.packed.take(rows, practice=practice),
        {name: days[rows] for name, days in register.days.items()},
        {name: numbers[rows] for name, numbers in register.numbers.items()},
        taken_rows(unpacked.set_column(names.index("patient_id"), "patient_id", register.ids), in_table),
    )


def _is_unpacked(name: str) -> bool:
    """Whether a column's values are read from the source's table: it is an id, a text, or no field."""
    return name not in FIELDS or FIELDS[name].kind in {"id", "text"}


def group_kept_rows(parts: list[KeptRows], order: npt.NDArray[np.int32]) -> tuple[KeptRows, npt.NDArray[np.int64]]:
    """All kept rows grouped by practice, each practice in the order they were met; and where each begins.

    Parameters
    ----------
    parts : emptied, so that no more than one field of them all is held twice
    order : by number, the practice's place in the register; -1 for none, whose rows are left out
    """
    import numpy as np
    import pyarrow as pa

    place = np.concatenate([order[part.practice] for part in parts])
    rows = np.flatnonzero(place >= 0)
    grouped, groups = group_order(place[rows], int(order.max(initial=-1)) + 1)
    practice = place[rows[grouped]].astype(np.int32)
    moved = None if is_rising(place) and len(rows) == len(place) else rows[grouped]

    def joined(arrays: list[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
        whole = np.concatenate(arrays, axis=-1)
        arrays.clear()
        return whole if moved is None else np.take(whole, moved, axis=-1)

    slots = parts[0].packed.slots
    keys, bits = [part.keys for part in parts], [part.bits for part in parts]
    words, shorts = [part.packed.words for part in parts], [part.packed.shorts for part in parts]
    singles = [part.packed.bytes for part in parts]
    days = {name: [part.days[name] for part in parts] for name in parts[0].days}
    numbers = {name: [part.numbers[name] for part in parts] for name in parts[0].numbers}
    tables = [part.table for part in parts]
    parts.clear()
    table = pa.concat_tables(tables, promote_options="permissive")
    tables.clear()
    return KeptRows(
        practice,
        joined(keys),
        joined(bits),
        Packed(joined(words), joined(singles), joined(shorts), slots, practice=practice),
        {name: joined(arrays) for name, arrays in days.items()},
        {name: joined(arrays) for name, arrays in numbers.items()},
        table if moved is None else taken_rows(table, moved),
    ), groups


def register_of(account: Account, kept: KeptRows, practices: Sequence[str], groups: npt.NDArray[np.int64]) -> Register:
    """Kept rows grouped by practice as a register, whose account is that of its own rows alone."""
    from dataclasses import replace

    from casemgmt.register.register import Register

    table = kept.table
    return Register(
        row_account=account.of_own_rows(len(kept.practice)),
        practices=tuple(practices),
        packed=replace(kept.packed, groups=groups, practice=None),
        days=kept.days,
        numbers=kept.numbers,
        source_table=table,
        ids=table.column("patient_id"),
    )
