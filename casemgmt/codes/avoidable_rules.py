"""The rule set of avoidable emergency admissions: which episodes are looked at, and which codes decide.

Source: NHS Digital, CCG Outcomes Indicator Set, indicator 2.6 specification, version 1.15 (December 2018). The codes
are in the code lists that are named here.
"""

from __future__ import annotations

from dataclasses import dataclass

DIAGNOSES, PROCEDURES = "avoidable-admissions-ccg-2.6", "avoidable-admissions-ccg-2.6-procedures"
EMERGENCY_METHODS = ("21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D")
_AGES = (*range(121), *range(7001, 7008))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A column that says whether an episode is the kind of admission that is counted.

    Attributes
    ----------
    field, hes : the column, and the field of Hospital Episode Statistics that it is
    allowed : the values that count, as text
    refused : the values that do not, where all others do
    otherwise : what is said of an episode that does not count
    """

    field: str
    hes: str
    otherwise: str
    allowed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


FILTERS = (
    Filter(field="admission_method", hes="ADMIMETH", allowed=EMERGENCY_METHODS, otherwise="not an emergency"),
    Filter(field="episode_status", hes="EPISTAT", allowed=("1", "3"), otherwise="neither unfinished nor finished"),
    Filter(field="episode_order", hes="EPIORDER", allowed=("1", "01"), otherwise="not the first episode of its spell"),
    Filter(
        field="admission_source", hes="ADMISORC", refused=("51", "52", "53"), otherwise="moved from another hospital"
    ),
    Filter(field="episode_type", hes="EPITYPE", allowed=("1",), otherwise="not a general episode"),
    Filter(field="patient_class", hes="CLASSPAT", allowed=("1",), otherwise="not an ordinary admission"),
    Filter(field="age", hes="STARTAGE", allowed=tuple(map(str, _AGES)), otherwise="an age out of range"),
    Filter(field="sex", hes="SEX", allowed=("1", "2", "F", "M"), otherwise="neither female nor male"),
)

# What each column may hold at all, as regular expressions: of one that holds little of it nothing can be said.
KNOWN_VALUES = {
    "admission_method": r"[1238][1-9]|2[A-D]|9[89]",
    "episode_status": r"[1-39]",
    "episode_order": r"[0-9]{1,2}",
    "admission_source": r"[0-9]{2}",
    "episode_type": r"[1-69]",
    "patient_class": r"[1-589]",
    "age": r"[0-9]{1,3}|700[1-7]",
    "sex": r"[0-39]|[FMIUX]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A primary diagnosis that makes an admission avoidable, and what else must or must not stand beside it.

    Attributes
    ----------
    group : what the admission was for
    primary : the condition of the list of diagnoses that the primary diagnosis must have
    needs : a condition that some diagnosis must have as well
    unless : a condition that no diagnosis may have
    unless_procedure : a condition of the list of procedures that no procedure may have
    """

    group: str
    primary: str
    needs: str = ""
    unless: str = ""
    unless_procedure: str = ""


_CARDIAC, _CHAPTERS = "avoidable_cardiac_procedure", "avoidable_procedure_of_chapters"
RULES = (
    Rule(group="chronic_hepatitis_b", primary="avoidable_chronic_hepatitis_b", unless="avoidable_sickle_cell"),
    Rule(group="asthma", primary="avoidable_asthma"),
    Rule(group="heart_failure", primary="avoidable_heart_failure", unless_procedure=_CARDIAC),
    Rule(group="diabetes", primary="avoidable_diabetes"),
    Rule(group="copd", primary="avoidable_copd"),
    Rule(group="copd", primary="avoidable_acute_bronchitis", needs="avoidable_copd"),
    Rule(group="angina_ihd", primary="avoidable_angina_ihd", unless_procedure=_CHAPTERS),
    Rule(group="anaemia", primary="avoidable_anaemia"),
    Rule(group="hypertension", primary="avoidable_hypertension", unless_procedure=_CARDIAC),
    Rule(group="atrial_fibrillation", primary="avoidable_atrial_fibrillation"),
    Rule(group="epilepsy", primary="avoidable_epilepsy"),
    Rule(group="dementia", primary="avoidable_dementia"),
)
GROUPS = tuple(dict.fromkeys(rule.group for rule in RULES))
