"""Traps in the data that a model is judged on; the checks themselves stand with the models, which are fitted on it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, InputWarning, did_you_mean, listed, no_such_column
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.register import Register, a_register
from casemgmt.risk.trap_columns import holds_dates
from casemgmt.risk.traps import Trap, traps_in, usual_inputs

if TYPE_CHECKING:
    from casemgmt.risk.model import Model

__all__ = ["Trap", "find_traps", "warn_of"]

MANAGED = "on_caseload"


def _texts_or_none(value: Any, name: str) -> Any:
    return None if value is None else arguments.list_of_texts(value, name)


@arguments.checked(
    register=a_register,
    inputs=_texts_or_none,
    model=arguments.instance_or_none("casemgmt.risk.model:Model", "a model from cm.load_model"),
    recorded_on=arguments.text_mapping,
    managed=arguments.text,
)
def find_traps(
    register: Register,
    outcome: Any,
    *,
    inputs: Sequence[str] | None = None,
    model: Model | None = None,
    recorded_on: Mapping[str, str] | None = None,
    managed: str = MANAGED,
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
    managed : the flag of those who were under management in the year of the outcome; its own, ``on_caseload``, may be
        missing

    Returns
    -------
    tuple of Trap: kind, columns, words and remedy

    Raises
    ------
    InputError
        Columns that are not there, dates that are none, or an outcome that is none.
    """
    register.require_whole("Looking for traps")
    if inputs is None and model is not None:
        inputs = [name for name in model.columns if name in register.column_names]
    dates = recorded_on or {}
    others = () if managed == MANAGED else (managed,)
    for argument, names in (("inputs", inputs or ()), ("recorded_on", dates.values()), ("managed", others)):
        for name in names:
            if name not in register.column_names:
                raise no_such_column(argument, name, register.column_names)
    looked_at = usual_inputs(register) if inputs is None else inputs
    for name, column in dates.items():
        if name not in looked_at:
            raise InputError(f"recorded_on= names '{name}', which is no input.{did_you_mean(name, looked_at)}")
        if not holds_dates(register, column):
            raise InputError(
                f"recorded_on= names '{column}', which holds no dates, or dates that can be read in two ways. Give a "
                "column of dates, or of text such as 2015-04-01."
            )
    return traps_in(register, outcome_given(register, outcome), inputs, recorded_on, managed)


def warn_of(traps: Iterable[Trap]) -> None:
    """Warn of each trap, where there is no result that could hold them: one :class:`casemgmt.InputWarning` a trap."""
    for trap in traps:
        warnings.warn(f"{trap.kind} ({listed(trap.columns)}): {trap}", InputWarning, stacklevel=3)
