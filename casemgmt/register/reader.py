"""The reader of a register: it judges every row, cleans every column, and packs the rows that are accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.compiling import pays
from casemgmt.dates import day_number
from casemgmt.errors import InputError
from casemgmt.register import fixed_width
from casemgmt.register.account import Account
from casemgmt.register.accounting import Whereabouts
from casemgmt.register.cleaning import Cleaned, FlagColumn
from casemgmt.register.column_cleaner import ColumnCleaner
from casemgmt.register.columns import NO_DAY
from casemgmt.register.contradictions import BEFORE_BIRTH
from casemgmt.register.counts import count_rows, given_values
from casemgmt.register.fields import FIELDS
from casemgmt.register.fixed_width import trimmed
from casemgmt.register.identity import (
    Judged,
    Verdict,
    judge,
    judge_part,
    text_as_it_lies,
    text_values,
)
from casemgmt.register.layout import Column, layout_of, pack_rows
from casemgmt.register.limits import Limits
from casemgmt.register.options import renamed
from casemgmt.register.packing import STATUS, Packed, group_order, is_rising
from casemgmt.register.readable import ReadableCount, last_days, notes_of, refuse_columns
from casemgmt.register.register import Register
from casemgmt.register.registrations import Registrations
from casemgmt.register.soundness import in_plain_layout
from casemgmt.register.sources import Source
from casemgmt.register.standing import age_of, status_of
from casemgmt.register.value_maps import ValueMaps
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
    values: Mapping[str, Mapping[str, Any]]
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
        with in_words():
            # Of one practice alone a mapping can match nothing, and be of use to the others.
            if self.values and self.judges_columns:
                maps = self.value_maps()
                maps.add(renamed(opened.table, self.columns))
                maps.refuse_vain()
            return self._register(opened, None)[0]

    def read_part(self, opened: Source, known: Known) -> Part:
        """Check the rows of a part, and leave to its reader what only the whole can tell."""
        with in_words():
            return Part(*self._register(opened, known))

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

    def _register(
        self, opened: Source, known: Known | None
    ) -> tuple[Register, Judged, Mapping[str, ReadableCount], npt.NDArray[np.bool_], Mapping[str, int]]:
        """Judge every row, clean every column, and pack the accepted rows."""
        import numpy as np

        table, widths = self.table(opened, frozenset() if known is None else known.as_they_are)
        cleaner = ColumnCleaner(table, self)
        rows, practice_values = table.num_rows, self.values.get("practice_id")
        if known is None:
            judged = judge(table, self.pattern, practice_values, self.registrations)
        else:
            judged = judge_part(table, self.pattern, practice_values, known.codes)
            known.apply_to(judged.verdict)
        verdict, practice, codes = judged.verdict, judged.practice, judged.practices
        merged = np.array(list(verdict.merged_into), dtype=np.int64)
        cleaned = {n: cleaner.clean(n) for n in FIELDS if n in table.column_names and _is_packed_kind(n)}
        cleaner.compare(cleaned)
        if isinstance(left := cleaned.get("deregistered_on"), Cleaned):
            closing = last_days(left, practice, codes)
            cleaner.readable["deregistered_on"] = cleaner.readable["deregistered_on"]._replace(practices=closing)
        if known is None and self.judges_columns:
            refuse_columns(cleaner.readable)
            cleaner.forget_padding()
        for name in _LEAVING:
            # Taken as missing, an unreadable day of death would put the dead on a list.
            for wrong, reason in cleaner.unreadable(name):
                verdict.set_aside(wrong[~np.isin(wrong, merged)], name, reason)
        for name, wrong in cleaner.ended_before_birth:
            verdict.set_aside(wrong[~np.isin(wrong, merged)], name, BEFORE_BIRTH)
        kept = verdict.code == 0
        kept[merged] = False
        # A practice all of whose rows were refused for another reason is still a practice, with nobody on its list.
        used = np.setdiff1d(np.flatnonzero(counts_of(practice, len(codes))), verdict.refused_practices)
        number = np.full(len(codes) + 1, -1, dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        own = practice if len(used) == len(codes) else by_number(practice, number)
        order, grouping = _in_order(own, None if kept.all() else kept, len(used), mixed=known is not None)
        packed, days, numbers = self._packed(cleaned, cleaner, rows, order, known)
        where = Whereabouts(opened, practice, codes)
        practices, packed = tuple(codes[i] for i in used), replace(packed, **grouping)
        counts = count_rows(practices, packed, days, self.list_date, self.extract_date)
        account = Account(
            as_of=self.list_date,
            extracted_on=self.extract_date,
            rows_in=opened.rows_in,
            merged=len(merged),
            quarantine=where.quarantine(verdict),
            corrections=where.corrections(cleaner.problems, kept),
            parts=opened.parts,
            metadata=opened.metadata,
            fields=tuple(name for name in FIELDS if name in table.column_names or name == "age"),
            notes=(*fixed_width.notes_of(widths), *notes_of(cleaner.readable)) if known is None else (),
            counts=replace(counts, given=given_values(cleaner.read, cleaner.problems, kept)),
        )
        register = Register(
            row_account=account,
            practices=practices,
            packed=packed,
            days=days,
            numbers=numbers,
            source_table=table,
            ids=text_as_it_lies(table, "patient_id"),
            order=order,
            source_row=opened.row_numbers,
            merged_into=verdict.merged_into,
            index=opened.index,
            limits=self.limits,
        )
        return register, judged, cleaner.readable, kept, widths

    def _packed(
        self,
        cleaned: Mapping[str, Cleaned | FlagColumn],
        cleaner: ColumnCleaner,
        rows: int,
        order: Any,
        known: Known | None,
    ) -> tuple[Packed, dict[str, Any], dict[str, Any]]:
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
        if order is not None:
            words, bytes_, shorts = (np.take(each, order, axis=1) for each in (words, bytes_, shorts))
        wider = {name: _wide(cleaned[name], order) for name in wide}
        days = {name: values for name, values in wider.items() if name not in _WIDE}
        return Packed(words, bytes_, shorts, layout.slots), days, {n: v for n, v in wider.items() if n in _WIDE}


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
        """Set aside and merge what the whole told."""
        import numpy as np

        for name, reason in sorted(set(self.set_aside.values())):
            rows = [row for row, said in self.set_aside.items() if said == (name, reason)]
            verdict.set_aside(np.array(sorted(rows), dtype=np.int64), name, reason)
        verdict.merged_into.update((row, -1) for row in self.merged if verdict.code[row] == 0)


class Part(NamedTuple):
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
def in_words() -> Iterator[None]:
    """Say what Arrow refuses without the values that it quotes."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"A column holds text that is not UTF-8, or values that Arrow cannot read ({type(error).__name__})."
        ) from None


