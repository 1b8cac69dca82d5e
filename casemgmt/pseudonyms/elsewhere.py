"""NHS numbers in another column than that of the ids, where they would travel beside the pseudonyms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import in_one_piece, texts
from casemgmt.pseudonyms.numbers import SOUND, judged

if TYPE_CHECKING:
    import pyarrow as pa

_BEYOND = 10_000_000_000  # the first number of more than ten digits
_TEN_IN_A_ROW = "[0-9]{10}"


def numbers_in(column: pa.ChunkedArray, digits: pa.Array) -> int:
    """In how many rows of a column an NHS number stands that must not: the row's own, or that of most rows.

    The row's own is found inside a longer text too, such as a note; and in every type that can hold it, since
    a column of whole numbers with a gap becomes one of decimals on its way through pandas.

    Parameters
    ----------
    digits : the ten digits of each row
    """
    import pyarrow.compute as pc

    said = _as_text(in_one_piece(column))
    if said is None:
        return 0
    found, fault = judged(said)
    holding = pc.fill_null(pc.match_substring_regex(found, _TEN_IN_A_ROW), False)
    pairs = zip(found.filter(holding).to_pylist(), digits.filter(holding).to_pylist(), strict=True)
    own = sum(number in text for text, number in pairs)
    sound = int((fault == SOUND).sum())
    stated = len(column) - column.null_count
    return own or (sound if 2 * sound > stated else 0)


def _as_text(values: pa.Array) -> pa.Array | None:
    """The values as text, whole numbers without a point; None of a type that holds no number of ten digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.cast(kind.value_type))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        large = values.cast(pa.float64(), safe=False)
        within = pc.and_(pc.greater_equal(large, 0), pc.less(large, _BEYOND))
        whole = pc.and_(within, pc.equal(pc.floor(large), large))
        return pc.if_else(whole, large, None).cast(pa.int64()).cast(pa.large_string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return texts(None if each is None else str(each) for each in values.to_pylist()).cast(pa.large_string())
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return values.cast(pa.large_string()) if is_text or pa.types.is_integer(kind) else None
