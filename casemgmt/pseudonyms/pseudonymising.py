"""A register with keyed pseudonyms in place of NHS numbers, made where the numbers may be seen: in the practice."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import array_of, numpy_of, rows_of, texts
from casemgmt.errors import InputError, InputWarning, missing_columns, no_such_column, not_text, plural
from casemgmt.pseudonyms.elsewhere import numbers_in
from casemgmt.pseudonyms.key import Key, read_key
from casemgmt.pseudonyms.numbers import REASONS, SOUND, judged
from casemgmt.pseudonyms.refusals import already_done, number_elsewhere, too_many_set_aside
from casemgmt.register.limits import share_of
from casemgmt.register.sources import open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import TableLike

ID = "patient_id"
OBJECTED = "objected"
SAID = "pseudonymised"  # in the metadata of the table
MOST_SET_ASIDE = "5%"


@dataclass(frozen=True, slots=True, repr=False)
class Numbered:
    """A table through the door, with the ten digits of each row whose NHS number is sound.

    Attributes
    ----------
    table : those rows, every column as it came but for the id's name
    digits : of each, ``large_string``
    set_aside : how many rows have none, by reason
    rows : all that came in
    said : what an earlier step of this library wrote about the table
    """

    table: pa.Table
    digits: pa.Array
    set_aside: Mapping[str, int]
    rows: int
    said: Mapping[str, object]


@arguments.checked(columns=arguments.text_mapping)
def pseudonymise(
    frame: TableLike,
    *,
    key: Path | str,
    columns: Mapping[str, str] | None = None,
    opt_outs: TableLike | None = None,
    max_set_aside: str | float = MOST_SET_ASIDE,
) -> pa.Table:
    """The same table with a pseudonym in place of each NHS number: HMAC-SHA-256 of its ten digits, in hexadecimal.

    The check digit is tested first. Rows whose number is missing, damaged or no NHS number are left out and counted:
    in a warning, and in the table's metadata. Nothing else is changed, so drop names, addresses and whatever else says
    who somebody is before a table leaves.

    Parameters
    ----------
    frame : a path, or a pandas, polars, pyarrow or DuckDB frame, as :func:`casemgmt.read_register` takes it
    key : where the key is: a ``Path`` of a file that its owner alone may read, or ``"env:NAME"``; at least 32 bytes
    columns : what columns are called there, such as ``{"NHSNo": "patient_id"}``
    opt_outs : a path or frame of the numbers of those who object to risk stratification, in a column ``patient_id``;
        they get ``objected``: they stay in the list size and are never ranked
    max_set_aside : the share of rows that may be left out; beyond it the table is refused

    Returns
    -------
    pyarrow.Table
        the rows in their order, ``patient_id`` as text of 64 hexadecimal digits. The same number and key always give
        the same pseudonym, whatever the form: ``999 000 0018``, ``999-000-0018`` and ``9990000018``

    Raises
    ------
    InputError : the key is missing or weak, too many numbers are none, or another column holds the numbers too

    Examples
    --------
    >>> import secrets, pyarrow as pa
    >>> from pathlib import Path
    >>> key = Path("practice.key")
    >>> key.touch(mode=0o600); _ = key.write_text(secrets.token_hex(32))  # as `casemgmt new-key` does
    >>> people = pa.table({"patient_id": ["999 000 0018"], "practice_id": ["C87616"]})
    >>> [len(each) for each in cm.pseudonymise(people, key=key).column("patient_id").to_pylist()]
    [64]
    """
    secret = read_key(key)
    limit = share_of(max_set_aside, "max_set_aside")
    numbered = numbered_rows(frame, columns)
    aside = sum(numbered.set_aside.values())
    if aside:
        said = _in_words(numbered.set_aside, numbered.rows)
        if aside > limit * numbered.rows:
            raise too_many_set_aside(said, f"{float(limit):.3%}".replace(".000", "").rstrip())
        warnings.warn(f"pseudonymise: {said}. They are not in the table.", InputWarning, stacklevel=3)
    _refuse_numbers_elsewhere(numbered)
    table = numbered.table
    if opt_outs is not None:
        table = _with_objections(table, numbered.digits, opt_outs)
    table = table.set_column(table.column_names.index(ID), ID, pseudonyms_of(numbered.digits, secret))
    account = {"rows": numbered.rows, "set_aside": dict(numbered.set_aside), "objected": objections_in(table)}
    said_now = {**numbered.said, SAID: account}
    metadata = {**(table.schema.metadata or {}), b"casemgmt": json.dumps(said_now, sort_keys=True).encode()}
    metadata.pop(b"pandas", None)  # it describes the columns as they were
    return table.replace_schema_metadata(metadata)


def numbered_rows(frame: TableLike, columns: Mapping[str, str] | None) -> Numbered:
    """A table through the door of registers, and its sound NHS numbers."""
    import numpy as np

    source = open_source(frame)
    table = _renamed(source.table, columns or {})
    if ID not in table.column_names:
        raise missing_columns([ID], table.column_names, "pseudonymise")
    if SAID in source.metadata:
        raise already_done()
    column = table.column(ID)
    if not _is_text(column.type):
        raise not_text(ID, f"{column.type}, not text: leading zeros and long numbers are lost in numbers")
    digits, fault = judged(column)
    sound = np.flatnonzero(fault == SOUND)
    aside = Counter(REASONS[place] for place in fault[fault != SOUND].tolist())
    aside.update(reason for _, reason in source.unsplit)
    if len(sound) < table.num_rows:
        table, digits = table.take(rows_of(sound)), digits.take(rows_of(sound))
    in_order = {reason: aside[reason] for reason in sorted(aside)}
    return Numbered(table, digits, in_order, source.rows_in, source.metadata)


def pseudonyms_of(digits: pa.Array, key: Key) -> pa.Array:
    """The pseudonym of each ten digits, as text."""
    encoded = digits.dictionary_encode()
    made = texts(key.mac(number.encode()) for number in encoded.dictionary.to_pylist())
    return made.take(encoded.indices)


def objections_in(table: pa.Table) -> int | None:
    """How many rows say that somebody objects to risk stratification; None where no column says it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if OBJECTED not in table.column_names:
        return None
    column = table.column(OBJECTED)
    if pa.types.is_boolean(column.type):
        return int(pc.sum(column).as_py() or 0)
    said = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.large_string())))
    return int(pc.sum(pc.is_in(said, texts(("true", "1", "yes", "y", "t")).cast(pa.large_string()))).as_py() or 0)


