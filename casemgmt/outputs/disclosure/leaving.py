"""A selection's tables in the form that may leave."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from casemgmt.outputs.disclosure.commissioner import commissioner_table
from casemgmt.outputs.disclosure.earlier import as_published, earlier_publications
from casemgmt.outputs.disclosure.groupings import refuse_such_groups, refuse_to_group
from casemgmt.outputs.disclosure.groups import publishable_groups

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.result import Selection


def table_that_may_leave(
    selection: Selection, published_before: Iterable[str | os.PathLike[str]] = (), caution: str | None = None
) -> pa.Table:
    """The commissioner's table of a selection beside what was published of its people before."""
    before = earlier_publications(selection, selection.published_at, published_before).publications
    ranked_by, waiting = selection.facts["ranked_by"], selection.queue().num_rows > 0
    return commissioner_table(
        selection.summary(), selection.scheme, caution, ranked_by=ranked_by, waiting=waiting, before=before
    )


def groups_that_may_leave(
    selection: Selection, column: str, published_before: Iterable[str | os.PathLike[str]] = ()
) -> pa.Table:
    """:meth:`casemgmt.Selection.by` beside the commissioner's table of the same selection, and earlier ones."""
    if selection.register is not None:
        refuse_to_group(selection.register, column)
    table = selection.by(column)
    refuse_such_groups(column, table.to_pylist())
    ranked_by, waiting = selection.facts["ranked_by"], selection.queue().num_rows > 0
    before = earlier_publications(selection, selection.published_at, published_before).publications
    summary, scheme = selection.summary(), selection.scheme
    shown = commissioner_table(summary, scheme, ranked_by=ranked_by, waiting=waiting, before=before)
    publication = as_published(scheme, ranked_by, waiting, shown)
    return publishable_groups(table, column, publication, summary, before)
