"""The answer to *did it work?*: the step at the cut, how sure, and what the comparison rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural
from casemgmt.evaluation.detectable import POWER
from casemgmt.evaluation.labels import in_front, labels_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.annotations import MaybeNone
    from casemgmt.evaluation.both_sides import AtTheCut
    from casemgmt.evaluation.density import DensityCheck
    from casemgmt.evaluation.discontinuity import Jump

    Floats = npt.NDArray[np.float64]

STEP_IN_DENSITY = 0.05  # p-value under which people are said to be unevenly many on both sides
FEW_INSIDE = 200  # people inside within the bandwidth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class EffectAtCut:
    """What the step at the cut says; made by :func:`casemgmt.effect_at_cut`. Shares are from 0 to 1.

    Its tables hold whole counts, for the practices' own use.

    Attributes
    ----------
    people : who is compared, and who is set aside and why
    outcome, managed : float64, one a person compared: 1, 0, NaN where not known; ``outcome`` None before the year ends
    fuzzy : whether the step is divided by that in who was managed
    jump : the step of the outcome, for each one managed where ``fuzzy``; None before the year ends
    uptake : the step in who was managed; None where the rule alone says it
    expected : the comparison as it is expected without an effect; None where nothing says what to expect
    minimum_detectable : the smallest effect that such a year shows in 8 of 10 cases, as a difference of shares; it
        rests on ``expected`` alone and not on the outcome. None where nothing says what to expect
    density : whether people are as many just inside as just outside
    """

    people: AtTheCut
    outcome: Floats | None
    managed: Floats
    fuzzy: bool
    jump: Jump | None
    uptake: Jump | None
    expected: Jump | None
    minimum_detectable: float | MaybeNone
    density: DensityCheck

    @property
    def effect(self) -> float | MaybeNone:
        """The difference that being managed made to the outcome at the cut; below 0: it happened less often."""
        return None if self.jump is None else self.jump.estimate

    @property
    def interval(self) -> tuple[float, float] | MaybeNone:
        """Its robust 95% interval, which is not centred on ``effect``: it takes the estimated bias off."""
        return None if self.jump is None else self.jump.interval()

    @property
    def p_value(self) -> float | MaybeNone:
        """Of no effect."""
        return None if self.jump is None else self.jump.p_value

    @property
    def rate_without(self) -> float | MaybeNone:
        """The outcome just outside the cut: seen, or expected before the year ends."""
        shown = self.jump or self.expected
        return None if shown is None else shown.left

    @property
    def labels(self) -> tuple[str, ...]:
        """``synthetic people`` and ``demonstration only``, where they are true."""
        return labels_of(self.people.workings.register, self.people.workings.model)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should make a reader doubt the comparison, a sentence each."""
        found = []
        p, shown = self.density.p_value, self.jump or self.expected
        if p is not None and p < STEP_IN_DENSITY:
            found.append(
                f"People are unevenly many on both sides of the cut (p = {p:.3f}, looked at under {STEP_IN_DENSITY}): "
                "scores may have been written with the cut in mind, or fall on a few values."
            )
        if shown is not None and shown.used_right < FEW_INSIDE:
            found.append(
                f"{plural(shown.used_right, 'person', 'people')} inside the cut and near it are compared, fewer than "
                f"{FEW_INSIDE}: the interval is wide, and rough."
            )
        smallest, rate = self.minimum_detectable, self.rate_without
        if smallest is not None and rate is not None and smallest > rate:
            found.append("Not even an effect that spared every one of them the outcome could be told in such a year.")
        return tuple(found)

    def to_arrow(self) -> pa.Table:
        """One row: the effect with its interval, what could be told, and what the comparison rests on."""
        import pyarrow as pa

        low, high = self.interval or (None, None)
        shown = self.jump or self.expected
        row: dict[str, float | int | str | None] = {
            "design": "fuzzy" if self.fuzzy else "sharp",
            "effect": self.effect,
            "low": low,
            "high": high,
            "p_value": self.p_value,
            "rate_without": self.rate_without,
            "minimum_detectable": self.minimum_detectable,
            "bandwidth": None if shown is None else shown.bandwidth,
            "outside_used": None if shown is None else shown.used_left,
            "inside_used": None if shown is None else shown.used_right,
            "managed_step": None if self.uptake is None else self.uptake.estimate,
            "density_p_value": self.density.p_value,
            "practices": self.people.practices,
        }
        whole = {"outside_used", "inside_used", "practices"}
        kinds = {name: pa.int64() if name in whole else pa.float64() for name in row} | {"design": pa.string()}
        return pa.table({name: pa.array([value], kinds[name]) for name, value in row.items()})

    def set_aside(self) -> pa.Table:
        """Who is not compared: reason, people; each under the first reason that is true."""
        import numpy as np
        import pyarrow as pa

        counts = dict(self.people.set_aside)
        if self.outcome is not None:
            counts["the outcome is not known"] = int(np.isnan(self.outcome).sum())
        return pa.table(
            {"reason": pa.array(list(counts), pa.string()), "people": pa.array(list(counts.values()), pa.int64())}
        )

    def binned(self) -> pa.Table:
        """The numbers of the plot: people near the cut by distance from it.

        Returns
        -------
        pyarrow.Table
            side (outside, inside), distance (mean of the bin, in units of the score), people, outcome (share, null
            before the year ends), expected (mean risk, null where the model gives none)
        """
        from casemgmt.evaluation.effect_plot import binned

        return binned(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`binned` with the two lines; needs matplotlib (``casemgmt[plot]``). Answers the axes."""
        from casemgmt.evaluation.effect_plot import draw_effect

        return draw_effect(self, ax)

    def matched(self) -> pa.Table:
        """Everyone with a place beside the nearest in score without one, of one practice, sex and ten years of age.

        A second look and no second proof: what made a clinician or a rule choose the one and not the other is not all
        in the register, and above the cut hardly anybody is left to be compared with.

        Returns
        -------
        pyarrow.Table
            one row a characteristic, ``outcome`` last where it is known: means of the managed and the others,
            ``difference`` (standardized), the same of the matched pairs, ``pairs`` and ``unmatched`` (the managed
            without anyone alike within 0.2 standard deviations of the score)
        """
        return _matched_table(self)

    def __repr__(self) -> str:
        """The answer in a sentence or two; counts only."""
        return f"<EffectAtCut: {in_front(self.labels)}{' '.join(_sentences(self))}>"


def _sentences(found: EffectAtCut) -> list[str]:
    people, practices = plural(len(found.people.rows), "person", "people"), plural(found.people.practices, "practice")
    lines = []
    if found.effect is None or found.interval is None:
        lines.append(f"no outcome yet; {people} in {practices} can be compared.")
    else:
        low, high = found.interval
        lines.append(
            f"at the cut {100 * found.effect:+.1f} in 100 (95% interval {100 * low:+.1f} to {100 * high:+.1f}) had the "
            f"outcome, of {100 * (found.rate_without or 0):.1f} in 100 without; {people} in {practices}."
        )
    if found.minimum_detectable is not None:
        lines.append(
            f"A year like this shows an effect of {100 * found.minimum_detectable:.1f} in 100 or more in "
            f"{round(10 * POWER)} of 10 cases."
        )
    return [line.replace("-", "−") if "interval" in line else line for line in lines] + list(found.warnings)


def _matched_table(found: EffectAtCut) -> pa.Table:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from casemgmt.arrow import numpy_of
    from casemgmt.evaluation.matching import balance_table, groups_of_people, nearest_pairs

    if not len(found.people.rows):
        raise InputError("There is nobody to match.")
    people, register = found.people, found.people.workings.register
    # In the order of their ids, so that the order of the register is nowhere in who is paired with whom.
    order = numpy_of(pc.sort_indices(register.column("patient_id", people.rows))).astype(np.int64)
    rows, score, managed = people.rows[order], people.score[order], found.managed[order] == 1
    pairs = nearest_pairs(score, managed, groups_of_people(register, rows, people.practice[order]))
    outcome = None if found.outcome is None else found.outcome[order]
    table = balance_table(register, rows, score, managed, pairs, outcome)
    for name, count in (("pairs", len(pairs.managed)), ("unmatched", pairs.unmatched)):
        table = table.append_column(name, pa.array(np.full(table.num_rows, count), pa.int64()))
    return table
