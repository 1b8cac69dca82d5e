"""How a model came about: what it was fitted to, what was set aside and merged, and how it does on people left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casemgmt.annotations import MaybeNone


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """How a model was fitted or tabulated.

    Attributes
    ----------
    kind : ``boosted``, ``logistic``, ``points``, or the class of the estimator that was tabulated
    people : people learned from; of a tabulated estimator, the rows that it was held against
    outcomes : of these, people with the outcome; None where the outcome was not looked at
    set_aside : why people were set aside, and how many, by reason
    inputs : the columns, with their cells in words
    left_out : columns that no amount could be learned from, a sentence each
    traps : what in the data makes the model look better, or worse, than it will be, a sentence each
    merged : cells that were merged because fewer than 8 people had them, a sentence each
    monotone : the columns whose amounts may only rise (1) or fall (-1)
    groups : the column whose groups were left out together; none where people were
    auroc_held_out : chance that of two people left out, one with the outcome and one without, the former has the
        higher score, by the estimator; each person by a classifier that did not learn from them; None: not measured
    auroc_tables : the same by the tables in millionths
    auroc_points : the same by the integer points; None for other kinds
    discrepancy : the largest difference, in log-odds, between estimator and tables on these people
    joint_discrepancy : the same over joint probes of all inputs, before rounding
    seed : of all that was random
    versions : of the packages that took part
    """

    kind: str
    people: int
    outcomes: int | None
    set_aside: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)
    groups: str = ""
    auroc_held_out: float | MaybeNone = None
    auroc_tables: float | MaybeNone = None
    auroc_points: float | MaybeNone = None
    discrepancy: float
    joint_discrepancy: float
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Kind, people, outcomes and the AUROC of people left out."""
        outcomes = "" if self.outcomes is None else f", {self.outcomes:,} with the outcome"
        auroc = self.auroc_held_out if self.auroc_points is None else self.auroc_points
        held = "" if auroc is None else f"; AUROC of people left out {auroc:.3f}"
        return f"<Fitting {self.kind}: {self.people:,} people{outcomes}{held}>"


def settled(value: float) -> float:
    """A difference without the last bits of its sums, which depend on how many threads took part."""
    return round(value, 12)


def versions() -> dict[str, str]:
    """The versions of the packages that a fit depends on."""
    from importlib.metadata import version

    from casemgmt.version import __version__

    return {"casemgmt": __version__, **{name: version(name) for name in ("numpy", "scikit-learn")}}
