"""How large each practice's list was on which day: recorded as events, and looked up for a test or a payment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from casemgmt.arrow import numpy_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.event import Event, NewEvent, details_text
from casemgmt.caseload.plans.following import of_kinds
from casemgmt.caseload.state.details import damaged, parsed
from casemgmt.caseload.state.settling import Settled, settled
from casemgmt.dates import from_day_number

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Store
    from casemgmt.register.register import Register

COUNTED: Final = "counted in the register"
PARTS: Final = {"adults": 18, "aged_65": 65, "aged_75": 75}  # the part of the list → from which age
IN_WORDS: Final = {"whole": "whole list", "adults": "adults", "aged_65": "patients of 65", "aged_75": "patients of 75"}


class Found(NamedTuple):
    """A list size that was looked for.

    Attributes
    ----------
    size : people; None where it is not known
    day : of which day it is; None where it is not known
    why : why it is not known, or that it is of an earlier day; else empty
    """

    size: int | None
    day: dt.date | None
    why: str = ""


class ListSizes:
    """The sizes in force of each practice by day, the last recorded of a day."""

    def __init__(self, found: Settled) -> None:
        self._sizes: dict[str, dict[dt.date, dict[str, Any]]] = {}
        codes = found.practice.values.to_pylist()
        for row in (of_kinds(found.kind, kinds.LIST_SIZE) & found.in_force).nonzero()[0].tolist():
            own = self._sizes.setdefault(codes[found.practice.codes[row]], {})
            own[from_day_number(found.day[row])] = parsed(found.details[row].as_py())

    def on(self, practice: str, day: dt.date, part: str, within_days: int = 0) -> Found:
        """The size of a part of a practice's list on a day.

        Parameters
        ----------
        part : ``whole``, ``adults``, ``aged_65`` or ``aged_75``
        within_days : how many days earlier the list may be; the last is taken
        """
        known = [each for each, sizes in self._sizes.get(practice, {}).items() if part in sizes]
        near = [each for each in known if 0 <= (day - each).days <= within_days]
        if not near:
            return Found(None, None, f"no size of the list ({IN_WORDS[part]}) of {day} is recorded")
        size = self._sizes[practice][max(near)][part]
        if not isinstance(size, int):
            raise damaged("a list size that is no number")
        return Found(size, max(near), "" if day in near else f"the list is of {max(near)}")


def record_list_sizes(
    store: Store, register: Register, *, source: str = COUNTED, recorded_at: dt.datetime | None = None
) -> list[Event]:
    """See :meth:`casemgmt.Caseload.record_list_sizes`."""
    register.check_limits()
    sizes = sizes_of(register)
    day = register.as_of
    appended: list[Event] = []
    with store.writing(list(sizes), recorded_at) as writing:
        known = _in_force(writing.events(), day)
        new = [
            NewEvent(practice_id=code, kind=kinds.LIST_SIZE, happened_on=day, details={**counts, "source": source})
            for code, counts in sizes.items()
            if known.get(code) != details_text({**counts, "source": source})
        ]
        if new:
            appended = writing.append(new)
    return appended


def sizes_of(register: Register) -> dict[str, dict[str, int]]:
    """The whole list, adults, and those of 65 and of 75 and over, by practice, on the list date.

    Whose age is not known is in the whole list alone.

    Raises
    ------
    InputError : the register was read a part at a time, or has no column of ages or dates of birth
    """
    import numpy as np
    import pyarrow.compute as pc

    register.require_whole("the size of the list by age")
    register.require(("age",), "the size of the list by age")
    rows = np.flatnonzero(register.packed.is_set("on_list"))
    practice = register.packed.practice_of(rows)
    age = numpy_of(pc.fill_null(register.column("age", rows), -1))
    size = len(register.practices)
    counts = {"whole": np.bincount(practice, minlength=size)}
    counts |= {name: np.bincount(practice[age >= least], minlength=size) for name, least in PARTS.items()}
    return {
        code: {name: int(each[place]) for name, each in counts.items()} for place, code in enumerate(register.practices)
    }


def _in_force(events: pa.Table, day: dt.date) -> Mapping[str, str]:
    """What is recorded already of a day, as it is written, by practice."""
    found = settled(events)
    codes = found.practice.values.to_pylist()
    rows = (of_kinds(found.kind, kinds.LIST_SIZE) & found.in_force).nonzero()[0].tolist()
    return {
        codes[found.practice.codes[row]]: found.details[row].as_py()
        for row in rows
        if from_day_number(found.day[row]) == day
    }
