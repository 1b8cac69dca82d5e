"""Where medicine is clear that more of something never means less risk: the one table of monotone inputs.

A table's amounts may then only rise from cell to cell, whatever a few people's luck says. Age is not here: the youngest
children are admitted more often than older ones. Nor are outpatient attendances and consultations, which may be care
that keeps people well; deprivation, whose gradient is for the data to show; or conditions of little weight, or of which
a record may mean that someone is looked after (hypertension, obesity, osteoporosis, hearing loss, irritable bowel).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from casemgmt.errors import InputError, did_you_mean, not_one_of

Direction = Literal["rises", "falls", "free"]

RISES_WITH = (
    "emergency_admissions_12m",
    "ae_attendances_12m",
    "repeat_medicines",
    "frailty_deficits",
    "coronary_heart_disease",
    "heart_failure",
    "atrial_fibrillation",
    "stroke_tia",
    "peripheral_arterial_disease",
    "asthma",
    "copd",
    "diabetes",
    "chronic_kidney_disease",
    "cancer",
    "dementia",
    "epilepsy",
    "psychosis_bipolar",
    "palliative_care",
    "alcohol_problems",
)
RISES_WITH_PREFIX = "emergency_admissions_"  # carried columns, such as the emergency admissions of one month
_SIGNS: dict[Direction, int] = {"rises": 1, "falls": -1, "free": 0}


def monotone_signs(
    names: Sequence[str], categories: Sequence[str], monotone: bool | Mapping[str, Direction]
) -> dict[str, int]:
    """Which inputs' amounts may only rise (1) or fall (-1).

    Parameters
    ----------
    names : the inputs
    categories : those of them that have no order
    monotone : True, the table above; False, none; a mapping changes the table for the inputs that it names

    Raises
    ------
    InputError : the mapping names no input, or one without an order, or a word that is not known
    """
    own = dict(monotone) if isinstance(monotone, Mapping) else {}
    if not isinstance(monotone, (bool, Mapping)) or not all(isinstance(name, str) for name in own):
        raise InputError("monotone is True, False, or a mapping such as {'age': 'rises'}.")
    for name, word in own.items():
        if name not in names:
            raise InputError(f"monotone= names '{name}', which is no input.{did_you_mean(name, names)}")
        if word not in _SIGNS:
            raise not_one_of(f"monotone['{name}']", tuple(_SIGNS))
        if name in categories and word != "free":
            raise InputError(f"monotone= names '{name}', whose categories have no order.")
    if monotone is False:
        return {}
    stated = {
        name: 1
        for name in names
        if name not in categories and (name in RISES_WITH or name.startswith(RISES_WITH_PREFIX))
    }
    signs = stated | {name: _SIGNS[word] for name, word in own.items()}
    return {name: sign for name, sign in signs.items() if sign}
