"""From gathered bits and measures to the flags that were asked for; rules are worked out here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.codes.gathering import Gathered
from casemgmt.codes.plan import ANY_ROW, Feature, Plan
from casemgmt.codes.rules import Rule, Seen
from casemgmt.codes.windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class Flags(NamedTuple):
    """What is kept of the gathered patients; see :class:`casemgmt.codes.derived.Derived`."""

    patients: pa.Array
    words: npt.NDArray[np.uint64]
    bits: Mapping[str, int]
    counts: Mapping[str, npt.NDArray[np.int32]]
    latest: Mapping[str, npt.NDArray[np.int32]]
    rows: npt.NDArray[np.int32] | None


def flags_of(
    gathered: Gathered,
    plan: Plan,
    flags: Sequence[str],
    windows: Mapping[str, Window | None],
    rules: Sequence[Rule],
    counts: Sequence[str],
    latest: Sequence[str],
) -> Flags:
    """The flags, counts and latest days that were asked for, in this order."""
    bits = {name: plan.bits[Feature(name, windows[name])] for name in flags}
    words = gathered.words
    if rules:
        import numpy as np

        ruled: dict[str, npt.NDArray[np.bool_]] = {}
        for rule in rules:
            holds = _holds(rule, gathered, plan)
            ruled[rule.name] = ruled[rule.name] | holds if rule.name in ruled else holds
        worked_out = [*(_bit(gathered, bit) for bit in bits.values()), *ruled.values()]
        bits = {name: place for place, name in enumerate((*bits, *ruled))}
        words = np.zeros(((len(worked_out) + 63) // 64, len(gathered.ids)), dtype=np.uint64)
        for place, true in enumerate(worked_out):
            words[place // 64] |= true.astype(np.uint64) << np.uint64(place % 64)
    measure = {feature: place for place, feature in enumerate(plan.measures)}
    every_row = measure.get(Feature(ANY_ROW, None))
    return Flags(
        gathered.ids,
        words,
        bits,
        {name: gathered.counts[measure[Feature(name, windows[name])]] for name in counts},
        {name: gathered.latest[measure[Feature(name, windows[name])]] for name in latest},
        None if every_row is None else gathered.counts[every_row],
    )


def _bit(gathered: Gathered, bit: int) -> npt.NDArray[np.bool_]:
    import numpy as np

    return np.asarray((gathered.words[bit // 64] >> np.uint64(bit % 64)) & np.uint64(1), dtype=bool)


def _holds(rule: Rule, gathered: Gathered, plan: Plan) -> npt.NDArray[np.bool_]:
    import numpy as np

    true = np.ones(len(gathered.ids), dtype=bool)
    for each in rule.all:
        true &= _seen(each, gathered, plan)
    if rule.any:
        true &= np.logical_or.reduce([_seen(each, gathered, plan) for each in rule.any])
    for each in rule.unless:
        true &= ~_seen(each, gathered, plan)
    return true


def _seen(each: Seen, gathered: Gathered, plan: Plan) -> npt.NDArray[np.bool_]:
    import numpy as np

    within: Any = each.within
    first: Any = each.first_within
    if first is not None:
        ever = _bit(gathered, plan.bits[Feature(each.condition, None)])
        found = ever & ~_bit(gathered, plan.bits[Feature(each.condition, first, "before")])
    elif each.at_least > 1:
        place = plan.measures.index(Feature(each.condition, within))
        found = gathered.counts[place] >= each.at_least
    else:
        found = _bit(gathered, plan.bits[Feature(each.condition, within)])
    if each.later_than is None:
        return found
    own = gathered.latest[plan.measures.index(Feature(each.condition, within))]
    other = gathered.latest[plan.measures.index(Feature(each.later_than, None))]
    return np.asarray(found & (own > other))
