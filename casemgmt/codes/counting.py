"""The rows of one source of hospital records, settled: which count, and what became of the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import rows_of
from casemgmt.codes.admission_codes import (
    ATTENDED,
    HES_NAMES,
    REGULAR_ATTENDERS,
    SEEN,
    TRANSFER_METHODS,
    TRANSFER_SOURCES,
)
from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS
from casemgmt.codes.checking import check_time
from casemgmt.codes.events import Batch, Events, open_events
from casemgmt.codes.inpatient_rows import InpatientRows
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.source_rows import count_of, whole
from casemgmt.codes.spells import STAY_DAYS, TRANSFER_DAYS, joined_by_transfer, together
from casemgmt.codes.windows import Window
from casemgmt.dates import day_number
from casemgmt.register.columns import NO_DAY

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


class _Days(NamedTuple):
    """What is counted: the patient and day of each, and whether it was an emergency."""

    ids: pa.Array
    days: npt.NDArray[np.int32]
    emergency: Bools


class Counter(InpatientRows):
    """Counts the rows of one source.

    Parameters
    ----------
    kind : ``inpatient``, ``ae`` or ``outpatient``
    windows : that end on ``as_of``
    spells : ``provider``, or ``continuous`` where a transfer joins the stay before it
    most : the share of the values of a column that may be set aside
    """

    everyone: pa.Array

    def __init__(self, kind: str, as_of: dt.date, windows: Sequence[Window], spells: str, most: Fraction) -> None:
        super().__init__(most)
        self.kind, self.as_of, self.windows, self.spells = kind, day_number(as_of), windows, spells
        self.first_days = [day_number(window.first_day(as_of)) for window in windows]
        self.fates = dict.fromkeys(FATES, 0)
        self.definitions: dict[str, str] = {}
        self.has: frozenset[str] = frozenset()
        self.found: _Days | None = None

    def take_in(self, events: Events) -> None:
        """Read the source and settle what is counted."""
        import numpy as np

        opened = open_events(events, NEEDED[self.kind], OPTIONAL[self.kind], HES_NAMES)
        self.fates["unsplit"] = len(opened.unsplit)
        self.reported += [(row, "", reason) for row, reason in opened.unsplit]
        batch = whole(list(opened.batches))
        self.has = frozenset(batch.columns)
        lines = batch.rows + len(opened.unsplit)
        check_share("Lines", lines, len(opened.unsplit), self.most, "they have other columns", "Export the file again.")
        ids, named = self.people(batch)
        days = self.days(batch, "admission_date" if self.kind == "inpatient" else "attendance_date", events)
        self.fates["without_patient"] += count_of(~named)
        self.fates["undated"] += count_of(named & (days == NO_DAY))
        rows = np.flatnonzero(named & (days != NO_DAY))
        check_time(self.kind, days[rows], self.as_of, min(self.first_days), self.most)
        rows, emergency = self._settled(batch, rows, ids, days, events)
        late, early = days[rows] > self.as_of, days[rows] < min(self.first_days)
        self.fates["after_as_of"] += count_of(late)
        self.fates["outside_windows"] += count_of(early & ~late)
        self.fates["counted"] += count_of(~early & ~late)
        self.everyone = ids.take(rows_of(np.flatnonzero(named)))
        self.found = _Days(ids.take(rows_of(rows)), days[rows], emergency)

    def _settled(self, batch: Batch, rows: Any, ids: pa.Array, days: Any, events: Events) -> tuple[Any, Bools]:
        """The rows that count, and which of them were emergencies."""
        import numpy as np

        if self.kind == "inpatient":
            return self._spells(batch, rows, ids, days, events)
        if "attended" in batch.columns:
            expected = "5, 6, yes (seen), or 0, 2, 3, 4, 7, no (not seen)"
            codes = self.codes(batch, "attended", ATTENDED, expected, "not counted")
            seen = np.isin(codes.texts, list(SEEN))
            self.fates["not_attended"] += count_of(~seen[rows])
            rows = rows[seen[rows]]
        return rows, np.zeros(len(rows), dtype=bool)

    def _spells(self, batch: Batch, rows: Any, ids: pa.Array, days: Any, events: Events) -> tuple[Any, Bools]:
        """The first episode of each spell that is an admission; what is said of the other rows."""
        import numpy as np

        spell, kept, episodes = self.spells_of(batch, rows, ids, days)
        regular = np.isin(episodes.classes[kept], REGULAR_ATTENDERS)
        size = np.bincount(spell, minlength=len(kept))[spell[kept]] if len(kept) else np.zeros(0, dtype=np.int64)
        self.fates["regular_attenders"] += int(size[regular].sum())
        self.fates["further_episodes"] += int((size[~regular] - 1).sum())
        kept = kept[~regular]
        if self.spells == "continuous":
            ends = np.full(batch.rows, NO_DAY, dtype=np.int32)
            if "discharge_date" in batch.columns:
                ends = self.days(batch, "discharge_date", events)
            last = np.full(int(spell.max(initial=-1)) + 1, NO_DAY, dtype=np.int32)
            np.maximum.at(last, spell, ends[rows])
            patient = together([_places(ids, rows[kept])])
            moved = np.isin(episodes.sources[kept], TRANSFER_SOURCES) | np.isin(
                episodes.methods[kept], TRANSFER_METHODS
            )
            keys = [each[kept] for each in episodes.keys[1:]]
            joined = joined_by_transfer(patient, episodes.days[kept], last[spell[kept]], moved, keys)
            self.fates["joined_transfers"] += count_of(joined)
            kept = kept[~joined]
        kept = np.sort(kept)
        return rows[kept], episodes.emergency[kept]

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


def _places(ids: pa.Array, rows: Any) -> npt.NDArray[np.int64]:
    """A number for each patient of some rows."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.register.cleaning import distinct_values

    return np.asarray(distinct_values(pa.chunked_array([ids]))[0][rows], dtype=np.int64)
