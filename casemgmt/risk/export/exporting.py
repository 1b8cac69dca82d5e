"""What ``Model.to_sql`` and ``Model.to_sql_check`` give: the text of a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, did_you_mean, listed, not_one_of, plural
from casemgmt.risk.export.dialects import Dialect, dialect_named
from casemgmt.risk.export.sql import PREFIX, Form, Source, query_of, written
from casemgmt.risk.export.vectors import check_of

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel

FORMS = ("bands", "case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a query is to be like; see :meth:`casemgmt.risk.model.Model.to_sql`."""

    dialect: str
    table: str | Sequence[str] = "register"
    form: str = "bands"
    columns: Mapping[str, str] | None = None
    objected: bool = False
    reasons: bool = False


def sql_of(model: AdditiveModel, asked: Carried) -> str:
    """One SELECT that scores a table."""
    dialect = dialect_named(asked.dialect)
    form = _form(asked.form)
    if asked.reasons and form != "bands":
        raise InputError('reasons=True needs form="bands": the sentences stand in the table of bands.')
    source = Source(
        table=_table(asked.table, dialect), column=_Columns(model, asked, dialect).quoted, objected=asked.objected
    )
    steps, select = query_of(model, dialect, source, form=form, reasons=asked.reasons)
    return written(model, dialect, steps, select)


def sql_check_of(model: AdditiveModel, dialect: str, form: str) -> str:
    """One SELECT that gives the test vectors with which the query disagrees."""
    steps, select = check_of(model, dialect_named(dialect), _form(form))
    return written(model, dialect_named(dialect), steps, select)


def _form(form: str) -> Form:
    if form not in FORMS:
        raise not_one_of("form", FORMS)
    return "case" if form == "case" else "bands"


def _table(table: str | Sequence[str], dialect: Dialect) -> str:
    quoted = dialect.table(table)
    if PREFIX in quoted.lower():
        raise InputError(f"table may not hold '{PREFIX}': the steps of the query bear such names.")
    return quoted


class _Columns:
    """Where the table holds each column of the register."""

    def __init__(self, model: AdditiveModel, asked: Carried, dialect: Dialect) -> None:
        used = ["patient_id", *model.columns, *(["objected"] if asked.objected else [])]
        self._named, self._dialect = dict(asked.columns or {}), dialect
        unknown = [name for name in self._named if name not in used]
        if unknown:
            near = did_you_mean(unknown[0], used)
            problem = f"names {plural(len(unknown), 'column')} that the query does not use: {listed(unknown)}.{near}"
            raise InputError(f'columns {problem} Write columns={{"age": "AgeInYears"}}: ours first, then the table\'s.')
        if any(not isinstance(column, str) or not column for column in self._named.values()):
            raise InputError("columns gives the name of a column of the table for each of ours.")

    def quoted(self, name: str) -> str:
        """A column of the table, quoted."""
        return self._dialect.identifier(self._named.get(name, name))
