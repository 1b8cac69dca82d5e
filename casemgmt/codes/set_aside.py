"""How much of a source may be set aside before it is refused, and how that is said on a screen."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from casemgmt.errors import InputError, plural
from casemgmt.register.spellings import FEW_OF

# Above this share of the values given, a column is of another kind than it was said to be.
MOST_SET_ASIDE = "20%"


def check_share(name: str, given: int, bad: int, most: Fraction, why: str, remedy: str) -> None:
    """Refuse a source of which more than a share had to be set aside for what one column holds.

    Parameters
    ----------
    name : the column, or what the rows are
    given, bad : values that are not missing, and those of them that cannot be used
    why : what is wrong with most of them
    """
    if given >= FEW_OF and bad > most * given:
        raise InputError(
            f"{name}: {bad:,} of {plural(given, 'value')} cannot be used ({why}); more than {percent_of(most)} is "
            f"refused. {remedy} Where that is how the records are, say max_set_aside= (--max-set-aside)."
        )


def percent_of(share: Fraction) -> str:
    """A share as people write it: ``20%``."""
    return f"{float(share * 100):.4g}%"


def said_of(fates: Mapping[str, int], what: str = "set aside") -> str:
    """``; set aside: 12 undated, 3 without patient``, or nothing where nothing was."""
    found = [f"{rows:,} {name.replace('_', ' ')}" for name, rows in fates.items() if rows]
    return f"; {what}: {', '.join(found)}" if found else ""
