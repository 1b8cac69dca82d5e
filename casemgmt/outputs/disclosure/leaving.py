"""A selection's tables in the form that may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.outputs.disclosure.commissioner import commissioner_table
from casemgmt.outputs.disclosure.earlier import as_published
from casemgmt.outputs.disclosure.groupings import refuse_such_groups, refuse_to_group
from casemgmt.outputs.disclosure.groups import publishable_groups

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.result import Selection


def groups_that_may_leave(selection: Selection, column: str) -> pa.Table:
    """:meth:`casemgmt.Selection.by` beside the commissioner's table of the same selection."""
    if selection.register is not None:
        refuse_to_group(selection.register, column)
    table = selection.by(column)
    refuse_such_groups(column, table.to_pylist())
    ranked_by, waiting = selection.facts["ranked_by"], selection.queue().num_rows > 0
    shown = commissioner_table(selection.summary(), selection.scheme, ranked_by=ranked_by, waiting=waiting)
    publication = as_published(selection.scheme, ranked_by, waiting, shown)
    return publishable_groups(table, column, publication, selection.summary())
