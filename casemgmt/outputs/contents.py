"""What the files of a publication hold, read back, and whether they agree with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import text_scalar
from casemgmt.errors import VerifyError, plural
from casemgmt.outputs import layout
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.listing import listing_order
from casemgmt.outputs.refusals import wrong_file
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme

_ID_COLUMNS = ("practice_id", "patient_id")
_PRACTICES = "practices/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The tables of a publication.

    Attributes
    ----------
    tables : by path inside the folder; CSV files as text, but for the summary
    practices : in the order of the summary
    documents : files for people, such as workbooks, by path inside the folder
    """

    tables: Mapping[str, pa.Table]
    practices: tuple[str, ...]
    documents: tuple[str, ...] = ()

    def rows(self) -> dict[str, int]:
        """Data rows of each table."""
        return {name: table.num_rows for name, table in self.tables.items()}

    def counts(self) -> dict[str, int]:
        """The people in the files."""
        import pyarrow.compute as pc

        selection, removals = self.tables[layout.SELECTION], self.tables.get(layout.REMOVALS)
        return {
            "practices": len(self.practices),
            "listed": selection.num_rows,
            "case_managed": pc.sum(selection.column("case_managed")).as_py() or 0,
            "unscored": self.tables[layout.UNSCORED].num_rows,
            "waiting": self.tables[layout.QUEUE].num_rows,
            "quarantined": self.tables[layout.QUARANTINE].num_rows,
            "corrections": self.tables[layout.CORRECTIONS].num_rows,
            **({} if removals is None else {"removals": removals.num_rows}),
        }


def read_contents(names: Iterable[str], read: Callable[[str], bytes], *, ids_alone: bool = False) -> Contents:
    """Read every file, whole.

    Parameters
    ----------
    names : of the files, by path inside the folder
    read : gives the bytes of one; it is called on several threads, once for each table
    ids_alone : whether to hold of practices' files the ids alone, which is all that :func:`check_agreement` needs

    Raises
    ------
    VerifyError : a file is missing, or is not what its name says
    """
    names = list(names)
    absent = sorted({*layout.TABLES} - {*names}, key=layout.TABLES.index)
    if absent:
        raise wrong_file(absent[0], "is missing from the publication")

    def table_of(name: str) -> pa.Table:
        only = _ID_COLUMNS if ids_alone and name.startswith(_PRACTICES) else None
        return _read(name, read(name), only)

    of_tables = [name for name in names if layout.is_table(name)]
    tables = dict(zip(of_tables, on_threads(table_of, of_tables), strict=True))
    tables[layout.SUMMARY] = _typed_summary(tables[layout.SUMMARY])
    practices = dict.fromkeys(tables[layout.SUMMARY].column("practice_id").to_pylist())
    documents = tuple(sorted(name for name in names if not layout.is_table(name)))
    return Contents(tables=tables, practices=tuple(practices), documents=documents)


def check_agreement(contents: Contents, scheme: Scheme, rows: Mapping[str, int]) -> None:
    """Refuse files that contradict each other.

    Parameters
    ----------
    rows : the account of the register's rows: in, accepted, merged_repeats, quarantined, corrections

    Raises
    ------
    VerifyError : which file says something else than which
    """
    selection, queue = contents.tables[layout.SELECTION], contents.tables[layout.QUEUE]
    waiting = dict.fromkeys(queue.column("practice_id").to_pylist())
    removals = contents.tables.get(layout.REMOVALS)
    has_own = removals is not None and layout.README in contents.documents
    deciding = dict.fromkeys(removals.column("practice_id").to_pylist()) if removals is not None and has_own else {}
    later = {layout.REMOVALS} & set(contents.tables) | ({layout.KEPT} if scheme.keeps_places else set())
    tables = layout.expected_files(contents.practices, waiting) | later | set(map(layout.removals_file, deciding))
    _check_names(tables, set(contents.tables))
    _check_names(_expected_documents(contents, deciding), set(contents.documents))
    _check_account(contents, rows)
    lists = {layout.practice_file(practice): practice for practice in contents.practices}
    by_rank = listing_order(selection, _ID_COLUMNS) if layout.README in contents.documents else selection
    _check_parts(contents, layout.SELECTION, by_rank, lists)
    _check_parts(contents, layout.QUEUE, queue, {layout.waiting_file(practice): practice for practice in waiting})
    if removals is not None and has_own:
        own = {layout.removals_file(practice): practice for practice in deciding}
        _check_parts(contents, layout.REMOVALS, removals, own)
    _check_summary(contents, scheme)


def _read(name: str, data: bytes, only: Sequence[str] | None) -> pa.Table:
    import pyarrow as pa

    from casemgmt.parquet.reading import VerifiedFile

    try:
        return read_csv(data, only) if name.endswith(".csv") else VerifiedFile(data, name).read()
    except (pa.ArrowException, OSError, ValueError):
        raise wrong_file(name, "cannot be read: it is damaged") from None


