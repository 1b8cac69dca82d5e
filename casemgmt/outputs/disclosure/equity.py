"""Counts by several groupings of the same people, as far as they may leave beside a report's other figures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.group_totals import Values
from casemgmt.outputs.disclosure.groupings import refuse_such_groups
from casemgmt.outputs.disclosure.groups import publishable_groups
from casemgmt.outputs.disclosure.worlds import Publication

if TYPE_CHECKING:
    import pyarrow as pa

TOO_SMALL = "its groups are so few or so small that a count of 1 to 7 would follow from the others"


def groupings_that_may_leave(
    whole: Mapping[str, pa.Table | str],
    publication: Publication,
    summary: pa.Table,
    before: Sequence[Publication] = (),
    values: Values | None = None,
) -> dict[str, pa.Table | str]:
    """Each grouping in the form that may leave, or in words why it may not.

    Parameters
    ----------
    whole : by column, whole counts as :meth:`casemgmt.Selection.by` has them without ``just_below``; or why there are
        none
    publication : the report's own counts by practice and route, reviews due and done with them
    summary : the whole counts behind it
    before : earlier publications of the same people
    values : as :func:`casemgmt.outputs.disclosure.publishable_groups` takes them
    """
    found: dict[str, pa.Table | str] = {}
    judged: dict[Hashable, Any] = {}
    for column, table in whole.items():
        if isinstance(table, str):
            found[column] = table
            continue
        try:
            refuse_such_groups(column, table.to_pylist())
            found[column] = publishable_groups(table, column, publication, summary, before, judged, values)
        except InputError:
            found[column] = TOO_SMALL
    return found
