"""How the files of a register are written, and which paths and folders stand for files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from casemgmt.errors import InputError, did_you_mean, listed, plural
from casemgmt.register.patterns import expanded, is_pattern, matching

# As it is said → as it is written.
SEPARATORS = {
    ",": ",",
    ";": ";",
    "\t": "\t",
    "|": "|",
    "^": "^",
    "~": "~",
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}
# The endings of files that are read, without .gz.
CSV, TAB, TEXT, EXCEL = (".csv",), (".tsv", ".tab"), (".txt", ".dat"), (".xlsx", ".xlsm")
PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
ENDINGS = (*PARQUET, *CSV, *TAB, *TEXT, *EXCEL, *ARROW)
GZIP = ".gz"
_LONGEST_PATH = 1_000
# A name with other characters, or with so many digits together, may be a row or an id given in place of a path.
_FILE_NAME = re.compile(r"[\w .()+\-]{1,120}\.[A-Za-z]{1,8}")
_LONG_NUMBER = re.compile(r"\d{9}")
# What is written beside data: marks, checksums, folders of views, locks of open workbooks. Its names begin with these.
_BESIDE = (".", "_", "~$")
_DESKTOP = ("desktop.ini", "thumbs.db")
_UNFINISHED = ("_temporary", ".spark-staging")
_TABLE_LOGS = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """How text files and workbooks are written.

    Attributes
    ----------
    encoding : of a text file; a Python codec name
    separator : between the values of a text file; a comma, in ``.tsv`` files a tab, unless said
    skip_lines : lines, or rows of a sheet, before the header
    sheet : of a workbook: its name, or its place from 1; needed where there are several
    texts : columns of a workbook that must be text, since a number has lost its leading zeros
    """

    encoding: str = "utf-8"
    separator: str | None = None
    skip_lines: int = 0
    sheet: str | int | None = None
    texts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what no file can be written like."""
        if not isinstance(self.encoding, str):
            raise InputError("encoding= is the name of an encoding, such as 'utf-8' or 'cp1252'.")
        if self.separator is not None:
            known = SEPARATORS.get(self.separator) if isinstance(self.separator, str) else None
            if known is None:
                raise InputError("separator= is one of ',', ';', 'tab', '|', '^' and '~'.")
            object.__setattr__(self, "separator", known)
        whole = isinstance(self.skip_lines, int) and not isinstance(self.skip_lines, bool)
        if not whole or not 0 <= self.skip_lines <= 10_000:
            raise InputError("skip_lines= is the number of lines before the header, from 0 to 10,000.")
        if isinstance(self.sheet, bool) or not isinstance(self.sheet, (str, int, type(None))):
            raise InputError("sheet= is the name of a sheet, or its place from 1.")

    def separator_of(self, ending: str) -> str:
        """The separator of a file with this ending."""
        return self.separator or ("\t" if ending in TAB else ",")


def form_of(said: FileForm | str) -> FileForm:
    """A form, or a form with this encoding and nothing else out of the ordinary."""
    return said if isinstance(said, FileForm) else FileForm(encoding=said)


def with_texts(form: FileForm, columns: Mapping[str, str] | None, fields: Sequence[str]) -> FileForm:
    """The form, with the columns that are mapped to one of ``fields`` as text."""
    from dataclasses import replace

    found = frozenset(source for source, field in (columns or {}).items() if field in fields)
    return replace(form, texts=form.texts | found | frozenset(fields))


def ending_of(path: Path) -> tuple[str, bool]:
    """A file's ending in small letters, and whether it is compressed: ``.csv`` and True for ``a.csv.gz``."""
    endings = [each.lower() for each in path.suffixes[-2:]]
    if endings and endings[-1] == GZIP:
        return (endings[0] if len(endings) == 2 else ""), True
    return (endings[-1] if endings else ""), False


def shown(path: Path | str) -> str:
    """A path as an error may show it: its last part, if that looks like the name of a file or folder of data."""
    text = str(path)
    name = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    fits = len(text) <= _LONGEST_PATH and _FILE_NAME.fullmatch(name) and not _LONG_NUMBER.search(name)
    return name if fits else "what was given as a path"


