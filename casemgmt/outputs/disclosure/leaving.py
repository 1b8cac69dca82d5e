"""A selection's tables in the form that may leave."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.commissioner import commissioner_table
from casemgmt.outputs.disclosure.earlier import as_published, earlier_publications
from casemgmt.outputs.disclosure.groupings import refuse_such_groups
from casemgmt.outputs.disclosure.groups import publishable_groups
from casemgmt.outputs.disclosure.told_beside import fields_asked
from casemgmt.selection.summary import counts_by_value, just_below

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.lists import Lists
    from casemgmt.selection.workings import Workings


def table_that_may_leave(
    lists: Lists,
    published_before: Iterable[str | os.PathLike[str]] = (),
    caution: str | None = None,
    *,
    published_at: Path | None = None,
) -> pa.Table:
    """The commissioner's table of a selection beside what was published of its people before.

    Parameters
    ----------
    published_before : folders of other publications of the same people
    caution : a sentence that the table carries
    published_at : where the selection itself was published, beside which others may lie
    """
    before = earlier_publications(lists, published_at, published_before).publications
    ranked_by, waiting = lists.facts["ranked_by"], lists.queue().num_rows > 0
    return commissioner_table(
        lists.summary(), lists.scheme, caution, ranked_by=ranked_by, waiting=waiting, before=before
    )


def groups_that_may_leave(
    lists: Lists,
    made: Workings,
    column: str,
    table: pa.Table,
    published_before: Iterable[str | os.PathLike[str]] = (),
    *,
    published_at: Path | None = None,
) -> pa.Table:
    """:meth:`casemgmt.Selection.by` beside the commissioner's table of the same selection, and earlier ones.

    Parameters
    ----------
    made : the workings of the selection
    column, table : what grouped, and the whole counts
    """
    refuse_such_groups(column, table.to_pylist())
    ranked_by, waiting = lists.facts["ranked_by"], lists.queue().num_rows > 0
    before = earlier_publications(lists, published_at, published_before).publications
    if any(each.equity for each in before):
        raise InputError(
            f"by('{column}', suppressed=True): a report to the commissioner on these people tells their groups "
            "already, and two tables could tell of single people. Use the report's own table, figures/equity.csv."
        )
    summary, scheme = lists.summary(), lists.scheme
    shown = commissioner_table(summary, scheme, ranked_by=ranked_by, waiting=waiting, before=before)
    publication = as_published(scheme, ranked_by, waiting, shown)
    chosen = made.choice.rows[made.choice.place >= 0]
    asked = fields_asked([publication, *before])
    values = counts_by_value(made.register, asked, chosen, just_below(made))
    return publishable_groups(table, column, publication, summary, before, values=values)
