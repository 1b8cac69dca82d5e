"""NHS numbers as they come: the ten digits of each, or why it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import in_one_piece, numpy_of, rows_of
from casemgmt.texts.id_forms import LEFT_OUT, TEN_DIGITS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

MISSING = "missing"
DAMAGED = "written as a decimal or in scientific form, as a spreadsheet does"
NOT_TEN_DIGITS = "not ten digits"
ONE_DIGIT = "one digit repeated ten times"
CHECK_DIGIT = "the check digit is wrong"
REASONS = (MISSING, DAMAGED, NOT_TEN_DIGITS, ONE_DIGIT, CHECK_DIGIT)

SOUND = -1
_DAMAGED = r"^[+-]?[0-9]+([.,][0-9]*)([eE][+-]?[0-9]+)?$|^[0-9]+[eE][+-]?[0-9]+$"
_WEIGHTS = tuple(range(10, 1, -1))


def judged(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.int8]]:
    """The ten digits of each number, and what is wrong with it.

    Spaces and hyphens of every kind are left out; nothing else is mended.

    Parameters
    ----------
    column : text

    Returns
    -------
    ``large_string``, what is left of each; int8, the place of its fault among ``REASONS``, or ``SOUND``
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = in_one_piece(column).cast(pa.large_string())
    trimmed = pc.utf8_trim_whitespace(texts)
    digits = pc.replace_substring_regex(trimmed, LEFT_OUT, "")
    fault = np.full(len(digits), REASONS.index(NOT_TEN_DIGITS), dtype=np.int8)
    fault[_true(pc.match_substring_regex(trimmed, _DAMAGED))] = REASONS.index(DAMAGED)
    fault[~_true(pc.is_valid(digits)) | _true(pc.equal(digits, ""))] = REASONS.index(MISSING)
    ten = np.flatnonzero(_true(pc.match_substring_regex(digits, TEN_DIGITS)))
    fault[ten] = _of_ten_digits(digits.take(rows_of(ten)))
    return digits, fault


def _of_ten_digits(digits: pa.Array) -> npt.NDArray[np.int8]:
    """The faults of texts of ten digits: modulus 11, as :func:`casemgmt.codes.checkdigits.modulus_11_check` has it."""
    import numpy as np

    found = np.full(len(digits), SOUND, dtype=np.int8)
    if not len(digits):
        return found
    _, ends, data = digits.buffers()
    first = int(np.frombuffer(ends, dtype=np.int64, offset=8 * digits.offset, count=1)[0])
    each = np.frombuffer(data, dtype=np.uint8, offset=first, count=10 * len(digits)).reshape(-1, 10) - ord("0")
    total = each[:, :9].astype(np.int64) @ np.array(_WEIGHTS)
    found[(11 - total % 11) % 11 != each[:, 9]] = REASONS.index(CHECK_DIGIT)
    found[(each == each[:, :1]).all(axis=1)] = REASONS.index(ONE_DIGIT)
    return found


def _true(found: pa.Array) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    return numpy_of(pc.fill_null(found, False)).astype(bool)
