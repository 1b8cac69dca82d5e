"""From packed codes back to values people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from casemgmt.arrow import array_of, text_scalar, texts
from casemgmt.register.fields import FIELDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.packing import Packed, Rows

NO_DAY = -(2**31)
# Field → a number a row; NO_DAY where it is missing.
Days: TypeAlias = "dict[str, npt.NDArray[np.int32]]"

# Of texts.
Texts: TypeAlias = "pa.Array | pa.ChunkedArray"

_BETWEEN = "\x1f"  # a hidden character, which no accepted id holds


def person_keys(practice_id: Texts, patient_id: Texts) -> Texts:
    """One text a person of a practice: the practice's code and the patient's id."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(practice_id, patient_id, text_scalar(_BETWEEN, patient_id.type))


def person_parts(keys: Texts) -> tuple[list[str], list[str]]:
    """The practice codes and patient ids of :func:`person_keys`."""
    parts = [key.split(_BETWEEN, 1) for key in keys.to_pylist()]
    return [practice for practice, _ in parts], [patient for _, patient in parts]


class Held(Protocol):
    """The packed fields, days and wide numbers of a register; see :class:`casemgmt.Register`."""

    @property
    def packed(self) -> Packed:
        """The packed fields."""

    @property
    def days(self) -> Mapping[str, npt.NDArray[np.int32]]:
        """Day numbers of date fields."""

    @property
    def numbers(self) -> Mapping[str, npt.NDArray[np.int32]]:
        """Integers too large to pack."""


def cleaned_values(register: Held, name: str, rows: Rows) -> pa.Array:
    """The cleaned values of a packed field or a date, for some packed rows."""
    import numpy as np
    import pyarrow as pa

    if name in register.days:
        days = register.days[name][rows]
        return array_of(days, pa.date32(), days != NO_DAY)
    if name in register.numbers:
        numbers = register.numbers[name][rows]
        return array_of(numbers, pa.int32(), numbers != NO_DAY)
    codes = register.packed.codes(name, rows)
    slot = register.packed.slots[name]
    present = np.ones(len(codes), dtype=bool) if slot.missing is None else codes != slot.missing
    match FIELDS[name].kind:
        case "flag":
            return array_of(codes == 1, pa.bool_(), present)
        case "category":
            return texts(None if each is None else str(each) for each in slot.values).take(array_of(codes, pa.int32()))
        case _:
            return array_of(codes, pa.int32(), present)
