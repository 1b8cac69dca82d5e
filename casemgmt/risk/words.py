"""An input of a score in words that a patient may read over a doctor's shoulder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from casemgmt.register.fields import FIELDS
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput
from casemgmt.risk.pairs import UNKNOWN, PairInput

NOT_RECORDED = "not recorded"

_LIVING_WITH = {
    "hypertension": "high blood pressure",
    "coronary_heart_disease": "coronary heart disease",
    "heart_failure": "heart failure",
    "atrial_fibrillation": "an irregular heartbeat (atrial fibrillation)",
    "stroke_tia": "the effects of a stroke or mini-stroke (TIA)",
    "peripheral_arterial_disease": "narrowed leg arteries (peripheral arterial disease)",
    "asthma": "asthma",
    "copd": "COPD, a lasting lung condition",
    "diabetes": "diabetes",
    "chronic_kidney_disease": "chronic kidney disease",
    "cancer": "cancer, or after it",
    "dementia": "dementia",
    "depression": "depression",
    "anxiety_depression": "anxiety or depression",
    "epilepsy": "epilepsy",
    "learning_disability": "a learning disability",
    "psychosis_bipolar": "a psychosis or bipolar disorder",
    "obesity": "a high body weight (obesity)",
    "osteoporosis": "thin bones (osteoporosis)",
    "palliative_care": "an illness for which palliative care is given",
    "rheumatoid_arthritis": "rheumatoid arthritis",
    "connective_tissue_disorder": "inflammatory arthritis or a connective tissue disorder",
    "painful_condition": "a painful condition that needs regular medicine",
    "hearing_loss": "hearing loss",
    "irritable_bowel": "irritable bowel syndrome",
    "constipation": "constipation that needs regular medicine",
    "alcohol_problems": "alcohol problems",
}

# (one, many) of what is counted
_COUNTED = {
    "emergency_admissions_12m": ("emergency admission", "emergency admissions"),
    "ae_attendances_12m": ("A&E attendance", "A&E attendances"),
    "outpatient_attendances_12m": ("outpatient appointment", "outpatient appointments"),
    "gp_consultations_12m": ("GP consultation", "GP consultations"),
    "repeat_medicines": ("repeat medicine", "repeat medicines"),
    "frailty_deficits": ("of 36 signs of frailty", "of 36 signs of frailty"),
}

_CATEGORIES = {
    ("sex", "F"): "Female",
    ("sex", "M"): "Male",
    ("sex", "I"): "Sex recorded as indeterminate",
    ("sex", "U"): "Sex not recorded",
    ("care_home_type", "none"): "Living in a home of their own",
    ("care_home_type", "nursing"): "Living in a nursing home",
    ("care_home_type", "residential"): "Living in a residential home",
    ("care_home_type", "unspecified"): "Living in a care home",
    ("care_home_type", "respite"): "In a care home for respite",
    ("care_home_type", "supported_living"): "Living with support",
    ("care_home_type", "any other"): "Living in another kind of home",
}


def cell_in_words(each: ModelInput, cell: int, cells: Sequence[str] | None = None) -> str:
    """Which values a cell holds, whole numbers as people count them: ``3``, ``3 to 5``, ``6 or more``.

    ``cells`` is ``each.cells``, for a caller who has worked them out.
    """
    text, field = (cells or each.cells)[cell], FIELDS.get(each.name)
    if cell >= len(each.table) or each.kind not in ("integer", "number"):
        return text
    if each.kind == "integer":
        if cell == 0 and each.below == "first":
            return f"{each.first} or fewer"
        last = each.first + len(each.table) - 1
        return str(last) if field and cell == len(each.table) - 1 and last == field.most else text
    if field is None:
        return text
    least = each.beside_edges[cell - 1][1] // MILLION if cell else field.least
    if cell == len(each.table) - 1:
        return f"{least} or more" if least < field.most else str(least)
    most = each.beside_edges[cell][0] // MILLION
    if most - least <= 1:
        return str(least) if least == most else f"{least} or {most}"
    return f"{least} to {most}"


def in_words(each: ModelInput, cell: int, cells: Sequence[str] | None = None) -> str:
    """What a cell of an input says of a patient: ``3 emergency admissions in the last 12 months``.

    ``cells`` is ``each.cells``, for a caller who has worked them out.
    """
    if isinstance(each, PairInput):
        return _together(each, cell)
    cells = cells or each.cells
    text = cell_in_words(each, cell, cells)
    if cell == len(cells) - 1:
        return f"{_subject(each.name, each.label)} {NOT_RECORDED}"
    if each.kind == "flag":
        if not cell:
            return f"{each.label}: no"
        if cell != PRESENT:
            return f"{each.label}: counted under a graver condition"
        return f"Living with {_LIVING_WITH[each.name]}" if each.name in _LIVING_WITH else each.label
    return _said_of(each.name, each.label, text)


def _said_of(name: str, label: str, text: str) -> str:
    """What a value in words, or a range of them, says of a patient."""
    if name == "age":
        return f"Aged {text.replace('fewer', 'under').replace('more', 'over')}"
    if name == "imd_decile":
        return f"Living in an area in tenth {text} of deprivation (1 is the most deprived)"
    if name in _COUNTED:
        one, many = _COUNTED[name]
        none = "None" if many.startswith("of ") else "No"
        return f"{none if text == '0' else text} {one if text == '1' else many}{_when(name)}"
    return _CATEGORIES.get((name, text), f"{label}: {text}")


class _NotHeld:
    """Stands for the value of an input that the register does not hold."""


_NOT_HELD = _NotHeld()


def value_in_words(name: str, value: object = _NOT_HELD) -> str:
    """What a column's value says of a patient, for an input that is no model's: ``2 repeat medicines``.

    Parameters
    ----------
    name : of a field, a carried column, or anything else
    value : None where it is missing; left out, the name alone is put into words
    """
    label = name.replace("_", " ").strip()
    label = f"{label[:1].upper()}{label[1:]}"
    if isinstance(value, _NotHeld):
        return label
    if value is None:
        return f"{_subject(name, label)} {NOT_RECORDED}"
    if isinstance(value, bool):
        if not value:
            return f"{label}: no"
        return f"Living with {_LIVING_WITH[name]}" if name in _LIVING_WITH else f"{label}: yes"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _said_of(name, label, text)


def _together(pair: PairInput, cell: int) -> str:
    """What a cell of a pair says of a patient: ``Aged 80 or over, together with: living with heart failure``."""
    first, second = (side.shown for side in pair.sides)
    if cell == len(pair.contributions) - 1:
        return f"{_subject(first.name, first.label)}, or {_inside(_subject(second.name, second.label))}, {NOT_RECORDED}"
    said = [
        in_words(shown, len(shown.cells) - 1 if group == UNKNOWN else group)
        for shown, group in zip((first, second), pair.groups_at(cell), strict=True)
    ]
    return f"{said[0]}, together with: {_inside(said[1])}"


def _inside(text: str) -> str:
    """Words to stand inside a sentence: a small first letter, save where the word is an abbreviation or one letter."""
    return text if text[1:2].isupper() or text[1:2] in ("&", "") else f"{text[0].lower()}{text[1:]}"


def _when(name: str) -> str:
    return " in the last 12 months" if name.endswith("_12m") else ""


def _subject(name: str, label: str) -> str:
    """What an input is about, to begin a sentence with."""
    if name == "imd_decile":
        return "Deprivation of the area"
    if name not in _COUNTED:
        return label
    many = _COUNTED[name][1].removeprefix("of 36 ")
    return f"{many[0].upper()}{many[1:]}{_when(name)}"


def base_cell(each: ModelInput) -> int:
    """The cell that others are held against: absent, the stated reference, the first, or the first that adds nothing.

    A model file states an integer's ``reference``; otherwise it is the first of the table. A category's is the first
    that adds nothing. A pair's is the one where the groups that hold those of its two inputs meet.
    """
    if isinstance(each, PairInput):
        first, second = (base_cell(side.input) for side in each.sides)
        return each.cell_at(first, second)
    if each.reference is not None:
        return each.cell_of(each.reference)
    if each.kind == "category" and 0 in each.table:
        return each.table.index(0)
    return 0


def against_base(each: ModelInput) -> str:
    """The base in words, to stand after *against*."""
    base = base_cell(each)
    if isinstance(each, PairInput):
        groups = each.groups_at(base)
        first, second = (_base_in_words(side.shown, group) for side, group in zip(each.sides, groups, strict=True))
        return f"{first} together with {second}"
    return _base_in_words(each, base)


def _base_in_words(each: ModelInput, base: int) -> str:
    text = cell_in_words(each, base)
    if each.kind == "flag":
        return "not having it" if each.name in _LIVING_WITH else "others"
    if each.name in _COUNTED:
        return "none" if text == "0" else text
    if each.name == "age":
        return f"age {text.replace('fewer', 'under').replace('more', 'over')}"
    if each.name == "imd_decile":
        return f"tenth {text}"
    known = _CATEGORIES.get((each.name, text))
    return text if known is None else known.lower()


def size_in_words(model: AdditiveModel, amount: float) -> str:
    """A difference of the sum as people read it: ``2.5 points``, or the factor on the odds or on the rate.

    Parameters
    ----------
    amount : in millionths of the sum, positive or negative
    """
    points = Decimal(amount) / (MILLION * model.divide_by)
    if model.link == "points":
        text = f"{points:.2f}".rstrip("0").rstrip(".")
        if text in ("0", "-0"):
            return "less than 0.01 points"
        return f"{text} {'point' if text == '1' else 'points'}"
    what = "odds" if model.link == "logistic" else "rate"
    return f"{what} × {factor_in_words(points.exp())}"


def factor_in_words(factor: Decimal) -> str:
    """A factor to the digits that matter: ``2.9``, ``14``, ``1.04``, ``0.37``."""
    if factor >= 9.95:
        return f"{factor:,.0f}"
    if factor < 0.995:
        return f"{factor:.2g}"
    # A factor that is not 1 is not written as 1.0.
    for places in range(1, 7):
        text = f"{factor:.{places}f}"
        if float(text) != 1 or factor == 1:
            return text
    return "1.0"


def in_words_of_condition(name: str) -> str:
    """A condition as reasons say it: ``Living with dementia``."""
    return f"Living with {_LIVING_WITH.get(name, name.replace('_', ' '))}"
