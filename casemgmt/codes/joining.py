"""Whether records and a list of patients speak of the same people, before one is joined to the other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import numpy_of
from casemgmt.errors import InputError, plural
from casemgmt.register.spellings import NONE_OF
from casemgmt.register.unmatched import are_few, likely_cause

if TYPE_CHECKING:
    import pyarrow as pa

# Of the patients of the records, so many who are on the list under an id written in another way are no accident.
_WRITTEN_OTHERWISE = Fraction(1, 20)
NOT_WRITTEN_ALIKE = r"[\s\p{Z}\-\x{2010}-\x{2015}\"']"


def check_numbers(records: str, patients: pa.Array, ids: pa.Array) -> None:
    """Refuse whole numbers as patient ids where the list has ids with leading zeros, which numbers have lost.

    Raises
    ------
    InputError
        12 and 012 are one number, and may be two people.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(patients.type):
        return
    padded = int(numpy_of(pc.fill_null(pc.match_substring_regex(ids, r"^0[0-9]+$"), False)).sum())
    if padded:
        raise lost_their_zeros(records, patients.type, padded)


def lost_their_zeros(records: str, kind: pa.DataType, padded: int) -> InputError:
    """Ids of records that are numbers, where so many of the list's begin with a zero."""
    return InputError(
        f"Column 'patient_id' of the {records} holds {kind}, not text, and {plural(padded, 'id')} of the "
        "list begin with a zero, which a number has lost: 12 and 012 may be two people. Read the ids as text where "
        f"the {records} are loaded (for example dtype=str)."
    )


def check_met(records: str, patients: pa.Array, strangers: pa.Array, ids: pa.Array, *, allowed: bool) -> None:
    """Refuse records few of whose patients are on the list, or some of whose are there under another spelling.

    Parameters
    ----------
    records : ``events`` or ``episodes``
    patients, strangers : the patients of the records, and those of them that are not on the list, as text
    ids : of the list, as text
    """
    met = len(patients) - len(strangers)
    if allowed or not len(strangers):
        return
    of_few_people(records, met, len(patients), lambda: likely_cause(strangers, ids))
    written_in_another_way(records, written_otherwise(strangers, ids), len(patients))


def of_few_people(records: str, met: int, patients: int, cause: Callable[[], str]) -> None:
    """Refuse records few of whose patients are on the list; ``cause`` tells why that may be."""
    if are_few(met, patients):
        which = f"Only {met:,} of" if met else "Not one of"
        raise InputError(
            f"{which} {plural(patients, 'patient')} of the {records} is on the list, which would have no "
            "condition and counts of 0. "
            f"{cause()} Where the records are of other practices too, say allow_unmatched=True."
        )


def written_in_another_way(records: str, otherwise: int, patients: int) -> None:
    """Refuse records of whose patients so many are on the list under another spelling."""
    if otherwise >= NONE_OF and otherwise > _WRITTEN_OTHERWISE * patients:
        raise InputError(
            f"{otherwise:,} of {plural(patients, 'patient')} of the {records} are not on the list, and would be "
            "but for upper and lower case, spaces, hyphens or leading zeros: their conditions would be lost. Write the "
            "ids as the list does. Where those are other people, say allow_unmatched=True."
        )


def written_otherwise(strangers: pa.Array, ids: pa.Array) -> int:
    """How many patients would be on the list if case, spaces, hyphens and leading zeros did not tell ids apart."""
    import pyarrow.compute as pc

    return int(numpy_of(pc.is_in(_plain(strangers), value_set=pc.unique(_plain(ids).drop_null()))).sum())


def _plain(ids: Any) -> Any:
    import pyarrow.compute as pc

    bare = pc.replace_substring_regex(pc.utf8_lower(ids), pattern=NOT_WRITTEN_ALIKE, replacement="")
    bare = pc.replace_substring_regex(bare, pattern=r"\.0+$", replacement="")
    return pc.replace_substring_regex(bare, pattern="^0+", replacement="")
