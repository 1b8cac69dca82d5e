"""What a result must say of itself: that its people are made up, or its model is no model for patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.risk.demonstration import is_demonstration

if TYPE_CHECKING:
    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model


def labels_of(register: Register, model: Model | None) -> tuple[str, ...]:
    """``synthetic people`` and ``demonstration only``, where they are true."""
    demonstration = model is not None and is_demonstration(model)
    said = ("synthetic people" if register.synthetic else "", "demonstration only" if demonstration else "")
    return tuple(filter(None, said))


def in_front(labels: tuple[str, ...]) -> str:
    """The labels before a sentence, or nothing."""
    return f"({', '.join(labels)}) " if labels else ""
