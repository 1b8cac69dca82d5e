"""What several ways of reading a register refuse, each said once."""

from __future__ import annotations

from collections.abc import Sequence

from casemgmt.errors import InputError, plural


def repeated_names(repeated: Sequence[str], said: str, *, place: str = "") -> InputError:
    """Columns of one name: ``said`` goes on with where they stand, and the remedy where there is one."""
    before = f"{place}: " if place else ""
    return InputError(f"{before}{plural(len(repeated), 'column name')} used twice{said}")


def unpacks_too_far(name: str, times: int, remedy: str) -> InputError:
    """A packed file that holds far more than it looks."""
    return InputError(f"{name} unpacks to more than {times} times its size: that is no register. {remedy}")


def placeholder_day(name: str, most: int, of: int, otherwise: str) -> InputError:
    """A date column in which one day stands so often that it is likely to mean that there is none."""
    return InputError(
        f"Column '{name}': {most:,} of {plural(of, 'value')} are one and the same day, which is likely to stand for no "
        f"date. Map it away with values={{'{name}': {{'1901-01-01': ''}}}}, its own day in the place of this one"
        f"{otherwise}."
    )


def no_table(place: str) -> InputError:
    """A part of a mapping file that is not written as a table."""
    return InputError(f"{place}: write a table, key by key.")
