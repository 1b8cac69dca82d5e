"""Who is right: a plain reference for each work, and the check that every contender passes before it is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.data import CATEGORIES, DRAWN_AT_ONCE, Population, id_bytes, people_of, practices_of
from benchmarks.formula import FLAGS, INTERCEPT, amount
from casemgmt.risk.inputs import MILLION

Ties = Literal["written order", "some of the tied", "all of the tied"]

COLUMNS = ("practice_id", "patient_id", "score", "by_risk", "resident")
SCORE_TOLERANCE = 1e-9
SHARE_PER_CENT = 3
RESIDENTS = ("nursing", "residential", "unspecified")
TIE_KEY = b"benchmark"


class DiffersError(AssertionError):
    """A contender's answer is not the reference's."""


class DuplicateError(ValueError):
    """Two rows have one patient id."""

    def __str__(self) -> str:
        return "patient_id holds repeated ids."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """Who is selected.

    Attributes
    ----------
    people : int64, person numbers, rising
    by_risk : bool, one a person: among the highest scores; the others are care-home residents only
    practice, score, resident : int64, float64 (NaN without one), bool, one a person; None where a work asks for the
        people alone
    """

    people: npt.NDArray[np.int64]
    by_risk: npt.NDArray[np.bool_]
    practice: npt.NDArray[np.int64] | None = None
    score: npt.NDArray[np.float64] | None = None
    resident: npt.NDArray[np.bool_] | None = None


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
    keys: npt.NDArray[np.int32]
    ranked: npt.NDArray[np.bool_]
    resident: npt.NDArray[np.bool_]
    taken: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]
    tied_practices: int

    def check(self, answer: Answer, ties: Ties | None) -> None:
        """Refuse an answer that is not this; see `check`."""
        check(answer, self, ties or "written order")

    @property
    def counts(self) -> dict[str, int]:
        """What a report says of it."""
        return {
            "selected": len(self.answer.people),
            "practices_with_ties_at_the_cut": self.tied_practices,
        }


def answer_of(people: Any, by_risk: Any) -> Answer:
    """An answer from people in any order."""
    people, by_risk = np.asarray(people, dtype=np.int64), np.asarray(by_risk, dtype=bool)
    order = np.argsort(people, kind="stable")
    return Answer(people=people[order], by_risk=by_risk[order])


def answer_of_table(table: Any) -> Answer:
    """An answer from an Arrow table of practice_id, patient_id, score, by_risk and resident, in any order."""
    if sorted(table.column_names) != sorted(COLUMNS):
        raise DiffersError(f"the columns are {', '.join(table.column_names)}.")
    columns = {name: table.column(name).combine_chunks() for name in COLUMNS}
    people = people_of(columns["patient_id"])
    order = np.argsort(people, kind="stable")
    return Answer(
        people=people[order],
        by_risk=columns["by_risk"].to_numpy(zero_copy_only=False).astype(bool)[order],
        practice=practices_of(columns["practice_id"])[order],
        score=columns["score"].to_numpy(zero_copy_only=False).astype(np.float64)[order],
        resident=columns["resident"].to_numpy(zero_copy_only=False).astype(bool)[order],
    )


def truth_of(population: Population) -> Truth:
    """Sort every practice whole, take the first few, and order the tied one by one."""
    keys, ranked, resident, caseload, admissions = _by_person(population)
    taken = np.zeros(population.practices, dtype=np.int64)
    cut = np.zeros(population.practices, dtype=np.int64)
    by_risk = np.zeros(len(population), dtype=bool)
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
        first = _in_written_order(level, caseload, admissions)
        by_risk[above] = True
        by_risk[first[: taken[p] - len(above)]] = True
    people = np.flatnonzero(by_risk | resident)
    return Truth(
        answer=Answer(people=people, by_risk=by_risk[people]),
        practice=np.repeat(np.arange(population.practices, dtype=np.int32), np.diff(population.offsets)),
        keys=keys,
        ranked=ranked,
        resident=resident,
        taken=taken,
        cut=cut,
        tied_practices=tied_practices,
    )


def _by_person(population: Population) -> tuple[Any, ...]:
    """Score, may be ranked, resident, on the caseload, emergency admissions: by person, whatever the order of rows."""
    codes = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]
    people, of = len(population), population.columns
    keys = np.empty(people, dtype=np.int32)
    ranked, resident, caseload = (np.empty(people, dtype=bool) for _ in range(3))
    admissions = np.empty(people, dtype=np.uint8)
    for start in range(0, people, DRAWN_AT_ONCE):
        rows = slice(start, start + DRAWN_AT_ONCE)
        person = population.person[rows]
        keys[person] = _scores({name: values[rows] for name, values in of.items()})
        ranked[person] = ~of["objected"][rows]
        resident[person] = np.isin(of["care_home_type"][rows], codes)
        caseload[person] = of["on_caseload"][rows]
        admissions[person] = of["emergency_admissions_12m"][rows]
    return keys, ranked, resident, caseload, admissions


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


def _in_written_order(level: Any, caseload: Any, admissions: Any) -> list[int]:
    ids = id_bytes(level)

    def order(place: int) -> tuple[Any, ...]:
        person, raw = level[place], ids[place].tobytes()
        hashed = blake2b(raw, digest_size=8, key=TIE_KEY).digest()
        return not caseload[person], -int(admissions[person]), hashed, raw

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
    if answer.score is not None:
        _check_columns(answer, truth)
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


def _check_columns(answer: Answer, truth: Truth) -> None:
    people = answer.people
    _none(answer.practice != truth.practice[people], "the practice")
    _none(answer.resident != truth.resident[people], "who is a resident")
    expected = np.where(truth.ranked[people], truth.keys[people] / MILLION, np.nan)
    # A library may multiply by a millionth, and be off by one place in the sixteenth; scores differ by millionths.
    close = np.abs(answer.score - expected) < SCORE_TOLERANCE
    _none(~(close | (np.isnan(answer.score) & np.isnan(expected))), "the score")


def _same(found: Any, expected: Any, what: str) -> None:
    if len(found) != len(expected):
        raise DiffersError(f"{what}: {len(found):,} where {len(expected):,} were expected.")
    _none(found != expected, what)


def _none(wrong: Sequence[bool] | Any, what: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count:
        raise DiffersError(f"{count:,} differ: {what}.")
