"""The mapping file: how one source of registers is written, kept beside it instead of in every call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict, TypeVar, cast

from casemgmt import rule_files
from casemgmt.errors import InputError, did_you_mean, unknown_key
from casemgmt.register.fields import CONDITIONS
from casemgmt.register.forms import FileForm, as_path, shown
from casemgmt.register.limits import Limits, Share
from casemgmt.register.questions import questions_of, refuse_unanswered, without_questions
from casemgmt.register.refusals import no_table

ALL_CONDITIONS = "all-conditions"
_MOST_BYTES = rule_files.MEGABYTE
READING: dict[str, type | tuple[type, ...]] = {
    "skip_lines": int,
    "separator": str,
    "encoding": str,
    "sheet": (str, int),
    "practice_pattern": str,
}
SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?%|[0-9]{1,9}/[0-9]{1,9}")
TOLERANCE = ("max_quarantined", "max_corrected")
SECTIONS = ("columns", "values", "date_formats", "null_means_absent", "reading", "tolerance")
# The file may hold the options of commands too, a table each (``[select]``, ``[caseload.propose]``): the command line
# reads those, and nothing else does.
COMMANDS = (
    *("demo", "check", "score", "select", "pack", "verify", "returns", "compare", "synthesise", "models", "schemes"),
    *("fields", "explain", "derive", "fit", "evaluate", "plan", "outcomes", "new-key", "pseudonymise", "reidentify"),
    *("report", "letters", "governance", "new-pipeline", "schemas", "warm"),
    *(
        f"caseload {name}"
        for name in (
            *("init", "propose", "decide", "record", "status", "due", "letters", "history", "homes", "list-sizes"),
            *("payments", "measures", "report", "verify", "export", "import", "migrate"),
        )
    ),
)
COMMAND_TABLES = tuple(dict.fromkeys(name.partition(" ")[0] for name in COMMANDS))


_Said = TypeVar("_Said")


class Reading(TypedDict, total=False):
    """What stands under ``[reading]`` in a mapping file."""

    skip_lines: int
    separator: str
    encoding: str
    sheet: str | int
    practice_pattern: str


class MappingFile(NamedTuple):
    """What a mapping file says, section by section; sections as of :class:`Declared`.

    ``name`` is what messages call the file, and ``questions`` what it leaves open.
    """

    columns: Mapping[str, str] = {}
    date_formats: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, object]] = {}
    null_means_absent: tuple[str, ...] = ()
    reading: Reading = Reading()
    tolerance: Mapping[str, Share] = {}
    name: str = ""
    questions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """How a register is written, as a mapping file and the arguments of a call say it together.

    Attributes
    ----------
    columns, values, date_format, null_means_absent, practice_pattern : as of :func:`casemgmt.read_register`
    form : how its files are written
    tolerance : ``max_quarantined`` and ``max_corrected``, as far as they are said
    """

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, object]]
    date_format: Mapping[str, str]
    null_means_absent: Iterable[str]
    practice_pattern: str | None
    form: FileForm
    tolerance: Mapping[str, Share]

    def limits(self, max_quarantined: Share | None, max_corrected: Share | None) -> Limits:
        """The shares of a call, and where it is silent those of the mapping file, else the usual ones."""
        of_file = Limits().changed(*(self.tolerance.get(name) for name in TOLERANCE))
        return of_file.changed(max_quarantined, max_corrected)


def declare(
    config: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, object]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] | None = None,
    practice_pattern: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    skip_lines: int | None = None,
    sheet: str | int | None = None,
) -> Declared:
    """What is said of a register: by the arguments, and where they are silent by the mapping file.

    Parameters
    ----------
    config : the path of a mapping file; None for none
    encoding, separator, skip_lines, sheet : of :class:`FileForm`, None where nothing is said

    Raises
    ------
    InputError
        There is no such file, or it says something it may not say.
    """
    for name, said in (("columns", columns), ("values", values), ("date_format", date_format)):
        if said is not None and not isinstance(said, Mapping):
            raise InputError(f"{name}= is a mapping, such as {{'…': '…'}}.")
    for name, said in (("columns", columns), ("date_format", date_format)):
        if said and not all(isinstance(text, str) for pair in said.items() for text in pair):
            raise InputError(f"{name}= holds texts alone, such as {{'…': '…'}}.")
    if null_means_absent is not None and not isinstance(null_means_absent, Iterable):
        raise InputError("null_means_absent= is a list of conditions, such as ['copd'].")
    file = MappingFile() if config is None else read_config(config)
    reading = file.reading
    form = {"separator": separator, "skip_lines": skip_lines, "encoding": encoding, "sheet": sheet}
    _refuse_open(file, columns or {}, values or {}, date_format or {}, form, absent_said=null_means_absent is not None)
    # A field that a call maps another column to is not mapped twice.
    of_file = {k: v for k, v in file.columns.items() if v not in (columns or {}).values()}
    absent = file.null_means_absent if null_means_absent is None else null_means_absent
    if absent in (ALL_CONDITIONS, [ALL_CONDITIONS]):
        absent = CONDITIONS
    return Declared(
        columns={**of_file, **(columns or {})},
        values={**file.values, **(values or {})},
        date_format={**file.date_formats, **(date_format or {})},
        null_means_absent=absent if isinstance(absent, str) else tuple(absent),
        practice_pattern=_first(practice_pattern, reading.get("practice_pattern"), None),
        form=FileForm(
            encoding=_first(encoding, reading.get("encoding"), "utf-8"),
            separator=_first(separator, reading.get("separator"), None),
            skip_lines=_first(skip_lines, reading.get("skip_lines"), 0),
            sheet=_first(sheet, reading.get("sheet"), None),
        ),
        tolerance=file.tolerance,
    )


def _refuse_open(
    file: MappingFile,
    columns: Mapping[str, str],
    values: Mapping[str, object],
    date_format: Mapping[str, str],
    form: Mapping[str, object],
    *,
    absent_said: bool,
) -> None:
    """Stop where the file leaves a question open that the call does not answer."""
    answered = {("reading", name) for name, said in form.items() if said is not None}
    answered |= {("columns", name) for pair in columns.items() for name in pair}
    answered |= {("date_formats", name) for name in date_format}
    answered |= {("", "null_means_absent")} if absent_said else set()
    mapped = {f"values.{name}" for name in values}
    refuse_unanswered(file.name, [each for each in file.questions if each not in answered and each[0] not in mapped])


def _first(of_call: _Said | None, of_file: _Said | None, usual: _Said) -> _Said:
    """What the call says, else the mapping file, else what is usual."""
    if of_call is not None:
        return of_call
    return usual if of_file is None else of_file


def read_config(path: str | Path) -> MappingFile:
    """What a mapping file says, section by section, with nothing unknown in it.

    Raises
    ------
    InputError
        It cannot be read, is no TOML, or says something it may not say; the message names the section and the key.
    """
    whole, name = _document(path)
    document = without_questions(whole)
    return MappingFile(
        name=name,
        questions=tuple(questions_of(whole, SECTIONS)),
        columns=_texts(document.get("columns", {}), f"{name}: [columns]"),
        date_formats=_texts(document.get("date_formats", {}), f"{name}: [date_formats]"),
        values=_values(document.get("values", {}), name),
        null_means_absent=_absent(document.get("null_means_absent", []), name),
        reading=_reading(document.get("reading", {}), f"{name}: [reading]"),
        tolerance=_tolerance(document.get("tolerance", {}), f"{name}: [tolerance]"),
    )


def _document(path: str | Path) -> tuple[dict[str, object], str]:
    """What stands in a file, and what messages call it; its sections are known ones."""
    what = "mapping file"
    # A text that is no path may be a patient's row, so that it is looked for before the reader names it.
    place = as_path(path) if isinstance(path, (str, Path)) else path
    text = rule_files.read_text(rule_files.path_of(place, InputError, "config="), InputError, _MOST_BYTES, what)
    name = f"The mapping file {shown(path)}"
    document = rule_files.read_toml(text, name, InputError, what)
    of_commands = {key: value for key, value in document.items() if key in COMMAND_TABLES}
    _known(
        {key: value for key, value in document.items() if key not in COMMAND_TABLES},
        SECTIONS,
        name,
        more=COMMAND_TABLES,
    )
    for key, table in of_commands.items():
        if not isinstance(table, dict):
            raise no_table(f"{name}: [{key}]")
    return document, name


def command_table(path: str | Path, command: str) -> tuple[MappingFile, dict[str, object]]:
    """What a file says as a mapping file, and its table of options for a command, such as ``caseload propose``.

    Raises
    ------
    InputError
        As :func:`read_config`; and a table of a command that there is none of.
    """
    document, name = _document(path)
    mapping = read_config(path)
    group = document.get("caseload", {})
    of_group = [each.partition(" ")[2] for each in COMMANDS if each.startswith("caseload ")]
    _known(group, of_group, f"{name}: [caseload]")
    first, _, second = command.partition(" ")
    table = document.get(first, {})
    if second:
        table = table.get(second, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise no_table(f"{name}: [{command.replace(' ', '.')}]")
    return mapping, table


def _known(table: object, known: Sequence[str], where: str, more: Sequence[str] = ()) -> dict[str, object]:
    if not isinstance(table, dict):
        raise no_table(where)
    for key in table:
        if key not in known:
            hint = did_you_mean(key, (*known, *more))
            if key in SECTIONS:
                hint = f" '{key}' stands above the first section, or is a section of its own."
            elif key in READING:
                hint = " It stands in [reading]."
            raise unknown_key(where, key[:60], known, hint=hint, listing=True)
    return table


def _texts(table: object, where: str) -> dict[str, str]:
    if not isinstance(table, dict):
        raise no_table(where)
    for key, value in table.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: '{key[:60]}' needs a text in quotes.")
    return table


def _values(table: object, name: str) -> dict[str, dict[str, object]]:
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise InputError(f"{name}: values stand under the name of their field: [values.sex].")
    for field, mapping in table.items():
        if any(not isinstance(value, (str, int)) for value in mapping.values()):
            raise InputError(f"{name}: [values.{field[:60]}] needs texts, whole numbers, true or false.")
    return table


def _absent(said: object, name: str) -> tuple[str, ...]:
    if said in (ALL_CONDITIONS, [ALL_CONDITIONS]):
        return CONDITIONS
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise InputError(f'{name}: null_means_absent is a list of conditions, or "{ALL_CONDITIONS}".')
    return tuple(said)


def _reading(table: object, where: str) -> Reading:
    known = _known(table, tuple(READING), where)
    for key, value in known.items():
        if not isinstance(value, READING[key]) or isinstance(value, bool):
            raise InputError(f"{where}: '{key}' needs {'a whole number' if READING[key] is int else 'a text'}.")
    return cast("Reading", dict(known))


def _tolerance(table: object, where: str) -> dict[str, Share]:
    known = _known(table, TOLERANCE, where)
    for key, value in known.items():
        is_share = isinstance(value, str) and SHARE.fullmatch(value)
        if isinstance(value, bool) or not (isinstance(value, (int, float)) or is_share):
            raise InputError(f"{where}: '{key}' needs a share, such as 0.02 or \"2%\".")
    return cast("dict[str, Share]", dict(known))
