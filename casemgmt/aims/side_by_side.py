"""The measures of one year side by side, whole or in the form that may leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.aims.definitions import AVOIDABLE, EMERGENCY, HOME, LOST, NO_EFFECT
from casemgmt.aims.grid import ALL_PRACTICES
from casemgmt.errors import InputError
from casemgmt.outputs.disclosure import SUPPRESS_UP_TO, suppress
from casemgmt.outputs.disclosure.outcome_counts import Related, shown_together, with_notes

if TYPE_CHECKING:
    import pyarrow as pa

_FOLLOWED, _AT_HOME = "discharges_followed", "at_home_91_days"
# Each count: its measure, and its column there.
COUNTS = {
    EMERGENCY: (EMERGENCY, EMERGENCY),
    AVOIDABLE: (AVOIDABLE, AVOIDABLE),
    _FOLLOWED: (HOME, "known"),
    _AT_HOME: (HOME, "at_home"),
    "deaths": (LOST, "deaths"),
}
RELATED = Related(
    names=tuple(COUNTS),
    never_above_0=({AVOIDABLE: 1, EMERGENCY: -1}, {_AT_HOME: 1, _FOLLOWED: -1}),
)


def side_by_side(tables: Mapping[str, pa.Table], year: str, *, suppressed: bool) -> pa.Table:
    """A row a practice, the last of all practices; see :meth:`casemgmt.aims.result.Outcomes.by_practice`."""
    import pyarrow as pa

    from casemgmt.evaluation.at_cut import table_of

    sizes = _column(tables[EMERGENCY], year, "list_size")
    practices = [practice for practice in sizes if practice != ALL_PRACTICES]
    whole = {
        name: _column(tables[measure], year, column) if measure in tables else {}
        for name, (measure, column) in COUNTS.items()
    }
    counts: list[dict[str, Any]] = [
        {name: values.get(practice) for name, values in whole.items()} for practice in practices
    ]
    if suppressed:
        shown = shown_together(counts, RELATED)
        if shown is None:
            raise InputError(
                f"by_practice(suppressed=True): the practices are so few, or their counts so small, that one of 1 to "
                f"{SUPPRESS_UP_TO} would follow from the others and their totals. Nothing of them may leave."
            )
        counts = with_notes(shown, tuple(COUNTS), len(practices))
        sizes = {practice: suppress(size) or 0 for practice, size in sizes.items()}
    rows = [
        _row(practice, sizes[practice], {name: row[name] for name in COUNTS}, row.get("note"))
        for practice, row in zip(practices, counts, strict=True)
    ]
    rows.append(_total(rows))
    there = [name for name in rows[0] if not _is_left_out(name, tables)]
    table = table_of([{name: row[name] for name in there} for row in rows])
    how = f"1 to {SUPPRESS_UP_TO} suppressed, others to the nearest 5" if suppressed else "whole counts"
    return table.cast(_schema(table, pa)).replace_schema_metadata({"caution": NO_EFFECT, "year": year, "counts": how})


def _schema(table: pa.Table, pa: Any) -> Any:
    """The same columns, of fixed types whatever is null."""
    kinds = {
        "practice_id": pa.string(),
        "note": pa.string(),
        "list_size": pa.int64(),
        **dict.fromkeys(COUNTS, pa.int64()),
    }
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in table.column_names])


def _column(table: pa.Table, year: str, name: str) -> dict[str, Any]:
    columns = (table.column(each).to_pylist() for each in ("practice_id", "year", name))
    return {practice: value for practice, label, value in zip(*columns, strict=True) if label == year}


def _row(practice: str, size: int, counts: Mapping[str, int | None], note: str | None) -> dict[str, Any]:
    """A row with its rates, worked out from what is shown."""
    row: dict[str, Any] = {"practice_id": practice, "list_size": size}
    for name in (EMERGENCY, AVOIDABLE):
        count = counts[name]
        row |= {name: count, f"{name}_per_1000": None if count is None or not size else 1000 * count / size}
    followed, home = counts[_FOLLOWED], counts[_AT_HOME]
    share = None if home is None or not followed else min(home / followed, 1.0)
    return row | {_FOLLOWED: followed, _AT_HOME: home, "share_at_home": share, "deaths": counts["deaths"], "note": note}


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All practices, added up from what is shown; what is not shown is not in it, nor in its rates."""

    def added(name: str, where: str) -> int | None:
        shown = [row[name] for row in rows if row[where] is not None and row[name] is not None]
        return sum(shown) if shown else None

    size = sum(row["list_size"] for row in rows)
    total = _row(ALL_PRACTICES, size, {name: added(name, name) for name in COUNTS}, None)
    for name in (EMERGENCY, AVOIDABLE):
        of, count = added("list_size", name), total[name]
        total[f"{name}_per_1000"] = None if count is None or not of else 1000 * count / of
    home, followed = added(_AT_HOME, _FOLLOWED), added(_FOLLOWED, _AT_HOME)
    total["share_at_home"] = None if home is None or not followed else min(home / followed, 1.0)
    hidden = [name for name in COUNTS if total[name] is not None and any(row[name] is None for row in rows)]
    total["note"] = f"without the practices whose count is left out: {', '.join(hidden)}" if hidden else None
    return total


def _is_left_out(name: str, tables: Mapping[str, pa.Table]) -> bool:
    """Whether a column is of a measure that is not there."""
    if name == "share_at_home":
        return HOME not in tables
    measure = COUNTS.get(name.removesuffix("_per_1000"), (EMERGENCY, ""))[0]
    return measure not in tables
