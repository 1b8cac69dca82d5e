"""Hospital records counted a patient: spells from episodes, emergency admissions, A&E and outpatient attendances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt import arguments
from casemgmt.arrow import array_of, column_of, in_one_piece, rows_of, texts
from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS
from casemgmt.codes.events import Batch, Events, days_of, ids_of, open_events
from casemgmt.codes.spells import as_texts, order_in_spell, spell_numbers
from casemgmt.codes.windows import Window, window_of
from casemgmt.dates import as_date, day_number
from casemgmt.errors import InputError, did_you_mean, plural
from casemgmt.register.columns import NO_DAY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Admission methods of the NHS Data Dictionary: planned, emergency, maternity, other, and not known.
OTHER_METHODS = ("11", "12", "13", "31", "32", "81", "82", "83", "84", "89", "98", "99")
# Attended: seen, and arrived late but seen (NHS Data Dictionary, ATTENDED OR DID NOT ATTEND CODE).
SEEN = ("5", "6", "true", "1")

_NEEDED = {
    "inpatient": ("patient_id", "admission_date", "admission_method"),
    "ae": ("patient_id", "attendance_date"),
    "outpatient": ("patient_id", "attendance_date"),
}
_OPTIONAL = {
    "inpatient": ("spell_id", "provider_id", "episode_order"),
    "ae": (),
    "outpatient": ("attended",),
}
_FATES = ("counted", "further_episodes", "not_attended", "outside_windows", "after_as_of", "undated", "without_patient")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Admissions:
    """What :func:`casemgmt.count_admissions` gives.

    Attributes
    ----------
    as_of : the last day that counts
    patients : each patient that a row names, once, in ascending order
    counts : int32 a patient, by column name
    definitions : how each column was counted
    account : a row a source: kind, rows_in, and the rows of each fate, which add up to them
    report : the rows to look at: kind, source_row (from 0), field, reason; never a value
    """

    as_of: dt.date
    patients: pa.Array
    counts: Mapping[str, npt.NDArray[np.int32]]
    definitions: Mapping[str, str]
    account: pa.Table
    report: pa.Table

    def __len__(self) -> int:
        """Patients."""
        return len(self.patients)

    def __repr__(self) -> str:
        """Counts only."""
        rows = sum(self.account.column("rows_in").to_pylist())
        return f"<Admissions: {plural(len(self), 'patient')} of {plural(rows, 'row')} up to {self.as_of}>"

    def to_arrow(self) -> pa.Table:
        """One row a patient: patient_id and the counts, each column's definition in its field's metadata."""
        import pyarrow as pa

        fields = [pa.field("patient_id", self.patients.type)]
        fields += [pa.field(name, pa.int32(), metadata={"definition": self.definitions[name]}) for name in self.counts]
        columns = [self.patients, *(array_of(count, pa.int32()) for count in self.counts.values())]
        return pa.table(columns, schema=pa.schema(fields))

    def to_pandas(self) -> Any:
        """:meth:`to_arrow` as a pandas data frame."""
        return self.to_arrow().to_pandas()


class _Days(NamedTuple):
    """What is counted: the patient and day of each, whether it was an emergency, and what the rest of the rows were."""

    ids: pa.Array
    days: npt.NDArray[np.int32]
    emergency: npt.NDArray[np.bool_]


@arguments.checked(columns=arguments.text_mapping)
def count_admissions(
    episodes: Any,
    *,
    as_of: str | dt.date,
    windows: Sequence[str | Window] | str = ("12 months",),
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    encoding: str = "utf-8",
) -> Admissions:
    """One row a patient of admissions and attendances in the months up to a day.

    Parameters
    ----------
    episodes : inpatient episodes, or a mapping of up to three sources, ``{"inpatient": …, "ae": …, "outpatient": …}``;
        each a path, a list of paths, a frame, or an :class:`~casemgmt.codes.events.Events`.
        Inpatient rows have ``patient_id``, ``admission_date``, ``admission_method`` and may have ``spell_id``,
        ``provider_id`` and ``episode_order``; A&E and outpatient rows have ``patient_id`` and ``attendance_date``, and
        outpatient rows may have ``attended``
    as_of : the last day that counts (ISO)
    windows : look-back windows that end on ``as_of``, such as ``("12 months", "30 days")``: a column for each
    columns, date_format, encoding : as in :func:`casemgmt.derive_conditions`, for sources that are no ``Events``

    Returns
    -------
    Admissions
        ``admissions_12m`` (spells that began in the window), ``emergency_admissions_12m`` (those by methods 21–25,
        2A–2D or 28), ``ae_attendances_12m``, ``outpatient_attendances_12m``; each column's metadata defines it.

    Raises
    ------
    InputError
        A missing column, a kind of source that is not known, a window that cannot be read.

    Examples
    --------
    >>> import datetime as dt, pyarrow as pa, casemgmt as cm
    >>> rows = pa.table({"patient_id": ["a", "a"], "admission_method": ["21", "11"],
    ...                  "admission_date": [dt.date(2024, 1, 5), dt.date(2023, 6, 1)]})
    >>> cm.count_admissions(rows, as_of="2024-02-01").to_arrow().to_pylist()
    [{'patient_id': 'a', 'admissions_12m': 2, 'emergency_admissions_12m': 1}]
    """
    day = as_date(as_of)
    sources = _sources(episodes, Events(None, columns or {}, date_format, encoding))
    spans = [window_of(each, "windows") for each in (windows if isinstance(windows, (list, tuple)) else [windows])]
    asked = [span for span in spans if span is not None]
    if not asked or len(asked) < len(spans):
        raise InputError("windows= needs at least one window, such as windows=('12 months',), and each an end.")
    counters = [_Counter(kind, day, asked) for kind in sources]
    for counter, source in zip(counters, sources.values(), strict=True):
        counter.take_in(source)
    return _joined(day, counters)


def _sources(episodes: Any, told: Events) -> dict[str, Events]:
    given = dict(episodes) if isinstance(episodes, Mapping) else {"inpatient": episodes}
    for kind in given:
        if kind not in _NEEDED:
            raise InputError(
                f"episodes= has no kind '{kind}'.{did_you_mean(str(kind), list(_NEEDED))} "
                "Known: 'inpatient', 'ae', 'outpatient'."
            )
    return {
        kind: each if isinstance(each, Events) else Events(each, told.columns, told.date_format, told.encoding)
        for kind, each in given.items()
    }


class _Counter:
    """Counts the rows of one source."""

    def __init__(self, kind: str, as_of: dt.date, windows: Sequence[Window]) -> None:
        self.kind, self.as_of, self.windows = kind, day_number(as_of), windows
        self.first_days = [day_number(window.first_day(as_of)) for window in windows]
        self.fates = dict.fromkeys(_FATES, 0)
        self.reported: list[tuple[int, str, str]] = []
        self.definitions: dict[str, str] = {}
        self.found: _Days | None = None

    def take_in(self, events: Events) -> None:
        """Read the source and settle what is counted."""
        import numpy as np

        opened = open_events(events, _NEEDED[self.kind], _OPTIONAL[self.kind])
        self.fates["unsplit"] = len(opened.unsplit)
        self.reported += [(row, "", reason) for row, reason in opened.unsplit]
        batch = _whole(list(opened.batches))
        ids, present = ids_of(batch.columns["patient_id"])
        name = "admission_date" if self.kind == "inpatient" else "attendance_date"
        days, problems = days_of(batch.columns[name], name, events.date_format)
        for rows, reason in problems:
            self._report(batch, rows, name, reason)
        named = np.ones(batch.rows, dtype=bool) if present is None else present
        self.fates["without_patient"] += self._count(~named)
        self._report(batch, np.flatnonzero(~named), "patient_id", "missing")
        self.fates["undated"] += self._count(named & (days == NO_DAY))
        rows = np.flatnonzero(named & (days != NO_DAY))
        rows, emergency = self._settled(batch, rows, ids, days)
        late, early = days[rows] > self.as_of, days[rows] < min(self.first_days)
        self.fates["after_as_of"] += self._count(late)
        self.fates["outside_windows"] += self._count(early & ~late)
        self.fates["counted"] += self._count(~early & ~late)
        everyone = ids.take(rows_of(np.flatnonzero(named)))
        self.found = _Days(ids.take(rows_of(rows)), days[rows], emergency)
        self.everyone = everyone

    def _count(self, where: npt.NDArray[np.bool_]) -> int:
        return int(where.sum())

    def _report(self, batch: Batch, rows: Any, name: str, reason: str) -> None:
        self.reported += [(int(row), name, reason) for row in batch.source_rows(rows)]

    def _settled(self, batch: Batch, rows: Any, ids: pa.Array, days: Any) -> tuple[Any, npt.NDArray[np.bool_]]:
        """The rows that count, and which of them were emergencies."""
        import numpy as np

        if self.kind == "inpatient":
            return self._spells(batch, rows, ids, days)
        if "attended" in batch.columns:
            seen = np.isin(as_texts(batch.columns["attended"]), SEEN)
            self.fates["not_attended"] += self._count(~seen[rows])
            rows = rows[seen[rows]]
        return rows, np.zeros(len(rows), dtype=bool)

    def _spells(self, batch: Batch, rows: Any, ids: pa.Array, days: Any) -> tuple[Any, npt.NDArray[np.bool_]]:
        """The first episode of each spell; the others are counted as further episodes."""
        import numpy as np

        methods = as_texts(batch.columns["admission_method"])
        unknown = rows[~np.isin(methods[rows], (*EMERGENCY_METHODS, *OTHER_METHODS))]
        self._report(batch, unknown, "admission_method", "missing or not a method: not taken as an emergency")
        spell, self.rule = spell_numbers(batch, rows, ids, days)
        order = np.zeros(len(rows), dtype=np.int64)
        if "episode_order" in batch.columns:
            order = order_in_spell(batch.columns["episode_order"])[rows]
        by_spell = np.lexsort((rows, order, spell))
        starts = np.flatnonzero(np.diff(spell[by_spell], prepend=-1))
        first = np.empty(len(rows), dtype=np.int64)
        first[by_spell] = by_spell[np.repeat(starts, np.diff(np.append(starts, len(rows))))]
        differ = (days[rows] != days[rows][first]) | (methods[rows] != methods[rows][first])
        self._report(batch, rows[differ], "spell_id", "other date or method than the spell's first episode")
        self.fates["further_episodes"] += len(rows) - len(starts)
        kept = np.sort(by_spell[starts])
        return rows[kept], np.isin(methods[rows[kept]], EMERGENCY_METHODS)

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
            methods = ", ".join(sorted(EMERGENCY_METHODS))
            self.definitions[f"admissions_{window.suffix}"] = f"Spells that began {when}. {self.rule}."
            self.definitions[f"emergency_admissions_{window.suffix}"] = (
                f"Spells that began {when}, of which the first episode has admission method {methods}. {self.rule}."
            )
            return {
                f"admissions_{window.suffix}": count(inside),
                f"emergency_admissions_{window.suffix}": count(inside & self.found.emergency),
            }
        named = "A&E attendances" if self.kind == "ae" else "Outpatient attendances"
        seen = " Rows that say the patient was not seen do not count." if self.fates["not_attended"] else ""
        self.definitions[f"{self.kind}_attendances_{window.suffix}"] = f"{named} {when}, a row each.{seen}"
        return {f"{self.kind}_attendances_{window.suffix}": count(inside)}


def _joined(day: dt.date, counters: Sequence[_Counter]) -> Admissions:
    import pyarrow as pa
    import pyarrow.compute as pc

    from casemgmt.codes.merging import order_of

    named = [counter.everyone for counter in counters]
    if len({pa.types.is_integer(ids.type) for ids in named}) > 1:
        raise InputError("patient_id is text in one source and a number in another. Give both as text.")
    wide = pa.int64() if pa.types.is_integer(named[0].type) else pa.large_string()
    people = pc.unique(pa.concat_arrays([ids.cast(wide) for ids in named]))
    people = people.take(rows_of(order_of(people)))
    counts: dict[str, Any] = {}
    for counter in counters:
        assert counter.found is not None  # noqa: S101  -- each has taken in its source
        counter.found = counter.found._replace(ids=counter.found.ids.cast(wide))
        for window, first_day in zip(counter.windows, counter.first_days, strict=True):
            counts |= counter.columns(window, first_day, people)
    rows = [(counter.kind, *each) for counter in counters for each in sorted(counter.reported)]
    names = (*_FATES, "unsplit")
    account = {"kind": texts([counter.kind for counter in counters])}
    account["rows_in"] = column_of([sum(counter.fates.values()) for counter in counters], pa.int64())
    account |= {name: column_of([counter.fates[name] for counter in counters], pa.int64()) for name in names}
    return Admissions(
        as_of=day,
        patients=people,
        counts=counts,
        definitions={name: text for counter in counters for name, text in counter.definitions.items()},
        account=pa.table(account),
        report=pa.table(
            [
                texts([kind for kind, _, _, _ in rows]),
                column_of([row for _, row, _, _ in rows], pa.int64()),
                texts([name for _, _, name, _ in rows]),
                texts([reason for _, _, _, reason in rows]),
            ],
            names=["kind", "source_row", "field", "reason"],
        ),
    )


def _whole(batches: list[Batch]) -> Batch:
    """All rows of a source as one batch."""
    import pyarrow as pa

    if len(batches) == 1:
        return batches[0]
    if not batches:
        raise InputError("A source of episodes has no rows at all, so that its columns cannot be told.")
    columns = {
        name: in_one_piece(pa.chunked_array([batch.columns[name] for batch in batches])) for name in batches[0].columns
    }
    return Batch(columns, sum(batch.rows for batch in batches), 0)
