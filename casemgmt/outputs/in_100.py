"""Shares as people count them: *12 in 100* beside 12%.

A share is rounded to the nearest whole number of 100 people, halves up, from the percentage that stands beside it: so
it tells nothing that the percentage does not.
"""

from __future__ import annotations

from fractions import Fraction

_OUT_OF = (100, 200, 500, 1000)


def in_100(percent: float) -> str:
    """A percentage, of one decimal, as people in 100.

    Examples
    --------
    >>> in_100(12.4), in_100(12.5), in_100(0.3), in_100(0.0), in_100(99.7), in_100(100.0)
    ('12 in 100', '13 in 100', 'under 1 in 100', '0 in 100', 'over 99 in 100', '100 in 100')
    """
    tenths = round(10 * percent)
    if 0 < tenths < 10:
        return "under 1 in 100"
    if 990 < tenths < 1000:
        return "over 99 in 100"
    return f"{(tenths + 5) // 10} in 100"


def percent_in_words(percent: float) -> str:
    """A percentage with the people beside it.

    Examples
    --------
    >>> percent_in_words(57.1)
    '57.1% (57 in 100)'
    """
    return f"{percent:,.1f}% ({in_100(percent)})"


def share_in_words(text: str, share: Fraction) -> str:
    """The share of a scheme as its file writes it, with the people beside it where they are whole.

    Parameters
    ----------
    text : as written
    share : what it comes to, exactly

    Examples
    --------
    >>> share_in_words("3%", Fraction(3, 100)), share_in_words("0.5%", Fraction(1, 200))
    ('3% (3 in 100)', '0.5% (1 in 200)')
    >>> share_in_words("1/3", Fraction(1, 3))
    '1/3'
    """
    for size in _OUT_OF:
        people = share * size
        if people.denominator == 1:
            return f"{text} ({people.numerator} in {size:,})"
    return text
