"""Every number a synthetic register rests on, beside the published tables and the conditions; see assumptions.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic.conditions import frailty_scores
from casemgmt.synthetic.published import population_by_age

Singles = npt.NDArray[np.float32]

DECILE_OFFSETS_IN_256 = (26, 51, 102, 51, 26)  # a patient's decile less the practice's: -2 to +2
FRAILTY_BY_DEPRIVATION = 0.15  # mean latent frailty of decile 1, in standard deviations; decile 10 has as much less

ETHNIC_GROUPS = ("White", "Mixed", "Asian", "Black", "Other")
ETHNICITY_FROM_AGE = (0, 18, 65)
ETHNICITY_IN_1000 = (  # the five groups, then not stated
    (640, 60, 120, 60, 30, 90),
    (735, 22, 90, 40, 23, 90),
    (865, 7, 35, 20, 8, 65),
)

RESIDENTS_65_OVER = 0.025  # of people aged 65 and over (ONS 2021)
RESIDENTS_85_OVER = 0.56  # of residents aged 65 and over (ONS 2021)
RESIDENTS_UNDER_65 = 0.18  # of all residents (ONS 2021)
CARE_HOME_FRAILTY = 0.9
CARE_HOME_AGE_SLOPE = 0.10  # a year of age, from 65
RESIDENTS_A_HOME = 45  # Rotherham 2017: 1,593 older people in 35 homes
RESIDENTS_A_SPECIALIST_HOME = 11  # Rotherham 2017: 386 adults in 36 specialist homes
NURSING_SHARE = {"H": 0.45, "S": 0.15}

ADMITTED_THROUGH_AE = 0.75
PRONENESS = 1.1  # standard deviation of the logarithm of the proneness ratio
# Of people with an emergency admission in a year: the share with a second, and of those with two or more, who have
# another each time. People with two or more then make 38% of all admissions.
SECOND_ADMISSION, ANOTHER_ADMISSION = 0.195, 0.35
MOST_ADMISSIONS = 20

CONTACT_MEDICINE, CONTACT_CONSULTATION = 0.8, 0.15  # logarithm of the time until no contact, a medicine, a consultation

# Log-odds that someone with an admission or a death in the next year dies, at truth.TRUTH_AGES
DEATH_BY_AGE = (-5.5, -6.0, -5.0, -4.4, -4.0, -3.4, -2.7, -2.1, -1.6, -1.1, -0.7)
DEATH_FRAILTY = 0.3  # a standard deviation
DEATH_PALLIATIVE = 1.2

DEFICITS_FROM_CONDITIONS = (
    ("connective_tissue_disorder",),
    ("atrial_fibrillation",),
    ("stroke_tia",),
    ("chronic_kidney_disease",),
    ("diabetes",),
    ("hearing_loss",),
    ("heart_failure",),
    ("hypertension",),
    ("coronary_heart_disease",),
    ("dementia",),
    ("osteoporosis",),
    ("peripheral_arterial_disease",),
    ("asthma", "copd"),
)
POLYPHARMACY = 5  # different repeat medicines (eFI)
DEFICIT_LOG_ODDS = -1.36
DEFICIT_AGE_SLOPE = 0.045
DEFICIT_FRAILTY_SLOPE = 0.71

CASELOAD_SHARE = 0.02
CASELOAD_CARE_HOME = 4.0
JUDGEMENT_FRAILTY = 0.8
JUDGEMENT_AGE_SLOPE = 0.05
JUDGEMENT_EMERGENCIES = 1.0
NOMINATED_SHARE_OF_CAP = (0.3, 1.0)
OBJECTED_IN_1000 = 10
MEAN_TENURE_DAYS = 4400
REVIEWED_OVER_75, REVIEW_DAYS_OVER_75 = 0.60, 548
REVIEWED_ON_CASELOAD, REVIEW_DAYS_ON_CASELOAD = 0.85, 400

USE_AGES = (0, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95)
# Scotland, emergency admission or death by deprivation tenth, over the mean of the ten (SPARRA v4 tables)
EMERGENCY_BY_DECILE = (1.0, 1.28, 1.218, 1.152, 1.07, 1.038, 0.96, 0.911, 0.842, 0.812, 0.715)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The yearly rate of one kind of use, as a product of lookups.

    Attributes
    ----------
    rate : for each of USE_AGES, a year, for someone of average frailty without a condition
    frailty : rise of the logarithm for each standard deviation
    morbidity : rise of the logarithm for each condition, up to ``most_conditions``
    deciles : ratio for a deprivation decile not stated, then 1 to 10
    prone : whether proneness to emergencies multiplies it too
    highest_rate : no one's rate is above this
    """

    rate: tuple[float, ...]
    frailty: float
    morbidity: float
    highest_rate: float
    deciles: tuple[float, ...] = (1.0,) * 11
    prone: bool = False
    most_conditions: int = 8

    def by_age(self) -> Singles:
        """Float32 array over ages 0 to 120."""
        return np.interp(np.arange(121), USE_AGES, self.rate).astype(np.float32)

    def by_frailty(self) -> Singles:
        """Float32 array over frailty levels."""
        return np.exp(self.frailty * frailty_scores()).astype(np.float32)

    def by_morbidity(self) -> Singles:
        """Float32 array over numbers of conditions 0 to 30."""
        return np.exp(self.morbidity * np.minimum(np.arange(31), self.most_conditions)).astype(np.float32)

    def by_decile(self) -> Singles:
        """Float32 array over deciles, 0 not stated."""
        return np.asarray(self.deciles, dtype=np.float32)


