"""A selection whose rows live in Spark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.errors import plural
from casemgmt.risk.demonstration import is_demonstration
from casemgmt.scheme.routes import Scheme
from casemgmt.spark.whole import Account

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from casemgmt.risk.model import Model


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SparkSelection:
    """A selection as Spark DataFrames, whose rows come in no order.

    What was checked is what is read: the tables are kept on the executors from the one run that made them, and if an
    executor is lost, reading them fails rather than selecting anew. Write them soon.

    Attributes
    ----------
    selection : one row a selected patient, the columns of :meth:`casemgmt.Selection.to_arrow`
    summary : one row a practice and route, the columns of :meth:`casemgmt.Selection.summary`
    unscored : patients on the list who have no score and have not objected
    queue : nominees over the cap; ``place_in_queue`` (1 is next) is their order in a practice
    kept : whom a route lets in only because of its ``keep_within``, the columns of :meth:`casemgmt.Selection.kept`
    quarantine, corrections : as of :class:`casemgmt.Register`; ``source_row`` is null unless ``row_number`` was given
    account : counts of rows, practice by practice summed up: rows in = accepted + merged repeats + quarantined
    practices : the practice codes, in byte order
    in_two_practices : ids that stand under more than one practice code, all of whose rows are in quarantine; not
        those of patients whose one open registration is kept
    notes : what was seen and let pass, as of :class:`casemgmt.Register`
    scheme, model : what selected; no model where scores were given
    """

    selection: DataFrame
    summary: DataFrame
    unscored: DataFrame
    queue: DataFrame
    kept: DataFrame
    quarantine: DataFrame
    corrections: DataFrame
    account: Account
    practices: tuple[str, ...]
    in_two_practices: int
    notes: tuple[str, ...]
    scheme: Scheme
    model: Model | None

    def __repr__(self) -> str:
        """Counts only, no patient."""
        account = self.account
        barred = account.died + account.left + account.not_yet_registered + account.objected
        rows = (
            f"{account.accepted:,} accepted + {account.merged:,} merged repeats + {account.quarantined:,} quarantined"
        )
        caution = "; demonstration only" if self.model is not None and is_demonstration(self.model) else ""
        return (
            f"<Selection by '{self.scheme.id}' on Spark: {plural(account.case_managed, 'patient')} case managed, "
            f"{plural(account.listed, 'patient')} listed in all, {plural(len(self.practices), 'practice')}; "
            f"{plural(account.rows_in, 'row')} in = {rows}; {plural(account.corrected, 'correction')}"
            f"{f'; {barred:,} barred' if barred else ''}{caution}>"
        )