def missing_file(path: Path | str) -> InputError:
    """There is nothing where a path points to; a text that is no path is not repeated."""
    name = shown(path)
    if name == shown(""):
        return InputError(
            "There is no file or folder of the name that was given. A text is taken as a path: give the path of a "
            "file, or a data frame."
        )
    return InputError(f"There is no file {name}. Check its folder and its spelling.")


def as_path(said: Path | str) -> Path:
    """A path to something that is there.

    Raises
    ------
    InputError
        It is not, or the text is no path; it is not repeated.
    """
    text = str(said)
    if not text.strip() or len(text) > _LONGEST_PATH or any(c in text for c in "\n\r\0"):
        raise missing_file("")
    path = Path(said)
    try:
        there = path.exists()
    except (OSError, ValueError):
        raise missing_file(said) from None
    if not there:
        raise missing_file(said)
    return path


def is_paths(source: object) -> TypeGuard[Sequence[str | Path]]:
    """Whether a source is a list of paths."""
    return isinstance(source, (list, tuple)) and bool(source) and all(isinstance(each, (str, Path)) for each in source)


def data_files(source: Path | str | Sequence[Path | str]) -> list[Path]:
    """The files of a path, a folder of part files, a pattern such as ``extracts/*.csv``, or a list of these, in order.

    What a pattern matches is sorted, and a file that is named by a pattern and once more is there once.

    Raises
    ------
    InputError
        A path to nothing, a pattern that matches nothing, or a folder or pattern that is not one of files of one kind.
    """
    each = [source] if isinstance(source, (str, Path)) else source
    for said in each:
        if is_pattern(said):
            _check_one_kind("The pattern", [path for path in matching(said) if not path.is_dir()])
    found: list[Path] = []
    for said in expanded(each):
        path = as_path(said)
        found += _files_in(path) if path.is_dir() else [path]
    return found


def _files_in(folder: Path) -> list[Path]:
    """The part files in a folder, by name, as Spark and others write them."""
    name = folder_name(folder)
    beside: list[Path] = []
    files: list[Path] = []
    try:
        for path in sorted(folder.iterdir()):
            is_beside = path.name.startswith(_BESIDE) or path.name.casefold() in _DESKTOP
            (beside if is_beside else files).append(path)
    except OSError as error:
        raise InputError(f"{name} cannot be listed: {error.strerror}.") from None
    marks = {path.name for path in beside}
    for log, kind in _TABLE_LOGS.items():
        if log in marks:
            raise InputError(f"{name} is {kind}, in which old rows lie beside new ones. Write it out as Parquet files.")
    if marks & set(_UNFINISHED):
        raise InputError(f"{name} is still being written, or its writing was broken off. Write it again.")
    folders = [path for path in files if path.is_dir()]
    if folders:
        raise InputError(
            f"{name} holds {plural(len(folders), 'folder')}, whose names may be values. Give the files themselves."
        )
    if "_SUCCESS" in marks:
        # Spark writes an empty text file for a part without rows; without its mark an empty file is a broken copy.
        files = [path for path in files if path.stat().st_size or ending_of(path)[0] not in CSV]
    if not files:
        raise InputError(f"{name} is a folder without a file of data.")
    _check_one_kind(name, files)
    return files


def _check_one_kind(name: str, files: Sequence[Path]) -> None:
    kinds = sorted({"".join((ending_of(path)[0], GZIP * ending_of(path)[1])) or "no ending" for path in files})
    if len(kinds) > 1:
        raise InputError(f"{name} holds files of {len(kinds)} kinds ({listed(kinds)}). Leave those of one register.")


def folder_name(folder: Path) -> str:
    """A folder as an error may show it."""
    name = folder.name
    fits = name and re.fullmatch(r"[\w .()+\-]{1,120}", name) and not _LONG_NUMBER.search(name)
    return name if fits else "The folder"


def unknown_ending(path: Path, ending: str) -> InputError:
    """A file of a kind that is not read."""
    said = ending if re.fullmatch(r"\.[a-z]{1,8}", ending) else ""
    remedy = " Save it as .xlsx." if said == ".xls" else did_you_mean(said, ENDINGS) if said else ""
    return InputError(
        f"{shown(path)}: a register is read from .parquet, .csv, .csv.gz, .tsv, .xlsx or .arrow, "
        f"not '{said or 'no ending'}'.{remedy}"
    )
