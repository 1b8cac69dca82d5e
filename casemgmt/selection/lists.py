"""The lists of a selection as other parts of the library see them, whether it was made now or read back from files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.workings import Workings


class Lists(Protocol):
    """What a selection answers from its tables; see :class:`casemgmt.Selection`."""

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
