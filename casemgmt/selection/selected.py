"""The table of the selected patients, of which each column is worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import array_of, rows_of
from casemgmt.risk.demonstration import is_demonstration
from casemgmt.selection.tables import REASONS, ids_and_order, ranks_of, review_due
from casemgmt.texts.id_order import texts_at
from casemgmt.threads import default_workers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.selection.workings import Workings

_BEFORE_ROUTES = ("practice_id", "patient_id", "score", "risk", "rank")
_AFTER_ROUTES = ("place", "case_managed", "review_due", "inputs_missing")


class SelectedTable:
    """One row a selected patient, by practice and id; see :meth:`casemgmt.results.selection.Selection.to_arrow`.

    Attributes
    ----------
    names : of all columns, in their order
    """

    def __init__(self, made: Workings) -> None:
        self._made = made
        self._routes = [route.name for route in made.scheme.routes]
        self.names = (*_BEFORE_ROUTES, *self._routes, *_AFTER_ROUTES, *REASONS)
        self._kept: dict[str, pa.Array] = {}
        self._in_order: tuple[pa.Array, npt.NDArray[np.int64]] | None = None

    def table(self, names: Sequence[str]) -> pa.Table:
        """Some of the columns, in the order in which they are named."""
        import pyarrow as pa

        if not names:
            return self.table(["patient_id"]).select([])  # so many rows, all the same
        new = [name for name in dict.fromkeys(names) if name not in self._kept]
        if new:
            self._kept |= self._worked_out(new)
        made = self._made
        caution = made.model is not None and is_demonstration(made.model)
        metadata = {b"casemgmt": b'{"demonstration_only": true}'} if caution else None
        return pa.table([self._kept[name] for name in names], names=list(names)).replace_schema_metadata(metadata)

    def _worked_out(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Columns by name. Those that need nothing of each other are worked out side by side, the longest first."""
        # The process's own pool is left to what they share out in their turn.
        with ThreadPoolExecutor(min(2, default_workers())) as pool:
            said = pool.submit(_of_scores, self._made, frozenset(names))
            ranking = pool.submit(ranks_of, self._made) if "rank" in names else None
            # Ids and order in one, since another thread may ask meanwhile.
            self._in_order = in_order = self._in_order or ids_and_order(self._made)
            makers = self._makers(said, ranking, *in_order)
            return dict(zip(names, pool.map(lambda name: makers[name](), names), strict=True))

    def _makers(
        self,
        said: Future[_OfScores],
        ranking: Future[npt.NDArray[np.int32]] | None,
        ids: pa.Array,
        order: npt.NDArray[np.int64],
    ) -> dict[str, Callable[[], pa.Array]]:
        """What makes each column; ``ranking`` is needed for the ranks alone."""
        import numpy as np
        import pyarrow as pa

        made, choice = self._made, self._made.choice

        def ranks() -> pa.Array:
            found = np.asarray(ranking and ranking.result())[order]
            return array_of(found, pa.int32(), found != 0)

        def met(bit: int) -> pa.Array:
            return array_of(choice.member[order] & np.uint32(1 << bit) != 0, pa.bool_())

        def place() -> pa.Array:
            used = choice.place[order]
            return texts_at(self._routes, used, used >= 0)

        due = partial(review_due, made, choice.rows, choice.member)
        return {
            "practice_id": lambda: texts_at(made.register.practices, choice.practice[order]),
            "patient_id": lambda: ids,
            "score": lambda: _floats(said.result().scores[order]),
            "risk": lambda: _floats(said.result().risks[order]),
            "rank": ranks,
            **{name: partial(met, bit) for bit, name in enumerate(self._routes)},
            "place": place,
            "case_managed": lambda: array_of(choice.place[order] >= 0, pa.bool_()),
            "review_due": lambda: array_of(due()[order], pa.bool_()),
            "inputs_missing": lambda: array_of(said.result().missing[order], pa.int32()),
            **{name: partial(_sentences, said, k, order) for k, name in enumerate(REASONS)},
        }


class _OfScores(NamedTuple):
    """What the rows of the chosen patients say, in the order of the choice; of what is not asked for, nothing."""

    scores: npt.NDArray[np.float64]
    risks: npt.NDArray[np.float64]
    missing: npt.NDArray[np.int32]
    reasons: list[pa.Array]


def _of_scores(made: Workings, names: frozenset[str]) -> _OfScores:
    """What columns of some names need; no reason for a score that is not shown."""
    import numpy as np

    from casemgmt.risk.chosen import chosen_rows, missing_inputs
    from casemgmt.risk.reasons import reasons_of

    choice, count = made.choice, len(made.choice.rows)
    with_reasons = not names.isdisjoint(REASONS)
    nothing, missing = np.empty(0), np.zeros(count if "inputs_missing" in names else 0, dtype=np.int32)
    scores = made.ranking.scores(choice.keys) if with_reasons or names & {"score", "risk"} else nothing
    risks = made.ranking.risks_of(choice.rows, scores) if "risk" in names else nothing
    if made.model is None:
        return _OfScores(scores, risks, missing, _given_reasons(made, scores) if with_reasons else [])
    if not (with_reasons or len(missing)):
        return _OfScores(scores, risks, missing, [])
    chosen = chosen_rows(made.model, made.register, choice.rows)
    if len(missing):
        missing = missing_inputs(made.model, chosen, choice.rows)
    shown = ~np.isnan(scores)
    said = reasons_of(made.model, chosen, choice.practice, shown, made.reference) if with_reasons else []
    return _OfScores(scores, risks, missing, said)


def _given_reasons(made: Workings, scores: npt.NDArray[np.float64]) -> list[pa.Array]:
    """Reasons from what inputs were said to add to given scores; null where nothing was."""
    import pyarrow as pa

    if made.contributions is None:
        return [pa.nulls(len(scores), pa.string())] * len(REASONS)
    from casemgmt.selection.given_reasons import reasons_of

    return list(reasons_of(made.contributions, made.register, made.choice.rows, scores))


def _floats(values: npt.NDArray[np.float64]) -> pa.Array:
    """Null where not a number."""
    import numpy as np
    import pyarrow as pa

    return array_of(values, pa.float64(), ~np.isnan(values))


def _sentences(said: Future[_OfScores], nth: int, order: npt.NDArray[np.int64]) -> pa.Array:
    """A reason as text."""
    import pyarrow as pa

    return said.result().reasons[nth].take(rows_of(order)).cast(pa.string())
