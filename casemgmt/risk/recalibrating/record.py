"""What a recalibration did, and how far off the model was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from casemgmt.errors import plural

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recalibration:
    """What was done to a model's risks, on whom, and how far off they were.

    Attributes
    ----------
    method : ``intercept``, ``slope`` or ``isotonic``
    people, outcomes : on how many people, and how many of them had the outcome
    practices : how many practices they are of
    as_of : the list date of the register
    intercept, slope : of the line, on the log-odds: new log-odds = intercept + slope × the old (or × the points); None
        for isotonic
    cells : how many steps; None for a line
    largest_rounding : the largest difference, in log-odds, between anybody's new score and the line or step, from
        writing amounts in millionths
    expected : how many outcomes the old risks stated for these people; None of a model that gave no risks
    by_practice : practice_id, people, observed, expected_before (null where the model gave no risks), expected_after,
        ratio_before and ratio_after (observed / expected; null where nothing was expected), in byte order of the codes.
        Counts of single practices: they leave only as suppressed ones
    set_aside : why people of the register were left out → how many
    """

    method: str
    people: int
    outcomes: int
    practices: int
    as_of: dt.date
    intercept: float | None
    slope: float | None
    cells: int | None
    largest_rounding: float
    expected: float | None
    by_practice: pa.Table
    set_aside: dict[str, int] = field(default_factory=dict)

    @property
    def was_off(self) -> str:
        """How far off the old risks were, in words."""
        if self.expected is None:
            return "The model gave no risks before."
        ratio = f" (O/E {self.outcomes / self.expected:.2f})" if self.expected else ""
        return f"{self.outcomes:,} had the outcome; the model expected {self.expected:,.1f}{ratio}."

    def __repr__(self) -> str:
        """The method, on how many, and how far off the model was."""
        on = f"{plural(self.people, 'person', 'people')} of {plural(self.practices, 'practice')}"
        if self.cells is not None:
            how = plural(self.cells, "step")
        else:
            how = f"intercept {self.intercept:+.4f}, slope {self.slope:.4f}"
        return f"<Recalibration {self.method} on {on}: {how}. {self.was_off}>"
