"""Who was chosen, and all that a selection was worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.scheme.routes import Scheme
from casemgmt.selection.loop_arrays import Outcome
from casemgmt.selection.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model
    from casemgmt.selection.contributions import GivenContributions
    from casemgmt.selection.earlier import Earlier
    from casemgmt.selection.keys import Ranking
    from casemgmt.selection.loop_arrays import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who was chosen, as arrays: one entry a chosen patient, practices together.

    Attributes
    ----------
    plan, outcome : the compiled scheme, and what the choosing loop put out
    caps : the places of each nominated route, by practice
    practice : index of the practice
    rows : packed row
    keys : what ranked
    member : uint32, one bit a route that let the patient in
    place : int8, the route whose place is used, -1 for none
    queue : (route, packed row) of nominees who wait
    """

    plan: Plan
    outcome: Outcome
    caps: Mapping[int, list[int]]
    practice: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    keys: Keys
    member: npt.NDArray[np.uint32]
    place: npt.NDArray[np.int8]
    queue: list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workings:
    """All that a selection was worked out from, and the arrays it came to.

    ``list_sizes`` holds each practice's official list size, or -1 where rows are counted; ``reference`` is what reasons
    are held against, ``previous`` who was on the caseload before, ``overruled`` how many the register has on
    it who have left since, ``given_columns`` the
    register columns of scores and risks, ``contributions`` what inputs add to given scores, ``ended`` the ids of those
    whom somebody has taken off the caseload, ``missing_practices`` known ones without an accepted row, which were
    allowed to be; ``nominations`` how many patients practices sent word of, and how many of them have a row.
    """

    scheme: Scheme
    register: Register
    ranking: Ranking
    choice: Choice
    reference: Reference = "base"
    previous: Earlier | None = None
    overruled: int = 0
    ended: frozenset[str] = frozenset()
    given_columns: tuple[str, ...] = ()
    contributions: GivenContributions | None = None
    missing_practices: tuple[str, ...] = ()
    nominations: tuple[int, int] | None = None
    list_sizes: npt.NDArray[np.int64]

    @property
    def model(self) -> Model | None:
        """The model that ranked; None where scores were given."""
        return self.ranking.model
