"""How much of a column can be read, counted over all parts of a register; and which columns are refused for it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from casemgmt.errors import InputError, plural
from casemgmt.register.cleaning import Cleaned, FlagColumn
from casemgmt.register.date_forms import TIME_OF_DAY, TRUNCATE
from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.spellings import FEW_OF, NONE_OF, is_unreadable, unreadable_column
from casemgmt.register.values import (
    AFTER_EXTRACT,
    AND_OVER,
    FIRST_DATE,
    NO_DATE,
    OPEN_END,
    OUTER_SPACES,
    is_out_of_range,
)

# Values from which a word, and from which one day of birth, is taken for more than chance.
A_FEW, MANY = 5, 100
# Of the values given, the shares above which a column is refused.
MOST_OUTSIDE = Fraction(1, 2)
MOST_TIMES = Fraction(1, 20)
MOST_ON_ONE_DAY = Fraction(1, 2)
# Of the patients, the share that must end on one day for it to be a placeholder, not a practice that closed.
MANY_ON_ONE_DAY = Fraction(1, 4)
# Of the dates of birth, the share that may be 1900-01-01: nobody alive was born on it.
BORN_ON_FIRST_DAY = Fraction(1, 100)
# Of the patients of a practice that closed, the share who leave on its last day; the others have died or left before.
CLOSED = Fraction(9, 10)
# Of the dates of birth, the share that may be any one day.
BORN_ON_ONE_DAY = Fraction(1, 2)
# Of the values that are about residents, the share that must be readable: an unknown word loses a whole care home.
RESIDENTS_READABLE = Fraction(9, 10)
# Of the values that another column could contradict, the share that may be contradicted.
MOST_CLASHES = Fraction(1, 2)
# Before every day.
_NO_DAY = -(2**62)
# Deciles none of which is above five, in so many patients, may be quintiles.
_QUINTILES, _ENOUGH = 5, 1_000


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


def last_days(cleaned: Cleaned, practice: Any, codes: list[str]) -> dict[str, tuple[int, int, int]]:
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


def _least(one: Any, other: Any) -> Any:
    return min((each for each in (one, other) if each is not None), default=None)


def _sum(one: Mapping[Any, int], other: Mapping[Any, int]) -> Mapping[Any, int]:
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


def _ends(days: Any) -> dict[int, int]:
    """How many end on each day."""
    import numpy as np

    if not len(days):
        return {}
    first = int(days.min())
    counts = np.bincount(days - first)
    return {first + int(day): int(counts[day]) for day in np.flatnonzero(counts)}


def refuse_columns(counts: Mapping[str, ReadableCount]) -> None:
    """Refuse a column that was declared wrongly, not typed wrongly: first those that cannot be read at all.

    Raises
    ------
    InputError
        Nothing or little of it can be read, most of it is out of range or contradicts another column, or many lives
        or registrations end on one day. It says what was expected, and the remedy.
    """
    for name, count in counts.items():
        _refuse_unreadable(FIELDS[name], count)
    for name, count in counts.items():
        _refuse_clashes(FIELDS[name], count)


def _refuse_unreadable(field: Field, count: ReadableCount) -> None:
    name, unread, readable = field.name, count.unread, count.read + count.outside
    given = readable + unread
    if count.why and is_unreadable(readable, unread):
        raise unreadable_column(name, field.allowed_in_words, readable, unread, count.why, _remedy(field, count.why))
    if count.why and _loses_what_it_tells(field, count):
        raise InputError(
            f"Column '{name}': {count.telling:,} of the {count.telling + unread:,} values that do not say "
            f"'{'none' if field.kind == 'category' else 'no'}' can be read as {field.allowed_in_words} ({count.why}); "
            f"the others would be taken as missing. {_remedy(field, count.why)}"
        )
    if count.and_over >= A_FEW:
        raise InputError(
            f"Column '{name}': {plural(count.and_over, 'value')} of {given:,} are {AND_OVER}: the highest would be "
            f"taken as missing. Give the numbers themselves, or say which one to take with values={{'{name}': …}}."
        )
    if count.untimely and count.untimely >= MOST_TIMES * given:
        raise InputError(
            f"Column '{name}': {count.untimely:,} of {plural(given, 'value')} have {TIME_OF_DAY}. "
            f"{_remedy(field, TIME_OF_DAY)}"
        )
    if given >= FEW_OF and count.outside > MOST_OUTSIDE * given:
        raise InputError(
            f"Column '{name}': {count.outside:,} of {plural(given, 'value')} are out of range ({count.why_outside}), "
            f"so that it is likely to hold something else. {_remedy_of_range(field)}"
        )
    if count.first_day >= FEW_OF and count.first_day > BORN_ON_FIRST_DAY * given:
        raise InputError(
            f"Column '{name}': {count.first_day:,} of {plural(given, 'value')} are {NO_DATE}. Map it away with "
            f"values={{'{name}': {{'1900-01-01': ''}}}}, and their age is unknown."
        )
    if name == "date_of_birth":
        _refuse_one_birthday(count)
    else:
        _refuse_one_day(field, count)


def _loses_what_it_tells(field: Field, count: ReadableCount) -> bool:
    """Whether nobody, or few, would have what a column is for, though its *no* can be read."""
    if field.kind == "flag":
        return is_unreadable(count.telling, count.unread)
    if field.name == "care_home_type":
        told = count.telling + count.unread
        return count.unread >= NONE_OF and count.telling < RESIDENTS_READABLE * told
    return False


def _remedy(field: Field, why: str) -> str:
    name = field.name
    if why == TIME_OF_DAY:
        return (
            "23:00 can be midnight of a summer day, written in another zone: convert such times to local dates where "
            "the data is loaded. If the hour means nothing, the day is taken as it is written with "
            f"date_format={{'{name}': '{TRUNCATE}'}}."
        )
    if field.kind == "date":
        return (
            f"Say how it is written with date_format={{'{name}': '%d/%m/%Y'}}, its own form in the place of this one; "
            "a word or number that stands for no date is mapped away with "
            f"values={{'{name}': {{'Unknown': ''}}}}, itself in the place of this one."
        )
    remedy = f"Say how it is written with values={{'{name}': …}}."
    match name:
        case "age":
            return f"{remedy} Whole years are read, or a date_of_birth; an age band can be mapped to one of its years."
        case "care_home_type":
            homes = "{'Nursing Home': 'nursing', 'Residential Home': 'residential'}"
            return f"Say what each word means with values={{'{name}': …}}, such as {homes}."
        case _:
            return remedy


def _remedy_of_range(field: Field) -> str:
    name = field.name
    if field.kind == "date":
        return (
            f"If it is a placeholder for no date, map it away with values={{'{name}': {{'1900-01-01': ''}}}}, its own "
            "day in the place of this one; if the data was drawn later, say so with extracted_on=."
        )
    if name == "imd_decile":
        return "It may be a rank or a score of deprivation. Give the decile, 1 (most deprived) to 10."
    return f"Give the column that holds {field.allowed_in_words}, or map its values with values={{'{name}': …}}."


def _refuse_one_day(field: Field, count: ReadableCount) -> None:
    """Refuse a placeholder for no date that would end the lives or the registrations of many."""
    ended = sum(count.ends.values())
    if ended < FEW_OF:
        return
    day, most = max(count.ends.items(), key=lambda each: each[1])
    closed = _closed_on(day, count)
    if most - closed > MOST_ON_ONE_DAY * (ended - closed) and most - closed >= MANY_ON_ONE_DAY * count.rows:
        raise InputError(
            f"Column '{field.name}': {most:,} of {plural(ended, 'value')} are one and the same day, which is likely to "
            f"stand for no date. Map it away with values={{'{field.name}': {{'1901-01-01': ''}}}}, its own day in the "
            "place of this one; if it is true, leave the rows of these patients out."
        )


def _closed_on(day: int, count: ReadableCount) -> int:
    """How many registrations ended on a day in practices that closed on it; none where most of the practices did.

    A practice has closed where nearly all of its patients have the day, and nobody a later one. A placeholder is
    met in every practice.
    """
    closed = [on for rows, last, on in count.practices.values() if last == day and on >= CLOSED * rows]
    return sum(closed) if 2 * len(closed) <= len(count.practices) else 0


def _refuse_one_birthday(count: ReadableCount) -> None:
    """Refuse a placeholder for an unknown date of birth, which would give many people one age."""
    born = sum(count.ends.values())
    most = max(count.ends.values(), default=0)
    if born >= MANY and most > BORN_ON_ONE_DAY * born:
        raise InputError(
            f"Column 'date_of_birth': {most:,} of {plural(born, 'value')} are one and the same day, which is likely to "
            "stand for no date. Map it away with values={'date_of_birth': {'1901-01-01': ''}}, its own day in the "
            "place of this one, and their age is unknown."
        )


def _refuse_clashes(field: Field, count: ReadableCount) -> None:
    """Refuse a column that contradicts another for many patients."""
    for reason, (clashing, of) in sorted(count.clashes.items()):
        if clashing >= FEW_OF and clashing > MOST_CLASHES * of:
            remedy = (
                "Give the age on the list date, or leave one of the two columns out."
                if field.name == "age"
                else f"One of the two columns is wrong, or its day stands for no date: map it away with "
                f"values={{'{field.name}': {{'1901-01-01': ''}}}}, its own day in the place of this one."
            )
            raise InputError(f"Column '{field.name}': {clashing:,} of {plural(of, 'value')} are {reason}. {remedy}")


def notes_of(counts: Mapping[str, ReadableCount]) -> tuple[str, ...]:
    """What was read otherwise than it was written, a sentence each, counted over all rows of the source."""
    notes = []
    for name, count in counts.items():
        meaning = FIELDS[name].missing if name in FIELDS else "missing"
        for word, times in sorted(count.words.items()):
            if word == OPEN_END:
                notes.append(f"{name}: {OPEN_END} read as {meaning} {plural(times, 'time')}")
            else:
                notes.append(f"{name}: '{word}' read as missing {plural(times, 'time')}")
        if count.is_fixed_width:
            notes.append(
                f"{name}: outer spaces removed from {plural(count.padded, 'value')}, all of which were of one width"
            )
        if count.first_day:
            notes.append(
                f"{name}: 1900-01-01 {plural(count.first_day, 'time')}: check that it does not stand for no date"
            )
        if name == "imd_decile" and count.highest is not None and count.highest <= _QUINTILES and count.read >= _ENOUGH:
            notes.append(f"{name}: no value of {count.read:,} is above {_QUINTILES}: check that they are no quintiles")
    return tuple(notes)
