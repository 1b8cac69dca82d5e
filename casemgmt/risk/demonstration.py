"""Where a demonstration model may be used: on made-up people, or where someone says aloud that it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError

DEMONSTRATION_ONLY = "demonstration only"

if TYPE_CHECKING:
    from casemgmt.register.in_parts import RegisterInParts
    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel


def is_demonstration(model: AdditiveModel) -> bool:
    """Whether a model, or a model whose score it takes, is for demonstration only."""
    return model.demonstration or any(is_demonstration(other) for other in model.nested.values())


def check_demonstration(model: AdditiveModel, register: Register | RegisterInParts, allowed: bool) -> None:
    """Refuse a demonstration model on a register that does not say that its people are made up.

    Parameters
    ----------
    model : any model; one that is not for demonstration passes
    register : the register to be scored
    allowed : the user has asked for it

    Raises
    ------
    InputError
        The model is for demonstration only, the register is not marked synthetic, and ``allowed`` is false.
    """
    if allowed or register.synthetic or not is_demonstration(model):
        return
    raise InputError(
        f"The model '{model.name}' is for demonstration only, and this register is not marked synthetic. Use a model "
        "made for your patients; or, to try things out and for nothing else, write allow_demonstration=True "
        "(--demonstration on the command line)."
    )
