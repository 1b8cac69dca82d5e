"""Previous use, frailty deficits, and what practice and patient decided: draws around assumed rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic import assumptions as assumed
from casemgmt.synthetic.conditions import Flags, Singles, frailty_scores, smallest, stochastic_round

Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]

NOT_FRAIL_AGED = -1  # frailty deficits are counted from 65


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousUse:
    """Use in the twelve months before the list date, one value a person.

    Attributes
    ----------
    proneness : latent proneness to emergencies level 0-255, beside frailty, of that year alone; never in the register
    emergency_rate : a year, what sets the chance of any emergency admission
    emergency_admissions, ae_attendances, outpatient_attendances, gp_consultations, repeat_medicines : counts
    """

    proneness: Bytes
    emergency_rate: Singles
    emergency_admissions: Shorts
    ae_attendances: Shorts
    outpatient_attendances: Shorts
    gp_consultations: Shorts
    repeat_medicines: Shorts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the practice and the patient decided, one value a person.

    Attributes
    ----------
    on_caseload, objected : flags
    nomination : 0 not nominated, else the order from 1
    reviewed_days : days before the list date, -1 for none
    """

    on_caseload: Flags
    objected: Flags
    nomination: Ints
    reviewed_days: Ints


def draw_use(
    random: np.random.Generator,
    further: np.random.Generator,
    *,
    age: Bytes,
    frailty: Indices,
    decile: Bytes,
    morbidity: Indices,
) -> PreviousUse:
    """Poisson counts around a rate that is a product of lookups; of emergency admissions only whether there was any.

    How many emergency admissions someone had who had any is drawn from ``further``, from one distribution for all.
    """
    proneness = random.integers(0, 256, age.size, dtype=np.uint8)
    prone = np.take(assumed.proneness_ratios(), proneness)
    rates = {}
    for name, use in assumed.USE.items():
        rate = use_rate(name, age=age, frailty=frailty, decile=decile, morbidity=morbidity)
        if use.prone:
            rate *= prone
        rates[name] = np.minimum(rate, np.float32(use.highest_rate))
    expected = random.poisson(rates["emergency_admissions"])
    attended = random.poisson(rates["ae_attendances"])
    admitted = np.flatnonzero(expected)
    attended[admitted] += random.binomial(expected[admitted], assumed.ADMITTED_THROUGH_AE)
    emergency = np.zeros(age.size, dtype=np.int16)
    emergency[admitted] = admissions_of_admitted(further.random(admitted.size, dtype=np.float32))
    more = np.maximum(emergency[admitted] - expected[admitted], 0)
    attended[admitted] += further.binomial(more, assumed.ADMITTED_THROUGH_AE)

    def counted(name: str, most: int) -> Shorts:
        return np.minimum(random.poisson(rates[name]), most).astype(np.int16)

    return PreviousUse(
        proneness=proneness,
        emergency_rate=rates["emergency_admissions"],
        emergency_admissions=emergency,
        ae_attendances=np.minimum(attended, 365).astype(np.int16),
        outpatient_attendances=counted("outpatient_attendances", 365),
        gp_consultations=counted("gp_consultations", 365),
        repeat_medicines=counted("repeat_medicines", 60),
    )


def use_rate(name: str, *, age: Bytes, frailty: Indices, decile: Bytes, morbidity: Indices) -> Singles:
    """The yearly rate of one kind of use, before proneness and the highest rate."""
    use = assumed.USE[name]
    rate = np.take(use.by_age(), age)
    rate *= np.take(use.by_frailty(), frailty)
    rate *= np.take(use.by_morbidity(), morbidity)
    rate *= np.take(use.by_decile(), decile)
    return rate


def admissions_of_admitted(uniform: Singles) -> Shorts:
    """How many emergency admissions in a year someone had who had any, from a uniform number each."""
    return (1 + np.searchsorted(assumed.further_admissions(), uniform, side="right")).astype(np.int16)


