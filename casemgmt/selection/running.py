"""Running the choosing loops over a register: compiled and on threads where that pays, else in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.compiling import pays
from casemgmt.selection.plan import Outcome, Plan, RouteArrays
from casemgmt.threads import default_workers, on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.packing import Packed
    from casemgmt.selection.keys import Ranking

# Of rows in any order, one block in so many is looked at first, to guess each practice's cut.
SAMPLE_STEP = 16
_PIECES_PER_WORKER = 4


class Question(NamedTuple):
    """What is asked of every row: what ranks it, which conditions it meets, and what the routes make of that."""

    ranking: Ranking
    plan: Plan
    routes: RouteArrays
    list_sizes: npt.NDArray[np.int64]

    @property
    def counted(self) -> int:
        """How many counts a practice has: bits past the routes', the unscored, and the eligible of each score route."""
        return self.plan.bits.total - int(self.routes.first_counted) + 1 + len(self.routes.bit)


class Picked(NamedTuple):
    """Rows that can matter, in the order they had, and counts of all that were looked at.

    Attributes
    ----------
    practice : int32, one a picked row
    rows, keys, bits : int32, the keys' type, uint32; one a picked row
    counts : int64, (practices, counted); see :func:`casemgmt.selection.kernels.sift_rows`
    """

    practice: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    keys: npt.NDArray[Any]
    bits: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]

    def only(self, wanted: npt.NDArray[np.bool_]) -> Picked:
        """The wanted of the picked rows; the counts stay those of all that were looked at."""
        return Picked(self.practice[wanted], self.rows[wanted], self.keys[wanted], self.bits[wanted], self.counts)


def outcome_of(packed: Packed, question: Question, threads: int | None = None) -> Outcome:
    """Choose in every practice, up to the ties at each cut."""
    if packed.groups is not None and not pays(packed.rows):
        from casemgmt.selection import plain

        return plain.choose(packed.offsets, question)
    if packed.groups is None:
        return _choose_mixed(packed, question, threads or default_workers())
    return choose_grouped(packed.groups, question, threads or default_workers())


def empty_outcome(question: Question, starts: npt.NDArray[np.int64]) -> Outcome:
    """An outcome with room for the rows of each practice from ``starts`` on."""
    import numpy as np

    practices, rows = len(starts) - 1, int(starts[-1])
    by_route = (practices, len(question.routes.bit))
    dtype = question.ranking.source.no_score.dtype
    return Outcome(
        counts=np.zeros((practices, question.plan.bits.total), dtype=np.int64),
        unscored=np.zeros(practices, dtype=np.int64),
        places=np.zeros(by_route, dtype=np.int64),
        cut=np.zeros(by_route, dtype=np.int64),
        tied=np.zeros(by_route, dtype=np.int64),
        taken=np.zeros(by_route, dtype=np.int64),
        emitted=np.zeros(practices, dtype=np.int64),
        starts=starts,
        rows=np.empty(rows, dtype=np.int32),
        keys=np.empty(rows, dtype=dtype),
        member=np.empty(rows, dtype=np.uint32),
        at_cut=np.empty(rows, dtype=np.uint32),
    )


class Emitted(NamedTuple):
    """The rows that an outcome let in or left at a cut, those of each practice together; one entry a row."""

    practice: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    keys: npt.NDArray[Any]
    member: npt.NDArray[np.uint32]
    at_cut: npt.NDArray[np.uint32]


def emitted_rows(out: Outcome) -> Emitted:
    """The rows of an outcome, one practice after the other."""
    import numpy as np

    places = np.cumsum(out.emitted) - out.emitted
    total = int(out.emitted.sum())
    if not pays(total):
        kept = np.arange(total) + np.repeat(out.starts[:-1] - places, out.emitted)
        practice = np.repeat(np.arange(len(out.emitted)), out.emitted)
        return Emitted(practice, out.rows[kept].astype(np.int64), out.keys[kept], out.member[kept], out.at_cut[kept])
    from casemgmt.selection.kernels import collect

    kinds = (np.int64, np.int64, out.keys.dtype, np.uint32, np.uint32)
    found = Emitted(*(np.empty(total, dtype=kind) for kind in kinds))
    stretches = even_stretches(np.append(places, total), default_workers())
    on_threads(lambda stretch: collect(*stretch, out, places, tuple(found)), stretches)
    return found


