"""What a register's rows come to, counted while they are read: a scanned or packed one can be judged by it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.dates import day_number
from casemgmt.register.cleaning import CleanedColumns, Problem
from casemgmt.register.columns import NO_DAY, Days
from casemgmt.texts.long_texts import counts_of
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.packing import Packed

_FEW = 100_000
WHOLE_LINE = "the whole line"  # of a CSV file, where no field is to blame

_AT_ONCE = 1 << 16  # few enough for the second cache

# Why a patient is never listed or never ranked; who has two reasons is counted under the first of them.
BARRED = ("died", "left", "not yet registered", "objected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Accepted patients by practice, and values by field.

    Attributes
    ----------
    accepted : by practice: patients
    on_list : by practice: patients on the list on the list date
    given : by field: values that accepted patients' rows had, whether or not they could be used
    barred : ``died`` or ``left`` by the extract date, ``not yet registered`` on the list date (never listed), or
        ``objected`` (never ranked) → by practice, patients; each counted once, under the first that is true
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    on_list: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)
    barred: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Of these rows and others."""
        barred = {why: _sum(self.barred.get(why, {}), other.barred.get(why, {})) for why in BARRED}
        return Counts(
            accepted=_sum(self.accepted, other.accepted),
            on_list=_sum(self.on_list, other.on_list),
            given=_sum(self.given, other.given),
            barred=barred,
        )

    def barred_in_all(self) -> dict[str, int]:
        """Barred patients over all practices, by reason; 0 where there are none."""
        return {why: sum(self.barred.get(why, {}).values()) for why in BARRED}

    def as_plain(self) -> dict[str, object]:
        """For JSON; :meth:`from_plain` reads it."""
        barred = {why: dict(by_practice) for why, by_practice in self.barred.items()}
        named = {"accepted": self.accepted, "on_list": self.on_list, "given": self.given}
        return {"barred": barred, **{name: dict(counts) for name, counts in named.items()}}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Counts:
        """What :meth:`as_plain` gave."""
        return cls(**{name: plain[name] for name in ("accepted", "on_list", "given", "barred")})


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    whole = dict(one)
    for name, count in other.items():
        whole[name] = whole.get(name, 0) + count
    return whole


def count_rows(practices: tuple[str, ...], packed: Packed, days: Days, as_of: dt.date, extracted_on: dt.date) -> Counts:
    """Accepted patients by practice, and who of them is barred.

    Parameters
    ----------
    practices : in the order of their numbers
    packed, days : of the accepted rows
    """
    import numpy as np

    def by_practice(rows: npt.NDArray[np.int64]) -> dict[str, int]:
        found = counts_of(packed.practice_of(rows).astype(np.int32), len(practices)).tolist()
        return {code: count for code, count in zip(practices, found, strict=True) if count}

    if packed.practice is None:
        accepted = np.diff(packed.offsets).tolist()
    else:
        accepted = counts_of(packed.practice, len(practices)).tolist()
    by_all = dict(zip(practices, accepted, strict=True))
    out = _unusual(packed)
    on_list, objected = packed.is_set("on_list", out), packed.is_set("objected", out)
    off = by_practice(out[~on_list])
    barred, left = {}, np.ones(len(out), dtype=bool)
    last = {"died": ("date_of_death", extracted_on), "left": ("deregistered_on", extracted_on)}
    for why in BARRED:
        if why in last:
            name, day = last[why]
            own = days[name][out] if name in days else np.full(len(out), NO_DAY)
            applies = (own != NO_DAY) & (own <= day_number(day))
        elif why == "objected":
            applies = objected
        else:
            own = days["registered_on"][out] if "registered_on" in days else np.full(len(out), NO_DAY)
            applies = (own != NO_DAY) & (own > day_number(as_of))
        barred[why] = by_practice(out[left & applies])
        left &= ~applies
    return Counts(
        accepted=by_all,
        on_list={code: count - off.get(code, 0) for code, count in by_all.items()},
        barred=barred,
    )


def _unusual(packed: Packed) -> npt.NDArray[np.int64]:
    """The rows that are not on the list, or not there any more, or objected; and perhaps some that only may have."""
    import numpy as np

    usual: dict[int, tuple[int, int]] = {}  # word → the bits that are looked at, and what they usually are
    for name, value in (("on_list", 1), ("present", 1), ("objected", 0)):
        if name in packed.slots:
            slot = packed.slots[name]
            bits, wanted = usual.get(slot.row, (0, 0))
            mask = ((1 << slot.width) - 1) << slot.shift
            usual[slot.row] = (bits | mask, wanted | value << slot.shift)
    found = np.zeros(packed.rows, dtype=bool)

    def look(low: int) -> npt.NDArray[np.int64]:
        part = slice(low, low + _AT_ONCE)
        for row, (bits, wanted) in usual.items():
            found[part] |= (packed.words[row, part] & np.uint64(bits)) != np.uint64(wanted)
        return np.flatnonzero(found[part]) + low

    pieces = on_threads(look, range(0, packed.rows, _AT_ONCE))
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)


def given_values(cleaned: CleanedColumns, problems: Sequence[Problem], kept: npt.NDArray[np.bool_]) -> dict[str, int]:
    """How many values the accepted rows gave of each field.

    Parameters
    ----------
    cleaned : field → its column as it was read, before gaps were filled
    problems : (field, rows, reason) of each value that was changed
    kept : bool, one a row: accepted
    """
    import numpy as np

    accepted, out = int(np.count_nonzero(kept)), np.flatnonzero(~kept)
    found = {}
    for name, column in cleaned.items():
        present = column.present if column.has_missing else None
        if present is None:
            found[name] = accepted
            continue
        changed = [rows for field_name, rows, _ in problems if field_name == name]
        lost = np.unique(np.concatenate(changed)) if changed else np.empty(0, dtype=np.int64)
        lost = lost[kept[lost] & ~present[lost]]
        found[name] = int(np.count_nonzero(present)) - int(np.count_nonzero(present[out])) + len(lost)
    return found


def by_practice_field_and_reason(table: pa.Table) -> dict[tuple[str | None, str, str], int]:
    """How often each occurs in a quarantine or a list of corrections: (practice, field, reason) → rows."""
    if not table.num_rows:
        return {}
    names = ["practice_id", "field", "reason"]
    if table.num_rows < _FEW:  # grouping in Arrow loads pandas
        rows = Counter(zip(*(table.column(name).to_pylist() for name in names), strict=True))
        return {(practice, name or WHOLE_LINE, reason): count for (practice, name, reason), count in rows.items()}
    found = table.select(names).group_by(names).aggregate([([], "count_all")])
    columns = [found.column(name).to_pylist() for name in (*names, "count_all")]
    return {
        (practice, name or WHOLE_LINE, reason): count for practice, name, reason, count in zip(*columns, strict=True)
    }


def by_field(counted: Mapping[tuple[str | None, str, str], int]) -> dict[str, int]:
    """The same by field alone, most first."""
    found: dict[str, int] = {}
    for (_, name, _), count in counted.items():
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
