"""Why one patient's state changed: the steps between two selections, and the first reason that holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.register.columns import NO_DAY
from casemgmt.risk.inputs import MILLION, decimal_text
from casemgmt.risk.scoring import NO_SCORE_64, cells_of, sums_of
from casemgmt.scheme.conditions import Where
from casemgmt.scheme.routes import Band, Everyone, Nominated, Review, Route, TopShare
from casemgmt.selection.plan import meets

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.caseload.people import People
    from casemgmt.risk.model import Model
    from casemgmt.selection.result import Workings

MOST_NAMED = 3  # inputs named in a sentence; the attribution table has them all
_REASON_OF_FIELD = {"care_home_type": "care home", "nominated": "nomination", "age": "age"}


@dataclass(slots=True)
class Step:
    """One selection on the way, seen by person.

    ``made`` is None where the selection could not be made: rules that the register cannot answer.
    """

    made: Workings | None
    rows: npt.NDArray[np.int64]
    _member: Any = field(default=None)

    def members(self, route: str) -> npt.NDArray[np.bool_]:
        """Who is let in by a route; nobody where the scheme has no such route."""
        import numpy as np

        made = self.made
        if made is None:
            return np.zeros(len(self.rows), dtype=bool)
        names = [each.name for each in made.scheme.routes]
        if route not in names:
            return np.zeros(len(self.rows), dtype=bool)
        if self._member is None:
            member = np.zeros(len(made.register) + 1, dtype=np.uint32)  # the last one is for rows of -1
            member[made.choice.rows] = made.choice.member
            self._member = member[self.rows]
        return np.asarray(self._member & np.uint32(1 << names.index(route)) != 0)

    def places(self) -> npt.NDArray[np.int64]:
        """The route whose place each person uses, -1 for none."""
        import numpy as np

        made = self.made
        if made is None:
            return np.full(len(self.rows), -1, dtype=np.int64)
        place = np.full(len(made.register) + 1, -1, dtype=np.int64)
        place[made.choice.rows] = made.choice.place
        return np.asarray(place[self.rows])

    def keys(self) -> npt.NDArray[np.int64]:
        """What ranks each person, as int64; the smallest where they are not ranked."""
        import numpy as np

        made = self.made
        if made is None:
            return np.full(len(self.rows), NO_SCORE_64, dtype=np.int64)
        if made.model is None:
            keys = made.ranking.source.given
        else:
            packed = made.register.packed
            ranked = packed.is_set("on_list") & packed.is_set("present") & ~packed.is_set("objected")
            keys = np.where(ranked, sums_of(made.model, made.register), NO_SCORE_64)
        return np.asarray(np.append(keys, NO_SCORE_64)[self.rows])

    def scores(self) -> list[float | None]:
        """The score of each person, None where there is none."""
        import numpy as np

        if self.made is None:
            return [None] * len(self.rows)
        keys = self.keys()
        ranking = self.made.ranking
        source = ranking.source.no_score
        scores = ranking.scores(np.where(keys == NO_SCORE_64, source, keys).astype(source.dtype))
        return [None if np.isnan(score) else score for score in scores.tolist()]

    def listable(self) -> npt.NDArray[np.bool_]:
        """Who is on the list on its date and still there when the data was drawn."""
        import numpy as np

        if self.made is None:
            return np.zeros(len(self.rows), dtype=bool)
        packed = self.made.register.packed
        return np.asarray(np.append(packed.is_set("on_list") & packed.is_set("present"), False)[self.rows])


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

    def seen(self, step: Step, what: str, *args: str) -> Any:
        """What a step says, worked out once."""
        key = (id(step), what, args)
        if key not in self._cache:
            self._cache[key] = getattr(step, what)(*args)
        return self._cache[key]

    @property
    def model(self) -> Model | None:
        """The later model, where it can score both registers."""
        return self.new.made.model if self.new.made else None

    def moved(self, person: int) -> list[tuple[str, str, str, str, int]]:
        """(input, label, cell before, cell after, millionths moved) of each input whose contribution changed.

        The moves add up to the difference of the two sums; a ``floor`` row stands for what the floor took.
        """
        import numpy as np

        model, old, new = self.model, self.with_model.made, self.new.made
        if model is None or old is None or new is None:
            return []
        before, after = (np.array([step.rows[person]]) for step in (self.with_model, self.new))
        found: list[tuple[str, str, str, str, int]] = []
        totals = [model.intercept, model.intercept]
        for each in model.inputs:
            cells = [int(cells_of(model, each, made.register, rows)[0]) for made, rows in ((old, before), (new, after))]
            amounts = [each.contributions[cell] or 0 for cell in cells]
            totals = [total + amount for total, amount in zip(totals, amounts, strict=True)]
            if amounts[0] != amounts[1]:
                was, now = (each.cells[cell] for cell in cells)
                found.append((each.name, each.label, was, now, amounts[1] - amounts[0]))
        lifts = [(model.floored(total) or total) - total for total in totals]
        if lifts[0] != lifts[1]:
            was, now = ("held at the lowest score" if lift else "above the lowest score" for lift in lifts)
            found.append(("floor", "Lowest score", was, now, lifts[1] - lifts[0]))
        return found

    def attribution_table(self, persons: list[int]) -> pa.Table:
        """One row a person and input that moved; see :class:`casemgmt.caseload.comparing.Comparison`."""
        import pyarrow as pa

        divide_by = self.model.divide_by if self.model else 1
        rows = [
            (self.people.practice[p], self.people.patient[p], *words, amount / (MILLION * divide_by))
            for p in persons
            for *words, amount in self.moved(p)
        ]
        names = ("practice_id", "patient_id", "input", "label", "before", "after", "moved")
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        kinds = [pa.string()] * 6 + [pa.float64()]
        return pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})


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
    if not was_listed:
        return "joined the practice's list"
    if row < 0 or made is None:
        return "moved to another practice's list" if path.people.elsewhere[person] else "no longer in the register"
    died = made.register.days.get("date_of_death")
    return "died" if died is not None and died[row] != NO_DAY else "left the practice's list"


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
    for name in _condition_fields(rule):
        met = [_met(w, rule, name, row) for w, row in zip((old, made), rows, strict=True)]
        if met[0] != met[1]:
            what = name.replace("_", " ")
            return _REASON_OF_FIELD.get(name, "record"), f"{what} {'meets' if met[1] else 'no longer meets'} the rule"
    if isinstance(rule, Band):
        return "own score", _score_sentence(path, person)
    if isinstance(rule, TopShare) and _score_explains(path, old, place, person, now):
        return "own score", _score_sentence(path, person)
    return "cut moved", _cut_sentence(rule, now)


def _condition_fields(rule: Route) -> tuple[str, ...]:
    match rule:
        case TopShare():
            return rule.among.fields
        case Nominated():
            return ("nominated",)
        case Everyone() | Review() | Band():
            return rule.where.fields


def _met(made: Workings, rule: Route, name: str, row: int) -> bool:
    """Whether a person's record meets the route's conditions on one column."""
    import numpy as np

    register = made.register
    if isinstance(rule, Nominated):
        return bool(register.packed.is_set("nominated", [row])[0])
    where: Where = rule.among if isinstance(rule, TopShare) else rule.where
    conditions = [each for each in where.conditions if each.field == name]
    value = register.column(name, np.array([row]))[0].as_py() if name in register.column_names else None
    return all(_met_on_date(made, each, row) if each.on != "as_of" else meets(each, value) for each in conditions)


def _met_on_date(made: Workings, condition: Any, row: int) -> bool:
    from casemgmt.dates import ages, reference_date

    born = made.register.days["date_of_birth"][[row]]
    if born[0] == NO_DAY:
        return False
    return meets(condition, int(ages(born, reference_date(condition.on, made.register.as_of))[0]))


def _score_explains(path: Path, old: Workings, place: int, person: int, now: bool) -> bool:
    """Whether the new score, held against the old cut, gives the new state."""
    import numpy as np

    before = int(path.seen(path.with_model, "keys")[person])
    after = int(path.seen(path.new, "keys")[person])
    s = old.choice.plan.score_routes.index(place)
    out = old.choice.outcome
    practice = int(np.searchsorted(old.register.packed.offsets, path.with_model.rows[person], side="right")) - 1
    if not out.taken[practice, s]:
        return False
    cut, all_tied_in = int(out.cut[practice, s]), out.taken[practice, s] == out.tied[practice, s]
    if now:
        return after > before and after >= cut
    return after < before and not (after > cut or (after == cut and all_tied_in))


def _score_sentence(path: Path, person: int) -> str:
    before, after = (path.seen(step, "scores")[person] for step in (path.with_model, path.new))
    shown = " to ".join("no score" if score is None else f"{score:g}" for score in (before, after))
    moves = sorted(path.moved(person), key=lambda move: -abs(move[4]))
    words = [f"{label}: {a} to {b} ({'+' if by > 0 else '−'}{decimal_text(abs(by))})" for _, label, a, b, by in moves]
    if len(words) > MOST_NAMED:
        words = [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
    return f"score {shown}" + (f": {'; '.join(words)}" if words else "")


def _cut_sentence(rule: Route, now: bool) -> str:
    if isinstance(rule, Nominated):
        return "a place became free" if now else "waits: others come first in the nomination order"
    return "the cut fell, or a tie was broken in favour" if now else "the cut rose, or a tie was broken against"
