"""Code lists read from files: shipped ones by name, others by path; a CSV of codes, and a side file that says whose."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt import arguments
from casemgmt.codes.codelist import MATCHES, CodeList, Entry, entry_fault, faults_text
from casemgmt.codes.list_columns import told_by_content
from casemgmt.codes.refusals import unknown_system
from casemgmt.codes.systems import SYSTEMS
from casemgmt.errors import (
    CodeError,
    did_you_mean,
    is_misspelt,
    listed,
    missing_columns,
    must_be,
    not_csv,
    unknown_key,
    unknown_name,
)
from casemgmt.rule_files import CODELIST_BYTES, CODELIST_LINES, SCHEME_BYTES, path_of, read_text, read_toml, shown_path

_SHIPPED = Path(__file__).with_name("lists")
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # where str.splitlines ends a line
_COLUMNS = ("code", "term", "condition", "match")
_WORDS = ("title", "system", "source", "version", "licence")
SIDE_KEYS = (*_WORDS, "match", "condition", "digest")


def list_codelists() -> list[str]:
    """The names of the shipped code lists, in alphabetical order.

    Examples
    --------
    >>> "charlson-quan-2005" in cm.list_codelists()
    True
    """
    return sorted(path.stem for path in _SHIPPED.glob("*.csv"))


@arguments.checked(
    system=arguments.text_or_none,
    condition=arguments.text_or_none,
    match=arguments.text_or_none,
    columns=arguments.text_mapping,
)
def load_codelist(
    source: str | Path,
    *,
    system: str | None = None,
    condition: str | None = None,
    match: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> CodeList:
    """A code list, read from a CSV file and checked code by code.

    The file has a column ``code``, or one column alone that holds codes of the system in every line, as downloads from
    OpenCodelists have (``CTV3Code``, ``snomedct``, ``id``, ``dmd_id``…). It may have ``term``, ``condition`` and
    ``match``; other columns are ignored. A side
    file of the same stem (``gout.toml`` beside ``gout.csv``), or lines ``# key: value`` before the header, say the
    title, system, source, version and licence. What is given here stands before what the file says.

    Parameters
    ----------
    source : the name of a shipped list, or the path of a file: a ``Path``, or text with a separator in it
    system : the coding system: ``icd10``, ``snomedct``, ``read2``, ``ctv3``, ``dmd``, ``rxnorm`` or ``opcs4``
    condition : the condition of every code, for a file without that column
    match : ``exact`` or ``prefix``, for a file without that column; ``exact`` where nothing says
    columns : the file's column name → ours, such as ``{"CTV3ID": "code", "Category": "condition"}``

    Returns
    -------
    CodeList

    Raises
    ------
    CodeError
        There is no such list or file; nothing says the system or the condition; a line holds no code of that system
        (all such lines are named, and why); or the list is not the one that its side file's ``digest`` speaks of.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("gout.csv").write_text("code,term\\nM10,Gout\\n")
    >>> cm.load_codelist("./gout.csv", system="icd10", condition="gout", match="prefix")
    <CodeList gout: 1 entry of icd10, 1 condition>
    """
    path, shipped = _path_of(source)
    where = f"code list '{path.stem}'" if shipped else shown_path(path)
    said, lines = _split_header(_read(path), where)
    said |= side_file(path.with_suffix(".toml"))
    said |= {key: value for key, value in (("system", system), ("condition", condition), ("match", match)) if value}
    check_sayings(said, where)
    entries = _entries(lines, said, columns or {}, where)
    words = {key: said.get(key, "") for key in _WORDS}
    built = CodeList(name=path.stem, entries=entries, **words)
    _check_digest(built, said.get("digest"), where, needed=shipped)
    return built


def _path_of(source: str | Path) -> tuple[Path, bool]:
    path_of(source, CodeError, "A code list")
    if isinstance(source, str) and not any(mark in source for mark in ("/", os.sep, os.altsep or os.sep)):
        names = list_codelists()
        if source not in names:
            hint = "A file is a Path, or has a separator, such as './my-list.csv'."
            raise unknown_name("code list", source, names, remedy=hint, error=CodeError)
        return _SHIPPED / f"{source}.csv", True
    return Path(source), False


def _read(path: Path) -> str:
    text = read_text(path, CodeError, CODELIST_BYTES, "code list")
    if sum(map(text.count, _LINE_ENDS)) > CODELIST_LINES:
        raise CodeError(f"{shown_path(path)}: more than {CODELIST_LINES:,} lines, which no code list needs.")
    return text


def _split_header(text: str, where: str) -> tuple[dict[str, Any], list[tuple[int, str]]]:
    """What the lines ``# key: value`` before the header say, and the other lines with their numbers."""
    said: dict[str, Any] = {}
    lines = list(enumerate(text.splitlines(keepends=True), 1))
    first = 0
    while first < len(lines) and (lines[first][1].startswith("#") or not lines[first][1].strip()):
        number, line = lines[first]
        first += 1
        key, colon, value = line.lstrip("#").partition(":")
        if not line.strip() or not colon:
            continue
        if key.strip() not in SIDE_KEYS:
            raise CodeError(
                f"{where}: line {number}: unknown key {listed([key.strip()])}.{did_you_mean(key, SIDE_KEYS)}"
            )
        said[key.strip()] = value.strip()
    return said, lines[first:]


