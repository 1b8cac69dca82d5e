"""What an evaluation found, as figures and tables; the page, the words and the plots are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import unknown_name
from casemgmt.evaluation.at_cut import table_of
from casemgmt.evaluation.calibration import Calibration
from casemgmt.evaluation.judged import Judged
from casemgmt.risk.traps import Trap

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import MaybeNone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Findings:
    """What an evaluation found, as figures and tables.

    Tables are :class:`pyarrow.Table`; ``_low`` and ``_high`` are the ends of 95% intervals. Counts are whole and by
    practice: they stay where the patients' rows may be seen.

    Attributes
    ----------
    judged : the people by whom it was judged
    outcome_name : the column of the outcome
    measures : one row a figure of all practices together: measure, value, low, high, meaning. Intervals of AUROC,
        average precision and Brier score are by the bootstrap, those of calibration by the logistic model (Wald)
    calibration : how right the risks are, with the curve; None for a score that states no risk
    at_cut : a row for all practices, then one a practice: practice_id, people (judged), events (who had the outcome),
        inside (let in by the scheme's share and band routes), events_inside, threshold, ppv (share of those inside who
        had the outcome), sensitivity (share of the outcomes that were inside), number_needed_to_manage (1 / ppv),
        net_benefit (of outcomes inside, less the others inside at the odds of the threshold, a person judged). Null
        where there is none; None without a scheme
    rules : a row for the score, then one a simple rule that gets the same places: ranking, words, the same figures,
        auroc, and ppv_gained and auroc_gained: by how much the score is better, in the same replicates; None without a
        scheme
    funnel : by practice, see :func:`casemgmt.evaluation.funnel.funnel_table`; None for a score that states no risk
    traps : what in the data makes the score look better, or worse, than it will be
    threshold : of the net benefit, as given; None: the lowest risk inside each practice's cut
    replicates, seed : of the bootstrap
    validated : how it was seen to that nobody was scored by a model that had seen them; empty where it is not known
    """

    judged: Judged
    outcome_name: str
    measures: pa.Table
    calibration: Calibration | MaybeNone
    at_cut: pa.Table | MaybeNone
    rules: pa.Table | MaybeNone
    funnel: pa.Table | MaybeNone
    traps: tuple[Trap, ...] = ()
    threshold: float | None
    replicates: int
    seed: int
    validated: str = ""

    def tables(self) -> dict[str, pa.Table]:
        """Every table by name, as :meth:`save` writes it."""
        found = {"measures": self.measures, "set_aside": self.set_aside}
        if self.calibration is not None:
            found |= {"calibration_curve": self.calibration.curve, "calibration_tenths": self.calibration.tenths}
        more = {"at_cut": self.at_cut, "rules": self.rules, "funnel": self.funnel}
        return found | {name: table for name, table in more.items() if table is not None}

    @property
    def set_aside(self) -> pa.Table:
        """Who is not judged: why, people."""
        return table_of([{"why": why, "people": count} for why, count in self.judged.set_aside.items()])

    @arguments.checked(measure=arguments.text)
    def value(self, measure: str) -> float | MaybeNone:
        """One figure of :attr:`measures`, such as ``auroc``.

        Raises
        ------
        InputError : there is no such figure
        """
        names = self.measures.column("measure").to_pylist()
        if measure not in names:
            raise unknown_name("measure", measure, names)
        found: float | MaybeNone = self.measures.column("value")[names.index(measure)].as_py()
        return found

    def why_no_calibration(self) -> str | None:
        """Why nothing is said of calibration; None where something is."""
        if self.calibration is not None:
            return None
        return (
            "The score ranks and states no risk: whether it is right on the whole cannot be asked, only who is above."
        )
