"""What came before and what happens next to the people of one practice, around a stated risk.

Everything is drawn from random streams of its own, one uniform number a person and question, so that the people stay
the same with or without outcomes, and what is planted changes what it says and no one else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from casemgmt.register.fields import CONDITIONS
from casemgmt.synthetic import assumptions as assumed
from casemgmt.synthetic.conditions import Flags, Singles, smallest, stochastic_round
from casemgmt.synthetic.people import PracticeDraw, stream
from casemgmt.synthetic.planted import NOTHING, Planted
from casemgmt.synthetic.published_rates import FIRST_IN_DEATHS, NO_CONTACT
from casemgmt.synthetic.truth import TRUTH, TRUTH_AGES, Truth, logistic, true_risk
from casemgmt.synthetic.use import PreviousUse, admissions_of_admitted, draw_use, use_rate

Shorts = npt.NDArray[np.int16]
Months = npt.NDArray[np.int8]

MONTHS = 12
RECENT_MONTHS = 3

_CONTACT, _MONTHS, _YEAR_BEFORE, _CIRCUMSTANCES, _EVENTS, _RECORDING, _SPARED, _COPY = range(8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The outcomes of one practice's people, one value a person.

    Attributes
    ----------
    recent_contact : bool array
    months : int8 array (12, people), emergency admissions of each month before the list date, the last month first
    year_before : emergency admissions in the twelve months before those
    risk : chance of an emergency admission or a death in the 12 months after the list date, 0-1, drift included and
        the planted effect not
    admissions : emergency admissions in the 12 months after the list date
    died : bool array, a death in the 12 months after the list date
    """

    recent_contact: Flags
    months: Months
    year_before: Shorts
    risk: Singles
    admissions: Shorts
    died: Flags


def draw_outcomes(
    draw: PracticeDraw,
    seed: int,
    *,
    planted: Planted = NOTHING,
    managed: Flags | None = None,
    truth: Truth = TRUTH,
) -> Outcomes:
    """Draw what happened before and what happens next.

    Parameters
    ----------
    draw : the people, with all their conditions and true use
    seed : the one that the people were drawn with
    planted : effect and drift act here; under-recording and a copied year on what the register shows
    managed : bool array, who is case-managed; None means the caseload
    truth : the risk function
    """
    code = draw.practice.code
    contact = draw_contact(stream(code, seed, _CONTACT), draw)
    months = draw_months(stream(code, seed, _MONTHS), draw.use.emergency_admissions)
    circumstances = stream(code, seed, _CIRCUMSTANCES).standard_normal(draw.age.size, dtype=np.float32)
    risk = true_risk(
        draw,
        recent_contact=contact,
        recent_admissions=months[:RECENT_MONTHS].sum(axis=0, dtype=np.int16),
        circumstances=circumstances,
        truth=truth,
    )
    risk = np.minimum(risk * np.float32(planted.drift), np.float32(1))
    admissions, died = _draw_events(stream(code, seed, _EVENTS), draw, risk, truth)
    if planted.effect:
        who = draw.judgement.on_caseload if managed is None else managed
        spared = stream(code, seed, _SPARED).random(draw.age.size, dtype=np.float32) < planted.effect
        admissions[who & spared] = 0
    return Outcomes(
        recent_contact=contact,
        months=months,
        year_before=_year_before(stream(code, seed, _YEAR_BEFORE), draw),
        risk=risk,
        admissions=admissions,
        died=died,
    )


def draw_contact(random: np.random.Generator, draw: PracticeDraw) -> Flags:
    """Who had a recent contact: all but 26% of the list, who had no hospital use and mostly few medicines."""
    use = draw.use
    keys = random.standard_exponential(draw.age.size, dtype=np.float32)
    leaning = assumed.CONTACT_MEDICINE * np.minimum(use.repeat_medicines, 20)
    leaning = leaning + assumed.CONTACT_CONSULTATION * np.minimum(use.gp_consultations, 40)
    keys *= np.exp(leaning.astype(np.float32))
    used = (use.emergency_admissions > 0) | (use.ae_attendances > 0) | (use.outpatient_attendances > 0)
    keys[used] = np.inf
    without = smallest(keys, min(stochastic_round(NO_CONTACT * keys.size, random), int((~used).sum())))
    return ~without


