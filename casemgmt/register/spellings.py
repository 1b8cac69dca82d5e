"""How extracts write true, false and a missing value: one table for registers, coded records and episodes."""

from __future__ import annotations

import re
from fractions import Fraction

from casemgmt.errors import InputError, plural

# Compared without regard to case or outer spaces.
TRUE_WORDS = ("true", "t", "yes", "y", "1", "1.0")
FALSE_WORDS = ("false", "f", "no", "n", "0", "0.0")

# A missing value in a column of dates, numbers, flags or categories, unless it is a category itself. In a column of
# text they stay what they are.
MISSING_WORDS = ("na", "n/a", "null", "\\n", "none", "nan", "nat", "-")

# Of the values that are not null, the share that must be readable.
READABLE_SHARE = Fraction(1, 5)
# Fewer values than these say too little about a column: none of some readable, or too few of many.
NONE_OF, FEW_OF = 6, 20

_WHOLE_DECIMAL = re.compile(r"([+-]?[0-9]{1,18})\.0*")
_AND_OVER = re.compile(
    r"[0-9]+ ?\+|(>|>=|≥|over|above) ?[0-9]+|[0-9]+ (and|or|&) (over|more|above|older)", re.IGNORECASE
)


def flag_of(text: str) -> bool | None:
    """True or false as a text says it, None where it says neither.

    Examples
    --------
    >>> flag_of(" Y "), flag_of("f"), flag_of("perhaps")
    (True, False, None)
    """
    folded = text.strip().casefold()
    if folded in TRUE_WORDS:
        return True
    return False if folded in FALSE_WORDS else None


def is_missing_word(text: str) -> bool:
    """Whether a text in a column of dates, numbers or flags stands for a missing value: a blank, ``NA``, ``NULL``…"""
    folded = text.strip().casefold()
    return not folded or folded in MISSING_WORDS


def whole_of(text: str) -> str:
    """A whole number that was written as a decimal without its decimals; any other text as it is.

    Examples
    --------
    >>> whole_of("2.0"), whole_of("2.5"), whole_of("M")
    ('2', '2.5', 'M')
    """
    match = _WHOLE_DECIMAL.fullmatch(text)
    return match[1] if match else text


def is_and_over(text: str) -> bool:
    """Whether a text is a number with everything above it, such as ``90+`` or ``5 or more``."""
    return _AND_OVER.fullmatch(text.strip()) is not None


def is_unreadable(readable: int, unread: int, share: Fraction = READABLE_SHARE) -> bool:
    """Whether so little of a column can be read that it was declared wrongly, not typed wrongly.

    Parameters
    ----------
    readable : values that could be read; values out of range count as read
    unread : values that are neither missing nor readable
    share : that must be readable
    """
    given = readable + unread
    if not readable:
        return unread >= NONE_OF
    return given >= FEW_OF and readable < share * given


def unreadable_column(name: str, expected: str, readable: int, unread: int, why: str, remedy: str) -> InputError:
    """The error for a column of which nothing, or little, can be read."""
    some = (
        f"only {readable:,} of {plural(readable + unread, 'value')} can be read as"
        if readable
        else (f"not one of {plural(unread, 'value')} is")
    )
    return InputError(f"Column '{name}': {some} {expected} ({why}). {remedy}")
