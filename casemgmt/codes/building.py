"""A register from its parts: who is on the list, what their records say, and how often they were in hospital."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import array_of, column_of, in_one_piece, numpy_of, rows_of, texts
from casemgmt.codes.admissions import Admissions, Spells, count_admissions
from casemgmt.codes.codelist import CodeList
from casemgmt.codes.derived import Derived
from casemgmt.codes.deriving import derive_conditions
from casemgmt.codes.joining import check_met, check_numbers
from casemgmt.codes.rules import Rule
from casemgmt.codes.set_aside import MOST_SET_ASIDE, said_of
from casemgmt.codes.windows import Window
from casemgmt.dates import as_date
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.config import declare
from casemgmt.register.excel import ID_FIELDS
from casemgmt.register.forms import with_texts
from casemgmt.register.reading import read_register
from casemgmt.register.register import Register
from casemgmt.register.sources import Source, open_source
from casemgmt.shown import shows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.annotations import Files
    from casemgmt.codes.events import Events


@shows("account derived admissions unknown")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BuiltRegister(Register):
    """A register that :func:`casemgmt.build_register` made, with what it was made of.

    Attributes
    ----------
    derived : the conditions; None where no events were given
    admissions : the counts; None where no episodes were given
    unknown : patients of the records who are not in the demographics: records (``events`` or ``episodes``), patient_id,
        and rows (of events; null of episodes)
    """

    derived: Derived | None = None
    admissions: Admissions | None = None
    unknown: pa.Table

    def __repr__(self) -> str:
        """Counts only."""
        said = [Register.__repr__(self)[:-1]]
        for records, made in (("events", self.derived), ("episodes", self.admissions)):
            if made is not None:
                strangers = self.unknown.column("records").to_pylist().count(records)
                said.append(
                    f"{records} of {plural(len(made), 'patient')}, {strangers:,} of them not on the list"
                    f"{said_of(made.set_aside)}"
                )
        return "; ".join(said) + ">"

    @property
    def account(self) -> pa.Table:
        """Rows in and what became of them, by source: records, source, fate, rows; the fates add up to ``rows in``."""
        import pyarrow as pa

        rows: list[tuple[str, str, str, int]] = [
            ("demographics", "", "rows in", self.rows_in),
            ("demographics", "", "accepted", len(self)),
            ("demographics", "", "merged repeats", self.merged),
            ("demographics", "", "quarantined", self.quarantine.num_rows),
        ]
        for records, made, source in (("events", self.derived, "system"), ("episodes", self.admissions, "kind")):
            for row in made.account.to_pylist() if made is not None else []:
                name = row.pop(source)
                rows += [(records, name, fate.replace("_", " "), count) for fate, count in row.items()]
        names = ("records", "source", "fate")
        columns = [texts([str(row[place]) for row in rows]) for place in range(3)]
        return pa.table([*columns, column_of([row[3] for row in rows], pa.int64())], names=[*names, "rows"])


_MAPPINGS = ("columns", "values", "date_format", "null_means_absent", "practice_pattern")
_FORM = ("separator", "skip_lines", "sheet", "config")


@arguments.checked(absent=arguments.texts, undated_as_ever=arguments.yes_or_no, allow_unmatched=arguments.yes_or_no)
def build_register(
    demographics: Files,
    events: Files | Events | Mapping[str, Files | Events] | Derived | None = None,
    episodes: Files | Events | Mapping[str, Files | Events] | Admissions | None = None,
    *,
    as_of: str | dt.date,
    codelists: CodeList | str | Path | Sequence[CodeList | str | Path] = (),
    lookback: str | Window | Mapping[str, str | Window | None] | None = None,
    rules: Sequence[Rule] | str | Path = (),
    absent: Iterable[str] = (),
    windows: Sequence[str | Window] | str = ("12 months",),
    undated_as_ever: bool = False,
    spells: Spells = "provider",
    max_set_aside: str = MOST_SET_ASIDE,
    allow_unmatched: bool = False,
    encoding: str | None = None,
    **options: Any,
) -> BuiltRegister:
    """A register from a list of patients, their coded records and their hospital episodes, every row accounted for.

    Parameters
    ----------
    demographics : one row a patient, as :func:`casemgmt.read_register` takes it: patient_id, practice_id, an age or a
        date of birth, and whatever else there is
    events : coded rows, as :func:`casemgmt.derive_conditions` takes them, or what it gave
    episodes : hospital episodes, as :func:`casemgmt.count_admissions` takes them, or what it gave
    as_of : the list date
    codelists, lookback, rules, absent, undated_as_ever : of ``events``, as in :func:`casemgmt.derive_conditions`
    windows, spells : of ``episodes``, as in :func:`casemgmt.count_admissions`
    max_set_aside : the share of the values of a column of the records that may be unreadable, as in both
    allow_unmatched : take records of which fewer than a fifth of the patients are on the list, such as those of a whole
        region for one practice. Without it they are refused with the likely cause: ids in another case, with spaces or
        hyphens, without their leading zeros, or other pseudonyms
    encoding : of a CSV file of demographics
    **options : of :func:`casemgmt.read_register`: ``columns``, ``values``, ``date_format``, ``extracted_on`` and so on,
        which speak of the demographics. Other sources name theirs with :class:`~casemgmt.codes.events.Events`

    Returns
    -------
    BuiltRegister
        A :class:`~casemgmt.register.register.Register` with a column for each condition and count. A patient whom no
        event names has no condition, and one whom no episode names has counts of 0: records are taken as complete.

    Raises
    ------
    InputError
        A column that demographics and records both hold; records of other people than the list's, or of another day;
        ids of records that are numbers where the list's begin with zeros; what the three calls raise.

    Examples
    --------
    >>> import datetime as dt, pyarrow as pa
    >>> people = pa.table({"patient_id": ["a", "b"], "practice_id": ["C87616"] * 2, "age": [80, 71]})
    >>> stays = pa.table({"patient_id": ["a"], "admission_date": [dt.date(2020, 5, 1)], "admission_method": ["21"]})
    >>> built = cm.build_register(people, episodes=stays, as_of="2021-01-01")
    >>> built.to_pandas()["emergency_admissions_12m"].tolist()
    [1, 0]
    """
    asked = {"lookback": lookback, "rules": rules, "absent": absent, "undated_as_ever": undated_as_ever}
    asked["max_set_aside"] = max_set_aside
    derived = _derived(events, as_of, codelists, **asked)
    if episodes is None or isinstance(episodes, Admissions):
        admissions = episodes
    else:
        how: dict[str, Any] = {"windows": windows, "spells": spells, "max_set_aside": max_set_aside}
        admissions = count_admissions(episodes, as_of=as_of, **how)
    return _built(_opened(demographics, encoding, options), as_of, derived, admissions, allow_unmatched, options)


def _opened(demographics: Any, encoding: str | None, options: dict[str, Any]) -> Source:
    """The demographics; what the options say of files is taken out of them, and what a mapping file says put in."""
    named = {name: options.pop(name) for name in [*_MAPPINGS, *_FORM] if name in options}
    said = declare(encoding=encoding, **named)
    options |= {name: getattr(said, name) for name in _MAPPINGS if getattr(said, name)}
    options |= {name: value for name, value in said.tolerance.items() if options.get(name) is None}
    return open_source(demographics, with_texts(said.form, said.columns, ID_FIELDS))


def _built(
    opened: Source,
    as_of: str | dt.date,
    derived: Derived | None,
    admissions: Admissions | None,
    allow_unmatched: bool,
    options: Mapping[str, Any],
) -> BuiltRegister:
    """The demographics with the columns that were made of the records, read as a register."""
    import numpy as np

    table = _with_gaps(opened)
    ids = _patient_ids(table, options.get("columns") or {})
    unknown: list[tuple[str, Any, Any]] = []
    for records, made in (("events", derived), ("episodes", admissions)):
        if made is None:
            continue
        if made.as_of != as_date(as_of):
            raise InputError(f"The {records} were counted up to {made.as_of}, and the list is of {as_date(as_of)}.")
        check_numbers(records, made.patients, ids)
        patients = _as_text(made.patients)
        table = _joined(table, made.to_arrow().drop_columns(["patient_id"]), _places(ids, patients), records)
        strangers = np.flatnonzero(_places(patients, ids) < 0)
        rows = made.rows[strangers] if isinstance(made, Derived) and made.rows is not None else None
        unknown.append((records, patients.take(rows_of(strangers)), rows))
    register = read_register(table, as_of=as_of, **options)
    if unknown and ids.null_count == len(ids):
        raise InputError("The list has no patient ids: say columns={'its name in your data': 'patient_id'}.")
    found = [each for each in (derived, admissions) if each is not None]
    for (records, strangers, _), made in zip(unknown, found, strict=True):
        check_met(records, _as_text(made.patients), strangers, ids, allowed=allow_unmatched)
    held = {each.name: getattr(register, each.name) for each in fields(register)}
    held |= {"index": opened.index, "row_account": replace(register.row_account, parts=opened.parts)}
    return BuiltRegister(**held, derived=derived, admissions=admissions, unknown=_unknown_table(unknown))


def _derived(events: Any, as_of: Any, codelists: Any, **options: Any) -> Derived | None:
    if isinstance(events, Derived):
        return events
    if events is None:
        return None
    if not isinstance(codelists, (CodeList, str, Path)) and not arguments.several(codelists, "codelists"):
        raise InputError("events= needs codelists=, which say what the codes make.")
    return derive_conditions(events, codelists, as_of=as_of, count_rows=True, **options)


def _with_gaps(opened: Source) -> pa.Table:
    """The source's table with an empty row for each line that has no columns, so that rows keep their places."""
    if opened.row_numbers is None or not opened.unsplit:
        return opened.table
    import numpy as np

    place = np.full(opened.rows_in, -1, dtype=np.int64)
    place[opened.row_numbers] = np.arange(opened.table.num_rows)
    import pyarrow as pa

    return opened.table.take(array_of(np.maximum(place, 0), pa.int64(), place >= 0))


