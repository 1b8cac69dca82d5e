"""The lists of a selection, and what was before it, as other parts of the library see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.workings import Workings


class Lists(Protocol):
    """What a selection answers from its tables, made now or read back from files; see :class:`casemgmt.Selection`."""

    @property
    def scheme(self) -> Scheme:
        """The rule that selected."""

    @property
    def workings(self) -> Workings | None:
        """What the lists were worked out from; None where they were read back from files."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the selection was made from, as plain values."""

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices, in byte order of their codes."""

    def to_arrow(self, include: Iterable[str] = (), *, reasons: bool = True) -> pa.Table:
        """One row a selected patient."""

    def summary(self) -> pa.Table:
        """One row a practice and route."""

    def unscored(self) -> pa.Table:
        """Patients without a score."""

    def queue(self) -> pa.Table:
        """Nominees over the cap."""

    def kept(self) -> pa.Table:
        """Whom a route lets in only because of its ``keep_within``."""

    def removals(self) -> pa.Table:
        """Everyone on the caseload who is not case managed now."""

    def pending_removals(self) -> pa.Table:
        """The same; without a row where an older version published none."""


class Earlier(Protocol):
    """Who was on the caseload before a selection, whoever remembers it: an earlier selection, or a store of events."""

    @property
    def named(self) -> str:
        """What it is, in a few words."""

    @property
    def where(self) -> str:
        """Where its people are."""

    @property
    def dated(self) -> str:
        """What of it is of a day."""

    @property
    def as_of(self) -> str:
        """The day of which it speaks, as ISO text."""

    @property
    def workings(self) -> Workings | None:
        """What it was worked out from; None where that is not at hand."""

    def on_caseload(self) -> pa.Array:
        """Everyone on the caseload, as :func:`casemgmt.register.columns.person_keys`, each once."""

    def left(self) -> pa.Table:
        """Those whom a person has taken off it, or who left: practice_id, patient_id, status, left_on."""

    def pending_removals(self) -> pa.Table:
        """Whose removal waits for a decision: practice_id, patient_id, reason, detail, proposed_on."""

    def ids(self) -> pa.Array | pa.ChunkedArray:
        """The ids of its people, by which it is seen whether a register is of the same ones."""

    def practices(self) -> list[str]:
        """The practices that had people."""

    def facts(self) -> dict[str, Any]:
        """What a selection says of it."""
