"""Conditions from coded records that live in Spark: :func:`derive_conditions` gives :func:`casemgmt.derive_conditions`.

All rows of a patient go to one task, which gathers them as the local engine does; what only a whole source can tell
(codes of another system, too much that cannot be read) is judged on the driver, to which the distinct codes and counts
travel, and no patient.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casemgmt.codes.account import OfSources, SourceAccount
from casemgmt.codes.checking import check_source
from casemgmt.codes.codebook import Codebook
from casemgmt.codes.codelist import CodeList
from casemgmt.codes.deriving import Wanted, derived_of, loaded, or_nobody, sources_of, take_in_batch, wanted_of
from casemgmt.codes.events import Batch, Events, ids_of
from casemgmt.codes.merging import Merger
from casemgmt.codes.plan import Plan, plan_of
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.codes.rules import Rule
from casemgmt.codes.ruling import flags_of
from casemgmt.codes.set_aside import MOST_SET_ASIDE
from casemgmt.codes.source_columns import DATE_NAMES, WIDE, found_columns
from casemgmt.codes.systems import NUMBERS_REFUSED
from casemgmt.codes.windows import Window
from casemgmt.dates import as_date
from casemgmt.errors import InputError, plural
from casemgmt.register.limits import share_of
from casemgmt.spark.facts import Fact, account_of, facts_of, report_of
from casemgmt.spark.side_by_side import in_words, part, side_by_side
from casemgmt.spark.versions import Keeper, by_bytes, to_arrow, types_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_PERSON, _SOURCE = "person", "source"
# Rows of a task that are gathered at a time.
_ROWS_AT_ONCE = 1 << 19


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SparkDerived(OfSources):
    """Conditions derived in Spark, one row a patient that a record names.

    Attributes
    ----------
    as_of : the list date; later rows do not count
    table : the columns of :meth:`casemgmt.codes.derived.Derived.to_arrow`, in no order of rows
    sources : what became of the rows of each source
    report : the rows to look at, counted: system, field, reason, rows; a DataFrame has no row numbers
    notes : what to know of how the table is kept
    """

    as_of: dt.date
    table: DataFrame
    sources: tuple[SourceAccount, ...]
    report: pa.Table
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Counts only."""
        rows = sum(self.account.column("rows_in").to_pylist())
        return f"<Derived on Spark: {plural(len(self.table.columns) - 1, 'column')} from {plural(rows, 'row')}>"