def side_file(path: Path) -> dict[str, Any]:
    """What a side file says under ``[codelist]``; nothing where there is none."""
    if not os.path.lexists(path):
        return {}
    said = read_toml(read_text(path, CodeError, SCHEME_BYTES, "side file"), str(path), CodeError, "side file")
    table = said.get("codelist")
    if set(said) != {"codelist"} or not isinstance(table, dict):
        raise CodeError(f"{path}: write what the list says of itself under [codelist], and nothing else.")
    for key, value in table.items():
        if key not in SIDE_KEYS:
            raise unknown_key(str(path), key, SIDE_KEYS, error=CodeError)
        if not isinstance(value, str) or not value.strip():
            raise must_be(key, "text, and not empty", place=str(path), error=CodeError)
    return table


def check_sayings(said: Mapping[str, Any], where: str) -> None:
    """Refuse a coding system and a match that nobody knows of."""
    if "system" not in said:
        raise CodeError(
            f"{where}: nothing says the coding system. Give system='snomedct', or write it in the side file. "
            f"Known: {listed(SYSTEMS)}."
        )
    if said["system"] not in SYSTEMS:
        raise unknown_system(where, said["system"], list(SYSTEMS))
    if said.get("match", "exact") not in MATCHES:
        raise CodeError(f"{where}: match is 'exact' or 'prefix', not '{said['match']}'.")


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a line each of our columns stands; None where the file has no such column."""

    code: int
    term: int | None
    condition: int | None
    match: int | None


def _places(header: list[str], columns: Mapping[str, str], where: str) -> _Places:
    absent = [name for name in columns if name not in header]
    if absent:
        raise missing_columns(absent, header, "columns=")
    names = [columns.get(name, name) for name in header]
    for ours in _COLUMNS:
        if names.count(ours) > 1:
            raise CodeError(f"{where}: two columns are called '{ours}'.")
        near = [name for name in names if name not in _COLUMNS and is_misspelt(name, ours)]
        if ours not in names and near:
            raise CodeError(f"{where}: column '{near[0]}' looks like '{ours}'. Rename it with columns=.")
    place = {name: names.index(name) if name in names else None for name in _COLUMNS}
    return _Places(names.index("code"), place["term"], place["condition"], place["match"])


def _entries(
    lines: list[tuple[int, str]], said: Mapping[str, Any], columns: Mapping[str, str], where: str
) -> tuple[Entry, ...]:
    numbers = [number for number, _ in lines]
    reader = csv.reader(io.StringIO("".join(line for _, line in lines), newline=""), strict=True)
    kind = SYSTEMS[said["system"]]
    entries, faults = [], []
    try:
        header = [name.strip() for name in next(reader, [])]
        rows = [
            (numbers[min(reader.line_num, len(numbers)) - 1], cells)
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
        columns = {**columns, **told_by_content(header, [cells for _, cells in rows], columns, kind, where)}
        places = _places(header, columns, where)
        _check_condition(places, said, where)
        for number, cells in rows:
            if len(cells) != len(header):
                faults.append((number, f"{len(cells)} cells where the header has {len(header)}"))
                continue
            entry = Entry(
                code=cells[places.code].strip(" "),
                condition=said.get("condition", "") if places.condition is None else cells[places.condition].strip(),
                match=said.get("match", "exact") if places.match is None else cells[places.match].strip(),  # type: ignore[arg-type]  # Entry refuses any other word
                term="" if places.term is None else cells[places.term].strip(),
            )
            fault = entry_fault(kind, entry.code, entry.condition, entry.match)
            faults.extend([(number, fault)] if fault else [])
            entries.append(entry)
    except csv.Error as problem:
        raise not_csv(where, problem, error=CodeError) from None
    if faults:
        raise CodeError(faults_text(where, "line", faults))
    if not entries:
        raise CodeError(f"{where}: the list is empty.")
    return tuple(entries)


def _check_condition(places: _Places, said: Mapping[str, Any], where: str) -> None:
    if places.condition is None and "condition" not in said:
        raise CodeError(
            f"{where}: nothing says which condition the codes make. Give condition='diabetes', or add a column."
        )
    if places.condition is not None and "condition" in said:
        raise CodeError(f"{where}: the file has a column 'condition', so condition='{said['condition']}' has no place.")


def _check_digest(built: CodeList, digest: str | None, where: str, *, needed: bool) -> None:
    if digest is None and needed:
        raise CodeError(f"{where}: a shipped list states its digest in the side file.")
    if digest is not None and digest != built.digest:
        raise CodeError(
            f"{where}: the list is not the one that its digest speaks of: a code, condition or match was changed, "
            "swapped, added or lost. Restore the file, or review the change and write the new digest."
        )
