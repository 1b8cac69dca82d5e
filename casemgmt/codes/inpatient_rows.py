"""Inpatient rows: the coded columns of episodes, and which of them make one spell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.codes.admission_codes import CLASSES, METHODS, SOURCES, UNKNOWN_CLASSES, UNKNOWN_METHODS, UNKNOWN_SOURCES
from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS
from casemgmt.codes.events import Batch
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.source_rows import SourceRows, count_of
from casemgmt.codes.spells import STAY_DAYS, first_of_each, id_numbers, order_in_spell, spell_numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bools = npt.NDArray[np.bool_]

_THAN_FIRST = "than the spell's first episode"


class Episodes(NamedTuple):
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


class Spells(NamedTuple):
    """The spells of some rows.

    ``spell`` is a number of each row's spell, ``kept`` the place among the rows of each spell's first episode, and
    ``episodes`` the columns of the rows.
    """

    spell: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64]
    episodes: Episodes


class InpatientRows(SourceRows):
    """Reads inpatient rows; ``rule`` says afterwards how spells were told apart."""

    rule = ""

    def spells_of(self, batch: Batch, rows: Any, ids: pa.Array, days: Any) -> Spells:
        """The spells of the rows that have a patient and a day; rows that differ from their spell's first are named."""
        import numpy as np

        episodes = self._episodes(batch, rows, days)
        spell, self.rule = spell_numbers(batch, rows, ids, days)
        order = np.zeros(len(rows), dtype=np.int64)
        if "episode_order" in batch.columns:
            order = order_in_spell(batch.columns["episode_order"])[rows]
        kept, first = first_of_each(spell, [order, *episodes.keys])
        self._report_differences(batch, rows, first, episodes)
        return Spells(spell, kept, episodes)

    def _episodes(self, batch: Batch, rows: Any, days: Any) -> Episodes:
        import numpy as np

        otherwise = "not taken as an emergency"
        expected = "a method such as 11 or 2A"
        methods = self.codes(batch, "admission_method", METHODS, expected, otherwise, UNKNOWN_METHODS).texts[rows]
        classes = sources = np.full(len(rows), "")
        if "patient_classification" in batch.columns:
            expected, otherwise = "1 to 5, 8 or 9", "taken as an admission"
            read = self.codes(batch, "patient_classification", CLASSES, expected, otherwise, UNKNOWN_CLASSES)
            classes = read.texts[rows]
        if "admission_source" in batch.columns:
            expected, otherwise = "a code of two digits", "not taken as a transfer"
            read = self.codes(batch, "admission_source", SOURCES, expected, otherwise, UNKNOWN_SOURCES)
            sources = read.texts[rows]
        return Episodes(days[rows], methods, np.isin(methods, EMERGENCY_METHODS), classes, sources)

    def _report_differences(self, batch: Batch, rows: Any, first: Any, episodes: Episodes) -> None:
        """Name the rows of a spell that say another day or method than its first episode."""
        other_method = episodes.methods != episodes.methods[first]
        if "spell_id" in batch.columns:
            further, apart = rows != rows[first], abs(episodes.days - episodes.days[first])
            far = count_of(further & (apart > STAY_DAYS))
            why = f"episodes of one patient and spell that began more than {STAY_DAYS} days apart"
            remedy = "It is likely to stand for no spell: leave it out, or blank where it says nothing."
            if _is_mostly_one(id_numbers(batch.columns["spell_id"], "spell_id")[rows]):
                check_share("Column 'spell_id'", count_of(further), far, self.most, why, remedy)
            differ = (episodes.days != episodes.days[first]) | other_method
            self.report(batch, rows[differ], "spell_id", f"other date or method {_THAN_FIRST}")
        else:
            self.report(batch, rows[other_method], "admission_method", f"other method {_THAN_FIRST}")


def _is_mostly_one(numbers: npt.NDArray[np.int64]) -> bool:
    """Whether at least half of the ids that are given (0 or above) are one and the same: a word for none, not an id."""
    import numpy as np

    given = numbers[numbers >= 0]
    return bool(len(given)) and 2 * int(np.unique(given, return_counts=True)[1].max()) >= len(given)