def derive_conditions(
    events: Any,
    codelists: CodeList | str | Path | Sequence[CodeList | str | Path],
    *,
    as_of: str | dt.date,
    lookback: str | Window | Mapping[str, str | Window | None] | None = None,
    rules: Sequence[Rule] | str | Path = (),
    counts: Iterable[str] | Literal["all"] = (),
    latest: Iterable[str] | Literal["all"] = (),
    keep: Iterable[str] | Literal["all"] = (),
    absent: Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    undated_as_ever: bool = False,
    max_set_aside: str = MOST_SET_ASIDE,
    keep_in: str | None = None,
) -> SparkDerived:
    """One row a patient of conditions, from a Spark DataFrame of coded rows; every row is accounted for.

    Parameters
    ----------
    events : a Spark DataFrame of patient_id, code and date; of lists of several systems a mapping, such as
        ``{"snomedct": diagnoses, "dmd": prescriptions}``; a value may be an :class:`~casemgmt.codes.events.Events`
    keep_in : how the name of a new table begins that holds the conditions, as in :func:`casemgmt.spark.select`
    the rest : as in :func:`casemgmt.derive_conditions`

    Raises
    ------
    InputError, CodeError
        What :func:`casemgmt.derive_conditions` refuses.
    """
    list_date = as_date(as_of)
    lists = loaded(codelists)
    wanted = wanted_of(lists, rules, lookback, (counts, latest, keep, absent))
    plan = plan_of(*wanted, list_date, undated_as_ever=undated_as_ever)
    sources = sources_of(events, lists, Events(None, columns or {}, date_format))
    opened = [_opened(source, plan) for source in sources.values()]
    rows, person = _together(opened)
    gatherer = Gatherer(tuple(sources), lists, wanted, plan, tuple((each.names, each.dates) for each in opened), person)
    made = rows.repartition(_PERSON).mapInArrow(gatherer.streams(), in_words(gatherer.schemas))
    keeper = Keeper.of(rows, keep_in)
    tables = keeper.keep(made, "conditions")
    facts = _sums(part(tables, "facts"))
    most = share_of(max_set_aside, "max_set_aside")
    accounts = [account_of(system, facts, plan, gatherer.codebook(system)) for system in sources]
    for account in accounts:
        check_source(account, most, undated_as_ever=undated_as_ever)
    made = {"table": part(tables, "conditions"), "sources": tuple(accounts), "report": report_of(facts)}
    return SparkDerived(as_of=list_date, **made, notes=keeper.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A source: its rows with columns ``names`` (ours), their types, and how dates are written."""

    frame: DataFrame
    names: tuple[str, ...]
    kinds: tuple[pa.DataType, ...]
    dates: str | None


def _opened(source: Events, plan: Plan) -> _Opened:
    import pyarrow as pa

    from casemgmt.register.sources import refuse_repeated_names

    frame = source.source
    if not all(hasattr(frame, name) for name in ("groupBy", "toDF", "mapInArrow")):
        raise InputError(
            f"events: give a Spark DataFrame, not {type(frame).__name__}; others go to cm.derive_conditions."
        )
    present = list(frame.columns)
    refuse_repeated_names(present)
    needed = ("patient_id", "code") if plan.undated_as_ever else ("patient_id", "code", "date")
    wanted = found_columns(present, source.columns, DATE_NAMES, needed, ("date",))
    plain = frame.toDF(*(f"c{i}" for i in range(len(present))))
    plain = plain.select(*(f"c{present.index(name)}" for name in wanted))
    names, kinds = tuple(wanted.values()), tuple(types_of(plain))
    for name, kind in zip(names, kinds, strict=True):
        if name == "patient_id":
            ids_of(pa.nulls(1, kind))
        elif (name == "code" or name.startswith(WIDE)) and not (pa.types.is_string(kind) or pa.types.is_null(kind)):
            raise InputError(f"Column 'code': {NUMBERS_REFUSED}")
    return _Opened(frame=plain.toDF(*names), names=names, kinds=kinds, dates=source.date_format)


def _together(opened: Sequence[_Opened]) -> tuple[DataFrame, pa.DataType]:
    """The rows of all sources in one frame, each with columns of its own, and the type of the patients' ids."""
    import pyarrow as pa
    from pyspark.sql import functions as F

    kinds = [each.kinds[each.names.index("patient_id")] for each in opened]
    numbers = {pa.types.is_integer(kind) for kind in kinds}
    if len(numbers) > 1:
        raise ids_of_two_kinds()
    person = pa.int64() if numbers == {True} else pa.string()
    frames = []
    for place, each in enumerate(opened):
        ids = F.col("patient_id")
        ids = ids.cast("bigint") if numbers == {True} else by_bytes(ids.cast("string"))
        own = [F.col(f"`{name}`").alias(_own(place, i)) for i, name in enumerate(each.names) if name != "patient_id"]
        frames.append(each.frame.select(ids.alias(_PERSON), F.lit(place).alias(_SOURCE), *own))
    rows = frames[0]
    for more in frames[1:]:
        rows = rows.unionByName(more, allowMissingColumns=True)
    return rows, person


def _own(source: int, column: int) -> str:
    return f"s{source}_{column}"


@dataclass(frozen=True, slots=True)
class Gatherer:
    """What a task does with its rows, among which are all those of each of its patients.

    Attributes
    ----------
    systems : the coding system of each source
    lists, wanted, plan : what is asked
    columns : of each source, our names of its columns and how its dates are written
    person : the type of the patients' ids
    """

    systems: tuple[str, ...]
    lists: tuple[CodeList, ...]
    wanted: Wanted
    plan: Plan
    columns: tuple[tuple[tuple[str, ...], str | None], ...]
    person: pa.DataType

    def codebook(self, system: str) -> Codebook:
        """The lists of one system."""
        return Codebook([each for each in self.lists if each.system == system])

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """The columns of what comes back."""
        import pyarrow as pa

        names = [*self.wanted.flags, *dict.fromkeys(rule.name for rule in self.wanted.rules)]
        conditions = [("patient_id", self.person), *((name, pa.bool_()) for name in dict.fromkeys(names))]
        conditions += [(f"{name}_count", pa.int32()) for name in self.wanted.counted]
        conditions += [(f"{name}_latest", pa.date32()) for name in self.wanted.dated]
        facts = [("system", pa.string()), ("kind", pa.string()), ("name", pa.string()), ("rows", pa.int64())]
        return {"conditions": pa.schema(conditions), "facts": pa.schema(facts)}

    def streams(self) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
        """The function of a task's batches."""
        schemas = self.schemas

        def gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            yield from side_by_side(schemas, self.gather(batches)).combine_chunks().to_batches()

        return gathered

    def gather(self, batches: Iterable[pa.RecordBatch]) -> dict[str, pa.Table]:
        """The patients' conditions, and what became of every row."""
        import pyarrow as pa

        from casemgmt.arrow import column_of, texts

        merger, accounts = Merger(self.plan), [SourceAccount(system, self.plan) for system in self.systems]
        books = [self.codebook(system) for system in self.systems]
        for rows in _held(batches):
            for place, account in enumerate(accounts):
                self._take_in(rows, place, account, books[place], merger)
        found = flags_of(or_nobody(merger.result(), self.plan), self.plan, *self.wanted)
        derived = derived_of(dt.date.min, found, [])
        facts = [fact for account in accounts for fact in facts_of(account)]
        columns = [texts([getattr(fact, name) for fact in facts]) for name in Fact._fields[:3]]
        counted = pa.table(
            [*columns, column_of([fact.rows for fact in facts], pa.int64())], schema=self.schemas["facts"]
        )
        return {"conditions": derived.to_arrow().cast(self.schemas["conditions"]), "facts": counted}

    def _take_in(self, rows: pa.Table, place: int, account: SourceAccount, codebook: Codebook, merger: Merger) -> None:
        import pyarrow.compute as pc

        from casemgmt.arrow import in_one_piece

        own = rows if len(self.systems) == 1 else rows.filter(pc.equal(rows.column(_SOURCE), place))
        names, dates = self.columns[place]
        held = [_PERSON if name == "patient_id" else _own(place, i) for i, name in enumerate(names)]
        columns = {ours: in_one_piece(own.column(name)) for ours, name in zip(names, held, strict=True)}
        batch = Batch(columns, own.num_rows, 0)
        take_in_batch(batch, Events(None, date_format=dates), account, codebook, merger)


def _held(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows in fewer, larger pieces."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= _ROWS_AT_ONCE:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _sums(facts: DataFrame) -> list[Fact]:
    """The facts of all parts, added up in Spark."""
    from pyspark.sql import functions as F

    added = to_arrow(facts.groupBy("system", "kind", "name").agg(F.sum("rows").alias("rows")))
    return [Fact(**row) for row in added.to_pylist()]
