"""Deaths: of whom, when, at which age, and how many years of life were lost by each."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from casemgmt.aims.list_sizes import ListSizes, practice_texts
from casemgmt.aims.stays import NO_AGE
from casemgmt.arrow import in_one_piece
from casemgmt.codes.events import Batch, Events, open_events
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.small_codes import small_codes, whole_texts
from casemgmt.codes.source_rows import AS_RECORDED, SourceRows, count_of, whole
from casemgmt.errors import InputError
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import FALSE_WORDS, TRUE_WORDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bools = npt.NDArray[np.bool_]

NEEDED = ("date_of_death",)
OPTIONAL = ("patient_id", "practice_id", "age", "sex", "amenable")
FATES = (
    "counted",
    "not_amenable",
    "outside_covers",
    "without_list",
    "without_practice",
    "without_age",
    "undated",
    "unsplit",
)
SET_ASIDE = ("without_list", "without_practice", "without_age", "undated", "unsplit")
SEXES = {"1": "M", "M": "M", "2": "F", "F": "F"}
_TRUE = frozenset(word.upper() for word in TRUE_WORDS)
_FLAGS = _TRUE.union(word.upper() for word in FALSE_WORDS)


@dataclass(frozen=True, slots=True, eq=False)
class Deaths:
    """One value a row of the source.

    Attributes
    ----------
    ids : patient ids; None where the source has none
    day : int32 day numbers, NO_DAY where not known
    counted : bool, within the days covered, of a practice with a list, of a known age, and amenable where that is told
    practice, year : the practice code and the year, of those that count
    age : int64, NO_AGE where not known
    sex : M, F or ""
    has : the columns that the source has
    """

    ids: pa.Array | None
    named: Bools
    day: npt.NDArray[np.int32]
    counted: Bools
    practice: list[str]
    year: npt.NDArray[np.int64]
    age: npt.NDArray[np.int64]
    sex: list[str]
    has: frozenset[str]


class DeathReader(SourceRows):
    """Reads deaths, and counts the fate of each row.

    Parameters
    ----------
    lists : whose practices and years count
    covers : first and last day number that the deaths cover
    most : the share of rows that may be set aside
    """

    def __init__(self, lists: ListSizes, covers: tuple[int, int], most: Fraction) -> None:
        super().__init__(most)
        self.lists, self.covers = lists, covers
        self.fates = dict.fromkeys(FATES, 0)

    def read(self, events: Events) -> Deaths:
        """The deaths of a source."""
        import numpy as np

        opened = open_events(events, NEEDED, OPTIONAL, {"DOD": "date_of_death", "GPPRAC": "practice_id"})
        batch = whole(list(opened.batches))
        self.fates["unsplit"] = len(opened.unsplit)
        self.reported += [(row, "", reason) for row, reason in opened.unsplit]
        lines = batch.rows + len(opened.unsplit)
        check_share("Lines", lines, len(opened.unsplit), self.most, "they have other columns", "Export the file again.")
        has = frozenset(batch.columns)
        days = self.days(batch, "date_of_death", events)
        nobody = np.zeros(batch.rows, dtype=bool)
        ids, named = self.people(batch) if "patient_id" in has else (None, nobody)
        practice = practice_texts(batch.columns["practice_id"]) if "practice_id" in has else [""] * batch.rows
        ages = self._ages(batch)
        found = Deaths(
            ids=None if ids is None else in_one_piece(ids),
            named=named,
            day=days,
            counted=nobody,
            practice=practice,
            year=self.lists.years.of_days(np.where(days == NO_DAY, 0, days).astype(np.int32)),
            age=ages,
            sex=self._sexes(batch),
            has=has,
        )
        return found if "practice_id" not in has else self._settled(batch, found)

    def _settled(self, batch: Batch, found: Deaths) -> Deaths:
        """The same with those that count told apart."""
        from dataclasses import replace

        import numpy as np

        keys = list(zip(found.practice, found.year.tolist(), strict=True))
        without = {
            "undated": found.day == NO_DAY,
            "outside_covers": (found.day < self.covers[0]) | (found.day > self.covers[1]),
            "without_practice": np.array([not code for code in found.practice], dtype=bool),
            "without_list": np.array([key not in self.lists.sizes for key in keys], dtype=bool),
            "not_amenable": ~self._amenable(batch),
            "without_age": found.age == NO_AGE,
        }
        left = np.ones(batch.rows, dtype=bool)
        for fate, where in without.items():
            rows = left & where
            self.fates[fate] = count_of(rows)
            if fate == "without_list":
                self.lists.refuse_other_capitals((found.practice[row] for row in np.flatnonzero(rows)), "deaths")
            if fate in ("without_practice", "without_list", "without_age"):
                name, why = ("age", "missing") if fate == "without_age" else ("practice_id", fate.replace("_", " "))
                self.report(batch, np.flatnonzero(rows), name, why)
                remedy = "Give every death practice, age and a list of its year."
                check_share("Deaths", count_of(left), count_of(rows), self.most, why, remedy)
            left &= ~where
        self.fates["counted"] = count_of(left)
        return replace(found, counted=left)

    def _ages(self, batch: Batch) -> npt.NDArray[np.int64]:
        import numpy as np

        if "age" not in batch.columns:
            return np.full(batch.rows, NO_AGE, dtype=np.int64)
        places, texts = whole_texts(batch.columns["age"], "age")
        years = [int(text) if text.isdecimal() and len(text) < 4 and int(text) <= 120 else NO_AGE for text in texts]
        found: npt.NDArray[np.int64] = np.array([*years, NO_AGE], dtype=np.int64)[places]
        return found

    def _sexes(self, batch: Batch) -> list[str]:
        if "sex" not in batch.columns:
            return [""] * batch.rows
        places, texts = whole_texts(batch.columns["sex"], "sex")
        known = [*(SEXES.get(text, "") for text in texts), ""]
        return [known[at] for at in places.tolist()]

    def _amenable(self, batch: Batch) -> Bools:
        """Which deaths were of a cause amenable to health care; all where the source does not say."""
        import numpy as np

        if "amenable" not in batch.columns:
            return np.ones(batch.rows, dtype=bool)
        read = small_codes(batch.columns["amenable"], "amenable", _FLAGS, "yes or no", AS_RECORDED)
        bad = count_of(read.missing | read.unknown)
        if bad:
            raise InputError(
                f"deaths: 'amenable' says neither yes nor no in {bad:,} of {batch.rows:,} rows. Give each a value."
            )
        return np.isin(read.texts, list(_TRUE))
