"""What a ranking comes to at the scheme's cut, practice by practice: whom it reaches, and at what price.

References
----------
Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. Med Decis Making
2006;26:565-574 (net benefit).
Clopper CJ, Pearson ES. Biometrika 1934;26:404-413 (exact intervals, where resampling has nothing to go by).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.arrow import column_of
from casemgmt.evaluation.bootstrap import interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.evaluation.judged import Judged

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.int64]

ALL = "all practices"
WITH_INTERVALS = ("ppv", "sensitivity", "number_needed_to_manage", "net_benefit")
_COUNTED = ("people", "events", "inside", "events_inside")

# A figure, and the two ends of its 95% interval; None where there is none.
Figure = tuple[float | None, float | None, float | None]
NO_FIGURE: Figure = (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The people judged, by practice, by which of some lists they are inside, and by outcome.

    Attributes
    ----------
    of_person : int64, one a person: the number of the cell
    practice, outcome : int64 and bool, one a cell, cells of a practice together
    inside : bool, (lists, cells)
    counts : int64, people of each cell
    """

    of_person: Counts
    practice: Counts
    outcome: Flags
    inside: Flags
    counts: Counts


def cells_of(practice: Counts, outcome: Flags, lists: Sequence[Flags]) -> Cells:
    """Cells of people by practice, outcome, and the lists that they are inside: one bool a person each, at most 50."""
    import numpy as np

    pattern = outcome.astype(np.int64)
    for i, each in enumerate(lists):
        pattern += each.astype(np.int64) << (i + 1)
    bits = len(lists) + 1
    distinct, of_person = np.unique((practice << bits) | pattern, return_inverse=True)
    return Cells(
        of_person=of_person.astype(np.int64),
        practice=distinct >> bits,
        outcome=distinct & 1 == 1,
        inside=np.array([distinct & (1 << (i + 1)) != 0 for i in range(len(lists))], dtype=bool),
        counts=np.bincount(of_person, minlength=len(distinct)).astype(np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """Counts of one practice, or of all, at a cut; and of each replicate, in arrays."""

    people: int
    events: int
    inside: int
    events_inside: int
    replicated_events: Counts
    replicated_inside: Counts
    replicated_events_inside: Counts

    @property
    def ppv(self) -> Figure:
        """The share of those inside who had the outcome."""
        return _share(self.events_inside, self.inside, self.replicated_events_inside, self.replicated_inside)

    @property
    def sensitivity(self) -> Figure:
        """The share of those who had the outcome who were inside."""
        return _share(self.events_inside, self.events, self.replicated_events_inside, self.replicated_events)

    @property
    def number_needed_to_manage(self) -> Figure:
        """People inside for each who had the outcome; no upper end where there may have been none."""
        value, low, high = self.ppv
        return (1 / value if value else None, 1 / high if high else None, 1 / low if low else None)

    def net_benefit(self, threshold: float | None) -> Figure:
        """Outcomes inside less the others inside at the odds of the threshold, for each person on the list."""
        value, low, high = self.ppv
        if threshold is None or not 0 <= threshold < 1 or value is None or low is None or high is None:
            return NO_FIGURE
        odds = threshold / (1 - threshold)
        if self.events_inside in (0, self.inside):
            part = self.inside / self.people
            ends = [part * (share - (1 - share) * odds) for share in (value, low, high)]
            return ends[0], ends[1], ends[2]
        had, inside = self.replicated_events_inside, self.replicated_inside
        exact = (self.events_inside - (self.inside - self.events_inside) * odds) / self.people
        return exact, *interval((had - (inside - had) * odds) / self.people)


def _share(part: int, whole: int, parts: Counts, wholes: Counts) -> Figure:
    """A share and its interval: by resampling, or exact where all of the whole, or none, is of the part."""
    import numpy as np

    if not whole:
        return NO_FIGURE
    if part in (0, whole):
        return part / whole, *_exact(part, whole)
    shares = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return part / whole, *interval(shares)


def _exact(part: int, whole: int) -> tuple[float, float]:
    """The exact 95% interval of a share that is 0 or 1."""
    end = 0.025 ** (1 / whole)
    return (0.0, 1 - end) if part == 0 else (end, 1.0)


def cut_of(cells: Cells, drawn: npt.NDArray[np.int32], which: int, practice: int | None = None) -> Cut:
    """The counts at the cut of one of the lists.

    Parameters
    ----------
    drawn : int32, (replicates, cells): how many people of each cell each replicate has
    which : number of the list
    practice : index of the practice; None: all
    """
    import numpy as np

    first, last = (
        (0, len(cells.counts)) if practice is None else np.searchsorted(cells.practice, [practice, practice + 1])
    )
    here = slice(int(first), int(last))
    counts, had, inside = cells.counts[here], cells.outcome[here], cells.inside[which, here]

    def both(mask: Flags) -> tuple[int, Counts]:
        return int(counts[mask].sum()), np.asarray(drawn[:, here][:, mask].sum(axis=1, dtype=np.int64))

    (events, more_events), (in_all, more_in), (hits, more_hits) = both(had), both(inside), both(inside & had)
    return Cut(
        people=int(counts.sum()),
        events=events,
        inside=in_all,
        events_inside=hits,
        replicated_events=more_events,
        replicated_inside=more_in,
        replicated_events_inside=more_hits,
    )


def thresholds_of(judged: Judged, given: float | None) -> list[float | None]:
    """The threshold of each practice: as given, or the lowest risk inside its cut.

    One more at the end, of all practices together: the mean of theirs, weighted by how many are inside. None where
    there is no risk, or nobody inside.
    """
    import numpy as np

    practices = len(judged.practices)
    if given is not None or judged.risk is None or judged.inside is None:
        return [given] * (practices + 1)
    lowest = np.full(practices, np.inf)
    np.minimum.at(lowest, judged.practice[judged.inside], judged.risk[judged.inside])
    inside = np.bincount(judged.practice[judged.inside], minlength=practices)
    some = inside > 0
    together = float((lowest[some] * inside[some]).sum() / inside.sum()) if some.any() else None
    return [*(float(each) if np.isfinite(each) else None for each in lowest), together]


def cut_columns(name: str, cut: Cut, threshold: float | None) -> dict[str, object]:
    """One row of a table at the cut."""
    row: dict[str, object] = {"practice_id": name, **{each: getattr(cut, each) for each in _COUNTED}}
    row["threshold"] = threshold
    for figure in WITH_INTERVALS:
        found = cut.net_benefit(threshold) if figure == "net_benefit" else getattr(cut, figure)
        row |= dict(zip((figure, f"{figure}_low", f"{figure}_high"), found, strict=True))
    return row


def at_cut_table(
    judged: Judged, cells: Cells, drawn: npt.NDArray[np.int32], thresholds: Sequence[float | None]
) -> pa.Table:
    """One row for all practices together, then one a practice; see :class:`casemgmt.evaluation.Evaluation`."""
    rows = [cut_columns(ALL, cut_of(cells, drawn, 0), thresholds[-1])]
    rows += [
        cut_columns(practice, cut_of(cells, drawn, 0, p), thresholds[p]) for p, practice in enumerate(judged.practices)
    ]
    return table_of(rows)


def table_of(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Rows of texts, whole numbers and floats as a table; a column of nothing but None is of floats."""
    import pyarrow as pa

    def kind(values: list[object]) -> pa.DataType:
        kinds = {type(value) for value in values if value is not None}
        return pa.string() if str in kinds else pa.int64() if kinds == {int} else pa.float64()

    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return pa.table({name: column_of(values, kind(values)) for name, values in columns.items()})
