"""Columns of few short codes, such as admission methods: what each row says, however its source wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection
from math import isinf, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError, plural
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.spellings import NONE_OF, is_missing_word, is_unreadable, unreadable_column

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_WHOLE_DECIMAL = re.compile(r"([0-9]+)\.0*")


class SmallCodes(NamedTuple):
    """What a column of few short codes says.

    Attributes
    ----------
    texts : str, one a row: the code, ``""`` where there is none
    unknown : bool, one a row: whether something stands there that is no code of the column
    """

    texts: npt.NDArray[Any]
    unknown: npt.NDArray[np.bool_]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Whether nothing stands there."""
        found: npt.NDArray[np.bool_] = self.texts == ""
        return found


def small_codes(column: pa.Array, name: str, known: Collection[str], expected: str, remedy: str) -> SmallCodes:
    """Read a column of which ``known`` are the codes, in capitals.

    Raises
    ------
    InputError
        A number with a decimal part; a column of which little can be read, or that holds nothing at all.
    """
    import numpy as np

    places, values = whole_texts(column, name, flags="TRUE" in known)
    codes = [_known(value, known) for value in values]
    texts: npt.NDArray[Any] = np.array([*codes, ""])[places]
    is_unknown = np.array([*(code != "" and code not in known for code in codes), False])[places]
    check_readable(name, expected, int(((texts != "") & ~is_unknown).sum()), int(is_unknown.sum()), remedy)
    if len(texts) >= NONE_OF and not (texts != "").any():
        raise empty_column(name, len(texts), expected)
    return SmallCodes(texts, is_unknown)


def check_readable(name: str, expected: str, readable: int, unread: int, remedy: str, why: str = "") -> None:
    """Refuse a column of which nothing, or little, can be read."""
    if is_unreadable(readable, unread):
        raise unreadable_column(name, expected, readable, unread, why or "no such code", remedy)


def empty_column(name: str, rows: int, expected: str) -> InputError:
    """The error for a column that holds nothing: to take it as read would say 0 of everybody."""
    return InputError(
        f"Column '{name}' is empty in all {plural(rows, 'row')}; it should hold {expected}. "
        "Export it again, or name the column that holds them with columns={'its name in your data': '" + name + "'}."
    )


def _known(text: str, known: Collection[str]) -> str:
    """A code without the zero that some systems put before it."""
    bare = text.lstrip("0")
    return bare if text not in known and bare in known else text


def whole_texts(column: pa.Array, name: str, *, flags: bool = False) -> tuple[npt.NDArray[np.int64], list[str]]:
    """A coded column as indices into its distinct texts, the last index for missing; whole numbers as their digits.

    Texts come in capitals without outer spaces. A blank, NaN and a word for a missing value (``NULL``, ``-``) are
    ``""``. With ``flags``, true and false are codes as well.

    Raises
    ------
    InputError
        A number with a decimal part, or a column that holds neither text nor numbers.
    """
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kinds = pa.types
    wrong = f"Column '{name}' holds {column.type}; it should hold codes as text, or whole numbers."
    if kinds.is_null(column.type):
        column = column.cast(pa.string())
    numeric = kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_decimal(column.type)
    if not (is_text(column.type) or numeric or (flags and kinds.is_boolean(column.type))):
        raise InputError(wrong)
    indices, distinct = distinct_values(pa.chunked_array([column]))
    return np.asarray(indices, dtype=np.int64), [_written(value, wrong) for value in distinct]


def _written(value: Any, wrong: str) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        text = value.strip()
        if is_missing_word(text):
            return ""
        whole = _WHOLE_DECIMAL.fullmatch(text)
        return whole[1] if whole else text.upper()
    if isnan(value):  # how pandas and polars write a gap
        return ""
    if isinf(value) or value != int(value):
        raise InputError(wrong)
    return str(int(value))
