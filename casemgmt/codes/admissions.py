"""Hospital records counted a patient: spells from episodes, emergency admissions, A&E and outpatient attendances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from casemgmt import arguments
from casemgmt.arrow import array_of, column_of, rows_of, texts
from casemgmt.codes.counting import FATES, NEEDED, SET_ASIDE, Counter
from casemgmt.codes.events import Events
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.codes.set_aside import MOST_SET_ASIDE, said_of
from casemgmt.codes.source_rows import NOTHING_SAID
from casemgmt.codes.windows import Window, window_of
from casemgmt.dates import as_date
from casemgmt.errors import InputError, did_you_mean, plural
from casemgmt.register.limits import share_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from casemgmt.annotations import Files

Spells = Literal["provider", "continuous"]


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

    Notes
    -----
    ``admissions_12m`` are the spells that began in the window, ``emergency_admissions_12m`` those by methods 21–25,
    2A–2D or 28. An admission is a hospital provider spell, counted on the day on which it began. Regular day and night
    attenders (PATIENT CLASSIFICATION CODE 3 and 4, such as for dialysis) are none, as in the publications of Hospital
    Episode Statistics; without ``patient_classification`` they cannot be told apart, and count. A transfer is told by
    SOURCE OF ADMISSION CODE 49 to 53, 84 and 87, or by ADMISSION METHOD CODE 81 and 2B (NHS Data Dictionary). Under
    ``spells="continuous"`` it joins the stay before it, where that ended at most two days earlier, which follows NHS
    Digital's continuous inpatient spells; or, where no discharge date is given, began at most 30 days earlier, which is
    our decision. ``definitions`` says of every column what was counted and what could not be told.

    Episodes of one ``spell_id`` are one spell; an episode without one is a spell of its own; without that column, the
    episodes of one patient and day (and ``provider_id``) are one. The first episode is that of the lowest
    ``episode_order``, then of the earliest day, then an emergency before others: never the order of the table.
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
        bad = said_of(self.set_aside)
        counts = f"{plural(len(self), 'patient')} of {plural(rows, 'row')} up to {self.as_of}"
        return f"<Admissions: {counts}{bad}{self._unread()}>"

    @property
    def set_aside(self) -> dict[str, int]:
        """Rows that did not count for a fault of their own, by what it was."""
        return {name: sum(self.account.column(name).to_pylist()) for name in SET_ASIDE}

    def _unread(self) -> str:
        """Of the columns of codes, how many values say nothing."""
        found: dict[str, int] = {}
        for row in self.reasons.to_pylist():
            if row["reason"].startswith(NOTHING_SAID):
                found[row["field"]] = found.get(row["field"], 0) + row["rows"]
        return said_of(found, "missing, not known or not read")

    @property
    def reasons(self) -> pa.Table:
        """How many rows the report names, by kind, field and reason."""
        table = self.report.group_by(["kind", "field", "reason"], use_threads=False).aggregate([([], "count_all")])
        names = ["kind", "field", "reason"]
        return table.rename_columns([*names, "rows"]).sort_by([(name, "ascending") for name in names])

    def to_arrow(self) -> pa.Table:
        """One row a patient: patient_id and the counts, each column's definition in its field's metadata."""
        import pyarrow as pa

        fields = [pa.field("patient_id", self.patients.type)]
        fields += [pa.field(name, pa.int32(), metadata={"definition": self.definitions[name]}) for name in self.counts]
        columns = [self.patients, *(array_of(count, pa.int32()) for count in self.counts.values())]
        return pa.table(columns, schema=pa.schema(fields))

    def to_pandas(self) -> pd.DataFrame:
        """:meth:`to_arrow` as a pandas data frame."""
        return self.to_arrow().to_pandas()


@arguments.checked(columns=arguments.text_mapping, spells=arguments.text, date_format=arguments.text_or_none)
def count_admissions(
    episodes: Files | Events | Mapping[str, Files | Events],
    *,
    as_of: str | dt.date,
    windows: Sequence[str | Window] | str = ("12 months",),
    spells: Spells = "provider",
    max_set_aside: str = MOST_SET_ASIDE,
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    encoding: str = "utf-8",
) -> Admissions:
    """One row a patient of admissions and attendances in the months up to a day; each column's metadata defines it.

    Parameters
    ----------
    episodes : inpatient episodes, or up to three sources, ``{"inpatient": …, "ae": …, "outpatient": …}``; each a path,
        a list of paths, a frame, or an :class:`~casemgmt.codes.events.Events`. Inpatient rows have ``patient_id``,
        ``admission_date``, ``admission_method`` and may have ``spell_id``, ``provider_id``, ``episode_order``,
        ``patient_classification``, ``admission_source`` and ``discharge_date``; others ``patient_id`` and
        ``attendance_date``, and of outpatients ``attended``; the names of Hospital Episode Statistics will do
    as_of : the last day that counts (ISO)
    windows : look-back windows that end on ``as_of``, such as ``("12 months", "30 days")``: a column for each
    spells : ``"provider"``: a transfer from another hospital is an admission of its own; ``"continuous"``: it joins the
        stay before it. :class:`~casemgmt.codes.admissions.Admissions` says what an admission is, and how stays join
    max_set_aside : the share of the values of a column that may be unreadable before the source is refused
    columns, date_format, encoding : as in :func:`casemgmt.derive_conditions`, for sources that are no ``Events``

    Raises
    ------
    InputError
        A missing column, a kind of source that is not known, a window that cannot be read; a column that is empty, of
        which not a fifth can be read, or of which more than ``max_set_aside`` cannot.

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
    asked = _windows(windows)
    if spells not in get_args(Spells):
        raise InputError("spells= is 'provider' or 'continuous'.")
    most = share_of(max_set_aside, "max_set_aside")
    counters = [Counter(kind, day, asked, spells, most) for kind in sources]
    for counter, source in zip(counters, sources.values(), strict=True):
        counter.take_in(source)
    return _joined(day, counters)


def _windows(windows: Sequence[str | Window] | str) -> list[Window]:
    spans = [window_of(each, "windows") for each in (windows if isinstance(windows, (list, tuple)) else [windows])]
    asked = [span for span in spans if span is not None]
    if not asked or len(asked) < len(spans):
        raise InputError("windows= needs at least one window, such as windows=('12 months',), and each an end.")
    return asked


def _sources(episodes: Any, told: Events) -> dict[str, Events]:
    given = dict(episodes) if isinstance(episodes, Mapping) else {"inpatient": episodes}
    for kind in given:
        if kind not in NEEDED:
            raise InputError(
                f"episodes= has no kind '{kind}'.{did_you_mean(str(kind), list(NEEDED))} "
                "Known: 'inpatient', 'ae', 'outpatient'."
            )
    return {
        kind: each if isinstance(each, Events) else Events(each, told.columns, told.date_format, told.encoding)
        for kind, each in given.items()
    }


def _joined(day: dt.date, counters: Sequence[Counter]) -> Admissions:
    import pyarrow as pa
    import pyarrow.compute as pc

    from casemgmt.codes.merging import order_of

    named = [counter.everyone for counter in counters]
    if len({pa.types.is_integer(ids.type) for ids in named}) > 1:
        raise ids_of_two_kinds()
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
    names = (*FATES, "unsplit")
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
