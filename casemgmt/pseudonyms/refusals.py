"""What pseudonymising refuses, in words; never with a number or a pseudonym in them."""

from __future__ import annotations

from casemgmt.errors import InputError, plural


def too_many_set_aside(said: str, limit: str) -> InputError:
    """More rows without a sound number than may be."""
    return InputError(
        f"pseudonymise: {said}, more than the {limit} that may be. Look at how the numbers were written or exported; "
        "if this is as it should be, say max_set_aside='50%', or the share that you expect."
    )


def number_elsewhere(column: str, count: int) -> InputError:
    """A second column with the numbers, which would travel beside the pseudonyms."""
    return InputError(
        f"pseudonymise: column '{column}' holds NHS numbers too, in {plural(count, 'row')}. It would undo every "
        "pseudonym: drop it first, and look for other columns that say who somebody is."
    )


def already_done() -> InputError:
    """A table of pseudonyms, made into pseudonyms again."""
    return InputError("pseudonymise: this table holds pseudonyms already. Give the one with the NHS numbers.")
