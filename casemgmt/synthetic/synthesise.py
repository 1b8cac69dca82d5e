"""From an area's name to a register, a table, or a Parquet file written practice by practice."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from casemgmt.dates import as_date
from casemgmt.errors import InputError, PublishError
from casemgmt.synthetic.arrow import SCHEMA, record_batch
from casemgmt.synthetic.people import draw_practice
from casemgmt.synthetic.published import ROTHERHAM_CCG, Practice, practices

if TYPE_CHECKING:
    from casemgmt.register.register import Register

Progress = Callable[[int, int], None]

METADATA_KEY = b"casemgmt"
EARLIEST = dt.date(2006, 1, 1)  # the oldest, aged 105, are then born in 1900 or later
ROWS_A_GROUP = 131_072


@overload
def synthesise(
    area: str = ..., as_of: str | dt.date = ..., seed: int = ..., *, to: None = None, progress: Progress | None = None
) -> Register: ...
@overload
def synthesise(
    area: str = ..., as_of: str | dt.date = ..., seed: int = ..., *, to: str | Path, progress: Progress | None = None
) -> Path: ...
def synthesise(
    area: str = ROTHERHAM_CCG,
    as_of: str | dt.date = "2021-01-01",
    seed: int = 0,
    *,
    to: str | Path | None = None,
    progress: Progress | None = None,
) -> Register | Path:
    """A synthetic register of an area, made from published practice tables; no row describes a real person.

    Parameters
    ----------
    area : a CCG code ("03L" is Rotherham), a practice code ("C87002") or "England"
    as_of : the list date; it moves dates and nothing else
    seed : whole number from 0; a practice has the same people for a seed, whatever the area asked for
    to : write a Parquet file here, a few practices a row group, instead of holding the register in memory
    progress : called with (practices done, practices in all)

    Returns
    -------
    Register, or the path written

    Raises
    ------
    InputError
        An unknown area, a seed that is not a whole number from 0, or a list date before 2006.
    PublishError
        The file could not be written; nothing is left behind.
    """
    if to is not None:
        return _write(Path(to), area, as_of, seed, progress)
    from casemgmt.register.reading import read_register

    return read_register(synthesise_table(area, as_of, seed, progress=progress), as_of=as_of)


def synthesise_table(
    area: str = ROTHERHAM_CCG,
    as_of: str | dt.date = "2021-01-01",
    seed: int = 0,
    *,
    progress: Progress | None = None,
) -> Any:
    """The same people as a ``pyarrow.Table`` of canonical fields, practices in order of their codes.

    The schema's metadata holds, under ``casemgmt``, a JSON object that says the rows are synthetic and repeats area,
    list date and seed.

    Examples
    --------
    >>> synthesise_table("C87616").num_rows
    5819
    """
    date, wanted = _checked(area, as_of, seed)
    batches = list(_batches(wanted, date, seed, progress))
    return pa.Table.from_batches(batches, schema=SCHEMA.with_metadata(_metadata(area, date, seed)))


def _checked(area: str, as_of: str | dt.date, seed: int) -> tuple[dt.date, list[Practice]]:
    date = as_date(as_of)
    if date < EARLIEST:
        raise InputError(f"as_of: synthetic registers start at {EARLIEST}, so that no one is born before 1900.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("seed: write a whole number from 0, such as seed=0.")
    return date, practices(area)


def _metadata(area: str, as_of: dt.date, seed: int) -> dict[bytes, bytes]:
    facts = {"synthetic": True, "seed": seed, "area": area, "as_of": as_of.isoformat()}
    return {METADATA_KEY: json.dumps(facts, sort_keys=True).encode()}


def _batches(wanted: list[Practice], as_of: dt.date, seed: int, progress: Progress | None) -> Iterator[Any]:
    for done, practice in enumerate(wanted, start=1):
        yield record_batch(draw_practice(practice, seed), as_of)
        if progress is not None:
            progress(done, len(wanted))


def _write(path: Path, area: str, as_of: str | dt.date, seed: int, progress: Progress | None) -> Path:
    date, wanted = _checked(area, as_of, seed)
    schema = SCHEMA.with_metadata(_metadata(area, date, seed))
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write_parquet(partial, schema, _batches(wanted, date, seed, progress))
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
