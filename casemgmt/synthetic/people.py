"""One practice's people as plain arrays: who they are, what they have, what they used, and the latent reasons why.

Nothing here knows a date: ages are completed years, intervals are days before the list date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic import assumptions as assumed
from casemgmt.synthetic.ages import age_sex_table, cell_ages, cell_is_female
from casemgmt.synthetic.condition_table import NOT_COUNTED
from casemgmt.synthetic.conditions import (
    Flags,
    Singles,
    draw_conditions,
    frailty_scores,
    smallest,
    stochastic_round,
)
from casemgmt.synthetic.published import Practice
from casemgmt.synthetic.use import Judgement, PreviousUse, draw_deficits, draw_judgement, draw_use

Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeDraw:
    """The people of one practice, in the order of their serial numbers; every array has one value a person.

    Attributes
    ----------
    practice : the published row
    cell, age, female : age-sex cell; completed years; woman or girl
    imd_decile : 1-10, 0 not stated
    ethnicity : position in assumptions.ETHNIC_GROUPS, the last not stated
    frailty : latent frailty level 0-255 (frailty_score gives standard deviations); never in the register
    home : 0 none, else the number of the care home in homes, counted from 1
    homes : (care_home_id, care_home_type) of each home
    conditions : condition -> bool array
    morbidity : conditions counted once each
    use : use in the twelve months before
    frailty_deficits : 0-36, -1 under 65
    judgement : caseload, nominations, objections, reviews
    birthday : how far back in the year of possible dates of birth, as a share 0-1
    registered_days : days before the list date
    """

    practice: Practice
    cell: Indices
    age: Bytes
    female: Flags
    imd_decile: Bytes
    ethnicity: Bytes
    frailty: Indices
    home: Ints
    homes: tuple[tuple[str, str], ...]
    conditions: Mapping[str, Flags]
    morbidity: Indices
    use: PreviousUse
    frailty_deficits: Shorts
    judgement: Judgement
    birthday: Singles
    registered_days: Ints

    @property
    def frailty_score(self) -> Singles:
        """Latent frailty in standard deviations."""
        return np.take(frailty_scores().astype(np.float32), self.frailty)


def stream(practice_code: str, seed: int, part: int) -> np.random.Generator:
    """The random numbers of one part of one practice: they depend on nothing else that is drawn."""
    words = [seed, *practice_code.encode("ascii"), part]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))


def draw_practice(practice: Practice, seed: int) -> PracticeDraw:
    """Draw the people of one practice; the same practice and seed give the same people."""
    random = stream(practice.code, seed, 0)
    cell = _cells(random, practice)
    age = np.take(cell_ages().astype(np.uint8), cell)
    decile = _deciles(random, practice, age.size)
    frailty = _frailty(random, decile)
    ethnicity = _ethnicity(random, age)
    home, homes = _care_homes(stream(practice.code, seed, 1), practice.code, age, frailty)
    resident = home > 0
    conditions = draw_conditions(
        stream(practice.code, seed, 2),
        cell=cell,
        frailty=frailty,
        care_home=resident,
        registers=dict(practice.registers),
    )
    morbidity = _morbidity(conditions)
    streams = (stream(practice.code, seed, number) for number in (3, 7))
    use = draw_use(*streams, age=age, frailty=frailty, decile=decile, morbidity=morbidity)
    deficits = draw_deficits(
        stream(practice.code, seed, 4),
        age=age,
        frailty=frailty,
        conditions=conditions,
        resident=resident,
        medicines=use.repeat_medicines,
    )
    birthday, registered_days = _dates(stream(practice.code, seed, 5), age)
    judgement = draw_judgement(
        stream(practice.code, seed, 6),
        age=age,
        frailty=frailty,
        resident=resident,
        emergencies=use.emergency_admissions,
        registered_days=registered_days,
    )
    return PracticeDraw(
        practice=practice,
        cell=cell,
        age=age,
        female=np.take(cell_is_female(), cell),
        imd_decile=decile,
        ethnicity=ethnicity,
        frailty=frailty,
        home=home,
        homes=homes,
        conditions=conditions,
        morbidity=morbidity,
        use=use,
        frailty_deficits=deficits,
        judgement=judgement,
        birthday=birthday,
        registered_days=registered_days,
    )


def _cells(random: np.random.Generator, practice: Practice) -> npt.NDArray[np.intp]:
    """Each person's cell of the practice's table of ages and sexes, in any order."""
    cells = np.repeat(np.arange(cell_ages().size, dtype=np.uint8), age_sex_table(practice).counts)
    random.shuffle(cells)
    return cells.astype(np.intp)


def _dates(random: np.random.Generator, age: Bytes) -> tuple[Singles, Ints]:
    birthday = random.random(age.size, dtype=np.float32)
    tenure = random.standard_exponential(age.size, dtype=np.float32) * np.float32(assumed.MEAN_TENURE_DAYS)
    # In years of 365 days, so that no one registers before birth, whatever the leap years.
    lived = np.minimum((birthday * np.float32(365)).astype(np.int32), 364) + 365 * age.astype(np.int32)
    return birthday, np.minimum(tenure.astype(np.int32), lived)


def _deciles(random: np.random.Generator, practice: Practice, people: int) -> Bytes:
    if practice.imd_decile is None:
        return np.zeros(people, dtype=np.uint8)
    offsets = np.repeat(np.arange(-2, 3), assumed.DECILE_OFFSETS_IN_256)
    decile = np.clip(practice.imd_decile + offsets, 1, 10).astype(np.uint8)
    return np.take(decile, random.integers(0, 256, people, dtype=np.uint8))


def _frailty(random: np.random.Generator, decile: Bytes) -> Indices:
    shift = (5.5 - np.arange(11)) / 4.5 * assumed.FRAILTY_BY_DEPRIVATION
    shift[0] = 0.0
    score = random.standard_normal(decile.size, dtype=np.float32)
    score += np.take(shift.astype(np.float32), decile)
    level: Indices = np.clip((score + np.float32(4)) * np.float32(32), 0, 255).astype(np.intp)
    return level


def _ethnicity(random: np.random.Generator, age: Bytes) -> Bytes:
    groups = len(assumed.ETHNIC_GROUPS) + 1
    tables = np.stack([np.repeat(np.arange(groups), shares) for shares in assumed.ETHNICITY_IN_1000])
    row = np.searchsorted(assumed.ETHNICITY_FROM_AGE, np.arange(121), side="right") - 1
    place = np.take(row * 1000, age) + random.integers(0, 1000, age.size, dtype=np.uint16)
    return np.take(tables.ravel().astype(np.uint8), place)


def _care_homes(
    random: np.random.Generator, code: str, age: Bytes, frailty: Indices
) -> tuple[Ints, tuple[tuple[str, str], ...]]:
    """The home of each resident, and the homes. Older and younger residents live in different homes."""
    weight = np.exp(-assumed.CARE_HOME_FRAILTY * frailty_scores()).astype(np.float32)
    by_age = np.exp(-assumed.CARE_HOME_AGE_SLOPE * np.arange(121)).astype(np.float32)
    home = np.zeros(age.size, dtype=np.int32)
    homes: list[tuple[str, str]] = []
    residents: dict[str, list[Indices]] = {"S": [], "H": []}
    for first, last, rate in assumed.care_home_rates():
        people = np.flatnonzero((age >= first) & (age <= last))
        keys = random.standard_exponential(people.size, dtype=np.float32)
        keys *= np.take(weight, frailty[people])
        if first >= 65:
            keys *= np.take(by_age, age[people])
        chosen = people[smallest(keys, stochastic_round(rate * people.size, random))]
        residents["H" if first >= 65 else "S"].append(chosen)
    for letter, size in (("H", assumed.RESIDENTS_A_HOME), ("S", assumed.RESIDENTS_A_SPECIALIST_HOME)):
        members = np.sort(np.concatenate(residents[letter]))
        if not members.size:
            continue
        count = max(1, round(members.size / size))
        home[members] = len(homes) + 1 + random.integers(0, count, members.size)
        nursing = random.random(count) < assumed.NURSING_SHARE[letter]
        homes += [(f"{code}-{letter}{i + 1:02d}", "nursing" if nursing[i] else "residential") for i in range(count)]
    return home, tuple(homes)


def _morbidity(conditions: Mapping[str, Flags]) -> Indices:
    count = np.zeros(next(iter(conditions.values())).size, dtype=np.uint8)
    for name, present in conditions.items():
        if name not in NOT_COUNTED:
            count += present
    count += conditions["depression"] & ~conditions["anxiety_depression"]
    return count.astype(np.intp)
