"""Selecting from a scanned register: its parts are filtered as they pass; the cuts are found when all have passed."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.register.ranked import is_ranked
from casemgmt.register.register import Register
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.scanned.kept_rows import KeptRows, group_kept_rows, kept_rows_of, register_of
from casemgmt.selection.asked import Asked
from casemgmt.selection.choosing import Gathered, question_for, require_order
from casemgmt.selection.contributions import refuse_without_ids
from casemgmt.selection.earlier_in_parts import EarlierInParts
from casemgmt.selection.keys import GivenRanking, ModelRanking, Ranking, floats_of_keys, refuse_outside
from casemgmt.selection.loop_arrays import Outcome
from casemgmt.selection.places import is_list_size, official_sizes
from casemgmt.selection.risks import FaultyRisks, faulty_risks
from casemgmt.selection.running import (
    Candidates,
    Question,
    choose_grouped,
    emitted_rows,
    filter_candidates,
    guesses_after,
    guesses_from,
    resolve_practices,
    rule_of,
)
from casemgmt.selection.sentinels import Span
from casemgmt.selection.values_in_parts import ValuesInParts
from casemgmt.texts.long_texts import by_number, counts_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.in_parts import PartsCounted, RegisterInParts
    from casemgmt.register.limits import Limits
    from casemgmt.register.packing import Packed, Slot
    from casemgmt.scheme.routes import Band
    from casemgmt.selection.loop_arrays import Key, Keys

# The kept rows are looked through again when they have grown by so much.
_GROWTH = 2


def gather_in_parts(scanned: RegisterInParts, asked: Asked) -> Gathered:
    """Choose from a register that is read a part at a time, up to the ties at each cut.

    Raises
    ------
    InputError
        As :func:`casemgmt.select`; and where what is asked needs every row at hand.
    """
    for given, needs in (
        (asked.ended, "ended="),
        (len(asked.nominations), "nominations="),
        (asked.terms.reference != "base", "reference='practice'"),
    ):
        if given:
            raise InputError(
                f"{needs} needs every row of the register: read it with cm.read_register, not scan_register."
            )
    asked.expected.check_day(scanned.as_of)
    limits = scanned.limits.changed(asked.terms.max_quarantined, asked.terms.max_corrected)
    if asked.model is not None:
        check_demonstration(asked.model, scanned, asked.terms.allow_demonstration)
    parts = _Parts(scanned, asked)
    while True:
        try:
            tally = scanned.passed(parts.filter, parts.restart)
        except InputError:
            if scanned.is_counted:  # rows that cannot be used may be to blame
                scanned.check_limits(limits)
            raise
        scanned.check_limits(limits)
        register, candidates, question = parts.gathered(tally, limits)
        earlier = parts.earlier
        all_known = scanned.has_source_rows or tally.rows_in == tally.accepted + tally.merged
        whereabouts = earlier.whereabouts(all_known=all_known)
        asked.expected.check(register, None if earlier.previous is None else earlier.ids())
        if scanned.holds_whole_practices:
            parts.warn_of_scores()
            return Gathered(register, question, parts.chosen(candidates), earlier.overruled, whereabouts)
        out, short = resolve_practices(candidates, question, parts.limits(register), parts.threads)
        if not short.any():
            parts.warn_of_scores()
            return Gathered(register, question, out, earlier.overruled, whereabouts)
        parts.guess_nothing_in({register.practices[p] for p in short.nonzero()[0].tolist()})


def _none_yet(shape: int | tuple[int, int]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.empty(shape, dtype=np.int64)


@dataclass(slots=True)
class _Seen:
    """What one pass has gathered: by number of the practice guesses, limits and counts; and the kept rows.

    ``limits`` are the highest guesses by which rows of a practice were left out, ``outside`` how many given risks are
    none, ``span`` how far given scores reach.
    """

    guesses: Keys = field(default_factory=lambda: _none_yet(0))
    limits: Keys = field(default_factory=lambda: _none_yet(0))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: _none_yet((0, 0)))
    kept: list[KeptRows] = field(default_factory=list)
    looked_through: int = 0
    codes: list[str] = field(default_factory=list)
    slots: Mapping[str, Slot] | None = None
    outside: int = 0
    faulty: list[FaultyRisks] = field(default_factory=list)
    span: Span = field(default_factory=Span)
    outcomes: list[Outcome] = field(default_factory=list)


class _PartOfScores(GivenRanking):
    """Ranks the rows of a part by given values, and leaves it to the whole to refuse those that are no risks."""

    def check_bands(self, bands: Sequence[Band]) -> None:
        self._as_risks = self.given_risks is None and any(band.on == "risk" for band in bands)

    def outside(self) -> int:
        return super().outside() if self._as_risks else 0


class _Parts:
    """The parts of a scanned register, filtered as they pass."""

    def __init__(self, scanned: RegisterInParts, asked: Asked) -> None:
        self._scanned, self._asked = scanned, asked
        self.threads = asked.terms.threads or os.cpu_count() or 1
        self._seen = _Seen()
        self._question: Question | None = None
        self._unguessed: set[str] = set()
        self._scores = ValuesInParts(scanned, asked.score, "score")
        self._risks = ValuesInParts(scanned, asked.risk, "risk", for_kept_rows=True)
        self.earlier = EarlierInParts(asked.expected.previous)
        refuse_without_ids(asked.contributions)

    def warn_of_scores(self) -> None:
        """Warn of given scores of which one value stands far from all others."""
        self._seen.span.warn()

    def restart(self) -> None:
        """Forget what a pass has gathered."""
        self._seen = _Seen()
        self._scores.restart()
        self._risks.restart()
        self.earlier.restart()

    def guess_nothing_in(self, practices: set[str]) -> None:
        """Leave out nobody of these practices, in which a guess has failed, in the next pass."""
        if practices & self._unguessed:
            raise AssertionError("A practice has too few rows though none were left out.")
        self._unguessed |= practices

    def filter(self, register: Register, start: int, own: npt.NDArray[np.int32]) -> None:
        """Keep whom the lists or the account name, of one part."""
        import numpy as np

        seen, register = self._seen, self.earlier.on(register)
        packed = register.packed
        question = self._question_for(register, start)
        if isinstance(question.ranking, _PartOfScores):
            seen.outside += question.ranking.outside()
        self._make_room(own, question, register.practices)
        if self._scanned.holds_whole_practices:
            self._choose_in(register, own, question)
            return
        numbers = by_number(packed.numbers, np.append(own, np.int32(-1)).astype(np.int32))
        placed = replace(packed, practice=numbers)
        guesses = self._guesses_for(placed, own, question)
        candidates = filter_candidates(placed, question, guesses, self.threads, keep_unselected=True)
        seen.limits = np.maximum(seen.limits, guesses)
        seen.counts += candidates.counts
        if sum(len(part.keys) for part in seen.kept) + len(candidates.keys) >= _GROWTH * seen.looked_through:
            self._guess_again(question, candidates)
            wanted = _wanted(candidates, seen.guesses, question)
            seen.looked_through += int(np.count_nonzero(wanted))
            candidates = candidates.only(wanted)
        rows = candidates.rows.astype(np.int64)
        seen.kept.append(kept_rows_of(register, rows, candidates.practice, candidates.keys, candidates.bits))

    def gathered(self, tally: PartsCounted, limits: Limits) -> tuple[Register, Candidates, Question]:
        """The kept rows as a register, and as candidates of it."""
        import numpy as np

        seen, scanned = self._seen, self._scanned
        refuse_outside(seen.outside)
        FaultyRisks(*map(sum, zip(*seen.faulty, strict=True))).refuse()
        for values in (self._scores, self._risks):
            values.refuse_unmatched(tally.accepted)
        practices = tally.practices()
        place = {code: i for i, code in enumerate(practices)}
        order = np.array([place.get(code, -1) for code in seen.codes], dtype=np.int32)
        kept, groups = group_kept_rows(seen.kept, order)
        account = scanned.row_account
        register = replace(
            register_of(account, kept, practices, groups),
            row_account=account,
            accepted_rows=tally.accepted,
            limits=limits,
        )
        counts = np.zeros((len(practices), seen.counts.shape[1]), dtype=np.int64)
        counts[order[order >= 0]] = seen.counts[: len(order)][order >= 0]
        rows = np.arange(len(register), dtype=np.int32)
        candidates = Candidates(kept.practice, rows, kept.keys, kept.bits, counts)
        model, keys = self._asked.model, kept.keys
        risks = self._risks.of_kept(register)
        ranking = ModelRanking(model, register) if model else GivenRanking(floats_of_keys(keys), register, risks)
        sizes = official_sizes(register, self._asked.scheme, self._asked.expected.list_sizes)
        return register, candidates, question_for(register, self._asked.scheme, ranking, sizes)

    def limits(self, register: Register) -> Keys:
        """The limits in the order of a register's practices."""
        import numpy as np

        place = {code: i for i, code in enumerate(register.practices)}
        limits = np.empty(len(place), dtype=self._seen.limits.dtype)
        for number, code in enumerate(self._seen.codes):
            if code in place:
                limits[place[code]] = self._seen.limits[number]
        return limits

    def _question_for(self, register: Register, start: int) -> Question:
        """The question about a part: its tables are made anew only where cells were worked out for the part's rows."""
        import numpy as np

        known = self._question
        packed = register.packed
        if known is not None and self._seen.slots == packed.slots:
            columns, tables = known.plan.conditions
            source = known.ranking.source
            if known.ranking.model is not None and not len(columns.extra) and not len(source.columns.extra):
                none = np.empty((0, packed.rows), dtype=np.int32)
                own = columns._replace(words=packed.words, bytes=packed.bytes, shorts=packed.shorts, extra=none)
                same = copy.copy(known.ranking)
                same.source = source._replace(columns=own)
                return known._replace(ranking=same, plan=known.plan._replace(conditions=(own, tables)))
        asked = self._asked
        require_order(register, asked.scheme, asked.terms.over_cap)
        sizes = np.full(len(register.practices), -1, dtype=np.int64)
        self._question = question_for(register, asked.scheme, self._ranking_of(register, start), sizes)
        self._seen.slots = packed.slots
        return self._question

    def _ranking_of(self, register: Register, start: int) -> Ranking:
        if self._asked.model is None:
            scores = self._scores.of(register, start)
            self._seen.span.add(scores)
            if self._asked.risk is None:
                return _PartOfScores(scores, register)
            risks = self._risks.of(register, start)
            self._seen.faulty.append(faulty_risks(scores, risks, is_ranked(register.packed)))
            return _PartOfScores(scores, register, risks)
        return ModelRanking(self._asked.model, register, part=True)

    def _make_room(self, own: npt.NDArray[np.int32], question: Question, practices: tuple[str, ...]) -> None:
        """Room for the practices that this part is the first to name."""
        import numpy as np

        seen, source = self._seen, question.ranking.source
        lowest = source.no_score + 1
        if not seen.counts.shape[1]:  # the first part
            seen.counts = np.zeros((0, question.counted), dtype=np.int64)
            seen.guesses = seen.limits = np.empty(0, dtype=source.no_score.dtype)
        new = int(own.max(initial=-1)) + 1 - len(seen.counts)
        if new > 0:
            seen.counts = np.concatenate([seen.counts, np.zeros((new, question.counted), dtype=np.int64)])
            more = np.full(new, lowest, dtype=seen.guesses.dtype)
            seen.guesses, seen.limits = np.concatenate([seen.guesses, more]), np.concatenate([seen.limits, more])
            seen.codes += [""] * new
        for number, code in zip(own.tolist(), practices, strict=True):
            seen.codes[number] = code

    def _guesses_for(self, packed: Packed, own: npt.NDArray[np.int32], question: Question) -> Keys:
        """Each practice's guess; of practices without one from a sample of the part."""
        import numpy as np

        seen, lowest = self._seen, question.ranking.source.no_score + 1
        sized = question._replace(list_sizes=self._sizes())
        guesses = seen.guesses.copy()
        if (guesses[own] == lowest).any() and self._asked.expected.list_sizes is None:
            sampled = guesses_from(packed, sized, len(guesses), self.threads)
            guesses = np.where(guesses == lowest, sampled, guesses)
        return self._without_failed(guesses, lowest)

    def _without_failed(self, guesses: Keys, lowest: Key) -> Keys:
        """The guesses, with none for the practices in which one has failed."""
        if self._unguessed:
            guesses[[number for number, code in enumerate(self._seen.codes) if code in self._unguessed]] = lowest
        return guesses

    def _sizes(self) -> npt.NDArray[np.int64]:
        """Official list sizes by number of the practice; -1 where rows are counted."""
        import numpy as np

        given = self._asked.expected.list_sizes
        if given is None:
            return np.full(len(self._seen.codes), -1, dtype=np.int64)
        sizes = [given.get(code, -1) for code in self._seen.codes]
        return np.array([int(n) if is_list_size(n) else -1 for n in sizes], dtype=np.int64)

    def _choose_in(self, register: Register, own: npt.NDArray[np.int32], question: Question) -> None:
        """Choose in the whole practices of a part, and keep whom the lists or the account name."""
        import numpy as np

        counts = counts_of(register.packed.numbers, len(register.practices))
        groups = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        sized = question._replace(list_sizes=self._sizes()[own])
        out = choose_grouped(groups, sized, self.threads, keep_unselected=True)
        practice, rows, keys, member, at_cut = emitted_rows(out)
        both = member.astype(np.uint64) | at_cut.astype(np.uint64) << np.uint64(32)
        self._seen.kept.append(kept_rows_of(register, rows, own[practice], keys, both))
        no_rows, no_bits = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint32)
        self._seen.outcomes.append(out._replace(rows=no_rows, keys=no_rows, member=no_bits, at_cut=no_bits))

    def chosen(self, candidates: Candidates) -> Outcome:
        """The outcome of parts that each held whole practices, over their candidates together."""
        import numpy as np

        parts = self._seen.outcomes
        emitted = np.bincount(candidates.practice, minlength=len(candidates.counts))

        def joined(name: str) -> npt.NDArray[np.int64]:
            return np.concatenate([getattr(part, name) for part in parts])

        return Outcome(
            **{name: joined(name) for name in ("counts", "unscored", "places", "cut", "tied", "taken")},
            emitted=emitted,
            starts=np.concatenate([[0], np.cumsum(emitted)]).astype(np.int64),
            rows=candidates.rows,
            keys=candidates.keys,
            member=(candidates.bits & np.uint64(0xFFFFFFFF)).astype(np.uint32),
            at_cut=(candidates.bits >> np.uint64(32)).astype(np.uint32),
        )

    def _guess_again(self, question: Question, new: Candidates) -> None:
        """Guess again from all that was kept and the new candidates, and drop kept rows that do not reach the guess."""
        import numpy as np

        seen = self._seen
        every: list[KeptRows | Candidates] = [*seen.kept, new]
        practice, keys, bits = (
            np.concatenate([getattr(each, name) for each in every]) for name in ("practice", "keys", "bits")
        )
        whole = Candidates(practice, np.arange(len(keys), dtype=np.int32), keys, bits, seen.counts)
        guesses = guesses_after(whole, question._replace(list_sizes=self._sizes()), 1.0)
        seen.guesses = guesses = self._without_failed(guesses, question.ranking.source.no_score + 1)
        seen.limits = np.maximum(seen.limits, guesses)
        for place, part in enumerate(seen.kept):
            wanted = _wanted(part, guesses, question)
            if not wanted.all():
                seen.kept[place] = part.only(wanted)
        seen.looked_through = sum(len(part.keys) for part in seen.kept)


def _wanted(part: KeptRows | Candidates, guesses: Keys, question: Question) -> npt.NDArray[np.bool_]:
    """Which rows still matter: let in, at or above the guess, without a score, or on the caseload."""
    import numpy as np

    rule = rule_of(question, keep_unselected=True)
    ranked = (part.bits >> rule.routes.ranked_bit) & np.uint32(1) != 0
    reaches = (part.keys >= guesses[part.practice]) | (part.keys == rule.no_score)
    wanted: npt.NDArray[np.bool_] = (part.bits & rule.always_keep.bits != 0) | (ranked & reaches)
    return wanted