def draw_months(random: np.random.Generator, admissions: Shorts) -> Months:
    """Spread each person's emergency admissions of a year over its months, each month alike."""
    months = np.zeros((MONTHS, admissions.size), dtype=np.int8)
    admitted = np.flatnonzero(admissions)
    people = np.repeat(admitted, admissions[admitted])
    np.add.at(months, (random.integers(0, MONTHS, people.size), people), 1)
    return months


def recorded(draw: PracticeDraw, seed: int, planted: Planted) -> dict[str, Flags]:
    """The conditions as the register shows them: those that are there, less what is planted as not recorded."""
    if planted.under_recorded is None:
        return dict(draw.conditions)
    group = _members(draw, *planted.under_recorded)
    random = stream(draw.practice.code, seed, _RECORDING)
    shown = {}
    for name in CONDITIONS:
        lost = random.random(draw.age.size, dtype=np.float32) < planted.under_recording
        shown[name] = draw.conditions[name] & ~(lost & group)
    return shown


def copied_use(draw: PracticeDraw, seed: int, outcomes: Outcomes) -> tuple[PreviousUse, Months]:
    """The use and months that a register shows which repeats the year before."""
    from dataclasses import replace

    code = draw.practice.code
    random = stream(code, seed, _COPY)
    earlier = draw_use(
        random, random, age=draw.age, frailty=draw.frailty, decile=draw.imd_decile, morbidity=draw.morbidity
    )
    use = replace(earlier, emergency_admissions=outcomes.year_before, repeat_medicines=draw.use.repeat_medicines)
    return use, draw_months(random, outcomes.year_before)


def _year_before(random: np.random.Generator, draw: PracticeDraw) -> Shorts:
    """The same rate as in the last twelve months but for proneness, which is of a year and not of a person."""
    use = assumed.USE["emergency_admissions"]
    rate = use_rate(
        "emergency_admissions", age=draw.age, frailty=draw.frailty, decile=draw.imd_decile, morbidity=draw.morbidity
    )
    rate *= np.take(assumed.proneness_ratios(), random.integers(0, 256, rate.size, dtype=np.uint8))
    np.minimum(rate, np.float32(use.highest_rate), out=rate)
    admitted = np.flatnonzero(random.random(rate.size, dtype=np.float32) < -np.expm1(-rate))
    found = np.zeros(rate.size, dtype=np.int16)
    found[admitted] = admissions_of_admitted(random.random(admitted.size, dtype=np.float32))
    return found


def _draw_events(random: np.random.Generator, draw: PracticeDraw, risk: Singles, truth: Truth) -> tuple[Shorts, Flags]:
    """Emergency admissions and deaths of the next year."""
    chance, split, number = (random.random(risk.size, dtype=np.float32) for _ in range(3))
    died = np.zeros(risk.size, dtype=bool)
    admissions = np.zeros(risk.size, dtype=np.int16)
    with_event = np.flatnonzero(chance < risk)
    log_odds = np.take(np.interp(np.arange(121), TRUTH_AGES, assumed.DEATH_BY_AGE), draw.age[with_event])
    log_odds = log_odds + assumed.DEATH_FRAILTY * draw.frailty_score[with_event]
    log_odds += assumed.DEATH_PALLIATIVE * draw.conditions["palliative_care"][with_event]
    death = logistic(log_odds.astype(np.float32))
    died[with_event] = split[with_event] < death
    first = split[with_event] < death * np.float32(FIRST_IN_DEATHS)
    admitted = with_event[~first]
    admissions[admitted] = admissions_of_admitted(number[admitted])
    return admissions, died


def _members(draw: PracticeDraw, column: str, value: object) -> Flags:
    if column == "imd_decile":
        return np.asarray(draw.imd_decile == (0 if value is None else value))
    if column == "sex":
        return np.asarray(draw.female == (value == "F")) if value in ("F", "M") else np.zeros(draw.age.size, dtype=bool)
    if column == "ethnicity":
        groups = (*assumed.ETHNIC_GROUPS, None)
        return np.asarray(draw.ethnicity == (groups.index(value) if value in groups else -1))
    types = ("none", *(kind for _, kind in draw.homes))
    return np.isin(draw.home, [place for place, kind in enumerate(types) if kind == value])