def _renamed(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    for name in columns:
        if name not in table.column_names:
            raise no_such_column("columns", name, table.column_names)
    names = [columns.get(name, name) for name in table.column_names]
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise InputError(f"columns: two columns would be called '{repeated[0]}'. Drop or rename one.")
    return table.rename_columns(names)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain))


def _in_words(set_aside: Mapping[str, int], rows: int) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in set_aside.items())
    count = sum(set_aside.values())
    return f"{plural(count, 'row')} of {rows:,} {'has' if count == 1 else 'have'} no sound NHS number ({reasons})"


def _refuse_numbers_elsewhere(numbered: Numbered) -> None:
    """Refuse a table of which another column holds the row's own number, or NHS numbers for the most part."""
    for name in numbered.table.column_names:
        column = numbered.table.column(name)
        count = 0 if name == ID else numbers_in(column, numbered.digits)
        if count:
            raise number_elsewhere(name, count)


def _with_objections(table: pa.Table, digits: pa.Array, opt_outs: TableLike) -> pa.Table:
    """The table with ``objected`` true for those whose number stands in a list of objections."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = numbered_rows(opt_outs, None)
    if listed.set_aside:
        said = _in_words(listed.set_aside, listed.rows)
        raise InputError(f"opt_outs: {said}. An objection that is not read would be ignored: mend the list.")
    known = pc.is_in(pc.unique(listed.digits), digits)
    if not len(known) or not pc.any(known).as_py():
        raise InputError("opt_outs: none of its numbers is in the table. Look whether the two belong together.")
    objects = numpy_of(pc.is_in(digits, listed.digits)).astype(bool)
    strangers = len(known) - int(pc.sum(known).as_py() or 0)
    if strangers:
        said = f"opt_outs: {plural(strangers, 'number')} of {len(known):,} are not in the table, and change nothing."
        warnings.warn(said, InputWarning, stacklevel=4)
    if OBJECTED not in table.column_names:
        return table.append_column(OBJECTED, array_of(objects, pa.bool_()))
    column = table.column(OBJECTED)
    if pa.types.is_boolean(column.type):
        objects |= numpy_of(pc.fill_null(column, False)).astype(bool)
        return table.set_column(table.column_names.index(OBJECTED), OBJECTED, array_of(objects, pa.bool_()))
    as_text: list[Any] = np.where(
        objects, "true", np.array(column.cast(pa.string()).to_pylist(), dtype=object)
    ).tolist()
    return table.set_column(table.column_names.index(OBJECTED), OBJECTED, texts(as_text))
