"""Which columns are refused for how little of them can be read, over all parts of a register: a policy."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from casemgmt.errors import InputError, plural
from casemgmt.register.date_forms import TIME_OF_DAY, TRUNCATE
from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.readable_counts import ReadableCount
from casemgmt.register.refusals import placeholder_day
from casemgmt.register.spellings import FEW_OF, NONE_OF, is_unreadable, unreadable_column
from casemgmt.register.values import AND_OVER, NO_DATE, OPEN_END

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
# Deciles none of which is above five, in so many patients, may be quintiles.
_QUINTILES, _ENOUGH = 5, 1_000


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
        residents = count.telling + count.unread
        return count.unread >= NONE_OF and count.telling < RESIDENTS_READABLE * residents
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
        raise placeholder_day(field.name, most, ended, "; if it is true, leave the rows of these patients out")


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
        raise placeholder_day("date_of_birth", most, born, ", and their age is unknown")


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
