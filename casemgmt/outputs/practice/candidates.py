"""Whom a practice may think of when it nominates: a prompt, never a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from casemgmt.outputs.practice.people import Facts, Practices, facts_of_rows, id_list, values_of
from casemgmt.register.ranked import is_ranked
from casemgmt.risk.words import in_words_of_condition
from casemgmt.scheme.routes import TopShare
from casemgmt.selection.tables import eligible_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from casemgmt.selection.workings import Workings

# Decided here. Conditions that weigh on a patient, and on those around, more than a score of admissions shows.
HIGH_NEED = ("palliative_care", "dementia", "heart_failure", "learning_disability", "psychosis_bipolar")
ADMISSIONS, RECENT_ADMISSIONS = "emergency_admissions_12m", 2
WAITS = "nominated, waits for a place"
BELOW = "just below the cut"

_FEWEST, _MOST = 10, 60  # of each kind of prompt


class Prompted(NamedTuple):
    """Someone who is not case managed, and why the practice may want to look."""

    patient_id: str
    packed: int
    score: float | None
    risk: float | None
    reasons: tuple[str, ...]
    facts: Facts
    prompts: tuple[str, ...]
    waits: bool
    order: int | None


def prompted_in(
    made: Workings, where: Practices, practices: Sequence[int], places: Sequence[int]
) -> dict[int, list[Prompted]]:
    """By number of the practice: those who wait, in their order; then the others by score, those without one last.

    Nobody who objects to risk stratification is proposed.

    Parameters
    ----------
    places : of the nominated route, one a practice; a third of them, within bounds, are proposed for each reason
    """
    import numpy as np

    found: list[tuple[int, int]] = []
    prompts: dict[int, list[str]] = {}
    waiting = _waiting(made)
    for practice, number in zip(practices, places, strict=True):
        most = min(max(number // 3, _FEWEST), _MOST)
        own = {row: [WAITS] for row in waiting.get(practice, ())}
        for row, why in _prompts_in(made, where, practice, most, set(own)):
            own.setdefault(row, [])
            own[row] = [*own[row], why]
        prompts |= own
        found += [(practice, row) for row in own]
    rows = np.array([row for _, row in found], dtype=np.int64)
    people = _people(made, rows, np.array([p for p, _ in found], dtype=np.int64), prompts)
    by_practice: dict[int, list[Prompted]] = {practice: [] for practice in practices}
    for (practice, _), person in zip(found, people, strict=True):
        by_practice[practice].append(person)
    return {practice: sorted(own, key=_place) for practice, own in by_practice.items()}


def _waiting(made: Workings) -> dict[int, list[int]]:
    import numpy as np

    rows = np.array([row for _, row in made.choice.queue], dtype=np.int64)
    found: dict[int, list[int]] = {}
    for row, practice in zip(rows.tolist(), made.register.packed.practice_of(rows).tolist(), strict=True):
        found.setdefault(practice, []).append(row)
    return found


def _prompts_in(
    made: Workings, where: Practices, practice: int, most: int, waiting: set[int]
) -> Iterable[tuple[int, str]]:
    """(packed row, prompt) of a practice, each prompt for the highest scores among those it fits."""
    import numpy as np

    register = made.register
    rows, own = where.rows(practice), where.chosen(practice)
    managed = made.choice.rows[own][made.choice.place[own] >= 0]
    rows = rows[is_ranked(register.packed, rows) & ~np.isin(rows, managed)]
    keys = eligible_keys(made, rows)
    scored = keys != made.ranking.source.no_score
    # Highest first, those without a score last, equal ones by id, so that no order of the file shows.
    ids = np.array(id_list(register, rows), dtype=object)
    order = np.lexsort((np.argsort(np.argsort(ids, kind="stable")), -keys.astype(np.float64) * scored, ~scored))
    rows, scored = rows[order], scored[order]
    share = next((route for route in made.scheme.routes if isinstance(route, TopShare)), None)
    if share is not None:
        eligible = eligible_keys(made, rows, made.scheme.routes.index(share)) != made.ranking.source.no_score
        below = [row for row in rows[eligible].tolist() if row not in waiting]
        yield from ((row, BELOW) for row in below[:most])
    for name in HIGH_NEED:
        if name in register.fields:
            having = rows[register.packed.is_set(name, rows)].tolist()
            yield from ((row, in_words_of_condition(name)) for row in having[: max(most // 2, 1)])
    if ADMISSIONS in register.fields:
        counts = values_of(register, ADMISSIONS, rows)
        often = [
            (row, n) for row, n in zip(rows.tolist(), counts, strict=True) if n is not None and n >= RECENT_ADMISSIONS
        ]
        yield from ((row, f"{n} emergency admissions in 12 months") for row, n in often[:most])


def _people(
    made: Workings, rows: npt.NDArray[np.int64], practice: npt.NDArray[np.int64], prompts: dict[int, list[str]]
) -> list[Prompted]:
    import numpy as np

    keys = eligible_keys(made, rows)
    scores = made.ranking.scores(keys)
    risks = made.ranking.risks_of(rows, scores)
    reasons = _reasons(made, rows, practice, scores)
    orders = values_of(made.register, "nomination_order", rows)
    return [
        Prompted(
            patient_id=patient,
            packed=row,
            score=None if np.isnan(score) else score,
            risk=None if np.isnan(risk) else risk,
            reasons=said,
            facts=facts,
            prompts=tuple(prompts[row]),
            waits=prompts[row][0] == WAITS,
            order=order,
        )
        for patient, row, score, risk, said, facts, order in zip(
            id_list(made.register, rows),
            rows.tolist(),
            scores.tolist(),
            risks.tolist(),
            reasons,
            facts_of_rows(made.register, rows),
            orders,
            strict=True,
        )
    ]


def _reasons(
    made: Workings, rows: npt.NDArray[np.int64], practice: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]
) -> list[tuple[str, ...]]:
    """The sentences of each row, as those of the selected; none where nobody says what inputs add."""
    import numpy as np

    from casemgmt.risk.chosen import chosen_rows
    from casemgmt.risk.reasons import reasons_of
    from casemgmt.selection.given_reasons import reasons_of as given_reasons_of

    if len(rows) and made.model is not None:
        chosen = chosen_rows(made.model, made.register, rows)
        found = list(reasons_of(made.model, chosen, practice, ~np.isnan(scores), made.reference))
    elif len(rows) and made.contributions is not None:
        found = list(given_reasons_of(made.contributions, made.register, rows, scores))
    else:
        return [()] * len(rows)
    columns = [each.to_pylist() for each in found]
    return [tuple(each for each in said if each is not None) for said in zip(*columns, strict=True)]


def _place(person: Prompted) -> tuple[bool, int, bool, float, bytes]:
    waits_at = (person.order or 2**31) if person.waits else 0
    return (not person.waits, waits_at, person.score is None, -(person.score or 0), person.patient_id.encode())
