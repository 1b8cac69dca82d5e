"""From an area's name to a register, a table, or a Parquet file written practice by practice."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa

from casemgmt import arguments
from casemgmt.dates import as_date
from casemgmt.errors import InputError, PublishError, such_as
from casemgmt.synthetic.arrow import OUTCOME_SCHEMA, SCHEMA, patient_ids, record_batch
from casemgmt.synthetic.outcomes import copied_use, draw_outcomes, recorded
from casemgmt.synthetic.people import draw_practice
from casemgmt.synthetic.planted import NOTHING, Planted, managed_serials
from casemgmt.synthetic.published import ROTHERHAM_CCG, Practice, practices

if TYPE_CHECKING:
    from casemgmt.register.register import Register

Progress = Callable[[int, int], None]

METADATA_KEY = b"casemgmt"
EARLIEST = dt.date(2006, 1, 1)  # the oldest, aged 105, are then born in 1900 or later
ROWS_A_GROUP = 131_072


@overload
def synthesise(
    area: str = ...,
    as_of: str | dt.date = ...,
    seed: int = ...,
    *,
    outcomes: bool = ...,
    planted: Planted | None = ...,
    to: None = None,
    progress: Progress | None = None,
) -> Register: ...
@overload
def synthesise(
    area: str = ...,
    as_of: str | dt.date = ...,
    seed: int = ...,
    *,
    outcomes: bool = ...,
    planted: Planted | None = ...,
    to: str | Path,
    progress: Progress | None = None,
) -> Path: ...
def synthesise(
    area: str = ROTHERHAM_CCG,
    as_of: str | dt.date = "2021-01-01",
    seed: int = 0,
    *,
    outcomes: bool = True,
    planted: Planted | None = None,
    to: str | Path | None = None,
    progress: Progress | None = None,
) -> Register | Path:
    """A synthetic register of an area, made from published practice tables; no row describes a real person.

    Parameters
    ----------
    area : a CCG code ("03L" is Rotherham), a practice code ("C87002") or "England"
    as_of : the list date; it moves dates and nothing else
    seed : whole number from 0; a practice has the same people for a seed, whatever the area asked for
    outcomes : carry what came before and what happens next as columns that are no register fields: see
        ``synthesise_table``. The people are the same with and without
    planted : a fault or an effect to plant, for trying out evaluation; None plants nothing
    to : write a Parquet file here, a few practices a row group, instead of holding the register in memory
    progress : called with (practices done, practices in all)

    Returns
    -------
    Register, or the path written

    Raises
    ------
    InputError
        An unknown area, a seed that is not a whole number from 0, a list date before 2006, or managed ids that no one
        in the area bears.
    PublishError
        The file could not be written; nothing is left behind.

    Examples
    --------
    >>> len(cm.synthesise("C87616", as_of="2021-01-01", seed=0))
    5819
    """
    request = _checked(area, as_of, seed, arguments.yes_or_no(outcomes, "outcomes"), planted)
    arguments.to_be_called_or_none(progress, "progress")
    if to is not None:
        return _write(Path(arguments.path(to, "to")), request, progress)
    from casemgmt.register.reading import read_register

    return read_register(_table(request, progress), as_of=request.as_of)


def synthesise_table(
    area: str = ROTHERHAM_CCG,
    as_of: str | dt.date = "2021-01-01",
    seed: int = 0,
    *,
    outcomes: bool = True,
    planted: Planted | None = None,
    progress: Progress | None = None,
) -> Any:
    """The same people as a ``pyarrow.Table`` of canonical fields, practices in order of their codes.

    With ``outcomes``, these columns follow the fields:

    - ``recent_contact``: whether there was one; 26% of people have none, and a lower risk
    - ``emergency_admissions_m01`` … ``_m12``: of each month before the list date, the last month first; they add up to
      ``emergency_admissions_12m``
    - ``emergency_admissions_year_before``: in the twelve months before those
    - ``outcome_emergency_admission_12m``, ``outcome_emergency_admissions_count_12m``, ``outcome_death_12m``: what
      happens in the 12 months after the list date. Nobody knows it on the list date: it must never be an input

    The schema's metadata holds, under ``casemgmt``, a JSON object that says the rows are synthetic and repeats area,
    list date, seed, and what is planted.

    Examples
    --------
    >>> synthesise_table("C87616").num_rows
    5819
    """
    return _table(_checked(area, as_of, seed, outcomes, planted), progress)


def true_risks(area: str = ROTHERHAM_CCG, seed: int = 0, *, planted: Planted | None = None) -> Any:
    """The true chance of an emergency admission or a death in the next 12 months, 0-1, of everyone in an area.

    It is made of what a register holds and of what none holds, so no model can do better. A planted drift is in it, a
    planted effect is not.

    Returns
    -------
    pyarrow.Table of patient_id and true_risk, in the order of ``synthesise_table``
    """
    request = _checked(area, "2021-01-01", seed, True, planted)
    ids, risks = [], []
    for practice in request.practices:
        draw = draw_practice(practice, seed)
        ids.append(patient_ids(practice.code, draw.age.size))
        risks.append(pa.array(draw_outcomes(draw, seed, planted=request.planted).risk.astype("float64")))
    return pa.table({"patient_id": pa.chunked_array(ids), "true_risk": pa.chunked_array(risks)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    area: str
    as_of: dt.date
    seed: int
    practices: list[Practice]
    outcomes: bool
    planted: Planted
    managed: dict[str, list[int]] | None

    @property
    def schema(self) -> Any:
        facts: dict[str, Any] = {"synthetic": True, "seed": self.seed, "area": self.area}
        facts |= {"as_of": self.as_of.isoformat(), "rows": sum(practice.list_size for practice in self.practices)}
        if self.planted.facts:
            facts["planted"] = self.planted.facts
        schema = OUTCOME_SCHEMA if self.outcomes else SCHEMA
        return schema.with_metadata({METADATA_KEY: json.dumps(facts, sort_keys=True).encode()})


def _checked(area: str, as_of: str | dt.date, seed: int, outcomes: bool, planted: Planted | None) -> _Request:
    arguments.text(area, "area")
    date = as_date(as_of)
    if date < EARLIEST:
        raise InputError(f"as_of: synthetic registers start at {EARLIEST}, so that no one is born before 1900.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise such_as("seed", "write a whole number from 0", "0")
    if planted is not None and not isinstance(planted, Planted):
        raise InputError("planted: give Planted(…), such as Planted(effect=0.2).")
    wanted, plan = practices(area), planted or NOTHING
    if (plan.effect or plan.drift != 1) and not outcomes:
        raise InputError("planted: an effect or a drift shows in outcomes only. Leave outcomes=False out.")
    managed = None
    if plan.managed is not None:
        managed = managed_serials(plan, {practice.code: practice.list_size for practice in wanted})
    return _Request(
        area=area, as_of=date, seed=seed, practices=wanted, outcomes=outcomes, planted=plan, managed=managed
    )


def _table(request: _Request, progress: Progress | None) -> Any:
    return pa.Table.from_batches(list(_batches(request, progress)), schema=request.schema)


def _batches(request: _Request, progress: Progress | None) -> Iterator[Any]:
    for done, practice in enumerate(request.practices, start=1):
        yield _batch(request, practice)
        if progress is not None:
            progress(done, len(request.practices))


def _batch(request: _Request, practice: Practice) -> Any:
    seed, planted = request.seed, request.planted
    draw = draw_practice(practice, seed)
    conditions = recorded(draw, seed, planted)
    if not (request.outcomes or planted.copied_year):
        return record_batch(draw, request.as_of, conditions=conditions)
    managed = None
    if request.managed is not None:
        managed = np.zeros(draw.age.size, dtype=bool)
        managed[np.asarray(request.managed[practice.code], dtype=np.intp) - 1] = True
    outcomes = draw_outcomes(draw, seed, planted=planted, managed=managed)
    if planted.copied_year:
        use, months = copied_use(draw, seed, outcomes)
        draw, outcomes = replace(draw, use=use), replace(outcomes, months=months)
    shown = outcomes if request.outcomes else None
    return record_batch(draw, request.as_of, conditions=conditions, outcomes=shown)


def _write(path: Path, request: _Request, progress: Progress | None) -> Path:
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write_parquet(partial, request.schema, _batches(request, progress))
        partial.replace(path)
    except OSError as error:
        raise PublishError(f"The synthetic register could not be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def _write_parquet(path: Path, schema: Any, batches: Iterator[Any]) -> None:
    import pyarrow.parquet as pq

    texts = [field.name for field in schema if field.type == pa.string() and field.name != "patient_id"]
    options = {"compression": "lz4", "use_dictionary": texts, "write_page_checksum": True}
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema, **options) as writer:
            held: list[Any] = []
            for batch in batches:
                held.append(batch)
                if sum(b.num_rows for b in held) >= ROWS_A_GROUP:
                    _write_group(writer, held, schema)
                    held = []
            if held:
                _write_group(writer, held, schema)
        file.flush()
        os.fsync(file.fileno())


def _write_group(writer: Any, batches: list[Any], schema: Any) -> None:
    table = pa.Table.from_batches(batches).replace_schema_metadata(schema.metadata)
    writer.write_table(table, row_group_size=table.num_rows)