def _patient_ids(table: pa.Table, columns: Mapping[str, str]) -> pa.Array:
    """The patients of the demographics as text; read_register says what is wrong with a table that has none."""
    names = [name for name in table.column_names if columns.get(name, name) == "patient_id"]
    if not names:
        import pyarrow as pa

        return pa.nulls(table.num_rows, pa.large_string())
    return _as_text(in_one_piece(table.column(names[0])))


def _as_text(ids: pa.Array) -> pa.Array:
    import pyarrow as pa

    return ids.cast(pa.large_string())


def _places(ids: pa.Array, among: pa.Array) -> npt.NDArray[np.int64]:
    """Where each id stands among others; -1 where it does not, or there is none."""
    import numpy as np
    import pyarrow.compute as pc

    found = pc.index_in(ids, value_set=among, skip_nulls=True)
    return np.where(numpy_of(found.is_valid()), numpy_of(found), -1).astype(np.int64)


def _joined(table: pa.Table, made: pa.Table, places: npt.NDArray[np.int64], records: str) -> pa.Table:
    """The table with the columns that were made, false and 0 where a patient has no row; days stay missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    clash = [name for name in made.column_names if name in table.column_names]
    if clash:
        raise InputError(
            f"{plural(len(clash), 'column')} in the demographics and made from {records}: {listed(clash)}. "
            "Leave one out: drop it, or rename the condition with CodeList.renamed."
        )
    taken = made.take(array_of(places, pa.int64(), places >= 0))
    for name, column in zip(taken.column_names, taken.columns, strict=True):
        if not pa.types.is_date(column.type):
            column = pc.fill_null(column, pa.scalar(False) if pa.types.is_boolean(column.type) else 0)  # noqa: PLW2901
        table = table.append_column(made.schema.field(name), column)
    return table


def _unknown_table(found: Sequence[tuple[str, pa.Array, Any]]) -> pa.Table:
    import pyarrow as pa

    pieces = [
        pa.table(
            {
                "records": texts([records] * len(ids)),
                "patient_id": ids,
                "rows": array_of(rows, pa.int32()) if rows is not None else pa.nulls(len(ids), pa.int32()),
            }
        )
        for records, ids, rows in found
    ]
    if not pieces:
        none = _as_text(texts([]))
        return pa.table({"records": texts([]), "patient_id": none, "rows": pa.nulls(0, pa.int32())})
    return pa.concat_tables(pieces)
