"""What every column means, its unit, where the definition comes from, and how sure that is.

Sure: A read in a primary source, B in a good secondary one, C from memory, D our own decision where sources are silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.aims.home import AFTER_DAYS, FROM_AGE
from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS

if TYPE_CHECKING:
    import pyarrow as pa

NO_EFFECT = (
    "These figures say what happened, not what the programme did: a fall or a rise beside it is no effect of it, "
    "and who was chosen for a bad year has a better one untreated (regression to the mean)."
)
EMERGENCY, AVOIDABLE, HOME, LOST, STAY = MEASURES = (
    *("emergency_admissions", "avoidable_admissions", "home_91_days"),
    *("years_of_life_lost", "length_of_stay"),
)


class Meaning(NamedTuple):
    """The definition of a column, its unit, and how sure it is."""

    definition: str
    unit: str
    sure: str


def _ends(stem: str, of: str, unit: str, sure: str = "A") -> dict[str, Meaning]:
    """Both ends of a 95% interval."""
    sides = {"low": "lower", "high": "upper"}
    return {
        f"{stem}_{end}": Meaning(f"{side} end of the 95% interval: {of}", unit, sure) for end, side in sides.items()
    }


_POISSON = "exact Poisson limits (Garwood 1936)"
_EXACT = "exact, given both counts (Przyborowski and Wilenski 1940; Clopper and Pearson 1934)"
_LOGARITHMS = "normal on the scale of logarithms"
_DOBSON = "Dobson and others 1991, on exact Poisson limits"
_BOTH = "of the practices that have a list in both years"
_HEAD = {
    "practice_id": Meaning("the patients' practice; 'all practices' adds them up", "code", "D"),
    "year": Meaning("the year, by the convention that was asked for", "year", "D"),
    "complete": Meaning("whether the records cover every day that the row needs", "yes/no", "D"),
    "list_size": Meaning("people registered with the practice in the year, as given", "people", "D"),
}
_RATIO = {
    "base_ratio": Meaning(f"the rate for each of the base year's, {_BOTH}", "ratio", "D"),
    "previous_ratio": Meaning(f"the rate for each of the year before's, {_BOTH}", "ratio", "D"),
}
_PER_1000 = {
    "per_1000": Meaning("admissions in the year for 1,000 people on the list", "per 1,000 list", "A"),
    **_ends("per_1000", _POISSON, "per 1,000 list"),
}
_METHODS = ", ".join(sorted(EMERGENCY_METHODS))
_RATES = {
    **_HEAD,
    **_PER_1000,
    **_RATIO,
    **_ends("base", _EXACT, "ratio"),
    **_ends("previous", _EXACT, "ratio"),
}
_MEANINGS: dict[str, dict[str, Meaning]] = {
    EMERGENCY: {
        **_RATES,
        EMERGENCY: Meaning(
            "hospital provider spells that began in the year, of which the first episode has admission method "
            f"{_METHODS} (NHS Data Dictionary); by the patient's practice on admission; regular day and night "
            "attenders are none; a transfer from another hospital is an admission of its own",
            "admissions",
            "A",
        ),
        "aim_met": Meaning(
            "whether the rate is at least 8% below the base year's (the programme: 8% below the 2013 peak); "
            "rates of the list and not counts are compared, which the source does not say",
            "yes/no",
            "D",
        ),
    },
    AVOIDABLE: {
        **_RATES,
        AVOIDABLE: Meaning(
            "of the emergency admissions, those for chronic ambulatory-care-sensitive conditions by indicator "
            "2.6 of the CCG Outcomes Indicator Set (NHS Digital, version 1.15, 2018); acute conditions are "
            "another indicator; the published indicator is standardised for age and sex, this rate is not",
            "admissions",
            "A",
        ),
        "undecided": Meaning(
            "emergency admissions that depend on a code which cannot be read; not counted", "admissions", "D"
        ),
        "aim_met": Meaning(
            "whether the rate is no higher than the year before's (the programme: zero growth or less); rates of "
            "the list and not counts are compared, which the source does not say",
            "yes/no",
            "D",
        ),
    },
    HOME: {
        **_HEAD,
        "discharges": Meaning(
            f"people aged {FROM_AGE} and over (on admission) who left hospital alive in the year after an "
            "ordinary stay, to their home or, not having lived in one before, to a care home; a person counts "
            f"again only more than {AFTER_DAYS} days after a discharge that counted. The NHS Outcomes Framework "
            "(3.6.i; ASCOF 2B) follows only people discharged into reablement or rehabilitation, in three months "
            "of the year; this follows all discharges, and must not be held against it",
            "discharges",
            "D",
        ),
        "at_home": Meaning(
            f"of them, on day {AFTER_DAYS} alive, not in hospital overnight, and not known to live in a care home "
            "(as 3.6.i has it); that somebody moved there is known from discharges to one, and from care_homes= "
            "where given",
            "discharges",
            "D",
        ),
        "died": Meaning(f"of them, dead by day {AFTER_DAYS}, by deaths= or by a stay that ended so", "discharges", "D"),
        "in_hospital": Meaning(f"of them, in hospital over the night that follows day {AFTER_DAYS}", "discharges", "D"),
        "in_care_home": Meaning(f"of them, newly in a care home on day {AFTER_DAYS}", "discharges", "D"),
        "unknown": Meaning(
            "of them, a later stay has no day of discharge, or ended nowhere that is known; ASCOF counts these "
            "as not at home, here they are left out of the share",
            "discharges",
            "D",
        ),
        "not_followed": Meaning(
            f"of them, day {AFTER_DAYS} lies after the records end; left out of the share", "discharges", "D"
        ),
        "known": Meaning(
            "discharges without the unknown and those not followed: what the share is of", "discharges", "D"
        ),
        "share_at_home": Meaning("at_home for each of known", "share", "D"),
        **_ends("share", "Wilson 1927", "share"),
        "base_difference": Meaning("share_at_home less that of the base year", "share", "D"),
        **_ends("base_difference", "Newcombe 1998, method 10", "share"),
    },
    LOST: {
        **_HEAD,
        **_RATIO,
        "deaths": Meaning("deaths in the year that count: {causes}", "deaths", "D"),
        "years_lost": Meaning("the years that those who died would still have lived, added up: {years}", "years", "B"),
        "per_100000": Meaning("years lost for 100,000 people on the list: {rate}", "years per 100,000", "B"),
        **_ends("per_100000", _DOBSON, "years per 100,000"),
        **_ends("base", _LOGARITHMS, "ratio", "D"),
        **_ends("previous", _LOGARITHMS, "ratio", "D"),
        "aim_met": Meaning(
            "whether the rate is at least 3.2% below the year before's (the programme: down at least 3.2% a year)",
            "yes/no",
            "A",
        ),
    },
    STAY: {
        **_HEAD,
        "stays": Meaning(
            "emergency admissions whose stay ended in the year, in one hospital (provider spells)", "stays", "A"
        ),
        "days": Meaning(
            "the nights of those stays: day of discharge less day of admission, 0 where they are one", "days", "A"
        ),
        "overnight": Meaning("of them, stays of a night or more", "stays", "D"),
        "mean_days": Meaning("days for each stay", "days", "A"),
        **_ends("mean", "Student's t", "days"),
        "median_days": Meaning("the length that half of the stays do not pass", "days", "A"),
        **_ends("median", "order statistics, exact", "days"),
        "without_discharge": Meaning(
            "emergency admissions that began in the year and have no day of discharge, or one before it; not "
            "among stays",
            "stays",
            "D",
        ),
    },
}


def defined_table(measure: str, rows: Sequence[Mapping[str, Any]], facts: Mapping[str, str], **said: str) -> pa.Table:
    """Rows as a table whose fields carry ``definition``, ``unit`` and ``sure``, and whose metadata says what it is not.

    Parameters
    ----------
    facts : what stands in the table's own metadata beside the caution
    said : what is filled into definitions that depend on what was given
    """
    import pyarrow as pa

    from casemgmt.arrow import column_of

    meanings = _MEANINGS[measure]
    fields, columns = [], []
    for name in rows[0] if rows else ():
        meaning = meanings[name]
        text = meaning.definition.format(**said) if "{" in meaning.definition else meaning.definition
        kind = _kind(name, meaning.unit)
        fields.append(pa.field(name, kind, metadata={"definition": text, "unit": meaning.unit, "sure": meaning.sure}))
        columns.append(column_of([row[name] for row in rows], kind))
    metadata = {"measure": measure, "caution": NO_EFFECT, **facts}
    return pa.table(columns, schema=pa.schema(fields, metadata=metadata))


def definitions_table(tables: Mapping[str, pa.Table]) -> pa.Table:
    """A row a column of each table: measure, column, definition, unit, sure."""
    import pyarrow as pa

    from casemgmt.arrow import texts

    rows = [(measure, field.name, field.metadata) for measure, table in tables.items() for field in table.schema]
    columns = {"measure": texts([measure for measure, _, _ in rows]), "column": texts([name for _, name, _ in rows])}
    columns |= {
        key: texts([said[key.encode()].decode() for _, _, said in rows]) for key in ("definition", "unit", "sure")
    }
    return pa.table(columns).replace_schema_metadata({"caution": NO_EFFECT})


_TEXTS, _FLAGS = ("code", "year"), ("yes/no",)
_WHOLE = ("people", "admissions", "discharges", "deaths", "stays")


def _kind(name: str, unit: str) -> pa.DataType:
    import pyarrow as pa

    if unit in _TEXTS:
        return pa.string()
    if unit in _FLAGS:
        return pa.bool_()
    return pa.int64() if unit in _WHOLE or name == "days" else pa.float64()
