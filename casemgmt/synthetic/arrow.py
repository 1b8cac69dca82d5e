"""A practice draw as Arrow columns, built from buffers: no Python object a person, and no pandas."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from casemgmt.dates import day_number
from casemgmt.register.fields import CONDITIONS, FIELDS
from casemgmt.synthetic.ages import OLDEST
from casemgmt.synthetic.assumptions import ETHNIC_GROUPS
from casemgmt.synthetic.outcomes import MONTHS, Outcomes
from casemgmt.synthetic.people import PracticeDraw

Flags = npt.NDArray[np.bool_]
Days = npt.NDArray[np.int32]

SERIAL_DIGITS = 6
_TYPES = {"id": pa.string(), "practice": pa.string(), "text": pa.string(), "category": pa.string()}
_TYPES |= {"integer": pa.int16(), "date": pa.date32(), "flag": pa.bool_()}
_NARROW = {"imd_decile": pa.int8(), "frailty_deficits": pa.int8(), "nomination_order": pa.int32()}

SCHEMA = pa.schema([pa.field(f.name, _NARROW.get(f.name, _TYPES[f.kind])) for f in FIELDS.values() if f.name != "age"])


MONTH_COLUMNS = tuple(f"emergency_admissions_m{month:02d}" for month in range(1, MONTHS + 1))
OUTCOME_SCHEMA = pa.schema(
    [
        *SCHEMA,
        ("recent_contact", pa.bool_()),
        *((name, pa.int8()) for name in MONTH_COLUMNS),
        ("emergency_admissions_year_before", pa.int16()),
        ("outcome_emergency_admission_12m", pa.bool_()),
        ("outcome_emergency_admissions_count_12m", pa.int16()),
        ("outcome_death_12m", pa.bool_()),
    ]
)


def record_batch(
    draw: PracticeDraw,
    as_of: dt.date,
    *,
    conditions: Mapping[str, Flags] | None = None,
    outcomes: Outcomes | None = None,
) -> Any:
    """The people of one practice as a record batch of ``SCHEMA``, or of ``OUTCOME_SCHEMA`` where there are outcomes.

    Parameters
    ----------
    draw : the people
    as_of : the list date
    conditions : the conditions to show; None means those that people have
    outcomes : what came before and what happens next
    """
    people = draw.age.size
    conditions = draw.conditions if conditions is None else conditions
    today = day_number(as_of)
    born = _births(draw, as_of)
    reviewed = draw.judgement.reviewed_days
    home_ids, home_types = ("", *(name for name, _ in draw.homes)), ("none", *(kind for _, kind in draw.homes))
    columns = {
        "patient_id": patient_ids(draw.practice.code, people),
        "practice_id": _repeated(draw.practice.code, people),
        "date_of_birth": _numbers(born, pa.date32()),
        "sex": _labels(draw.female.astype(np.int32), ("M", "F")),
        "imd_decile": _numbers(draw.imd_decile, pa.int8(), draw.imd_decile > 0),
        "ethnicity": _labels(draw.ethnicity, ETHNIC_GROUPS, draw.ethnicity < len(ETHNIC_GROUPS)),
        "care_home_type": _labels(draw.home, home_types),
        "care_home_id": _labels(draw.home, home_ids, draw.home > 0),
        "emergency_admissions_12m": _numbers(draw.use.emergency_admissions, pa.int16()),
        "ae_attendances_12m": _numbers(draw.use.ae_attendances, pa.int16()),
        "outpatient_attendances_12m": _numbers(draw.use.outpatient_attendances, pa.int16()),
        "gp_consultations_12m": _numbers(draw.use.gp_consultations, pa.int16()),
        "repeat_medicines": _numbers(draw.use.repeat_medicines, pa.int16()),
        "frailty_deficits": _numbers(np.maximum(draw.frailty_deficits, 0), pa.int8(), draw.frailty_deficits >= 0),
        "nominated": _flags(draw.judgement.nomination > 0),
        "nomination_order": _numbers(draw.judgement.nomination, pa.int32(), draw.judgement.nomination > 0),
        "on_caseload": _flags(draw.judgement.on_caseload),
        "last_review": _numbers(today - reviewed, pa.date32(), reviewed >= 0),
        "objected": _flags(draw.judgement.objected),
        "date_of_death": pa.nulls(people, pa.date32()),
        "registered_on": _numbers(today - draw.registered_days, pa.date32()),
        "deregistered_on": pa.nulls(people, pa.date32()),
        **{name: _flags(conditions[name]) for name in CONDITIONS},
    }
    if outcomes is not None:
        columns |= _outcome_columns(outcomes)
    schema = SCHEMA if outcomes is None else OUTCOME_SCHEMA
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _outcome_columns(outcomes: Outcomes) -> dict[str, Any]:
    months = zip(MONTH_COLUMNS, outcomes.months, strict=True)
    return {
        "recent_contact": _flags(outcomes.recent_contact),
        **{name: _numbers(counts, pa.int8()) for name, counts in months},
        "emergency_admissions_year_before": _numbers(outcomes.year_before, pa.int16()),
        "outcome_emergency_admission_12m": _flags(outcomes.admissions > 0),
        "outcome_emergency_admissions_count_12m": _numbers(outcomes.admissions, pa.int16()),
        "outcome_death_12m": _flags(outcomes.died),
    }


def latest_births(as_of: dt.date) -> Days:
    """For each age from 0 to one beyond the oldest, the last day of birth of someone of that age on ``as_of``."""
    days = []
    for age in range(OLDEST + 2):
        year = as_of.year - age
        last_of_month = calendar.monthrange(year, as_of.month)[1]
        days.append(day_number(dt.date(year, as_of.month, min(as_of.day, last_of_month))))
    return np.array(days, dtype=np.int32)


def _births(draw: PracticeDraw, as_of: dt.date) -> Days:
    latest = latest_births(as_of)
    length = latest[:-1] - latest[1:]
    # A single-precision share can round up to the whole year.
    back = np.minimum((draw.birthday * length[draw.age]).astype(np.int32), length[draw.age] - 1)
    return np.asarray(latest[draw.age] - back, dtype=np.int32)


def _numbers(values: npt.NDArray[Any], kind: Any, valid: Flags | None = None) -> Any:
    width = np.dtype(f"i{kind.bit_width // 8}")
    values = np.ascontiguousarray(values if valid is None else np.where(valid, values, 0), dtype=width)
    mask = None if valid is None else _bits(valid)
    return pa.Array.from_buffers(kind, len(values), [mask, pa.py_buffer(values)])


def _flags(values: Flags) -> Any:
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def _bits(values: Flags) -> Any:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _labels(codes: npt.NDArray[Any], labels: Sequence[str], valid: Flags | None = None) -> Any:
    indices = _numbers(np.minimum(codes, len(labels) - 1), pa.int32(), valid)
    return pa.DictionaryArray.from_arrays(indices, _texts(labels)).dictionary_decode()


def _texts(values: Sequence[str]) -> Any:
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *(len(value) for value in encoded)]).astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def _repeated(text: str, count: int) -> Any:
    return _fixed_width(np.tile(np.frombuffer(text.encode("ascii"), dtype=np.uint8), (count, 1)))


def patient_ids(code: str, count: int) -> Any:
    """``C87002-000123``: letters and a hyphen, so never taken for an NHS number, and unique over England."""
    stem = np.frombuffer(f"{code}-".encode("ascii"), dtype=np.uint8)
    ids = np.empty((count, stem.size + SERIAL_DIGITS), dtype=np.uint8)
    ids[:, : stem.size] = stem
    ids[:, stem.size :] = _serials(1 << max(count - 1, 0).bit_length())[:count]
    return _fixed_width(ids)


@cache
def _serials(count: int) -> npt.NDArray[np.uint8]:
    powers = 10 ** np.arange(SERIAL_DIGITS - 1, -1, -1)
    return (np.arange(1, count + 1)[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _fixed_width(letters: npt.NDArray[np.uint8]) -> Any:
    count, width = letters.shape
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(letters)])
