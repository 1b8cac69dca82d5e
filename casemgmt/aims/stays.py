"""Hospital stays of the people of listed practices, from episodes: one a spell, and what became of every row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.aims.list_sizes import ListSizes, practice_texts
from casemgmt.arrow import in_one_piece, rows_of
from casemgmt.codes.admission_codes import HES_NAMES, REGULAR_ATTENDERS
from casemgmt.codes.events import Batch, Events, open_events
from casemgmt.codes.inpatient_rows import InpatientRows, Spells
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.small_codes import whole_texts
from casemgmt.codes.source_rows import count_of, whole
from casemgmt.dates import day_number
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import FEW_OF

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bools = npt.NDArray[np.bool_]
    Days = npt.NDArray[np.int32]

NEEDED = ("patient_id", "practice_id", "admission_date", "admission_method")
OPTIONAL = (
    *("spell_id", "provider_id", "episode_order", "patient_classification", "admission_source"),
    *("discharge_date", "discharge_destination", "age"),
)
_MAY_BE_EMPTY = ("discharge_date", "discharge_destination", "age")
KNOWN_AS = {**HES_NAMES, "GPPRAC": "practice_id", "DISDEST": "discharge_destination", "STARTAGE": "age"}
FATES = (
    *("counted", "further_episodes", "regular_attenders", "outside_covers", "without_list"),
    *("without_practice", "undated", "without_patient", "unsplit"),
)
SET_ASIDE = ("without_list", "without_practice", "undated", "without_patient", "unsplit")
# NHS Data Dictionary, DESTINATION OF DISCHARGE CODE: two digits.
DESTINATIONS = frozenset(f"{number:02}" for number in range(10, 100))
UNKNOWN_DESTINATIONS = ("98", "99")
# Ages of Hospital Episode Statistics: whole years, or 7001 to 7007 under one year.
_UNDER_ONE, _OLDEST, NO_AGE = range(7001, 7008), 120, -1


@dataclass(frozen=True, slots=True, eq=False)
class Stays:
    """One value a spell, regular attenders left out, in the order of patients and days.

    Attributes
    ----------
    ids : the patient ids by which ``patient`` numbers them
    patient : int64, a number of the patient
    practice : int64, place in ``practices`` on admission; -1 where it has no list at all, or none is given
    practices : codes
    year : int64, the year in which the stay began
    start, end : int32 day numbers; ``end`` is NO_DAY where no discharge is known
    emergency : bool, by the method of the first episode
    listed : bool, whether the practice has a list in the year in which the stay began
    counted : bool, began within the days covered, of a practice with a list
    classification, source, destination : codes, "" where not known
    age : int64 on admission, NO_AGE where not known
    row_spell : place of the stay of each source row that has one
    has : the columns that the source has
    """

    ids: pa.Array
    patient: npt.NDArray[np.int64]
    practice: npt.NDArray[np.int64]
    practices: list[str]
    year: npt.NDArray[np.int64]
    start: Days
    end: Days
    emergency: Bools
    listed: Bools
    counted: Bools
    classification: npt.NDArray[Any]
    source: npt.NDArray[Any]
    destination: npt.NDArray[Any]
    age: npt.NDArray[np.int64]
    row_spell: dict[int, int]
    has: frozenset[str]

    def __len__(self) -> int:
        """Stays."""
        return len(self.start)

    def by_year(self, places: Iterable[int]) -> Counter[tuple[str, int]]:
        """How many of some stays there are by practice and the year in which they began."""
        practices, years = self.practice.tolist(), self.year.tolist()
        return Counter((self.practices[practices[at]], years[at]) for at in places)


class StayReader(InpatientRows):
    """Reads episodes into stays, and counts the fate of each row.

    Parameters
    ----------
    lists : whose practices and years count
    covers : first and last day that the episodes cover
    most : the share of rows that may be set aside
    """

    def __init__(self, lists: ListSizes, covers: tuple[dt.date, dt.date], most: Fraction) -> None:
        super().__init__(most)
        self.lists, self.covers = lists, covers
        self.fates = dict.fromkeys(FATES, 0)

    def read(self, events: Events) -> Stays:
        """The stays of a source of episodes."""
        import numpy as np

        opened = open_events(events, NEEDED, OPTIONAL, KNOWN_AS)
        batch = _without_empty(whole(list(opened.batches)))
        self.fates["unsplit"] = len(opened.unsplit)
        self.reported += [(row, "", reason) for row, reason in opened.unsplit]
        lines = batch.rows + len(opened.unsplit)
        check_share("Lines", lines, len(opened.unsplit), self.most, "they have other columns", "Export the file again.")
        ids, named = self.people(batch)
        days = self.days(batch, "admission_date", events)
        self.fates["without_patient"] = count_of(~named)
        self.fates["undated"] = count_of(named & (days == NO_DAY))
        rows = np.flatnonzero(named & (days != NO_DAY))
        codes = self._practices(batch, rows)
        spells = self.spells_of(batch, rows, ids, days)
        regular = np.isin(spells.episodes.classes[spells.kept], REGULAR_ATTENDERS)
        size = np.bincount(spells.spell, minlength=len(spells.kept)).astype(np.int64)[spells.spell[spells.kept]]
        self.fates["regular_attenders"] = int(size[regular].sum())
        stays = self._stays(batch, events, rows, ids, codes, spells, ~regular)
        self._settle(batch, stays, rows[spells.kept[~regular]], size[~regular], codes)
        return stays

    def _practices(self, batch: Batch, rows: npt.NDArray[np.int64]) -> list[str]:
        """The practice code of every row; those without one are named."""
        codes = practice_texts(batch.columns["practice_id"])
        lost = [row for row in rows.tolist() if not codes[row]]
        remedy = "Give the practice with which the patient was registered on admission."
        check_share("Column 'practice_id'", len(rows), len(lost), self.most, "missing", remedy)
        return codes

    def _stays(
        self,
        batch: Batch,
        events: Events,
        rows: npt.NDArray[np.int64],
        ids: pa.Array,
        codes: list[str],
        spells: Spells,
        wanted: Bools,
    ) -> Stays:
        import numpy as np
        import pyarrow as pa

        kept = spells.kept[wanted]
        first, numbers = rows[kept], spells.spell[kept]
        years = self.lists.years.of_days(spells.episodes.days)[kept]
        practices = self.lists.practices
        place = {code: at for at, code in enumerate(practices)}
        practice = np.array([place.get(codes[row], -1) for row in first.tolist()], dtype=np.int64)
        keys = zip(first.tolist(), years.tolist(), strict=True)
        listed = np.array([(codes[row], year) in self.lists.sizes for row, year in keys], dtype=bool)
        start = spells.episodes.days[kept]
        low, high = (day_number(day) for day in self.covers)
        inside = (start >= low) & (start <= high)
        end, destination = self._ends(batch, events, rows, spells)
        by_id, values = distinct_values(pa.chunked_array([in_one_piece(ids.take(rows_of(first)))]))
        stay_of = np.full(int(spells.spell.max(initial=-1)) + 1, -1, dtype=np.int64)
        stay_of[numbers] = np.arange(len(kept))
        of_row = stay_of[spells.spell]
        sources = batch.source_rows(rows)
        return Stays(
            ids=pa.array(values, ids.type),
            patient=by_id.astype(np.int64),
            practice=practice,
            practices=practices,
            year=years,
            start=start,
            end=end[numbers],
            emergency=spells.episodes.emergency[kept],
            listed=listed,
            counted=inside & listed,
            classification=spells.episodes.classes[kept],
            source=spells.episodes.sources[kept],
            destination=destination[numbers],
            age=self._ages(batch)[first],
            row_spell={row: stay for row, stay in zip(sources.tolist(), of_row.tolist(), strict=True) if stay >= 0},
            has=frozenset(batch.columns),
        )

    def _ends(
        self, batch: Batch, events: Events, rows: npt.NDArray[np.int64], spells: Spells
    ) -> tuple[Days, npt.NDArray[Any]]:
        """The last day of each spell, and where to the patient went; by the spell's number."""
        import numpy as np

        count = int(spells.spell.max(initial=-1)) + 1
        last = np.full(count, NO_DAY, dtype=np.int32)
        went = np.full(count, "", dtype="U2")
        ends = np.full(len(rows), NO_DAY, dtype=np.int32)
        if "discharge_date" in batch.columns:
            ends = self.days(batch, "discharge_date", events)[rows]
            np.maximum.at(last, spells.spell, ends)
        if "discharge_destination" in batch.columns:
            expected, otherwise = "a code of two digits", "not known where to"
            read = self.codes(batch, "discharge_destination", DESTINATIONS, expected, otherwise)
            codes = np.where(np.isin(read.texts, UNKNOWN_DESTINATIONS) | read.unknown, "", read.texts)[rows]
            known = np.flatnonzero(codes != "")
            order = known[np.lexsort((codes[known], ends[known], spells.spell[known]))]
            went[spells.spell[order]] = codes[order]
        return last, went

    def _ages(self, batch: Batch) -> npt.NDArray[np.int64]:
        """The age of every row in whole years, NO_AGE where there is none."""
        import numpy as np

        if "age" not in batch.columns:
            return np.full(batch.rows, NO_AGE, dtype=np.int64)
        places, texts = whole_texts(batch.columns["age"], "age")
        years = np.array([*(_age(text) for text in texts), NO_AGE], dtype=np.int64)
        given = np.array([*(text != "" for text in texts), False])[places]
        found: npt.NDArray[np.int64] = years[places]
        bad = given & (found == NO_AGE)
        self.report(batch, np.flatnonzero(bad), "age", "no age from 0 to 120")
        remedy = "Give whole years on admission, as Hospital Episode Statistics write them."
        check_share("Column 'age'", count_of(given), count_of(bad), self.most, "no age from 0 to 120", remedy)
        return found

    def _settle(
        self, batch: Batch, stays: Stays, first: npt.NDArray[np.int64], size: npt.NDArray[np.int64], codes: list[str]
    ) -> None:
        """Count the fates of the rows of stays, and refuse a source of which too much has no list."""
        import numpy as np

        low, high = (day_number(day) for day in self.covers)
        inside = (stays.start >= low) & (stays.start <= high)
        nameless = np.array([not codes[row] for row in first.tolist()], dtype=bool)
        unlisted = inside & ~nameless & ~stays.listed
        self.fates["outside_covers"] = int(size[~inside].sum())
        self.fates["without_practice"] = int(size[inside & nameless].sum())
        self.fates["without_list"] = int(size[unlisted].sum())
        self.fates["counted"] = count_of(stays.counted)
        self.fates["further_episodes"] = int((size[stays.counted] - 1).sum())
        self.report(batch, first[inside & nameless], "practice_id", "missing")
        self.report(batch, first[unlisted], "practice_id", "no list of that practice and year")
        given = count_of(inside & ~nameless)
        self.lists.refuse_other_capitals((codes[row] for row in first[unlisted].tolist()), "episodes")
        hint = "Give lists= every practice and year, or name the days of the years that have lists with covers=."
        check_share("Admissions", given, count_of(unlisted), self.most, "no list of their practice and year", hint)
        if len(stays) >= FEW_OF and not stays.counted.any():
            raise InputError(f"Not one of {plural(len(stays), 'stay')} began within covers= in a practice with a list.")
        _refuse_gaps(stays.start[inside], self.covers)
        _refuse_practices_without_stays(stays, inside, self.lists, self.covers)


