"""Made-up people for timings: seeded, of a plausible shape, and in any of the forms that a library reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.formula import COUNTS
from casemgmt.register.fields import CARE_HOME_TYPES, CONDITIONS, FIELDS

AS_OF = "2015-04-01"
Order = Literal["sorted", "shuffled"]

SEXES = ("F", "M")
FLAGS = ("objected", "nominated", "on_caseload", *CONDITIONS)
INTEGERS = ("imd_decile", "age", *COUNTS)
CATEGORIES: dict[str, tuple[str, ...]] = {"sex": SEXES, "care_home_type": CARE_HOME_TYPES}

# Person number → nine digits of an id, one to one: ids then tell nothing about the order of rows.
_MODULUS, _STEP, _SHIFT = 1_000_000_000, 387_420_489, 123_456_789

_LEVELS = 4  # of proneness to illness, so that conditions occur together
_MEANS = {
    "emergency_admissions_12m": 0.9,
    "ae_attendances_12m": 1.4,
    "outpatient_attendances_12m": 2.5,
    "repeat_medicines": 5.0,
    "frailty_deficits": 5.0,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """People, as plain arrays, one entry a row.

    Attributes
    ----------
    order : ``sorted`` by practice, or ``shuffled``
    offsets : int64, practices + 1; people ``offsets[p]:offsets[p + 1]`` belong to practice ``p``
    person : int32, which person stands in each row; the row itself where sorted
    practice : int32, the practice's number
    columns : flags as bool, categories as uint8 codes into ``CATEGORIES``, integers as uint8 or uint16
    """

    order: Order
    offsets: npt.NDArray[np.int64]
    person: npt.NDArray[np.int32]
    practice: npt.NDArray[np.int32]
    columns: Mapping[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.person)

    @property
    def practices(self) -> int:
        return len(self.offsets) - 1

    def id_bytes(self) -> npt.NDArray[np.uint8]:
        """(rows, 10): the letter P and nine digits."""
        number = _id_numbers(self.person)
        out = np.empty((len(self), 10), dtype=np.uint8)
        out[:, 0] = ord("P")
        for place in range(9, 0, -1):
            number, digit = np.divmod(number, 10)
            out[:, place] = digit + ord("0")
        return out

    def to_arrow(self) -> Any:
        """A table as a practice system would give it: text ids, categories as text; marked as made-up people."""
        import pyarrow as pa

        codes = pa.array([f"B{number:05d}" for number in range(self.practices)])
        columns: dict[str, Any] = {
            "patient_id": self._arrow_ids(),
            "practice_id": pa.DictionaryArray.from_arrays(pa.array(self.practice), codes).cast(pa.string()),
        }
        for name, values in self.columns.items():
            if name in CATEGORIES:
                texts = pa.array(CATEGORIES[name])
                columns[name] = pa.DictionaryArray.from_arrays(pa.array(values.view(np.int8)), texts).cast(pa.string())
            else:
                columns[name] = pa.array(values)
        return pa.table(columns).replace_schema_metadata({b"casemgmt": b'{"synthetic": true}'})

    def _arrow_ids(self) -> Any:
        import pyarrow as pa

        offsets = np.arange(0, 10 * (len(self) + 1), 10, dtype=np.int32)
        text = np.ascontiguousarray(self.id_bytes())
        return pa.StringArray.from_buffers(len(self), pa.py_buffer(offsets), pa.py_buffer(text))

    def plain_columns(self) -> dict[str, npt.NDArray[Any]]:
        """What a data frame of numbers holds: row, practice number, flags, small integers; no copies."""
        return {"row": self.person, "practice": self.practice, **self.columns}


def people_of(ids: Any) -> npt.NDArray[np.int64]:
    """The person numbers of patient ids (an Arrow string array)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.utf8_slice_codeunits(ids, 1).cast(pa.int64()).to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.int64] = _times(digits - _SHIFT, pow(_STEP, -1, _MODULUS))
    return found


