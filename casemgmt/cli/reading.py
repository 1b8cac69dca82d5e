"""The options that say how a register is read, the same for every command that reads one."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.facts import register_facts
from casemgmt.cli.show import give, wants
from casemgmt.dates import as_date
from casemgmt.errors import InputError, listed, not_csv, plural
from casemgmt.rule_files import LIST_SIZES_BYTES, path_of, read_text

if TYPE_CHECKING:
    from casemgmt.register.register import Register
    from casemgmt.scanned.scanning import ScannedRegister

ALL_CONDITIONS = "all-conditions"
LARGE = 2_000_000
_MOST_DIGITS = 9  # of a list size
# A packed register has been read already: of how, only this can still be said.
_OF_PACKED = ("as_of", "extracted_on", "expected_rows", "max_quarantined", "max_corrected")


def a_date(text: str) -> dt.date:
    """An ISO date from the command line."""
    try:
        return as_date(text)
    except InputError:
        raise typer.BadParameter("write an ISO date (YYYY-MM-DD), such as 2015-04-01.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTwo:
    """What is said of each of two registers on its own."""

    before: Annotated[
        list[Path],
        typer.Argument(
            metavar="BEFORE",
            help="The earlier register: files, folders, or patterns such as 'march/*.csv'. Without --with two words: "
            "BEFORE and AFTER, a file, folder or pattern each.",
        ),
    ]
    as_of_before: Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The list date of BEFORE.")]
    as_of: Annotated[dt.date, typer.Option(parser=a_date, metavar="DATE", help="The list date of AFTER.")]
    extracted_on_before: Annotated[
        dt.date | None,
        typer.Option(parser=a_date, metavar="DATE", help="The day BEFORE was drawn. [default: its list date]"),
    ] = None
    extracted_on: Annotated[
        dt.date | None,
        typer.Option(parser=a_date, metavar="DATE", help="The day AFTER was drawn. [default: its list date]"),
    ] = None
    with_: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="AFTER...",
            help="The later register, of as many files; or the same again, to ask what if. Its files end at the next "
            "option.",
        ),
    ] = None
    expected_rows_before: Annotated[
        int | None, typer.Option(min=0, help="Refuse BEFORE with another number of rows.")
    ] = None
    expected_rows: Annotated[int | None, typer.Option(min=0, help="Refuse AFTER with another number of rows.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a user says about a register on the command line; the words are those of :func:`casemgmt.read_register`."""

    registers: Annotated[
        list[Path],
        typer.Argument(
            metavar="REGISTER",
            help="Parquet, CSV, Excel or Arrow files, a folder of them, or patterns such as 'extracts/*.csv', that "
            "together are one register.",
        ),
    ]
    as_of: Annotated[
        dt.date,
        typer.Option(parser=a_date, metavar="DATE", help="The list date, on which ages and list sizes are taken."),
    ]
    extracted_on: Annotated[
        dt.date | None,
        typer.Option(
            parser=a_date,
            metavar="DATE",
            help="The day the data was drawn. [default: as the data says, else the list date]",
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="ITS_NAME=FIELD", help="A column under another name: NHSNo=patient_id. Repeatable."),
    ] = None
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD:TEXT=VALUE", help="A value written another way: sex:1=M; sex:X= is missing. Repeatable."
        ),
    ] = None
    date_format: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=FORM", help="A date not in ISO form: date_of_birth=%d/%m/%Y. Repeatable."),
    ] = None
    null_means_absent: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"A condition whose gaps mean absent, or {ALL_CONDITIONS}. Repeatable."),
    ] = None
    practice_pattern: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="What a whole practice code looks like. [default: an ODS code]"),
    ] = None
    encoding: Annotated[str | None, typer.Option(help="Of CSV files. [default: utf-8]")] = None
    separator: Annotated[
        str | None, typer.Option(metavar="MARK", help="Between the values of CSV files: ';', tab or '|'. [default: ,]")
    ] = None
    skip_lines: Annotated[
        int | None, typer.Option(min=0, help="Lines of a CSV file, or rows of a sheet, before the header.")
    ] = None
    sheet: Annotated[str | None, typer.Option(metavar="NAME|NUMBER", help="Of an Excel workbook that has several.")] = (
        None
    )
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="A mapping file that says how the register is written, and in a table a command any of its options; "
            "what is typed comes before it.",
        ),
    ] = None
    expected_rows: Annotated[int | None, typer.Option(min=0, help="Refuse a register with another number of rows.")] = (
        None
    )
    extracts_within: Annotated[
        int,
        typer.Option(min=0, metavar="DAYS", help="How far apart the days may be on which the data says it was drawn."),
    ] = 0
    max_quarantined: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Of rows, of the register and each practice, that may be quarantined. [default: 5%]"
        ),
    ] = None
    max_corrected: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Of a field's values, of the register and each practice, corrected. [default: 10%]"
        ),
    ] = None

    def register(self) -> Register:
        """The register, read and checked."""
        from casemgmt.register.reading import read_register

        one = self.registers[0] if len(self.registers) == 1 else self.registers
        register = read_register(one, **self._options())
        if wants("register"):
            give(register=register_facts(register))
        return register

    def scanned(self, progress: Callable[[int, int], None], memory: str | None = None) -> ScannedRegister:
        """The register, to be read a part at a time."""
        from casemgmt.register.packed_file import is_packed
        from casemgmt.scanned.opening import scan_register

        options = self._options()
        if len(self.registers) == 1 and is_packed(self.registers[0]):
            options = {name: options[name] for name in _OF_PACKED}
        return scan_register(list(self.registers), memory=memory, progress=progress, **options)

    def is_large(self) -> bool:
        """Whether the register is a packed file, or Parquet files of so many rows that holding them all is a waste."""
        from casemgmt.parquet.frame import check_frame
        from casemgmt.register.forms import data_files
        from casemgmt.register.packed_file import is_packed

        rows = 0
        for path in data_files(list(self.registers)):
            if path.suffix.lower() not in (".parquet", ".pq"):
                return False
            if is_packed(path):
                return True
            try:
                rows += check_frame(path).rows
            except (OSError, ValueError):
                return False  # whoever reads it will say what is wrong
        return rows >= LARGE

    def form(self) -> dict[str, Any]:
        """How its files are written."""
        sheet = int(self.sheet) if self.sheet is not None and self.sheet.isdecimal() else self.sheet
        form = {"separator": self.separator, "skip_lines": self.skip_lines, "sheet": sheet}
        return {"encoding": self.encoding, **form}

    def lines_above(self) -> int:
        """How many lines of its files stand above the header, as it was said or as the mapping file says."""
        from casemgmt.register.config import read_config

        if self.skip_lines is not None or self.config is None:
            return self.skip_lines or 0
        return read_config(self.config).reading.get("skip_lines", 0)

    def columns(self) -> dict[str, str]:
        """Columns under other names."""
        return pairs(self.column, "--column", "NHSNo=patient_id")

    def _options(self) -> dict[str, Any]:
        from casemgmt.register.fields import CONDITIONS

        absent = self.null_means_absent or []
        return {
            "as_of": self.as_of,
            "extracted_on": self.extracted_on,
            "columns": self.columns(),
            "values": _value_maps(self.value),
            "date_format": pairs(self.date_format, "--date-format", "date_of_birth=%d/%m/%Y"),
            "null_means_absent": CONDITIONS if ALL_CONDITIONS in absent else absent or None,
            "practice_pattern": self.practice_pattern,
            **self.form(),
            "config": self.config,
            "expected_rows": self.expected_rows,
            "extracts_within": self.extracts_within,
            "max_quarantined": self.max_quarantined,
            "max_corrected": self.max_corrected,
        }


