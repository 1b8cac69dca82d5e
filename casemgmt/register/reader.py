"""The reader of a register: it judges every row, cleans every column, and packs the rows that are accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.compiling import pays
from casemgmt.dates import day_number
from casemgmt.errors import InputError
from casemgmt.register import fixed_width, lost_zeros
from casemgmt.register.account import Account
from casemgmt.register.accounting import Whereabouts
from casemgmt.register.cleaning import Cleaned, CleanedColumns, FlagColumn
from casemgmt.register.column_cleaner import ColumnCleaner
from casemgmt.register.columns import NO_DAY, Days
from casemgmt.register.contradictions import BEFORE_BIRTH
from casemgmt.register.counts import Counts, count_rows, given_values
from casemgmt.register.fields import FIELDS
from casemgmt.register.fixed_width import trimmed
from casemgmt.register.identity import judge, judge_part, text_as_it_lies, text_values
from casemgmt.register.layout import Column, layout_of, pack_rows
from casemgmt.register.limits import Limits
from casemgmt.register.options import renamed
from casemgmt.register.packing import STATUS, Packed, group_order, is_rising
from casemgmt.register.readable import notes_of, refuse_columns
from casemgmt.register.readable_counts import ReadableCount, last_days
from casemgmt.register.register import Register
from casemgmt.register.registrations import Registrations
from casemgmt.register.soundness import in_plain_layout
from casemgmt.register.sources import Source
from casemgmt.register.standing import age_of, status_of
from casemgmt.register.value_maps import ValueMaps
from casemgmt.register.verdicts import Judged, Verdict
from casemgmt.texts.long_texts import by_number, counts_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Fields whose values decide who may be listed or who is chosen share the first chunk, one look-up for all.
_FIRST = ("objected", "nominated", "care_home_type", "sex", "imd_decile")
_WIDE = ("nomination_order",)
_LEAVING = ("date_of_death", "deregistered_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a register is read; the arguments of :func:`read_register`, checked.

    Attributes
    ----------
    list_date, extract_date : ``as_of`` and ``extracted_on``
    columns : the source's column name → the field
    values : field → {text in the source: value}
    date_format : field → form
    absent : conditions for which a missing value means that the patient does not have it
    pattern : that a practice code must match whole
    limits : the shares of rows and values beyond which the register is refused
    judges_columns : whether the rows are all that there are, so that a column can be refused; not of one practice alone
    """

    list_date: dt.date
    extract_date: dt.date
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, object]]
    date_format: Mapping[str, str]
    absent: frozenset[str]
    pattern: str
    limits: Limits
    judges_columns: bool = True

    @property
    def registrations(self) -> Registrations:
        """How to tell a patient's open registration from those that have ended."""
        days = day_number(self.list_date), day_number(self.extract_date)
        return Registrations(*days, self.values, self.date_format)

    def read(self, opened: Source) -> Register:
        """Check every row of a whole source."""
        with arrow_errors_reworded():
            # Of one practice alone a mapping can match nothing, and be of use to the others.
            if self.values and self.judges_columns:
                maps = self.value_maps()
                maps.add(renamed(opened.table, self.columns))
                maps.refuse_vain()
            return self._register(opened, None).register

    def read_part(self, opened: Source, known: Known) -> CheckedPart:
        """Check the rows of a part, and leave to its reader what only the whole can tell."""
        with arrow_errors_reworded():
            return self._register(opened, known)

    def table(self, opened: Source, as_they_are: frozenset[str] = frozenset()) -> tuple[pa.Table, dict[str, int]]:
        """The source's rows, its columns under the fields' names, its text fields as text; the widths of its ids.

        See :func:`casemgmt.register.fixed_width.trimmed`.
        """
        table = in_plain_layout(renamed(opened.table, self.columns))
        table, widths = trimmed(table, self.values, as_they_are)
        return _with_texts(table, self.values), widths

    def value_maps(self) -> ValueMaps:
        """What tells whether ``values`` finds anything to map."""
        return ValueMaps(self.values, self.date_format, self.pattern, day_number(self.extract_date))

    def _register(self, opened: Source, known: Known | None) -> CheckedPart:
        """Judge every row, clean every column, and pack the accepted rows."""
        import numpy as np

        # What one practice alone has of one width, others may not have.
        as_they_are = frozenset() if self.judges_columns else frozenset(fixed_width.COLUMNS)
        table, widths = self.table(opened, as_they_are if known is None else known.as_they_are)
        cleaner = ColumnCleaner(table, self)
        judged = self._judged(table, known)
        cleaned = self._cleaned(cleaner, judged, judges_columns=known is None and self.judges_columns)
        verdict, codes = judged.verdict, judged.practices
        kept = _set_aside_unreadable(verdict, cleaner)
        # A practice all of whose rows were refused for another reason is still a practice, with nobody on its list.
        used = np.setdiff1d(np.flatnonzero(counts_of(judged.practice, len(codes))), verdict.refused_practices)
        number = np.full(len(codes) + 1, -1, dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        own = judged.practice if len(used) == len(codes) else by_number(judged.practice, number)
        order = _in_order(own, None if kept.all() else kept, len(used), mixed=known is not None)
        packed, days, numbers = self._packed(cleaned, cleaner, table.num_rows, order, known)
        practices = tuple(codes[i] for i in used)
        whole = known is None and self.judges_columns
        lost = lost_zeros.lost_zeros(text_as_it_lies(table, "patient_id")) if whole else 0
        lost_zeros.warn_of(lost)
        told = (*fixed_width.notes_of(widths), *lost_zeros.notes_of(lost))
        notes = (*told, *notes_of(cleaner.readable)) if known is None else ()
        counts = count_rows(practices, packed, days, self.list_date, self.extract_date)
        counts = replace(counts, given=given_values(cleaner.read, cleaner.problems, kept))
        register = Register(
            row_account=self._account(opened, judged, cleaner, kept, counts, notes),
            practices=practices,
            packed=packed,
            days=days,
            numbers=numbers,
            source_table=table,
            ids=text_as_it_lies(table, "patient_id"),
            order=order.rows,
            source_row=opened.row_numbers,
            merged_into=verdict.merged_into,
            index=opened.index,
            limits=self.limits,
        )
        return CheckedPart(register, judged, cleaner.readable, kept, widths)

    def _judged(self, table: pa.Table, known: Known | None) -> Judged:
        """What the ids and practice codes come to, as far as these rows tell and as the others say."""
        mapping = self.values.get("practice_id")
        if known is None:
            return judge(table, self.pattern, mapping, self.registrations)
        judged = judge_part(table, self.pattern, mapping, known.codes)
        known.apply_to(judged.verdict)
        return judged

    def _cleaned(
        self, cleaner: ColumnCleaner, judged: Judged, *, judges_columns: bool
    ) -> dict[str, Cleaned | FlagColumn]:
        """Every field's column read, and refused where too little of it can be."""
        names = cleaner.table.column_names
        cleaned = cleaner.clean([name for name in FIELDS if name in names and _is_packed_kind(name)])
        cleaner.compare(cleaned)
        if isinstance(left := cleaned.get("deregistered_on"), Cleaned):
            closing = last_days(left, judged.practice, judged.practices)
            cleaner.readable["deregistered_on"] = cleaner.readable["deregistered_on"]._replace(practices=closing)
        if judges_columns:
            refuse_columns(cleaner.readable)
            cleaner.forget_padding()
        return cleaned

    def _account(
        self,
        opened: Source,
        judged: Judged,
        cleaner: ColumnCleaner,
        kept: npt.NDArray[np.bool_],
        counts: Counts,
        notes: tuple[str, ...],
    ) -> Account:
        """What became of every row."""
        where, names = Whereabouts(opened, judged.practice, judged.practices), cleaner.table.column_names
        return Account(
            as_of=self.list_date,
            extracted_on=self.extract_date,
            rows_in=opened.rows_in,
            merged=len(judged.verdict.merged_into),
            quarantine=where.quarantine(judged.verdict),
            corrections=where.corrections(cleaner.problems, kept),
            parts=opened.parts,
            metadata=opened.metadata,
            fields=tuple(name for name in FIELDS if name in names or name == "age"),
            notes=notes,
            counts=counts,
        )

    def _packed(
        self,
        cleaned: CleanedColumns,
        cleaner: ColumnCleaner,
        rows: int,
        order: Order,
        known: Known | None,
    ) -> tuple[Packed, Days, Days]:
        """The packed fields, the days and the wide numbers, in ``order``."""
        import numpy as np

        columns: dict[str, Column] = dict(status_of(cleaned, self.list_date, self.extract_date))
        # Always packed, so that an earlier selection can fill it; false for everyone without the column.
        columns["on_caseload"] = cleaned.get("on_caseload", 0)
        wide = [name for name in cleaned if FIELDS[name].kind == "date" or name in _WIDE]
        for name in (*_FIRST, *(name for name in FIELDS if name not in _FIRST)):
            if name in cleaned and name not in (*wide, "age", "on_caseload"):
                columns[name] = cleaned[name]
        columns["age"] = age_of(cleaned, self.list_date, cleaner.problems)
        layout = layout_of(columns, STATUS, frozenset() if known is None else known.nullable)
        words, bytes_, shorts = pack_rows(layout, columns, rows)
        if order.rows is not None:
            words, bytes_ = np.take(words, order.rows, axis=1), np.take(bytes_, order.rows, axis=1)
            shorts = np.take(shorts, order.rows, axis=1)
        wider = {name: _wide(cleaned[name], order.rows) for name in wide}
        days = {name: values for name, values in wider.items() if name not in _WIDE}
        numbers = {name: values for name, values in wider.items() if name in _WIDE}
        return Packed(words, bytes_, shorts, layout.slots, order.groups, order.practice), days, numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the reader of a part must know of the other parts.

    Attributes
    ----------
    codes : the practice codes of all parts, as far as they were met
    nullable : flags that have missing values in some part; ``None`` where every flag is to have room for them
    set_aside : row of this part → (field, reason), for repeats that contradict each other
    merged : rows of this part that repeat another row, which stays
    as_they_are : columns that are of fixed width in some parts, and not in others
    """

    codes: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    set_aside: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    merged: tuple[int, ...] = ()
    as_they_are: frozenset[str] = frozenset()

    def apply_to(self, verdict: Verdict) -> None:
        """Set aside and merge what only the whole can tell."""
        import numpy as np

        for name, reason in sorted(set(self.set_aside.values())):
            rows = [row for row, said in self.set_aside.items() if said == (name, reason)]
            verdict.set_aside(np.array(sorted(rows), dtype=np.int64), name, reason)
        verdict.merged_into.update((row, -1) for row in self.merged if verdict.code[row] == 0)


class CheckedPart(NamedTuple):
    """The rows of a part, checked but for what only the whole can tell.

    Attributes
    ----------
    register : its rows in source order
    judged : what its ids and practice codes came to
    readable : how much of each column can be read
    kept : bool, one a source row: accepted
    widths : of the columns of fixed width; 0 of others
    """

    register: Register
    judged: Judged
    readable: Mapping[str, ReadableCount]
    kept: npt.NDArray[np.bool_]
    widths: Mapping[str, int]


@contextmanager
def arrow_errors_reworded() -> Iterator[None]:
    """Say what Arrow refuses without the values that it quotes."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"A column holds text that is not UTF-8, or values that Arrow cannot read ({type(error).__name__})."
        ) from None