def draw_deficits(
    random: np.random.Generator,
    *,
    age: Bytes,
    frailty: Indices,
    conditions: Mapping[str, Flags],
    resident: Flags,
    medicines: Shorts,
) -> Shorts:
    """Deficits of 36 at 65 and over, -1 under: those a person's conditions are, and a binomial number of the others."""
    deficits = np.full(age.size, NOT_FRAIL_AGED, dtype=np.int16)
    old = np.flatnonzero(age >= 65)
    recorded = np.zeros(old.size, dtype=np.int16)
    for names in assumed.DEFICITS_FROM_CONDITIONS:
        recorded += np.logical_or.reduce([conditions[name][old] for name in names])
    recorded += resident[old]
    recorded += medicines[old] >= assumed.POLYPHARMACY
    others = 36 - len(assumed.DEFICITS_FROM_CONDITIONS) - 2
    log_odds = (
        assumed.DEFICIT_LOG_ODDS
        + assumed.DEFICIT_AGE_SLOPE * (age[old].astype(np.float64) - 75)
        + assumed.DEFICIT_FRAILTY_SLOPE * np.take(frailty_scores(), frailty[old])
    )
    deficits[old] = recorded + random.binomial(others, 1 / (1 + np.exp(-log_odds)))
    return deficits


def draw_judgement(
    random: np.random.Generator,
    *,
    age: Bytes,
    frailty: Indices,
    resident: Flags,
    emergencies: Shorts,
    registered_days: Ints,
) -> Judgement:
    """The caseload, nominations within the cap of 2%, objections and reviews."""
    people = age.size
    weight = np.take(np.exp(-assumed.JUDGEMENT_AGE_SLOPE * np.arange(121)).astype(np.float32), age)
    weight *= np.take(np.exp(-assumed.JUDGEMENT_FRAILTY * frailty_scores()).astype(np.float32), frailty)
    weight /= 1 + np.float32(assumed.JUDGEMENT_EMERGENCIES) * np.minimum(emergencies, 5).astype(np.float32)

    keys = random.standard_exponential(people, dtype=np.float32) * weight
    np.multiply(keys, np.float32(1 / assumed.CASELOAD_CARE_HOME), out=keys, where=resident)
    on_caseload = smallest(keys, stochastic_round(assumed.CASELOAD_SHARE * people, random))

    least, most = assumed.NOMINATED_SHARE_OF_CAP
    nominees = int((people * 2 // 100) * (least + (most - least) * random.random()))
    keys = random.standard_exponential(people, dtype=np.float32) * weight
    chosen = np.flatnonzero(smallest(keys, nominees))
    nomination = np.zeros(people, dtype=np.int32)
    nomination[chosen] = 1 + np.argsort(np.argsort(keys[chosen], kind="stable"), kind="stable")

    objected = random.integers(0, 1000, people, dtype=np.uint16) < assumed.OBJECTED_IN_1000
    return Judgement(
        on_caseload=on_caseload,
        objected=objected,
        nomination=nomination,
        reviewed_days=_reviews(random, age, on_caseload, registered_days),
    )


def _reviews(random: np.random.Generator, age: Bytes, on_caseload: Flags, registered_days: Ints) -> Ints:
    reviewed_days = np.full(age.size, -1, dtype=np.int32)
    for group, share, longest in (
        (np.flatnonzero(age >= 75), assumed.REVIEWED_OVER_75, assumed.REVIEW_DAYS_OVER_75),
        (np.flatnonzero(on_caseload), assumed.REVIEWED_ON_CASELOAD, assumed.REVIEW_DAYS_ON_CASELOAD),
    ):
        seen = group[random.random(group.size) < share]
        reviewed_days[seen] = random.integers(0, longest, seen.size)
    # A review before the person registered was another practice's.
    reviewed_days[reviewed_days > registered_days] = -1
    return reviewed_days