def _id_numbers(person: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return (_times(person.astype(np.int64), _STEP) + _SHIFT) % _MODULUS


def _times(numbers: npt.NDArray[np.int64], factor: int) -> npt.NDArray[np.int64]:
    """``numbers * factor`` modulo the number of ids; both are under 2**30, so the product fits."""
    return np.asarray((numbers % _MODULUS) * factor % _MODULUS, dtype=np.int64)


def make_population(patients: int, practices: int, order: Order = "sorted", seed: int = 20150401) -> Population:
    """People in practices of unequal size, the same for the same arguments."""
    rng = np.random.default_rng(seed)
    shares = rng.lognormal(0.0, 0.5, practices)
    offsets = np.zeros(practices + 1, dtype=np.int64)
    offsets[1:] = np.floor(np.cumsum(shares) / shares.sum() * patients + 0.5)
    offsets[-1] = patients
    columns = _make_columns(rng, patients)
    person = np.arange(patients, dtype=np.int32)
    practice = np.repeat(np.arange(practices, dtype=np.int32), np.diff(offsets))
    if order == "shuffled":
        person = rng.permutation(person)
        practice = practice[person]
        columns = {name: values[person] for name, values in columns.items()}
    return Population(order=order, offsets=offsets, person=person, practice=practice, columns=columns)


def _make_columns(rng: np.random.Generator, patients: int) -> dict[str, npt.NDArray[Any]]:
    age = _ages(rng, patients)
    level = rng.choice(np.arange(_LEVELS, dtype=np.uint16), patients, p=[0.55, 0.25, 0.14, 0.06])
    cell = age.astype(np.uint16) * np.uint16(_LEVELS) + level
    years = np.repeat(np.arange(121), _LEVELS)
    proneness = np.tile(np.array([0.4, 1.0, 2.2, 4.0]), 121)

    def happens(chance: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        limits = chance.clip(0, 0.95).astype(np.float32)
        drawn: npt.NDArray[np.bool_] = rng.random(patients, dtype=np.float32) < limits[cell]
        return drawn

    ageing = 0.05 + 2.2 / (1 + np.exp(-(years - 62) / 9.0))
    columns: dict[str, npt.NDArray[Any]] = {
        "objected": happens(np.full(len(years), 0.004)),
        "nominated": happens(0.004 * ageing * proneness),
        "on_caseload": happens(0.012 * ageing * proneness),
        "sex": rng.integers(0, 2, patients, dtype=np.uint8),
        "care_home_type": np.zeros(patients, dtype=np.uint8),
        "imd_decile": rng.integers(1, 11, patients, dtype=np.uint8),
        "age": age,
    }
    resident = happens(np.where(years < 65, 0.0008, 0.004 * np.exp((years - 65) / 8.5)))
    kinds = np.array([CARE_HOME_TYPES.index(name) for name in ("nursing", "residential", "respite")], dtype=np.uint8)
    columns["care_home_type"][resident] = rng.choice(kinds, int(resident.sum()), p=[0.45, 0.52, 0.03])
    for place, name in enumerate(CONDITIONS):
        columns[name] = happens((0.01 + 0.11 * ((5 * place) % 27) / 27) * ageing * proneness)
    for name, mean in _MEANS.items():
        means = (mean * ageing * proneness * 0.5).astype(np.float32)
        counted = rng.standard_exponential(patients, dtype=np.float32) * means[cell]
        most = FIELDS[name].most
        columns[name] = np.minimum(counted, most).astype(np.uint8 if most < 255 else np.uint16)
    return columns


def _ages(rng: np.random.Generator, patients: int) -> npt.NDArray[np.uint8]:
    weights = np.interp(np.arange(121), [0, 20, 50, 65, 80, 90, 100, 120], [11, 12, 14, 11, 6, 2, 0.2, 0])
    ages: npt.NDArray[np.uint8] = rng.choice(np.arange(121, dtype=np.uint8), patients, p=weights / weights.sum())
    return ages
