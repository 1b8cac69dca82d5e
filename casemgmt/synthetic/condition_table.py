"""The assumed age curve, sex ratio, frailty slope and company of each condition; only the totals are published.

Everything here is an assumption and is printed in ``assumptions.md``; nothing is estimated from patients.
"""

from __future__ import annotations

from dataclasses import dataclass

from casemgmt.synthetic.published import REGISTERS

ANCHOR_AGES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90)
CARE_HOME = "care_home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How one condition is spread over the people of a practice.

    Attributes
    ----------
    name : the canonical condition
    curve : for each of ANCHOR_AGES a weight, or a prevalence in 0-1 where no register is published
    female : a woman's weight over a man's of the same age
    frailty : the logarithm of the weight rises by this much for each standard deviation of latent frailty
    least_age : the youngest age on the register's denominator, completed years
    company : (condition or care_home, ratio): the weight of those who already have it is multiplied by the ratio
    includes : (condition, share): this share of those with the other condition have this one; the curve then
        speaks of the others
    """

    name: str
    curve: tuple[float, ...]
    female: float
    frailty: float
    least_age: int = 0
    company: tuple[tuple[str, float], ...] = ()
    includes: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuse a curve of the wrong length or a ratio that is not positive."""
        if len(self.curve) != len(ANCHOR_AGES):
            raise ValueError(f"{self.name}: one value for each of {len(ANCHOR_AGES)} ages is needed")
        if self.female <= 0 or any(ratio <= 0 for _, ratio in self.company):
            raise ValueError(f"{self.name}: a ratio must be positive")

    @property
    def has_register(self) -> bool:
        """True where the number of people is published."""
        return self.name in REGISTERS.values()


