"""Which columns may group a table that leaves: kinds of people, never an id, a date or free text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.suppression import SUPPRESS_UP_TO
from casemgmt.register.fields import FIELDS

if TYPE_CHECKING:
    from casemgmt.register.register import Register

MOST_GROUPS = 20

# Whole numbers and texts of the register that say who somebody is, or are too fine to group by.
_NEVER = {
    "age": "it is too fine: group by 'age_band'",
    "nomination_order": "it numbers single patients",
    "care_home_id": "it is an id",
}
_KINDS = {
    "id": "it is an id",
    "practice": "it is an id, and the commissioner's table is by practice already",
    "date": "it is a date",
}


def refuse_to_group(register: Register, column: str) -> None:
    """Refuse a column that never groups a table that leaves, whatever it holds."""
    import pyarrow as pa

    field = FIELDS.get(column)
    why = _NEVER.get(column) or (_KINDS.get(field.kind) if field else None)
    carried = field is None and column in register.column_names
    if carried and pa.types.is_temporal(register.column(column).type):
        why = _KINDS["date"]
    if why:
        raise _refused(column, why)


def refuse_such_groups(column: str, rows: list[dict[str, Any]]) -> None:
    """Refuse a column of many different values, or of values that few patients share: free text, or nearly an id."""
    groups = [row["listed"] for row in rows[:-1]]  # the last are those not stated
    if len(groups) > MOST_GROUPS:
        raise _refused(column, f"it has {len(groups)} different values, and at most {MOST_GROUPS} may group a table")
    if column in FIELDS or column == "age_band" or not groups:
        return
    small = sum(count <= SUPPRESS_UP_TO for count in groups)
    if sum(groups) <= SUPPRESS_UP_TO * len(groups) or 2 * small >= len(groups) > 1:
        raise _refused(
            column, f"most of its values belong to {SUPPRESS_UP_TO} patients or fewer, like an id or free text"
        )


def _refused(column: str, why: str) -> InputError:
    return InputError(
        f"by('{column}', suppressed=True): {why}. A table that leaves is grouped by kinds of people, such as 'sex', "
        "'imd_decile', 'ethnicity' or 'age_band'."
    )
