"""Which store a command works on: its first argument, or what the environment says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from casemgmt.caseload.caseload import Caseload

VARIABLE = "CASEMGMT_CASELOAD"

StoreArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="STORE",
        help=f"The file or PostgreSQL address of a caseload. Left out: as {VARIABLE} says, so that a password stays "
        "off the command line.",
        show_default=False,
    ),
]


def in_their_places(*given: str | None, named: tuple[str, ...] = ("STORE",)) -> list[str]:
    """A command's arguments, the store first: from the environment where one argument fewer was given.

    Parameters
    ----------
    given : the store and what follows it, None where nothing stands
    named : what each is called in messages

    Raises
    ------
    typer.BadParameter : one is missing, and the environment says no store
    """
    there = [each for each in given if each is not None]
    if len(there) == len(given):
        return there
    store = os.environ.get(VARIABLE)
    if store and len(there) == len(given) - 1:
        return [store, *there]
    raise typer.BadParameter(f"give {' '.join(named)}, or set {VARIABLE} to a store and leave STORE out.")


def opened(store: str) -> Caseload:
    """The caseload at a place; it must be there."""
    from casemgmt.caseload.opening import open_caseload

    return open_caseload(store)
