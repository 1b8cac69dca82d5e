"""Registers larger than memory: read a part at a time, with the same verbs and the same lists."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from casemgmt import arguments
from casemgmt.arrow import empty_table
from casemgmt.errors import InputError, needs_every_row, plural
from casemgmt.register import fixed_width, lost_zeros
from casemgmt.register.account import Account
from casemgmt.register.counts import by_practice_field_and_reason
from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS
from casemgmt.register.forms import FileForm
from casemgmt.register.in_parts import See
from casemgmt.register.limits import Limits, refuse_beyond
from casemgmt.register.lost_zeros import LostZeros
from casemgmt.register.readable import notes_of
from casemgmt.register.reader import CheckedPart, Known, Reader
from casemgmt.register.sources import Part
from casemgmt.scanned.budget import Held
from casemgmt.scanned.files import (
    ROWS_AT_A_TIME,
    LatePart,
    RegisterFile,
    decoded,
    refuse_repeated,
    said_by,
    stretches_of,
)
from casemgmt.scanned.repeated_rows import judged_repeats, usable_hashes
from casemgmt.scanned.tally import IdHashes, Tally
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.packing import Slot
    from casemgmt.register.sources import Source

_MOST_PASSES = 8


class AgainError(Exception):
    """A part met what changes how the parts before it should have been read."""


@dataclass(slots=True)
class Learnt:
    """What earlier passes over the files found out.

    Attributes
    ----------
    codes : every practice code
    nullable : flags with a missing value somewhere
    surprised : whether a part had a missing value of a flag that no earlier part had
    differing : row in the whole → (field, reason), where rows with one id contradict each other
    merged : row in the whole → the row that it repeats
    looked : whether repeats were looked for
    widths : of the id and practice columns where they are of fixed width, 0 where not; of the parts of this pass
    as_they_are : such columns of which some part says otherwise
    lost_zeros : ids that stand there with different numbers of leading zeros
    """

    codes: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    surprised: bool = False
    differing: dict[int, tuple[str, str]] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    looked: bool = False
    widths: dict[str, int] = field(default_factory=dict)
    as_they_are: frozenset[str] = frozenset()
    lost_zeros: int = 0


@shows(
    "as_of extracted_on practices rows_in quarantine corrections notes column_names parts metadata synthetic",
    "limits save_packed",
)
class ScannedRegister:
    """A register in files, made by :func:`casemgmt.scan_register`; :func:`casemgmt.select` takes it like any other.

    Attributes
    ----------
    files : where its rows lie, in order
    rows_in : rows in the files
    """

    has_source_rows = True
    holds_whole_practices = False  # in each part

    def __init__(
        self,
        *,
        files: list[RegisterFile],
        reader: Reader,
        encoding: FileForm | str = "utf-8",
        decoder: Literal["polars", "pyarrow"] = "pyarrow",
        progress: Callable[[int, int], None] | None = None,
        held: Held | None = None,
    ) -> None:
        self.files, self.reader, self.decoder = files, reader, decoder
        self.rows_in = sum(file.rows for file in files)
        # What gaps the columns have is learnt on the way: pyarrow aborts over the statistics of a damaged footer.
        self.learnt = Learnt(nullable=_with_gaps(files, reader))
        self._encoding, self._progress = encoding, progress
        self._rows: int | None = None
        self._held = held or Held()
        self._tally: Tally | None = None
        self._late = tuple(LatePart(file) for file in files)

    @property
    def as_of(self) -> dt.date:
        """The list date."""
        return self.reader.list_date

    @property
    def extracted_on(self) -> dt.date:
        """The day the data was drawn."""
        return self.reader.extract_date

    @property
    def metadata(self) -> dict[str, object]:
        """What the files say of themselves."""
        return said_by(self.files)

    @property
    def synthetic(self) -> bool:
        """Whether the files say that their people are made up."""
        return self.metadata.get("synthetic") is True

    @property
    def column_names(self) -> tuple[str, ...]:
        """Fields held, ``age`` included, then carried columns."""
        names = [self.reader.columns.get(name, name) for name in self.files[0].schema.names]
        fields = [name for name in FIELDS if name in names or name == "age"]
        return (*fields, *(name for name in names if name not in FIELDS))

    @property
    def practices(self) -> tuple[str, ...]:
        """Practice codes, in byte order; reads the files where they were not read yet."""
        return tuple(self.checked().practices())

    @property
    def quarantine(self) -> pa.Table:
        """As :attr:`casemgmt.Register.quarantine`; reads the files where they were not read yet."""
        return self.row_account.quarantine

    @property
    def notes(self) -> tuple[str, ...]:
        """As :attr:`casemgmt.Register.notes`; reads the files where they were not read yet."""
        return self.row_account.notes

    @property
    def corrections(self) -> pa.Table:
        """As :attr:`casemgmt.Register.corrections`; reads the files where they were not read yet."""
        return self.row_account.corrections

    def __repr__(self) -> str:
        """Counts only."""
        rows = f"{plural(self.rows_in, 'row')} in {plural(len(self.files), 'file')}, list of {self.as_of}"
        if self._tally is None:
            return f"<ScannedRegister: {rows}; not read yet>"
        tally = self._tally
        return (
            f"<ScannedRegister: {rows}; {tally.rows_in:,} rows in = {tally.accepted:,} accepted + "
            f"{tally.merged:,} merged repeats + {sum(table.num_rows for table in tally.quarantine):,} quarantined>"
        )

    def _repr_html_(self) -> str:
        from casemgmt.register.facts import register_html

        return register_html(self) if self.is_counted else f"<code>{escape(repr(self))}</code>"

    def require_whole(self, what: str) -> None:
        """Raise InputError: a scanned register holds no rows.

        Raises
        ------
        InputError
            It names the remedy.
        """
        raise needs_every_row(what, " at hand, and a scanned one is only read to select from")

    @property
    def limits(self) -> Limits:
        """The shares of quarantined rows and corrected values beyond which nothing is made of the register."""
        return self.reader.limits

    @property
    def is_counted(self) -> bool:
        """Whether the account of all rows is known."""
        return self._tally is not None

    @arguments.checked(limits=arguments.instance_or_none(Limits, "Limits(…)"))
    def check_limits(self, limits: Limits | None = None) -> None:
        """As :meth:`casemgmt.Register.check_limits`; reads the files where they were not read yet."""
        tally = self.checked()
        rows = tally.rows_in - tally.merged
        aside, changed = (by_practice_field_and_reason(table) for table in (self.quarantine, self.corrections))
        refuse_beyond(limits or self.limits, tally.counts, aside, changed, rows)

    def merged_rows(self) -> Mapping[int, int]:
        """Row in the whole → the row that it repeats; reads the files where they were not read yet."""
        self.checked()
        return self.learnt.merged

    @arguments.checked(path=arguments.path)
    def save_packed(self, path: str | Path) -> Path:
        """As :meth:`casemgmt.Register.save_packed`; the files are passed once, and again for every 8 million people."""
        from casemgmt.scanned.packing import save_packed_scanned

        return save_packed_scanned(self, Path(path))

    def checked(self) -> Tally:
        """The account of all rows."""
        if self._tally is None:
            self.passed(lambda register, start, own: None)
        assert self._tally is not None  # noqa: S101 - a pass leaves it
        return self._tally

    @property
    def row_account(self) -> Account:
        """The account of all rows; reads the files where they were not read yet."""
        tally = self.checked()
        return Account(
            as_of=self.as_of,
            extracted_on=self.extracted_on,
            rows_in=tally.rows_in,
            merged=tally.merged,
            quarantine=_as_one(tally.quarantine),
            corrections=_as_one(tally.corrections),
            parts=self.parts,
            metadata=self.metadata,
            fields=tuple(name for name in self.column_names if name in FIELDS),
            notes=(
                *fixed_width.notes_of(self.learnt.widths),
                *lost_zeros.notes_of(self.learnt.lost_zeros),
                *notes_of(tally.readable),
            ),
            counts=tally.counts,
        )

    @arguments.checked(see=arguments.to_be_called, restart=arguments.to_be_called)
    def passed(self, see: See, restart: Callable[[], None] = lambda: None) -> Tally:
        """Pass all parts before ``see``, once with everything known that a part must know of the others.

        Parameters
        ----------
        see : is given each part's rows, the row of the whole at which its file begins, and its practices' numbers
        restart : is called before a pass begins anew
        """
        for _ in range(_MOST_PASSES):
            restart()
            tally, hashes = Tally(), None if self.learnt.looked else IdHashes()
            zeros = LostZeros()
            refusal: InputError | None = None
            maps = self.reader.value_maps()
            try:
                for part, start in self._parts():
                    maps.add(part.register.source_table)
                    own = tally.add(part)
                    if hashes is not None:
                        hashes.add(usable_hashes(part))
                        zeros.add(part.register.ids)
                    if refusal is None:
                        try:
                            see(part.register, start, own)
                        except InputError as error:
                            # A row may be to blame that the next pass will set aside.
                            refusal = error
                    self._say(tally.rows_in)
                    del part
            except AgainError:
                continue
            for file in self.files:
                file.check_unchanged()
            refuse_repeated(self._late)
            maps.refuse_vain()
            tally.refuse_columns()
            if tally.misjudged(re.compile(self.reader.pattern)):
                self.learnt.codes = frozenset(tally.codes)
                continue
            repeated = None
            if hashes is not None:
                repeated, self.learnt.lost_zeros = hashes.repeated(), zeros.count(hashes.parts())
                lost_zeros.warn_of(self.learnt.lost_zeros)
            self.learnt.looked = True
            if repeated is not None and len(repeated):
                self.learnt.differing, self.learnt.merged = judged_repeats(
                    self._parts(), repeated, self.reader.registrations
                )
                if self.learnt.differing or self.learnt.merged:
                    continue
            self._tally = tally
            if refusal is not None:
                raise refusal
            return tally
        raise AssertionError("Every pass over the files met something new.")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files, as a register names its sources."""
        return self._late

    def _say(self, rows: int) -> None:
        if self._progress is not None:
            self._progress(rows, self.rows_in)

    def _parts(self) -> Iterator[tuple[CheckedPart, int]]:
        """Each part, with the row of the whole at which its file begins."""
        starts, start = {}, 0
        for file in self.files:
            starts[file.path] = start
            start += file.rows
        rows = self._rows or min(self._held.rows or ROWS_AT_A_TIME, ROWS_AT_A_TIME)
        slots, self.learnt.widths = None, {}
        for stretch, source in decoded(
            stretches_of(self.files, rows), self.decoder, self._encoding, self._rows, reads_ahead=self._held.ahead
        ):
            start = starts[stretch.file.path]
            part = self.reader.read_part(source, self._known(source, start))
            if slots is None:
                slots = part.register.packed.slots
            elif part.register.packed.slots != slots:
                self._make_room_for_gaps(_two_bits(slots) | _two_bits(part.register.packed.slots))
                raise AgainError
            differing = {n for n, width in part.widths.items() if self.learnt.widths.setdefault(n, width) != width}
            if differing:
                self.learnt.as_they_are |= differing
                raise AgainError
            yield part, start
            del part, source

    def _make_room_for_gaps(self, flags: frozenset[str]) -> None:
        """Give flags room for missing values: those that were met with some; all, where others were met before."""
        learnt = self.learnt
        if learnt.surprised:
            flags = frozenset(n for n in self.column_names if n in FIELDS and FIELDS[n].kind == "flag")
            flags -= FALSE_WHEN_MISSING | self.reader.absent
        learnt.nullable |= flags
        learnt.surprised = True

    def _known(self, source: Source, start: int) -> Known:
        """What is known of the rows of a part."""
        import numpy as np

        learnt = self.learnt
        if not learnt.differing and not learnt.merged:
            return Known(codes=learnt.codes, nullable=learnt.nullable, as_they_are=learnt.as_they_are)
        rows = source.table.num_rows
        numbers = start + (np.arange(rows) if source.row_numbers is None else source.row_numbers)
        named = np.flatnonzero(np.isin(numbers, np.array([*learnt.differing, *learnt.merged], dtype=np.int64)))
        whole = {int(row): int(numbers[row]) for row in named}
        return Known(
            codes=learnt.codes,
            nullable=learnt.nullable,
            set_aside={row: learnt.differing[at] for row, at in whole.items() if at in learnt.differing},
            merged=tuple(row for row, at in whole.items() if at in learnt.merged),
            as_they_are=learnt.as_they_are,
        )


def _as_one(tables: list[pa.Table]) -> pa.Table:
    """The quarantine or the corrections of all parts, in the order of the rows."""
    import pyarrow as pa

    names = ("source_file", "source_row", "practice_id", "field", "reason")
    if tables:
        return pa.concat_tables(tables).combine_chunks()
    return empty_table(pa.schema([(n, pa.int64() if n == "source_row" else pa.string()) for n in names]))


def _two_bits(slots: Mapping[str, Slot]) -> frozenset[str]:
    """Flags that have room for a missing value."""
    return frozenset(
        name for name, slot in slots.items() if slot.group == "word" and slot.values == (False, True, None)
    )


def _with_gaps(files: list[RegisterFile], reader: Reader) -> frozenset[str]:
    """Flags for which the files' own statistics tell of missing values."""
    found: set[str] = set()
    for file in files:
        if file.parquet is None:
            continue
        for own in file.schema.names:
            name = reader.columns.get(own, own)
            is_flag = name in FIELDS and FIELDS[name].kind == "flag" and name not in FALSE_WHEN_MISSING
            if is_flag and file.parquet.nulls_of(own):
                found.add(name)
    return frozenset(found - reader.absent)
