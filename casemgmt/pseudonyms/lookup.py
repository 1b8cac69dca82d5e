"""The practice's own look-up, the one way back from a pseudonym to a number."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.arrow import in_one_piece, numpy_of, rows_of
from casemgmt.errors import InputError, InputWarning, missing_columns, not_text, plural
from casemgmt.pseudonyms.key import read_key
from casemgmt.pseudonyms.numbers import SOUND, judged
from casemgmt.pseudonyms.pseudonymising import ID, numbered_rows, pseudonyms_of
from casemgmt.register.sources import open_source
from casemgmt.texts.guards import without_guards_of_csv

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import TableLike

PSEUDONYM = "pseudonym"
PRACTICE = "practice_id"
LOOKUP_COLUMNS = (PRACTICE, PSEUDONYM, ID)


@arguments.checked(columns=arguments.text_mapping)
def pseudonym_lookup(frame: TableLike, *, key: Path | str, columns: Mapping[str, str] | None = None) -> pa.Table:
    """Which pseudonym is whose, of one practice; it stays in the practice.

    Parameters
    ----------
    frame, key, columns : as :func:`casemgmt.pseudonymise` takes them; ``practice_id`` is one practice's

    Returns
    -------
    pyarrow.Table
        practice_id, pseudonym, patient_id (ten digits), one row a number, in order of the pseudonyms

    Raises
    ------
    InputError : the rows are of several practices: a look-up is a practice's own

    Examples
    --------
    >>> import secrets, pyarrow as pa
    >>> from pathlib import Path
    >>> key = Path("practice.key")
    >>> key.touch(mode=0o600); _ = key.write_text(secrets.token_hex(32))  # as `casemgmt new-key` does
    >>> people = pa.table({"patient_id": ["999 000 0018"], "practice_id": ["C87616"]})
    >>> cm.pseudonym_lookup(people, key=key).column("patient_id").to_pylist()
    ['9990000018']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    secret = read_key(key)
    numbered = numbered_rows(frame, columns)
    if PRACTICE not in numbered.table.column_names:
        raise missing_columns([PRACTICE], numbered.table.column_names, "pseudonym_lookup")
    practices = pc.unique(pc.utf8_trim_whitespace(_text_of(numbered.table, PRACTICE)))
    _refuse_several(len(practices), "pseudonym_lookup: the rows")
    if len(practices) and not practices[0].as_py():
        raise InputError("pseudonym_lookup: no row says its practice, and a look-up is one practice's own. Fill it in.")
    made = pseudonyms_of(numbered.digits, secret)
    table = pa.table(
        {
            PRACTICE: pa.repeat(practices[0], len(made)) if len(practices) else pa.array([], pa.string()),
            PSEUDONYM: made,
            ID: numbered.digits.cast(pa.string()),
        }
    )
    return table.group_by(list(LOOKUP_COLUMNS)).aggregate([]).sort_by(PSEUDONYM)


def reidentify(frame: TableLike, lookup: TableLike) -> pa.Table:
    """A list that came back from the scoring side, with the NHS numbers in place of the pseudonyms.

    Parameters
    ----------
    frame : the list, a path or frame, with pseudonyms in ``patient_id``
    lookup : the practice's own look-up, as :func:`casemgmt.pseudonym_lookup` made it, or the path of it

    Returns
    -------
    pyarrow.Table
        the rows in their order. Rows whose pseudonym is not in the look-up are left out, and counted in a warning

    Raises
    ------
    InputError : the list holds another practice's rows, none of its pseudonyms is in the look-up, or that is no look-up

    Examples
    --------
    >>> import pyarrow as pa
    >>> lookup = pa.table({"practice_id": ["C87616"], "pseudonym": ["5f" * 32], "patient_id": ["9990000018"]})
    >>> listed = pa.table({"patient_id": ["5f" * 32], "practice_id": ["C87616"], "rank": [1]})
    >>> cm.reidentify(listed, lookup).column("patient_id").to_pylist()
    ['9990000018']
    """
    import numpy as np
    import pyarrow.compute as pc

    practice, pseudonyms, numbers = _opened(lookup)
    table = without_guards_of_csv(frame, open_source(frame).table)
    if ID not in table.column_names:
        raise missing_columns([ID], table.column_names, "reidentify")
    if PRACTICE in table.column_names:
        own = pc.utf8_trim_whitespace(_text_of(table, PRACTICE))
        others = table.num_rows - int(pc.sum(pc.equal(own, practice)).as_py() or 0)
        if others:
            raise InputError(
                f"reidentify: {plural(others, 'row')} of the list {'is' if others == 1 else 'are'} not of the "
                "practice whose look-up this is. A practice sees its own patients alone: give its own list."
            )
    places = pc.index_in(_text_of(table, ID), pseudonyms)
    known = np.flatnonzero(numpy_of(pc.is_valid(places)).astype(bool))
    unknown = table.num_rows - len(known)
    if table.num_rows and not len(known):
        raise InputError(
            "reidentify: none of the list's pseudonyms is in the look-up. It was made with another key, or belongs to "
            "another list."
        )
    if unknown:
        said = f"reidentify: {plural(unknown, 'row')} of {table.num_rows:,} left out: not in the look-up."
        warnings.warn(said, InputWarning, stacklevel=2)
    rows = rows_of(known)
    found = table.take(rows)
    return found.set_column(found.column_names.index(ID), ID, numbers.take(places.take(rows)))


def _opened(lookup: TableLike) -> tuple[str, pa.Array, pa.Array]:
    """The practice, pseudonyms and numbers of a look-up."""
    import pyarrow.compute as pc

    table = open_source(lookup).table
    if missing := [name for name in LOOKUP_COLUMNS if name not in table.column_names]:
        raise missing_columns(missing, table.column_names, "reidentify: the look-up")
    practice, pseudonyms, numbers = (_text_of(table, name) for name in LOOKUP_COLUMNS)
    practice = pc.utf8_trim_whitespace(practice)
    practices = pc.unique(practice)
    _refuse_several(len(practices), "reidentify: the look-up's rows")
    if not len(practices):
        raise InputError("reidentify: the look-up holds no row.")
    if (judged(numbers)[1] != SOUND).any() or len(pc.unique(pseudonyms)) < len(pseudonyms):
        raise InputError("reidentify: the look-up is damaged: a number is none, or a pseudonym stands twice.")
    return practices[0].as_py(), pseudonyms, numbers


def _text_of(table: pa.Table, name: str) -> pa.Array:
    """A column as text, in one piece."""
    import pyarrow as pa

    column = table.column(name)
    try:
        return in_one_piece(column.cast(pa.string()))
    except (pa.ArrowException, UnicodeDecodeError):
        raise not_text(name, f"{column.type}, not text") from None


def _refuse_several(practices: int, whose: str) -> None:
    if practices > 1:
        raise InputError(f"{whose} are of {practices:,} practices. A look-up is one practice's own: take them apart.")