def takes_register(run: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose first parameter is a :class:`Reading` the options of one, beside its own."""
    shared = dict(inspect.signature(Reading, eval_str=True).parameters)
    first = [shared.pop("registers"), shared.pop("as_of")]

    @functools.wraps(run)
    def with_register(**options: Any) -> None:
        reading = Reading(**{name: options.pop(name) for name in ("registers", "as_of", *shared)})
        run(reading, **options)

    return _signed(with_register, run, first, list(shared.values()), readings=1)


def takes_two_registers(run: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose first two parameters are :class:`Reading` the options of both, beside its own.

    Files, dates and row counts are each register's own; how columns and values are read is the same for both.
    """
    shared = dict(inspect.signature(Reading, eval_str=True).parameters)
    of_one = [shared.pop(name) for name in ("registers", "as_of", "extracted_on", "expected_rows")]
    twice = inspect.signature(_OfTwo, eval_str=True).parameters

    @functools.wraps(run)
    def with_registers(**options: Any) -> None:
        own = {name: options.pop(name) for name in twice}
        same = {name: options.pop(name) for name in shared}
        files = _two_sides(own["before"], own["with_"] or [])
        before, after = (
            Reading(
                registers=files[register],
                **{each.name: own[f"{each.name}{suffix}"] for each in of_one[1:]},
                **same,
            )
            for register, suffix in (("before", "_before"), ("after", ""))
        )
        run(before, after, **options)

    dated = ("before", "as_of_before", "as_of")
    first, last = [twice[name] for name in dated], [each for name, each in twice.items() if name not in dated]
    return _signed(with_registers, run, first, [*last, *shared.values()], readings=2)


def _two_sides(before: list[Path], after: list[Path]) -> dict[str, list[Path]]:
    """The files of each side; two words without --with are one of each."""
    if after:
        return {"before": before, "after": after}
    if len(before) != 2:
        said = "the earlier register alone" if len(before) == 1 else f"{len(before)} files"
        raise typer.BadParameter(f"{said}: give the files of the later one behind it.", param_hint="--with")
    return {"before": before[:1], "after": before[1:]}


def _signed(
    made: Callable[..., None],
    run: Callable[..., None],
    first: list[inspect.Parameter],
    last: list[inspect.Parameter],
    readings: int,
) -> Callable[..., None]:
    """The command with a signature that typer can read: registers, its own arguments and options, then how to read."""
    own = list(inspect.signature(run, eval_str=True).parameters.values())[readings:]
    options = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*first, *own, *last)]
    made.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # read by typer alone
    made.__annotations__ = {}
    return made


