"""What every selection answers from its tables, whether it was made now or read back from files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import text_scalar
from casemgmt.errors import InputError, unknown_name
from casemgmt.scheme.routes import Scheme
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Workings


@shows(
    "scheme facts practices published_at manifest_sha256 to_arrow to_pandas summary practice unscored queue",
    "kept recalls removals governance_pack",
)
class SelectionTables(ABC):
    """The rows of the selected patients, of one practice, and the counts, from the tables of a selection."""

    scheme: Scheme
    workings: Workings | None
    published_at: Path | None
    manifest_sha256: str | None

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """What the selection was made from: dates, counts of rows, scheme, model, whether the people are synthetic."""

    @property
    @abstractmethod
    def practices(self) -> tuple[str, ...]:
        """The practices of the register, in byte order of their codes."""

    @abstractmethod
    def to_arrow(
        self, include: Iterable[str] = (), *, reasons: bool = True, columns: Iterable[str] | None = None
    ) -> pa.Table:
        """One row a selected patient, ordered by practice_id, then patient_id."""

    @abstractmethod
    def summary(self) -> pa.Table:
        """One row a practice and route."""

    @abstractmethod
    def unscored(self) -> pa.Table:
        """Patients on the list who have no score and have not objected: practice_id, patient_id, reason."""

    @abstractmethod
    def queue(self) -> pa.Table:
        """Nominees over the cap, who wait: practice_id, patient_id, route, nomination_order."""

    @arguments.checked(practice_id=arguments.text_or_none)
    def recalls(self, practice_id: str | None = None) -> pa.Table:
        """Whose review is due: those who never had one, then those who have waited longest.

        Parameters
        ----------
        practice_id : one practice's alone; all by default

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, review (the route), last_review (null: none is known), due_since (the day on which
            the scheme's interval was complete; null where no review is known). A selection that was read back knows the
            last reviews only if it was saved with ``include=["last_review"]``

        Raises
        ------
        InputError : the scheme has no review, or there is no such practice
        """
        from casemgmt.selection.telling import recalls_table

        return self._of_practice(recalls_table(self), practice_id)

    @arguments.checked(
        folder=arguments.path,
        model=arguments.instance_or_none("casemgmt.risk.model:Model", "a model from cm.load_model"),
        register=arguments.instance_or_none("casemgmt.register.register:Register", "a register from cm.read_register"),
        confirmations=arguments.path_or_none,
        overwrite=arguments.yes_or_no,
    )
    def governance_pack(
        self,
        folder: str | Path,
        *,
        model: Model | None = None,
        register: Register | None = None,
        confirmations: str | Path | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write what governance asks of a run: data used and why, opt-outs applied, model card, scheme, hazard log with
        the tests of each control, and who confirmed what. Each page states the intended purpose.

        It holds whole counts and stays with those who are responsible for the data.

        Parameters
        ----------
        folder : the folder to make
        model, register : of a selection that was read back, which has neither
        confirmations : a TOML file of ``[[confirmation]]`` tables: what (``purpose``, ``mapping``, ``scheme``,
            ``model``, ``hazards``, ``opt_outs``, or ``list C87001``), who, role, on (a date), saw, and perhaps note;
            what nobody confirmed is shown as such
        overwrite : replace an earlier pack in that folder

        Raises
        ------
        InputError : the file of confirmations says something else, or the model did not rank this selection
        PublishError : the folder holds something else, or cannot be written
        """
        from casemgmt.outputs.governance.confirmations import read_confirmations
        from casemgmt.outputs.governance.pack import Run, manifest_sum, save_pack
        from casemgmt.selection.facts import ranked_by

        if model is not None and ranked_by(model) != self.facts["ranked_by"]:
            raise InputError(f"model: this selection was ranked by {self.facts['ranked_by']}.")
        made = self.workings
        said = () if confirmations is None else read_confirmations(confirmations, self.practices)
        run = Run(
            lists=self,
            register=register or (made.register if made else None),
            model=model or (made.model if made else None),
            confirmations=said,
            manifest=manifest_sum(self.published_at),
        )
        save_pack(run, Path(folder), overwrite=overwrite)
        return Path(folder)

    def _of_practice(self, table: pa.Table, practice_id: str | None) -> pa.Table:
        import pyarrow.compute as pc

        if practice_id is None:
            return table
        if practice_id not in self.practices:
            raise unknown_name("practice", practice_id, self.practices)
        return table.filter(pc.equal(table.column("practice_id"), text_scalar(practice_id)))

    @abstractmethod
    def kept(self) -> pa.Table:
        """Whom a route lets in only because of its ``keep_within``: practice_id, patient_id, route, rank."""

    @abstractmethod
    def removals(self) -> pa.Table:
        """Everyone on the caseload who is not case managed by this selection."""

    @abstractmethod
    def pending_removals(self) -> pa.Table:
        """:meth:`removals`: whom the next selection that is given this one proposes again."""

    @arguments.checked(include=arguments.texts, reasons=arguments.yes_or_no, columns=arguments.texts_or_none)
    def to_pandas(
        self, include: Iterable[str] = (), *, reasons: bool = True, columns: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """:meth:`to_arrow` as a pandas data frame."""
        frame: pd.DataFrame = self.to_arrow(include, reasons=reasons, columns=columns).to_pandas()
        return frame

    @arguments.checked(practice_id=arguments.text, include=arguments.texts)
    def practice(self, practice_id: str, include: Iterable[str] = ()) -> pa.Table:
        """The rows of one practice alone."""
        import pyarrow.compute as pc

        if practice_id not in self.practices:
            raise unknown_name("practice", practice_id, self.practices)
        table = self.to_arrow(include)
        return table.filter(pc.equal(table.column("practice_id"), text_scalar(practice_id)))

    def __len__(self) -> int:
        """Patients listed by any route."""
        return int(self.to_arrow(reasons=False).num_rows)

    def __repr__(self) -> str:
        """Counts only, no patient."""
        from casemgmt.register.facts import account_phrase
        from casemgmt.selection.summary import counts_in_words

        said = account_phrase(self.facts)
        return f"<Selection by '{self.scheme.id}': {counts_in_words(self)}{f'; {said}' if said else ''}>"

    def _repr_html_(self) -> str:
        from casemgmt.selection.summary import summary_html

        return summary_html(self)
