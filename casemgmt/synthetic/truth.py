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
Bands = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

HIGHEST_RATE = 0.9
CLOSE_ENOUGH = 1e-4  # a hundredth of a per cent of the risk
TRUTH_AGES = (0, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95)

CONDITION_LOG_ODDS = {
    "hypertension": 0.1,
    "coronary_heart_disease": 0.5,
    "heart_failure": 1.05,
    "atrial_fibrillation": 0.55,
    "stroke_tia": 0.65,
    "peripheral_arterial_disease": 0.55,
    "asthma": 0.4,
    "copd": 1.2,
    "diabetes": 0.65,
    "chronic_kidney_disease": 0.5,
    "cancer": 0.8,
    "dementia": 0.95,
    "depression": 0.3,
    "anxiety_depression": 0.4,
    "epilepsy": 1.1,
    "learning_disability": 0.7,
    "psychosis_bipolar": 0.9,
    "obesity": 0.15,
    "osteoporosis": 0.3,
    "palliative_care": 2.1,
    "rheumatoid_arthritis": 0.25,
    "connective_tissue_disorder": 0.4,
    "painful_condition": 0.55,
    "hearing_loss": 0,
    "irritable_bowel": 0.15,
    "constipation": 0.55,
    "alcohol_problems": 1.45,
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
    fading : how much of what conditions and use add is lost for each ten years of age over 40
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
    band_ratios: tuple[float, ...]
    deprivation_weight: float
    level: float
    fading: float
    no_contact: float


TRUTH = Truth(
    by_age=(-2.35, -2.72, -3.11, -2.92, -2.84, -2.73, -2.52, -2.23, -1.66, -0.89, -0.18),
    by_decile=(0.0, 0.31, 0.27, 0.20, 0.10, 0.06, -0.03, -0.09, -0.19, -0.23, -0.40),
    female=-0.05,
    conditions=CONDITION_LOG_ODDS,
    emergency_admissions=(0.0, 0.9, 1.3, 1.6),
    recent_admission=0.3,
    ae_attendance=0.3,
    outpatient_attendance=0.08,
    medicine=0.1,
    most=8,
    care_home=0.3,
    frailty=0.4,
    circumstances=0.5,
    band_ratios=(0.945, 0.945, 0.945, 0.95, 0.965, 0.995, 1.02, 1.035, 1.05, 1.055),
    deprivation_weight=0.85,
    level=0.98,
    fading=0.14,
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
    band = age_bands(draw.age)
    rates = expected_rates(draw, recent_contact, truth)
    log_odds += np.take(levels_of(log_odds[recent_contact], band[recent_contact], rates), band)
    risk = logistic(log_odds)
    np.multiply(risk, np.float32(truth.no_contact), out=risk, where=~recent_contact)
    return risk


def age_bands(age: Bytes) -> Bands:
    """The place of each person in ``published_rates.AGE_BANDS``."""
    return np.take(np.minimum(np.arange(121) // 10, len(RATE_BY_AGE_BAND) - 1), age)


def person_log_odds(draw: PracticeDraw, *, recent_admissions: Shorts, truth: Truth) -> Singles:
    """The part of the log-odds that follows from a person's ages, conditions, use and latent frailty."""
    use = draw.use
    admitted = np.asarray(truth.emergency_admissions, dtype=np.float32)
    total = np.take(admitted, np.minimum(use.emergency_admissions, admitted.size - 1))
    total += np.float32(truth.recent_admission) * (recent_admissions > 0)
    for amount, counts in (
        (truth.ae_attendance, use.ae_attendances),
        (truth.outpatient_attendance, use.outpatient_attendances),
        (truth.medicine, use.repeat_medicines),
    ):
        total += np.float32(amount) * np.minimum(counts, truth.most)
    for name, amount in truth.conditions.items():
        if amount:
            total += np.float32(amount) * draw.conditions[name]
    total += np.float32(truth.frailty) * draw.frailty_score
    total += np.take(np.asarray(truth.by_decile, dtype=np.float32), draw.imd_decile)
    total *= np.take(faded(truth).astype(np.float32), draw.age)
    total += np.take(np.interp(np.arange(121), TRUTH_AGES, truth.by_age).astype(np.float32), draw.age)
    total += np.float32(truth.female) * draw.female
    total += np.float32(truth.care_home) * (draw.home > 0)
    found: Singles = total
    return found


def faded(truth: Truth) -> Floats:
    """What is left at each age, 0 to 120, of what deprivation, conditions and use add."""
    lost: Floats = truth.fading * np.maximum(np.arange(121) - 40, 0) / 10
    return 1.0 - lost


def expected_rates(draw: PracticeDraw, recent_contact: Flags, truth: Truth = TRUTH) -> Floats:
    """The mean risk of a practice's people with a recent contact in each of the ten age bands.

    The bands stand to each other as the published rates by age, times the mean of the published rates by deprivation of
    the band's people. The published rates by age and by deprivation cannot both hold in a place that is older and more
    deprived than Scotland, so the whole practice's rate is a geometric mean of what each of the two would give.

    Returns
    -------
    float64 array; what stands for a band without anyone in it means nothing
    """
    band = age_bands(draw.age)[recent_contact]
    by_tenth = np.take(np.array((RATE, *RATE_BY_TENTH)), draw.imd_decile[recent_contact])
    relative = (by_tenth / RATE) ** np.take(faded(truth), draw.age[recent_contact])
    people = np.bincount(band, minlength=len(RATE_BY_AGE_BAND))
    tenths = np.bincount(band, relative, len(RATE_BY_AGE_BAND)) / np.maximum(people, 1)
    by_age = np.asarray(RATE_BY_AGE_BAND)
    bent = by_age * np.asarray(truth.band_ratios)
    if not people.any():
        return by_age
    share = people / people.sum()
    weight = truth.deprivation_weight
    whole = float(by_tenth.mean()) ** weight * float(by_age @ share) ** (1 - weight)
    rates: Floats = bent * tenths
    rates *= truth.level * whole / float(rates @ share)
    return np.clip(rates, 0.0, HIGHEST_RATE)


def levels_of(log_odds: Singles, band: Bands, rates: Floats) -> Singles:
    """What must be added to the log-odds of each band for its mean risk to be its rate, by Newton's method."""
    people = np.bincount(band, minlength=rates.size)
    held = people > 0
    wanted = np.log(rates[held] / (1 - rates[held]))
    levels = np.zeros(rates.size)
    for _ in range(50):
        risk = logistic(log_odds + np.take(levels.astype(np.float32), band))
        mean = (np.bincount(band, risk, rates.size) / np.maximum(people, 1))[held]
        slope = (np.bincount(band, risk * (1 - risk), rates.size) / np.maximum(people, 1))[held]
        # The odds of the mean are nearly a straight line in the level on the scale of logarithms.
        step = (np.log(mean / (1 - mean)) - wanted) * mean * (1 - mean) / np.maximum(slope, 1e-9)
        levels[held] -= np.clip(step, -4.0, 4.0)
        if not np.any(np.abs(step) > CLOSE_ENOUGH):
            break
    return levels.astype(np.float32)


def logistic(log_odds: Singles) -> Singles:
    """Probabilities from log-odds."""
    odds = np.exp(-np.clip(log_odds, -40.0, 40.0))
    odds += np.float32(1)
    return np.divide(np.float32(1), odds, out=odds)
