"""Who is right: a plain reference for each work, and the check that every contender passes before it is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.data import CATEGORIES, Population
from benchmarks.formula import FLAGS, INTERCEPT, amount

Ties = Literal["written order", "some of the tied", "all of the tied"]

SHARE_PER_CENT = 3
RESIDENTS = ("nursing", "residential", "unspecified")
TIE_KEY = b"benchmark"


class DiffersError(AssertionError):
    """A contender's answer is not the reference's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """Who is selected.

    Attributes
    ----------
    people : int64, person numbers, rising
    by_risk : bool, one a person: among the highest scores; the others are care-home residents only
    """

    people: npt.NDArray[np.int64]
    by_risk: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The reference.

    Attributes
    ----------
    answer : the right answer, ties by the written order
    practice, keys, ranked, resident : one a person: practice number, score in millionths, whether it may be ranked,
        whether the person lives in a care home
    taken, cut : one a practice: how many are in by risk, and the lowest score among them
    tied_practices : practices in which the cut parts people with one score
    """

    answer: Answer
    practice: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]
    ranked: npt.NDArray[np.bool_]
    resident: npt.NDArray[np.bool_]
    taken: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]
    tied_practices: int


def answer_of(people: Any, by_risk: Any) -> Answer:
    """An answer from people in any order."""
    people, by_risk = np.asarray(people, dtype=np.int64), np.asarray(by_risk, dtype=bool)
    order = np.argsort(people, kind="stable")
    return Answer(people=people[order], by_risk=by_risk[order])


def truth_of(population: Population) -> Truth:
    """Sort every practice whole, take the first few, and order the tied one by one."""
    by_person = np.argsort(population.person)
    columns = {name: values[by_person] for name, values in population.columns.items()}
    keys = _scores(columns)
    ranked = ~columns["objected"]
    codes = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]
    resident = np.isin(columns["care_home_type"], codes)
    taken = np.zeros(population.practices, dtype=np.int64)
    cut = np.zeros(population.practices, dtype=np.int64)
    by_risk = np.zeros(len(population), dtype=bool)
    ids = population.id_bytes()
    tied_practices = 0
    for p, (start, stop) in enumerate(zip(population.offsets[:-1], population.offsets[1:], strict=True)):
        people = start + np.flatnonzero(ranked[start:stop])
        people = people[np.argsort(-keys[people], kind="stable")]
        taken[p] = min(int(stop - start) * SHARE_PER_CENT // 100, len(people))
        if taken[p] == 0:
            continue
        cut[p] = keys[people[taken[p] - 1]]
        above, level = people[keys[people] > cut[p]], people[keys[people] == cut[p]]
        tied_practices += int(len(above) + len(level) > taken[p])
        first = _in_written_order(level, columns, ids[by_person[level]])
        by_risk[above] = True
        by_risk[first[: taken[p] - len(above)]] = True
    people = np.flatnonzero(by_risk | resident)
    return Truth(
        answer=Answer(people=people, by_risk=by_risk[people]),
        practice=population.practice[by_person],
        keys=keys,
        ranked=ranked,
        resident=resident,
        taken=taken,
        cut=cut,
        tied_practices=tied_practices,
    )


def _scores(columns: Any) -> npt.NDArray[np.int64]:
    total = np.full(len(columns["age"]), INTERCEPT, dtype=np.int64)
    for name, values in columns.items():
        if name in FLAGS:
            total += FLAGS[name] * values.astype(np.int64)
        elif name in CATEGORIES or values.dtype != bool:
            meant = CATEGORIES.get(name, range(int(values.max(initial=0)) + 1))
            if name != "care_home_type":
                # A decile of 0 does not occur; what it would add is never looked up.
                total += np.array([amount(name, value) for value in meant], dtype=np.int64)[values]
    return total


def _in_written_order(level: Any, columns: Any, ids: Any) -> list[int]:
    def order(place: int) -> tuple[Any, ...]:
        person, raw = level[place], ids[place].tobytes()
        caseload, admissions = columns["on_caseload"][person], columns["emergency_admissions_12m"][person]
        return not caseload, -int(admissions), blake2b(raw, digest_size=8, key=TIE_KEY).digest(), raw

    return [int(level[place]) for place in sorted(range(len(level)), key=order)]


def check(answer: Answer, truth: Truth, ties: Ties) -> None:
    """Refuse an answer that is not the reference's.

    With ties in the written order the two must be the same. Otherwise everyone above the cut is in, nobody below it,
    nobody who may not be ranked, and each practice has its count (or, with all of the tied, at least that).

    Raises
    ------
    DiffersError : it says what differs and how often
    """
    people, by_risk = answer.people, answer.by_risk
    if (np.diff(people) <= 0).any():
        raise DiffersError("a person is selected twice.")
    if ties == "written order":
        _same(people, truth.answer.people, "who is selected")
        _same(by_risk, truth.answer.by_risk, "who is in by risk")
        return
    inside = np.zeros(len(truth.keys), dtype=bool)
    inside[people[by_risk]] = True
    level = truth.cut[truth.practice]
    must = truth.ranked & (truth.keys > level) & (truth.taken[truth.practice] > 0)
    may = truth.ranked & (truth.keys >= level) & (truth.taken[truth.practice] > 0)
    _none(must & ~inside, "above the cut and not in")
    _none(inside & ~may, "in, below the cut or barred from ranking")
    counts = np.bincount(truth.practice[inside], minlength=len(truth.taken))
    wrong = counts < truth.taken if ties == "all of the tied" else counts != truth.taken
    _none(wrong, "with the wrong number of people (practices)")
    if ties == "all of the tied":
        _none(may & ~inside, "at the cut and not in")
    expected = np.flatnonzero(truth.resident & ~inside)
    _same(people[~by_risk], expected, "which residents are in by the care home alone")


def _same(found: Any, expected: Any, what: str) -> None:
    if len(found) != len(expected):
        raise DiffersError(f"{what}: {len(found):,} where {len(expected):,} were expected.")
    _none(found != expected, what)


def _none(wrong: Sequence[bool] | Any, what: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count:
        raise DiffersError(f"{count:,} differ: {what}.")
