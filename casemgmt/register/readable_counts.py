"""How much of a column, or of a part of one, can be read: counts that add up over all parts of a register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from casemgmt.register.cleaning import Cleaned, FlagColumn
from casemgmt.register.date_forms import TIME_OF_DAY
from casemgmt.register.fields import Field
from casemgmt.register.spellings import NONE_OF
from casemgmt.register.values import AFTER_EXTRACT, AND_OVER, FIRST_DATE, OUTER_SPACES, is_out_of_range

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_Ordered = TypeVar("_Ordered", int, str)
_Key = TypeVar("_Key")
# Before every day.
_NO_DAY = -(2**62)


class ReadableCount(NamedTuple):
    """What a column, or a part of one, came to; the counts of parts add up to those of the whole.

    Attributes
    ----------
    rows : with and without a value
    read : values read
    telling : those of them that say more than *no*: flags that are true, residents; of other fields all
    outside, why_outside : values that were understood and are out of range, and the first reason in the alphabet
    unread, why : values that were not understood, and the first reason in the alphabet
    and_over : those of them that are a number "and over"
    untimely : those of them that are no midnight
    words : word that was read as a missing value → how often
    shortest, longest, padded : of texts, the lengths, and how many have outer spaces
    ends : day number → how many lives or registrations it ends, or begins by birth
    first_day : dates of birth on 1900-01-01
    practices : of lives or registrations that end, practice → patients, their last day, and how many end on it
    highest : the largest decile, or age
    clashes : reason → how many values contradict another column, of how many that could
    """

    rows: int = 0
    read: int = 0
    telling: int = 0
    outside: int = 0
    why_outside: str | None = None
    unread: int = 0
    why: str | None = None
    and_over: int = 0
    untimely: int = 0
    words: Mapping[str, int] = {}
    shortest: int | None = None
    longest: int | None = None
    padded: int = 0
    ends: Mapping[int, int] = {}
    first_day: int = 0
    highest: int | None = None
    clashes: Mapping[str, tuple[int, int]] = {}
    practices: Mapping[str, tuple[int, int, int]] = {}

    def and_then(self, later: ReadableCount) -> ReadableCount:
        """Of this part of a column and a later one."""
        return ReadableCount(
            rows=self.rows + later.rows,
            read=self.read + later.read,
            telling=self.telling + later.telling,
            outside=self.outside + later.outside,
            why_outside=_least(self.why_outside, later.why_outside),
            unread=self.unread + later.unread,
            why=_least(self.why, later.why),
            and_over=self.and_over + later.and_over,
            untimely=self.untimely + later.untimely,
            words=_sum(self.words, later.words),
            shortest=_least(self.shortest, later.shortest),
            longest=max((each for each in (self.longest, later.longest) if each is not None), default=None),
            padded=self.padded + later.padded,
            ends=_sum(self.ends, later.ends),
            first_day=self.first_day + later.first_day,
            highest=max((each for each in (self.highest, later.highest) if each is not None), default=None),
            clashes={
                reason: (
                    self.clashes.get(reason, (0, 0))[0] + later.clashes.get(reason, (0, 0))[0],
                    self.clashes.get(reason, (0, 0))[1] + later.clashes.get(reason, (0, 0))[1],
                )
                for reason in {**self.clashes, **later.clashes}
            },
            practices={
                code: _last_day(self.practices.get(code), later.practices.get(code))
                for code in {**self.practices, **later.practices}
            },
        )

    @property
    def is_fixed_width(self) -> bool:
        """Whether every text of the column is padded with spaces to one length."""
        return self.padded > 0 and self.shortest == self.longest and self.read + self.unread >= NONE_OF


def text_of_count(count: ReadableCount) -> str:
    """A count as text, to travel between machines."""
    import json

    return json.dumps(count._asdict())


def count_of_text(text: str) -> ReadableCount:
    """The count of :func:`text_of_count`."""
    import json

    said = json.loads(text)
    said["ends"] = {int(day): times for day, times in said["ends"].items()}
    said["clashes"] = {reason: tuple(both) for reason, both in said["clashes"].items()}
    said["practices"] = {code: tuple(three) for code, three in said["practices"].items()}
    return ReadableCount(**said)


def last_days(cleaned: Cleaned, practice: npt.NDArray[np.int32], codes: list[str]) -> dict[str, tuple[int, int, int]]:
    """Of a column of ends: practice → patients, their last day, and how many end on it.

    Parameters
    ----------
    practice : int32, one a row, an index into ``codes``; -1 for none
    """
    import numpy as np

    days, own = cleaned.values, practice
    known = own >= 0 if cleaned.present is None else (own >= 0) & cleaned.present
    rows = np.bincount(own[own >= 0], minlength=len(codes)).tolist()
    last = np.full(len(codes), _NO_DAY, dtype=np.int64)
    np.maximum.at(last, own[known], days[known])
    on_last = np.bincount(own[known][days[known] == last[own[known]]], minlength=len(codes)).tolist()
    found = zip(codes, rows, last.tolist(), on_last, strict=True)
    return {code: (count, day, times) for code, count, day, times in found if count}


def _last_day(one: tuple[int, int, int] | None, other: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """Of two parts of a practice."""
    one, other = one or (0, _NO_DAY, 0), other or (0, _NO_DAY, 0)
    rows, day = one[0] + other[0], max(one[1], other[1])
    return rows, day, sum(part[2] for part in (one, other) if part[1] == day)


def _least(one: _Ordered | None, other: _Ordered | None) -> _Ordered | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _sum(one: Mapping[_Key, int], other: Mapping[_Key, int]) -> Mapping[_Key, int]:
    if not (one and other):
        return one or other
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


def count_of(field: Field, cleaned: Cleaned | FlagColumn) -> ReadableCount:
    """Of one column read."""
    import numpy as np

    if isinstance(cleaned, FlagColumn):
        import pyarrow.compute as pc

        rows, given = len(cleaned.column), len(cleaned.column) - cleaned.column.null_count
        return ReadableCount(rows=rows, read=given, telling=pc.sum(cleaned.column).as_py() or 0)
    values, present = cleaned.values, cleaned.present
    late = field.dated == "start"  # such days are kept, and out of range
    outside = [(len(r), why) for r, why in cleaned.problems if is_out_of_range(why)]
    unread = [(len(r), why) for r, why in cleaned.problems if not is_out_of_range(why) and why != OUTER_SPACES]
    kept = sum(count for count, why in outside if why == AFTER_EXTRACT) if late else 0
    read = (len(values) if present is None else int(np.count_nonzero(present))) - kept
    number = read
    if field.kind == "flag" or field.name == "care_home_type":
        yes = values != (0 if field.kind == "flag" else field.allowed.index("none") + 1)
        number = int(np.count_nonzero(yes if present is None else yes & present))
    given = values if present is None else values[present]
    is_end = field.dated == "end" or field.name == "date_of_birth"
    is_number = field.name in {"imd_decile", "age"}
    shortest, longest = cleaned.lengths or (None, None)
    return ReadableCount(
        rows=len(values),
        read=read,
        telling=number,
        outside=sum(count for count, _ in outside),
        why_outside=min((why for count, why in outside if count), default=None),
        unread=sum(count for count, _ in unread),
        why=min((why for count, why in unread if count), default=None),
        and_over=sum(count for count, why in unread if why == AND_OVER),
        untimely=sum(count for count, why in unread if why == TIME_OF_DAY),
        words=dict(cleaned.words),
        shortest=shortest,
        longest=longest,
        padded=sum(len(rows) for rows, why in cleaned.problems if why == OUTER_SPACES),
        ends=_ends(given) if is_end else {},
        first_day=int(np.count_nonzero(given == FIRST_DATE)) if field.name == "date_of_birth" else 0,
        highest=int(given.max()) if is_number and len(given) else None,
    )


def _ends(days: npt.NDArray[np.integer]) -> dict[int, int]:
    """How many end on each day."""
    import numpy as np

    if not len(days):
        return {}
    first = int(days.min())
    counts = np.bincount(days - first)
    return {first + int(day): int(counts[day]) for day in np.flatnonzero(counts)}
