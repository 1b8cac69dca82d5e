"""Words of a model inside a query: what it is, as comments, and its reasons, as texts of one line."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from casemgmt.errors import listed
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.export.bands import Band
    from casemgmt.risk.export.dialects import Dialect


def plain(text: str) -> str:
    """A text on one line: control and line-breaking characters become spaces."""
    return "".join(" " if unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Zl", "Zp") else mark for mark in text)


def comment(text: str, dialect: Dialect) -> str:
    """A text that may stand after ``--``: nothing in it can end the line, or begin a variable."""
    return plain(text).replace("$", "S") if dialect.name in ("spark", "tsql") else plain(text)


def heading(model: AdditiveModel, dialect: Dialect) -> str:
    """What the query is, as comments."""
    lines = [f"{model.name} {model.version}: {model.title}", f"Source: {model.source}", f"Licence: {model.licence}"]
    if is_demonstration(model):
        lines.insert(0, f"{DEMONSTRATION_ONLY.upper()}: for made-up people, and for no decision about anybody.")
    if model.link != "points":
        horizon = "" if model.horizon_days is None else f", within {model.horizon_days:,} days"
        lines.append(f"Risk of: {model.outcome}{horizon}")
    if model.calibrated_in:
        where = listed(model.calibrated_in, most=20)
        lines.append(f"The risk holds for people of {where}. Elsewhere, recalibrate first: this query cannot tell.")
    lines.append("Who has died, left or objected is scored like everybody else unless the query says otherwise.")
    return "\n".join(f"-- {comment(line, dialect)}" for line in lines)


def sentence(model: AdditiveModel, band: Band) -> str:
    """A band as a reason: what is known, and how much it adds against the base."""
    from casemgmt.risk.reasons import worded_against_base

    return worded_against_base(model, band.input, band.cell, band.difference)
