"""What a selection writes for the practice: its workbook, its page, and whom to tell about their named GP."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import InputError
from casemgmt.results.tables import SelectionTables

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.workings import Workings

MOST_DAYS_TO_TELL = 366


class ForThePractice(SelectionTables):
    """The files and lists of one practice, made from a selection and its register.

    Attributes
    ----------
    workings : what the lists were worked out from
    """

    workings: Workings

    @arguments.checked(
        practice_id=arguments.text_or_none, within_days=arguments.whole_or_none, turning_75_by=arguments.text
    )
    def letters(
        self,
        practice_id: str | None = None,
        *,
        within_days: int | None = None,
        turning_75_by: str = "end_of_financial_year",
    ) -> pa.Table:
        """Whom to tell about their named GP: everyone of 75 and over, and those who turn 75 in the year.

        Whoever has died or left by the day the data was drawn is not among them; an objection to risk stratification
        changes nothing, since nobody is ranked here.

        Parameters
        ----------
        practice_id : one practice's alone; all by default
        within_days : from the list date, 0 to 366. By default as the scheme's notes have it (``telling``), else none
        turning_75_by : ``end_of_financial_year`` (31 March), ``end_of_calendar_year`` or an ISO date

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, why (``75 and over`` or ``turns 75 in the year``), turns_75_on (1 March for one
            born on 29 February; null for those who have), tell_by (null where no deadline is stated)

        Raises
        ------
        InputError : there is no such practice, or the register was read a part at a time
        """
        from casemgmt.selection.telling import letters_table

        if within_days is not None and not 0 <= within_days <= MOST_DAYS_TO_TELL:
            raise InputError(f"within_days: from 0 to {MOST_DAYS_TO_TELL}.")
        table = letters_table(self.workings.register, self.scheme, within_days, turning_75_by)
        return self._of_practice(table, practice_id)

    @arguments.checked(
        practice_id=arguments.text,
        path=arguments.path,
        key=arguments.path_or_none,
        contact=arguments.text_or_none,
    )
    def workbook(
        self,
        practice_id: str,
        path: str | Path,
        *,
        key: str | Path | None = None,
        reply_by: str | dt.date | None = None,
        contact: str | None = None,
    ) -> Path:
        """Write the list of one practice as a workbook, which it answers in and sends back.

        It has a cover; the case-management list by rank; a judgement sheet with patients to think of, rows for anyone
        else, and a count of the places used; the reviews that are due; the removals proposed; and a legend. Each row
        carries a keyed mark, by which :func:`casemgmt.read_returns` knows it again.

        Parameters
        ----------
        practice_id : whose list
        path : of the workbook, which ends in ``.xlsx``, and is replaced whole or not at all
        key : a file with the secret from which the marks are made, at least 16 bytes; without it the environment
            variable ``CASEMGMT_MARKS_KEY``; without that the marks follow from the whole selection, all practices
            together, which no practice holds
        reply_by : the day by which answers are wanted; None: before the next list
        contact : where to send it back; None: to whoever sent it

        Returns
        -------
        the path

        Raises
        ------
        InputError
            There is no such practice; a register of which not every row is held; a key that is too weak.
        PublishError
            The file cannot be written; what was there is left as it was.

        Notes
        -----
        The same selection and the same key give the same bytes.
        """
        from casemgmt.outputs.practice.files import documents_from, write_workbook

        documents = documents_from(workbooks=True, key=key, reply_by=reply_by, contact=contact)
        write_workbook(self, practice_id, Path(path), documents)
        return Path(path)

    @arguments.checked(
        practice_id=arguments.text,
        path=arguments.path,
        key=arguments.path_or_none,
        contact=arguments.text_or_none,
    )
    def page(
        self,
        practice_id: str,
        path: str | Path,
        *,
        key: str | Path | None = None,
        reply_by: str | dt.date | None = None,
        contact: str | None = None,
    ) -> Path:
        """Write the list of one practice as a page for a browser: one HTML file that asks nothing of a network.

        It shows what :meth:`workbook` shows, sorts and filters, opens what exactly adds to each score, and takes
        answers and nominations up to the places that are left. Its button saves them to a file, which the practice
        sends back and :func:`casemgmt.read_returns` reads.

        Parameters
        ----------
        practice_id : whose list
        path : of the page, which ends in ``.html``, and is replaced whole or not at all
        key, reply_by, contact : as of :meth:`workbook`

        Returns
        -------
        the path

        Raises
        ------
        InputError
            There is no such practice; a register of which not every row is held; a key that is too weak.
        PublishError
            The file cannot be written; what was there is left as it was.
        """
        from casemgmt.outputs.practice.files import documents_from, write_page

        documents = documents_from(pages=True, key=key, reply_by=reply_by, contact=contact)
        write_page(self, practice_id, Path(path), documents)
        return Path(path)