USE = {
    "emergency_admissions": Use(
        rate=(0.0625, 0.0350, 0.0256, 0.0317, 0.0318, 0.0340, 0.0380, 0.0455, 0.0773, 0.163, 0.372),
        frailty=0.6,
        morbidity=0.2,
        highest_rate=20.0,
        deciles=EMERGENCY_BY_DECILE,
        prone=True,
    ),
    "ae_attendances": Use(
        rate=(0.55, 0.38, 0.30, 0.32, 0.25, 0.20, 0.16, 0.15, 0.16, 0.20, 0.22),
        frailty=0.35,
        morbidity=0.15,
        highest_rate=30.0,
        deciles=EMERGENCY_BY_DECILE,
        prone=True,
    ),
    "outpatient_attendances": Use(
        rate=(0.6, 0.4, 0.4, 0.5, 0.6, 0.6, 0.7, 0.8, 0.9, 0.8, 0.5),
        frailty=0.4,
        morbidity=0.22,
        highest_rate=60.0,
    ),
    "gp_consultations": Use(
        rate=(4.5, 2.0, 1.8, 2.2, 2.4, 2.5, 2.8, 3.2, 3.6, 4.0, 4.0),
        frailty=0.35,
        morbidity=0.22,
        highest_rate=90.0,
    ),
    "repeat_medicines": Use(
        rate=(0.13, 0.16, 0.32, 0.52, 0.65, 0.78, 1.04, 1.30, 1.56, 1.82, 1.82),
        frailty=0.25,
        morbidity=0.38,
        highest_rate=18.0,
        most_conditions=6,
    ),
}


@cache
def proneness_ratios() -> Singles:
    """Float32 array over proneness levels, of mean 1: quantiles of a lognormal distribution."""
    from statistics import NormalDist

    normal = NormalDist()
    score = np.array([normal.inv_cdf((level + 0.5) / 256) for level in range(256)])
    ratio = np.exp(PRONENESS * score)
    ratios: Singles = (ratio / ratio.mean()).astype(np.float32)
    return ratios


@cache
def further_admissions() -> Singles:
    """Float32 array: the share of those admitted in a year who have at most 1, 2, 3, … admissions."""
    more = SECOND_ADMISSION * ANOTHER_ADMISSION ** np.arange(MOST_ADMISSIONS - 1)
    shares: Singles = (1 - more).astype(np.float32)
    return shares


@cache
def care_home_rates() -> tuple[tuple[int, int, float], ...]:
    """(first age, last age, residents per person), from the ONS shares and the ONS population of England."""
    people = np.asarray(population_by_age(), dtype=np.float64)
    older = RESIDENTS_65_OVER * people[65:].sum()
    younger = older * RESIDENTS_UNDER_65 / (1 - RESIDENTS_UNDER_65)
    return (
        (18, 64, float(younger / people[18:65].sum())),
        (65, 84, float(older * (1 - RESIDENTS_85_OVER) / people[65:85].sum())),
        (85, 120, float(older * RESIDENTS_85_OVER / people[85:].sum())),
    )
