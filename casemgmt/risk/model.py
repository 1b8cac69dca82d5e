"""A risk model as users hold it: scores a register, explains a patient, shows its card."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import InputError, plural
from casemgmt.register.register import Register, a_register
from casemgmt.risk.additive import AdditiveModel, missing_in_words
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.risk.inputs import PRESENT, ModelInput, decimal_text
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import MaybeNone, Values
    from casemgmt.risk.export.r import ModelInR
    from casemgmt.risk.fitting.record import Fitting


@shows("score risk explain recalibrate recalibration fitting save to_sql to_sql_check to_r vectors_text")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Model(AdditiveModel):
    """A sum of lookup tables with a link, as a model file states it; see :class:`AdditiveModel` for its attributes.

    Attributes
    ----------
    fitting : how the model was fitted or tabulated, as its folder says; None where nothing says it.
        Two models that say the same are equal, however they came about
    """

    nested: Mapping[str, Model] = field(default_factory=dict, hash=False)
    fitting: Fitting | MaybeNone = field(default=None, compare=False)

    @arguments.checked(register=a_register, allow_demonstration=arguments.yes_or_no)
    def score(self, register: Register, *, allow_demonstration: bool = False) -> pa.Array:
        """One score a source row, in source order; null where the row was quarantined, objected or unscored.

        Parameters
        ----------
        register : a register from ``read_register``
        allow_demonstration : score with a demonstration model though the register is not marked synthetic

        Raises
        ------
        InputError : a column that the model needs is missing; a demonstration model and a register not marked
            synthetic; a register with too many rows quarantined or values corrected
        """
        from casemgmt.risk.scoring import score_register

        check_demonstration(self, register, allow_demonstration)
        register.check_limits()
        return score_register(self, register)

    @arguments.checked(register=a_register, allow_demonstration=arguments.yes_or_no)
    def risk(self, register: Register, *, outcome: Values | None = None, allow_demonstration: bool = False) -> pa.Array:
        """One risk a source row, from 0 to 1, in source order; null where there is no score.

        A model that names the practices it was calibrated in (``calibrated_in``) refuses where fewer than half of the
        register's people are of them: elsewhere its numbers rank, and are no probabilities until it is recalibrated.

        Parameters
        ----------
        register : a register from ``read_register``
        outcome : what happened to these people, where it is known, as :meth:`recalibrate` takes it: a refusal then says
            how far off the model is
        allow_demonstration : use a demonstration model though the register is not marked synthetic

        Raises
        ------
        InputError : the model gives points and no risks; it was calibrated on other people; and as for :meth:`score`
        """
        from casemgmt.risk.moved import refuse_moved, risks_of_scores

        if self.link == "points":
            raise InputError(
                f"The model '{self.name}' gives points, not risks. Fit what a point is worth to your own people: "
                "model.recalibrate(register, outcome, method='slope')."
            )
        scores = self.score(register, allow_demonstration=allow_demonstration)
        refuse_moved(self, register, outcome)
        return risks_of_scores(self, scores)

    @arguments.checked(register=a_register, allow_demonstration=arguments.yes_or_no)
    def explain(self, register: Register, patient_id: str, *, allow_demonstration: bool = False) -> pa.Table:
        """What each input adds to one patient's score: exact contributions whose sum is the score.

        Parameters
        ----------
        register : a register from ``read_register``
        patient_id : an accepted patient of it
        allow_demonstration : explain a demonstration model though the register is not marked synthetic

        Raises
        ------
        InputError : the register has no such patient, or lacks a column; a demonstration model and a register not
            marked synthetic
        """
        from casemgmt.risk.explain import explain_patient

        check_demonstration(self, register, allow_demonstration)
        register.check_limits()
        return explain_patient(self, register, patient_id)

    @arguments.checked(register=a_register, method=arguments.text, horizon_days=arguments.whole_or_none)
    def recalibrate(
        self, register: Register, outcome: Values, method: str = "slope", *, horizon_days: int | None = None
    ) -> Model:
        """The model with its risks fitted to what happened to these people: the same inputs, other amounts.

        A model that was made elsewhere, or a score of points, ranks people here but states no risks of theirs until
        this is done. The result says what was done and on whom (``source``, ``calibrated_in``); ``recalibration``
        holds how far off the old risks were, in all and by practice.

        Parameters
        ----------
        register : with the people on whom; those who are ranked, have a score and whose outcome is known are used
        outcome : true and false, 0 and 1, or words such as ``yes`` and ``N``, null where it is not known: the name of a
            column; one value a source row; a pandas Series, matched on its index; or keyed by patient id
        method : ``intercept`` moves every log-odds by one amount; ``slope`` multiplies them too, each amount rounded
            to millionths once (of a points model: finds what a point is worth); ``isotonic`` takes the shares seen in
            rising steps of the score, none of fewer than 8 people. A line keeps the order of people and the inputs'
            own reasons; steps tie many people, and their one reason is the score: choose them to look at the shape,
            or where no line fits
        horizon_days : within how many days the outcome was counted, where the model does not say

        Raises
        ------
        InputError : fewer than 50 people who had the outcome, or who had it not; the outcome does not rise with the
            score; a line for a survival model, or an intercept alone for points

        References
        ----------
        Van Calster B et al. Calibration: the Achilles heel of predictive analytics. BMC Med 2019;17:230.
        """
        from casemgmt.risk.recalibrating.recalibration import recalibrated

        return recalibrated(self, register, outcome, method, horizon_days)

    @arguments.checked(
        dialect=arguments.text,
        table=arguments.texts_as_given,
        form=arguments.text,
        columns=arguments.text_mapping,
        objected=arguments.yes_or_no,
        reasons=arguments.yes_or_no,
    )
    def to_sql(
        self,
        dialect: str,
        table: str | Sequence[str] = "register",
        *,
        form: str = "bands",
        columns: Mapping[str, str] | None = None,
        objected: bool = False,
        reasons: bool = False,
    ) -> str:
        """One SELECT that scores a table of a database: ``patient_id``, ``score`` and ``risk``, as here to the digit.

        Scores are exact decimals (where the model divides its sum, the nearest double; in SQLite, which has no exact
        decimals, whole millionths are added and divided once). The risk is a double within 1e-12 of the one here, NULL
        for a points model. The query is run against the kernel by the library's tests in DuckDB, PostgreSQL, SQLite
        and Spark; for SQL Server it is only parsed, so run :meth:`to_sql_check` there first.

        Parameters
        ----------
        dialect : ``tsql`` (SQL Server 2012 or later), ``spark``, ``duckdb``, ``postgres`` or ``sqlite`` (3.35 or later)
        table : the table's name, its parts parted by full stops, or a list of parts where one holds a full stop
        form : ``bands`` (one table of bands, joined by range) or ``case`` (a flat CASE an input); CASEs are never
            nested deeper than SQL Server allows
        columns : the table's name of a column, where it is not ours: ``{"age": "AgeInYears"}``
        objected : read a column ``objected`` and give who objected to risk stratification no score
        reasons : add ``reason_1`` to ``reason_3``, as a selection has them (``bands`` only)

        Notes
        -----
        Columns are read as a register reads them: a whole number out of range, or an unknown category, is missing; a
        missing sex is U. Only ids, flags, categories, ages and counts as such are read: no date of birth, and no
        words for a missing value in columns of numbers. An id that occurs in more than one row has no score, nor has a
        row without an id.

        Who may be ranked is **not** in the query: leave the dead and those who left out of the table, and say
        ``objected=True``. Nor can it tell whether the risk holds for these people: see ``calibrated_in``.

        Raises
        ------
        InputError : an unknown dialect or form, reasons with ``case``, or a name that the database cannot hold

        Examples
        --------
        >>> from casemgmt import load_model
        >>> print(load_model("charlson").to_sql("duckdb").splitlines()[-1])
        FROM casemgmt_linked AS l
        """
        from casemgmt.risk.export.exporting import Carried, sql_of

        asked = Carried(dialect=dialect, table=table, form=form, columns=columns, objected=objected, reasons=reasons)
        return sql_of(self, asked)

    @arguments.checked(dialect=arguments.text, form=arguments.text)
    def to_sql_check(self, dialect: str, *, form: str = "bands") -> str:
        """One SELECT that holds the model's test vectors and gives those that the query of :meth:`to_sql` misses.

        No row: every vector has its score, exactly, and its risk, within 1e-12. It needs no table, so it is the first
        thing to run where a query has been taken to. A vector of a model that takes another's score gives that score;
        the other model, in ``nested``, has a check of its own.

        Parameters
        ----------
        dialect, form : as for ``to_sql``

        Raises
        ------
        InputError : an unknown dialect or form
        """
        from casemgmt.risk.export.exporting import sql_check_of

        return sql_check_of(self, dialect, form)

    @arguments.checked(folder=arguments.path, overwrite=arguments.yes_or_no)
    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder for :func:`casemgmt.load_model`: ``model.toml``, ``vectors.csv`` and ``card.md``.

        Parameters
        ----------
        folder : its place; there whole or not at all, and private to its owner
        overwrite : replace a model folder that is there

        Returns
        -------
        the folder

        Raises
        ------
        ModelError : the model takes the score of another that is a folder of its own
        PublishError : something is there already, or the folder cannot be written; what was there is left as it was

        Notes
        -----
        The vectors of a fitted model are made from its own tables: they guard the files against a changed digit. The
        card says what the fit knows, and what a person must still write.
        """
        from casemgmt.risk.saving import save_model

        return save_model(self, Path(folder), overwrite=overwrite)

    def to_r(self) -> ModelInR:
        """The model for R: a plain table, a line a cell, and a short script of base R that adds it up.

        Returns
        -------
        ModelInR
            ``table`` (CSV text), ``script`` (R text), and ``save(folder)``, which writes ``model.csv`` and ``model.R``.
            The script's ``casemgmt_score(register, table)`` gives a data frame of patient_id, score and risk, equal to
            the scores here; columns are read, and people ranked or not, as for :meth:`to_sql`. A carried column that
            the model cannot read stops it.

        Raises
        ------
        InputError : a name or a text of the model holds a line break, which R cannot read from a table
        """
        from casemgmt.risk.export.r import r_of

        return r_of(self)

    def __repr__(self) -> str:
        """Name, version, link and number of inputs."""
        demonstration = ", demonstration only" if self.demonstration else ""
        inputs = plural(len(self.inputs), "input")
        return f"<Model {self.name} {self.version}: {inputs}, {self.link}{demonstration}>"

    def _repr_html_(self) -> str:
        horizon = "none stated" if self.horizon_days is None else plural(self.horizon_days, "day")
        facts = {
            "Outcome": self.outcome,
            "Horizon": horizon,
            "Population": self.population,
            "Intended use": self.intended_use,
            "Not for": self.not_for,
            "Source": self.source,
            "Licence": self.licence,
            "Version": self.version,
            "Link": self.link,
            "Status": "demonstration only" if self.demonstration else "",
        }
        rows = "".join(_row("th", key, value) for key, value in facts.items() if value)
        inputs = "".join(
            _row("td", each.label, each.kind, _range_of(each), missing_in_words(each)) for each in self.inputs
        )
        head = "<tr><th>Input</th><th>Kind</th><th>Points</th><th>When missing</th></tr>"
        title = f"<caption>{html.escape(self.title)}</caption>"
        return f"<table>{title}{rows}</table><table>{head}{inputs}</table>"


def _range_of(each: ModelInput) -> str:
    if each.kind == "flag":
        beside = f", none beside {' or '.join(each.superseded_by)}" if each.superseded_by else ""
        return f"{decimal_text(each.table[PRESENT])}{beside}"
    low, high = (decimal_text(extreme(each.table)) for extreme in (min, max))
    return low if low == high else f"{low} to {high}"


def _row(first: str, key: str, *values: str) -> str:
    cells = "".join(f"<td>{html.escape(value)}</td>" for value in values)
    return f"<tr><{first}>{html.escape(key)}</{first}>{cells}</tr>"
