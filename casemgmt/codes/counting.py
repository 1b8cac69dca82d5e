"""The rows of one source of hospital records, settled: which count, and what became of the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import in_one_piece, rows_of
from casemgmt.codes.admission_codes import (
    ATTENDED,
    CLASSES,
    HES_NAMES,
    METHODS,
    REGULAR_ATTENDERS,
    SEEN,
    SOURCES,
    TRANSFER_METHODS,
    TRANSFER_SOURCES,
    UNKNOWN_CLASSES,
    UNKNOWN_METHODS,
    UNKNOWN_SOURCES,
)
from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS
from casemgmt.codes.checking import check_time, tell_dates
from casemgmt.codes.events import Batch, Events, days_of, open_events
from casemgmt.codes.patient_ids import people_of
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.small_codes import SmallCodes, check_readable, empty_column, small_codes
from casemgmt.codes.spells import (
    STAY_DAYS,
    TRANSFER_DAYS,
    first_of_each,
    id_numbers,
    joined_by_transfer,
    order_in_spell,
    spell_numbers,
    together,
)
from casemgmt.codes.windows import Window
from casemgmt.dates import day_number
from casemgmt.errors import InputError
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import NONE_OF

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bools = npt.NDArray[np.bool_]

NEEDED = {
    "inpatient": ("patient_id", "admission_date", "admission_method"),
    "ae": ("patient_id", "attendance_date"),
    "outpatient": ("patient_id", "attendance_date"),
}
OPTIONAL = {
    "inpatient": (
        *("spell_id", "provider_id", "episode_order"),
        *("patient_classification", "admission_source", "discharge_date"),
    ),
    "ae": (),
    "outpatient": ("attended",),
}
FATES = (
    *("counted", "further_episodes", "regular_attenders", "joined_transfers", "not_attended"),
    *("outside_windows", "after_as_of", "undated", "without_patient"),
)
# What a screen says of the rows that did not count for a fault of their own.
SET_ASIDE = ("undated", "without_patient", "unsplit")

MISSING, NO_CODE, NOT_KNOWN = NOTHING_SAID = ("missing", "no such code", "not known")
_THAN_FIRST = "than the spell's first episode"
_AS_RECORDED = "Give the codes as they were recorded (NHS Data Dictionary)."


class _Days(NamedTuple):
    """What is counted: the patient and day of each, and whether it was an emergency."""

    ids: pa.Array
    days: npt.NDArray[np.int32]
    emergency: Bools


class _Episodes(NamedTuple):
    """The columns of inpatient rows, of the rows that have a patient and a day."""

    days: npt.NDArray[np.int32]
    methods: npt.NDArray[Any]
    emergency: Bools
    classes: npt.NDArray[Any]
    sources: npt.NDArray[Any]

    @property
    def keys(self) -> list[Any]:
        """What decides which of two is first: the earlier day, an emergency before others, then the codes."""
        return [self.days, ~self.emergency, self.methods, self.classes, self.sources]


class Counter:
    """Counts the rows of one source.

    Parameters
    ----------
    kind : ``inpatient``, ``ae`` or ``outpatient``
    windows : that end on ``as_of``
    spells : ``provider``, or ``continuous`` where a transfer joins the stay before it
    most : the share of the values of a column that may be set aside
    """

    everyone: pa.Array
    rule = ""

    def __init__(self, kind: str, as_of: dt.date, windows: Sequence[Window], spells: str, most: Fraction) -> None:
        self.kind, self.as_of, self.windows = kind, day_number(as_of), windows
        self.spells, self.most = spells, most
        self.first_days = [day_number(window.first_day(as_of)) for window in windows]
        self.fates = dict.fromkeys(FATES, 0)
        self.reported: list[tuple[int, str, str]] = []
        self.noted: dict[tuple[str, str], int] = {}
        self.definitions: dict[str, str] = {}
        self.has: frozenset[str] = frozenset()
        self.found: _Days | None = None

    def take_in(self, events: Events) -> None:
        """Read the source and settle what is counted."""
        import numpy as np

        opened = open_events(events, NEEDED[self.kind], OPTIONAL[self.kind], HES_NAMES)
        self.fates["unsplit"] = len(opened.unsplit)
        self.reported += [(row, "", reason) for row, reason in opened.unsplit]
        batch = _whole(list(opened.batches))
        self.has = frozenset(batch.columns)
        lines = batch.rows + len(opened.unsplit)
        check_share("Lines", lines, len(opened.unsplit), self.most, "they have other columns", "Export the file again.")
        ids, named = self._people(batch)
        days = self._days(batch, "admission_date" if self.kind == "inpatient" else "attendance_date", events)
        self.fates["without_patient"] += _count(~named)
        self.fates["undated"] += _count(named & (days == NO_DAY))
        rows = np.flatnonzero(named & (days != NO_DAY))
        check_time(self.kind, days[rows], self.as_of, min(self.first_days), self.most)
        rows, emergency = self._settled(batch, rows, ids, days, events)
        late, early = days[rows] > self.as_of, days[rows] < min(self.first_days)
        self.fates["after_as_of"] += _count(late)
        self.fates["outside_windows"] += _count(early & ~late)
        self.fates["counted"] += _count(~early & ~late)
        self.everyone = ids.take(rows_of(np.flatnonzero(named)))
        self.found = _Days(ids.take(rows_of(rows)), days[rows], emergency)

    def _report(self, batch: Batch, rows: Any, name: str, reason: str) -> None:
        if len(rows):
            self.noted[name, reason] = self.noted.get((name, reason), 0) + len(rows)
        self.reported += [(int(row), name, reason) for row in batch.source_rows(rows)]

    def _people(self, batch: Batch) -> tuple[pa.Array, Bools]:
        """The patient ids, and which of them can be used."""
        import numpy as np

        ids, named, faults = people_of(batch.columns["patient_id"])
        for rows, reason in faults:
            self._report(batch, rows, "patient_id", reason)
        odd = [fault for fault in faults if fault[1] != MISSING]
        why = max(odd, key=lambda fault: len(fault[0]), default=((), ""))[1]
        present = np.ones(batch.rows, dtype=bool) if named is None else named
        remedy = "Give the ids as the register has them, read as text."
        unread = sum(len(rows) for rows, _ in odd)
        check_share("Column 'patient_id'", _count(present) + unread, unread, self.most, why, remedy)
        if batch.rows >= NONE_OF and not present.any():
            raise empty_column("patient_id", batch.rows, "patient ids")
        return ids, present

    def _days(self, batch: Batch, name: str, events: Events) -> npt.NDArray[np.int32]:
        """A column of dates as day numbers; refused where little of it can be read, or it is empty."""
        days, problems = days_of(batch.columns[name], name, events.date_format)
        for rows, reason in problems:
            self._report(batch, rows, name, reason)
        unread, readable = sum(len(rows) for rows, _ in problems), _count(days != NO_DAY)
        why = max(problems, key=lambda problem: len(problem[0]), default=((), ""))[1]
        check_readable(name, "a date", readable, unread, tell_dates(why), why)
        check_share(f"Column '{name}'", readable + unread, unread, self.most, why, tell_dates(why))
        if batch.rows >= NONE_OF and not readable and not unread and name != "discharge_date":
            raise empty_column(name, batch.rows, "dates")
        found: npt.NDArray[np.int32] = days
        return found

    def _codes(
        self,
        batch: Batch,
        name: str,
        known: frozenset[str],
        expected: str,
        otherwise: str,
        unknown_codes: tuple[str, ...] = (),
    ) -> SmallCodes:
        """A column of small codes; what stands for nothing, is no code, or says that it is not known, is reported."""
        import numpy as np

        codes = small_codes(batch.columns[name], name, known, expected, _AS_RECORDED)
        unsaid = np.isin(codes.texts, unknown_codes)
        self._report(batch, np.flatnonzero(unsaid), name, f"{NOT_KNOWN}: {otherwise}")
        self._report(batch, np.flatnonzero(codes.missing), name, f"{MISSING}: {otherwise}")
        self._report(batch, np.flatnonzero(codes.unknown), name, f"{NO_CODE}: {otherwise}")
        given, unknown = _count(~codes.missing), _count(codes.unknown)
        check_share(f"Column '{name}'", given, unknown, self.most, NO_CODE, _AS_RECORDED)
        return codes

    def _settled(self, batch: Batch, rows: Any, ids: pa.Array, days: Any, events: Events) -> tuple[Any, Bools]:
        """The rows that count, and which of them were emergencies."""
        import numpy as np

        if self.kind == "inpatient":
            return self._spells(batch, rows, ids, days, events)
        if "attended" in batch.columns:
            expected = "5, 6, yes (seen), or 0, 2, 3, 4, 7, no (not seen)"
            codes = self._codes(batch, "attended", ATTENDED, expected, "not counted")
            seen = np.isin(codes.texts, list(SEEN))
            self.fates["not_attended"] += _count(~seen[rows])
            rows = rows[seen[rows]]
        return rows, np.zeros(len(rows), dtype=bool)

    def _episodes(self, batch: Batch, rows: Any, days: Any) -> _Episodes:
        import numpy as np

        otherwise = "not taken as an emergency"
        expected = "a method such as 11 or 2A"
        methods = self._codes(batch, "admission_method", METHODS, expected, otherwise, UNKNOWN_METHODS).texts[rows]
        classes = sources = np.full(len(rows), "")
        if "patient_classification" in batch.columns:
            expected, otherwise = "1 to 5, 8 or 9", "taken as an admission"
            read = self._codes(batch, "patient_classification", CLASSES, expected, otherwise, UNKNOWN_CLASSES)
            classes = read.texts[rows]
        if "admission_source" in batch.columns:
            expected, otherwise = "a code of two digits", "not taken as a transfer"
            read = self._codes(batch, "admission_source", SOURCES, expected, otherwise, UNKNOWN_SOURCES)
            sources = read.texts[rows]
        return _Episodes(days[rows], methods, np.isin(methods, EMERGENCY_METHODS), classes, sources)

    def _spells(self, batch: Batch, rows: Any, ids: pa.Array, days: Any, events: Events) -> tuple[Any, Bools]:
        """The first episode of each spell that is an admission; what is said of the other rows."""
        import numpy as np

        episodes = self._episodes(batch, rows, days)
        spell, self.rule = spell_numbers(batch, rows, ids, days)
        order = np.zeros(len(rows), dtype=np.int64)
        if "episode_order" in batch.columns:
            order = order_in_spell(batch.columns["episode_order"])[rows]
        kept, first = first_of_each(spell, [order, *episodes.keys])
        self._report_differences(batch, rows, first, episodes)
        regular = np.isin(episodes.classes[kept], REGULAR_ATTENDERS)
        size = np.bincount(spell, minlength=len(kept))[spell[kept]] if len(kept) else np.zeros(0, dtype=np.int64)
        self.fates["regular_attenders"] += int(size[regular].sum())
        self.fates["further_episodes"] += int((size[~regular] - 1).sum())
        kept = kept[~regular]
        if self.spells == "continuous":
            ends = np.full(batch.rows, NO_DAY, dtype=np.int32)
            if "discharge_date" in batch.columns:
                ends = self._days(batch, "discharge_date", events)
            last = np.full(int(spell.max(initial=-1)) + 1, NO_DAY, dtype=np.int32)
            np.maximum.at(last, spell, ends[rows])
            patient = together([_places(ids, rows[kept])])
            moved = np.isin(episodes.sources[kept], TRANSFER_SOURCES) | np.isin(
                episodes.methods[kept], TRANSFER_METHODS
            )
            keys = [each[kept] for each in episodes.keys[1:]]
            joined = joined_by_transfer(patient, episodes.days[kept], last[spell[kept]], moved, keys)
            self.fates["joined_transfers"] += _count(joined)
            kept = kept[~joined]
        kept = np.sort(kept)
        return rows[kept], episodes.emergency[kept]

    def _report_differences(self, batch: Batch, rows: Any, first: Any, episodes: _Episodes) -> None:
        """Name the rows of a spell that say another day or method than its first episode."""
        other_method = episodes.methods != episodes.methods[first]
        if "spell_id" in self.has:
            further, apart = rows != rows[first], abs(episodes.days - episodes.days[first])
            far = _count(further & (apart > STAY_DAYS))
            why = f"episodes of one patient and spell that began more than {STAY_DAYS} days apart"
            remedy = "It is likely to stand for no spell: leave it out, or blank where it says nothing."
            if _is_mostly_one(id_numbers(batch.columns["spell_id"], "spell_id")[rows]):
                check_share("Column 'spell_id'", _count(further), far, self.most, why, remedy)
            differ = (episodes.days != episodes.days[first]) | other_method
            self._report(batch, rows[differ], "spell_id", f"other date or method {_THAN_FIRST}")
        else:
            self._report(batch, rows[other_method], "admission_method", f"other method {_THAN_FIRST}")

    def columns(self, window: Window, first_day: int, people: pa.Array) -> dict[str, npt.NDArray[np.int32]]:
        """The counts of one window, one a person, and what they mean."""
        import numpy as np
        import pyarrow.compute as pc

        from casemgmt.arrow import numpy_of

        assert self.found is not None  # noqa: S101  -- a counter takes in before it is asked
        place = numpy_of(pc.index_in(self.found.ids, value_set=people))
        inside = (self.found.days >= first_day) & (self.found.days <= self.as_of)

        def count(where: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
            return np.bincount(place[where], minlength=len(people)).astype(np.int32)

        when = f"in the {window} that end on {dt.date(1970, 1, 1) + dt.timedelta(days=self.as_of)}, that day included"
        if self.kind == "inpatient":
            self.definitions |= self._admissions_defined(window, when)
            return {
                f"admissions_{window.suffix}": count(inside),
                f"emergency_admissions_{window.suffix}": count(inside & self.found.emergency),
            }
        named = "A&E attendances" if self.kind == "ae" else "Outpatient attendances"
        seen = " Rows that do not say that the patient was seen do not count." if "attended" in self.has else ""
        if self.kind == "outpatient" and not seen:
            seen = " The source has no column attended: every row counts, seen or not."
        self.definitions[f"{self.kind}_attendances_{window.suffix}"] = f"{named} {when}, a row each.{seen}"
        return {f"{self.kind}_attendances_{window.suffix}": count(inside)}

    def _admissions_defined(self, window: Window, when: str) -> dict[str, str]:
        """What the two counts of a window mean, with what the source could not tell."""
        methods = ", ".join(sorted(EMERGENCY_METHODS))
        order = "the lowest episode_order, then " if "episode_order" in self.has else ""
        how = f"{self.rule}; its first is that of {order}the earliest day, then an emergency before others."
        who = (
            "Regular day and night attenders (patient_classification 3 and 4) are no admissions."
            if "patient_classification" in self.has
            else "The source has no patient_classification: regular day and night attenders count as admissions."
        )
        how = f"{how} {who} {self._transfers_defined()}"
        return {
            f"admissions_{window.suffix}": f"Spells that began {when}. {how}",
            f"emergency_admissions_{window.suffix}": (
                f"Spells that began {when}, of which the first episode has admission method {methods}. {how}"
            ),
        }

    def _transfers_defined(self) -> str:
        sources, methods = ", ".join(TRANSFER_SOURCES), " or ".join(TRANSFER_METHODS)
        by = (
            f"admission_source {sources}, or method {methods}"
            if "admission_source" in self.has
            else f"method {methods}"
        )
        if self.spells == "provider":
            return (
                f"Provider spells: a transfer from another hospital ({by}) is an admission of its own, and by method "
                "2B an emergency; spells='continuous' joins it to the stay before."
            )
        end = (
            f"at most {TRANSFER_DAYS} days after the patient's stay before ended (where no discharge_date is given, "
            f"{STAY_DAYS} days after it began)"
        )
        return f"Continuous spells: a transfer from another hospital ({by}) joins the stay before, {end}."


def _count(where: Bools) -> int:
    return int(where.sum())


def _places(ids: pa.Array, rows: Any) -> npt.NDArray[np.int64]:
    """A number for each patient of some rows."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.register.cleaning import distinct_values

    return np.asarray(distinct_values(pa.chunked_array([ids]))[0][rows], dtype=np.int64)


def _whole(batches: list[Batch]) -> Batch:
    """All rows of a source as one batch."""
    import pyarrow as pa

    if len(batches) == 1:
        return batches[0]
    if not batches:
        raise InputError("A source of episodes has no rows at all, so that its columns cannot be told.")
    columns = {
        name: in_one_piece(pa.chunked_array([batch.columns[name] for batch in batches])) for name in batches[0].columns
    }
    return Batch(columns, sum(batch.rows for batch in batches), 0)


def _is_mostly_one(numbers: npt.NDArray[np.int64]) -> bool:
    """Whether at least half of the ids that are given (0 or above) are one and the same: a word for none, not an id."""
    import numpy as np

    given = numbers[numbers >= 0]
    return bool(len(given)) and 2 * int(np.unique(given, return_counts=True)[1].max()) >= len(given)
