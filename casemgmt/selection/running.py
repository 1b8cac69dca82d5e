"""Running the choosing loops over a register: compiled and on threads where that pays, else in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.compiling import pays, pays_once_made, went_through
from casemgmt.selection.loop_arrays import AlwaysKeep, FilteredRows, Outcome, RouteArrays, Rule
from casemgmt.selection.plan import Plan
from casemgmt.threads import default_workers, on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.packing import Packed
    from casemgmt.selection.keys import Ranking
    from casemgmt.selection.loop_arrays import Keys

# Of rows in any order, so many in a run are looked at first, one run in so many, to guess each practice's cut. Rows may
# stand together by practice, or by age within it, and short runs meet all of them.
SAMPLE_RUN, SAMPLE_STEP = 32, 16
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


class Candidates(NamedTuple):
    """Rows that can matter, in the order they had, and counts of all that were looked at.

    Attributes
    ----------
    practice, rows, keys, bits : one a row: the number of its practice, the row, what ranks it, which conditions it
        meets
    counts : (practices, counted); see :class:`casemgmt.selection.loop_arrays.FilteredRows`
    """

    practice: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    keys: Keys
    bits: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]

    def only(self, wanted: npt.NDArray[np.bool_]) -> Candidates:
        """The wanted rows; the counts stay those of all that were looked at."""
        return Candidates(self.practice[wanted], self.rows[wanted], self.keys[wanted], self.bits[wanted], self.counts)


def outcome_of(packed: Packed, question: Question, threads: int | None = None) -> Outcome:
    """Choose in every practice, up to the ties at each cut."""
    if packed.groups is not None and not pays(packed.rows):
        from casemgmt.selection import plain

        went_through(packed.rows)
        return plain.choose(packed.offsets, question)
    if packed.groups is None:
        return _choose_mixed(packed, question, threads or default_workers())
    return choose_grouped(packed.groups, question, threads or default_workers())


def empty_outcome(question: Question, starts: npt.NDArray[np.int64]) -> Outcome:
    """An outcome with room for the rows of each practice from ``starts`` on."""
    import numpy as np

    from casemgmt.selection.scratch import written_in_places

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
        rows=written_in_places(rows, np.int32),
        keys=written_in_places(rows, dtype),
        member=written_in_places(rows, np.uint32),
        at_cut=written_in_places(rows, np.uint32),
    )


class Emitted(NamedTuple):
    """The rows that an outcome let in or left at a cut, those of each practice together; one entry a row."""

    practice: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    keys: Keys
    member: npt.NDArray[np.uint32]
    at_cut: npt.NDArray[np.uint32]

    def only(self, wanted: npt.NDArray[np.bool_]) -> Emitted:
        """The wanted rows."""
        practice, rows, keys, member, at_cut = self
        return Emitted(practice[wanted], rows[wanted], keys[wanted], member[wanted], at_cut[wanted])


def emitted_rows(out: Outcome) -> Emitted:
    """The rows of an outcome, one practice after the other."""
    import numpy as np

    from casemgmt.selection.kernels import collect

    places = np.cumsum(out.emitted) - out.emitted
    total = int(out.emitted.sum())
    if not pays_once_made(total, collect):
        kept = np.arange(total) + np.repeat(out.starts[:-1] - places, out.emitted)
        practice = np.repeat(np.arange(len(out.emitted)), out.emitted)
        return Emitted(practice, out.rows[kept].astype(np.int64), out.keys[kept], out.member[kept], out.at_cut[kept])
    kinds = (np.int64, np.int64, out.keys.dtype, np.uint32, np.uint32)
    found = Emitted(*(np.empty(total, dtype=kind) for kind in kinds))
    stretches = even_stretches(np.append(places, total), default_workers())
    on_threads(lambda stretch: collect(*stretch, out, places, tuple(found)), stretches)
    return found


def even_stretches(offsets: npt.NDArray[np.int64], workers: int) -> list[tuple[int, int]]:
    """Stretches of whole practices, a few a worker, of about the same number of patients."""
    import numpy as np

    practices = len(offsets) - 1
    pieces = 1 if workers == 1 else min(practices, _PIECES_PER_WORKER * workers)
    marks = np.searchsorted(offsets, np.linspace(0, offsets[-1], pieces + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], marks, [practices]]))
    return list(pairwise(bounds.tolist()))


def rule_of(question: Question, *, keep_unselected: bool = False) -> Rule:
    """What the loops are to decide by.

    For the lists alone it is enough to keep whom a route lets in; with ``keep_unselected`` the caseload and the ranked
    without a score are always kept too.
    """
    import numpy as np

    direct = np.uint32(question.routes.direct)
    caseload = np.uint32(1 << question.plan.bits.caseload)
    keep = AlwaysKeep(direct | caseload, np.uint32(1)) if keep_unselected else AlwaysKeep(direct, np.uint32(0))
    return Rule(question.routes, question.list_sizes, keep, question.ranking.source.no_score)


def choose_grouped(
    groups: npt.NDArray[np.int64], question: Question, workers: int, *, keep_unselected: bool = False
) -> Outcome:
    """Choose in every practice of rows that stand grouped; see :func:`rule_of` of ``keep_unselected``."""
    import numpy as np

    from casemgmt.selection.kernels import choose_practices
    from casemgmt.selection.scratch import practice_scratch

    out, rule = empty_outcome(question, groups.copy()), rule_of(question, keep_unselected=keep_unselected)
    source, conditions = question.ranking.source, question.plan.conditions

    def work(stretch: tuple[int, int]) -> None:
        largest = int(np.diff(groups[stretch[0] : stretch[1] + 1]).max(initial=0))
        scratch = practice_scratch(largest, len(rule.routes.bit), source.no_score.dtype)
        choose_practices(stretch, groups, source, conditions, rule, out, scratch)

    on_threads(work, even_stretches(groups, workers), workers)
    return out


def _choose_mixed(packed: Packed, question: Question, workers: int) -> Outcome:
    """Choose among rows in any order: guess every cut from a sample, filter, group by practice, find the cuts."""
    import numpy as np

    practices = len(question.list_sizes)
    guesses = guesses_from(packed, question, practices, workers)
    candidates = filter_candidates(packed, question, guesses, workers)
    out, short = resolve_practices(candidates, question, guesses, workers)
    if short.any():
        dtype = guesses.dtype
        guesses[short] = question.ranking.source.no_score + 1
        lowered = np.where(short, guesses, np.iinfo(dtype).max).astype(dtype)
        again = filter_candidates(packed, question, lowered, workers)
        both = [candidates.only(~short[candidates.practice]), again.only(short[again.practice])]
        candidates = concatenate(both)._replace(counts=candidates.counts)
        out, short = resolve_practices(candidates, question, guesses, workers)
    return out


def guesses_from(packed: Packed, question: Question, practices: int, workers: int) -> Keys:
    """For each practice a key that its cuts will hardly fall below."""
    import numpy as np

    from casemgmt.selection.row_kernels import BLOCK

    source = question.ranking.source
    lowest = np.full(practices, source.no_score + 1, dtype=source.no_score.dtype)
    if packed.rows < 4 * SAMPLE_STEP * BLOCK:
        return lowest
    seen = filter_candidates(packed, question, lowest, workers, run=SAMPLE_RUN, step=SAMPLE_STEP)
    return guesses_after(seen, question, 1 / SAMPLE_STEP)


def guesses_after(seen: Candidates, question: Question, part: float) -> Keys:
    """For each practice a key that its cuts will hardly fall below, from a part of the rows."""
    import numpy as np

    from casemgmt.selection.filter_kernels import guess_from_sample

    grouped = group_by_practice(seen, question)
    first = int(question.routes.first_counted)
    grouped.counts[:, first:] = seen.counts[:, : question.plan.bits.total - first]
    guesses = np.empty(len(seen.counts), dtype=question.ranking.source.no_score.dtype)
    buffer = np.empty(int(np.diff(grouped.starts).max(initial=0)) + 1, dtype=guesses.dtype)
    guess_from_sample(grouped, part, rule_of(question), guesses, buffer)
    return guesses


def filter_candidates(
    packed: Packed,
    question: Question,
    guesses: Keys,
    workers: int,
    *,
    run: int | None = None,
    step: int = 1,
    keep_unselected: bool = False,
) -> Candidates:
    """Score all rows, or one ``run`` of rows in ``step``, and keep those that a route lets in or that reach the guess.

    With ``keep_unselected`` the ranked without a score and the caseload are kept as well.
    """
    import numpy as np

    from casemgmt.selection.filter_kernels import filter_rows
    from casemgmt.selection.row_kernels import BLOCK
    from casemgmt.selection.scratch import filter_scratch

    source, conditions, practice = question.ranking.source, question.plan.conditions, packed.numbers
    rule = rule_of(question, keep_unselected=keep_unselected)
    run = run or BLOCK
    stride = run * step
    blocks = -(-packed.rows // stride)
    marks = np.linspace(0, blocks, max(min(blocks, _PIECES_PER_WORKER * workers), 1) + 1).astype(np.int64) * stride
    pieces = [(int(low), min(int(high), packed.rows)) for low, high in pairwise(marks.tolist())]

    def work(piece: tuple[int, int]) -> Candidates:
        low, high = piece
        room = (-(-(high - low) // stride)) * run + 1
        found = FilteredRows(
            np.empty(room, np.int32),
            np.empty(room, source.no_score.dtype),
            np.empty(room, np.uint32),
            np.zeros((len(guesses), question.counted), dtype=np.int64),
        )
        scratch = filter_scratch(len(guesses), question.counted, run, source.no_score.dtype)
        kept = filter_rows((low, high, stride), practice, source, conditions, rule, guesses, found, scratch)
        rows = found.rows[:kept].copy()
        return Candidates(practice[rows], rows, found.keys[:kept].copy(), found.bits[:kept].copy(), found.counts)

    return concatenate(on_threads(work, pieces, workers))


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """Candidates of several stretches as one."""
    import numpy as np

    return Candidates(
        np.concatenate([part.practice for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.bits for part in parts]),
        sum((part.counts for part in parts[1:]), parts[0].counts.copy()),
    )


def group_by_practice(candidates: Candidates, question: Question) -> Outcome:
    """An outcome that holds the candidates, those of each practice together, not resolved yet."""
    import numpy as np

    from casemgmt.selection.filter_kernels import group_rows

    practices = len(candidates.counts)
    starts = np.zeros(practices + 1, dtype=np.int64)
    starts[1:] = np.cumsum(np.bincount(candidates.practice, minlength=practices))
    out = empty_outcome(question, starts)
    group_rows(candidates.practice, candidates.rows, candidates.keys, candidates.bits, starts[:-1].copy(), out)
    return out


def resolve_practices(
    candidates: Candidates, question: Question, guesses: Keys, workers: int
) -> tuple[Outcome, npt.NDArray[np.bool_]]:
    """Find every practice's cuts among its candidates, and say in which there were too few."""
    import numpy as np

    from casemgmt.selection.filter_kernels import resolve_span
    from casemgmt.selection.scratch import practice_scratch

    out, rule = group_by_practice(candidates, question), rule_of(question)
    first, total = int(rule.routes.first_counted), question.plan.bits.total
    out.counts[:, first:] = candidates.counts[:, : total - first]
    out.unscored[:] = candidates.counts[:, total - first]
    eligible = np.ascontiguousarray(candidates.counts[:, total - first + 1 :])
    short = np.zeros(len(out.counts), dtype=bool)

    def work(stretch: tuple[int, int]) -> None:
        largest = int(np.diff(out.starts[stretch[0] : stretch[1] + 1]).max(initial=0))
        scratch = practice_scratch(largest, len(rule.routes.bit), guesses.dtype)
        resolve_span(stretch, guesses, eligible, rule, out, scratch, short)

    on_threads(work, even_stretches(out.starts, workers), workers)
    return out, short
