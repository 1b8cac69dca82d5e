"""Whether a source of coded rows is what it was said to be; asked once, when all of its rows are read.

To ask of a part would let the order of rows or files decide.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from casemgmt.codes.account import SourceAccount
from casemgmt.codes.codebook import OTHER_CASE
from casemgmt.codes.likely_system import is_of_another, likely_system
from casemgmt.codes.set_aside import check_share, percent_of
from casemgmt.codes.small_codes import check_readable, empty_column
from casemgmt.codes.systems import SYSTEMS
from casemgmt.errors import InputError, plural
from casemgmt.register.date_forms import TIME_OF_DAY, TRUNCATE
from casemgmt.register.spellings import FEW_OF, NONE_OF
from casemgmt.register.values import FIRST_DATE

_SAME_IDS = "Give the ids as the register has them, read as text."
# Of fewer codes, a share is an accident of a few rows.
_FEW_CODES = 25
# So many records, none of which is of the time asked about, are those of another time.
_MANY_RECORDS = 100
# Of the rows whose codes would be in a list, the share that is not for its case alone, in a column of one case.
_ONE_CASE = Fraction(1, 5)


def check_time(kind: str, days: Any, as_of: int, first_day: int, most: Fraction) -> None:
    """Refuse records all of which, or too many, are of another time than the windows: everybody's counts would be 0.

    Parameters
    ----------
    kind : of the records, for the error
    days : day numbers of the rows that have one
    as_of, first_day : the day on which the windows end, and the first day of the longest
    most : the share that may be on 1900-01-01, which stands for no date
    """
    no_date = int((days == FIRST_DATE).sum())
    remedy = "Give the day of each record, and a blank where it is not known."
    check_share(f"The dates of the {kind} records", len(days), no_date, most, "1900-01-01 stands for no date", remedy)
    late, early = int((days > as_of).sum()), int((days < first_day).sum())
    said = None
    if len(days) >= NONE_OF and late == len(days):
        said = "are after as_of"
    elif len(days) >= _MANY_RECORDS and late + early == len(days):
        said = "are in no window that is counted"
    if said:
        raise InputError(
            f"All {plural(len(days), 'date')} of the {kind} records {said}, and everybody's counts would be 0. Give "
            "the records of the time before as_of, or the as_of that is meant; say how dates are written with "
            "date_format=."
        )


def tell_dates(why: str) -> str:
    """The remedy for dates that cannot be read, by the commonest reason."""
    if why == TIME_OF_DAY:
        return f"Take the day as it is written with date_format='{TRUNCATE}', or load the column as dates."
    return "Say how it is written with date_format=, such as date_format='%d/%m/%Y'."


def check_source(account: SourceAccount, most: Fraction, *, undated_as_ever: bool) -> None:
    """Refuse a source of which too much cannot be read, or whose codes are of another system or case.

    Parameters
    ----------
    account : of all its rows
    most : the share of the values of a column that may be set aside
    """
    people, dates, fates = account.people, account.dates, account.fates
    check_share("Column 'patient_id'", people.read + people.unread, people.unread, most, people.why, _SAME_IDS)
    if people.rows >= NONE_OF and not (people.read or people.unread):
        raise empty_column("patient_id", people.rows, "patient ids")
    lines = people.rows + fates.unsplit
    check_share("Lines", lines, fates.unsplit, most, "they have other columns", "Export the file again.")
    check_readable("date", "a date", dates.read, dates.unread, tell_dates(dates.why), dates.why)
    check_share("Column 'date'", dates.read + dates.unread, dates.unread, most, dates.why, tell_dates(dates.why))
    if dates.rows >= NONE_OF and not (dates.read or dates.unread or undated_as_ever):
        remedy = "Where that is right, undated_as_ever=True counts such rows for what has no look-back."
        raise InputError(f"{empty_column('date', dates.rows, 'dates')} {remedy}")
    if fates.without_code >= NONE_OF and not account.codes:
        raise empty_column("code", fates.without_code, "codes")
    _check_system(account, most)
    if fates.after_as_of >= FEW_OF and not fates.used:
        raise InputError(
            f"{plural(fates.after_as_of, 'row')} whose codes are in a list are after as_of, and not one is before it: "
            "nobody would have a condition. Give the rows of the time before as_of, or the as_of that is meant."
        )
    if SYSTEMS[account.system].case_sensitive:
        _check_case(account)


def _check_system(account: SourceAccount, most: Fraction) -> None:
    """Refuse codes that are not of their system."""
    bad = account.fates.malformed
    given = sum(account.codes.values())
    if not account.can_be_judged:
        return
    if bad and (bad == given or (given >= _FEW_CODES and bad > most * given)):
        reason = min(account.reasons, key=lambda why: (-account.reasons[why], why))
        how_many, verb = ("Not one", "is") if bad == given else (f"Only {given - bad:,}", "are")
        limit = (
            ""
            if bad == given
            else f" More than {percent_of(most)} malformed is refused; see max_set_aside= (--max-set-aside)."
        )
        raise InputError(
            f"{how_many} of {plural(given, 'code')} {verb} of the system '{account.system}' ({reason})."
            f"{likely_system(account.system, account.codes.items())} Give code lists of the system that the column "
            f"holds, or read the column as text where the data is loaded.{limit}"
        )
    other = is_of_another(account.system, account.codes.items())
    if other is not None and most < 1:
        raise InputError(
            f"The {plural(given, 'code')} said to be of the system '{account.system}' look like {other}: they have its "
            f"form, but many are of categories that {account.system} does not have, or none is of those that it always "
            "has. Give code lists of the system that the column holds; where it is right, say max_set_aside='100%'."
        )


def _check_case(account: SourceAccount) -> None:
    """Refuse codes that were written in one case throughout, in a system where case tells codes apart."""
    near = [code for code, note in account.notes.items() if note == OTHER_CASE and code in account.codes]
    rows = sum(account.codes[code] for code in near)
    if not near or rows < _ONE_CASE * (rows + account.fates.used):
        return
    if any(all(code == change(code) for code in account.codes) for change in (str.lower, str.upper)):
        used = account.fates.used
        said = f"The codes of {plural(used, 'row')} are" if used else "Not one code is"
        more = f"{len(near):,} more" if used else f"{len(near):,}"
        raise InputError(
            f"{said} in a list, and {more} would be if upper and lower case were as in the lists: the column was "
            f"written in one case. In {account.system} case tells codes apart: give the codes as they were recorded."
        )