def pairs(texts: list[str] | None, option: str, example: str) -> dict[str, str]:
    """``["NHSNo=patient_id"]`` as a mapping."""
    found: dict[str, str] = {}
    for text in texts or []:
        left, equals, right = text.partition("=")
        if not (left and equals and right):
            raise typer.BadParameter(f"write it as {example}.", param_hint=option)
        if left in found:
            raise typer.BadParameter(f"gives {left} twice. Keep one.", param_hint=option)
        found[left] = right
    return found


def _value_maps(texts: list[str] | None) -> dict[str, dict[str, str]]:
    """``["sex:1=M", "sex:2=F"]`` as one mapping a field; the text may hold colons and equals signs, the value none.

    An empty value stands for a missing one.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts or []:
        name, colon, rest = text.partition(":")
        before, equals, after = rest.rpartition("=")
        if not (name and colon and equals):
            raise typer.BadParameter("write it as sex:1=M; sex:X= means that X is missing.", param_hint="--value")
        if before in found.setdefault(name, {}):
            raise typer.BadParameter(f"maps a text of {name} twice. Keep one.", param_hint="--value")
        found[name][before] = after
    return found


def read_list_sizes(path: Path) -> dict[str, int]:
    """Official list sizes from a CSV file with the columns practice_id and list_size."""
    path = path_of(path, InputError, "The file of list sizes")
    text = read_text(path, InputError, LIST_SIZES_BYTES, "file of list sizes")
    try:
        return _list_sizes(path, csv.DictReader(text.splitlines(), strict=True))
    except csv.Error as problem:
        raise not_csv(path.name, problem, kind="CSV file of list sizes") from None


def _list_sizes(path: Path, reader: csv.DictReader[str]) -> dict[str, int]:
    missing = [name for name in ("practice_id", "list_size") if name not in (reader.fieldnames or [])]
    if missing:
        raise InputError(f"{path.name} lacks {plural(len(missing), 'column')}: {listed(missing)}.")
    sizes: dict[str, int] = {}
    for row in reader:
        practice, size = (row["practice_id"] or "").strip(), (row["list_size"] or "").strip()
        where = f"{path.name}, line {reader.line_num}"
        if not practice or practice in sizes:
            raise InputError(f"{where}: the practice is {'written twice' if practice else 'missing'}.")
        if not (size.isascii() and size.isdigit() and len(size) <= _MOST_DIGITS):
            raise InputError(f"{where}: list_size is not a whole number of people, written without commas.")
        sizes[practice] = int(size)
    return sizes
