"""Made-up coded rows, who has which score by them, and the tables and files in which they are held.

A row is a patient and an ICD-10 code. The score is Charlson's with the weights of Quan 2011, of the 17 conditions of
Quan 2005; a patient none of whose codes counts scores 0.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.answers import DiffersError, Ties
from benchmarks.data import DRAWN_AT_ONCE, arrow_ids, id_bytes, id_numbers
from benchmarks.files import COMPRESSION, made_once
from benchmarks.works import Given
from casemgmt.risk.inputs import MILLION

SEED, KINDS_OF_CODE = 7, 6_000
ROWS_A_PATIENT = 8
MODEL, CODELIST = "charlson-quan-2011", "charlson-quan-2005"
# Patients numbered one after the other, as a database does; whole numbers of nine digits; ten characters; or 64 of a
# hash. The last three tell nothing about order.
Ids = Literal["running", "number", "text", "hex"]


def make_rows(rows: int, patients: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], list[str]]:
    """Patient number and place among the codes, a row; and the codes: ICD-10 without dots, three or four long."""
    chance = np.random.default_rng(SEED)
    letters = chance.integers(0, 26, KINDS_OF_CODE)
    numbers = chance.integers(0, 1000, KINDS_OF_CODE)
    long = chance.random(KINDS_OF_CODE) < 0.85
    letter = np.array(list(string.ascii_uppercase))[letters]
    codes = sorted({f"{a}{n:03}"[: 4 if four else 3] for a, n, four in zip(letter, numbers, long, strict=True)})
    return chance.integers(0, patients, rows), chance.integers(0, len(codes), rows).astype(np.int32), codes


def ids_of(patients: int, kind: Ids) -> Any:
    """The id of each patient number, as an Arrow array."""
    import pyarrow as pa

    person = np.arange(patients)
    match kind:
        case "running":
            return pa.array(person)
        case "number":
            return pa.array(id_numbers(person))
        case "text":
            return arrow_ids(id_bytes(person))
        case "hex":
            return pa.array([sha256(raw.tobytes()).hexdigest() for raw in id_bytes(person)])


@functools.cache
def loaded() -> tuple[Any, Any]:
    """Model and code list."""
    import casemgmt as cm

    return cm.load_model(MODEL), cm.load_codelist(CODELIST)


@functools.cache
def scores_by_mask() -> npt.NDArray[np.float64]:
    """The score of every set of conditions, by its bits."""
    model, codelist = loaded()
    sets = np.arange(1 << len(codelist.conditions))
    has = {name: (sets >> place & 1).astype(bool) for place, name in enumerate(codelist.conditions)}
    total = np.zeros(len(sets), dtype=np.int64)
    for each in model.inputs:
        counts = has[each.name].copy()
        for worse in each.superseded_by:
            counts &= ~has[worse]
        total += each.table[1] * counts
    return total / MILLION


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """The right score of everybody whom a row names: ``ids`` an Arrow array, ``score`` float64."""

    ids: Any
    score: npt.NDArray[np.float64]

    @property
    def counts(self) -> dict[str, int]:
        """How many have a score."""
        return {"patients_scored": len(self.score)}

    def check(self, answer: Any, ties: Ties | None = None) -> None:
        """Refuse a table of patient_id and score, in any order, unless each patient has one line and the right score.

        Raises
        ------
        DiffersError : it says what differs and how often
        """
        import pyarrow.compute as pc

        ids = answer.column("patient_id").cast(self.ids.type)
        place = pc.index_in(ids, value_set=self.ids)
        if place.null_count:
            raise DiffersError(f"{place.null_count:,} differ: patients whom no row names.")
        times = np.bincount(place.to_numpy(), minlength=len(self.ids))
        if (times != 1).any():
            raise DiffersError(f"{np.count_nonzero(times != 1):,} differ: patients without a score, or with several.")
        found = answer.column("score").to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = np.count_nonzero(found != self.score[place.to_numpy()])
        if wrong:
            raise DiffersError(f"{wrong:,} differ: the score.")


class CodedRows(Given):
    """What contenders of the coded works start from. Sorted rows are in the order of their ids."""

    warm_up = 125_000
    ids: ClassVar[Ids] = "number"

    @cached_property
    def rows(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], list[str]]:
        """Patient number and place among the codes, a row, in no order; and the codes."""
        return make_rows(ROWS_A_PATIENT * self.patients, self.patients)

    @property
    def codes(self) -> list[str]:
        """The distinct codes."""
        return self.rows[2]

    @cached_property
    def masks(self) -> npt.NDArray[np.int32]:
        """The conditions of each code, a bit each, as casemgmt matches them."""
        _, codelist = loaded()
        bits = {name: 1 << place for place, name in enumerate(codelist.conditions)}
        found = [sum(bits[name] for name in codelist.conditions_of(code)) for code in self.codes]
        return np.array(found, dtype=np.int32)

    def pieces(self, *, dictionary: bool) -> Iterator[Any]:
        """The rows as Arrow tables of patient_id and code, a million at a time."""
        import pyarrow as pa

        person, place, codes = self.rows
        each = ids_of(self.patients, self.ids)
        if self.order == "sorted":
            rank = np.empty(self.patients, dtype=np.int64)
            rank[pa.compute.array_sort_indices(each).to_numpy()] = np.arange(self.patients)
            order = np.argsort(rank[person], kind="stable")
            person, place = person[order], place[order]
        for start in range(0, len(person), DRAWN_AT_ONCE):
            some = slice(start, start + DRAWN_AT_ONCE)
            code = pa.DictionaryArray.from_arrays(pa.array(place[some]), pa.array(codes))
            code = code if dictionary else code.cast(pa.string())
            yield pa.table({"patient_id": each.take(pa.array(person[some])), "code": code})

    def table(self, *, dictionary: bool) -> Any:
        """All of them in memory."""
        import pyarrow as pa

        return pa.concat_tables(self.pieces(dictionary=dictionary))

    @cached_property
    def file(self) -> Path:
        """All of them as a Parquet file: codes dictionary-encoded, ids plain."""
        return made_once(self.kept(f"coded-{self.ids}", ".parquet", self.order), self._write)

    def _write(self, path: Path) -> None:
        import pyarrow.parquet as pq

        pieces = self.pieces(dictionary=False)
        first = next(pieces)
        with pq.ParquetWriter(
            path, first.schema, compression=COMPRESSION, use_dictionary=["code"], write_page_checksum=True
        ) as writer:
            for piece in (first, *pieces):
                writer.write_table(piece)

    @cached_property
    def truth(self) -> Scores:
        """Who is right, by the code list's lines alone: a code counts where it is an entry, or begins as one."""
        import pyarrow as pa

        person, place, codes = self.rows
        _, codelist = loaded()
        mask = np.zeros(len(codes), dtype=np.int64)
        for bit, condition in enumerate(codelist.conditions):
            own = [entry for entry in codelist.entries if entry.condition == condition]
            beginnings = tuple(entry.code for entry in own if entry.match == "prefix")
            whole = {entry.code for entry in own if entry.match == "exact"}
            mask[[code in whole or code.startswith(beginnings) for code in codes]] |= 1 << bit
        has = np.zeros(self.patients, dtype=np.int64)
        np.bitwise_or.at(has, person, mask[place])
        named = np.flatnonzero(np.bincount(person, minlength=self.patients))
        return Scores(ids=ids_of(self.patients, self.ids).take(pa.array(named)), score=scores_by_mask()[has[named]])


class RunningIds(CodedRows):
    """With patients numbered from 0."""

    ids = "running"


class TextIds(CodedRows):
    """With ids of ten characters."""

    ids = "text"


class HexIds(CodedRows):
    """With ids of 64 characters."""

    ids = "hex"
