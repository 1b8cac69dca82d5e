"""Avoidable emergency admissions: chronic ambulatory-care-sensitive conditions, by the NHS rule set (CCG 2.6)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import rows_of, texts
from casemgmt.codes.avoidable_rules import DIAGNOSES, FILTERS, GROUPS, KNOWN_VALUES, PROCEDURES, RULES, Filter
from casemgmt.codes.coded_episodes import CodesOfEpisodes, EpisodeTable, Fault
from casemgmt.codes.set_aside import MOST_SET_ASIDE, check_share
from casemgmt.codes.small_codes import check_readable, whole_texts
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.limits import share_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.annotations import TableLike
    from casemgmt.codes.events import Events

    Bools = npt.NDArray[np.bool_]

_HES_NAMES = {each.hes: each.field for each in FILTERS} | {
    "ADMIDATE": "admission_date",
    "PATIENT_CLASSIFICATION": "patient_class",
}
_OUTSIDE = "admission_date: outside the window"
_NO_DATE = "admission_date: missing"
_NO_PRIMARY = "diagnoses: no primary diagnosis"
_BAD_PRIMARY = "diagnoses: the primary diagnosis is not an ICD-10 code"
_OTHER = "diagnoses: the primary diagnosis is none of those counted"
_LACKS = "diagnoses: acute bronchitis without chronic lung disease"
_BESIDE = "diagnoses: a diagnosis that excludes it"
_PROCEDURE = "procedures: a procedure that excludes it"
UNDECIDED = "undecided: a code on which it depends cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AvoidableAdmissions:
    """Which episodes are avoidable emergency admissions.

    Attributes
    ----------
    episodes : one row a source row, in its order: source_row; patient_id, practice_id and admission_date where the
        source has them; ``group`` (one of ``GROUPS``; null where the episode is not counted); ``reason`` (why it is
        not: the column, and what it says; null where it is)
    faults : source_row, field and reason of each code or date that cannot be read, and of each CSV line that could not
        be split into columns (field null); no values

    Notes
    -----
    Source: indicator 2.6 of the CCG Outcomes Indicator Set (NHS Outcomes Framework 2.3.i), NHS Digital, specification
    1.15, December 2018. It prints "I20 or I25 and no procedure" without brackets; the procedures are read as excluding
    both. Acute conditions are another indicator. A code that cannot be read is in ``faults``; an admission that depends
    on it is undecided, and not counted.
    """

    episodes: pa.Table
    faults: pa.Table

    def __len__(self) -> int:
        """How many admissions are avoidable."""
        return int(self.episodes.num_rows - self.episodes["group"].null_count)

    @property
    def undecided(self) -> int:
        """How many admissions depend on a code that cannot be read; they are not counted."""
        return int(self.episodes["reason"].to_pylist().count(UNDECIDED))

    def counts(self, *by: str) -> pa.Table:
        """How many avoidable admissions, one row a group; with ``by``, a group of each value of those columns.

        Parameters
        ----------
        by : columns of ``episodes``, such as ``practice_id``

        Returns
        -------
        The columns named, ``group`` and ``admissions`` (int64, at least 1), ordered by the columns.
        """
        import pyarrow.compute as pc

        for name in arguments.texts(by, "by"):
            if name not in self.episodes.column_names:
                raise InputError(
                    f"by: the episodes have no column '{name}'. Known: {listed(self.episodes.column_names)}."
                )
        counted = self.episodes.filter(pc.is_valid(self.episodes["group"]))
        table = counted.group_by([*by, "group"], use_threads=False).aggregate([([], "count_all")])
        table = table.rename_columns([*by, "group", "admissions"])
        return table.sort_by([(name, "ascending") for name in (*by, "group")])

    def __repr__(self) -> str:
        """Counts only."""
        avoidable = plural(len(self), "avoidable emergency admission")
        undecided = f", {self.undecided:,} undecided" if self.undecided else ""
        faults = f", {plural(self.faults.num_rows, 'code')} not read" if self.faults.num_rows else ""
        return f"<AvoidableAdmissions: {avoidable} in {plural(self.episodes.num_rows, 'episode')}{undecided}{faults}>"


@arguments.checked(
    diagnoses=arguments.texts_as_given,
    procedures=arguments.texts_as_given,
    columns=arguments.text_mapping,
    date_format=arguments.text_or_none,
)
def avoidable_admissions(
    episodes: TableLike | Events,
    *,
    diagnoses: str | Sequence[str] = "diagnoses",
    procedures: str | Sequence[str] = "procedures",
    columns: Mapping[str, str] | None = None,
    assume: Sequence[str] = (),
    as_of: str | dt.date | None = None,
    lookback: str | None = None,
    date_format: str | None = None,
    max_set_aside: str = MOST_SET_ASIDE,
) -> AvoidableAdmissions:
    """The emergency admissions for chronic ambulatory-care-sensitive conditions among hospital episodes.

    By indicator 2.6 of the CCG Outcomes Indicator Set (source: :class:`~casemgmt.codes.avoidable.AvoidableAdmissions`):
    the primary diagnosis of the first episode of an emergency spell decides, beside some others and procedures.

    Parameters
    ----------
    episodes : a path, or a frame (pandas, polars, pyarrow, DuckDB); one row an episode, with the columns
        ``admission_method``, ``episode_status``, ``episode_order``, ``admission_source``, ``episode_type``,
        ``patient_class``, ``age`` (at its start, in years, or 7001 to 7007 under one year) and ``sex``, coded as
        Hospital Episode Statistics code them; their names (``ADMIMETH``, ``CLASSPAT``…) are understood as well
    diagnoses, procedures : the column of lists of ICD-10 (OPCS-4) codes, the primary first; or the columns of one code
        each, in order, such as ``diag_01`` to ``diag_20``; ``()`` for no procedures to look at
    columns : the source's column name → ours, such as ``{"ADMIMETH": "admission_method"}``
    assume : columns that the source lacks because it holds only rows that count by them
    as_of, lookback : count admissions of the ``"12 months"``, say, up to ``as_of``, that day included; else, all
    date_format : how admission dates are written where they are text; ISO without
    max_set_aside : the share of the codes or dates that may be unreadable before the source is refused

    Raises
    ------
    InputError
        A column is missing and not assumed (all are named at once); codes are numbers; a window without its end; a
        column of which too little can be read.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from casemgmt.codes.avoidable_rules import FILTERS
    >>> spell = pa.table({"admission_method": ["21"], "diagnoses": [["J45.9"]], "procedures": [["U20.1"]]})
    >>> cm.avoidable_admissions(spell, assume=[each.field for each in FILTERS[1:]]).counts().to_pylist()
    [{'group': 'asthma', 'admissions': 1}]
    """
    most, window = share_of(max_set_aside, "max_set_aside"), _window(as_of, lookback)
    wanted = [each.field for each in FILTERS if each.field not in _known(assume)]
    needed = [*wanted, "admission_date"] if window else wanted
    table = EpisodeTable.read(
        episodes, columns or {}, needed=needed, codes=(diagnoses, procedures), known_as=_HES_NAMES
    )
    judged = _Judged(table.rows)
    for each in FILTERS:
        if each.field in wanted:
            judged.filter(each, table.column(each.field))
    faults = _keep_within(window, judged, table, date_format, most) if window else []
    faults += _judge_codes(judged, table, diagnoses, procedures, most)
    carried = {name: table.column(name) for name in ("patient_id", "practice_id", "admission_date") if table.has(name)}
    episodes_judged = judged.table({"source_row": rows_of(table.source_rows), **carried})
    return AvoidableAdmissions(episodes=episodes_judged, faults=table.faults(faults))


def _keep_within(
    window: tuple[int, int], judged: _Judged, table: EpisodeTable, date_format: str | None, most: Fraction
) -> list[Fault]:
    """Set aside the episodes that began outside the window; the dates that cannot be read."""
    day, faults = table.days("admission_date", date_format)
    _check_days(int((day != table.no_day).sum()), faults, most)
    judged.settle(_NO_DATE, day == table.no_day)
    judged.settle(_OUTSIDE, (day < window[0]) | (day > window[1]))
    return faults


def _judge_codes(
    judged: _Judged,
    table: EpisodeTable,
    diagnoses: str | Sequence[str],
    procedures: str | Sequence[str],
    most: Fraction,
) -> list[Fault]:
    """Judge the episodes that are left by their codes; the codes that cannot be read."""
    from casemgmt.codes.listfiles import load_codelist

    found = CodesOfEpisodes(table, diagnoses, load_codelist(DIAGNOSES), "diagnoses")
    done = CodesOfEpisodes(table, procedures, load_codelist(PROCEDURES), "procedures", not_known="&")
    for name, codes, system in (("diagnoses", found, "icd10"), ("procedures", done, "opcs4")):
        remedy = f"Give {system} codes as text."
        check_share(f"Column '{name}'", codes.given, codes.bad, most, codes.why, remedy)
    judged.diagnose(found, done)
    return [*found.faults, *done.faults]


def _check_days(readable: int, faults: Sequence[Fault], most: Fraction) -> None:
    """Refuse admission dates of which too little can be read."""
    why = min((reason for _, _, reason in faults), default="")
    remedy = "Say how it is written with date_format=, such as date_format='%d/%m/%Y'."
    check_readable("admission_date", "a date", readable, len(faults), remedy, why)
    check_share("Column 'admission_date'", readable + len(faults), len(faults), most, why, remedy)


def _known(assume: Sequence[str]) -> Sequence[str]:
    fields = [each.field for each in FILTERS]
    if not isinstance(assume, str):
        assume = arguments.texts(assume, "assume")
    unknown = [name for name in assume if name not in fields]
    if isinstance(assume, str) or unknown:
        raise InputError(f"assume: give a list of columns, of which these can be assumed: {listed(fields)}.")
    return assume


def _window(as_of: str | dt.date | None, lookback: str | None) -> tuple[int, int] | None:
    """The first and the last day, as day numbers."""
    from casemgmt.codes.windows import window_of
    from casemgmt.dates import as_date, day_number

    window = window_of(lookback, "lookback")
    if (as_of is None) != (window is None):
        raise InputError("as_of and lookback go together: a window needs its last day and its length.")
    if as_of is None or window is None:
        return None
    last = as_date(as_of)
    return day_number(window.first_day(last)), day_number(last)


class _Judged:
    """The verdict on each episode, settled once: a group, or a reason why not."""

    def __init__(self, rows: int) -> None:
        import numpy as np

        self._words: list[str] = []
        self._verdict = np.full(rows, -1, dtype=np.int64)

    def settle(self, words: str, where: Bools) -> None:
        """Say ``words`` of the episodes given of which nothing was said yet."""
        self._words.append(words)
        self._verdict[where & (self._verdict < 0)] = len(self._words) - 1

    def filter(self, each: Filter, column: Any) -> None:
        """Set aside the episodes that a column says are of another kind."""
        import numpy as np

        values, distinct = whole_texts(column, each.field)
        unknown = np.array(
            [*(value != "" and not re.fullmatch(KNOWN_VALUES[each.field], value) for value in distinct), False]
        )
        given = np.array([*(value != "" for value in distinct), False])
        unread = int(unknown[values].sum())
        readable = int(given[values].sum()) - unread
        expected = f"a value of {each.hes}"
        check_readable(each.field, expected, readable, unread, "Give it as Hospital Episode Statistics code it.")
        counts = [value in each.allowed if each.allowed else value not in each.refused for value in distinct]
        missing = np.array([value == "" for value in distinct] + [True])
        self.settle(f"{each.field}: missing", missing[values])
        self.settle(f"{each.field}: {each.otherwise}", ~np.array([*counts, False])[values])

    def diagnose(self, found: CodesOfEpisodes, done: CodesOfEpisodes) -> None:
        """Judge the episodes that are left by their codes."""
        import numpy as np

        self.settle(_NO_PRIMARY, ~found.first_present)
        self.settle(_BAD_PRIMARY, found.first_unread)
        nowhere = np.zeros(len(self._verdict), dtype=bool)
        for rule in RULES:
            primary = found.first(rule.primary)
            if rule.needs:
                lacks = primary & ~found.any(rule.needs)
                self.settle(UNDECIDED, lacks & found.unread)
                self.settle(_LACKS, lacks)
            beside = found.any(rule.unless) if rule.unless else nowhere
            during = done.any(rule.unless_procedure) if rule.unless_procedure else nowhere
            self.settle(_BESIDE, primary & beside)
            self.settle(_PROCEDURE, primary & during)
            unread = (found.unread if rule.unless else nowhere) | (done.unread if rule.unless_procedure else nowhere)
            self.settle(UNDECIDED, primary & unread)
            self.settle(rule.group, primary)
        self.settle(_OTHER, ~nowhere)

    def table(self, carried: Mapping[str, Any]) -> pa.Table:
        """The episodes with their group or reason."""
        import pyarrow as pa

        at = rows_of(self._verdict)
        said = {
            "group": [word if word in GROUPS else None for word in self._words],
            "reason": [None if word in GROUPS else word for word in self._words],
        }
        return pa.table({**carried, **{name: texts(words).take(at) for name, words in said.items()}})
