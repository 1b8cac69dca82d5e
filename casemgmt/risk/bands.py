"""Named ranges of a score, with exact edges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from casemgmt.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBand:
    """A named range of the score; edges are millionths of a point, None where the band is open.

    Attributes
    ----------
    name : the band's name, for people
    lower, upper : the edges, in millionths of a point
    lower_included, upper_included : whether a score equal to the edge is in the band
    """

    name: str
    lower: int | None = None
    lower_included: bool = True
    upper: int | None = None
    upper_included: bool = False

    def holds(self, total: int, divide_by: int = 1) -> bool:
        """Whether a sum in millionths, divided by ``divide_by``, is in the band; compared in whole numbers."""
        if self.lower is not None:
            edge = self.lower * divide_by
            if not (total >= edge if self.lower_included else total > edge):
                return False
        if self.upper is None:
            return True
        edge = self.upper * divide_by
        return total <= edge if self.upper_included else total < edge


def check_bands(bands: tuple[ScoreBand, ...]) -> None:
    """Refuse bands that overlap, leave a gap, or share a name."""
    names = [band.name for band in bands]
    if len(set(names)) != len(names):
        raise ModelError("'bands' names a band twice.")
    for band in bands:
        if band.lower is not None and band.upper is not None and band.lower >= band.upper:
            raise ModelError(f"'bands': '{band.name}' ends before it begins.")
    for low, high in pairwise(bands):
        if low.upper is None or low.upper != high.lower or low.upper_included == high.lower_included:
            raise ModelError(
                f"'bands': '{high.name}' must begin exactly where '{low.name}' ends (below with at_least, or at_most "
                "with above), so that no score is in two bands or between them."
            )
