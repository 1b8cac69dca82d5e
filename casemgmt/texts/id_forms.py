"""One id in several forms: with spaces or hyphens and without, in capitals and in small letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import in_one_piece, numpy_of, rows_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

TWO_FORMS = "the same id is written in two ways in this register: spaces, hyphens or case"

# Spaces, hyphens and dashes of every kind, and the minus sign, in RE2.
LEFT_OUT = r"[\p{Zs}\p{Pd}\x{2212}]+"
TEN_DIGITS = r"^[0-9]{10}$"
# A hyphen that does not divide two numbers, and whether its neighbour is kept; in RE2 and in Java.
OUTSIDE_DIGITS = ((r"-([^0-9])", True), (r"([^0-9])-", True), (r"^-|-$", False))
_PIECE = 1 << 20


def folded(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Texts in small letters, without spaces and hyphens: the same for one id in two forms.

    Texts for which this is the same have one hash ``by_form``; see :func:`casemgmt.texts.long_texts.hashes_of`.
    """
    import pyarrow.compute as pc

    return pc.utf8_lower(pc.replace_substring_regex(texts, LEFT_OUT, ""))


def numbers_by_form(distinct: pa.Array) -> npt.NDArray[np.int64] | None:
    """A number for each text, the same for texts of one form; -1 for those of which nothing is left.

    None where no two of these texts have one form, which their letters alone may tell.

    Parameters
    ----------
    distinct : ``large_string``, each text once
    """
    import numpy as np
    import pyarrow.compute as pc

    met = _bytes_met(distinct)
    lower, upper = met[ord("a") : ord("z") + 1].any(), met[ord("A") : ord("Z") + 1].any()
    foreign = met[0x80:].any()
    if not (foreign or met[ord(" ")] or met[ord("-")] or (lower and upper)):
        return None
    if foreign:
        forms = folded(distinct)
    else:
        forms = distinct
        for mark in " -":
            forms = pc.replace_substring(forms, mark, "") if met[ord(mark)] else forms
        forms = pc.ascii_lower(forms) if lower and upper else forms
    encoded = in_one_piece(forms).dictionary_encode()
    if len(encoded.dictionary) == len(distinct):
        return None
    numbers = numpy_of(encoded.indices).astype(np.int64)
    numbers[numpy_of(pc.binary_length(forms)) == 0] = -1
    return numbers


def in_two_ways(
    distinct: pa.Array, numbers: npt.NDArray[np.int64], met: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which of these texts are one id written in two ways.

    They have the form of another, which divides its digits at the same places or not at all; or both are ten digits,
    an NHS number. Of one form alone are ``1-11`` and ``11-1`` too, which are two people of two places.

    Parameters
    ----------
    distinct : each text once
    numbers : of each, as of :func:`numbers_by_form`
    met : rising, those that take part; their numbers are 0 and more
    """
    import numpy as np
    import pyarrow.compute as pc

    found = np.zeros(len(distinct), dtype=bool)
    ways = np.bincount(numbers[met], minlength=len(distinct) + 1)
    alike = met[ways[numbers[met]] > 1]
    if not len(alike):
        return found
    texts, own = distinct.take(rows_of(alike)), numbers[alike]
    forms = shapes = pc.utf8_lower(pc.replace_substring_regex(texts, LEFT_OUT, "-"))
    for pattern, keeps in OUTSIDE_DIGITS:
        shapes = pc.replace_substring_regex(shapes, pattern, r"\1" if keeps else "")
    forms = pc.replace_substring(forms, "-", "")
    whole = np.zeros(len(ways), dtype=bool)
    whole[own[numpy_of(pc.equal(shapes, forms))]] = True
    places = numpy_of(shapes.dictionary_encode().indices)
    found[alike] = (
        whole[own] | (np.bincount(places)[places] > 1) | numpy_of(pc.match_substring_regex(forms, TEN_DIGITS))
    )
    return found


def _bytes_met(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which of the 256 bytes occur in texts."""
    import numpy as np

    met = np.zeros(256, dtype=bool)
    _, ends, data = texts.buffers()
    if data is None or not len(texts):
        return met
    offsets = np.frombuffer(ends, dtype=np.int64, offset=8 * texts.offset, count=len(texts) + 1)
    raw = np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]]
    for start in range(0, len(raw), _PIECE):
        met |= np.bincount(raw[start : start + _PIECE], minlength=256) > 0
    return met
