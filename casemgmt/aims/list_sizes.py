"""How many people were on each practice's list in each year: what rates are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.aims.years import Years
from casemgmt.codes.events import Events, open_events
from casemgmt.codes.small_codes import whole_texts
from casemgmt.codes.source_rows import whole
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.register import a_register
from casemgmt.register.spellings import is_missing_word

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDED = ("practice_id", "year", "list_size")
_MOST_LIST = 10**8


@dataclass(frozen=True, slots=True)
class ListSizes:
    """List sizes of practices and years.

    Attributes
    ----------
    years : the convention of the years
    sizes : list size by practice and the year in which the year begins
    """

    years: Years
    sizes: Mapping[tuple[str, int], int]

    @property
    def practices(self) -> list[str]:
        """The practices, in order of their codes."""
        return sorted({practice for practice, _ in self.sizes})

    @property
    def spans(self) -> list[int]:
        """The years, in order."""
        return sorted({year for _, year in self.sizes})

    def refuse_other_capitals(self, codes: Iterable[str], source: str) -> None:
        """Refuse practices of a source that are written in other capitals here: they would not be counted.

        Raises
        ------
        InputError
        """
        known = {code.casefold() for code in self.practices}
        near = {code for code in codes if code.casefold() in known} - set(self.practices)
        if near:
            raise InputError(
                f"{source}: the codes of {plural(len(near), 'practice')} differ from those of lists= in capitals "
                "alone: write them alike. As they are they would not be counted, which would look like a fall."
            )

    @classmethod
    def read(cls, lists: Any, years: Years) -> ListSizes:
        """List sizes from a table with ``practice_id``, ``year`` and ``list_size``, a row a practice and year.

        Or from a register of each year, by year: whoever was on the list on its list date counts.

        Raises
        ------
        InputError : a row that cannot be read, a list of nobody, or two rows for one practice and year
        """
        if isinstance(lists, Mapping):
            return cls(years, _of_registers(lists, years))
        opened = open_events(lists if isinstance(lists, Events) else Events(lists), _NEEDED)
        batch = whole(list(opened.batches))
        if opened.unsplit:
            raise InputError(f"lists: {plural(len(opened.unsplit), 'line')} have other columns than the header.")
        codes = practice_texts(batch.columns["practice_id"])
        firsts = [years.known(text) for text in _whole_texts(batch.columns["year"], "year")]
        sizes = [
            int(text) if text.isdecimal() and len(text) < 10 else -1
            for text in _whole_texts(batch.columns["list_size"], "list_size")
        ]
        _refuse("practice_id", "a practice code", sum(not code for code in codes), len(codes))
        _refuse("year", f"a {years.kind} year such as {years.form}", firsts.count(0), len(codes))
        bad = sum(not 0 < size < _MOST_LIST for size in sizes)
        _refuse(
            "list_size", "a whole number from 1 (leave out the years in which nobody was registered)", bad, len(codes)
        )
        keys = list(zip(codes, firsts, strict=True))
        twice = [key for key, rows in Counter(keys).items() if rows > 1]
        if twice:
            raise InputError(
                f"lists: {plural(len(twice), 'practice and year', 'practices and years')} have more than one row "
                f"({listed(sorted({practice for practice, _ in twice}), 5)}). Give one row a practice and year."
            )
        if not keys:
            raise InputError("lists: there is no row. Give one row a practice and year.")
        _refuse_other_capitals({practice for practice, _ in keys})
        return cls(years, dict(zip(keys, sizes, strict=True)))


def _of_registers(registers: Mapping[Any, Any], years: Years) -> dict[tuple[str, int], int]:
    """List sizes by practice and year, of registers by the label of the year."""
    found: dict[tuple[str, int], int] = {}
    for label, given in registers.items():
        first, register = years.read(label, "lists"), a_register(given, "lists")
        if not years.first_day(first) <= register.as_of <= years.last_day(first):
            raise InputError(f"lists: the register of {years.label(first)} has a list date of another year.")
        found |= {(practice, first): size for practice, size in register.counts.on_list.items() if size}
    if not found:
        raise InputError("lists: there is no register with anybody on the list. Give one a year, by year.")
    _refuse_other_capitals({practice for practice, _ in found})
    return found


def _refuse_other_capitals(practices: Set[str]) -> None:
    """Refuse codes that differ in capitals alone: one practice would be two, each with a part of the years."""
    spellings = Counter(practice.casefold() for practice in practices)
    near = [practice for practice in practices if spellings[practice.casefold()] > 1]
    if near:
        raise InputError(
            f"lists: the codes {listed(sorted(near), 6)} differ in capitals alone. Write each practice's code alike in "
            "all years."
        )


def practice_texts(column: pa.Array) -> list[str]:
    """Practice codes as they are written, without outer spaces; ``""`` where there is none.

    Raises
    ------
    InputError : the column holds no text
    """
    import pyarrow as pa

    if pa.types.is_null(column.type):
        return [""] * len(column)
    indices, distinct = distinct_values(pa.chunked_array([column]))
    if any(not isinstance(each, str) for each in distinct):
        raise InputError(f"Column 'practice_id' holds {column.type}; practice codes are text, such as C87001.")
    known = ["" if is_missing_word(each.strip()) else each.strip() for each in distinct] + [""]
    return [known[at] for at in indices.tolist()]


def _whole_texts(column: pa.Array, name: str) -> list[str]:
    places, distinct = whole_texts(column, name)
    known = [*distinct, ""]
    return [known[at] for at in places.tolist()]


def _refuse(name: str, what: str, bad: int, rows: int) -> None:
    if bad:
        raise InputError(f"lists: '{name}' of {bad:,} of {plural(rows, 'row')} is not {what}.")
