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
ENGLAND_PATIENTS, ENGLAND_PRACTICES = 60_400_000, 6_720
Order = Literal["sorted", "shuffled"]

SEXES = ("F", "M")
FLAGS = ("objected", "nominated", "on_caseload", *CONDITIONS)
INTEGERS = ("imd_decile", "age", *COUNTS)
CATEGORIES: dict[str, tuple[str, ...]] = {"sex": SEXES, "care_home_type": CARE_HOME_TYPES}

# Person number → nine digits of an id, one to one: ids then tell nothing about the order of rows.
_MODULUS, _STEP, _SHIFT = 1_000_000_000, 387_420_489, 123_456_789

DRAWN_AT_ONCE = 1_000_000
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

    def to_arrow(self, start: int = 0, stop: int | None = None) -> Any:
        """Some of the rows as a practice system would give them: text ids, categories as text; marked as made-up."""
        import pyarrow as pa

        rows = slice(start, len(self) if stop is None else stop)
        texts = {"practice_id": (self.practice[rows], self.practice_codes())}
        texts |= {name: (self.columns[name][rows].view(np.int8), CATEGORIES[name]) for name in CATEGORIES}
        columns: dict[str, Any] = {"patient_id": arrow_ids(id_bytes(self.person[rows]))}
        for name in ("practice_id", *self.columns):
            if name in texts:
                codes, values = texts[name]
                columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values)).cast(pa.string())
            else:
                columns[name] = pa.array(self.columns[name][rows])
        return pa.table(columns).replace_schema_metadata({b"casemgmt": b'{"synthetic": true}'})

    def practice_codes(self) -> list[str]:
        """The code of each practice, by its number."""
        return [practice_code(number) for number in range(self.practices)]

    def plain_columns(self) -> dict[str, npt.NDArray[Any]]:
        """What a data frame of numbers holds: row, practice number, flags, small integers; no copies."""
        return {"row": self.person, "practice": self.practice, **self.columns}


def id_bytes(person: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(people, 10): the letter P and nine digits."""
    number = id_numbers(person)
    out = np.empty((len(number), 10), dtype=np.uint8)
    out[:, 0] = ord("P")
    for place in range(9, 0, -1):
        number, digit = np.divmod(number, 10)
        out[:, place] = digit + ord("0")
    return out


def practice_code(number: int) -> str:
    """The code of a practice."""
    return f"B{number:05d}"


def practices_of(codes: Any) -> npt.NDArray[np.int64]:
    """The practice numbers of practice codes (an Arrow string array)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers: npt.NDArray[np.int64] = pc.utf8_slice_codeunits(codes, 1).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def arrow_ids(text: npt.NDArray[np.uint8]) -> Any:
    import pyarrow as pa

    offsets = np.arange(0, 10 * (len(text) + 1), 10, dtype=np.int32)
    return pa.StringArray.from_buffers(len(text), pa.py_buffer(offsets), pa.py_buffer(text))


def people_of(ids: Any) -> npt.NDArray[np.int64]:
    """The person numbers of patient ids (an Arrow string array)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.utf8_slice_codeunits(ids, 1).cast(pa.int64()).to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.int64] = _times(digits - _SHIFT, pow(_STEP, -1, _MODULUS))
    return found


def id_numbers(person: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return (_times(person.astype(np.int64), _STEP) + _SHIFT) % _MODULUS


def _times(numbers: npt.NDArray[np.int64], factor: int) -> npt.NDArray[np.int64]:
    """``numbers * factor`` modulo the number of ids; both are under 2**30, so the product fits."""
    return np.asarray((numbers % _MODULUS) * factor % _MODULUS, dtype=np.int64)


def make_population(patients: int, practices: int, order: Order = "sorted", seed: int = 20150401) -> Population:
    """People in practices of unequal size, the same for the same arguments.

    They are drawn a million at a time, each million from a seed of its own, so that little more is held than the
    columns: 48 bytes a person.
    """
    shares = np.random.default_rng([seed, 0]).lognormal(0.0, 0.5, practices)
    offsets = np.zeros(practices + 1, dtype=np.int64)
    offsets[1:] = np.floor(np.cumsum(shares) / shares.sum() * patients + 0.5)
    offsets[-1] = patients
    columns: dict[str, npt.NDArray[Any]] = {}
    for start in range(0, patients, DRAWN_AT_ONCE):
        stop = min(start + DRAWN_AT_ONCE, patients)
        drawn = _make_columns(np.random.default_rng([seed, 1, start]), stop - start)
        for name, values in drawn.items():
            columns.setdefault(name, np.empty(patients, dtype=values.dtype))[start:stop] = values
    person = np.arange(patients, dtype=np.int32)
    practice = np.repeat(np.arange(practices, dtype=np.int32), np.diff(offsets))
    if order == "shuffled":
        np.random.default_rng([seed, 2]).shuffle(person)
        practice = practice[person]
        for name, values in columns.items():
            columns[name] = values[person]
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


def usual_practices(patients: int) -> int:
    """England's for England's patients; otherwise one for 10,000 patients, and never fewer than ten."""
    return ENGLAND_PRACTICES if patients == ENGLAND_PATIENTS else max(10, patients // 10_000)
