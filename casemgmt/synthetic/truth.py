"""The truth of a synthetic register: the risk of an emergency admission or a death in the next 12 months, as stated.

The coefficients were chosen by us, and tuned so that the rates are the published Scottish ones and no model finds the
risk easier to predict than it is in reality; assumptions.md says how, and what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic.conditions import Flags, Singles
from casemgmt.synthetic.people import PracticeDraw
from casemgmt.synthetic.published_rates import RATE, RATE_BY_AGE_BAND, RATE_BY_TENTH

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]

TRUTH_AGES = (0, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95)

CONDITION_LOG_ODDS = {
    "hypertension": 0.05,
    "coronary_heart_disease": 0.30,
    "heart_failure": 0.65,
    "atrial_fibrillation": 0.35,
    "stroke_tia": 0.40,
    "peripheral_arterial_disease": 0.35,
    "asthma": 0.25,
    "copd": 0.75,
    "diabetes": 0.40,
    "chronic_kidney_disease": 0.30,
    "cancer": 0.50,
    "dementia": 0.60,
    "depression": 0.20,
    "anxiety_depression": 0.25,
    "epilepsy": 0.70,
    "learning_disability": 0.45,
    "psychosis_bipolar": 0.55,
    "obesity": 0.10,
    "osteoporosis": 0.20,
    "palliative_care": 1.30,
    "rheumatoid_arthritis": 0.15,
    "connective_tissue_disorder": 0.25,
    "painful_condition": 0.35,
    "hearing_loss": 0.0,
    "irritable_bowel": 0.10,
    "constipation": 0.35,
    "alcohol_problems": 0.90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The coefficients of the risk function, all log-odds unless said otherwise.

    Attributes
    ----------
    by_age : at ages 0, 5, 15, … 95, joined by straight lines and level from 95
    by_decile : for a deprivation decile not stated, then 1 to 10
    female : added for women and girls
    conditions : added for each condition that a person has, recorded or not
    emergency_admissions : added for 0, 1, 2, 3 and more in the last 12 months
    recent_admission : added where one of them was in the last 3 months
    ae_attendance, outpatient_attendance, medicine : added for each, up to ``most``
    most : at most so many attendances or medicines count
    care_home : added for residents
    frailty : for each standard deviation of latent frailty, which no register holds
    circumstances : standard deviation of a normal amount of a person's own, which no register holds
    deprivation_weight : 0-1, how far a practice's expected rate is that of its deprivation; the rest is its ages
    level : the expected rate of a practice is this times that of its deprivation and ages
    no_contact : risk of people without a recent contact, as a share of what it would be with one
    """

    by_age: tuple[float, ...]
    by_decile: tuple[float, ...]
    female: float
    conditions: Mapping[str, float] = field(hash=False)
    emergency_admissions: tuple[float, ...]
    recent_admission: float
    ae_attendance: float
    outpatient_attendance: float
    medicine: float
    most: int
    care_home: float
    frailty: float
    circumstances: float
    deprivation_weight: float
    level: float
    no_contact: float


TRUTH = Truth(
    by_age=(0.0,) * 11,
    by_decile=(0.0, 0.24, 0.19, 0.14, 0.07, 0.04, -0.04, -0.09, -0.17, -0.21, -0.34),
    female=-0.05,
    conditions=CONDITION_LOG_ODDS,
    emergency_admissions=(0.0, 0.5, 0.8, 1.0),
    recent_admission=0.3,
    ae_attendance=0.2,
    outpatient_attendance=0.06,
    medicine=0.06,
    most=8,
    care_home=0.3,
    frailty=0.2,
    circumstances=0.4,
    deprivation_weight=0.85,
    level=0.985,
    no_contact=0.4,
)