def even_stretches(offsets: Any, workers: int) -> list[tuple[int, int]]:
    """Stretches of whole practices, a few a worker, of about the same number of patients."""
    import numpy as np

    practices = len(offsets) - 1
    pieces = 1 if workers == 1 else min(practices, _PIECES_PER_WORKER * workers)
    marks = np.searchsorted(offsets, np.linspace(0, offsets[-1], pieces + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], marks, [practices]]))
    return list(pairwise(bounds.tolist()))


def choose_grouped(groups: Any, question: Question, workers: int, *, all_told_of: bool = False) -> Outcome:
    """Choose in every practice of rows that stand grouped; see :func:`sift` of ``all_told_of``."""
    import numpy as np

    from casemgmt.selection.kernels import choose_practices
    from casemgmt.selection.scratch import settling

    out, told = empty_outcome(question, groups.copy()), told_of(question, all_told_of)
    source, conditions, routes = question.ranking.source, question.plan.conditions, question.routes

    def work(stretch: tuple[int, int]) -> None:
        largest = int(np.diff(groups[stretch[0] : stretch[1] + 1]).max(initial=0))
        scratch = settling(largest, len(routes.bit), source.no_score.dtype)
        choose_practices(stretch, groups, question.list_sizes, source, conditions, routes, told, out, scratch)

    on_threads(work, even_stretches(groups, workers), workers)
    return out


def _choose_mixed(packed: Packed, question: Question, workers: int) -> Outcome:
    """Choose among rows in any order: guess every cut from a sample, sift, bring the picked together, settle."""
    import numpy as np

    practices = len(question.list_sizes)
    guesses = guesses_from(packed, question, practices, workers)
    picked = sift(packed, question, guesses, workers)
    out, short = settle(picked, question, guesses, workers)
    if short.any():
        dtype = guesses.dtype
        guesses[short] = question.ranking.source.no_score + 1
        again = sift(packed, question, np.where(short, guesses, np.iinfo(dtype).max).astype(dtype), workers)
        picked = merged([picked.only(~short[picked.practice]), again.only(short[again.practice])])._replace(
            counts=picked.counts
        )
        out, short = settle(picked, question, guesses, workers)
    return out


def guesses_from(packed: Packed, question: Question, practices: int, workers: int) -> npt.NDArray[Any]:
    """For each practice a key that its cuts will hardly fall below."""
    import numpy as np

    from casemgmt.selection.kernels import BLOCK

    source = question.ranking.source
    lowest = np.full(practices, source.no_score + 1, dtype=source.no_score.dtype)
    step = SAMPLE_STEP * BLOCK
    if packed.rows < 4 * step:
        return lowest
    seen = sift(packed, question, lowest, workers, step=step)
    looked_at = sum(min(BLOCK, packed.rows - low) for low in range(0, packed.rows, step))
    return guesses_after(seen, question, looked_at / packed.rows)


def guesses_after(seen: Picked, question: Question, part: float) -> npt.NDArray[Any]:
    """For each practice a key that its cuts will hardly fall below, from a part of the rows."""
    import numpy as np

    from casemgmt.selection.kernels import guess_from_sample

    source, routes = question.ranking.source, question.routes
    together = bring(seen, question)
    first = int(routes.first_counted)
    counts = np.zeros((len(seen.counts), question.plan.bits.total), dtype=np.int64)
    counts[:, first:] = seen.counts[:, : counts.shape[1] - first]
    guesses = np.empty(len(counts), dtype=source.no_score.dtype)
    buffer = np.empty(int(np.diff(together.starts).max(initial=0)) + 1, dtype=guesses.dtype)
    guess_from_sample(
        together.starts,
        together.keys,
        together.member,
        counts,
        question.list_sizes,
        part,
        routes,
        source.no_score,
        guesses,
        buffer,
    )
    return guesses


