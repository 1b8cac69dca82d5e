"""A selection read back from the files that were published of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments, logs
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs import layout
from casemgmt.outputs.published import read_publication
from casemgmt.results.tables import SelectionTables
from casemgmt.scheme.routes import Scheme

if TYPE_CHECKING:
    import pyarrow as pa

# What only a selection with its register answers.
_NEED_THE_REGISTER = ("by", "letters", "explain", "waterfall", "save", "workbook", "page")


class NeedsRegisterError(InputError, PublishError, AttributeError):
    """A selection that was read back from files is asked for what only its register can tell, or to be published."""


class PublishedSelection(SelectionTables):
    """A selection read back by :func:`load_selection`: the tables that were published of it, and nothing else.

    Its tables and facts equal the original's. ``by``, ``explain``, ``waterfall``, ``save``, ``workbook`` and ``page``
    need the register, and it has none of them: select again.

    Attributes
    ----------
    scheme : the rule that selected
    published_at : where it was read from
    manifest_sha256 : the checksum in which its manifest ends
    """

    workings = None
    register = None
    model = None

    def __init__(
        self,
        scheme: Scheme,
        tables: Mapping[str, pa.Table],
        facts: Mapping[str, Any],
        folder: Path,
        manifest_sha256: str,
    ) -> None:
        self.scheme = scheme
        self.manifest_sha256 = manifest_sha256
        self.published_at = folder
        self._tables = dict(tables)
        self._facts = dict(facts)

    if not TYPE_CHECKING:  # a checker refuses what is not here

        def __getattr__(self, name: str) -> object:
            """Say of the methods of :class:`casemgmt.Selection` that are not here what to do instead."""
            if name in _NEED_THE_REGISTER:
                raise needs_its_register(f".{name}", "copy the folder, or " if name == "save" else "")
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def facts(self) -> dict[str, Any]:
        """What the selection was made from: dates, counts of rows, scheme, model, whether the people are synthetic."""
        return dict(self._facts)

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices of the register, in byte order of their codes."""
        return tuple(dict.fromkeys(self.summary().column("practice_id").to_pylist()))

    @arguments.checked(include=arguments.texts, reasons=arguments.yes_or_no, columns=arguments.texts_or_none)
    def to_arrow(
        self, include: Iterable[str] = (), *, reasons: bool = True, columns: Iterable[str] | None = None
    ) -> pa.Table:
        """As :meth:`casemgmt.Selection.to_arrow`; ``include`` names register columns that were published with it."""
        from casemgmt.selection.tables import wanted_columns, with_published_columns

        include = [include] if isinstance(include, str) else list(include)
        table = self._tables["selection"]
        table = table.select(wanted_columns(table.column_names, columns, reasons=reasons))
        return with_published_columns(table, self._tables["included"], include) if include else table

    def summary(self) -> pa.Table:
        """As :meth:`casemgmt.Selection.summary`."""
        return self._tables["summary"]

    def unscored(self) -> pa.Table:
        """As :meth:`casemgmt.Selection.unscored`."""
        return self._tables["unscored"]

    def queue(self) -> pa.Table:
        """As :meth:`casemgmt.Selection.queue`."""
        return self._tables["queue"]

    def kept(self) -> pa.Table:
        """As :meth:`casemgmt.Selection.kept`."""
        from casemgmt.selection.tables import nobody_kept

        return self._tables.get("kept", nobody_kept())

    def removals(self) -> pa.Table:
        """As :meth:`casemgmt.Selection.removals`.

        Raises
        ------
        InputError : an older version published no such table
        """
        if "removals" not in self._tables:
            raise needs_its_register("a table of removals, which an older version did not publish,")
        return self._tables["removals"]

    def pending_removals(self) -> pa.Table:
        """:meth:`removals`; without a row where an older version published none."""
        from casemgmt.caseload.removals import no_removals

        return self.removals() if "removals" in self._tables else no_removals()


def needs_its_register(what: str, instead: str = "") -> NeedsRegisterError:
    """The error of a selection read back from files."""
    return NeedsRegisterError(
        f"This selection was read back from files, and {what} needs its register: {instead}read that and select again."
    )


def load_selection(folder: str | Path) -> PublishedSelection:
    """A published selection, read back after every byte of it was checked.

    Parameters
    ----------
    folder : where :meth:`casemgmt.Selection.save` put it

    Returns
    -------
    PublishedSelection
        Its tables and facts equal the original's. What needs the register, such as ``by`` and ``explain``, is refused.

    Raises
    ------
    VerifyError : the files are not what was published

    Examples
    --------
    >>> folder = selection.save("published")
    >>> cm.load_selection("published")
    <Selection by 'rotherham-2015-16': 244 patients case managed, 649 patients listed in all, 1 practice; 65
    patients barred>
    """
    verified, contents, scheme = read_publication(folder)
    logs.info("outputs", "read back a publication of %s, every file intact", scheme.id)
    whole = contents.tables[layout.SELECTION]
    added = [name for name in whole.column_names if name.startswith("register_")]
    tables = {
        "selection": whole.drop_columns(added),
        "included": whole.select(added),
        "summary": contents.tables[layout.SUMMARY],
        "unscored": contents.tables[layout.UNSCORED],
        "queue": contents.tables[layout.QUEUE],
    }
    if layout.REMOVALS in contents.tables:
        tables["removals"] = contents.tables[layout.REMOVALS]
    if layout.KEPT in contents.tables:
        tables["kept"] = contents.tables[layout.KEPT]
    return PublishedSelection(scheme, tables, verified.facts, Path(folder), verified.manifest_sha256)
