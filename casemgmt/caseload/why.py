"""Why one patient's state changed: the path between two selections, and the first reason that holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import column_of
from casemgmt.caseload.steps import Step, conditions_of
from casemgmt.register.columns import NO_DAY
from casemgmt.register.ranked import is_listable
from casemgmt.risk.inputs import MILLION
from casemgmt.risk.scoring import NO_SCORE_64, cells_of
from casemgmt.risk.words import cell_in_words
from casemgmt.scheme.routes import Band, TopShare, kept_in_words

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.people import Found, People
    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Whereabouts

SET_ASIDE = "the row could not be used this time: see the quarantine"
MAY_BE_SET_ASIDE = "in no row that could be used; one may be in the quarantine, whose ids a packed file does not hold"
NOWHERE, MOVED = "no longer in the register", "moved to another practice's list"
DIED, LEFT = "died", "left the practice's list"
MOST_NAMED = 3  # inputs named in a sentence; the attribution table has them all
_REASON_OF_FIELD = {"care_home_type": "care home", "nominated": "nomination", "age": "age", "objected": "objection"}

# (input, label, cell before, cell after, millionths of the sum moved)
Move = tuple[str, str, str, str, int | None]


@dataclass(slots=True)
class Path:
    """The selections between two lists, each differing from the last in one thing."""

    people: People
    old: Step
    with_scheme: Step
    with_model: Step
    new: Step
    model_replaced: bool
    _cache: dict[Any, Any] = field(default_factory=dict)

    def seen(self, step: Step | Path, what: str, *args: Any) -> Any:
        """What a step says, worked out once."""
        key = (id(step), what, args)
        if key not in self._cache:
            self._cache[key] = getattr(step, what)(*args)
        return self._cache[key]

    @property
    def model(self) -> Model | None:
        """The later model, where it can score both registers."""
        return self.new.made.model if self.new.made else None

    def cells(self) -> list[tuple[Any, Any]]:
        """For each input of the later model, everyone's cell before and after; nonsense for who is in one alone."""
        import numpy as np

        old, new = self.with_model.made, self.new.made
        if self.model is None or old is None or new is None:
            return []
        both = ((old.register, np.maximum(self.with_model.rows, 0)), (new.register, np.maximum(self.new.rows, 0)))
        if not all(len(register) for register, _ in both):
            return []
        before, after = ([cells_of(self.model, each, *where) for each in self.model.inputs] for where in both)
        return list(zip(before, after, strict=True))

    def moved(self, person: int) -> list[Move]:
        """Each input whose contribution changed, and by how much.

        The moves add up to the difference of the two sums; a ``floor`` row stands for what the floor took. The amount
        is None for an input without which there was no score, or is none now.
        """
        model = self.model
        if model is None:
            return []
        found: list[Move] = []
        totals = [model.intercept, model.intercept]
        scored = True
        for each, (before, after) in zip(model.inputs, self.seen(self, "cells"), strict=False):
            cells = int(before[person]), int(after[person])
            was, now = (each.contributions[cell] for cell in cells)
            scored = scored and was is not None and now is not None
            totals = [totals[0] + (was or 0), totals[1] + (now or 0)]
            if was != now:
                by = None if was is None or now is None else now - was
                held = [cell_in_words(each, cell) for cell in cells]
                found.append((each.name, each.label, held[0], held[1], by))
        lifts = [(model.floored(total) or 0) - total for total in totals]
        if scored and lifts[0] != lifts[1]:
            words = ["held at the lowest score" if lift else "above the lowest score" for lift in lifts]
            found.append(("floor", "Lowest score", words[0], words[1], lifts[1] - lifts[0]))
        return found

    def attribution_table(self, persons: list[int]) -> pa.Table:
        """One row a person and input that moved; see :class:`casemgmt.results.comparison.Comparison`."""
        import pyarrow as pa

        divide_by = self.model.divide_by if self.model else 1
        rows = [
            (
                self.people.practice[p],
                self.people.patient[p],
                *words,
                None if by is None else by / (MILLION * divide_by),
            )
            for p in persons
            for *words, by in self.moved(p)
        ]
        names = ("practice_id", "patient_id", "input", "label", "before", "after", "moved")
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        kinds = [pa.string()] * 6 + [pa.float64()]
        return pa.table({n: column_of(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})


def reason_of(path: Path, route: str, person: int) -> tuple[str, str]:
    """The first reason that holds, and a sentence, for a person whose state on a route changed."""
    now = bool(path.seen(path.new, "members", route)[person])
    was_listed = bool(path.seen(path.old, "listable")[person])
    if was_listed != bool(path.seen(path.new, "listable")[person]):
        return "registration", _registration(path, person, was_listed)
    if path.with_scheme.made is None or bool(path.seen(path.with_scheme, "members", route)[person]) == now:
        return "scheme", "the scheme's rule is another one"
    if path.with_model.made is None or bool(path.seen(path.with_model, "members", route)[person]) == now:
        return "model", "another model, or other scores, rank the patients"
    return _own_or_cut(path, route, person, now)


def _registration(path: Path, person: int, was_listed: bool) -> str:
    row, made = int(path.new.rows[person]), path.new.made
    if not was_listed or made is None:
        return "joined the practice's list"
    people = path.people
    return how_left(made.register, row) if row >= 0 else where_now(made.register, people.found, person)


def how_left(register: Register, row: int) -> str:
    """Why a packed row of a register is on no list."""
    died = register.days.get("date_of_death")
    return DIED if died is not None and died[row] != NO_DAY else LEFT


def where_now(register: Register, found: Found, person: int) -> str:
    """What became of someone who has no row in their practice."""
    row = int(found.row[person])
    if row < 0:
        return SET_ASIDE if found.set_aside[person] else NOWHERE
    listed = is_listable(register.packed, slice(row, row + 1))[0]
    return MOVED if listed else how_left(register, row)


def where_known(whereabouts: Whereabouts, patient: str) -> str:
    """The same as :func:`where_now`, of a register that was read a part at a time."""
    if patient in whereabouts.listed:
        return MOVED
    if patient in whereabouts.died or patient in whereabouts.left:
        return DIED if patient in whereabouts.died else LEFT
    if patient in whereabouts.anywhere:
        return SET_ASIDE
    return NOWHERE if whereabouts.all_known else MAY_BE_SET_ASIDE


def _own_or_cut(path: Path, route: str, person: int, now: bool) -> tuple[str, str]:
    """What in the later register made the difference, the rules being the same."""
    made, old = path.new.made, path.with_model.made
    if made is None or old is None:
        return "model", "another model, or other scores, rank the patients"
    place = next(i for i, each in enumerate(made.scheme.routes) if each.name == route)
    rule = made.scheme.routes[place]
    rows = (int(path.with_model.rows[person]), int(path.new.rows[person]))
    if isinstance(rule, (TopShare, Band)):
        objected = [
            bool(w.register.packed.is_set("objected", [row])[0]) for w, row in zip((old, made), rows, strict=True)
        ]
        if objected[0] != objected[1]:
            said = "objects to risk stratification now" if objected[1] else "no longer objects to risk stratification"
            return "objection", said
    by_step = [path.seen(step, "meets", rule) for step in (path.with_model, path.new)]
    for name, was_met, is_met in zip(conditions_of(rule), *by_step, strict=True):
        if was_met[person] != is_met[person]:
            return _REASON_OF_FIELD.get(name, "record"), _record_sentence(name, bool(is_met[person]))
    if isinstance(rule, Band):
        return "own score", _score_sentence(path, person)
    if isinstance(rule, TopShare):
        return _by_rank(path, rule, place, person, now)
    return "cut moved", "a place became free" if now else "waits: others come first in the nomination order"


def _by_rank(path: Path, rule: TopShare, place: int, person: int, now: bool) -> tuple[str, str]:
    """Whether the caseload, the score or the cut made the difference on a share route."""
    was_on, is_on = (bool(path.seen(step, "on_caseload")[person]) for step in (path.with_model, path.new))
    kept = _comes_before_others(path, path.new if now else path.with_model, place, person)
    if kept and was_on != is_on and rule.keep_within is not None:
        words = kept_in_words(rule.keep_within)
        return "caseload", f"keeps a place: {words}" if now else f"no longer keeps a place: {words} before"
    if _score_explains(path, place, person, now, is_on):
        return "own score", _score_sentence(path, person)
    if rule.keep_within is None:
        return "cut moved", _cut_sentence(now)
    if now:
        return "cut moved", f"keeps a place: {kept_in_words(rule.keep_within)}" if kept else _cut_sentence(now)
    first = f"the first {rule.keep_within.text}"
    if not is_on:
        return "cut moved", f"{_cut_sentence(now)}; the caseload keeps its places within {first}"
    if _caseload_needs_all(path, place, person):
        return "cut moved", "others on the caseload come first, and need every place"
    return "cut moved", f"no longer within {first}, where the caseload keeps its places"


def _comes_before_others(path: Path, step: Step, place: int, person: int) -> bool:
    """Whether someone on the caseload, who is in by a route, keeps the place before others with higher scores."""
    made = step.made
    if made is None or place not in made.choice.caseload_cuts or not path.seen(step, "on_caseload")[person]:
        return False
    practice = made.register.packed.practice_of(step.rows[[person]])[0]
    passed_over = made.choice.caseload_cuts[place].passed_over[practice]
    return bool(path.seen(step, "keys")[person] < passed_over)


def _caseload_needs_all(path: Path, place: int, person: int) -> bool:
    made = path.new.made
    if made is None:
        return False
    practice = made.register.packed.practice_of(path.new.rows[[person]])[0]
    return bool(made.choice.caseload_cuts[place].full[practice])


def _record_sentence(name: str, met: bool) -> str:
    """That a record meets a route's condition on a column now, or meets it no longer."""
    if name == "nominated":
        return "nominated now" if met else "no longer nominated"
    what = {"care_home_type": "care home record", "age": "age"}.get(name, f"record of {name.replace('_', ' ')}")
    return f"the {what} {'now meets' if met else 'no longer meets'} the rule"


def _score_explains(path: Path, place: int, person: int, now: bool, is_on: bool) -> bool:
    """Whether the new score, held against the old cut, gives the new state.

    Someone on the caseload now is held against what kept a place by a route with ``keep_within``.
    """
    old = path.with_model.made
    if old is None:
        return False
    before = int(path.seen(path.with_model, "keys")[person])
    after = int(path.seen(path.new, "keys")[person])
    if (after <= before) if now else (after >= before):
        return False
    practice = int(old.register.packed.practice_of(path.with_model.rows[[person]])[0])
    if path.seen(path.with_model, "room", place)[practice]:
        return (after != NO_SCORE_64) is now
    kept = old.choice.caseload_cuts.get(place)
    if is_on and kept is not None:
        cut, all_tied_in = int(kept.key[practice]), bool(kept.all_in[practice])
        inside = after != NO_SCORE_64 and (after > cut or (after == cut and (now or all_tied_in)))
        return inside is now
    s, out = old.choice.plan.score_routes.index(place), old.choice.outcome
    if not out.taken[practice, s]:
        return False
    cut, all_tied_in = int(out.cut[practice, s]), out.taken[practice, s] == out.tied[practice, s]
    return after >= cut if now else after < cut or (after == cut and not all_tied_in)


def _score_sentence(path: Path, person: int) -> str:
    before, after = (path.seen(step, "scores")[person] for step in (path.with_model, path.new))
    shown = " to ".join("no score" if score is None else _short(score) for score in (before, after))
    unit = MILLION * (path.model.divide_by if path.model else 1)
    moves = sorted(path.moved(person), key=lambda move: (move[4] is not None, -abs(move[4] or 0)))
    words = [f"{label}: {was} to {now}{_signed(by, unit)}" for _, label, was, now, by in moves]
    if len(words) > MOST_NAMED:
        words = [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
    return f"score {shown}" + (f": {'; '.join(words)}" if words else "")


def _signed(by: int | None, unit: int) -> str:
    if by is None:
        return ""
    return f" ({'+' if by > 0 else ''}{_short(by / unit)})"


def _short(value: float) -> str:
    """Two decimals, or two figures of a small number: enough for a sentence; the attribution table is exact."""
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}".replace("-", "−")
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−")


def _cut_sentence(now: bool) -> str:
    return "the cut fell, or a tie now goes this way" if now else "the cut rose, or a tie now goes the other way"
