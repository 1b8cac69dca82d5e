"""Who has which condition: weighted draws that fill each published register exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic.ages import CELLS, cell_ages, cell_is_female
from casemgmt.synthetic.condition_table import ANCHOR_AGES, CARE_HOME, CONDITION_TABLE, Condition

FRAILTY_LEVELS = 256

# Held below every other weight, but not nil: a register that exceeds the plausible still finds its people.
_UNLIKELY = 1e-9
_NEVER = np.float32(1e30)

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """A condition as lookups.

    Attributes
    ----------
    by_cell : float32 array over age-sex cells, one over the weight
    by_frailty : float32 array over frailty levels, one over the weight
    eligible : bool array over age-sex cells
    prevalence : float64 array over age-sex cells, as assumed
    """

    by_cell: Singles
    by_frailty: Singles
    eligible: Flags
    prevalence: Floats


def frailty_scores() -> Floats:
    """The latent frailty of each level, in standard deviations, from -4 to just under 4."""
    return -4.0 + 8.0 * np.arange(FRAILTY_LEVELS) / FRAILTY_LEVELS


@cache
def tables(condition: Condition) -> Tables:
    """The lookups of a condition, made once."""
    ages, female = cell_ages(), cell_is_female()
    sex = np.where(female, 2 * condition.female, 2.0) / (1 + condition.female)
    prevalence = np.interp(ages, ANCHOR_AGES, condition.curve) * sex
    eligible = ages >= condition.least_age
    prevalence[~eligible] = 0.0
    by_cell = np.full(CELLS, _NEVER, dtype=np.float32)
    by_cell[eligible] = 1.0 / np.maximum(prevalence[eligible], _UNLIKELY)
    by_frailty = np.exp(-condition.frailty * frailty_scores()).astype(np.float32)
    return Tables(by_cell=by_cell, by_frailty=by_frailty, eligible=eligible, prevalence=prevalence)


def smallest(keys: Singles, count: int) -> Flags:
    """True for the ``count`` smallest keys; equal keys at the cut are taken in their order."""
    if count <= 0:
        return np.zeros(keys.size, dtype=bool)
    if count >= keys.size:
        return np.ones(keys.size, dtype=bool)
    cut = np.partition(keys, count - 1)[count - 1]
    chosen: Flags = keys < cut
    short = count - int(np.count_nonzero(chosen))
    chosen[np.flatnonzero(keys == cut)[:short]] = True
    return chosen


def stochastic_round(expected: float, random: np.random.Generator) -> int:
    """A whole number next to ``expected`` whose mean is ``expected``."""
    return int(np.floor(expected + random.random()))


def draw_conditions(
    random: np.random.Generator,
    *,
    cell: npt.NDArray[np.intp],
    frailty: npt.NDArray[np.intp],
    care_home: Flags,
    registers: dict[str, int],
) -> dict[str, Flags]:
    """Who has which condition.

    A weighted draw without replacement: the smallest of exponential times over weights (the same as the largest of
    log-weight plus Gumbel noise), so that each register holds exactly its published number of eligible people.

    Parameters
    ----------
    cell : intp array, age-sex cell of each person
    frailty : intp array, frailty level of each person
    care_home : bool array, care-home residents
    registers : condition -> published number

    Returns
    -------
    dict of bool arrays, one for each of the 27 conditions
    """
    people_by_cell = np.bincount(cell, minlength=CELLS)
    drawn: dict[str, Flags] = {CARE_HOME: care_home}
    buffer = np.empty(cell.size, dtype=np.float32)
    for condition in CONDITION_TABLE:
        lookup = tables(condition)
        keys = random.standard_exponential(cell.size, dtype=np.float32)
        keys *= np.take(lookup.by_cell, cell, out=buffer, mode="clip")
        keys *= np.take(lookup.by_frailty, frailty, out=buffer, mode="clip")
        for other, ratio in condition.company:
            np.multiply(keys, np.float32(1 / ratio), out=keys, where=drawn[other])
        eligible = int(people_by_cell[lookup.eligible].sum())
        if condition.includes:
            drawn[condition.name] = _with_included(random, condition, keys, drawn[condition.includes[0]], cell)
            continue
        if condition.has_register:
            wanted = registers[condition.name]
        else:
            wanted = stochastic_round(float(people_by_cell @ lookup.prevalence), random)
        drawn[condition.name] = smallest(keys, min(wanted, eligible))
    del drawn[CARE_HOME]
    return drawn


def _with_included(
    random: np.random.Generator, condition: Condition, keys: Singles, source: Flags, cell: npt.NDArray[np.intp]
) -> Flags:
    assert condition.includes is not None  # noqa: S101  # for the type checker
    members = int(np.count_nonzero(source))
    inside = np.where(source, keys, _NEVER)
    chosen = smallest(inside, min(members, stochastic_round(condition.includes[1] * members, random)))
    others = ~source
    expected = float(np.take(tables(condition).prevalence, cell[others]).sum())
    outside = np.where(others, keys, _NEVER)
    chosen |= smallest(outside, min(keys.size - members, stochastic_round(expected, random)))
    return chosen
