"""Nominations that practices have sent back, laid over those of the register."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from casemgmt.arrow import numpy_of, texts
from casemgmt.errors import InputError, InputWarning, not_valid_text, plural
from casemgmt.register.columns import NO_DAY
from casemgmt.register.fields import FIELDS
from casemgmt.register.given.tables import is_table, table_given

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominations:
    """What practices say of some patients, by patient id: whether each is nominated, and in which place of the order.

    ``in_practice`` holds the practice that says so, where it is known.
    """

    nominated: dict[str, bool] = field(default_factory=dict)
    order: dict[str, int | None] = field(default_factory=dict)
    in_practice: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many patients something is said of."""
        return len(self.nominated)

    def met_in(self, register: Register) -> tuple[int, int] | None:
        """Of how many patients something is said, and how many have a row; None where nothing was given."""
        return (len(self), len(_places_in(register, self)[0])) if len(self) else None


def read_nominations(nominations: object) -> Nominations:
    """Nominations as a user gives them.

    Parameters
    ----------
    nominations : None; a mapping of patient ids to the place in the order, from 1; or a table (or its file) with
        ``patient_id``, and ``nominated``, ``nomination_order`` and ``practice_id`` where they are known

    Raises
    ------
    InputError
        An id that is no text or stands twice; an order that is no whole number from 1.
    """
    if nominations is None:
        return Nominations()
    if isinstance(nominations, dict):
        rows = [(patient, True, order, None) for patient, order in nominations.items()]
    else:
        rows = _rows_of(nominations)
    wrong = sum(not isinstance(patient, str) or not patient.strip() for patient, *_ in rows)
    if wrong:
        raise InputError(f"nominations= holds {plural(wrong, 'row')} whose patient_id is missing or no text.")
    unclear = sum(not isinstance(said, bool) for _, said, *_ in rows)
    if unclear:
        raise InputError(f"nominations= holds {plural(unclear, 'row')} whose nominated is neither true nor false.")
    bad = sum(not _is_order(order) for _, _, order, _ in rows)
    if bad:
        raise InputError(f"nominations= holds {plural(bad, 'nomination_order')} that is no whole number from 1.")
    found = {str(patient): bool(said) for patient, said, *_ in rows}
    if len(found) < len(rows):
        raise InputError(f"nominations= names {plural(len(rows) - len(found), 'patient')} twice. Keep one row of each.")
    try:
        "".join(found).encode()
    except UnicodeEncodeError:
        raise not_valid_text("nominations= holds a patient_id") from None
    return Nominations(
        nominated=found,
        order={str(patient): None if order is None else int(order) for patient, _, order, _ in rows},
        in_practice={str(patient): str(code) for patient, *_, code in rows if code is not None},
    )


def _is_order(order: Any) -> bool:
    if order is None:
        return True
    most = FIELDS["nomination_order"].most
    return isinstance(order, int) and not isinstance(order, bool) and 1 <= order <= most


def _rows_of(nominations: object) -> list[tuple[Any, Any, Any, Any]]:
    if not is_table(nominations):
        raise InputError(
            "nominations= is a mapping of patient ids to orders, or a table with patient_id, such as "
            "read_returns(…).nominations()."
        )
    table = table_given(nominations, "nominations")
    if "patient_id" not in table.column_names:
        raise InputError("nominations= is a table without the column 'patient_id'.")
    nothing = [None] * table.num_rows
    columns = {name: table.column(name).to_pylist() if name in table.column_names else nothing for name in _OTHERS}
    said = columns["nominated"] if "nominated" in table.column_names else [True] * table.num_rows
    said = [_WORDS.get(str(each).lower(), each) for each in said]
    orders = [int(each) if _is_digits(each) else each for each in columns["nomination_order"]]
    return list(zip(table.column("patient_id").to_pylist(), said, orders, columns["practice_id"], strict=True))


def _is_digits(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isascii() and value.isdigit()


_OTHERS = ("nominated", "nomination_order", "practice_id")
_WORDS = {"true": True, "false": False}  # as CSV files say it


def with_nominations(register: Register, given: Nominations) -> Register:
    """The register with what was given laid over its own nominations.

    Somebody who has moved to another practice since is not nominated there: it has not said so.

    Raises
    ------
    InputError
        The register has no column of nominations, or few of the patients.
    """
    import numpy as np

    if not len(given):
        return register
    register.require(("nominated",), "nominations=")
    rows, places = _places_in(register, given)
    if 2 * len(places) < len(given):
        raise InputError(
            f"nominations=: {len(places):,} of {plural(len(given), 'patient')} are in this register, in the practice "
            "that nominated them. Check that the ids are written alike, or leave nominations= out."
        )
    all_made = sum(given.nominated.values())
    missed = all_made - sum(given.nominated[name] for name in places)
    if missed:
        warnings.warn(
            f"nominations=: {missed:,} of {plural(all_made, 'nomination')} set aside: no patient in this register, in "
            "the practice that nominated them, has that id. They have moved, or the id is mistyped.",
            InputWarning,
            stacklevel=2,
        )
    flags = register.packed.is_set("nominated")
    flags[rows] = [given.nominated[name] for name in places]
    orders = register.numbers.get("nomination_order")
    orders = np.full(len(register), NO_DAY, dtype=np.int32) if orders is None else orders.copy()
    orders[rows] = [given.order[name] or NO_DAY for name in places]
    fields = dict.fromkeys((*register.row_account.fields, "nomination_order"))
    return replace(
        register,
        packed=register.packed.with_flag("nominated", flags),
        numbers={**register.numbers, "nomination_order": orders},
        row_account=replace(register.row_account, fields=tuple(fields)),
    )


def _places_in(register: Register, given: Nominations) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The packed rows of the patients in the practices that nominated them, and their ids."""
    import numpy as np
    import pyarrow.compute as pc

    names = list(given.nominated)
    found = pc.index_in(register.column("patient_id").cast(texts([]).type), value_set=texts(names))
    rows = np.flatnonzero(numpy_of(found.is_valid()))
    own = register.column("practice_id", rows).to_pylist()
    met = [names[i] for i in found.drop_null().to_pylist()]
    here = np.array(
        [given.in_practice.get(name, code) == code for name, code in zip(met, own, strict=True)], dtype=bool
    )
    return rows[here], [name for name, is_here in zip(met, here.tolist(), strict=True) if is_here]