def true_risk(
    draw: PracticeDraw,
    *,
    recent_contact: Flags,
    recent_admissions: Shorts,
    circumstances: Singles,
    truth: Truth = TRUTH,
) -> Singles:
    """The chance of an emergency admission or a death in the 12 months after the list date, 0-1, one a person.

    Parameters
    ----------
    draw : the people of one practice, with what is latent in them
    recent_contact : bool array
    recent_admissions : int16 array, emergency admissions in the last 3 months
    circumstances : float32 array, standard normal
    truth : the coefficients

    Returns
    -------
    float32 array. Its mean over the people with a recent contact is the practice's expected rate; see ``level_of``.
    """
    log_odds = person_log_odds(draw, recent_admissions=recent_admissions, truth=truth)
    log_odds += np.float32(truth.circumstances) * circumstances
    log_odds += level_of(log_odds[recent_contact], expected_rate(draw, recent_contact, truth))
    risk = logistic(log_odds)
    np.multiply(risk, np.float32(truth.no_contact), out=risk, where=~recent_contact)
    return risk


def person_log_odds(draw: PracticeDraw, *, recent_admissions: Shorts, truth: Truth) -> Singles:
    """The part of the log-odds that follows from a person's ages, conditions, use and latent frailty."""
    use = draw.use
    total = np.take(np.interp(np.arange(121), TRUTH_AGES, truth.by_age).astype(np.float32), draw.age)
    total += np.take(np.asarray(truth.by_decile, dtype=np.float32), draw.imd_decile)
    total += np.float32(truth.female) * draw.female
    total += np.float32(truth.care_home) * (draw.home > 0)
    total += np.float32(truth.frailty) * draw.frailty_score
    total += np.float32(truth.recent_admission) * (recent_admissions > 0)
    admitted = np.asarray(truth.emergency_admissions, dtype=np.float32)
    total += np.take(admitted, np.minimum(use.emergency_admissions, admitted.size - 1))
    for amount, counts in (
        (truth.ae_attendance, use.ae_attendances),
        (truth.outpatient_attendance, use.outpatient_attendances),
        (truth.medicine, use.repeat_medicines),
    ):
        total += np.float32(amount) * np.minimum(counts, truth.most)
    for name, amount in truth.conditions.items():
        if amount:
            total += np.float32(amount) * draw.conditions[name]
    found: Singles = total
    return found


def expected_rate(draw: PracticeDraw, recent_contact: Flags, truth: Truth = TRUTH) -> float:
    """The rate that a practice's people with a recent contact have on average, from their deprivation and ages.

    The published rates by age and by deprivation cannot both hold in a place that is older and more deprived than Scotland; this
    is a geometric mean of the two, weighted towards deprivation.
    """
    if not recent_contact.any():
        return RATE
    band = np.minimum(draw.age[recent_contact] // 10, 9)
    by_age = float(np.take(RATE_BY_AGE_BAND, band).mean())
    by_tenth = float(np.take((RATE, *RATE_BY_TENTH), draw.imd_decile[recent_contact]).mean())
    weight = truth.deprivation_weight
    return float(truth.level * by_tenth**weight * by_age ** (1 - weight))


def level_of(log_odds: Singles, rate: float) -> np.float32:
    """What must be added to log-odds for their mean risk to be ``rate``: a practice's level, by Newton's method."""
    level = 0.0
    for _ in range(50 if log_odds.size else 0):
        risk = logistic(log_odds + np.float32(level)).astype(np.float64)
        mean = float(risk.mean())
        # On the scale of the logarithm of the odds of the mean, the step is never far from right.
        step = (np.log(mean / (1 - mean)) - np.log(rate / (1 - rate))) * mean * (1 - mean)
        step /= max(float((risk * (1 - risk)).mean()), 1e-9)
        level -= float(np.clip(step, -4.0, 4.0))
        if abs(step) < 1e-5:
            break
    return np.float32(level)


def logistic(log_odds: Singles) -> Singles:
    """Probabilities from log-odds."""
    odds = np.exp(-np.clip(log_odds, -40.0, 40.0))
    odds += np.float32(1)
    return np.divide(np.float32(1), odds, out=odds)
