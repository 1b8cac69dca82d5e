"""Traps in the data that a model is fitted or judged on: what makes it look better, or worse, than it will ever be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from casemgmt.errors import plural
from casemgmt.register.fields import FIELDS
from casemgmt.register.ranked import is_listable
from casemgmt.risk.trap_columns import by_value, copies_among, days_after

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.trap_columns import Cells

    Floats = npt.NDArray[np.float64]

Kind = Literal["tells the outcome", "recorded later", "copied year", "cannot have the outcome", "already managed"]

NEARLY_DETERMINED = 0.9  # AUROC of one input alone; honest ones stay under 0.8
TOO_GOOD = 0.95  # AUROC of a whole score; models of emergency admission stay under 0.9
NEARLY_ALL = 0.95  # of those with one value, who have the outcome
OF_ALL_EVENTS = 0.05  # that such a value must hold
FEWEST_PEOPLE = 50  # with a value, for anything to be said of it; and with the outcome, of inputs of any kind
FEWEST_EVENTS, EVENTS_A_CELL = 10, 5  # with the outcome, for anything to be said of inputs with a few values
EXPECTED_OF_NONE = 30.0  # people with the outcome expected among those of a value, of whom there are none
LESS_THAN_ALIKE = 0.93  # outcome of the managed ÷ of people alike
SURELY = 3.0  # standard errors
_STATES = ("nominated", "nomination_order", "on_caseload", "objected")
_LATER = re.compile(r"(^|_)(outcome|future|subsequent)(_|$)|(^|_)(next|following)_(year|months?|days?|[0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Something in the data that looks like a trap.

    Attributes
    ----------
    kind : ``tells the outcome``: an input nearly determined by it; ``recorded later``: an input recorded after the
        list date; ``copied year``: a column that repeats another year's; ``cannot have the outcome``: people who are
        dead, gone, or have a value with which nobody has it; ``already managed``: people whose outcome somebody has
        changed, so that a model fitted on them finds them at too little risk (the update paradox)
    columns : the columns it is about
    words : what was found, with counts
    remedy : what to do about it
    """

    kind: Kind
    columns: tuple[str, ...]
    words: str
    remedy: str

    def __str__(self) -> str:
        """Both in one line."""
        return f"{self.words} {self.remedy}"


def usual_inputs(register: Register) -> tuple[str, ...]:
    """The fields that a model may look at: all but identifiers, dates, free text, and what people decided."""
    kinds = ("flag", "category", "integer")
    return tuple(name for name in register.fields if FIELDS[name].kind in kinds and name not in _STATES)


def traps_in(
    register: Register,
    happened: Floats,
    inputs: Sequence[str] | None = None,
    recorded_on: Mapping[str, str] | None = None,
    managed: str = "on_caseload",
) -> tuple[Trap, ...]:
    """The traps that a register and an outcome show.

    Parameters
    ----------
    register : whose rows ``happened`` speaks of
    happened : float64, one a packed row: 1 it happened, 0 it did not, NaN not known
    inputs : names of the columns that a model looks at, fields and carried ones; None: the usual fields
    recorded_on : input → the carried column with the date on which it was recorded
    managed : the flag of those who were under management in the year of the outcome

    Returns
    -------
    tuple of Trap, in the order in which the kinds are listed there
    """
    import numpy as np

    names = usual_inputs(register) if inputs is None else tuple(dict.fromkeys(inputs))
    known = ~np.isnan(happened) & is_listable(register.packed)
    y = happened[known] == 1
    cells = {name: by_value(register, name, known, y) for name in names if name in register.column_names}
    telling = tuple(_telling(cells, y))
    others = {name: each for name, each in cells.items() if all(name not in trap.columns for trap in telling)}
    return (
        *telling,
        *_later(register, names, recorded_on or {}),
        *_copied(register, names),
        *_gone(register, happened),
        *_without(others, y),
        *_managed(register, happened, managed),
    )


def _telling(cells: Mapping[str, Cells], y: npt.NDArray[np.bool_]) -> Iterable[Trap]:
    """Inputs of which one alone says who has the outcome, or one value of which does."""
    events = int(y.sum())
    fewer = min(events, len(y) - events)
    if fewer < FEWEST_EVENTS:
        return
    for name, each in cells.items():
        # Of few people many cells tell the outcome by chance, and two do not.
        if fewer < FEWEST_PEOPLE and not (each.exact and len(each.counted) * EVENTS_A_CELL <= fewer):
            continue
        area = each.auroc
        sure = [value for value in each.counted if value.people >= FEWEST_PEOPLE and value.share >= NEARLY_ALL]
        if area >= NEARLY_DETERMINED:
            what = f"'{name}' alone tells who has the outcome (AUROC {area:.3f}; {NEARLY_DETERMINED:g} is looked at)."
        elif events / len(y) <= 0.5 and sum(value.events for value in sure) >= OF_ALL_EVENTS * events:
            people = sum(value.people for value in sure)
            what = (
                f"Of {plural(people, 'person', 'people')} with certain values of '{name}', nearly all have the outcome."
            )
        else:
            continue
        yield Trap(
            kind="tells the outcome",
            columns=(name,),
            words=what,
            remedy="It may be the outcome in another form, or recorded with it: leave it out, or say how it was known.",
        )