def _without_empty(batch: Batch) -> Batch:
    """The batch without the columns that may be left out and hold nothing: they say as little."""
    kept = {
        name: column
        for name, column in batch.columns.items()
        if name not in _MAY_BE_EMPTY or column.null_count < len(column)
    }
    return batch._replace(columns=kept)


def _age(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        return NO_AGE
    years = int(text)
    return 0 if years in _UNDER_ONE else years if years <= _OLDEST else NO_AGE


def _refuse_gaps(days: Days, covers: tuple[dt.date, dt.date]) -> None:
    """Refuse episodes that say nothing of a month of those that they are said to cover."""
    import numpy as np

    # Of the first and the last month only a part may be covered.
    first = (covers[0] - dt.timedelta(days=1)).year * 12 + (covers[0] - dt.timedelta(days=1)).month
    last = (covers[1] + dt.timedelta(days=1)).year * 12 + (covers[1] + dt.timedelta(days=1)).month - 2
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12 - first
    count = max(last - first + 1, 0)
    rows = np.bincount(months[(months >= 0) & (months < count)], minlength=count)
    empty = [f"{(first + at) // 12}-{(first + at) % 12 + 1:02}" for at in np.flatnonzero(rows == 0).tolist()]
    if empty and np.median(rows) >= FEW_OF:
        raise InputError(
            f"covers: the episodes hold no stay that began in {', '.join(empty[:6])}"
            f"{f' and {len(empty) - 6} more months' if len(empty) > 6 else ''}, and many in other months. "
            "Export them whole, or name with covers= the days that they cover: a missing month would look like a fall."
        )


def _refuse_practices_without_stays(
    stays: Stays, inside: Bools, lists: ListSizes, covers: tuple[dt.date, dt.date]
) -> None:
    """Refuse episodes that say nothing of a practice in a whole year, and much in another."""
    import numpy as np

    found = stays.by_year(np.flatnonzero(inside & stays.listed).tolist())
    whole = [
        key
        for key in lists.sizes
        if covers[0] <= lists.years.first_day(key[1]) and lists.years.last_day(key[1]) <= covers[1]
    ]
    most = Counter[str]()
    for practice, year in whole:
        most[practice] = max(most[practice], found[practice, year])
    empty = sorted(key for key in whole if not found[key] and most[key[0]] >= FEW_OF)
    if empty:
        told = [f"{practice} in {lists.years.label(year)}" for practice, year in empty]
        raise InputError(
            f"episodes: they hold no stay of {listed(told, 5)}, which has a list then, and many in another year. "
            "Export them whole, or leave that list out of lists=: a missing practice would look like a fall."
        )