def _in_order(practice: Any, kept: Any, practices: int, mixed: bool) -> tuple[Any, dict[str, Any]]:
    """The accepted rows in the order in which they are packed (None: all as they came), and how they are grouped.

    Few rows are grouped by practice at once; many only where they came so, and the rows of a part (``mixed``) never.
    """
    import numpy as np

    accepted = None if kept is None else np.flatnonzero(kept)
    own = practice if accepted is None else practice[accepted]
    if own.min(initial=0) < 0:
        raise AssertionError("A row without a practice was accepted.")  # the compiled loops would not notice
    if mixed:
        return accepted, {"practice": own}
    if not is_rising(own):
        if pays(len(own)):
            return accepted, {"practice": own}
        order, groups = group_order(own, practices)
        return order if accepted is None else accepted[order], {"groups": groups}
    return accepted, {"groups": np.concatenate([[0], np.cumsum(counts_of(own, practices))]).astype(np.int64)}


def _with_texts(table: pa.Table, values: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    """The table with its text fields as text, so that repeats, groups and every source agree on them."""
    for place, name in enumerate(table.column_names):
        if name in FIELDS and FIELDS[name].kind == "text":
            table = table.set_column(place, name, text_values(table, name, values.get(name)))
    return table


def _is_packed_kind(name: str) -> bool:
    return FIELDS[name].kind in {"flag", "integer", "category", "date"}


def _wide(cleaned: Cleaned | FlagColumn, order: Any) -> Any:
    import numpy as np

    values = cleaned.values.astype(np.int32)
    values = values if cleaned.present is None else np.where(cleaned.present, values, np.int32(NO_DAY))
    return values if order is None else values[order]