def _typed_summary(text: pa.Table) -> pa.Table:
    import pyarrow as pa

    from casemgmt.selection.summary import first_summary_schema, summary_schema

    first, now = first_summary_schema(), summary_schema()
    try:
        if text.column_names == first.names:  # published by an earlier release, which counted less
            text = text.cast(first)
            for added in now.names[len(first) :]:
                text = text.append_column(added, pa.nulls(text.num_rows, now.field(added).type))
            return text
        return text.cast(now)
    except (pa.ArrowException, ValueError):
        raise wrong_file(layout.SUMMARY, "is not a summary of a selection") from None


def _expected_documents(contents: Contents, deciding: Iterable[str]) -> set[str]:
    """The read-me; a workbook or page of each practice where there is any. One that is decided on may be gone."""
    found = set(contents.documents)
    practices = {*contents.practices, *deciding}
    expected = {layout.README} & found
    for file in (layout.workbook_file, layout.page_file):
        if found & set(map(file, practices)):
            expected |= set(map(file, contents.practices))
    return expected


def _check_names(expected: set[str], present: set[str]) -> None:
    for name in sorted(expected ^ present):
        problem = "is missing" if name in expected else "belongs to no practice of the summary"
        raise wrong_file(name, problem)


def _check_account(contents: Contents, rows: Mapping[str, int]) -> None:
    """Rows in = accepted + merged repeats + quarantined, and the files hold as many."""
    for key, name in (("quarantined", layout.QUARANTINE), ("corrections", layout.CORRECTIONS)):
        held = contents.tables[name].num_rows
        if held != rows[key]:
            raise wrong_file(name, f"holds {plural(held, 'row')}; the manifest says {rows[key]:,}")
    if rows["in"] != rows["accepted"] + rows["merged_repeats"] + rows["quarantined"]:
        raise VerifyError(
            f"{layout.MANIFEST}: {rows['in']:,} rows in are not {rows['accepted']:,} accepted + "
            f"{rows['merged_repeats']:,} merged + {rows['quarantined']:,} quarantined."
        )


def _check_parts(contents: Contents, whole_name: str, whole: pa.Table, parts: Mapping[str, str]) -> None:
    """Each practice's file holds that practice's rows of the whole table, all of them, and nobody else's."""
    of_whole = _ids_by_practice(whole)
    for name, practice in parts.items():
        table = contents.tables[name]
        if any(column not in table.column_names for column in _ID_COLUMNS):
            raise wrong_file(name, "lacks practice_id or patient_id")
        others = set(table.column("practice_id").unique().to_pylist()) - {practice}
        if others:
            raise wrong_file(name, f"holds rows that are not of practice '{practice}'")
        own = of_whole.pop(practice, None)
        ids = table.column("patient_id")
        if table.num_rows != (0 if own is None else len(own)):
            held = 0 if own is None else len(own)
            raise wrong_file(name, f"holds {plural(table.num_rows, 'row')}, and '{whole_name}' {held:,} for it")
        if own is not None and not ids.combine_chunks().equals(own):
            raise wrong_file(name, f"and '{whole_name}' do not hold the same patients")
    if of_whole:
        raise wrong_file(whole_name, f"holds {plural(len(of_whole), 'practice')} without a file of its own")


def _ids_by_practice(table: pa.Table) -> dict[str, Any]:
    """Each practice's patient ids, in order; practices stand together."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column("practice_id").combine_chunks()
    runs = pc.run_end_encode(column)
    ids = table.column("patient_id").cast(pa.string()).combine_chunks()
    found: dict[str, Any] = {}
    start = 0
    for end, practice in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        if practice in found:
            raise VerifyError(f"Rows of practice '{practice}' do not stand together in a Parquet file.")
        found[practice] = ids.slice(start, end - start)
        start = end
    return found


def _check_summary(contents: Contents, scheme: Scheme) -> None:
    """The summary has a row a practice and route, and counts those who are in the selection."""
    import pyarrow.compute as pc

    selection, summary = contents.tables[layout.SELECTION], contents.tables[layout.SUMMARY]
    routes = [route.name for route in scheme.routes]
    expected = [(practice, route) for practice in contents.practices for route in routes]
    keys = summary.select(["practice_id", "route"]).to_pydict()
    if list(zip(keys["practice_id"], keys["route"], strict=True)) != expected:
        raise wrong_file(layout.SUMMARY, "does not have one row for each practice and route of the scheme")
    missing = [name for name in (*_ID_COLUMNS, *routes, "place", "case_managed") if name not in selection.column_names]
    if missing:
        raise wrong_file(layout.SELECTION, f"lacks the column '{missing[0]}'")
    practice = selection.column("practice_id")
    met, used = summary.column("met").to_pylist(), summary.column("used").to_pylist()
    for at, route in enumerate(routes):
        meets = _tally(practice.filter(selection.column(route)))
        places = _tally(practice.filter(pc.equal(selection.column("place"), text_scalar(route))))
        for i, code in enumerate(contents.practices):
            row = i * len(routes) + at
            if met[row] != meets.get(code, 0) or (used[row] is not None and used[row] != places.get(code, 0)):
                raise wrong_file(
                    layout.SUMMARY,
                    f"and '{layout.SELECTION}' count different numbers for practice '{code}', route '{route}'",
                )


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    counts = column.value_counts()
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
