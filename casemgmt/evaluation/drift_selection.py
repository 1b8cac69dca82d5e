"""Who would be selected from two registers by one rule: shares by group, scores, and who is on both lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.evaluation.drift_inputs import PARTS, stability_index
from casemgmt.selection.summary import groups_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.workings import Workings

    Floats = npt.NDArray[np.float64]

GROUPS = ("age_band", "sex", "imd_decile", "ethnicity", "care_home_type")
HUNDREDTHS = (1, 5, 25, 50, 75, 90, 95, 97, 99)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreDrift:
    """The scores of both registers.

    Attributes
    ----------
    psi : population stability index by tenths of the old scores
    table : percentile, score_old, score_new
    """

    psi: float
    table: pa.Table


def selection_table(old: Workings, new: Workings) -> pa.Table:
    """One row a group: column, group, listed and selected people and the share selected, old and new.

    Groups are those of age in tens, sex, deprivation, ethnicity and care home, where both registers have them; the
    first row is everyone.
    """
    import pyarrow as pa

    rows: list[dict[str, object]] = []
    for column in GROUPS:
        if column != "age_band" and not all(column in made.register.column_names for made in (old, new)):
            continue
        sides = [
            {row[column]: row for row in groups_table(made, column).to_pylist() if row["listed"]} for made in (old, new)
        ]
        if not rows:
            rows.append(_row("everyone", "everyone", *(_summed(side.values()) for side in sides)))
        for group in dict.fromkeys((*sides[0], *sides[1])):
            rows.append(_row(column, group, *(side.get(group) for side in sides)))  # noqa: PERF401
    names = ("column", "group", "listed_old", "selected_old", "share_old", "listed_new", "selected_new", "share_new")

    def kind(name: str) -> pa.DataType:
        return pa.string() if name in ("column", "group") else pa.float64() if "share" in name else pa.int64()

    return pa.table({name: pa.array([row[name] for row in rows], kind(name)) for name in names})


def _summed(rows: object) -> dict[str, object]:
    found = list(rows)  # type: ignore[call-overload]  # the rows of one table
    listed, selected = (sum(row[name] for row in found) for name in ("listed", "selected"))
    return {"listed": listed, "selected": selected, "share": selected / listed if listed else None}


def _row(column: str, group: str, old: dict[str, object] | None, new: dict[str, object] | None) -> dict[str, object]:
    found: dict[str, object] = {"column": column, "group": group}
    for which, row in (("old", old), ("new", new)):
        for name, nobody in (("listed", 0), ("selected", 0), ("share", None)):
            found[f"{name}_{which}"] = nobody if row is None else row[name]
    return found


def score_drift(old: Floats, new: Floats) -> ScoreDrift:
    """Compare two registers' scores; NaN is no score."""
    import numpy as np
    import pyarrow as pa

    sides = [np.sort(each[np.isfinite(each)]) for each in (old, new)]
    said = [np.quantile(each, np.array(HUNDREDTHS) / 100) if len(each) else None for each in sides]
    psi = 0.0
    if len(sides[0]) and len(sides[1]):
        edges = np.unique(np.quantile(sides[0], np.linspace(0, 1, PARTS + 1)[1:-1]))
        counts = [np.bincount(np.searchsorted(edges, each, side="right"), minlength=len(edges) + 1) for each in sides]
        psi = stability_index(*counts)
    columns = {
        f"score_{which}": pa.array([None] * len(HUNDREDTHS) if values is None else values.tolist(), pa.float64())
        for which, values in zip(("old", "new"), said, strict=True)
    }
    return ScoreDrift(psi=psi, table=pa.table({"percentile": pa.array(HUNDREDTHS, pa.int64()), **columns}))


def copied_columns(old: Register, new: Register) -> list[tuple[str, int]]:
    """Counts that people of both registers have once more: the column, and how many people have any in either.

    Both must speak of the same people by the same ids.
    """
    import numpy as np

    from casemgmt.evaluation.values import numbers_of
    from casemgmt.register.fields import FIELDS
    from casemgmt.risk.trap_columns import ALIKE, FEWEST_WITH_EITHER

    rows_old, rows_new = people_of_both(old, new)
    found = []
    for name in new.fields:
        if FIELDS[name].kind != "integer" or not name.endswith("_12m") or name not in old.fields:
            continue
        before, after = (np.nan_to_num(numbers_of(r, name, rows)) for r, rows in ((old, rows_old), (new, rows_new)))
        either = (before != 0) | (after != 0)
        people = int(np.count_nonzero(either))
        same = int(np.count_nonzero(before[either] == after[either]))
        if people >= FEWEST_WITH_EITHER and same >= ALIKE * people and len(np.unique(after[either])) > 1:
            found.append((name, people))
    return found


def people_of_both(old: Register, new: Register) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The packed rows of those whose id is in both registers, in the order of the new one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ids_old, ids_new = (each.column("patient_id").cast(pa.large_string()) for each in (old, new))
    place = pc.fill_null(pc.index_in(ids_new, value_set=ids_old), -1).cast(pa.int64())
    where = np.asarray(place.to_numpy(zero_copy_only=False))
    rows_new = np.flatnonzero(where >= 0)
    return where[rows_new], rows_new
