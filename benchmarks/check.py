"""Whether casemgmt has become slower, or hungrier, beside the others than an earlier run was.

Times themselves say little on a shared machine, so ratios are compared: a contender's time ÷ casemgmt's of the same
run. Each comes with the range that its rounds allow, from quartile to quartile; a ratio is a regression where all of
its range lies below all of the earlier one and it fell by a tenth at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

FELL_BY = 0.1
_SAME = ("work", "patients", "practices", "order", "threads")
_MEASURES = {"time": "warm_s", "processor": "processor_s", "memory": "peak_bytes"}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A contender's figure ÷ casemgmt's, and the range that the rounds allow."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a table shows it."""
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of one contender in two runs."""

    where: str
    before: Ratio
    now: Ratio

    @property
    def has_regressed(self) -> bool:
        """Whether the ratio fell beyond noise: above 1 casemgmt is quicker."""
        return self.now.high < self.before.low and self.now.value < (1 - FELL_BY) * self.before.value

    def __str__(self) -> str:
        """A line for people."""
        return f"{self.where}: {self.before} before, {self.now} now"


def compared(before: dict[str, Any], now: dict[str, Any]) -> list[Compared]:
    """Every measure that both runs hold, of the same work at the same size.

    Raises
    ------
    ValueError : no work was run in both
    """
    earlier = {_key(run): run for run in before["runs"]}
    found = [each for run in now["runs"] if _key(run) in earlier for each in _of_run(earlier[_key(run)], run)]
    if not found:
        raise ValueError("The earlier run holds none of these works at these sizes: there is nothing to compare.")
    return found


def told(found: list[Compared]) -> str:
    """What was compared, for people."""
    worse = [each for each in found if each.has_regressed]
    lines = [f"{len(found)} ratios compared with the earlier run (above 1, casemgmt is quicker):"]
    lines += [f"  {each}" for each in found if not each.has_regressed]
    lines += [f"{len(worse)} fell beyond noise:"] if worse else ["None fell beyond noise."]
    return "\n".join([*lines, *(f"  **{each}**" for each in worse)])


def _key(run: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(run[name] for name in _SAME)


def _of_run(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Compared]:
    earlier = {each["key"]: each for each in before["contenders"][1:] if not (each["does_more"] or each.get("is_part"))}
    for each in now["contenders"][1:]:
        if each["key"] not in earlier:
            continue
        for measure, name in _MEASURES.items():
            ratios = [
                _ratio(contender[name], run["contenders"][0][name])
                for run, contender in ((before, earlier[each["key"]]), (now, each))
            ]
            if ratios[0] and ratios[1]:
                where = f"{now['work']}, {now['patients']:,} {now['order']}, {measure}, {each['name']}"
                yield Compared(where, ratios[0], ratios[1])


def _ratio(theirs: list[float], ours: list[float]) -> Ratio | None:
    """None where a run has no such figure, as memory in a shared process."""
    if not theirs or not ours or not min(ours):
        return None
    (their_low, their_high), (our_low, our_high) = _middle_half(theirs), _middle_half(ours)
    return Ratio(median(theirs) / median(ours), their_low / our_high, their_high / our_low)


def _middle_half(values: list[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high
