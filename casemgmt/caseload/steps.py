"""One of the selections between two lists, seen by person: who is let in, who is listed, what ranks them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from casemgmt.register.ranked import is_listable, is_ranked
from casemgmt.risk.scoring import NO_SCORE_64, sums_of
from casemgmt.scheme.conditions import Condition, Where
from casemgmt.scheme.routes import Everyone, Nominated, Route, TopShare
from casemgmt.selection.plain_rows import bits_of, keys_of
from casemgmt.selection.plan import compile_scheme

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.selection.workings import Workings


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

    def on_caseload(self) -> npt.NDArray[np.bool_]:
        """Who is on the caseload, by the register or by what was laid over it."""
        import numpy as np

        if self.made is None:
            return np.zeros(len(self.rows), dtype=bool)
        return np.asarray(np.append(self.made.register.packed.is_set("on_caseload"), False)[self.rows])

    def keys(self) -> npt.NDArray[np.int64]:
        """What ranks each person, as int64; the smallest where they are not ranked."""
        import numpy as np

        made = self.made
        if made is None:
            return np.full(len(self.rows), NO_SCORE_64, dtype=np.int64)
        if made.model is None:
            keys = keys_of(made.ranking.source)
        else:
            keys = np.where(is_ranked(made.register.packed), sums_of(made.model, made.register), NO_SCORE_64)
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

    def objecting(self) -> list[int]:
        """Who objects to risk stratification."""
        import numpy as np

        if self.made is None:
            return []
        flags = np.append(self.made.register.packed.is_set("objected"), False)[self.rows]
        return [int(person) for person in np.flatnonzero(flags)]

    def listable(self) -> npt.NDArray[np.bool_]:
        """Who is on the list on its date and still there when the data was drawn."""
        import numpy as np

        if self.made is None:
            return np.zeros(len(self.rows), dtype=bool)
        packed = self.made.register.packed
        return np.asarray(np.append(is_listable(packed), False)[self.rows])

    def meets(self, rule: Route) -> list[npt.NDArray[np.bool_]]:
        """Who meets a route's conditions on their own record, one array a column, read as selecting reads them."""
        import numpy as np

        if self.made is None:
            return []
        by_column = conditions_of(rule)
        routes = tuple(
            Everyone(name=f"condition_{i}", counts_as="entitlement", where=where)
            for i, where in enumerate(by_column.values())
        )
        if not routes:
            return []
        asked = tuple(name for name in by_column if name != "age")
        plan = compile_scheme(replace(self.made.scheme, routes=routes, required=(), optional=asked), self.made.register)
        bits = np.append(bits_of(plan.conditions, slice(0, len(self.made.register))), np.uint32(0))[self.rows]
        return [bits & np.uint32(1 << i) != 0 for i in range(len(routes))]

    def room(self, place: int) -> npt.NDArray[np.bool_]:
        """By practice, whether a share route had more places than people to take them, so that it had no cut."""
        import numpy as np

        if self.made is None:
            return np.zeros(0, dtype=bool)
        choice = self.made.choice
        let_in = choice.practice[choice.member & np.uint32(1 << place) != 0]
        places = choice.outcome.places[:, choice.plan.score_routes.index(place)]
        return np.asarray(np.bincount(let_in, minlength=len(places)) < places)


def conditions_of(rule: Route) -> dict[str, Where]:
    """What a route asks of a person's own record, by column, in the order of the file."""
    match rule:
        case Nominated():
            where = Where(conditions=(Condition(field="nominated", flag=True),))
        case TopShare():
            where = rule.among
        case _:
            where = rule.where
    return {
        name: Where(conditions=tuple(each for each in where.conditions if each.field == name)) for name in where.fields
    }
