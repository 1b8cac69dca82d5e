"""What stands beside the numbers: the definition of each column, and that they are exact and stay inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

# Counts of one practice tell of single people where they are small. Reports hold small ones back; these do not.
NOT_FOR_LEAVING: Final = "exact counts by practice, small ones included: not for anybody outside"


def labelled(table: pa.Table, definitions: Mapping[str, str], facts: Mapping[str, str]) -> pa.Table:
    """The same table with each column's definition in its field's metadata, and facts in the table's own.

    Parameters
    ----------
    definitions : column → what it counts; stands under ``definition``
    facts : what holds of the whole table
    """
    import pyarrow as pa

    fields = [
        each.with_metadata({"definition": definitions[each.name]}) if each.name in definitions else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields, metadata=dict(facts)))