def score_that_tells(area: float) -> Trap:
    """What is to be said of a score that tells the outcome better than any honest one."""
    return Trap(
        kind="tells the outcome",
        columns=("the score",),
        words=f"The score alone tells who has the outcome (AUROC {area:.3f}; {TOO_GOOD:g} is looked at).",
        remedy=(
            "It may be made from the outcome or from what was recorded with it, or fitted on these very people: look "
            "at its inputs, and judge it by cm.validate."
        ),
    )


def _later(register: Register, names: Sequence[str], recorded_on: Mapping[str, str]) -> Iterable[Trap]:
    """Inputs that were recorded after the list date, as dates or names say."""
    remedy = "Nobody knows it on the list date: leave it out, or take what was known then."
    for name in names:
        dates = recorded_on.get(name, name)
        later = days_after(register, dates)
        if later:
            beside = "" if dates == name else f", by '{dates}'"
            yield Trap(
                kind="recorded later",
                columns=tuple(dict.fromkeys((name, dates))),
                words=f"'{name}' was recorded after {register.as_of} for {plural(later, 'person', 'people')}{beside}.",
                remedy=remedy,
            )
        elif name not in FIELDS and _LATER.search(name.lower()):
            yield Trap(
                kind="recorded later",
                columns=(name,),
                words=f"'{name}' is named like something that comes after the list date.",
                remedy=remedy,
            )


def _copied(register: Register, names: Sequence[str]) -> Iterable[Trap]:
    """Counts that are another column once more, for nearly everyone."""
    for name, other, people in copies_among(register, names):
        yield Trap(
            kind="copied year",
            columns=(name, other),
            words=f"'{name}' is the same as '{other}' for nearly all {plural(people, 'person', 'people')} with either.",
            remedy="One of the years was copied from the other: ask for the extract again.",
        )


def _gone(register: Register, happened: Floats) -> Iterable[Trap]:
    """People with an outcome who were not there."""
    import numpy as np

    barred = int(np.count_nonzero(~np.isnan(happened) & ~is_listable(register.packed)))
    if barred:
        yield Trap(
            kind="cannot have the outcome",
            columns=("date_of_death", "deregistered_on"),
            words=(
                f"{plural(barred, 'person', 'people')} with an outcome were dead, had left or had not joined on "
                f"{register.as_of}."
            ),
            remedy="They are set aside; make sure that nothing else counts them as people without the outcome.",
        )


def _without(cells: Mapping[str, Cells], y: npt.NDArray[np.bool_]) -> Iterable[Trap]:
    """Values with which nobody has the outcome, though many would be expected to."""
    rate = float(y.mean()) if len(y) else 0.0
    for name, each in cells.items():
        if not each.exact:
            continue
        none = [
            value
            for value in each.counted
            if value.people * rate >= EXPECTED_OF_NONE and value.events <= 0.02 * value.people * rate
        ]
        if none:
            people = sum(value.people for value in none)
            yield Trap(
                kind="cannot have the outcome",
                columns=(name,),
                words=(
                    f"Of {plural(people, 'person', 'people')} with certain values of '{name}', hardly one has the "
                    f"outcome, and {people * rate:.0f} would be expected."
                ),
                remedy="If they cannot have it, as after death, leave them out of fitting and judging.",
            )


def _managed(register: Register, happened: Floats, managed: str) -> Iterable[Trap]:
    """Whether the managed have the outcome less often than people alike who are not."""
    from casemgmt.risk.trap_columns import managed_against_alike

    found = managed_against_alike(register, happened, managed)
    if found is None or found.ratio > LESS_THAN_ALIKE or found.deviation > -SURELY:
        return
    yield Trap(
        kind="already managed",
        columns=(managed,),
        words=(
            f"{plural(found.people, 'person', 'people')} on '{managed}' have the outcome {found.ratio:.2f} times as "
            "often as people like them in age, admissions and illness."
        ),
        remedy=(
            "If management did that, a model fitted on them finds such people at too little risk, and drops them (the "
            "update paradox): fit on a year before management, or leave them out, and say so in the model's card."
        ),
    )
