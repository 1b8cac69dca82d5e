"""The result of a selection: one row a selected patient, and tables that account for everyone else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments, logs
from casemgmt.errors import InputError
from casemgmt.results.for_the_practice import ForThePractice
from casemgmt.selection.selected import SelectedTable
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Workings


@shows("register model by explain waterfall letters page workbook save")
class Selection(ForThePractice):
    """A selection: who is on each practice's lists, by which route, and why.

    Every table is a :class:`pyarrow.Table`; ``.to_pandas()`` gives a data frame. Made by :func:`casemgmt.select`; one
    read back from files is a :class:`casemgmt.results.published.PublishedSelection`.

    Attributes
    ----------
    scheme : the rule that selected
    workings : what the lists were worked out from
    published_at : where it was saved last; None before
    manifest_sha256 : the checksum in which the manifest ends that was saved last; None before
    """

    workings: Workings

    def __init__(self, workings: Workings) -> None:
        self.scheme = workings.scheme
        self.workings = workings
        self.published_at: Path | None = None
        self.manifest_sha256: str | None = None
        self._tables: dict[str, pa.Table] = {}
        self._selected = SelectedTable(workings)

    @property
    def register(self) -> Register:
        """The register selected from."""
        return self.workings.register

    @property
    def model(self) -> Model | None:
        """The model that ranked; None where scores were given."""
        return self.workings.model

    @property
    def facts(self) -> dict[str, Any]:
        """What the selection was made from: dates, counts of rows, scheme, model, whether the people are synthetic."""
        from casemgmt.selection.facts import facts_of

        return facts_of(self.workings)

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices of the register, in byte order of their codes."""
        return self.register.practices

    def _table(self, name: str, make: Callable[[], pa.Table]) -> pa.Table:
        if name not in self._tables:
            self._tables[name] = make()
        return self._tables[name]

    @arguments.checked(include=arguments.texts, reasons=arguments.yes_or_no, columns=arguments.texts_or_none)
    def to_arrow(
        self, include: Iterable[str] = (), *, reasons: bool = True, columns: Iterable[str] | None = None
    ) -> pa.Table:
        """One row a selected patient, ordered by practice_id, then patient_id.

        Parameters
        ----------
        include : register columns to add, each as ``register_<name>``
        reasons : without them the table has no reason_1 to reason_3, and takes less time and memory
        columns : of the columns below those that are wanted, in that order; nothing else is worked out. All by default,
            which ``reasons`` is about

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, score (what ranked, before the link; null when unscored), risk (0 to 1; null where
            the model gives none), rank (1 + the number in the practice with a higher score, for those in a share
            route), one boolean a route, place, case_managed, review_due, inputs_missing, reason_1 to reason_3

        Raises
        ------
        MissingColumnsError : ``columns`` or ``include`` names one that is not there
        """
        from casemgmt.selection.tables import wanted_columns, with_columns

        include = [include] if isinstance(include, str) else list(include)
        table = self._selected.table(wanted_columns(self._selected.names, columns, reasons=reasons))
        return with_columns(self.workings, table, include) if include else table

    def summary(self) -> pa.Table:
        """One row a practice and route: places, who met the route, whose place was used, and where the cut fell.

        ``list_size`` counts rows on the list on ``as_of`` (or is the official figure). ``met`` were let in by the
        route; ``used`` are places used, ``unused`` places left. ``score_at_cut`` is the lowest score let in,
        ``tied_in`` and ``tied_out`` how many with exactly that score were and were not let in. Of a route with
        ``keep_within`` the three speak of those who were not kept, on the caseload and within it, alone: the lowest
        score by which a newcomer has a place; null, 0 and 0 where the caseload keeps every place. ``unscored``,
        ``objected``, ``unknown_age`` and ``quarantined`` count the practice's patients or rows. ``entitled``,
        ``done`` and ``due`` are for reviews. ``places_may_change`` says that quarantined rows, if they belong to
        the practice, could change the number of places. ``corrected`` counts the practice's corrected values, ``died``,
        ``left`` and ``not_yet_registered`` its patients who are never listed, each under the first that is true.
        """
        from casemgmt.selection.summary import summary_table

        return self._table("summary", lambda: summary_table(self.workings))

    def unscored(self) -> pa.Table:
        """Patients on the list who have no score and have not objected: practice_id, patient_id, reason."""
        from casemgmt.selection.unscored import unscored_table

        return self._table("unscored", lambda: unscored_table(self.workings))

    def queue(self) -> pa.Table:
        """Nominees over the cap, who wait: practice_id, patient_id, route, nomination_order."""
        from casemgmt.selection.tables import queue_table

        return self._table("queue", lambda: queue_table(self.workings))

    def kept(self) -> pa.Table:
        """Whom a route lets in only because they are on the caseload and within its ``keep_within``.

        They stand outside the first places of the route's order, and newcomers wait for the places that they keep.
        Empty for a scheme without ``keep_within``.

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, route, rank (as in :meth:`to_arrow`), in order of practice_id, patient_id and the
            routes of the scheme
        """
        from casemgmt.selection.tables import kept_table

        return self._table("kept", lambda: kept_table(self.workings))

    def removals(self) -> pa.Table:
        """Everyone on the caseload who is not case managed by this selection; nobody is dropped silently.

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, proposal (``confirm ended``: died, or left the list; ``check the record``: the
            row was quarantined this time; ``propose removal`` otherwise), reason and detail, as
            :func:`casemgmt.compare` gives them where an earlier selection with its register was given as
            ``previous``, and proposed_on: the list date on which it was first proposed. Whoever stands here is proposed
            again by every later selection that is given this one as ``previous``, until selected or ``ended``
        """
        from casemgmt.caseload.removals import removals_table

        return self._table("removals", lambda: removals_table(self.workings))

    def pending_removals(self) -> pa.Table:
        """:meth:`removals`: whom the next selection that is given this one proposes again."""
        return self.removals()

    @arguments.checked(column=arguments.text, suppressed=arguments.yes_or_no, published_before=arguments.paths)
    def by(self, column: str, *, suppressed: bool = False, published_before: Iterable[str | Path] = ()) -> pa.Table:
        """Who is listed, who is case managed and who is just below the cut, by the groups of a register column.

        Parameters
        ----------
        column : such as ``imd_decile``, ``sex``, ``ethnicity``, ``age_band`` (tens of years), or a carried column
        suppressed : the form that may leave the practice, beside the commissioner's table: counts of 1 to 7 are null,
            others are rounded to the nearest 5, and shares are of the rounded counts. Where a suppressed count would
            follow from the others, the list size or the commissioner's table, more counts are null; a column ``note``
            says of each null why. Only kinds of people group it: categories, flags, ``age_band``, and other columns
            of at most 20 values of which most have 8 patients or more; never an id, a date or free text
        published_before : with ``suppressed``, folders of other publications of this register that a reader can hold
            beside the table; once the selection is saved, those beside it are looked at anyway

        Returns
        -------
        pyarrow.Table
            the column as text (``not stated`` is a row, last), listed, selected (case managed), share (0 to 1, null
            where nobody is listed), just_below (not let in by the first share route, though among the next tenth of
            its places in the practice; null without such a route). Whole counts, for the practice's own use

        Raises
        ------
        InputError : the column is not there, or with ``suppressed`` may not group a table that leaves
        """
        from casemgmt.selection.summary import groups_table

        if not suppressed:
            return groups_table(self.workings, column)
        from casemgmt.outputs.disclosure.groupings import refuse_to_group
        from casemgmt.outputs.disclosure.leaving import groups_that_may_leave

        refuse_to_group(self.register, column)
        table = groups_table(self.workings, column)
        return groups_that_may_leave(
            self, self.workings, column, table, published_before, published_at=self.published_at
        )

    def explain(self, patient_id: str) -> pa.Table:
        """What each input adds to a patient's score; see :meth:`casemgmt.risk.model.Model.explain`.

        Of given scores, what ``contributions=`` says, with a row ``base`` for what everyone starts from.
        """
        made = self.workings
        if made.model is None:
            if made.contributions is None:
                raise _scores_were_given()
            from casemgmt.selection.given_reasons import explain_given

            return explain_given(made, patient_id)
        return made.model.explain(made.register, patient_id, allow_demonstration=True)

    def waterfall(self, patient_id: str, ax: Axes | None = None) -> Axes:
        """Draw :meth:`explain` as a waterfall from nothing to the score; needs matplotlib (``casemgmt[plot]``).

        Parameters
        ----------
        patient_id : of an accepted patient
        ax : matplotlib axes to draw on, by default new ones

        Returns
        -------
        matplotlib.axes.Axes
        """
        from casemgmt.outputs.waterfall import draw_given, draw_waterfall

        made = self.workings
        if made.model is None:
            as_odds = made.contributions is not None and made.contributions.as_odds
            return draw_given(self.explain(patient_id), as_odds, ax)
        return draw_waterfall(made.model, self.explain(patient_id), ax)

    @arguments.checked(
        folder=arguments.path,
        include=arguments.texts,
        overwrite=arguments.yes_or_no,
        published_before=arguments.paths,
        workbooks=arguments.yes_or_no,
        pages=arguments.yes_or_no,
        key=arguments.path_or_none,
        contact=arguments.text_or_none,
    )
    def save(
        self,
        folder: str | Path,
        *,
        include: Iterable[str] = (),
        overwrite: bool = False,
        published_before: Iterable[str | Path] = (),
        workbooks: bool = False,
        pages: bool = False,
        key: str | Path | None = None,
        reply_by: str | dt.date | None = None,
        contact: str | None = None,
    ) -> Path:
        """Publish the selection: whole, or not at all.

        Parameters
        ----------
        folder : the folder to make
        include : register columns to add to the selection and the practice lists
        overwrite : replace an earlier publication of this library in that folder
        published_before : folders of other publications of this register, such as what-ifs, that a reader can hold
            beside this one, so that no small count follows from the two; those in the same parent folder, and the
            one that is replaced, are looked at anyway
        workbooks : make each practice a workbook too, which it answers in; see :meth:`workbook`
        pages : make each practice a page for a browser too, which it answers in; see :meth:`page`
        key, reply_by, contact : of the workbooks and pages; see :meth:`workbook`

        Returns
        -------
        the folder

        Raises
        ------
        PublishError
            The folder holds something else, or cannot be written; what was there is left as it was.
        """
        from casemgmt.outputs.practice.files import documents_from
        from casemgmt.outputs.publishing import own_sum_of, publish

        documents = documents_from(workbooks=workbooks, pages=pages, key=key, reply_by=reply_by, contact=contact)
        self.published_at = publish(self, Path(folder), include, overwrite, published_before, documents)
        self.manifest_sha256 = own_sum_of(self.published_at)
        logs.info("outputs", "published lists by %s, manifest %s", self.scheme.id, self.manifest_sha256)
        return Path(folder)


def _scores_were_given() -> InputError:
    """Scores of the user's own have no inputs that could be shown."""
    return InputError(
        "The scores were given, not worked out: there is no model to explain them. Give what each input adds, such as "
        "SHAP values, as contributions=."
    )
