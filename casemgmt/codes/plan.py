"""What is asked of the rows, as bits and measures: which code sets which, on which days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from casemgmt.codes.rules import Rule
from casemgmt.codes.windows import Window
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


ANY_ROW = "*"


class Feature(NamedTuple):
    """Rows of one condition's codes in one window, or before it; of the condition ``*``, every row there is.

    ``window`` None is ever. ``side`` ``before`` means the days before the window began.
    """

    condition: str
    window: Window | None
    side: Literal["in", "before"] = "in"


@dataclass(frozen=True, slots=True)
class Plan:
    """The bits and measures of one call, and the classes of days that tell them apart.

    Attributes
    ----------
    as_of : the last day that counts
    edges : day numbers, ascending: the first day inside each window
    bits : the bit of each feature
    measures : the features of which rows are counted or the latest day is kept
    counted : of each measure, whether rows are counted
    undated_as_ever : whether a row without a day counts for what is asked of all time
    first_days : the first day inside each window
    of_condition : the features of each condition, bits and measures
    """

    as_of: int
    edges: tuple[int, ...]
    bits: Mapping[Feature, int]
    measures: tuple[Feature, ...]
    counted: tuple[bool, ...]
    undated_as_ever: bool
    first_days: Mapping[Window, int]
    of_condition: Mapping[str, tuple[Feature, ...]]

    @property
    def words(self) -> int:
        """64-bit words of a patient."""
        return max((len(self.bits) + 63) // 64, 1)

    @property
    def classes(self) -> int:
        """Classes of days: one more than there are edges, then after ``as_of``, then none."""
        return len(self.edges) + 3

    def _features(self, conditions: Iterable[str]) -> list[Feature]:
        return [feature for name in conditions for feature in self.of_condition.get(name, ())]

    def applies(self, feature: Feature, day_class: int) -> bool:
        """Whether a row of that class of days counts for a feature."""
        if day_class == len(self.edges) + 1:
            return False
        if day_class == len(self.edges) + 2:
            return self.undated_as_ever and feature.window is None
        if feature.window is None:
            return True
        reached = day_class > self.edges.index(self.first_days[feature.window])
        return reached if feature.side == "in" else not reached

    def masks(self, conditions: Iterable[str]) -> npt.NDArray[np.uint64]:
        """The bits that a row of those conditions sets, (words, classes)."""
        import numpy as np

        found = [[0] * self.classes for _ in range(self.words)]
        for feature in self._features(conditions):
            bit = self.bits.get(feature)
            for day_class in range(self.classes if bit is not None else 0):
                if bit is not None and self.applies(feature, day_class):
                    found[bit // 64][day_class] |= 1 << (bit % 64)
        return np.array(found, dtype=np.uint64)

    def counts_in(self, conditions: Iterable[str]) -> tuple[bool, ...]:
        """Of each class of days, whether a row of those conditions counts for anything."""
        asked = self._features(conditions)
        return tuple(any(self.applies(each, day_class) for each in asked) for day_class in range(self.classes))

    def measured(self, conditions: Iterable[str], day_class: int) -> list[int]:
        """The measures that a row of those conditions and that class of days adds to."""
        found = [
            self.measures.index(feature)
            for feature in self._features(conditions)
            if feature in self.measures and self.applies(feature, day_class)
        ]
        every_row = Feature(ANY_ROW, None)
        return [*found, self.measures.index(every_row)] if every_row in self.measures else found


def plan_of(
    conditions: Sequence[str],
    windows: Mapping[str, Window | None],
    rules: Sequence[Rule],
    counts: Sequence[str],
    latest: Sequence[str],
    as_of: dt.date,
    *,
    undated_as_ever: bool,
    count_rows: bool = False,
) -> Plan:
    """The plan that answers for these conditions, each in its window, and for the rules.

    Parameters
    ----------
    conditions : those whose flags are wanted
    windows : the look-back of each condition; None for ever
    counts, latest : the conditions whose rows are counted, or whose latest day is kept, in their windows
    count_rows : whether the rows of each patient are counted, whatever they hold
    """
    features = [Feature(name, windows[name]) for name in conditions]
    measures = {Feature(name, windows[name]): True for name in counts}
    for name in latest:
        measures.setdefault(Feature(name, windows[name]), False)
    for each in (seen for rule in rules for seen in rule.seen):
        within, first = each.within, each.first_within
        assert not isinstance(within, str) and not isinstance(first, str)  # noqa: S101  -- Seen has read them
        if first is not None:
            features += [Feature(each.condition, None), Feature(each.condition, first, "before")]
        else:
            features.append(Feature(each.condition, within))
        if each.at_least > 1:
            measures[Feature(each.condition, within)] = True
        if each.later_than is not None:
            measures.setdefault(Feature(each.condition, within), False)
            measures.setdefault(Feature(each.later_than, None), False)
    if count_rows:
        measures[Feature(ANY_ROW, None)] = True
    asked = list(dict.fromkeys(features))
    of_condition: dict[str, list[Feature]] = {}
    for feature in dict.fromkeys((*asked, *measures)):
        of_condition.setdefault(feature.condition, []).append(feature)
    first_days = {
        feature.window: day_number(feature.window.first_day(as_of))
        for feature in (*asked, *measures)
        if feature.window is not None
    }
    return Plan(
        as_of=day_number(as_of),
        edges=tuple(sorted(set(first_days.values()))),
        bits={feature: place for place, feature in enumerate(asked)},
        measures=tuple(measures),
        counted=tuple(measures.values()),
        undated_as_ever=undated_as_ever,
        first_days=first_days,
        of_condition={name: tuple(found) for name, found in of_condition.items()},
    )
