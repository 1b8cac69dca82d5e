"""A packed register file, selected from row group by row group."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from casemgmt import arguments
from casemgmt.errors import InputWarning, plural
from casemgmt.register import lost_zeros
from casemgmt.register.account import Account
from casemgmt.register.in_parts import See
from casemgmt.register.limits import Limits
from casemgmt.register.packed_file import PackedFile
from casemgmt.register.register import Register
from casemgmt.register.sources import Part
from casemgmt.scanned.budget import Held
from casemgmt.scanned.scanning import Learnt, ScannedRegister
from casemgmt.scanned.tally import Tally


class PackedRegister(ScannedRegister):
    """A packed register, opened by :func:`casemgmt.scan_register`."""

    has_source_rows = False
    holds_whole_practices = True

    def __init__(
        self,
        file: PackedFile,
        progress: Callable[[int, int], None] | None = None,
        limits: Limits | None = None,
        held: Held | None = None,
    ) -> None:
        self._limits, self._held = limits or Limits(), held or Held()
        self._file = file
        self._progress = progress
        self.rows_in = file.account.rows_in
        self.learnt = Learnt(looked=True)

    @property
    def as_of(self) -> dt.date:
        """The list date."""
        return self._file.account.as_of

    @property
    def extracted_on(self) -> dt.date:
        """The day the data was drawn."""
        return self._file.account.extracted_on

    @property
    def limits(self) -> Limits:
        """The shares of quarantined rows and corrected values beyond which nothing is made of the register."""
        return self._limits

    @property
    def is_counted(self) -> bool:
        """The account of all rows came with the file."""
        return True

    @property
    def metadata(self) -> dict[str, object]:
        """What the sources said of themselves."""
        return dict(self._file.account.metadata)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Fields held, ``age`` included, then carried columns."""
        fields = self._file.account.fields
        return (*fields, *(name for name in self._file.carried if name not in fields))

    @property
    def practices(self) -> tuple[str, ...]:
        """Practice codes, in byte order."""
        return tuple(self._file.practices)

    @property
    def row_account(self) -> Account:
        """The account of all rows, as it came with the file."""
        return self._file.account

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files that were packed."""
        return self._file.account.parts

    def __repr__(self) -> str:
        """Counts only."""
        account, accepted = self._file.account, sum(self._file.rows)
        return (
            f"<PackedRegister: {plural(accepted, 'patient')} in {plural(len(self._file.practices), 'practice')} on "
            f"{self.as_of}; {account.rows_in:,} rows in = {accepted:,} accepted + {account.merged:,} merged "
            f"repeats + {account.quarantine.num_rows:,} quarantined>"
        )

    def checked(self) -> Tally:
        """The account of all rows."""
        account = self._file.account
        return Tally(
            numbers={code: i for i, code in enumerate(self._file.practices)},
            used=set(self._file.practices),
            quarantine=[account.quarantine],
            corrections=[account.corrections],
            rows_in=account.rows_in,
            accepted=sum(self._file.rows),
            merged=account.merged,
            counts=account.counts,
        )

    @arguments.checked(see=arguments.to_be_called, restart=arguments.to_be_called)
    def passed(self, see: See, restart: Callable[[], None] = lambda: None) -> Tally:
        """Pass all row groups before ``see``, the next read while one is worked on where memory allows it."""
        import numpy as np

        for note in self.notes:
            if note.startswith(lost_zeros.BEGINNING):
                warnings.warn(note, InputWarning, stacklevel=2)
        restart()
        groups = list(self._file.groups())
        done = 0
        with ThreadPoolExecutor(1) as pool:
            ahead = None
            for place, group in enumerate(groups):
                register = self._register(*group) if ahead is None else ahead.result()
                reads_ahead = self._held.ahead and place + 1 < len(groups)
                ahead = pool.submit(self._register, *groups[place + 1]) if reads_ahead else None
                see(register, 0, np.arange(group[1], group[2], dtype=np.int32))
                done += len(register)
                del register
                self._say(min(done, self.rows_in))
        return self.checked()

    def _register(self, group: int, first: int, last: int) -> Register:
        """The rows of a row group, which are those of whole practices."""
        packed, days, numbers, carried = self._file.read(group, first, last)
        return Register(
            row_account=self._file.account.of_own_rows(packed.rows),
            practices=tuple(self._file.practices[first:last]),
            packed=packed,
            days=days,
            numbers=numbers,
            source_table=carried,
            ids=carried.column("patient_id"),
        )
