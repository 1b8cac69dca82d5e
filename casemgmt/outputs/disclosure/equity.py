"""Counts by several groupings of the same people, as far as they may leave beside a report's other figures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.group_totals import field_of
from casemgmt.outputs.disclosure.groupings import refuse_such_groups
from casemgmt.outputs.disclosure.groups import publishable_groups
from casemgmt.outputs.disclosure.worlds import Publication, are_related
from casemgmt.scheme.routes import Review

if TYPE_CHECKING:
    import pyarrow as pa

TOO_SMALL = "its groups are so few or so small that a count of 1 to 7 would follow from the others"


def groupings_that_may_leave(
    whole: Mapping[str, pa.Table | str], publication: Publication, summary: pa.Table, before: Sequence[Publication] = ()
) -> dict[str, pa.Table | str]:
    """Each grouping in the form that may leave, or in words why it may not.

    Parameters
    ----------
    whole : by column, whole counts as :meth:`casemgmt.Selection.by` has them without ``just_below``; or why there are
        none
    publication : the report's own counts by practice and route, reviews due and done with them
    summary : the whole counts behind it
    before : earlier publications of the same people
    """
    found: dict[str, pa.Table | str] = {}
    judged: dict[Hashable, bool] = {}
    for column, table in whole.items():
        if isinstance(table, str):
            found[column] = table
            continue
        try:
            refuse_such_groups(column, table.to_pylist())
            found[column] = publishable_groups(
                table, column, _that_matters(publication, column), summary, before, judged
            )
        except InputError:
            found[column] = TOO_SMALL
    return found


def _that_matters(publication: Publication, column: str) -> Publication:
    """The publication without reviews due and done, where they say nothing of these groups or of who is managed.

    Reviews that shut out no other route, and hold none, say something of their own people alone; and of groups only
    where they ask for the column.
    """
    asking = any(
        isinstance(route, Review) and field_of(column) in route.where.fields for route in publication.scheme.routes
    )
    if asking or are_related(publication.scheme):
        return publication
    rows = {
        practice: [{name: value for name, value in row.items() if name not in ("due", "done")} for row in own]
        for practice, own in publication.rows.items()
    }
    return replace(publication, rows=rows)
