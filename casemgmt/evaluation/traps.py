"""Traps in the data that a model is judged on; the checks themselves stand with the models, which are fitted on it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, InputWarning, listed, no_such_column
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.register import Register
from casemgmt.risk.traps import Trap, traps_in

if TYPE_CHECKING:
    from casemgmt.risk.model import Model

__all__ = ["Trap", "find_traps", "warn_of"]


def find_traps(
    register: Register,
    outcome: Any,
    *,
    inputs: Sequence[str] | None = None,
    model: Model | None = None,
    recorded_on: Mapping[str, str] | None = None,
    managed: str = "on_caseload",
) -> tuple[Trap, ...]:
    """What in a register, its outcome and the inputs of a model looks like a trap; none on data that is clean.

    Looked for are inputs that one alone nearly determine the outcome, inputs recorded after the list date, a year that
    copies another, people who cannot have the outcome, and people whose outcome management has changed. Nothing is
    changed and nobody left out.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register`
    outcome : in any form that ``outcome`` of :func:`casemgmt.evaluate` takes
    inputs : names of the columns that a model looks at; None: those of ``model``, or the usual fields
    model : whose inputs are looked at
    recorded_on : input → the carried column with the date on which it was recorded
    managed : the flag of those who were under management in the year of the outcome

    Returns
    -------
    tuple of Trap: kind, columns, words and remedy

    Raises
    ------
    InputError
        Columns that are not there, or an outcome that is none.
    """
    if not isinstance(register, Register):
        raise InputError("register: give a register from cm.read_register.")
    register.require_whole("Looking for traps")
    if inputs is None and model is not None:
        inputs = [name for name in model.columns if name in register.column_names]
    for argument, names in (("inputs", inputs or ()), ("recorded_on", (recorded_on or {}).values())):
        for name in names:
            if name not in register.column_names:
                raise no_such_column(argument, str(name), register.column_names)
    return traps_in(register, outcome_given(register, outcome), inputs, recorded_on, managed)


def warn_of(traps: Iterable[Trap]) -> None:
    """Warn of each trap, where there is no result that could hold them: one :class:`casemgmt.InputWarning` a trap."""
    for trap in traps:
        warnings.warn(f"{trap.kind} ({listed(trap.columns)}): {trap}", InputWarning, stacklevel=3)