# Drawn in this order: a condition's company comes before it.
CONDITION_TABLE: tuple[Condition, ...] = (
    Condition(
        name="learning_disability",
        curve=(0.001, 0.004, 0.007, 0.006, 0.005, 0.005, 0.004, 0.0025, 0.001, 0.0005),
        female=0.7,
        frailty=0.1,
        company=((CARE_HOME, 6.0),),
    ),
    Condition(
        name="obesity",
        curve=(0, 0, 0.06, 0.10, 0.13, 0.145, 0.14, 0.12, 0.07, 0.03),
        female=1.2,
        frailty=0.35,
        least_age=18,
    ),
    Condition(
        name="hypertension",
        curve=(0, 0.0005, 0.005, 0.02, 0.07, 0.18, 0.34, 0.50, 0.60, 0.62),
        female=0.95,
        frailty=0.35,
        company=(("obesity", 1.8),),
    ),
    Condition(
        name="diabetes",
        curve=(0, 0.002, 0.008, 0.016, 0.04, 0.085, 0.14, 0.18, 0.18, 0.14),
        female=0.75,
        frailty=0.4,
        least_age=17,
        company=(("obesity", 2.5), ("hypertension", 1.8)),
    ),
    Condition(
        name="coronary_heart_disease",
        curve=(0, 0, 0.0005, 0.002, 0.01, 0.035, 0.085, 0.15, 0.22, 0.25),
        female=0.5,
        frailty=0.45,
        company=(("hypertension", 1.6), ("diabetes", 1.6)),
    ),
    Condition(
        name="atrial_fibrillation",
        curve=(0, 0.0001, 0.0005, 0.001, 0.004, 0.012, 0.035, 0.09, 0.18, 0.24),
        female=0.75,
        frailty=0.45,
        company=(("hypertension", 1.5), ("coronary_heart_disease", 1.5)),
    ),
    Condition(
        name="heart_failure",
        curve=(0.0001, 0.0001, 0.0005, 0.001, 0.003, 0.008, 0.02, 0.05, 0.11, 0.19),
        female=0.75,
        frailty=0.6,
        company=(("coronary_heart_disease", 3.0), ("atrial_fibrillation", 3.0), ("diabetes", 1.5)),
    ),
    Condition(
        name="stroke_tia",
        curve=(0.0001, 0.0003, 0.0008, 0.002, 0.006, 0.017, 0.04, 0.085, 0.14, 0.17),
        female=0.85,
        frailty=0.45,
        company=(("hypertension", 1.6), ("atrial_fibrillation", 1.8), (CARE_HOME, 1.8)),
    ),
    Condition(
        name="peripheral_arterial_disease",
        curve=(0, 0, 0.0001, 0.0004, 0.002, 0.007, 0.018, 0.033, 0.042, 0.042),
        female=0.55,
        frailty=0.5,
        company=(("coronary_heart_disease", 2.0), ("diabetes", 2.0)),
    ),
    Condition(
        name="chronic_kidney_disease",
        curve=(0, 0, 0.001, 0.002, 0.006, 0.02, 0.06, 0.16, 0.32, 0.42),
        female=1.15,
        frailty=0.4,
        least_age=18,
        company=(("hypertension", 1.6), ("diabetes", 1.7), ("heart_failure", 1.8)),
    ),
    Condition(
        name="asthma",
        curve=(0.01, 0.05, 0.06, 0.055, 0.06, 0.07, 0.075, 0.08, 0.075, 0.06),
        female=1.15,
        frailty=0.25,
        company=(("obesity", 1.3),),
    ),
    Condition(
        name="copd",
        curve=(0, 0, 0.0001, 0.0008, 0.006, 0.025, 0.06, 0.09, 0.10, 0.08),
        female=0.95,
        frailty=0.6,
        company=(("asthma", 2.0), ("coronary_heart_disease", 1.3)),
    ),
    Condition(
        name="cancer",
        curve=(0.0008, 0.0015, 0.003, 0.006, 0.013, 0.03, 0.06, 0.10, 0.13, 0.13),
        female=1.05,
        frailty=0.3,
    ),
    Condition(
        name="dementia",
        curve=(0, 0, 0, 0, 0.0002, 0.0008, 0.003, 0.016, 0.075, 0.22),
        female=1.15,
        frailty=0.5,
        company=((CARE_HOME, 8.0), ("stroke_tia", 1.7)),
    ),
    Condition(
        name="psychosis_bipolar",
        curve=(0, 0.0002, 0.003, 0.008, 0.012, 0.014, 0.014, 0.012, 0.011, 0.009),
        female=0.95,
        frailty=0.4,
        company=((CARE_HOME, 3.0),),
    ),
    Condition(
        name="depression",
        curve=(0, 0.01, 0.09, 0.12, 0.14, 0.15, 0.14, 0.11, 0.09, 0.08),
        female=1.7,
        frailty=0.5,
        least_age=18,
        company=(("diabetes", 1.2), ("copd", 1.4), ("obesity", 1.3)),
    ),
    Condition(
        name="anxiety_depression",
        curve=(0, 0.008, 0.03, 0.035, 0.035, 0.035, 0.032, 0.028, 0.025, 0.022),
        female=1.6,
        frailty=0.5,
        includes=("depression", 0.7),
    ),
    Condition(
        name="epilepsy",
        curve=(0.002, 0.005, 0.007, 0.008, 0.009, 0.010, 0.010, 0.010, 0.011, 0.011),
        female=0.95,
        frailty=0.3,
        least_age=18,
        company=(("learning_disability", 12.0), ("stroke_tia", 2.5)),
    ),
    Condition(
        name="osteoporosis",
        curve=(0, 0, 0, 0, 0, 0.002, 0.008, 0.02, 0.04, 0.05),
        female=5.0,
        frailty=0.4,
        least_age=50,
    ),
    Condition(
        name="rheumatoid_arthritis",
        curve=(0, 0.0005, 0.001, 0.002, 0.005, 0.009, 0.013, 0.018, 0.018, 0.014),
        female=2.3,
        frailty=0.3,
        least_age=16,
    ),
    Condition(
        name="connective_tissue_disorder",
        curve=(0.0003, 0.0008, 0.002, 0.004, 0.007, 0.011, 0.017, 0.025, 0.027, 0.022),
        female=1.6,
        frailty=0.3,
        includes=("rheumatoid_arthritis", 1.0),
    ),
    Condition(
        name="palliative_care",
        curve=(0.0001, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.011, 0.028, 0.06),
        female=1.0,
        frailty=0.8,
        company=(("cancer", 8.0), ("dementia", 4.0), ("heart_failure", 2.5), (CARE_HOME, 4.0)),
    ),
    Condition(
        name="painful_condition",
        curve=(0, 0.001, 0.01, 0.025, 0.05, 0.08, 0.11, 0.14, 0.17, 0.19),
        female=1.5,
        frailty=0.65,
        company=(("anxiety_depression", 1.8), ("connective_tissue_disorder", 3.0), ("obesity", 1.4)),
    ),
    Condition(
        name="hearing_loss",
        curve=(0.002, 0.004, 0.004, 0.006, 0.012, 0.025, 0.055, 0.11, 0.20, 0.28),
        female=0.9,
        frailty=0.15,
    ),
    Condition(
        name="irritable_bowel",
        curve=(0, 0.001, 0.02, 0.035, 0.04, 0.045, 0.045, 0.04, 0.035, 0.03),
        female=2.0,
        frailty=0.3,
        company=(("anxiety_depression", 1.6),),
    ),
    Condition(
        name="constipation",
        curve=(0.01, 0.006, 0.004, 0.006, 0.009, 0.015, 0.025, 0.05, 0.10, 0.17),
        female=1.4,
        frailty=0.7,
        company=(("painful_condition", 2.0), ("dementia", 2.0), (CARE_HOME, 3.0)),
    ),
    Condition(
        name="alcohol_problems",
        curve=(0, 0.0005, 0.008, 0.02, 0.032, 0.038, 0.035, 0.025, 0.012, 0.005),
        female=0.45,
        frailty=0.5,
        company=(("anxiety_depression", 1.8), ("psychosis_bipolar", 2.0)),
    ),
)

# What a count of conditions leaves out: a member of a wider condition, and a stage of care.
NOT_COUNTED = ("rheumatoid_arthritis", "depression", "palliative_care")
