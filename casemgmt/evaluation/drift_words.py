"""Which changes between two registers are worth a sentence: the thresholds, and the sentences.

A change is told where it is larger than a stated threshold *and* than chance between two draws of as many people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from casemgmt.errors import listed, plural
from casemgmt.evaluation.drift_selection import copied_columns
from casemgmt.risk.trap_columns import copies_among
from casemgmt.risk.traps import usual_inputs

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.evaluation.drift_calibration import Calibration
    from casemgmt.evaluation.drift_inputs import InputShares
    from casemgmt.evaluation.drift_selection import ScoreDrift
    from casemgmt.register.register import Register

INDEX = 0.1  # population stability index; 0.25 is called large, after Siddiqi's credit scorecards
LARGE_INDEX = 0.25
MISSING_MORE = 0.05  # of all people, by which missing values became more or fewer
TIMES, AT_LEAST = 1.5, 0.005  # a cell's share became so many times larger or smaller, and moved by so much of all
OF_RANGE = 2.0  # the 99th hundredth of a number became so many times larger or smaller
OBSERVED = 0.1  # by which observed ÷ expected, or the share with the outcome, moved
SELECTED_TIMES = 1.25  # the share selected of a group
FEWEST_OF_A_GROUP = 100
SURELY = 4.0  # standard errors
SURELY_OF_NONE = 16.0  # expected where there are none: as many standard errors as SURELY
SURELY_ONE_OF_MANY = 5.0  # where many cells are looked at


def practice_warnings(old: Register, new: Register) -> Iterator[str]:
    """Practices that are in one register alone."""
    for one, other, what in ((old, new, "vanished"), (new, old, "are new")):
        codes = [code for code in one.practices if code not in other.practices]
        if codes:
            yield f"Practices that {what}: {listed(codes)}."


def input_warnings(inputs: Sequence[InputShares], in_one_alone: Sequence[str], old: Register) -> Iterator[str]:
    """Inputs that changed: gone, shifted, missing more often, of another range, or a cell of them."""
    for name in in_one_alone:
        which = "old" if name in old.column_names else "new"
        yield f"'{name}' is in the {which} register alone."
    for each in inputs:
        shares_old, shares_new = each.shares
        said = False
        if each.psi >= INDEX and each.psi > each.by_chance:
            size = "much" if each.psi >= LARGE_INDEX else "somewhat"
            yield f"'{each.name}' shifted {size}: stability index {each.psi:.2f} (told from {INDEX:g})."
            said = True
        gap = shares_new[-1] - shares_old[-1]
        if abs(gap) >= MISSING_MORE and _deviation(each, -1) > SURELY_ONE_OF_MANY:
            yield (
                f"'{each.name}' is missing for {100 * shares_new[-1]:.0f} in 100, and was for "
                f"{100 * shares_old[-1]:.0f} (told from {100 * MISSING_MORE:.0f} more or fewer)."
            )
            said = True
        if each.old_range is not None and each.new_range is not None and _other_range(each):
            yield (
                f"'{each.name}' reaches {each.new_range[2]:g} where it reached {each.old_range[2]:g} (99th hundredth; "
                f"told from {OF_RANGE:g} times): is it in another unit?"
            )
            said = True
        if not said:
            yield from _cell_warning(each)


def _other_range(each: InputShares) -> bool:
    """Whether one 99th hundredth is so many times the other, and not by chance: its lowest end of the other's highest.

    Both ends are NaN of people too few to tell, and no comparison with NaN is true.
    """
    assert each.old_range is not None and each.new_range is not None  # noqa: S101 - looked at before
    first, second = ([abs(float(end)) for end in ends[2:]] for ends in (each.old_range, each.new_range))
    low, high = sorted((first, second), key=lambda ends: ends[0])
    surely = min(high[1:]) >= OF_RANGE * max(low[1:])
    return surely and high[0] >= OF_RANGE * low[0] and high[0] - low[0] > 2


def _cell_warning(each: InputShares) -> Iterator[str]:
    """The one cell of an input whose share changed most, where that is much."""
    found: list[tuple[float, int]] = []
    shares_old, shares_new = each.shares
    for place in range(len(each.cells)):
        low, high = sorted((float(shares_old[place]), float(shares_new[place])))
        if high - low >= AT_LEAST and high >= TIMES * low and _deviation(each, place) > SURELY_ONE_OF_MANY:
            found.append((high - low, place))
    if found:
        place = max(found)[1]
        yield (
            f"'{each.name}': {each.cells[place]} is the cell of {100 * shares_new[place]:.1f} in 100, and was of "
            f"{100 * shares_old[place]:.1f} (told from {TIMES:g} times)."
        )


def _deviation(each: InputShares, place: int) -> float:
    """By how many standard errors the share of a cell moved."""
    old, new = (max(int(counts.sum()), 1) for counts in (each.old, each.new))
    together = (each.old[place] + each.new[place]) / (old + new)
    error = (together * (1 - together) * (1 / old + 1 / new)) ** 0.5
    shares_old, shares_new = each.shares
    return float(abs(shares_new[place] - shares_old[place]) / error) if error else 0.0


def copy_warnings(old: Register, new: Register) -> Iterator[str]:
    """A year that copies the one before: within the new register, or from the old one."""
    for name, other, people in copies_among(new, usual_inputs(new)):
        yield (
            f"In the new register '{name}' is the same as '{other}' for nearly all of "
            f"{plural(people, 'person', 'people')} with either: a year that was copied."
        )
    # Two registers of one day are expected to agree.
    for name, people in copied_columns(old, new) if old.as_of != new.as_of else ():
        yield (
            f"'{name}' is the same as in the old register for nearly all of {plural(people, 'person', 'people')} with "
            "any: a year that was copied."
        )


def calibration_warnings(old: Calibration | None, new: Calibration | None) -> Iterator[str]:
    """Calibration, or the outcome itself, that moved."""
    if old is None or new is None:
        return
    if not (old.events and new.events):
        yield from _vanished(old, new)
        return
    ratio = new.level / old.level
    error = (old.error**2 + new.error**2) ** 0.5
    from math import log

    if max(ratio, 1 / ratio) < 1 + OBSERVED or abs(log(ratio)) < SURELY * error:
        return
    if new.observed_expected is None or old.observed_expected is None:
        yield (
            f"{100 * new.level:.1f} in 100 have the outcome, and {100 * old.level:.1f} had (told from "
            f"{100 * OBSERVED:.0f} in 100 more or fewer)."
        )
        return
    yield (
        f"Observed over expected is {new.level:.2f}, and was {old.level:.2f} (told from {100 * OBSERVED:.0f} in 100 "
        "more or less): recalibrate before risks are read as chances."
    )


def _vanished(old: Calibration, new: Calibration) -> Iterator[str]:
    """An outcome that nobody has in one register, or that nobody knows, and many have in the other."""
    for one, other, when in ((old, new, "old"), (new, old, "new")):
        due = other.events / other.people * one.people if other.people else 0.0
        if not one.people and other.people:
            yield f"In the {when} register the outcome is not known of anybody who can be judged."
        elif not one.events and due >= SURELY_OF_NONE:
            yield (
                f"In the {when} register nobody of {plural(one.people, 'person', 'people')} has the outcome, and "
                f"{due:,.0f} would be expected by the other: was it recorded, or is the year not over?"
            )


def score_warnings(scores: ScoreDrift, old: int, new: int) -> Iterator[str]:
    """Scores that shifted."""
    by_chance = (9 + 4 * 18**0.5) * (1 / max(old, 1) + 1 / max(new, 1))
    if scores.psi >= INDEX and scores.psi > by_chance:
        yield f"The scores shifted: stability index {scores.psi:.2f} by tenths (told from {INDEX:g})."


def selection_warnings(selection: pa.Table) -> Iterator[str]:
    """Groups of which many more, or fewer, would be selected."""
    for row in selection.to_pylist():
        if min(row["listed_old"], row["listed_new"]) < FEWEST_OF_A_GROUP:
            continue
        low, high = sorted((row["share_old"], row["share_new"]))
        together = (row["selected_old"] + row["selected_new"]) / (row["listed_old"] + row["listed_new"])
        error = (together * (1 - together) * (1 / row["listed_old"] + 1 / row["listed_new"])) ** 0.5
        if high >= SELECTED_TIMES * low and error and (high - low) / error > SURELY:
            yield (
                f"Of {row['column']} '{row['group']}', {100 * row['share_new']:.1f} in 100 would be selected, and "
                f"{100 * row['share_old']:.1f} were (told from {SELECTED_TIMES:g} times)."
            )
