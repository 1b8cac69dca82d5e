"""Registers larger than memory: read a part at a time, with the same verbs and the same lists."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casemgmt import arguments
from casemgmt.batch.files import (
    ROWS_AT_A_TIME,
    Decoder,
    LatePart,
    RegisterFile,
    as_paths,
    chosen_decoder,
    days_drawn,
    decoded,
    open_files,
    refuse_repeated,
    said_by,
    stretches_of,
)
from casemgmt.batch.packed_file import PackedFile, is_packed
from casemgmt.batch.tally import IdHashes, Tally
from casemgmt.dates import as_date
from casemgmt.errors import InputError, plural
from casemgmt.register import fixed_width
from casemgmt.register.config import declare
from casemgmt.register.counts import by_practice_field_and_reason
from casemgmt.register.excel import ID_FIELDS
from casemgmt.register.forms import FileForm, with_texts
from casemgmt.register.identity import ODS_PATTERN, Verdict, judge_repeats, long_text, stacked
from casemgmt.register.limits import Limits, Share, refuse_beyond
from casemgmt.register.readable import notes_of
from casemgmt.register.reading import Known, Part, Reader, reader_for, unexpected_rows
from casemgmt.register.sources import Part as FilePart
from casemgmt.register.sources import stated_days

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.register.sources import Source
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.result import Selection

_MOST_PASSES = 8


@arguments.checked(
    columns=arguments.text_mapping,
    values=arguments.mapping,
    date_format=arguments.text_mapping,
    null_means_absent=arguments.texts,
    practice_pattern=arguments.text_or_none,
    expected_rows=arguments.whole_or_none,
    decoder=arguments.text,
    progress=arguments.to_be_called_or_none,
)
def scan_register(
    paths: str | Path | list[str | Path],
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] = (),
    practice_pattern: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    skip_lines: int | None = None,
    sheet: str | int | None = None,
    config: str | Path | None = None,
    expected_rows: int | None = None,
    extracts_within: int = 0,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
    decoder: Decoder = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> ScannedRegister:
    """A register that is read a part at a time when it is selected from, and never held whole.

    Its rows need not be in any order, and many files are one register. The lists are those of
    :func:`casemgmt.read_register` to the byte.

    Parameters
    ----------
    paths : a file or a list of files, or a packed register (:meth:`casemgmt.Register.save_packed`). Of Parquet some row
        groups are held at a time; a CSV or Arrow file is held whole while its turn lasts
    as_of, extracted_on, extracts_within, expected_rows : as for :func:`casemgmt.read_register`
    columns, values, date_format, null_means_absent, practice_pattern : as for it, too
    encoding, separator, skip_lines, sheet, config : as for it, too
    max_quarantined, max_corrected : as for it; a packed register carries its counts, and is judged by what is said here
    decoder : what decodes Parquet: ``polars`` (faster, where it is installed), ``pyarrow``, or ``auto``, the first that
        is there. The result does not depend on it, and page checksums are verified either way
    progress : called with the rows read in this pass, and all rows. Only a register with repeated ids, or with
        surprises such as practice codes that differ in case alone, needs more than one pass

    Returns
    -------
    ScannedRegister

    Raises
    ------
    InputError
        A missing column, an unreadable file, files whose columns differ.
    """
    found = as_paths(paths)
    if any(is_packed(path) for path in found):
        how = (columns, values, date_format, tuple(null_means_absent) or None, config)
        limits = Limits().changed(max_quarantined, max_corrected)
        return _open_packed(found, as_of, extracted_on, expected_rows, how, limits, progress)
    said = declare(
        config,
        columns=columns,
        values=values,
        date_format=date_format,
        null_means_absent=null_means_absent,
        practice_pattern=practice_pattern,
        encoding=encoding,
        separator=separator,
        skip_lines=skip_lines,
        sheet=sheet,
    )
    form = with_texts(said.form, said.columns, ID_FIELDS)
    files = open_files(found, form)
    rows = sum(file.rows for file in files)
    if expected_rows is not None and rows != expected_rows:
        raise unexpected_rows(rows, expected_rows)
    reader = reader_for(
        files[0].schema.empty_table(),
        as_of=as_of,
        extracted_on=extracted_on,
        columns=said.columns,
        values=said.values,
        date_format=said.date_format,
        null_means_absent=said.null_means_absent,
        practice_pattern=said.practice_pattern or ODS_PATTERN,
        stated=stated_days(said_by(files)),
        extracts_within=extracts_within,
        limits=said.limits(max_quarantined, max_corrected),
        drawn=days_drawn(files, said.columns, form),
    )
    return ScannedRegister(
        files=files, reader=reader, encoding=form, decoder=chosen_decoder(decoder, files), progress=progress
    )


def _open_packed(
    paths: list[Path],
    as_of: Any,
    extracted_on: Any,
    expected_rows: int | None,
    how: tuple[Any, ...],
    limits: Limits,
    progress: Any,
) -> ScannedRegister:
    """A packed register, for the very list that it was packed for."""
    from casemgmt.batch.packed_register import PackedRegister

    if len(paths) > 1:
        raise InputError("A packed register is one file. Pack the files together, or scan those it was packed from.")
    if any(option is not None for option in how):
        raise InputError("A packed register was read already: columns=, values= and the like say nothing of it.")
    register = PackedRegister(PackedFile(paths[0]), progress, limits)
    for name, wanted, has in (("as_of", as_of, register.as_of), ("extracted_on", extracted_on, register.extracted_on)):
        if wanted is not None and as_date(wanted, name) != has:
            raise InputError(
                f"{paths[0].name} was packed for {name} {has}: ages depend on it. Pack the register again."
            )
    if expected_rows is not None and register.rows_in != expected_rows:
        raise unexpected_rows(register.rows_in, expected_rows)
    return register


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
    """

    codes: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    surprised: bool = False
    differing: dict[int, tuple[str, str]] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    looked: bool = False
    widths: dict[str, int] = field(default_factory=dict)
    as_they_are: frozenset[str] = frozenset()


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
        rows_at_a_time: int | None = None,
    ) -> None:
        self.files, self.reader, self.decoder = files, reader, decoder
        self.rows_in = sum(file.rows for file in files)
        # What gaps the columns have is learnt on the way: pyarrow aborts over the statistics of a damaged footer.
        self.learnt = Learnt(nullable=_with_gaps(files, reader))
        self._encoding, self._progress, self._rows = encoding, progress, rows_at_a_time
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
    def metadata(self) -> dict[str, Any]:
        """What the files say of themselves."""
        return said_by(self.files)

    @property
    def synthetic(self) -> bool:
        """Whether the files say that their people are made up."""
        return self.metadata.get("synthetic") is True

    @property
    def column_names(self) -> tuple[str, ...]:
        """Fields held, ``age`` included, then carried columns."""
        from casemgmt.register.fields import FIELDS

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
        return self.account(self.checked().quarantine)

    @property
    def notes(self) -> tuple[str, ...]:
        """As :attr:`casemgmt.Register.notes`; reads the files where they were not read yet."""
        tally = self.checked()
        return (*fixed_width.notes_of(self.learnt.widths), *notes_of(tally.readable))

    @property
    def corrections(self) -> pa.Table:
        """As :attr:`casemgmt.Register.corrections`; reads the files where they were not read yet."""
        return self.account(self.checked().corrections)

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
        return f"<code>{escape(repr(self))}</code>"

    def require_whole(self, what: str) -> None:
        """Raise InputError: a scanned register holds no rows.

        Raises
        ------
        InputError
            It names the remedy.
        """
        raise InputError(
            f"{what} needs every row of the register at hand, and a scanned one is only read to select from. Read it "
            "with cm.read_register, all of it or one practice's rows."
        )

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

    @arguments.checked(scheme=arguments.scheme)
    def select_streamed(self, scheme: Scheme, **options: Any) -> Selection:
        """See :func:`casemgmt.select`, which calls this."""
        from casemgmt.batch.selecting import select_scanned

        return select_scanned(self, scheme, **options)

    @arguments.checked(path=arguments.path)
    def save_packed(self, path: str | Path) -> Path:
        """As :meth:`casemgmt.Register.save_packed`; the files are passed once, and again for every 8 million people."""
        from casemgmt.batch.packing_scanned import save_packed_scanned

        return save_packed_scanned(self, Path(path))

    def checked(self) -> Tally:
        """The account of all rows."""
        if self._tally is None:
            self.passed(lambda register, start, own: None)
        assert self._tally is not None  # noqa: S101 - a pass leaves it
        return self._tally

    @arguments.checked(tables=arguments.tables)
    def account(self, tables: list[pa.Table]) -> pa.Table:
        """The tables of all parts as one, in the order of the rows."""
        import pyarrow as pa

        names = ("source_file", "source_row", "practice_id", "field", "reason")
        if tables:
            return pa.concat_tables(tables).combine_chunks()
        return pa.schema([(n, pa.int64() if n == "source_row" else pa.string()) for n in names]).empty_table()

    @arguments.checked(see=arguments.to_be_called, restart=arguments.to_be_called)
    def passed(
        self, see: Callable[[Register, int, npt.NDArray[np.int32]], None], restart: Callable[[], None] = lambda: None
    ) -> Tally:
        """Pass all parts before ``see``, once with everything known that a part must know of the others.

        Parameters
        ----------
        see : is given each part's rows, the row of the whole at which its file begins, and its practices' numbers
        restart : is called before a pass begins anew
        """
        for _ in range(_MOST_PASSES):
            restart()
            tally, hashes = Tally(), None if self.learnt.looked else IdHashes()
            refusal: InputError | None = None
            maps = self.reader.value_maps()
            try:
                for part, start in self._parts():
                    maps.add(part.register.source_table)
                    own = tally.add(part)
                    if hashes is not None:
                        hashes.add(_of_usable_ids(part))
                    if refusal is None:
                        try:
                            see(part.register, start, own)
                        except InputError as error:
                            # A row may be to blame that the next pass will set aside.
                            refusal = error
                    self._say(tally.rows_in)
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
            repeated = None if hashes is None else hashes.repeated()
            self.learnt.looked = True
            if repeated is not None and len(repeated) and self._judge_repeats(repeated):
                continue
            self._tally = tally
            if refusal is not None:
                raise refusal
            return tally
        raise AssertionError("Every pass over the files met something new.")

    @property
    def parts(self) -> tuple[FilePart, ...]:
        """The files, as a register names its sources."""
        return self._late

    def _say(self, rows: int) -> None:
        if self._progress is not None:
            self._progress(rows, self.rows_in)

    def _parts(self) -> Iterator[tuple[Part, int]]:
        """Each part, with the row of the whole at which its file begins."""
        starts, start = {}, 0
        for file in self.files:
            starts[file.path] = start
            start += file.rows
        stretches = stretches_of(self.files, self._rows or ROWS_AT_A_TIME)
        slots, self.learnt.widths = None, {}
        for stretch, source in decoded(stretches, self.decoder, self._encoding, self._rows):
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

    def _make_room_for_gaps(self, flags: frozenset[str]) -> None:
        """Give flags room for missing values: those that were met with some; all, where others were met before."""
        from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS

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

    def _judge_repeats(self, repeated: npt.NDArray[np.uint64]) -> bool:
        """Bring the rows together whose ids may be repeated, and judge them as those of a register in memory."""
        import numpy as np

        from casemgmt.arrow import taken_rows

        tables, rows, reasons = [], [], []
        for part, start in self._parts():
            alike = np.flatnonzero(np.isin(part.judged.known_hashes, repeated))
            register, verdict = part.register, part.judged.verdict
            own = alike if register.source_row is None else register.source_row[alike]
            tables.append(taken_rows(register.source_table, alike))
            rows.append(own + start)
            reasons += [verdict.reasons[code] for code in verdict.code[alike].tolist()]
        whole, numbers = stacked(tables), np.concatenate(rows)
        verdict = Verdict(np.zeros(len(numbers), dtype=np.uint8))
        for why in sorted({why for why in reasons if why[0] in ("patient_id", "practice_id")}):
            verdict.set_aside(np.array([i for i, each in enumerate(reasons) if each == why], dtype=np.int64), *why)
        before = verdict.code.copy()
        ids = long_text(whole.column("patient_id").combine_chunks())
        judge_repeats(verdict, whole, ids, np.arange(len(numbers)), self.reader.registrations)
        changed = np.flatnonzero(verdict.code != before)
        self.learnt.differing = {int(numbers[i]): verdict.reasons[verdict.code[i]] for i in changed}
        self.learnt.merged = {int(numbers[row]): int(numbers[kept]) for row, kept in verdict.merged_into.items()}
        return bool(self.learnt.differing or self.learnt.merged)


def _of_usable_ids(part: Part) -> npt.NDArray[np.uint64]:
    """The hashes of ids that name somebody: the others take no part in repeats."""
    import numpy as np

    named = part.judged.verdict.names_somebody()
    hashes = part.judged.known_hashes
    return hashes if named.all() else np.asarray(hashes[named])


def _two_bits(slots: Mapping[str, Any]) -> frozenset[str]:
    """Flags that have room for a missing value."""
    return frozenset(
        name for name, slot in slots.items() if slot.group == "word" and slot.values == (False, True, None)
    )


def _with_gaps(files: list[RegisterFile], reader: Reader) -> frozenset[str]:
    """Flags for which the files' own statistics tell of missing values."""
    from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS

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