def told_of(question: Question, everyone: bool) -> tuple[np.uint32, np.uint32]:
    """Which rows are put out whatever they score: bits of those, and 1 where the ranked without a score are as well.

    For the lists alone it is enough that a route lets someone in; with ``everyone`` the caseload and the unscored are
    told of too.
    """
    import numpy as np

    direct = np.uint32(question.routes.direct)
    if not everyone:
        return direct, np.uint32(0)
    return direct | np.uint32(1 << question.plan.bits.caseload), np.uint32(1)


def sift(
    packed: Packed,
    question: Question,
    guesses: Any,
    workers: int,
    *,
    step: int | None = None,
    all_told_of: bool = False,
) -> Picked:
    """Score all rows, or one block every ``step`` rows, and pick those that a route lets in or that reach the guess.

    With ``all_told_of`` the ranked without a score and the caseload are picked as well.
    """
    import numpy as np

    from casemgmt.selection.kernels import BLOCK, sift_rows
    from casemgmt.selection.scratch import sifting

    source, plan, routes = question.ranking.source, question.plan, question.routes
    practice = packed.numbers
    told = told_of(question, all_told_of)
    stride = step or BLOCK
    blocks = -(-packed.rows // stride)
    marks = np.linspace(0, blocks, max(min(blocks, _PIECES_PER_WORKER * workers), 1) + 1).astype(np.int64) * stride
    pieces = [(int(low), min(int(high), packed.rows)) for low, high in pairwise(marks.tolist())]

    def work(piece: tuple[int, int]) -> Picked:
        low, high = piece
        room = (-(-(high - low) // stride)) * BLOCK + 1
        found = (np.empty(room, np.int32), np.empty(room, source.no_score.dtype), np.empty(room, np.uint32))
        counts = np.zeros((len(guesses), question.counted), dtype=np.int64)
        scratch = sifting(len(guesses), question.counted, BLOCK, source.no_score.dtype)
        kept = sift_rows(
            *((low, high, stride), practice, source, plan.conditions, routes),
            *(guesses, told, counts, found, scratch),
        )
        rows = found[0][:kept].copy()
        return Picked(practice[rows], rows, found[1][:kept].copy(), found[2][:kept].copy(), counts)

    return merged(on_threads(work, pieces, workers))


def merged(parts: Sequence[Picked]) -> Picked:
    """Picked rows of several stretches as one."""
    import numpy as np

    return Picked(
        np.concatenate([part.practice for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.bits for part in parts]),
        sum((part.counts for part in parts[1:]), parts[0].counts.copy()),
    )


def bring(picked: Picked, question: Question) -> Outcome:
    """An outcome that holds the picked rows, those of each practice together, not settled yet."""
    import numpy as np

    from casemgmt.selection.kernels import bring_together

    starts = np.zeros(len(picked.counts) + 1, dtype=np.int64)
    starts[1:] = np.cumsum(np.bincount(picked.practice, minlength=len(picked.counts)))
    out = empty_outcome(question, starts)
    bring_together(picked.practice, picked.rows, picked.keys, picked.bits, starts[:-1].copy(), out)
    return out


def settle(picked: Picked, question: Question, guesses: Any, workers: int) -> tuple[Outcome, npt.NDArray[np.bool_]]:
    """Settle every practice from its picked rows, and say in which too few were picked."""
    import numpy as np

    from casemgmt.selection.kernels import settle_practices
    from casemgmt.selection.scratch import settling

    routes, out = question.routes, bring(picked, question)
    first, total = int(routes.first_counted), question.plan.bits.total
    out.counts[:, first:] = picked.counts[:, : total - first]
    out.unscored[:] = picked.counts[:, total - first]
    eligible = np.ascontiguousarray(picked.counts[:, total - first + 1 :])
    short = np.zeros(len(out.counts), dtype=bool)
    sizes, no_score = question.list_sizes, question.ranking.source.no_score

    def work(stretch: tuple[int, int]) -> None:
        largest = int(np.diff(out.starts[stretch[0] : stretch[1] + 1]).max(initial=0))
        scratch = settling(largest, len(routes.bit), guesses.dtype)
        settle_practices(stretch, out.starts, guesses, eligible, sizes, routes, no_score, out, scratch, short)

    on_threads(work, even_stretches(out.starts, workers), workers)
    return out, short