def _set_aside_unreadable(verdict: Verdict, cleaner: ColumnCleaner) -> npt.NDArray[np.bool_]:
    """Set aside rows whose end cannot be read, or comes before their birth; and say which rows are accepted."""
    import numpy as np

    merged = np.array(list(verdict.merged_into), dtype=np.int64)
    for name in _LEAVING:
        # Taken as missing, an unreadable day of death would put the dead on a list.
        for wrong, reason in cleaner.unreadable(name):
            verdict.set_aside(wrong[~np.isin(wrong, merged)], name, reason)
    for name, wrong in cleaner.ended_before_birth:
        verdict.set_aside(wrong[~np.isin(wrong, merged)], name, BEFORE_BIRTH)
    kept: npt.NDArray[np.bool_] = verdict.code == 0
    kept[merged] = False
    return kept


class Order(NamedTuple):
    """The accepted rows in the order in which they are packed.

    Attributes
    ----------
    rows : of the table; None: all as they came
    groups, practice : as of :class:`~casemgmt.register.packing.Packed`
    """

    rows: npt.NDArray[np.int64] | None
    groups: npt.NDArray[np.int64] | None = None
    practice: npt.NDArray[np.int32] | None = None


def _in_order(
    practice: npt.NDArray[np.int32], kept: npt.NDArray[np.bool_] | None, practices: int, mixed: bool
) -> Order:
    """How the accepted rows (None: all) are packed.

    Few rows are grouped by practice at once; many only where they came so, and the rows of a part (``mixed``) never.
    """
    import numpy as np

    accepted = None if kept is None else np.flatnonzero(kept)
    own = practice if accepted is None else practice[accepted]
    if own.min(initial=0) < 0:
        raise AssertionError("A row without a practice was accepted.")  # the compiled loops would not notice
    if mixed:
        return Order(accepted, practice=own)
    if not is_rising(own):
        if pays(len(own)):
            return Order(accepted, practice=own)
        order, groups = group_order(own, practices)
        return Order(order if accepted is None else accepted[order], groups)
    return Order(accepted, np.concatenate([[0], np.cumsum(counts_of(own, practices))]).astype(np.int64))


def _with_texts(table: pa.Table, values: Mapping[str, Mapping[str, object]]) -> pa.Table:
    """The table with its text fields as text, so that repeats, groups and every source agree on them."""
    for place, name in enumerate(table.column_names):
        if name in FIELDS and FIELDS[name].kind == "text":
            table = table.set_column(place, name, text_values(table, name, values.get(name)))
    return table


def _is_packed_kind(name: str) -> bool:
    return FIELDS[name].kind in {"flag", "integer", "category", "date"}


def _wide(cleaned: Cleaned | FlagColumn, order: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int32]:
    import numpy as np

    values = cleaned.values.astype(np.int32)
    values = values if cleaned.present is None else np.where(cleaned.present, values, np.int32(NO_DAY))
    return values if order is None else values[order]
