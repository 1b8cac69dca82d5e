"""Why the ids of two sources meet nobody of each other: the usual accidents, tried in turn; no id is ever shown."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import in_one_piece, numpy_of
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

# Of two sources that speak of the same people at least so many meet; fewer is an accident of how ids are written.
FEW = Fraction(1, 5)

_TRIED = 20_000  # ids of the first source that are tried: enough to see an accident, whatever its size
_HEXADECIMAL = r"^[0-9A-Fa-f]+$"
_LONG = 16  # no id that a person types is longer; what a hash or a keyed pseudonym makes is


class _Accident(NamedTuple):
    """A way in which ids of one person come to differ: what it is, what undoes it, and how that is done."""

    what: str
    remedy: str
    undo: Callable[[pa.Array], pa.Array]


def are_few(met: int, of: int) -> bool:
    """Whether so few ids meet that the two sources are not written alike; nobody at all is not few."""
    return of > 0 and met < FEW * of


def likely_cause(ids: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray) -> str:
    """What probably keeps ids from being found among others, as sentences with the remedy.

    Parameters
    ----------
    ids : patient ids of any type, of which few or none are found
    among : patient ids of any type, among which they should be

    Returns
    -------
    str
        Such as ``'They differ in upper and lower case: 812 of 812 would be found if both were written in one case.
        Write …'``. Counts only, never an id. Of more than 20,000 different ids the first are tried.

    Examples
    --------
    >>> import pyarrow as pa
    >>> likely_cause(pa.array(["0012", "0345"]), pa.array(["12", "345", "9"])).partition(":")[0]
    'One of the two has lost its leading zeros'
    """
    own, others = _texts(ids), _texts(among)
    if not len(own) or not len(others):
        return "One of the two holds no patient id at all. Check that the right column is the patient_id."
    own = own.slice(0, _TRIED)
    plain = _met(own, others)
    every = list(_accidents())
    for accident in every:
        met = _met(accident.undo(own), accident.undo(others))
        if _explains(met, plain, len(own)):
            return f"{accident.what}: {_would_be_found(met, len(own))} without that. {accident.remedy}"
    plainest = [own, others]
    for accident in every:
        plainest = [accident.undo(each) for each in plainest]
    met = _met(plainest[0], plainest[1])
    if _explains(met, plain, len(own)):
        return (
            f"They are written in several different ways (case, spaces, hyphens, zeros): "
            f"{_would_be_found(met, len(own))} without them. Give both sources the ids of one export."
        )
    return _by_their_looks(own, others)


def _would_be_found(met: int, of: int) -> str:
    return f"{met:,} of {plural(of, 'id')} would be found"


def _explains(met: int, plain: int, of: int) -> bool:
    """Whether undoing an accident brings most of the ids that were not found."""
    return met > plain and 2 * met >= of


def _texts(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Different ids as text; whole numbers that came as decimals keep their ``.0``, which is one of the accidents."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = in_one_piece(ids)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        # Text of a float may come as 9.43e+09; of whole numbers up to 2**53 the digits are exact.
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), pa.scalar(2.0**53)))
        whole = pc.fill_null(whole, False)
        digits = pc.if_else(whole, column, pa.scalar(None, column.type)).cast(pa.int64()).cast(pa.large_string())
        column = pc.coalesce(digits, column.cast(pa.large_string()))
    elif pa.types.is_binary(column.type) or pa.types.is_fixed_size_binary(column.type):
        column = pa.array([None if each is None else each.hex() for each in column.to_pylist()], pa.large_string())
    return pc.unique(column.cast(pa.large_string()).drop_null())


def _met(ids: pa.Array, among: pa.Array) -> int:
    import pyarrow.compute as pc

    return int(numpy_of(pc.is_in(ids, value_set=among)).sum())


def _accidents() -> tuple[_Accident, ...]:
    import pyarrow.compute as pc

    def without(pattern: str) -> Callable[[pa.Array], pa.Array]:
        return lambda ids: pc.replace_substring_regex(ids, pattern=pattern, replacement="")

    return (
        _Accident(
            "They differ in upper and lower case",
            "Write both as the practice system does.",
            pc.utf8_lower,
        ),
        _Accident(
            "One of the two has spaces before or after its ids",
            "Remove them where that source is exported.",
            pc.utf8_trim_whitespace,
        ),
        _Accident(
            "One of the two has spaces or hyphens inside its ids",
            "Write both without, such as an NHS number as ten digits.",
            without(r"[\s\-\x{00A0}\x{2010}-\x{2015}]"),
        ),
        _Accident(
            "One of the two has lost its leading zeros",
            "It passed through a number, as a spreadsheet does: export it again with the ids as text.",
            without(r"^0+"),
        ),
        _Accident(
            "One of the two holds whole numbers written as decimals",
            "It passed through a number with gaps: export it again with the ids as text.",
            without(r"\.0+$"),
        ),
        _Accident(
            "One of the two has quotation marks round its ids",
            "Remove them where that source is exported.",
            without("[\"'\u2018\u2019\u201c\u201d]"),
        ),
    )


def _look_hashed(ids: pa.Array) -> bool:
    """Whether most ids are long, and of hexadecimal digits or one length: what a hash or a keyed pseudonym makes."""
    import pyarrow.compute as pc

    lengths = pc.utf8_length(ids)
    usual = pc.mode(lengths)[0]
    of_one_length = 10 * usual["count"].as_py() >= 9 * len(ids)
    hexadecimal = int(numpy_of(pc.match_substring_regex(ids, pattern=_HEXADECIMAL)).sum())
    return usual["mode"].as_py() >= _LONG and (of_one_length or 10 * hexadecimal >= 9 * len(ids))


def _by_their_looks(own: pa.Array, others: pa.Array) -> str:
    """What lengths say where no accident explains it."""
    import pyarrow.compute as pc

    usual = [pc.mode(pc.utf8_length(each))[0]["mode"].as_py() for each in (own, others)]
    is_pseudonym = [_look_hashed(each) for each in (own, others)]
    if is_pseudonym[0] != is_pseudonym[1]:
        return (
            f"One of the two holds pseudonyms and the other plain ids ({usual[0]} and {usual[1]} characters as a "
            "rule). Make both with the same pseudonym key, or neither."
        )
    if all(is_pseudonym):
        return (
            f"Both hold pseudonyms ({usual[0]} and {usual[1]} characters as a rule), which were probably made with "
            "different keys. Make both with the same key."
        )
    if usual[0] != usual[1]:
        return (
            f"They are ids of another kind: {usual[0]} and {usual[1]} characters long as a rule. Check that both "
            "columns hold the same number, such as the NHS number and not the practice system's own."
        )
    return (
        "They differ by more than case, spaces and zeros: these may be other people, another month's numbers, or ids "
        "made with another pseudonym key. Check that both come from one source."
    )
