"""What is counted of a caseload: process measures, letters, register tests, payments and care homes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.homes.alignment import Homes
    from casemgmt.caseload.homes.moves import HomeChanges
    from casemgmt.caseload.store.keeping import Store
    from casemgmt.register.register import Register
    from casemgmt.scheme.routes import Scheme

Day = str | dt.date
Moment = dt.datetime | dt.date | str | None

_SCHEME = arguments.instance_or_none("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme")
_REGISTER = "casemgmt.register.register:Register"


class CountedCaseload:
    """The counts of a caseload; every one is exact, also where it is small, and none of them is for anybody outside.

    Attributes
    ----------
    store : where the events are
    """

    store: Store

    @arguments.checked(scheme=_SCHEME, tell_within_days=arguments.whole_or_none)
    def process(
        self,
        start: Day,
        end: Day,
        *,
        scheme: Scheme | None = None,
        tell_within_days: int | None = None,
        known_at: Moment = None,
    ) -> pa.Table:
        """Process measures of a period, one row a practice: who came, left and why, plans, reviews, letters, removals.

        Parameters
        ----------
        start, end : the first and the last day, such as those of a quarter
        scheme : whose days for telling patients are taken
        tell_within_days : the same, stated here, 0 to 366
        known_at : as for :meth:`on`

        Returns
        -------
        pyarrow.Table
            practice_id and the measures, int64, each with its definition in its field's metadata. Without days for
            telling, told_in_time, told_late and not_told_overdue are null. In each row managed_start + joined - left =
            managed_end; left is the sum of left_ended, left_died, left_moved, left_died_or_moved and left_not_accepted;
            the three plans at the end add up to managed_end, and joined is told_in_time + told_late + not_told +
            left_untold

        Raises
        ------
        InputError : no dates, or in the wrong order; events that this version cannot follow
        """
        from casemgmt.caseload.plans.asking import process_of

        return process_of(self.store, start, end, scheme, tell_within_days, known_at)

    @arguments.checked(within_days=arguments.whole_or_none, scheme=_SCHEME)
    def letters_due(
        self, on: Day, *, within_days: int | None = None, scheme: Scheme | None = None, known_at: Moment = None
    ) -> pa.Table:
        """Whom to tell that they are case managed and who their named GP is: everyone managed who was not told yet.

        Parameters
        ----------
        on : the end of this day is meant
        within_days : calendar days from the day of acceptance, 0 to 366; by default those that ``scheme`` states
        scheme : such as ``cm.load_scheme("avoiding-unplanned-admissions-2014-15")``, which states 21
        known_at : as for :meth:`on`

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, accepted_on, tell_by, overdue (tell_by is before ``on``), plan, accountable_gp,
            care_home_type, care_home_id; those to be told first at the head

        Raises
        ------
        InputError : nothing says within how many days, or no year has so many
        """
        from casemgmt.caseload.plans.asking import letters_of

        return letters_of(self.store, on, within_days, scheme, known_at)

    @arguments.checked(scheme=arguments.scheme, list_within_days=arguments.whole)
    def register_test(
        self,
        scheme: Scheme,
        quarter_start: Day,
        quarter_end: Day,
        *,
        list_within_days: int = 0,
        known_at: Moment = None,
    ) -> pa.Table:
        """Whether enough patients are managed at a quarter's end, of the list at its start, one row a practice.

        Parameters
        ----------
        scheme : that states the test, in a table ``[caseload.register_test]``
        quarter_start, quarter_end : the day of the list, and the last day of the quarter
        list_within_days : how many days before ``quarter_start`` a recorded list may be, 0 to 366
        known_at : as for :meth:`on`

        Returns
        -------
        pyarrow.Table
            practice_id, register_on, list_on, register (patients who count), declined and gone (of them), not_counted,
            list_size, share (text, such as ``122/6751``), needed, passed, short_by, note. Where no size of the list is
            recorded, nothing is tested: share, needed, passed and short_by are null, and note says so

        Raises
        ------
        InputError : the scheme states no test; no dates, or in the wrong order; events that cannot be followed
        """
        from casemgmt.caseload.plans.asking import register_test_of

        return register_test_of(self.store, scheme, (quarter_start, quarter_end), list_within_days, known_at)

    @arguments.checked(
        scheme=arguments.scheme, year=arguments.whole, declared=arguments.mapping, list_within_days=arguments.whole
    )
    def payments(
        self,
        scheme: Scheme,
        year: int,
        *,
        tariff: str | Path | None = None,
        declared: Mapping[str, Iterable[str]] | None = None,
        until: Day | None = None,
        list_within_days: int = 0,
        known_at: Moment = None,
    ) -> pa.Table:
        """What is paid for a financial year, one row a practice, payment and instalment, exact to the penny.

        Parameters
        ----------
        scheme : whose payments and register test are taken
        year : in which the year begins on 1 April: 2014 for 2014/15
        tariff : a tariff by name, or the path of one, whose payments are taken instead of the scheme's
        declared : practice → names of the instalments whose condition somebody declared to be met
        until : the last day that is known of, where the year is not over: a register test of a later day is not decided
        list_within_days : how many days before its day a recorded list may be, 0 to 366
        known_at : as for :meth:`on`

        Returns
        -------
        pyarrow.Table
            practice_id, payment, instalment (``whole`` where there are none), per, each, counted, counted_on, share
            (text), amount, condition, says, met, payable, certainty, note. Amounts are decimals in pounds: each
            instalment is rounded to the nearest penny, halves up, and the last is what is left of the whole (decided
            here: no source states it). payable is null where nobody knows whether the condition is met

        Raises
        ------
        InputError : neither the scheme nor a tariff states payments; no such practice or instalment; no year
        """
        from casemgmt.caseload.plans.asking import payments_of

        asked = (year, tariff, declared, until, list_within_days)
        return payments_of(self.store, scheme, *asked, known_at=known_at)

    @arguments.checked(
        register=arguments.instance(_REGISTER, "a register from cm.read_register"), source=arguments.text
    )
    def record_list_sizes(
        self, register: Register, *, source: str = "counted in the register", recorded_at: dt.datetime | None = None
    ) -> int:
        """Write down the size of each practice's list on the register's list date.

        Of the whole list, of adults, and of those of 65 and of 75 and over. The same sizes are not written twice.

        Parameters
        ----------
        register : read whole; whose age is not known is in the whole list alone
        source : where the sizes come from
        recorded_at : the moment that is written down, by default the present one

        Returns
        -------
        how many practices' sizes were written

        Raises
        ------
        InputError : the register has no ages, was read a part at a time, or too much of it was set aside
        """
        from casemgmt.caseload.plans.list_sizes import record_list_sizes

        return len(record_list_sizes(self.store, register, source=source, recorded_at=recorded_at))

    @arguments.checked(register=arguments.instance_or_none(_REGISTER, "a register from cm.read_register"))
    def homes(self, date: Day, *, register: Register | None = None, known_at: Moment = None) -> Homes:
        """Care homes on a day: residents by home and practice, and which homes one practice serves.

        Parameters
        ----------
        date : the end of this day is meant
        register : whose permanent residents are taken, those on its lists on ``date``, its list date; without it those
            on the caseload, proposed or managed. Who chose another practice is known from the caseload alone
        known_at : as for :meth:`on`

        Returns
        -------
        Homes
            with ``.residents``, ``.homes``, ``.practices`` and ``.summary()``

        Raises
        ------
        InputError : the register is of another day, or has no care homes
        """
        from casemgmt.caseload.homes.asking import homes_at

        return homes_at(self.store, date, register, known_at)

    def homes_between(self, start: Day, end: Day, *, known_at: Moment = None) -> HomeChanges:
        """What changed in care homes: which came to one practice between two days, and which residents moved.

        Parameters
        ----------
        start, end : the ends of these days are meant
        known_at : as for :meth:`on`

        Returns
        -------
        HomeChanges
            with ``.homes``, one row a home, and ``.summary()``

        Raises
        ------
        InputError : no dates, or in the wrong order
        """
        from casemgmt.caseload.homes.asking import changes_of

        return changes_of(self.store, start, end, known_at)
